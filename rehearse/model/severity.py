"""How much a finding weighs, and what a policy says instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase


class Severity(Enum):
    BLOCK = "block"
    WARN = "warn"
    NOTE = "note"

    @property
    def weight(self) -> int:
        """Return 2 for what blocks, 1 for what warns, 0 for a note."""
        return {Severity.BLOCK: 2, Severity.WARN: 1, Severity.NOTE: 0}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """The severity a policy gives the findings of a check."""

    check: str
    severity: Severity
    reason: str
    object: str = "*"  # identity, or a pattern with * and ?
    environment: str | None = None  # where it is promoted to; None: everywhere
    place: str = ""  # where it stands: "rehearse.toml:12"

    def speaks_of(self, check: str, identity: str) -> bool:
        """Say whether it is about a check's findings on an object."""
        return self.check == check and fnmatchcase(identity, self.object)
