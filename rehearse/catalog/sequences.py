"""Where sequences stand beside the columns they fill."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

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
    try:
        return tuple(
            _with_taken(connection, found) if found.is_behind else found for found in _positions(connection, pairs)
        )
    except psycopg.Error as error:
        raise RowsNotCounted(error) from error


def _positions(
    connection: psycopg.Connection[TupleRow], pairs: Sequence[tuple[CatalogObject, CatalogObject]]
) -> Iterator[SequencePosition]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        for start in range(0, len(pairs), _BATCH):
            batch = pairs[start : start + _BATCH]
            asked = sql.SQL(" UNION ALL ").join(_asked(place, *pair) for place, pair in enumerate(batch))
            for place, next_value, furthest in cursor.execute(asked + sql.SQL(" ORDER BY 1")).fetchall():
                column, sequence = batch[place]
                yield SequencePosition(
                    sequence=sequence.identity,
                    table=column.table or "",
                    column=column.identity,
                    physical=column.physical,
                    next_value=next_value,
                    ascending=_increment(sequence) > 0,
                    furthest=furthest,
                )


def _asked(place: int, column: CatalogObject, sequence: CatalogObject) -> sql.Composed:
    ascending = _increment(sequence) > 0
    return sql.SQL(
        "SELECT {place}, CASE WHEN s.is_called AND s.last_value <> {end} THEN s.last_value + {increment} "
        "ELSE s.last_value END, (SELECT pg_catalog.{furthest}({column}) FROM {table}) FROM {sequence} AS s"
    ).format(
        place=sql.Literal(place),
        furthest=sql.SQL("max" if ascending else "min"),
        column=sql.Identifier(split(column.identity)[-1]),
        table=identifier(column.table or ""),
        increment=sql.Literal(_increment(sequence)),
        end=sql.Literal(int(sequence.text("maximum" if ascending else "minimum"))),
        sequence=identifier(sequence.identity),
    )


def _with_taken(connection: psycopg.Connection[TupleRow], found: SequencePosition) -> SequencePosition:
    taken = sql.SQL("SELECT FROM {} WHERE {} = {} LIMIT 1").format(
        identifier(found.table), sql.Identifier(split(found.column)[-1]), found.next_value
    )
    return replace(found, is_taken=connection.execute(taken).fetchone() is not None)


def _increment(sequence: CatalogObject) -> int:
    return int(sequence.text("increment"))
