"""What a gate asks of a rehearsal before it lets a release through."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from datetime import timedelta

from rehearse.model.window import Freeze, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class MinFidelity:
    """How near to production the stage must have been; what is None is not asked for."""

    observation: str | None = None  # "exact": on a server of rehearse's own
    same_major: bool = False  # the stage ran production's major version
    max_data_age: timedelta | None = None  # of the snapshot, when the gate is asked
    sampled_fraction: float | None = None  # rows on the stage / rows in production
    isolated: bool = False  # the migration had no network but the stage
    max_deviations: int | None = None  # of the stage from production, as the report lists them


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The environments that have to have a pass of their own before another one gets the release."""

    environment: str
    earlier: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The part of a policy that a gate reads."""

    max_age: timedelta = timedelta(hours=24)  # of a rehearsal
    require_signed: bool = False
    require_commit: bool = False  # the commit that was rehearsed and nothing uncommitted
    versions: tuple[str, ...] = ("rehearse", "alembic", "sqlalchemy")  # that must be those of the rehearsal
    min_fidelity: MinFidelity = field(default_factory=MinFidelity)
    windows: tuple[Window, ...] = ()  # none: at any time
    freezes: tuple[Freeze, ...] = ()
    paths: tuple[Path, ...] = ()

    @property
    def digest(self) -> str:
        """Return a sha256 of all it asks for."""
        said = [
            [self.max_age, self.require_signed, self.require_commit, sorted(self.versions)],
            [getattr(self.min_fidelity, asked.name) for asked in fields(self.min_fidelity)],
            [window.written for window in self.windows],
            [[freeze.first, freeze.last] for freeze in self.freezes],
            [[path.environment, path.earlier] for path in self.paths],
        ]
        return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()

    def earlier(self, environment: str | None) -> tuple[str, ...]:
        """Return the environments that come before one."""
        return next((path.earlier for path in self.paths if path.environment == environment), ())
