"""A proof: what came of asking the stage whether its rows satisfy a constraint nobody has proven yet."""

from __future__ import annotations

from dataclasses import dataclass

_INTEGRITY = "23"  # class of the SQLSTATEs of violated constraints


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One VALIDATE CONSTRAINT, tried and taken back."""

    constraint: str  # quoted identity
    table: str
    sqlstate: str | None = None  # None: every row satisfies it
    message: str | None = None  # primary, values redacted

    @property
    def is_refuted(self) -> bool:
        return (self.sqlstate or "").startswith(_INTEGRITY)
