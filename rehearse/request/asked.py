"""What the command line asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The flags of one call; None where a flag was not given."""

    source: str | None = None
    alembic: Path | None = None
    sql: Sequence[Path] | None = None
    command: str | None = None
    target: str | None = None
    python: Path | None = None
    settings: Sequence[str] | None = None  # "NAME=VALUE"
    settings_file: Path | None = None
    rows: int | None = None
    max_blocking: str | None = None
    max_seconds: float | None = None
    max_step_seconds: float | None = None
    downgrade: bool | None = None
    calibrate: bool = False
    allow_superuser: Sequence[str] | None = None
    config: Path | None = None
    into: str | None = None  # an environment, the URL of a server, or "embedded"
    replace: bool = False
    wait: bool = False
    policy_from: str | None = None  # a revision of git
    at: str | None = None  # as above: the code that is rehearsed
    release: str | None = None  # as above: the code that is in production
    still_works: str | None = None  # a command
    migrate: bool = True  # False: nothing is played
    baseline: Path | None = None  # a report in JSON
