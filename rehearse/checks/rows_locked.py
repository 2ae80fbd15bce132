"""Many existing rows are locked by one transaction until it commits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from rehearse.model import batches
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import split
from rehearse.model.policy import Policy
from rehearse.model.quantity import count, rows, size
from rehearse.model.timeline import LockMode, Statement, Work, WorkKind

FAMILY = Family.BLOCKING
HAZARDS = ("F4",)
CONDITION = (
    "One transaction updated, deleted or selected FOR UPDATE so many rows of a table that existed before that, at "
    "production's size and the policy's rates, it takes longer than max_row_locks; more than ten times that blocks."
)
EFFECT = (
    "Whoever writes one of these rows waits until commit. Each leaves a dead row behind, whose space VACUUM must free; "
    "it all goes through the write-ahead log, standbys fall behind, and a failure near the end undoes everything."
)
REMEDY = (
    "Write in batches that commit, some thousands of rows each by ranges of the key: UPDATE ... WHERE id BETWEEN 1 AND "
    "5000, and so on, every one in a transaction of its own (Alembic: a loop within op.get_context()."
    "autocommit_block(), or a script beside the migration), with a VACUUM now and then."
)
_FAR_TOO_MUCH = 10
_LOCKING = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b|\bFOR\s+SHARE\b", re.IGNORECASE)
_LIMIT = re.compile(r"\bLIMIT\s+(\d+)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Locked:
    """Rows of one table that one statement locked."""

    statement: Statement
    table: str
    work: Work | None  # None: rows were selected
    verb: str
    here: int
    production: int | None
    octets: int | None
    allowance: timedelta | None
    wal_bytes: int | None = None


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one finding for each transaction and table of which it locks many rows, the table being open to others."""
    together: dict[tuple[str, str], list[_Locked]] = {}
    for locked in (*_written(evidence), *_selected(evidence)):
        if not _is_closed(evidence, locked):
            together.setdefault((locked.statement.transaction, locked.table), []).append(locked)
    for (_, table), parts in together.items():
        severity = _severity(parts, evidence.policy)
        if severity is not None:
            yield _finding(table, parts, severity)


def _written(evidence: Evidence) -> Iterator[_Locked]:
    roots = {facts.table: facts.root for facts in evidence.rehearsal.facts.tables if facts.root}
    for found in evidence.predictions:
        if found.work.kind is WorkKind.ROWS and found.work.detail in ("update", "delete") and not found.is_nothing:
            table = roots.get(found.work.object) or found.work.object
            locked = _Locked(
                statement=found.statement,
                table=table,
                work=found.work,
                verb=f"{found.work.detail}d",
                here=found.work.rows,
                production=found.production_rows,
                octets=found.production_bytes,
                allowance=found.allowance,
                wal_bytes=found.production_wal_bytes,
            )
            most = batches.most(evidence.rehearsal, found.statement, table)
            yield locked if most is None else _in_batches(locked, most, evidence.policy)


def _in_batches(locked: _Locked, most: int, policy: Policy) -> _Locked:
    """Return what one transaction locks of a table that code writes in batches of a size: production has more of them.

    Bytes are told of all batches, so none are told of one.
    """
    rows = max(locked.here, most if locked.production is None else min(locked.production, most))
    allowance = timedelta(seconds=rows / policy.rates[WorkKind.ROWS].rows)
    return replace(locked, production=rows, octets=None, allowance=allowance, wal_bytes=None)


def _selected(evidence: Evidence) -> Iterator[_Locked]:
    """Yield what was selected FOR UPDATE or FOR SHARE, of each table that the statement names and that is locked so."""
    history = evidence.rehearsal.facts.history
    for statement in evidence.rehearsal.timeline.statements:
        if not statement.tag.startswith("SELECT") or not statement.rows or not _LOCKING.search(statement.sql):
            continue
        for lock in evidence.locks_during(statement):
            named = split(lock.object)[-1] in statement.sql and lock.object not in history
            if lock.mode is LockMode.ROW_SHARE and named and not lock.on_index:
                yield _of_select(evidence, statement, lock.object, statement.rows)


def _of_select(evidence: Evidence, statement: Statement, table: str, here: int) -> _Locked:
    scaled = evidence.scaled(table, here)
    limit = _LIMIT.search(statement.sql)
    if limit is not None and scaled is not None:
        scaled = min(scaled, max(here, int(limit[1])))
    rate = evidence.policy.rates[WorkKind.ROWS]
    return _Locked(
        statement=statement,
        table=table,
        work=None,
        verb="selected FOR UPDATE",
        here=here,
        production=scaled,
        octets=None,
        allowance=None if scaled is None else timedelta(seconds=scaled / rate.rows),
    )


def _is_closed(evidence: Evidence, locked: _Locked) -> bool:
    """Say whether nobody could write the table anyway: then its lock is what others wait for, not the rows'."""
    return any(
        lock.object == locked.table and lock.mode.blocks_writes and not lock.on_index
        for lock in evidence.locks_during(locked.statement)
        if locked.work is None or lock.covers(locked.statement, locked.work)
    )


def _severity(parts: Sequence[_Locked], policy: Policy) -> Severity | None:
    """Warn beyond the limit, block far beyond it and where nobody knows how many rows there are."""
    if any(part.allowance is None for part in parts):
        return Severity.BLOCK
    spent = sum((part.allowance or timedelta(0) for part in parts), timedelta(0))
    if spent > policy.max_row_locks * _FAR_TOO_MUCH:
        return Severity.BLOCK
    return Severity.WARN if spent > policy.max_row_locks else None


def _finding(table: str, parts: Sequence[_Locked], severity: Severity) -> Finding:
    here, known = sum(part.here for part in parts), [part.production for part in parts]
    production = None if None in known else sum(number or 0 for number in known)
    octets = sum(part.octets or 0 for part in parts)
    logged = sum({part.statement.number: part.wal_bytes or 0 for part in parts}.values())
    verbs = " and ".join(dict.fromkeys(part.verb for part in parts))
    log = f" About {size(logged)} go through the write-ahead log." if logged else ""
    return Finding(
        check="rows-locked",
        family=FAMILY,
        severity=severity,
        step=max(parts, key=lambda part: part.here).statement.step,
        object=table,
        message=f"Rows of {table} were {verbs} in one transaction: {_extent(here, production, octets)}. Whoever writes "
        f"one of them waits until it commits.{log}",
        remedy=REMEDY,
        evidence={
            "sql": parts[0].statement.sql,
            "rows": here,
            "production_rows": production,
            "production_bytes": octets or None,
            "production_wal_bytes": logged or None,
        },
    )


def _extent(here: int, production: int | None, octets: int) -> str:
    if production is None:
        return f"{rows(here)} here, an unknown number in production"
    return f"{rows(here)} here, {count(production)}{f' ({size(octets)})' if octets else ''} in production"
