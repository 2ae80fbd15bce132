"""How long snapshots are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What may stay: both limits hold; None is no limit."""

    keep: int | None = None  # the newest of each source
    max_age: timedelta | None = None

    @property
    def is_endless(self) -> bool:
        return self.keep is None and self.max_age is None
