"""What a sample cannot prove: that the rows left in production satisfy what a migration newly demands of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rehearse.model.change import SchemaChange
from rehearse.model.quantity import count
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Statement

_FOREIGN_KEY_VIOLATION = "23503"
_REFERENCES = re.compile(r'\bREFERENCES\s+((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)', re.IGNORECASE)
_CONSTRAINT = re.compile(r'constraint "([^"]+)"')
# Type changes that take every value (the casts are implicit or assignment casts without loss; manual 10.4)
_WIDER = {
    "smallint": ("integer", "bigint", "numeric"),
    "integer": ("bigint", "numeric"),
    "bigint": ("numeric",),
    "real": ("double precision",),
    "date": ("timestamp without time zone", "timestamp with time zone"),
    "timestamp without time zone": ("timestamp with time zone",),
    "timestamp with time zone": ("timestamp without time zone",),
}
_LENGTH = re.compile(r"^(?:character varying|character|bit varying|bit)\((\d+)\)$")


def demands(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield a sentence for each new demand on a table of which the stage held a sample only."""
    for change in rehearsal.changes:
        table = change.table
        if table is None or rehearsal.is_whole(table) or not _held_rows(rehearsal, table):
            continue
        demand, query = _demand(rehearsal, change, table)
        if demand:
            yield (
                f"{demand} was proven on a sample of {table} ({_held_rows(rehearsal, table)}); production's other rows "
                f"were not asked. {query}Rehearse with more --rows to have the table whole."
            )


def parent_is_sampled(rehearsal: Rehearsal, statement: Statement | None) -> str | None:
    """Return the sampled table in which a violated foreign key looks for parents that only production may have."""
    if statement is None or statement.sqlstate != _FOREIGN_KEY_VIOLATION:
        return None
    named = [match.replace('"', "") for match in _REFERENCES.findall(statement.sql)]
    constraint = _CONSTRAINT.search(statement.message or "")
    if constraint:
        known = [*rehearsal.before.of_kind("constraint"), *rehearsal.after.of_kind("constraint")]
        named += [
            found.text("references") for found in known if found.identity.rpartition(".")[2].strip('"') == constraint[1]
        ]
    tables = [found.table for found in rehearsal.row_counts if found.before]
    parents = [table for table in tables for name in named if table in (name, f"public.{name}") or table == name]
    return next((table for table in parents if not rehearsal.is_whole(table)), None)


def _held_rows(rehearsal: Rehearsal, table: str) -> str:
    found = next((found for found in rehearsal.row_counts if found.table == table and found.before is not None), None)
    if found is None or found.production == 0:
        return ""
    production = "an unknown number" if found.production is None else count(found.production)
    return f"{count(found.before or 0)} of {production} rows"


def _demand(rehearsal: Rehearsal, change: SchemaChange, table: str) -> tuple[str, str]:
    """Return what a change demands of the rows there were, and the query that finds offenders; empty: nothing."""
    before, after = change.before or {}, change.after or {}
    if change.kind == "column" and change.action == "altered":
        name = change.object.removeprefix(f"{table}.")
        if after.get("not_null") is True and not _is_checked(rehearsal, table, name):
            return f"NOT NULL of {name}", _ask("SELECT 1", table, f"WHERE {name} IS NULL LIMIT 1")
        if "type" in after and not _takes_every_value(str(before.get("type")), str(after["type"])):
            return f"That every value of {name} fits {after['type']}", ""
    if change.kind == "index" and change.action == "added" and after.get("unique") is True:
        return _unique(rehearsal, change, table, str(after.get("definition", "")))
    if change.kind == "constraint" and after.get("validated") is True:
        return _constraint(rehearsal, change, table)
    return "", ""


def _constraint(rehearsal: Rehearsal, change: SchemaChange, table: str) -> tuple[str, str]:
    found = rehearsal.after.find("constraint", change.renamed_to or change.object)
    if found is None or found.text("type") in ("primary key", "unique"):  # their index tells
        return "", ""
    name, definition = found.identity.rpartition(".")[2], found.text("definition")
    if _names_new_column(rehearsal, table, definition):
        return "", ""
    offenders = ""
    if found.text("type") == "check":
        offenders = _ask("SELECT 1", table, f"WHERE NOT {definition.removeprefix('CHECK ')} LIMIT 1")
    return f"The {found.text('type')} constraint {name}", offenders


def _unique(rehearsal: Rehearsal, change: SchemaChange, table: str, definition: str) -> tuple[str, str]:
    columns = definition.partition(" USING ")[2].partition("(")[2].partition(") WHERE ")[0].removesuffix(")")
    columns = columns.partition(") INCLUDE (")[0]
    if _names_new_column(rehearsal, table, columns) or _covers_key(rehearsal, table, columns.split(", ")):
        return "", ""
    name = change.object.rpartition(".")[2]
    query = _ask(f"SELECT {columns}", table, f"GROUP BY {columns} HAVING count(*) > 1 LIMIT 1")
    return f"That {name} has no duplicates", query


def _covers_key(rehearsal: Rehearsal, table: str, columns: Sequence[str]) -> bool:
    """Say whether the columns hold a key that production has already."""
    keys = (
        found.attributes.get("columns")
        for found in rehearsal.before.of_kind("constraint")
        if found.table == table and found.text("type") in ("primary key", "unique")
    )
    return any(isinstance(key, Sequence) and set(key) <= set(columns) for key in keys)


def _is_checked(rehearsal: Rehearsal, table: str, column: str) -> bool:
    """Say whether production has a valid CHECK that the column is not null."""
    return any(
        found.table == table
        and found.attributes.get("validated") is True
        and f"{column} IS NOT NULL" in found.text("definition")
        for found in rehearsal.before.of_kind("constraint")
    )


def _names_new_column(rehearsal: Rehearsal, table: str, text: str) -> bool:
    """Say whether a definition is about a column that the migration itself has filled."""
    added = (
        change.object.removeprefix(f"{table}.")
        for change in rehearsal.changes
        if change.kind == "column" and change.action == "added" and change.table == table
    )
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in added)


def _takes_every_value(before: str, after: str) -> bool:
    """Say whether any value of one type is one of the other.

    >>> _takes_every_value("integer", "bigint"), _takes_every_value("character varying(20)", "character varying(10)")
    (True, False)
    """
    if after in ("text", "character varying", "citext") or after in _WIDER.get(before, ()):
        return True
    old, new = _LENGTH.match(before), _LENGTH.match(after)
    return bool(old and new and int(old[1]) <= int(new[1])) or before == after


def _ask(what: str, table: str, which: str) -> str:
    """Word a query for people to run; it is never sent by us."""
    return f"Ask production: {what} FROM {table} {which}; it must find no row. "
