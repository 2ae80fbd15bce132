"""An acknowledgement: a finding somebody has accepted, with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Somebody's word that the findings of a check on an object are meant."""

    check: str
    object: str  # identity, or a pattern with * and ?
    reason: str
    owner: str | None = None  # who answers for it
    expires: date | None = None  # last day it counts
    place: str = ""  # where it stands: "rehearse.toml:12", "versions/ae10_x.py:3"
    step: str | None = None  # it covers findings of this step only; None: of any

    def has_expired(self, today: date) -> bool:
        return self.expires is not None and self.expires < today
