"""The form of a configuration file. Imported late: pydantic is slow to import, and --help must not wait."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from rehearse.config.allowances import allowance
from rehearse.config.durations import parse_duration
from rehearse.config.errors import NoAllowance, NotADuration
from rehearse.config.windows import NotAFreeze, NotAWindow, freeze, window
from rehearse.errors import did_you_mean
from rehearse.model.severity import Severity
from rehearse.model.window import Freeze, Window

__all__ = ["File", "ValidationError", "mistakes"]


def _duration(text: object) -> object:
    try:
        return parse_duration(str(text))
    except NotADuration as error:
        raise ValueError(f"{error.sentence} {error.hint}") from None


def _allowance(text: object) -> object:
    try:
        return allowance(str(text))
    except NoAllowance as error:
        raise ValueError(f"{error.sentence} {error.hint}") from None


def _command(text: str) -> str:
    shlex.split(text)  # raises ValueError
    return text


def _window(text: object) -> object:
    try:
        return window(str(text))
    except NotAWindow as error:
        raise ValueError(f"{error.sentence} {error.hint}") from None


def _freeze(text: object) -> object:
    try:
        return freeze(str(text))
    except NotAFreeze as error:
        raise ValueError(f"{error.sentence} {error.hint}") from None


Text = Annotated[str, Field(min_length=1)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Command = Annotated[str, Field(min_length=1), AfterValidator(_command)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]


Allowance = Annotated[str, BeforeValidator(_allowance)]
Compared = Literal["rehearse", "alembic", "sqlalchemy", "python"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class EnvironmentTable(_Table):
    url: Text | None = None
    snapshot: Text | None = None
    provider: Text | None = None
    database: Text | None = None
    promotes_to: Text | None = None
    requires: tuple[Text, ...] | None = None
    masked: bool = False


class MigrationsTable(_Table):
    tool: Literal["alembic", "sql", "command"] = "alembic"
    config: Text | None = None
    path: Text | None = None
    single_transaction: bool = False
    python: Text | None = None
    command: Text | None = None
    env: tuple[Text, ...] = ()
    role: Text | None = None
    allow_superuser: tuple[Allowance, ...] = ()
    downgrade: Annotated[bool | None, Field(strict=True)] = None
    old_release_command: Command | None = None
    old_release_max_seconds: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=5)
    max_seconds: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=1)
    max_step_seconds: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=30)


class EngineTable(_Table):
    use: Literal["auto", "embedded"] = "auto"
    bin_dir: Text | None = None


class SampleTable(_Table):
    rows: Annotated[int, Field(ge=1, strict=True)] | None = None
    where: Text | None = None
    newest: Text | None = None
    skip: Annotated[bool, Field(strict=True)] = False


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Columns = Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)]


class ForeignKeyTable(_Table):
    from_: Annotated[Columns, Field(alias="from")]
    to: Columns
    where: Text | None = None
    path: Text | None = None

    @model_validator(mode="after")
    def _pair(self) -> ForeignKeyTable:
        if len(self.from_) != len(self.to):
            raise ValueError("from and to name columns in pairs, as many on either side")
        if self.path is not None and len(self.from_) > 1:
            raise ValueError("path leads into one column")
        return self


class SnapshotTable(_Table):
    rows: Annotated[int, Field(ge=1, strict=True)] = 1000
    tables: dict[str, SampleTable] = Field(default_factory=dict)
    jobs: Annotated[int, Field(ge=1, le=16, strict=True)] = 2
    max_rows_per_second: Annotated[int, Field(ge=1, strict=True)] | None = None
    max_lag: Duration = timedelta(minutes=1)
    max_xmin_age: Annotated[int, Field(ge=1, strict=True)] = 10_000_000
    timeout: Duration = timedelta(hours=2)
    foreign_keys: tuple[ForeignKeyTable, ...] = ()
    duplicates: Annotated[bool, Field(strict=True)] = True
    orphans: Annotated[bool, Field(strict=True)] = True
    keep: Annotated[int, Field(ge=1, strict=True)] | None = None
    max_age: Annotated[Duration, Field(gt=timedelta(0))] | None = None


class RunsTable(_Table):
    keep: Annotated[int, Field(ge=1, strict=True)] | None = None
    max_age: Annotated[Duration, Field(gt=timedelta(0))] | None = None


class SanitiseTable(_Table):
    unclassified: Literal["mask", "mask-all", "refuse"] = "mask"
    columns: dict[str, Text] = Field(default_factory=dict)
    key: Text | None = None


class AcknowledgeTable(_Table):
    check: Text
    object: Text
    reason: Words
    owner: Words | None = None
    expires: date | None = None


class OverrideTable(_Table):
    check: Text
    severity: Severity
    reason: Words
    object: Text = "*"
    environment: Text | None = None


class LimitTable(_Table):
    object: Text
    max_blocking: Duration
    environment: Text | None = None


class RateTable(_Table):
    rows: Annotated[int, Field(ge=1, strict=True)] | None = None
    bytes: Annotated[int, Field(ge=1, strict=True)] | None = None


class RatesTable(_Table):
    rewrite: RateTable = Field(default_factory=RateTable)
    scan: RateTable = Field(default_factory=RateTable)
    index_build: Annotated[RateTable, Field(alias="index-build")] = Field(default_factory=RateTable)
    rows: RateTable = Field(default_factory=RateTable)


class MinFidelityTable(_Table):
    observation: Literal["exact", "sampled"] | None = None
    same_major: Annotated[bool, Field(strict=True)] = False
    max_data_age: Annotated[Duration, Field(gt=timedelta(0))] | None = None
    sampled_fraction: Annotated[float, Field(ge=0, le=1, strict=True)] | None = None
    isolated: Annotated[bool, Field(strict=True)] = False
    max_deviations: Annotated[int, Field(ge=0, strict=True)] | None = None


class PolicyTable(_Table):
    max_blocking: Duration = timedelta(seconds=1)
    max_row_locks: Duration = timedelta(seconds=30)
    acknowledge: tuple[AcknowledgeTable, ...] = ()
    rates: RatesTable = Field(default_factory=RatesTable)
    override: tuple[OverrideTable, ...] = ()
    limit: tuple[LimitTable, ...] = ()
    max_age: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(hours=24)
    require_signed: Annotated[bool, Field(strict=True)] = False
    require_commit: Annotated[bool, Field(strict=True)] = False
    require_path: Annotated[bool, Field(strict=True)] = False
    versions: tuple[Compared, ...] = ("rehearse", "alembic", "sqlalchemy")
    min_fidelity: MinFidelityTable = Field(default_factory=MinFidelityTable)
    windows: tuple[Annotated[Window, BeforeValidator(_window)], ...] = ()
    freezes: tuple[Annotated[Freeze, BeforeValidator(_freeze)], ...] = ()


class CheckTable(_Table):
    name: Words
    sql: Text | None = None
    command: Command | None = None
    max_seconds: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=5)

    @model_validator(mode="after")
    def _one(self) -> CheckTable:
        if (self.sql is None) == (self.command is None):
            raise ValueError("it needs one of sql, a query that must return no row, and command, which must succeed")
        return self


def _apart(checks: tuple[CheckTable, ...]) -> tuple[CheckTable, ...]:
    names = [check.name for check in checks]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'two checks are called "{name}"')
    return checks


class CountsTable(_Table):
    exclude: tuple[Text, ...] = ()
    time_columns: tuple[Text, ...] = ()
    jobs: Annotated[int, Field(ge=1, le=16, strict=True)] = 2
    timeout: Duration = timedelta(minutes=15)
    max_lag: Duration = timedelta(seconds=10)


class ParityTable(_Table):
    ignore: tuple[Text, ...] = ()


class DriftTable(_Table):
    ignore: tuple[Text, ...] = ()


class File(_Table):
    environments: dict[str, EnvironmentTable] = Field(default_factory=dict)
    migrations: MigrationsTable = Field(default_factory=MigrationsTable)
    engine: EngineTable = Field(default_factory=EngineTable)
    snapshot: SnapshotTable = Field(default_factory=SnapshotTable)
    runs: RunsTable = Field(default_factory=RunsTable)
    sanitise: SanitiseTable = Field(default_factory=SanitiseTable)
    policy: PolicyTable = Field(default_factory=PolicyTable)
    checks: Annotated[tuple[CheckTable, ...], AfterValidator(_apart)] = ()
    elements: dict[str, Text] = Field(default_factory=dict)
    counts: CountsTable = Field(default_factory=CountsTable)
    parity: ParityTable = Field(default_factory=ParityTable)
    drift: DriftTable = Field(default_factory=DriftTable)


def mistakes(error: ValidationError) -> Iterator[str]:
    """Say each mistake with its key as it stands in the file; never with its value."""
    for found in error.errors(include_url=False, include_input=False):
        place = found["loc"]
        if found["type"] == "extra_forbidden":
            yield f"{dotted(place)}: there is no such key{did_you_mean(str(place[-1]), _keys_beside(place))}"
        elif found["type"] == "model_type":
            yield f"{dotted(place)}: this is a table, with keys of its own"
        else:
            yield f"{dotted(place)}: {found['msg'].removeprefix('Value error, ')}"


def dotted(place: Iterable[int | str]) -> str:
    """Return a key as people write it.

    >>> dotted(("policy", "acknowledge", 0, "reason"))
    'policy.acknowledge[0].reason'
    """
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return written.removeprefix(".")


def _keys_beside(place: Iterable[int | str]) -> tuple[str, ...]:
    """Return the keys that are known where an unknown one stands."""
    table: type[BaseModel] = File
    for part in list(place)[:-1]:
        known = table.model_fields.get(str(part))
        table = _table_within(known.annotation) or table if known is not None else table
    return tuple(field.alias or name for name, field in table.model_fields.items())


def _table_within(annotation: object) -> type[BaseModel] | None:
    """Return the table that a field is, or is a list or a mapping of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _table_within(inner))), None)
