"""A lock is kept while the same transaction goes on to other work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import duration, listing, rows
from rehearse.model.timeline import LockWindow, Statement, Work, WorkKind

FAMILY = Family.BLOCKING
HAZARDS = ("C6", "F3", "F9")
CONDITION = (
    "A transaction that held SHARE or a stronger lock on a table that existed before went on to read or write rows, "
    "of that table or of others, or did nothing for longer than the policy's max_blocking."
)
EFFECT = "Traffic on the locked table waits for the whole of that work: locks are released at commit, not before."
REMEDY = (
    "End the transaction before the work begins: put the DDL and the backfill in separate revisions with "
    "transaction_per_migration=True (or separate files), and write rows in batches that commit."
)
_NESTING = ("DO", "CALL", "SELECT")
_IDLE_FLOOR = timedelta(seconds=1)
_MOST_NAMED = 3


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one finding for each table that stayed locked during work no other check claims."""
    done: dict[str, list[Prediction]] = {}
    for found in evidence.predictions:
        done.setdefault(found.statement.transaction, []).append(found)
    seen: set[tuple[str, str]] = set()
    for lock in evidence.rehearsal.timeline.locks:
        if not lock.mode.blocks_writes or lock.on_index or (lock.transaction, lock.object) in seen:
            continue
        own = done.get(lock.transaction, ())
        claimed = {found.statement.number for found in own if _is_claimed(lock, found)}
        work = tuple(found for found in own if _kept_waiting(lock, found, claimed))
        idle = _idle(evidence, lock)
        if work or idle:
            seen.add((lock.transaction, lock.object))
            strongest = evidence.strongest(lock)
            yield _working(evidence, strongest, work) if work else _waiting(strongest, idle)


def _is_claimed(lock: LockWindow, prediction: Prediction) -> bool:
    """Say whether a narrower check tells what this statement did to the locked table itself."""
    work = prediction.work
    return work.object == lock.object and (work.kind in (WorkKind.REWRITE, WorkKind.INDEX_BUILD) or work.proves)


def _kept_waiting(lock: LockWindow, prediction: Prediction, claimed: set[int]) -> bool:
    """Say whether this work was done under the lock and is not the business of a narrower check.

    Of a statement that is claimed nothing else counts but rows written: a foreign key is proven on two tables at once.
    Emptying a table takes as long whatever it holds.
    """
    statement, work = prediction.statement, prediction.work
    if not lock.covers(statement, work) or prediction.is_nothing:
        return False
    if work.detail == "truncate":
        return False
    if statement.number == lock.statement and not _may_be_both(statement, work):
        return False
    return work.kind is WorkKind.ROWS or statement.number not in claimed


def _may_be_both(statement: Statement, work: Work) -> bool:
    """Say whether one statement may take a lock and go on to this: only a block of code does two things."""
    is_known = work.kind is WorkKind.ROWS or (work.kind is WorkKind.SCAN and work.ended is not None)
    return is_known and statement.tag.startswith(_NESTING)


def _idle(evidence: Evidence, lock: LockWindow) -> timedelta:
    """Return how long the lock was held while the server had nothing to do, zero if that is short.

    A step that was stopped held its locks as long as the limit let it, which is an open point and no measure.
    """
    stopped = evidence.rehearsal.migration.stopped
    least = max(evidence.policy.limit_on(lock.object), _IDLE_FLOOR)
    if lock.held <= least or (stopped is not None and stopped.step == lock.step):
        return timedelta(0)
    busy = sum(
        (
            found.duration
            for found in evidence.rehearsal.timeline.statements
            if found.transaction == lock.transaction and found.number >= lock.statement and found.work
        ),
        timedelta(0),
    )
    idle = lock.held - busy
    return idle if idle > least else timedelta(0)


def _working(evidence: Evidence, lock: LockWindow, work: tuple[Prediction, ...]) -> Finding:
    allowances = [found.allowance for found in work]
    known = sum((spent for spent in allowances if spent is not None), timedelta(0))
    limit = evidence.policy.limit_on(lock.object)
    too_much = None in allowances or known > limit or limit == timedelta(0)
    largest_first = sorted(work, key=lambda found: found.allowance or timedelta.max, reverse=True)
    parts = tuple(dict.fromkeys(_phrase(found) for found in largest_first))
    cause = evidence.cause(evidence.rehearsal.timeline.statement(lock.statement), lock.object)
    total = f", {rows(sum(found.work.rows for found in work))} here in all" if len(parts) > _MOST_NAMED else ""
    return Finding(
        check="long-blocking-lock",
        family=FAMILY,
        severity=Severity.BLOCK if too_much else Severity.NOTE,
        step=lock.step,
        object=lock.object,
        message=f"{lock.object} stayed locked against {' and '.join(lock.mode.blocks)} until commit{cause} while the "
        f"same transaction {listing(parts, _MOST_NAMED)}{total}.",
        remedy=REMEDY,
        evidence={
            "lock": lock.mode.value,
            "held_ms": round(lock.held.total_seconds() * 1000, 1),
            "sql": next(iter(dict.fromkeys(found.statement.sql for found in work))),
            "rows": sum(found.work.rows for found in work),
            "production_rows": None if None in allowances else sum(found.production_rows or 0 for found in work),
            "steps": sorted({found.statement.step or "" for found in work}),
        },
    )


def _phrase(prediction: Prediction) -> str:
    verb = {
        WorkKind.ROWS: {"update": "updated", "delete": "deleted", "insert": "inserted"}.get(
            prediction.work.detail, "wrote"
        ),
        WorkKind.SCAN: "read",
        WorkKind.REWRITE: "rewrote",
        WorkKind.INDEX_BUILD: "indexed",
    }.get(prediction.work.kind, "worked on")
    return f"{verb} rows of {prediction.work.object} ({prediction.extent})"


def _waiting(lock: LockWindow, idle: timedelta) -> Finding:
    return Finding(
        check="long-blocking-lock",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=lock.step,
        object=lock.object,
        message=f"{lock.object} stayed locked against {' and '.join(lock.mode.blocks)} for {duration(idle)} in which "
        "the transaction did no work on rows: something else was waited for.",
        remedy="Take slow things (calls to other services, sleeps, loops in Python) out of the transaction that holds "
        "the lock.",
        evidence={"lock": lock.mode.value, "held_ms": round(lock.held.total_seconds() * 1000, 1)},
    )
