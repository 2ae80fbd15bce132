"""An index is built while the table takes no writes, or not even reads."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.checks.remedies import online
from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.finding import Family, Finding
from rehearse.model.timeline import LockWindow, WorkKind

FAMILY = Family.BLOCKING
HAZARDS = ("A7", "B2", "C11", "C12", "C14", "D1", "D6", "D8")
CONDITION = (
    "An index of a table that existed before was built or rebuilt while the transaction held SHARE or a stronger lock "
    "on the table: CREATE INDEX, ADD PRIMARY KEY, ADD UNIQUE, REINDEX, or a type change that rebuilds an index."
)
EFFECT = "Writes to the table wait until the index is finished; under ACCESS EXCLUSIVE reads wait too."
REMEDY = (
    "Build it with CREATE [UNIQUE] INDEX CONCURRENTLY outside a transaction (Alembic: op.get_context()."
    "autocommit_block() and postgresql_concurrently=True); for a constraint attach it afterwards with "
    "ALTER TABLE ... ADD CONSTRAINT ... UNIQUE USING INDEX. A type change rebuilds expression and partial indexes on "
    "the column: drop them CONCURRENTLY before it, build them CONCURRENTLY after it."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one finding for each table and statement that built an index of it under a blocking lock."""
    rewritten = {(found.statement.number, found.work.object) for found in evidence.of_kind(WorkKind.REWRITE)}
    for prediction in evidence.of_kind(WorkKind.INDEX_BUILD):
        if (prediction.statement.number, prediction.work.object) in rewritten:
            continue
        locks = evidence.table_locks(prediction)
        if any(lock.mode.blocks_writes for lock in locks):
            yield _finding(evidence, prediction, locks[0])


def _stops_reads(evidence: Evidence, prediction: Prediction) -> bool:
    """Say whether an index of the table is locked against reads: every query's planner opens every index."""
    return any(
        lock.object == prediction.work.object and lock.mode.blocks_reads
        for lock in evidence.locks_during(prediction.statement)
    )


def _finding(evidence: Evidence, prediction: Prediction, lock: LockWindow) -> Finding:
    table, statement = prediction.work.object, prediction.statement
    index = f"the index {prediction.work.detail}" if prediction.work.detail else "an index"
    blocked = " and ".join(("reads", "writes") if _stops_reads(evidence, prediction) else lock.mode.blocks)
    return Finding(
        check="blocking-index-build",
        family=FAMILY,
        severity=prediction.severity(evidence.policy),
        step=statement.step,
        object=table,
        message=f"{table} was locked against {blocked} while {index} was built from its rows: {prediction.extent}.",
        remedy=online.index(evidence, prediction) or REMEDY,
        evidence=prediction.facts(lock),
    )
