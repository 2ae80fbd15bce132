"""What a migration did to the data of a stage, found out from the database it was cloned from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
from psycopg.rows import TupleRow

from rehearse import catalog
from rehearse.db.connect import connect_stage
from rehearse.diff.values import to_compare, with_roots
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import SchemaChange, not_null_in
from rehearse.model.downgrade import TableContents
from rehearse.model.identity import split
from rehearse.model.stage import Stage
from rehearse.model.timeline import Timeline
from rehearse.model.values import SequenceMove, ValueChange

_INTEGERS = ("smallint", "integer", "bigint")

Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The data of a stage before the migration: a database that still has it, else what was remembered of it."""

    conninfo: str | None
    catalog: Catalog
    contents: Mapping[str, TableContents]  # empty where there is a database
    positions: Mapping[str, int]  # what each sequence hands out next


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChanges:
    """What became of it."""

    lost_values: Mapping[str, int]  # dropped column -> values that were not NULL
    nulls_before: Mapping[str, int]  # column that takes no NULL any more -> NULLs it held
    values: tuple[ValueChange, ...]
    sequences: tuple[SequenceMove, ...]


def remember(stage: Stage, conninfo: str | None, before: Catalog) -> Before:
    """Look at the data before a migration; where no clone keeps it, by counts and checksums of every column."""
    with connect_stage(stage.admin) as connection:
        contents = {} if conninfo else with_roots(before, catalog.read_contents(connection, before))
        positions = catalog.read_positions(connection, before)
    return Before(conninfo=conninfo, catalog=before, contents=contents, positions=positions)


def compare(
    stage: Stage,
    before: Before,
    after: Catalog,
    changes: Sequence[SchemaChange],
    timeline: Timeline,
    *,
    apart: frozenset[str],
) -> DataChanges:
    """Tell what became of the data. Tables named in `apart` are a tool's books, and change by design."""
    seen = stage.observation == "exact" and timeline.complete
    tables = to_compare(before.catalog, after, timeline, seen=seen, apart=apart)
    with ExitStack() as stack:
        now = stack.enter_context(connect_stage(stage.admin))
        original = stack.enter_context(connect_stage(before.conninfo)) if before.conninfo else None
        return DataChanges(
            lost_values=_values(original, before, _dropped(changes)),
            nulls_before=_nulls(original, before, _newly_not_null(before.catalog, changes)),
            values=catalog.value_changes(tables, now, before=original, remembered=before.contents),
            sequences=tuple(_moved(now, before, after)),
        )


def _dropped(changes: Sequence[SchemaChange]) -> Mapping[str, str]:
    """Return the columns that are gone from tables that are not, or are there anew, unless they computed values."""
    tables = [change for change in changes if change.kind == "table"]
    anew = {change.object for change in tables if change.action == "added"}
    gone = {change.object for change in tables if change.action == "removed"} - anew
    return {
        change.object: change.table
        for change in changes
        if change.kind == "column" and change.action == "removed" and change.table is not None
        if change.table not in gone and change.before is not None and not change.before.get("generated")
    }


def _newly_not_null(before: Catalog, changes: Sequence[SchemaChange]) -> Mapping[str, str]:
    """Return the columns there were that take no NULL any more, by NOT NULL or by a CHECK that says so."""
    refusing = {
        change.object
        for change in changes
        if change.kind == "column" and (change.before or {}).get("not_null") is False
        if (change.after or {}).get("not_null") is True
    }
    for change in changes:
        if change.kind == "constraint" and change.action == "added":
            refusing.update(not_null_in(change))
    return {
        found.identity: found.table
        for found in before.of_kind("column")
        if found.identity in refusing and found.table is not None
    }


def _values(original: Connection | None, before: Before, columns: Mapping[str, str]) -> Mapping[str, int]:
    """Count the values of columns as they were."""
    if original is not None:
        return catalog.count_values(original, columns) if columns else {}
    return {
        column: before.contents[table].columns[split(column)[-1]].values
        for column, table in columns.items()
        if table in before.contents
    }


def _nulls(original: Connection | None, before: Before, columns: Mapping[str, str]) -> Mapping[str, int]:
    if original is not None:
        return catalog.count_nulls(original, columns) if columns else {}
    values = _values(None, before, columns)
    return {column: before.contents[columns[column]].rows - number for column, number in values.items()}


def _moved(now: Connection, before: Before, after: Catalog) -> Iterator[SequenceMove]:
    """Yield the sequences that stand before where they stood, in the direction they count."""
    positions = catalog.read_positions(now, after)
    for old in before.catalog.of_kind("sequence"):
        new = _successor(old, after)
        if new is None or old.attributes.get("cycle"):
            continue
        old_next, new_next = before.positions[old.identity], positions[new.identity]
        descending = int(new.text("increment")) < 0
        if (new_next > old_next) if descending else (new_next < old_next):
            column = after.find("column", new.text("owned_by") or _numbered(new, after))
            yield SequenceMove(
                sequence=old.identity,
                now=new.identity,
                old_next=old_next,
                new_next=new_next,
                column=column.identity if column else None,
                highest=_highest(now, column, descending=descending),
            )


def _successor(old: CatalogObject, after: Catalog) -> CatalogObject | None:
    """Return the same sequence, else the one of its name, else the one that numbers its column."""
    owner = old.text("owned_by")
    found = list(after.of_kind("sequence"))
    same = [new for new in found if new.physical == old.physical]
    namesakes = [new for new in found if new.identity == old.identity]
    heirs = [new for new in found if owner and new.text("owned_by") == owner]
    return next(iter((*same, *namesakes, *heirs)), None)


def _highest(now: Connection, column: CatalogObject | None, *, descending: bool) -> int | None:
    if column is None or column.table is None or column.text("type") not in _INTEGERS:
        return None
    return catalog.highest(now, column.table, column.identity, descending=descending)


def _numbered(sequence: CatalogObject, after: Catalog) -> str:
    """Return the column whose default draws from a sequence that no column owns."""
    call = f"nextval('{sequence.identity}'"
    return next((found.identity for found in after.of_kind("column") if call in found.text("default")), "")
