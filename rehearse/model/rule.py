"""A rule: the constant half of a check, as reports explain it."""

from __future__ import annotations

from dataclasses import dataclass

from rehearse.model.finding import Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a check looks for, what that does, and what to do instead."""

    check: str
    family: Family
    condition: str
    effect: str
    remedy: str
