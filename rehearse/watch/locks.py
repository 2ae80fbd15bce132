"""Lock windows: which table was locked how, from the request to the end of the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rehearse.model.timeline import LockMode, LockWindow, Statement
from rehearse.watch import timeouts
from rehearse.watch.commands import Known
from rehearse.watch.executions import Execution
from rehearse.watch.relations import Relation, Relations

# lock_timeout, cancelled, no such table, not allowed, syntax, must be or must not be in a transaction
_REFUSED = ("55P03", "57014", "42P01", "42501", "42601", "25P01", "25001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A lock one statement took."""

    table: Relation
    on_index: bool
    mode: LockMode
    at: datetime
    lock_timeout: timedelta | None


def requests(
    execution: Execution, known: Iterable[Known], relations: Relations, lock_timeout: timedelta | None
) -> tuple[Request, ...]:
    """Return the locks on relations that existed before which a statement is known or seen to hold.

    ACCESS SHARE is left out: it stops nothing but ACCESS EXCLUSIVE. What the tracer lists is cumulative
    for the transaction.
    """
    static = () if execution.sqlstate in _REFUSED else known
    found = [
        Request(
            table=table,
            on_index=each.relation.is_index,
            mode=each.mode,
            at=execution.started,
            lock_timeout=lock_timeout,
        )
        for each in static
        if (table := relations.table(each.relation.oid))
    ]
    found += _written(execution, relations, lock_timeout)
    found += _traced(execution, relations)
    return tuple(found)


def windows(taken: Iterable[tuple[Statement, Request]], ends: dict[str, datetime]) -> tuple[LockWindow, ...]:
    """Return one window for each relation and mode a transaction took, from its first request to its end."""
    found: dict[tuple[str, int, LockMode, bool], LockWindow] = {}
    for statement, request in taken:
        key = (statement.transaction, request.table.oid, request.mode, request.on_index)
        if key not in found:
            found[key] = LockWindow(
                object=request.table.identity,
                mode=request.mode,
                session=statement.session,
                transaction=statement.transaction,
                step=statement.step,
                statement=statement.number,
                acquired=request.at,
                released=max(ends[statement.transaction], request.at),
                lock_timeout=request.lock_timeout,
                on_index=request.on_index,
            )
    return tuple(
        sorted(found.values(), key=lambda each: (each.acquired, each.statement, each.object, each.mode.strength))
    )


def _written(execution: Execution, relations: Relations, lock_timeout: timedelta | None) -> Iterator[Request]:
    """Yield ROW EXCLUSIVE for the tables a plan wrote to."""
    plans = (*execution.plans, *(plan for ddl in execution.ddl for plan in ddl.plans))
    for rows in (rows for plan in plans for rows in plan.written):
        if relation := relations.resolve(rows.table, rows.schema):
            yield Request(
                table=relation,
                on_index=False,
                mode=LockMode.ROW_EXCLUSIVE,
                at=execution.started,
                lock_timeout=lock_timeout,
            )


def _traced(execution: Execution, relations: Relations) -> Iterator[Request]:
    """Yield what the tracer listed; a command that is the whole statement asked when the statement began."""
    alone = len(execution.events) == 1 and execution.ddl and execution.ddl[0].tag == execution.tag
    for ddl in execution.ddl:
        for oid, mode in ddl.locks:
            relation, table = relations.by_oid.get(oid), relations.table(oid)
            if relation is not None and table is not None:
                yield Request(
                    table=table,
                    on_index=relation.is_index,
                    mode=LockMode(mode),
                    at=execution.started if alone else ddl.started,
                    lock_timeout=timeouts.parse(ddl.lock_timeout),
                )
