"""A finding: what a check saw, where, what it means and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.json import JSON
from rehearse.model.severity import Override, Severity

__all__ = ["Acceptance", "Family", "Finding", "Ground", "Severity"]


class Family(Enum):
    BLOCKING = "blocking"
    FAILING = "failing"
    LOSS = "loss"
    CONTRACT = "contract"
    HYGIENE = "hygiene"
    FIDELITY = "fidelity"


class Ground(Enum):
    """On what ground a finding is accepted."""

    ACKNOWLEDGED = "acknowledged"  # somebody gave a reason
    EXPECTED = "expected"  # the step declared the change, and it happened within its bounds
    BASELINE = "baseline"  # the base branch has it, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Why a finding counts for nothing in the verdict."""

    ground: Ground
    reason: str
    owner: str | None = None
    expires: date | None = None
    place: str = ""  # where it is written: "rehearse.toml:12", "versions/ae10_x.py:3"


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
    open_point: str | None = None  # what it cannot tell of production and how that is told; open unless it is accepted
    acceptance: Acceptance | None = None  # None: it counts
    expired: tuple[Acknowledgement, ...] = ()  # that would have covered it
    override: Override | None = None  # the policy's word that gave it its severity
    severity_of_check: Severity | None = None  # what the check had said, where the policy says another

    @property
    def acknowledged(self) -> str | None:
        """Return the reason for which it is accepted, if it is."""
        return None if self.acceptance is None else self.acceptance.reason

    @property
    def blocks(self) -> bool:
        return self.severity is Severity.BLOCK and self.acceptance is None
