"""A change of configuration: what was wanted, and what PostgreSQL made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

HIDDEN = "***"  # in place of a value that may be a secret


class Standing(Enum):
    ACCEPTED = "accepted"
    REFUSED = "refused"  # production's server would refuse it, too
    OPEN = "open"  # what the stage's server says proves nothing about production's


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSetting:
    """One setting as somebody wrote it."""

    name: str
    value: str = field(repr=False)  # may be a secret
    origin: str  # "--set", or file and line: "postgresql.conf:3"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """One setting beside production's, and what became of it."""

    name: str  # as PostgreSQL spells it
    new: str  # as PostgreSQL writes it, if a server ran with it; else as given
    origin: str
    standing: Standing
    production: str | None = None  # None: not known
    unit: str | None = None  # of plain numbers
    context: str | None = None  # pg_settings.context; None: no such setting on the stage
    error: str | None = None  # what PostgreSQL said, or what is open, and how to close it
    applied: bool = False  # the migration was played under it
    remark: str | None = None  # why it was not, in a sentence
    overridden: tuple[str, ...] = ()  # who does not see it: "for role app by ALTER ROLE"

    @property
    def is_unchanged(self) -> bool:
        return self.standing is Standing.ACCEPTED and self.new == self.production

    @property
    def needs(self) -> str | None:
        """Return what makes it take effect in production: "nothing", "reload" or "restart" (manual 20.1, 54.24)."""
        if self.is_unchanged:
            return "nothing"
        if self.context in (None, "internal"):
            return None
        return "restart" if self.context == "postmaster" else "reload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """All settings of one rehearsal, tried."""

    changes: tuple[SettingChange, ...] = ()
    on_stage: Mapping[str, str] = field(default_factory=dict)  # name -> value the stage is to run with

    @property
    def remarks(self) -> tuple[str, ...]:
        return tuple(change.remark for change in self.changes if change.remark)
