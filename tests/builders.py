"""Values for tests of pure thought: a rehearsal in which nothing happened, to be varied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rehearse import forecast, registry
from rehearse.judge import judge
from rehearse.model.baseline import Baseline
from rehearse.model.catalog import Catalog
from rehearse.model.change import RowCount, SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.facts import Facts, TableFacts
from rehearse.model.migration import Migration, StepRun
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Fidelity, Rehearsal
from rehearse.model.report import Report
from rehearse.model.setting import SettingChange, Standing
from rehearse.model.timeline import LockMode, LockWindow, Outcome, Statement, Timeline, Work, WorkKind

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ORDERS = "public.orders"


def seconds(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


def facts(*tables: TableFacts) -> Facts:
    return Facts(
        taken_at=NOON,
        database="shop",
        owner="shop",
        encoding="UTF8",
        collate="C",
        ctype="C",
        server_version_num=180006,
        server_version="18.6",
        connected_as_superuser=False,
        settings={},
        database_settings={},
        tables=tables,
    )


def table(rows: int | None, *, name: str = ORDERS, exact: bool = True, octets: int | None = None) -> TableFacts:
    size = (rows or 0) * 100 if octets is None else octets
    return TableFacts(table=name, rows=rows, rows_exact=exact, heap_bytes=size, index_bytes=0, total_bytes=size)


def row_count(before: int | None, after: int | None, production: int | None = None, *, name: str = ORDERS) -> RowCount:
    return RowCount(table=name, before=before, after=after, production=production, production_exact=True)


def step(identifier: str = "0001", outcome: Outcome = Outcome.APPLIED, error: str | None = None) -> StepRun:
    return StepRun(
        id=identifier,
        title="a step",
        source=f"versions/{identifier}.py",
        started=NOON,
        ended=seconds(1),
        outcome=outcome,
        error=error,
    )


def statement(
    number: int = 1,
    *,
    sql: str = "ALTER TABLE orders ADD COLUMN note text",
    tag: str = "ALTER TABLE",
    work: tuple[Work, ...] = (),
    transaction: str = "a/1",
    outcome: Outcome = Outcome.APPLIED,
    sqlstate: str | None = None,
    message: str | None = None,
    step: str | None = "0001",
    took: float = 0.1,
) -> Statement:
    return Statement(
        number=number,
        session="a",
        transaction=transaction,
        step=step,
        sql=sql,
        tag=tag,
        started=seconds(number),
        ended=seconds(number + took),
        outcome=outcome,
        sqlstate=sqlstate,
        message=message,
        work=work,
    )


def work(kind: WorkKind, rows: int = 2_000, *, name: str = ORDERS, detail: str = "", existed: bool = True) -> Work:
    return Work(kind=kind, object=name, rows=rows, detail=detail, existed_before=existed)


def lock(
    mode: LockMode = LockMode.ACCESS_EXCLUSIVE,
    *,
    name: str = ORDERS,
    statement: int = 1,
    transaction: str = "a/1",
    timeout: timedelta | None = timedelta(seconds=2),
    held: float = 0.2,
) -> LockWindow:
    return LockWindow(
        object=name,
        mode=mode,
        session="a",
        transaction=transaction,
        step="0001",
        statement=statement,
        acquired=seconds(statement),
        released=seconds(statement + held),
        lock_timeout=timeout,
    )


def migration(*steps: StepRun, **fields: object) -> Migration:
    plain: dict[str, object] = {
        "tool": "alembic",
        "steps": steps,
        "exit_status": 0,
        "output_tail": "",
        "observed": True,
        "known_revisions": 3,
    }
    return Migration(**{**plain, **fields})  # type: ignore[arg-type]  # fields are named by the tests


def rehearsal(**fields: object) -> Rehearsal:
    plain: dict[str, object] = {
        "started_at": NOON,
        "facts": facts(table(2_000)),
        "before": Catalog(objects=()),
        "after": Catalog(objects=()),
        "changes": (),
        "row_counts": (row_count(2_000, 2_000, 2_000),),
        "timeline": Timeline(statements=(), locks=()),
        "migration": migration(step()),
        "heads_before": {},
        "heads_after": {},
        "lost_values": {},
        "whole_tables": frozenset({ORDERS}),
        "fidelity": fidelity(),
        "inputs": {},
    }
    return Rehearsal(**{**plain, **fields})  # type: ignore[arg-type]  # fields are named by the tests


def fidelity(**fields: object) -> Fidelity:
    plain: dict[str, object] = {
        "observation": "exact",
        "source_version": "18.6",
        "stage_version": "18.6",
        "data_taken_at": NOON,
        "tables_whole": 1,
        "tables_sampled": 0,
        "tables_schema_only": 0,
        "sampled_fraction": 1.0,
        "masked": (),
        "deviations": (),
    }
    return Fidelity(**{**plain, **fields})  # type: ignore[arg-type]  # fields are named by the tests


def evidence(found: Rehearsal, policy: Policy | None = None) -> Evidence:
    judged_by = policy or Policy()
    predictions = forecast.predict(found, judged_by)
    advice = forecast.advise(found, predictions, judged_by)
    return Evidence(rehearsal=found, policy=judged_by, predictions=predictions, advice=advice)


def verdict(found: Rehearsal, policy: Policy | None = None, *, baseline: Baseline | None = None) -> Report:
    """Return what every check and the judge make of a rehearsal."""
    seen = evidence(found, policy)
    findings, crashed = registry.run_checks(seen)
    return judge(seen, findings, crashed, NOON.date(), baseline)


def timeline(*parts: Statement | LockWindow, **fields: object) -> Timeline:
    plain: dict[str, object] = {
        "statements": tuple(part for part in parts if isinstance(part, Statement)),
        "locks": tuple(part for part in parts if isinstance(part, LockWindow)),
    }
    return Timeline(**{**plain, **fields})  # type: ignore[arg-type]  # fields are named by the tests


def setting(**fields: object) -> SettingChange:
    plain: dict[str, object] = {
        "name": "work_mem",
        "new": "1GB",
        "origin": "--set",
        "standing": Standing.ACCEPTED,
        "production": "4MB",
        "unit": "kB",
        "context": "user",
        "applied": True,
    }
    return SettingChange(**{**plain, **fields})  # type: ignore[arg-type]  # fields are named by the tests


def removed_column(name: str = f"{ORDERS}.note") -> SchemaChange:
    return SchemaChange(action="removed", kind="column", object=name, table=ORDERS, before={"type": "text"}, after=None)
