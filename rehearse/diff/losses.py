"""What is not as it was: of two states of one database, by name."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.diff.schema import differences
from rehearse.diff.sentences import sentence
from rehearse.model.change import SchemaChange
from rehearse.model.downgrade import Loss, State, TableContents
from rehearse.model.identity import quoted
from rehearse.model.quantity import rows

_ORDER = "column_order"  # a column that was added again stands last: nothing is lost by that


def losses(before: State, after: State, *, upgraded_again: bool = False) -> tuple[Loss, ...]:
    """Return how a state differs from an earlier one: objects, rows, values; version tables left out."""
    versions = {*before.heads, *after.heads}
    changed = [
        change
        for change in differences(before.catalog, after.catalog)
        if not {change.object, change.table} & versions and (change.before or {}).keys() != {_ORDER}
    ]
    whole = {change.object for change in changed if change.kind == "table" and change.action != "altered"}
    found = [
        *(_of_schema(change) for change in changed if change.kind == "table" or change.table not in whole),
        *(
            loss
            for table in sorted(before.contents.keys() & after.contents.keys())
            for loss in _of_table(table, before.contents[table], after.contents[table])
        ),
    ]
    return tuple(
        Loss(kind=kind, object=identity, table=table, told=told, upgraded_again=upgraded_again)
        for kind, identity, table, told in found
    )


_Found = tuple[str, str, str | None, str]


def _of_schema(change: SchemaChange) -> _Found:
    return change.kind, change.object, change.table, sentence(change)


def _of_table(table: str, before: TableContents, after: TableContents) -> Iterator[_Found]:
    if before.rows != after.rows:
        number = abs(before.rows - after.rows)
        verb = "gone" if after.rows < before.rows else "too many"
        yield "rows", table, table, f"{table}: {rows(number)} of {before.rows:,} {verb}"
        return
    common = sorted(before.columns.keys() & after.columns.keys())
    changed = [column for column in common if before.columns[column] != after.columns[column]]
    for column in changed:
        lost = before.columns[column].values - after.columns[column].values
        what = f"{lost:,} of {before.columns[column].values:,} values are NULL" if lost > 0 else "other values"
        yield "values", f"{table}.{quoted(column)}", table, f"{table}: column {quoted(column)}: {what}"
    if not changed and before.columns.keys() == after.columns.keys() and before.checksum != after.checksum:
        yield "values", table, table, f"{table}: the same values, in other rows"
