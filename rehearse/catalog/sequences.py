"""Where sequences stand beside the columns they fill."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, tuple_row

from rehearse.catalog.errors import RowsNotCounted
from rehearse.db.identity import identifier
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.identity import split
from rehearse.model.sequence import SequencePosition, sequence_columns

_BATCH = 50  # pairs asked of in one statement: round trips are saved, the server's lock table is not filled


def read_sequences(
    connection: psycopg.Connection[TupleRow], catalog: Catalog, tables: Collection[str]
) -> tuple[SequencePosition, ...]:
    """Return the position of each sequence that fills a column of these tables, in the order of the columns.

    Expects a connection that row security does not restrict, the catalog of the same moment, and tables no part of
    which is foreign. Raises RowsNotCounted.
    """
    pairs = tuple(pair for pair in sequence_columns(catalog) if pair[0].table in tables)
    found: list[SequencePosition] = []
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            for start in range(0, len(pairs), _BATCH):
                batch = pairs[start : start + _BATCH]
                asked = sql.SQL(" UNION ALL ").join(_asked(place, *pair) for place, pair in enumerate(batch))
                answers = cursor.execute(asked + sql.SQL(" ORDER BY 1")).fetchall()
                found += [_position(*batch[place], rest) for place, *rest in answers]
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error
    return tuple(found)


def _asked(place: int, column: CatalogObject, sequence: CatalogObject) -> sql.Composed:
    ascending = _increment(sequence) > 0
    return sql.SQL(
        "SELECT {place}, p.next, (SELECT pg_catalog.{furthest}({column}) FROM {table}), "
        "EXISTS (SELECT FROM {table} WHERE {column} = p.next) "
        "FROM (SELECT CASE WHEN is_called AND last_value <> {end} THEN last_value + {increment} ELSE last_value END"
        " AS next FROM {sequence}) AS p"
    ).format(
        place=sql.Literal(place),
        furthest=sql.SQL("max" if ascending else "min"),
        column=sql.Identifier(split(column.identity)[-1]),
        table=identifier(column.table or ""),
        increment=sql.Literal(_increment(sequence)),
        end=sql.Literal(int(sequence.text("maximum" if ascending else "minimum"))),
        sequence=identifier(sequence.identity),
    )


def _position(column: CatalogObject, sequence: CatalogObject, told: Sequence[int]) -> SequencePosition:
    next_value, furthest, is_taken = told
    return SequencePosition(
        sequence=sequence.identity,
        column=column.identity,
        physical=column.physical,
        next_value=next_value,
        ascending=_increment(sequence) > 0,
        furthest=furthest,
        is_taken=bool(is_taken),
    )


def _increment(sequence: CatalogObject) -> int:
    return int(sequence.text("increment"))
