"""Several large tables are locked, one after the other, by one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import duration, listing, rows
from rehearse.model.timeline import LockWindow, WorkKind

FAMILY = Family.BLOCKING
HAZARDS = ("F10",)
CONDITION = (
    "Statements of one transaction took SHARE or stronger locks on several tables that existed before, are large in "
    "production and are not locked together by a single statement; it warns where the transaction may wait for more "
    "than ten seconds, by its lock_timeouts, while it holds the first of them."
)
EFFECT = (
    "While the transaction waits for the next table the earlier ones stay locked, so that one slow query on one of "
    "them stops them all; and with an application that takes them in another order it ends in a deadlock."
)
REMEDY = (
    "Lock one table in a transaction: a revision for each table, with transaction_per_migration=True (SQL files: one "
    "file each), and a lock_timeout of two seconds."
)
_LONGEST = timedelta(seconds=10)
_FEWEST = 2


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one finding for each transaction that locks several large tables."""
    roots = {facts.table: facts.root for facts in evidence.rehearsal.facts.tables if facts.root}
    transactions: dict[str, list[LockWindow]] = {}
    for lock in evidence.rehearsal.timeline.locks:
        if lock.mode.blocks_writes and not lock.on_index:
            transactions.setdefault(lock.transaction, []).append(lock)
    for locks in transactions.values():
        groups = [group for group in _groups(locks, roots) if any(_is_large(evidence, table) for table in group)]
        if len(groups) >= _FEWEST:
            yield _finding(evidence, groups)


def _groups(locks: Sequence[LockWindow], roots: Mapping[str, str]) -> list[dict[str, LockWindow]]:
    """Return what was locked together, in order: tables that one statement locks, with the first lock on each.

    Partitions count as their table.
    """
    groups: list[tuple[set[int], dict[str, LockWindow]]] = []
    for lock in locks:
        table = roots.get(lock.object, lock.object)
        statements, tables = {lock.statement}, {table: lock}
        for group in [each for each in groups if lock.statement in each[0] or table in each[1]]:
            groups.remove(group)
            statements |= group[0]
            tables = {**tables, **group[1]}
        groups.append((statements, tables))
    return sorted((tables for _, tables in groups), key=_taken)


def _taken(group: Mapping[str, LockWindow]) -> int:
    return min(lock.statement for lock in group.values())


def _is_large(evidence: Evidence, table: str) -> bool:
    """Say whether reading all of the table takes longer than max_blocking, by the policy's rates; unknown is large."""
    facts = evidence.rehearsal.facts.under(table)
    numbers = [found.rows for found in facts]
    if not facts or None in numbers:
        return True
    rate, octets = evidence.policy.rates[WorkKind.SCAN], sum(found.heap_bytes for found in facts)
    seconds = max(sum(number or 0 for number in numbers) / rate.rows, octets / rate.bytes)
    return timedelta(seconds=seconds) > evidence.policy.limit_beside(table)


def _finding(evidence: Evidence, groups: Sequence[Mapping[str, LockWindow]]) -> Finding:
    later = [min(group.values(), key=lambda lock: lock.statement) for group in groups[1:]]
    wait = _wait(later)
    tables = tuple(table for group in groups for table in group if _is_large(evidence, table))
    last = later[-1]
    return Finding(
        check="tables-locked-together",
        family=FAMILY,
        severity=Severity.WARN if wait is None or wait > _LONGEST else Severity.NOTE,
        step=last.step,
        object=tables[0],
        message=f"One transaction locked {listing(tuple(_named(evidence, table) for table in tables))} one after the "
        f"other. {tables[0]} stays locked while it waits for the next: {_told(wait)}.",
        remedy=REMEDY,
        evidence={
            "tables": list(tables),
            "wait_ms": None if wait is None else wait.total_seconds() * 1000,
            "steps": sorted({lock.step or "" for group in groups for lock in group.values()}),
        },
    )


def _wait(later: Sequence[LockWindow]) -> timedelta | None:
    """Return how long the transaction may wait for the later tables altogether, or None if for ever.

    A timeout that was not observed is none to complain of.
    """
    timeouts = [lock.lock_timeout for lock in later if lock.lock_timeout is not None]
    return None if timedelta(0) in timeouts else sum(timeouts, timedelta(0))


def _told(wait: timedelta | None) -> str:
    return (
        "without end, for want of a lock_timeout" if wait is None else f"for up to {duration(wait)}, its lock_timeout"
    )


def _named(evidence: Evidence, table: str) -> str:
    numbers = [found.rows for found in evidence.rehearsal.facts.under(table)]
    if not numbers or None in numbers:
        return f"{table} (of unknown size in production)"
    return f"{table} ({rows(sum(number or 0 for number in numbers))} in production)"
