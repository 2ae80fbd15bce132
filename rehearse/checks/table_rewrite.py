"""A table's file is written anew while nobody can read or write the table."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.checks.remedies import online
from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.finding import Family, Finding
from rehearse.model.timeline import LockWindow, WorkKind

FAMILY = Family.BLOCKING
HAZARDS = ("A1", "A2", "A3", "A4", "A10", "B1", "B4", "B7", "B14", "E5", "E6", "E7", "E9")
CONDITION = "A statement gave a table that existed before a new file (ALTER TABLE, VACUUM FULL, CLUSTER and others)."
EFFECT = (
    "The table is locked against reads and writes (ACCESS EXCLUSIVE) until every row has been copied and every index "
    "built again, and needs about its own size again on disk and in WAL."
)
REMEDY = (
    "Add a new nullable column without a default, let new rows fill it (SET DEFAULT afterwards, or a trigger), "
    "backfill old rows in batches in transactions of their own, then switch over."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one finding for each table and statement that rewrote it under a lock against reads."""
    for prediction in evidence.of_kind(WorkKind.REWRITE):
        locks = evidence.table_locks(prediction)
        if any(lock.mode.blocks_reads for lock in locks):
            yield _finding(evidence, prediction, locks[0])


def _finding(evidence: Evidence, prediction: Prediction, lock: LockWindow) -> Finding:
    table, statement = prediction.work.object, prediction.statement
    reason = f" ({prediction.work.detail})" if prediction.work.detail else ""
    return Finding(
        check="table-rewrite",
        family=FAMILY,
        severity=prediction.severity(evidence.policy),
        step=statement.step,
        object=table,
        message=f"{table} was locked against reads and writes while all its rows were written anew{reason}: "
        f"{prediction.extent}.",
        remedy=online.rewrite(prediction) or REMEDY,
        evidence=prediction.facts(lock),
    )
