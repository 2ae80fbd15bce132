"""A transaction that has written rows of a table goes on to lock the table itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import shortened
from rehearse.model.timeline import LockWindow, WorkKind

FAMILY = Family.BLOCKING
HAZARDS = ("F10",)
CONDITION = (
    "One transaction updated or deleted rows of a table that existed before, more of them at production's size and the "
    "policy's rates than max_blocking allows, and then asked for SHARE or a stronger lock on that table: UPDATE, then "
    "ALTER TABLE or CREATE INDEX."
)
EFFECT = (
    "A session that has written to the table and now waits for one of these rows cannot go on before the migration "
    "commits, and the migration waits for that session to give its own lock back: a deadlock, of which PostgreSQL ends "
    "one, the migration or the application's transaction. The busier the table, the likelier; a stage is not busy."
)
REMEDY = (
    "Commit between the two: the change of the schema in one revision, the rows in another, in batches that commit "
    "(Alembic: transaction_per_migration=True; SQL files: one file each)."
)
_WRITES = ("update", "delete")


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one warning for each transaction and table that it first wrote and then locked."""
    roots = {facts.table: facts.root for facts in evidence.rehearsal.facts.tables if facts.root}
    written: dict[tuple[str, str], list[Prediction]] = {}
    for found in evidence.of_kind(WorkKind.ROWS):
        if found.work.detail in _WRITES and found.exceeds(evidence.policy.limit_beside(found.work.object)):
            table = roots.get(found.work.object) or found.work.object
            written.setdefault((found.statement.transaction, table), []).append(found)
    for (_, table), parts in written.items():
        lock = _lock_after(evidence, parts, table, roots)
        if lock is not None:
            yield _finding(evidence, parts[0], table, lock)


def _lock_after(
    evidence: Evidence, parts: Sequence[Prediction], table: str, roots: Mapping[str, str]
) -> LockWindow | None:
    """Return the first blocking lock on the table since its rows were written, if nothing kept others out before."""
    first, work = parts[0].statement, parts[0].work
    locks = [
        lock
        for lock in evidence.rehearsal.timeline.locks
        if lock.transaction == first.transaction
        and lock.mode.blocks_writes
        and not lock.on_index
        and roots.get(lock.object, lock.object) == table
    ]
    if any(lock.covers(first, work) for lock in locks):
        return None
    return min(
        (lock for lock in locks if lock.statement >= first.number), key=lambda lock: lock.statement, default=None
    )


def _finding(evidence: Evidence, written: Prediction, table: str, lock: LockWindow) -> Finding:
    asking = evidence.rehearsal.timeline.statement(lock.statement)
    said = f" ({shortened(asking.sql.rstrip('; '))})" if asking else ""
    return Finding(
        check="lock-upgraded",
        family=FAMILY,
        severity=Severity.WARN,
        step=lock.step,
        object=table,
        message=f"One transaction {written.work.detail}d rows of {table} ({written.extent}) and then asked for a lock "
        f"on it against {' and '.join(lock.mode.blocks)}{said}: with a session that has written to {table} and waits "
        "for one of these rows it ends in a deadlock.",
        remedy=REMEDY,
        evidence={
            "sql": written.statement.sql,
            "rows": written.work.rows,
            "production_rows": written.production_rows,
            "lock": lock.mode.value,
            "steps": sorted({written.statement.step or "", lock.step or ""}),
        },
    )
