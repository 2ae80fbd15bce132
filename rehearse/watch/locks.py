"""Lock windows: which table was locked how, from the request to the end of the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from rehearse.model.timeline import LockMode, LockWindow, Statement, WorkKind
from rehearse.watch import timeouts
from rehearse.watch.commands import Known
from rehearse.watch.executions import Ddl, Execution
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.timeouts import Timeouts
from rehearse.watch.work import Done

_Key: TypeAlias = tuple[str, int, LockMode, bool]  # transaction, table, mode, on an index of it

# lock_timeout, cancelled, no such table, not allowed, syntax, must be or must not be in a transaction
_REFUSED = ("55P03", "57014", "42P01", "42501", "42601", "25P01", "25001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A lock one statement took."""

    table: Relation
    on_index: bool
    mode: LockMode
    at: datetime
    in_force: Timeouts


def requests(
    execution: Execution, known: Iterable[Known], relations: Relations, in_force: Timeouts
) -> tuple[Request, ...]:
    """Return the locks on relations that existed before which a statement is known or seen to hold.

    ACCESS SHARE is left out: it stops nothing but ACCESS EXCLUSIVE. What the tracer lists is cumulative
    for the transaction.
    """
    static = () if execution.sqlstate in _REFUSED else tuple(known)
    found = [
        _request(execution, each.relation, each.mode, relations, in_force)
        for each in (*static, *_planned(execution, relations))
    ]
    return (*(each for each in found if each is not None), *_traced(execution, relations, static, in_force))


def of_work(
    execution: Execution, done: Iterable[Done], relations: Relations, in_force: Timeouts
) -> tuple[Request, ...]:
    """Return the locks without which rows that only the counters tell could not have been written."""
    found = []
    for each in (each for each in done if each.kind is not WorkKind.SCAN):
        has_new_file = each.kind is WorkKind.REWRITE or each.detail == "truncate"
        mode = LockMode.ACCESS_EXCLUSIVE if has_new_file else LockMode.ROW_EXCLUSIVE
        found.append(_request(execution, each.relation, mode, relations, in_force))
    return tuple(each for each in found if each is not None)


def windows(
    accounts: Iterable[tuple[Statement, Execution, tuple[Request, ...]]],
    relations: Relations,
    ends: Mapping[str, datetime],
    undone: Mapping[int, int],
) -> tuple[LockWindow, ...]:
    """Return one window for each relation and mode a transaction took, from its first request to its release.

    Locks are released at the end of the transaction, or when a subtransaction is taken back: `undone` tells, for the
    number of a statement that does so, the first number it takes back; within a block the tracer's next list tells.
    """
    held = _Held(relations)
    for statement, execution, taken in accounts:
        for request in taken:
            held.take(_window(statement, request, ends), request.table.oid)
        for ddl in execution.ddl:
            held.compare(statement, ddl)
        if statement.number in undone:
            held.give_back(statement, undone[statement.number])
    return tuple(
        sorted(
            held.windows,
            key=lambda each: (each.acquired, each.statement, each.object, each.on_index, each.mode.strength),
        )
    )


class _Held:
    """The locks of every transaction, as they are taken and released."""

    def __init__(self, relations: Relations) -> None:
        self._relations = relations
        self._open: dict[_Key, LockWindow] = {}
        self._closed: list[LockWindow] = []
        self._listed: dict[str, frozenset[_Key]] = {}

    @property
    def windows(self) -> tuple[LockWindow, ...]:
        return (*self._closed, *self._open.values())

    def take(self, window: LockWindow, table: int) -> None:
        """Hold a lock; one that is held already is not taken again."""
        self._open.setdefault((window.transaction, table, window.mode, window.on_index), window)

    def compare(self, statement: Statement, ddl: Ddl) -> None:
        """Release what the tracer had listed before and lists no more: its subtransaction was taken back."""
        listed = frozenset(self._keys(statement.transaction, ddl))
        for key in self._listed.get(statement.transaction, frozenset()) - listed:
            self._release(key, statement, ddl.ended)
        self._listed[statement.transaction] = listed

    def give_back(self, statement: Statement, first: int) -> None:
        """Release what was taken by a statement of this number or a later one, until the one that takes it back."""
        since = [key for key, each in self._open.items() if key[0] == statement.transaction and each.statement >= first]
        for key in since:
            self._release(key, statement, statement.ended)

    def _release(self, key: _Key, statement: Statement, at: datetime) -> None:
        if window := self._open.pop(key, None):
            self._closed.append(replace(window, released=max(at, window.acquired), released_by=statement.number))

    def _keys(self, transaction: str, ddl: Ddl) -> Iterator[_Key]:
        for oid, mode in ddl.locks:
            relation, table = self._relations.by_oid.get(oid), self._relations.table(oid)
            if relation is not None and table is not None:
                yield transaction, table.oid, LockMode(mode), relation.is_index


def _window(statement: Statement, request: Request, ends: Mapping[str, datetime]) -> LockWindow:
    return LockWindow(
        object=request.table.identity,
        mode=request.mode,
        session=statement.session,
        transaction=statement.transaction,
        step=statement.step,
        statement=statement.number,
        acquired=request.at,
        released=max(ends[statement.transaction], request.at),
        lock_timeout=request.in_force.lock,
        statement_timeout=request.in_force.statement,
        on_index=request.on_index,
    )


def _planned(execution: Execution, relations: Relations) -> Iterator[Known]:
    """Yield what a plan locks: what it writes to, what it locks row by row, where its foreign keys look."""
    for plan in (*execution.plans, *(plan for ddl in execution.ddl for plan in ddl.plans)):
        places = [(rows.schema, rows.table, LockMode.ROW_EXCLUSIVE) for rows in plan.written]
        places += [(schema, table, LockMode.ROW_EXCLUSIVE) for schema, table in plan.targets]
        places += [(rows.schema, rows.table, LockMode.ROW_SHARE) for rows in plan.locking]
        for schema, table, mode in places:
            if relation := relations.resolve(table, schema):
                yield Known(relation=relation, mode=mode)
        for trigger in plan.fired:
            other, mode = relations.foreign_keys.get(trigger, (0, LockMode.ROW_SHARE))
            if other in relations.by_oid:
                yield Known(relation=relations.by_oid[other], mode=mode)


def _request(
    execution: Execution, relation: Relation, mode: LockMode, relations: Relations, in_force: Timeouts
) -> Request | None:
    table = relations.table(relation.oid)
    if table is None:
        return None
    return Request(table=table, on_index=relation.is_index, mode=mode, at=execution.started, in_force=in_force)


def _traced(
    execution: Execution, relations: Relations, static: tuple[Known, ...], in_force: Timeouts
) -> Iterator[Request]:
    """Yield what the tracer listed; a command that is the whole statement asked when the statement began.

    An index dropped or replaced CONCURRENTLY is locked in the end, when no query can see it any more: that is left out.
    """
    alone = len(execution.events) == 1 and execution.ddl and execution.ddl[0].tag == execution.tag
    unseen = {
        each.relation.oid for each in static if each.relation.is_index and each.mode is LockMode.SHARE_UPDATE_EXCLUSIVE
    }
    for ddl in execution.ddl:
        for oid, mode in ddl.locks:
            relation, table = relations.by_oid.get(oid), relations.table(oid)
            if relation is not None and table is not None and oid not in unseen:
                yield Request(
                    table=table,
                    on_index=relation.is_index,
                    mode=LockMode(mode),
                    at=execution.started if alone else ddl.started,
                    in_force=timeouts.of(ddl, in_force),
                )
