"""What a migration did to the data of a stage, found out from the database it was cloned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
from psycopg.rows import TupleRow

from rehearse import catalog
from rehearse.db.connect import connect_stage
from rehearse.diff.values import to_compare, with_roots
from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange, not_null_in
from rehearse.model.downgrade import TableContents
from rehearse.model.identity import split
from rehearse.model.stage import Stage
from rehearse.model.timeline import Timeline
from rehearse.model.values import ValueChange

Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The data of a stage before the migration: a database that still has it, else what was remembered of it."""

    conninfo: str | None
    catalog: Catalog
    contents: Mapping[str, TableContents]  # empty where there is a database


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChanges:
    """What became of it."""

    lost_values: Mapping[str, int]  # dropped column -> values that were not NULL
    nulls_before: Mapping[str, int]  # column that takes no NULL any more -> NULLs it held
    values: tuple[ValueChange, ...]


def remember(stage: Stage, conninfo: str | None, before: Catalog) -> Before:
    """Look at the data before a migration; where no clone keeps it, by counts and checksums of every column."""
    with connect_stage(stage.admin) as connection:
        contents = {} if conninfo else with_roots(before, catalog.read_contents(connection, before))
    return Before(conninfo=conninfo, catalog=before, contents=contents)


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
