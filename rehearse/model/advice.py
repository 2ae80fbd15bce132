"""Advice: how a step that takes strong locks is run in production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """How to run one step; what to change about it instead is the business of the findings."""

    step: str
    lock_timeout: timedelta | None  # None: it is better run without one
    tries: int
    pause: timedelta  # between two tries
    quiet_window: bool  # traffic would wait for longer than the policy's max_blocking
    told: str  # all of it in sentences
