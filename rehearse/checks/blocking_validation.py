"""Rows are scanned to prove a constraint while the table takes no writes, or not even reads."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.checks.remedies import online
from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.finding import Family, Finding
from rehearse.model.timeline import LockWindow, WorkKind

FAMILY = Family.BLOCKING
HAZARDS = ("A6", "A9", "B3", "B4", "B9", "B11", "C1", "C2", "C3", "C5", "C13", "C15", "E10", "E11")
CONDITION = (
    "A DDL command read the rows of a table that existed before, to prove a constraint (CHECK, FOREIGN KEY, NOT NULL, "
    "a partition bound), while the transaction held SHARE or a stronger lock on it; the lock may come from an earlier "
    "statement, as with NOT VALID and VALIDATE in one transaction."
)
EFFECT = "Writes to the table wait until the scan is over; under ACCESS EXCLUSIVE reads wait too."
REMEDY = (
    "Add the constraint NOT VALID, commit, then VALIDATE CONSTRAINT in a transaction of its own (another revision, "
    "with transaction_per_migration=True). For NOT NULL: CHECK (column IS NOT NULL) NOT VALID, VALIDATE, SET NOT NULL, "
    "DROP the check."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one finding for each table and statement that scanned it under a blocking lock to prove something."""
    other_work = {
        (found.statement.number, found.work.object)
        for found in (*evidence.of_kind(WorkKind.REWRITE), *evidence.of_kind(WorkKind.INDEX_BUILD))
    }
    for prediction in evidence.of_kind(WorkKind.SCAN):
        work, statement = prediction.work, prediction.statement
        if not work.proves or (statement.number, work.object) in other_work:
            continue
        locks = evidence.table_locks(prediction)
        if any(lock.mode.blocks_writes for lock in locks):
            yield _finding(evidence, prediction, locks[0])


def _finding(evidence: Evidence, prediction: Prediction, lock: LockWindow) -> Finding:
    table, statement = prediction.work.object, prediction.statement
    earlier = "" if lock.statement == statement.number else ", by a lock an earlier statement of the transaction took,"
    why = f" ({prediction.work.detail})" if prediction.work.detail not in ("", "validating") else ""
    why = why or evidence.cause(statement, table)
    return Finding(
        check="blocking-validation",
        family=FAMILY,
        severity=prediction.severity(evidence.policy),
        step=statement.step,
        object=table,
        message=f"{table} was locked against {' and '.join(lock.mode.blocks)}{earlier} while its rows were checked"
        f"{why}: {prediction.extent}.",
        remedy=online.validation(evidence, prediction) or REMEDY,
        evidence=prediction.facts(lock),
    )
