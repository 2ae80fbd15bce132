"""Comparing the values of two databases of one server, column by column: hashes leave the server, values do not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import cast

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from rehearse.catalog.contents import HASHED, VALUES, pinned
from rehearse.catalog.errors import RowsNotCounted
from rehearse.db.identity import identifier
from rehearse.diff.values import by_rows, by_sums, by_values
from rehearse.model.downgrade import ColumnContents, TableContents
from rehearse.model.values import ComparedColumn, ComparedTable, ValueChange

_MOST = 100_000  # rows of a table that are compared one by one; of a larger one, an even share of its keys
_TEXTS = re.compile(r"^(?:text|citext|character varying|character|public\.citext)\b")
_NUMBERS = re.compile(r"^(?:smallint|integer|bigint|numeric|real|double precision)\b")
_READ = re.compile(
    r"^(?:uuid|jsonb?|date|timestamp|time|interval|inet|cidr|macaddr8?|bytea|boolean)\b"
)  # types that take several spellings of one value

Connection = psycopg.Connection[TupleRow]
_Form = Callable[[sql.Composable], sql.Composable]


def value_changes(
    tables: Sequence[ComparedTable],
    after: Connection,
    *,
    before: Connection | None,
    remembered: Mapping[str, TableContents],
) -> tuple[ValueChange, ...]:
    """Return the columns in which values have changed or gone since before the migration.

    `before` is the database as it was. Where there is none, `remembered` is what its tables held, as
    read_contents() tells it, and numbers are no more than "at least". Raises RowsNotCounted.
    """
    try:
        with pinned(after), nullcontext() if before is None else pinned(before):
            return tuple(
                change for table in tables for change in _changes(table, after, before, remembered.get(table.table))
            )
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error


def _changes(
    table: ComparedTable, after: Connection, before: Connection | None, remembered: TableContents | None
) -> Iterator[ValueChange]:
    plain = [column for column in table.columns if not column.is_retyped]
    retyped = [column for column in table.columns if column.is_retyped]
    for columns in filter(None, (plain, *([column] for column in retyped))):
        part = replace(table, columns=tuple(columns))
        if before is not None:
            yield from _between(part, before, after)
        elif remembered is not None and not any(_is_spelled_anew(column) for column in columns):
            forms = [_written(column, table, None, after) for column in columns]
            yield from by_sums(part, remembered, _sums(after, part, [new for _, new in forms], (), now=True))


def _between(table: ComparedTable, before: Connection, after: Connection) -> tuple[ValueChange, ...]:
    """Compare sums first, which is cheap, and rows one by one only where those differ."""
    forms = {column.column: _written(column, table, before, after) for column in table.columns}
    old = _sums(before, table, [old for old, _ in forms.values()], table.key, now=False)
    new = _sums(after, table, [new for _, new in forms.values()], table.key, now=True)
    differing = replace(
        table,
        columns=tuple(column for column in table.columns if old.columns[column.before] != new.columns[column.after]),
    )
    most = max(old.rows, new.rows)
    if not differing.columns:
        return ()
    if not table.key and most > _MOST:  # no share of the rows would be the same on both sides
        return by_sums(differing, old, new)
    share = -(-most // _MOST) or 1
    pairs = [forms[column.column] for column in differing.columns]
    old_rows = _rows(before, differing, [old for old, _ in pairs], share, now=False)
    new_rows = _rows(after, differing, [new for _, new in pairs], share, now=True)
    if not table.key:
        return by_values(differing, tuple(row for _, row in old_rows), tuple(row for _, row in new_rows))
    return by_rows(differing, dict(old_rows), dict(new_rows), exact=share == 1)


def _sums(
    connection: Connection,
    table: ComparedTable,
    forms: Sequence[_Form],
    key: Sequence[ComparedColumn],
    *,
    now: bool,
) -> TableContents:
    """Return the number of values of each column, and the sum of their hashes, each together with its row's key."""
    names = [column.after if now else column.before for column in table.columns]
    values = [form(sql.Identifier("t", name)) for name, form in zip(names, forms, strict=True)]
    keys = [sql.Identifier("t", part.after if now else part.before) for part in key]
    asked = [
        sql.SQL("pg_catalog.count(*)"),
        *(
            part
            for value in values
            for part in (VALUES.format(value), HASHED.format(sql.SQL(", ").join([*keys, value])))
        ),
    ]
    reading = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(asked), _source(table, now=now))
    row = cast("tuple[int, ...]", connection.execute(reading).fetchone())
    number, *told = (int(value) for value in row)
    return TableContents(
        rows=number,
        checksum=0,
        columns={
            name: ColumnContents(values=values, checksum=hashed)
            for name, (values, hashed) in zip(names, zip(told[::2], told[1::2], strict=True), strict=True)
        },
    )


def _rows(
    connection: Connection, table: ComparedTable, forms: Sequence[_Form], share: int, *, now: bool
) -> list[tuple[int, tuple[int | None, ...]]]:
    """Return the hash of each row's key and of its values; of a large table, of one row in `share`."""
    values = [
        form(sql.Identifier("t", column.after if now else column.before))
        for column, form in zip(table.columns, forms, strict=True)
    ]
    parts = [sql.Identifier("t", part.after if now else part.before) for part in table.key]
    key = _hash(sql.SQL(", ").join(parts)) if parts else sql.SQL("{}::pg_catalog.int8").format(sql.Literal(0))
    hashes = (
        sql.SQL("CASE WHEN {0} IS DISTINCT FROM NULL THEN {1} END").format(value, _hash(value)) for value in values
    )
    reading = sql.SQL("SELECT {key}, {hashes} FROM {source} WHERE {share} = 1 OR {key} % {share} = 0").format(
        key=key, hashes=sql.SQL(", ").join(hashes), source=_source(table, now=now), share=sql.Literal(share)
    )
    return [(int(found[0]), found[1:]) for found in connection.execute(reading)]


def _hash(values: sql.Composable) -> sql.Composed:
    return sql.SQL('pg_catalog.hashtextextended(ROW({})::pg_catalog.text COLLATE "C", 0)').format(values)


def _source(table: ComparedTable, *, now: bool) -> sql.Composed:
    only = sql.SQL("" if table.has_leaves else "ONLY ")
    return sql.SQL("{}{} AS t").format(only, identifier(table.now if now else table.table))


def _written(
    column: ComparedColumn, table: ComparedTable, before: Connection | None, after: Connection
) -> tuple[_Form, _Form]:
    """Return how to write a column's value before and afterwards, so that equal values are written alike.

    One of another type is cast back; what a type has read from a text is spelled as the type spells it.
    """
    old, new = column.old_type, column.new_type
    if not column.is_retyped:
        return _as_is, _as_is
    choices: list[tuple[_Form, _Form]] = []
    if before is not None and _TEXTS.match(old) and _NUMBERS.match(new):
        choices.append((_number_in_text, _number))
    if before is not None and _is_spelled_anew(column):
        choices.append((_cast(new), _as_is))
    choices.append((_as_is, _cast(old)))
    for old_form, new_form in choices:
        can_read_before = before is None or _works(before, table, column.before, old_form, now=False)
        if can_read_before and _works(after, table, column.after, new_form, now=True):
            return old_form, new_form
    return _as_is, _as_is


def _is_spelled_anew(column: ComparedColumn) -> bool:
    """Say whether the new type read the old one's text, and spells the same value its own way."""
    return (column.old_type == "json" or _TEXTS.match(column.old_type) is not None) and (
        _READ.match(column.new_type) is not None
    )


def _works(connection: Connection, table: ComparedTable, column: str, form: _Form, *, now: bool) -> bool:
    reading = sql.SQL("SELECT pg_catalog.count({}) FROM {}").format(
        _hash(form(sql.Identifier("t", column))), _source(table, now=now)
    )
    try:
        with connection.transaction():
            connection.execute(reading)
    except psycopg.Error:
        return False
    return True


def _as_is(value: sql.Composable) -> sql.Composable:
    return value


def _cast(to: str) -> _Form:
    """Return a form by a type as format_type() wrote it, which quotes what has to be."""
    return lambda value: sql.SQL("{}::{}").format(value, sql.SQL(to))


def _number(value: sql.Composable) -> sql.Composable:
    return sql.SQL("pg_catalog.trim_scale({}::pg_catalog.numeric)::pg_catalog.text").format(value)


def _number_in_text(value: sql.Composable) -> sql.Composable:
    """Write the number a text stands for, but a code with leading zeros as it is."""
    return sql.SQL("CASE WHEN {0} ~ '^[+-]?0[0-9]' THEN {0}::pg_catalog.text ELSE {1} END").format(
        value, _number(sql.SQL("pg_catalog.btrim({}::pg_catalog.text)").format(value))
    )
