"""A finding: what a check saw, where, what it means and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from rehearse.model.json import JSON


class Severity(Enum):
    BLOCK = "block"
    WARN = "warn"
    NOTE = "note"


class Family(Enum):
    BLOCKING = "blocking"
    FAILING = "failing"
    LOSS = "loss"
    CONTRACT = "contract"
    HYGIENE = "hygiene"
    FIDELITY = "fidelity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One claim of one check about one object in one step."""

    check: str
    family: Family
    severity: Severity
    step: str | None
    object: str
    message: str
    remedy: str
    evidence: Mapping[str, JSON]
    acknowledged: str | None = None  # the reason given, if the policy accepts it
