"""An environment: where a database is and what may be done to it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A database the team knows by name."""

    name: str
    url: str | None = field(default=None, repr=False)  # URL, conninfo or "service=..."; never printed as it is
    snapshot: str | None = None  # or a snapshot directory
    provider: str | None = None  # for stages: "embedded", "server"
    database: str | None = None  # of a stage on a server: replaced, and stays; None: a new one that is dropped
    promotes_to: str | None = None
    requires: tuple[str, ...] | None = None  # environments that come before it; None: what promotes_to says
    masked: bool = False  # it holds masked values, as a stage raised from a snapshot does
