"""A key by which rows are told apart, matched or replicated is dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rehearse.model.catalog import CatalogObject
from rehearse.model.change import SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.json import JSON
from rehearse.model.naming import naming
from rehearse.model.partitions import told_once
from rehearse.model.rehearsal import Rehearsal

FAMILY = Family.CONTRACT
HAZARDS = ("C16", "E17")
CONDITION = (
    "A primary key, unique constraint or unique index was dropped by name from a table that is still there, and no "
    "other unique index covers the same columns; or a table that a publication publishes has no replica identity any "
    "more. A foreign key that was dropped, and that no other one replaces, is only noted; what went along with a "
    "column, dropped-along tells."
)
EFFECT = (
    "INSERT ... ON CONFLICT (columns) of the running release fails, and duplicates come in that the key can never be "
    "put back over; UPDATE and DELETE of a published table without replica identity fail."
)
REMEDY = (
    "Build the new unique index first (CREATE UNIQUE INDEX CONCURRENTLY), drop the old one when no code names its "
    "columns; for a published table ALTER TABLE ... REPLICA IDENTITY USING INDEX before its key goes."
)
_UNIQUE = ("primary key", "unique")
_ON_COLUMNS = re.compile(
    r" USING \w+ \((?P<columns>.*?)\)(?: INCLUDE \(.*?\))?(?: NULLS NOT DISTINCT)?(?P<where> WHERE .*)?$"
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for a published table whose UPDATEs fail, a warning for a key, a note for a foreign key."""
    rehearsal = evidence.rehearsal
    if rehearsal.publications:
        touched = {change.table for change in rehearsal.changes if change.kind in ("index", "table")}
        for old in rehearsal.before.of_kind("table"):
            table = _now(rehearsal, old) if old.identity in touched else None
            publication = _refusing(rehearsal, old, table) if table is not None else ""
            if table is not None and publication:
                yield _unidentified(rehearsal, table, publication)
    for change in told_once(rehearsal):
        if change.action == "removed" and change.table and rehearsal.after.find("table", change.table):
            yield from _of_key(rehearsal, change, change.table)


def _of_key(rehearsal: Rehearsal, change: SchemaChange, table: str) -> Iterator[Finding]:
    told = change.before or {}
    statement = naming(rehearsal, change.object, r"\bDROP\b")
    if statement is None:
        return
    if change.kind == "constraint" and told.get("type") == "foreign key" and not _is_replaced(rehearsal, told, table):
        yield Finding(
            check="key-dropped",
            family=FAMILY,
            severity=Severity.NOTE,
            step=statement.step,
            object=change.object,
            message=f"The foreign key {change.object} is gone: rows of {table} may name rows of "
            f"{told.get('references')} that do not exist from now on.",
            remedy=f"If it is to come back: ALTER TABLE {table} ADD {told.get('definition')} NOT VALID, then VALIDATE.",
            evidence={"sql": statement.sql, "definition": told.get("definition")},
        )
    columns = _columns(change.kind, told.get("type"), told.get("columns"), told)
    left = {found.identity for found in rehearsal.after.of_table("column", table)}
    is_about_them = all(f"{table}.{column}" in left for column in columns)  # else column-dropped tells what matters
    if columns and is_about_them and not any(columns == other for other in _unique_after(rehearsal, table)):
        yield Finding(
            check="key-dropped",
            family=FAMILY,
            severity=Severity.WARN,
            step=statement.step,
            object=change.object,
            message=f"{change.object} is gone, and nothing else keeps ({', '.join(sorted(columns))}) of {table} "
            "unique: INSERT ... ON CONFLICT on these columns fails, and duplicates are accepted.",
            remedy=f"Build what takes its place first: CREATE UNIQUE INDEX CONCURRENTLY ON {table} "
            f"({', '.join(sorted(columns))}); drop {change.object} when no running code relies on it.",
            evidence={"sql": statement.sql, "columns": sorted(columns)},
        )


def _is_replaced(rehearsal: Rehearsal, told: Mapping[str, JSON], table: str) -> bool:
    """Say whether another foreign key leads from the same columns, or from these and more, to the same table."""
    return any(
        found.text("references") == told.get("references")
        and {*_listed(told.get("columns"))} <= {*_listed(found.attributes.get("columns"))}
        for found in rehearsal.after.of_table("constraint", table)
        if found.text("type") == "foreign key"
    )


def _listed(columns: JSON) -> tuple[str, ...]:
    return tuple(str(column) for column in columns) if isinstance(columns, list | tuple) else ()


def _columns(kind: str, of_type: JSON, columns: JSON, told: object) -> frozenset[str]:
    """Return the columns that were unique together; none for what was no key of the whole table."""
    if kind == "constraint" and of_type in _UNIQUE:
        return frozenset(_listed(columns))
    if kind == "index" and isinstance(told, dict) and told.get("unique") is True and not told.get("constraint"):
        return _of_index(str(told.get("definition")))
    return frozenset()


def _of_index(definition: str) -> frozenset[str]:
    """Return the columns of an index over the whole table.

    >>> sorted(_of_index("CREATE UNIQUE INDEX i ON public.t USING btree (a, b DESC) INCLUDE (c)"))
    ['a', 'b']
    """
    match = _ON_COLUMNS.search(definition)
    if match is None or match["where"]:
        return frozenset()
    return frozenset(part.split(" ")[0] for part in match["columns"].split(", "))


def _unique_after(rehearsal: Rehearsal, table: str) -> Sequence[frozenset[str]]:
    return [
        _of_index(found.text("definition"))
        for found in rehearsal.after.of_table("index", table)
        if found.attributes.get("unique") is True and found.attributes.get("valid") is True
    ]


def _now(rehearsal: Rehearsal, old: CatalogObject) -> CatalogObject | None:
    return next((found for found in rehearsal.after.of_kind("table") if found.physical == old.physical), None)


def _refusing(rehearsal: Rehearsal, old: CatalogObject, table: CatalogObject) -> str:
    """Return a publication on whose behalf UPDATE and DELETE of the table fail, and did not before."""
    if not _is_identified(rehearsal.before.objects, old) or _is_identified(rehearsal.after.objects, table):
        return ""
    return next(
        (
            found.identity
            for found in rehearsal.publications
            if (found.attributes.get("update") or found.attributes.get("delete")) and _publishes(found, old.identity)
        ),
        "",
    )


def _is_identified(objects: Sequence[CatalogObject], table: CatalogObject) -> bool:
    identity = table.text("replica_identity")
    indexes = [found for found in objects if found.kind == "index" and found.table == table.identity]
    wanted = {"default": "primary", "index": "replica_identity"}.get(identity)
    return identity == "full" or any(found.attributes.get(wanted or "") is True for found in indexes)


def _publishes(publication: CatalogObject, table: str) -> bool:
    tables, schemas = publication.attributes.get("tables"), publication.attributes.get("schemas")
    members = _listed(tables)
    return (
        publication.attributes.get("all_tables") is True
        or any(member == table or member.startswith((f"{table} (", f"{table} where")) for member in members)
        or table.rpartition(".")[0] in _listed(schemas)
    )


def _unidentified(rehearsal: Rehearsal, table: CatalogObject, publication: str) -> Finding:
    statement = naming(rehearsal, table.identity)
    return Finding(
        check="key-dropped",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=statement.step if statement else None,
        object=table.identity,
        message=f"{table.identity} has no replica identity any more, and {publication} publishes its changes: every "
        "UPDATE and DELETE of it fails.",
        remedy=f"Give it one before the key goes, in the same transaction: ALTER TABLE {table.identity} REPLICA "
        "IDENTITY USING INDEX ..., or FULL, which writes whole rows to the log.",
        evidence={"sql": statement.sql if statement else None, "publication": publication},
    )
