"""A run: the first page of a rehearsal that was kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rehearse.model.report import Verdict

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is told of a run without opening it; written last, with a sha256 of every other file."""

    format: int
    id: str
    tool_version: str
    started_at: datetime
    took: timedelta
    verdict: Verdict
    blocks: int  # findings that block
    warnings: int
    steps: tuple[str, ...]  # ids, in the order they were played
    source: str  # DSN without password, or what the snapshot says of its own
    environment: str | None  # that was rehearsed for
    data_taken_at: datetime
    production: str  # fingerprint of the catalog the snapshot was taken of
    before: str  # of the stage's catalog
    after: str
    heads_before: Mapping[str, tuple[str, ...]]  # version table -> rows
    heads_after: Mapping[str, tuple[str, ...]]
    material: str = ""  # digest of what the migration was made of
    files: Mapping[str, str] = field(default_factory=dict)  # name -> sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the register of runs: how a run ended, whether or not it is still there."""

    number: int  # from 1
    id: str
    verdict: Verdict
    environment: str | None  # that was rehearsed for
    material: str  # digest of what the migration was made of
    previous: str  # sha256 of the line before
