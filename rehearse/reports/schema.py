"""The JSON Schema of our JSON report, made from a description of its objects; keys may be added, none lost or changed.

What may be null says so; every other key is always there.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from rehearse.model.json import JSON

_ID = "https://json-schema.org/draft/2020-12/schema"
_TITLE = "A rehearsal, judged, as `rehearse run --format json` prints it"


class Acceptance(TypedDict):
    """Why a finding counts for nothing in the verdict."""

    ground: Literal["acknowledged", "expected", "baseline"]
    reason: str
    owner: str | None
    expires: str | None
    place: str


class Acknowledgement(TypedDict):
    """Somebody's word that the findings of a check on an object are meant."""

    check: str
    object: str
    reason: str
    owner: str | None
    expires: str | None
    place: str
    step: str | None


class Override(TypedDict):
    """The policy's word that gave a finding its severity."""

    severity_of_check: str | None
    reason: str
    place: str


class Place(TypedDict):
    """A line of a file, from the root of the repository."""

    file: str
    line: int


class Finding(TypedDict):
    """One claim of one check about one object in one step."""

    check: str
    family: Literal["blocking", "failing", "loss", "contract", "hygiene", "fidelity"]
    severity: Literal["block", "warn", "note"]
    step: str | None
    object: str
    message: str
    remedy: str
    evidence: dict[str, JSON]
    acknowledged: str | None
    place: Place | None
    acceptance: Acceptance | None
    expired: list[Acknowledgement]
    override: Override | None


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


class Remnant(TypedDict):
    """What is left of a step that is not recorded as applied."""

    kind: str
    object: str
    step: str
    told: str
    invalid: bool


class Failure(TypedDict):
    """What failed, where, and how the database was left."""

    sqlstate: str | None
    message: str
    statement: str | None
    location: str | None
    undone: list[str]
    kept: list[str]
    half_done: list[str]
    left_behind: list[Remnant]
    heads: dict[str, list[str]] | None


class Loss(TypedDict):
    """One thing that is not what it was after the way back."""

    kind: str
    object: str
    table: str | None
    told: str
    upgraded_again: bool


class Downgrade(TypedDict):
    """The way back from a step."""

    label: Literal["lossless", "lossy", "irreversible", "failing", "open"]
    reason: str | None
    losses: list[Loss]
    failure: Failure | None
    together_with: list[str]
    seconds: float


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


class Expectation(TypedDict):
    """A change that a step declares; `kept` is null where it is open or was not played."""

    step: str
    expected: str
    place: str
    object: str | None
    kept: bool | None
    told: str


Policy = TypedDict(
    "Policy",
    {
        "from": str | None,
        "environment": str | None,
        "baseline": str | None,
        "notes": list[str],
        "unused": list[Acknowledgement],
    },
)


class SchemaChange(TypedDict):
    """One object that is not described as before."""

    action: Literal["added", "removed", "altered"]
    kind: str
    object: str
    before: dict[str, JSON] | None
    after: dict[str, JSON] | None
    renamed_to: str | None


class RowCount(TypedDict):
    """Rows of a table on the stage before and after, and in production; null: there was no such table."""

    table: str
    before: int | None
    after: int | None
    production: int | None
    production_exact: bool


class Setting(TypedDict):
    """A changed setting beside production's; `accepted` is null where that is open."""

    name: str
    production: str | None
    new: str
    unchanged: bool
    unit: str | None
    context: str | None
    needs: str | None
    accepted: bool | None
    applied_on_stage: bool
    error: str | None
    overridden: list[str]
    origin: str


class Fidelity(TypedDict):
    """How far the stage was production's twin."""

    observation: Literal["exact", "sampled"]
    source_version: str
    stage_version: str
    versions_differ: bool
    data_taken_at: str
    tables_whole: int
    tables_sampled: int
    tables_schema_only: int
    sampled_fraction: float | None
    masked_columns: list[str]
    deviations: list[str]
    isolation: list[str]
    migrating_role: str
    superuser_in_production: bool | None
    allow_superuser: list[str]
    notes: list[str]


class Wait(TypedDict):
    """A wait of the migration for a lock of another of its connections."""

    session: str
    holders: list[str]
    statement: int
    mode: str
    awaited: str
    started: str
    waited_ms: float
    was_granted: bool


class Size(TypedDict):
    """What belongs to a table."""

    table_bytes: int
    index_bytes: int
    toast_bytes: int


class SizeChange(TypedDict):
    """A table of another size afterwards; `after` is null where it is gone."""

    object: str
    before: Size
    after: Size | None


class RebuiltIndex(TypedDict):
    """An index of the same name as before that is another one."""

    object: str
    table: str
    old_oid: int
    new_oid: int


class Sample(TypedDict):
    """What a step did to a sample of one size."""

    rows: int
    work: float
    seconds: float


class Line(TypedDict):
    """A line through the samples; `error` is how far it is from the largest."""

    fixed: float
    per_row: float
    error: float


class StepCalibration(TypedDict):
    """How a step grew with the sample."""

    step: str
    samples: list[Sample]
    time: Line | None
    work: Line | None


class Calibration(TypedDict):
    """How the steps grew with the sample."""

    steps: list[StepCalibration]
    notes: list[str]


class Connection(TypedDict):
    """An attempt to reach another database; `redirected`: it was given the stage instead."""

    target: str
    redirected: bool
    location: str | None


class Stopped(TypedDict):
    """A run that was ended at a limit."""

    step: str | None
    limit: str
    seconds: float
    busy_with: str
    location: str | None


class Heads(TypedDict):
    """What the version tables held, and the revisions the run was to end at."""

    before: dict[str, list[str]]
    after: dict[str, list[str]]
    targets: list[str]


class Answer(TypedDict):
    """What a query of the project returned: its rows, and the keys of the first ones."""

    rows: int | None
    more: bool
    keys: list[str]
    error: str | None


class OwnCommand(TypedDict):
    """A command of the project that was run against the migrated stage."""

    command: str
    exit_status: int
    seconds: float
    stopped: str | None
    output: str
    refused: list[str]
    isolation: list[str]


class OwnCheck(TypedDict):
    """A check of the project's own, and what became of it."""

    name: str
    standing: str
    sql: str | None
    before: Answer | None
    after: Answer | None
    command: OwnCommand | None


class OldRelease(TypedDict):
    """The release in production, and how its own command fared on the migrated stage."""

    release: str
    standing: str
    command: OwnCommand | None


class Report(TypedDict):
    """The verdict with its reasons, and the evidence it rests on."""

    schema_version: Literal[1]
    run: str | None
    started_at: str
    verdict: Literal["safe", "unsafe", "undecided"]
    reasons: list[str]
    findings: list[Finding]
    steps: list[Step]
    expectations: list[Expectation]
    policy: Policy
    schema_changes: list[SchemaChange]
    row_counts: list[RowCount]
    settings: list[Setting]
    fidelity: Fidelity
    inputs: dict[str, JSON]
    timings: dict[str, float]
    waits: list[Wait]
    sizes: list[SizeChange]
    rebuilt_indexes: list[RebuiltIndex]
    outside_steps: list[Statement]
    calibration: Calibration | None
    connections: list[Connection]
    stopped: Stopped | None
    notes: list[str]
    heads: Heads
    own_checks: list[OwnCheck]
    old_release: OldRelease | None
    unrehearsed: list[str]


def schema() -> dict[str, object]:
    """Return the JSON Schema of a report (draft 2020-12)."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and only a schema needs it

    return {"$schema": _ID, **TypeAdapter(Report).json_schema(), "title": _TITLE}
