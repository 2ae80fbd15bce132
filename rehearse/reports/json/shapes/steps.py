"""The shapes of a step and of what it did."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from rehearse.reports.json.shapes.failures import Downgrade, Failure


class Work(TypedDict):
    """Work proportional to rows that one statement did on one relation of the stage."""

    kind: Literal["rewrite", "scan", "index-build", "rows", "metadata"]
    object: str
    rows: int
    detail: str
    existed_before: bool


class ScaledWork(Work):
    """The same beside what it is in production; null: not known."""

    production_rows: int | None
    production_bytes: int | None
    sort_bytes: int | None
    sort_memory_bytes: int | None


class NestedCommand(TypedDict):
    """One DDL command that a block of code or a function ran."""

    tag: str
    sql: str | None
    seconds: float
    work: list[Work]


class Statement(TypedDict):
    """One top-level statement of the migration."""

    sql: str
    seconds: float
    forecast_seconds: list[float] | None
    work: list[ScaledWork]
    tag: str
    transaction: str
    outcome: Literal["applied", "failed", "skipped"]
    sqlstate: str | None
    number: int
    rows: int | None
    wal_bytes: int | None
    production_wal_bytes: int | None
    temp_bytes: int | None
    lock_timeout_ms: float | None
    statement_timeout_ms: float | None
    nested: list[NestedCommand]


class Lock(TypedDict):
    """A table lock on a relation that existed before, from request to commit."""

    object: str
    mode: str
    held_ms: float
    blocks: list[Literal["reads", "writes"]]
    on_index: bool
    modelled: bool
    lock_timeout_ms: float | None
    statement_timeout_ms: float | None
    acquired: str
    released: str


class Advice(TypedDict):
    """How to run a step in production."""

    lock_timeout_ms: float | None
    tries: int
    pause_seconds: float
    quiet_window: bool
    told: str


class Step(TypedDict):
    """One pending step and what became of it."""

    id: str
    title: str
    source: str
    file: str | None
    line: int
    seconds: float
    outcome: Literal["applied", "failed", "skipped"]
    error: str | None
    location: str | None
    failure: Failure | None
    downgrade: Downgrade | None
    statements: list[Statement]
    locks: list[Lock]
    advice: Advice | None
