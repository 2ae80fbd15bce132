"""Which rows of a table are looked at: a small one's all; of a large one spread pages, the newest and the longest."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.catalog.relations import Column, Table
from rehearse.sanitise import treatments

ROWS = 20_000
_VALUES = 24_000  # of all columns together
_SEEDS = (1, 2, 3)  # neighbouring pages look alike
_NEWEST = 2_000
_NEWEST_PAGES = 64
_PAGE = 8_192
_READ_WHOLE_UP_TO = 512 * _PAGE
_LONGEST = 20
_LONGEST_OF = 50_000  # rows
_COLUMNS_WITH_LONGEST = 4


def examined(table: Table, columns: list[Column], divisor: int = 1) -> Composable:
    """Return what FROM takes: rows of the columns, each once. `divisor` makes do with a part of them."""
    names = SQL(", ").join(SQL("t.{}").format(sql.Identifier(column.name)) for column in columns)
    most = max(min(ROWS, _VALUES // len(columns)) // divisor, 100)
    if table.heap_bytes <= _READ_WHOLE_UP_TO:
        return SQL("(SELECT {} FROM ONLY {} AS t LIMIT {})").format(names, table.name, sql.Literal(most))
    # an array of row addresses is a set: no row counts twice for what it holds
    return SQL("(SELECT {} FROM ONLY {} AS t WHERE t.ctid = ANY (ARRAY({})))").format(
        names, table.name, SQL(" UNION ALL ").join(_drawn(table, columns, most))
    )


def _drawn(table: Table, columns: list[Column], most: int) -> Iterator[Composed]:
    pages = table.heap_bytes // _PAGE
    rows = max(table.estimate or 0, pages)
    for seed in _SEEDS:
        yield SQL("(SELECT ctid FROM ONLY {} TABLESAMPLE SYSTEM ({}) REPEATABLE ({}) LIMIT {})").format(
            table.name, _percent(most // len(_SEEDS), rows), sql.Literal(seed), sql.Literal(most // len(_SEEDS))
        )
    yield SQL("(SELECT ctid FROM ONLY {} WHERE ctid >= {}::pg_catalog.tid ORDER BY ctid DESC LIMIT {})").format(
        table.name, sql.Literal(f"({max(0, pages - _NEWEST_PAGES)},0)"), sql.Literal(min(_NEWEST, most))
    )
    varying = [column for column in columns if treatments.base_name(column.base) not in treatments.NUMBERS]
    for column in varying[:_COLUMNS_WITH_LONGEST]:
        yield SQL(
            "(SELECT ctid FROM ONLY {} TABLESAMPLE SYSTEM ({}) REPEATABLE (4) "
            "ORDER BY pg_catalog.pg_column_size({}) DESC NULLS LAST LIMIT {})"
        ).format(
            table.name, _percent(min(_LONGEST_OF, most * 3), rows), sql.Identifier(column.name), sql.Literal(_LONGEST)
        )


def _percent(wanted: int, rows: int) -> Composable:
    return sql.Literal(min(100.0, 110 * wanted / rows))
