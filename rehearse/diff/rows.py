"""Row counts before and after, with production's beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rehearse.model.change import RowCount, SchemaChange
from rehearse.model.facts import Facts, TableFacts


def row_counts(
    before: Mapping[str, int], after: Mapping[str, int], facts: Facts, changes: Iterable[SchemaChange] = ()
) -> tuple[RowCount, ...]:
    """Put the counts of each table side by side, sorted by table.

    A table that the schema's changes show as renamed is listed once, under its name before, unless
    another table has taken that name: then names count, as they do for the application.
    """
    renamed = {change.object: change.renamed_to for change in changes if change.renamed_to is not None}
    now = {table: _name_now(table, renamed) for table in before}
    now = {old: new for old, new in now.items() if old not in after and new not in before and new in after}
    tables = sorted({*before, *after} - set(now.values()))
    return tuple(_row_count(table, before.get(table), after.get(now.get(table, table)), facts) for table in tables)


def _name_now(table: str, renamed: Mapping[str, str]) -> str:
    """Follow a table through its own rename or that of its schema."""
    moved = (f"{new}{table[len(old) :]}" for old, new in renamed.items() if table.startswith(f"{old}."))
    return renamed.get(table) or next(moved, table)


def _row_count(table: str, before: int | None, after: int | None, facts: Facts) -> RowCount:
    production = _production(table, facts)
    rows = [found.rows for found in production]
    known = [number for number in rows if number is not None]
    complete = bool(rows) and len(known) == len(rows)
    return RowCount(
        table=table,
        before=before,
        after=after,
        production=sum(known) if complete else None,
        production_exact=complete and all(found.rows_exact for found in production),
    )


def _production(table: str, facts: Facts) -> tuple[TableFacts, ...]:
    """Return what holds the table's rows in production: itself, or the leaves of a partitioned root."""
    leaves = tuple(found for found in facts.tables if found.root == table and found.table != table)
    itself = facts.table(table)
    return leaves or ((itself,) if itself is not None else ())
