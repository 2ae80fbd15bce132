"""Work: what one statement did to the rows of which table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from rehearse.model.timeline import Work, WorkKind
from rehearse.watch.commands import Known
from rehearse.watch.executions import Ddl, Execution
from rehearse.watch.plans import Plan, Rows
from rehearse.watch.relations import Relation, Relations

_BUILDING = re.compile(r'building index "(?P<index>.*)" on table "(?P<table>.*)" (?:serially|with request .*)')
_VERIFYING = re.compile(r'verifying table "(?P<table>.*)"')
_FOREIGN_KEY = re.compile(r'validating foreign key constraint "(?P<name>.*)"')
# bits of pg_event_trigger_table_rewrite_reason(), manual 9.30.3
_REASONS = {1: "persistence", 2: "default of a new column", 4: "column type", 8: "access method"}
READERS = ("CREATE TABLE AS", "SELECT INTO", "CREATE MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW", "CREATE VIEW")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Work on a table that existed before."""

    relation: Relation
    kind: WorkKind
    rows: int
    detail: str = ""
    by_plan: bool = False  # a query's plan said so, not the tracer
    constant: bool = False  # as many rows in production
    ended: datetime | None = None  # when the last of its queries had run


class Ledger:
    """How many rows each table holds, as the migration goes on."""

    def __init__(self, rows: Mapping[int, int]) -> None:
        self._rows = dict(rows)

    def __getitem__(self, oid: int) -> int:
        return max(0, self._rows.get(oid, 0))

    def book(self, done: Done) -> None:
        """Write down what a statement did."""
        oid, rows = done.relation.oid, done.rows
        change = {"insert": rows, "delete": -rows, "truncate": -self[oid], "refresh": rows - self[oid]}
        self._rows[oid] = self[oid] + change.get(done.detail, 0)


def done(execution: Execution, known: Iterable[Known], relations: Relations, ledger: Ledger) -> tuple[Done, ...]:
    """Return what a statement did to rows of tables that existed before."""
    static = tuple(known)
    found = [each for ddl in execution.ddl for each in _by_ddl(ddl, static, relations, ledger)]
    found += _by_plans(execution.plans, relations, ledger)
    found += _by_text(execution, static, ledger)
    return merged(found)


def of_command(command: Ddl, relations: Relations, ledger: Ledger) -> tuple[Done, ...]:
    """Return what one DDL command by itself did to rows of tables that existed before."""
    return merged(_by_ddl(command, (), relations, ledger))


def works(found: Iterable[Done]) -> tuple[Work, ...]:
    """Return the model's form of what was done."""
    return tuple(
        Work(
            kind=each.kind,
            object=each.relation.identity,
            rows=each.rows,
            detail=each.detail,
            is_constant=each.constant,
            ended=each.ended,
        )
        for each in found
    )


def merged(found: Iterable[Done]) -> tuple[Done, ...]:
    """Add up equal work; leave out a read a write accounts for, and "catalog only" beside real work."""
    added: dict[tuple[int, WorkKind, str, bool], Done] = {}
    for each in found:
        key = (each.relation.oid, each.kind, each.detail, each.constant)
        added[key] = _together(added[key], each) if key in added else each
    written: dict[int, int] = defaultdict(int)
    for each in added.values():
        if each.kind is WorkKind.ROWS:
            written[each.relation.oid] += each.rows
    busy = {each.relation.oid for each in added.values() if each.kind is not WorkKind.METADATA}
    return tuple(
        each
        for each in added.values()
        if not (each.kind is WorkKind.METADATA and each.relation.oid in busy)
        and not (each.kind is WorkKind.SCAN and each.by_plan and each.rows <= written[each.relation.oid])
    )


def _together(one: Done, other: Done) -> Done:
    moments = [each.ended for each in (one, other) if each.ended is not None]
    return replace(other, rows=one.rows + other.rows, ended=max(moments, default=None))


def _by_ddl(ddl: Ddl, known: tuple[Known, ...], relations: Relations, ledger: Ledger) -> Iterator[Done]:
    place = _Place(ddl, known, relations)
    rewritten = {oid: reason for oid, reason in ddl.rewrites if oid in relations.by_oid}
    for oid, reason in rewritten.items():
        yield Done(
            relation=relations.by_oid[oid],
            kind=WorkKind.REWRITE,
            rows=_rows(ddl, oid, ledger),
            detail=", ".join(text for bit, text in _REASONS.items() if reason & bit),
        )
    handled = set(rewritten) | {each.relation.oid for each in known if each.kind is not None}
    built = tuple(place.built(ddl.messages))
    for relation, index in built:
        if relation.oid not in handled:
            yield Done(
                relation=relation, kind=WorkKind.INDEX_BUILD, rows=_rows(ddl, relation.oid, ledger), detail=index
            )
    yield from _scans(ddl, place, handled, {relation.oid for relation, _ in built}, ledger)
    for oid in place.touched():
        yield Done(relation=relations.by_oid[oid], kind=WorkKind.METADATA, rows=0)


def _scans(ddl: Ddl, place: _Place, handled: set[int], built: set[int], ledger: Ledger) -> Iterator[Done]:
    verified = {relation.oid for relation in place.verified(ddl.messages)}
    keys = [match["name"] for text in ddl.messages if (match := _FOREIGN_KEY.fullmatch(text))]
    read = dict.fromkeys((*verified, *ddl.scans), 0)
    for plan in ddl.plans:  # a foreign key may be validated through an index, which no counter of the table tells
        for rows in plan.read:
            if keys and rows.by_index and rows.rows and (relation := place.relations.resolve(rows.table, rows.schema)):
                read[relation.oid] = max(rows.rows, read.get(relation.oid, 0))
    for oid, by_plan in read.items():
        relation = place.relations.by_oid.get(oid)
        if relation is None or oid in handled or (oid in built and oid not in verified):
            continue
        yield Done(
            relation=relation,
            kind=WorkKind.SCAN,
            rows=by_plan or _rows(ddl, oid, ledger),
            detail=_why(ddl, keys, verified=oid in verified),
        )


def _why(ddl: Ddl, keys: list[str], *, verified: bool) -> str:
    if keys and not verified:
        return f"validating foreign key {keys[0]}"
    return "reading" if ddl.tag in READERS else "validating"


def _rows(ddl: Ddl, oid: int, ledger: Ledger) -> int:
    """Return the rows of a table as the scans of this command found them."""
    scans, tuples = ddl.scans.get(oid, (0, 0))
    return round(tuples / scans) if scans else ledger[oid]


class _Place:
    """Which relation a message means: the server names them without schema."""

    def __init__(self, ddl: Ddl, known: tuple[Known, ...], relations: Relations) -> None:
        self.ddl = ddl
        self.relations = relations
        locked = [table.oid for oid, _ in ddl.locks if (table := relations.table(oid))]
        self._known = [each.relation.oid for each in known]
        self._tables = dict.fromkeys([*ddl.scans, *(oid for oid, _ in ddl.objects), *self._known, *locked])

    def table(self, name: str) -> Relation | None:
        """Return the table of this name among those the command scanned, named or locked, in this order."""
        found = (self.relations.by_oid.get(oid) for oid in self._tables)
        return next(
            (each for each in found if each is not None and each.is_table and self.relations.name(each) == name), None
        )

    def built(self, messages: Iterable[str]) -> Iterator[tuple[Relation, str]]:
        for match in filter(None, map(_BUILDING.fullmatch, messages)):
            if relation := self.table(match["table"]):
                yield relation, match["index"]

    def verified(self, messages: Iterable[str]) -> Iterator[Relation]:
        for match in filter(None, map(_VERIFYING.fullmatch, messages)):
            if relation := self.table(match["table"]):
                yield relation

    def touched(self) -> tuple[int, ...]:
        """Return the tables the command was about."""
        tables = [self.relations.table(oid) for oid in (*(oid for oid, _ in self.ddl.objects), *self._known)]
        return tuple(dict.fromkeys(table.oid for table in tables if table is not None))


def _by_plans(plans: Iterable[Plan], relations: Relations, ledger: Ledger) -> list[Done]:
    """Return what queries wrote, and read from end to end."""
    found = []
    for ran, rows in ((plan, rows) for plan in plans for rows in (*plan.written, *_whole(plan))):
        if relation := relations.resolve(rows.table, rows.schema):
            by_key = relations.has_key(relation.oid, rows.pinned)
            if by_key and rows.verb == "read":  # only a small table is read to its end for one row
                continue
            if rows.asked and ledger[relation.oid] > 1:  # it did not ask for the second
                continue
            constant = by_key or rows.from_constants
            found.append(
                Done(
                    relation=relation,
                    kind=WorkKind.SCAN if rows.verb == "read" else WorkKind.ROWS,
                    rows=rows.rows,
                    detail="" if rows.verb == "read" else rows.verb,
                    by_plan=True,
                    constant=constant,
                    ended=ran.at,
                )
            )
    return found


def _whole(plan: Plan) -> Iterator[Rows]:
    return (rows for rows in plan.read if rows.whole)


def _by_text(execution: Execution, known: tuple[Known, ...], ledger: Ledger) -> Iterator[Done]:
    """Yield the work of commands known by their text, and the indexes the server said it built."""
    if execution.error is not None:
        return
    made = [plan.returned for plan in execution.plans] + [plan.returned for ddl in execution.ddl for plan in ddl.plans]
    for each in known:
        if each.kind is not None:
            rows = made[0] if each.detail == "refresh" and made else ledger[each.relation.oid]
            yield Done(relation=each.relation, kind=each.kind, rows=rows, detail=each.detail)
    plain = {each.relation.name: each.relation for each in known if each.kind is None and each.relation.is_table}
    for match in filter(None, map(_BUILDING.fullmatch, execution.messages)):
        if relation := plain.get(match["table"]):
            yield Done(relation=relation, kind=WorkKind.INDEX_BUILD, rows=ledger[relation.oid], detail=match["index"])
