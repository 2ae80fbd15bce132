"""How the schemas of two environments differ."""

from __future__ import annotations

from dataclasses import dataclass

from rehearse.model.change import SchemaChange
from rehearse.model.comparison import Side, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What must change in the first schema to become the second."""

    sides: tuple[Side, Side]
    changes: tuple[SchemaChange, ...]
    told: tuple[str, ...] = ()  # the same in sentences, what goes together folded
    ignored: tuple[SchemaChange, ...] = ()
    unused_rules: tuple[str, ...] = ()
    objects: int = 0  # of both sides together, what is on both counted once
    notes: tuple[str, ...] = ()  # what was compared and what was not, where that is not everything

    @property
    def status(self) -> Status:
        if any(side.failure is not None for side in self.sides):
            return Status.UNKNOWN
        return Status.DIFFERENT if self.changes else Status.EQUAL
