"""Something went along with what was dropped, and no statement says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.change import SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import split
from rehearse.model.naming import mentions, naming
from rehearse.model.partitions import told_once
from rehearse.model.quantity import listing
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Statement

FAMILY = Family.LOSS
HAZARDS = ("E3", "E4")
CONDITION = (
    "A view, function, constraint, index, trigger, policy, rule or statistics object is gone, though no statement "
    "names it and its table is still there: CASCADE took it, or a column it needed was dropped. What was about dropped "
    "columns only, and what was created again alike, does not count."
)
EFFECT = (
    "Rows are no longer unique, checked, filtered or kept in step, queries over the columns that are left read whole "
    "tables, views and functions are missing; nothing said so when the migration ran."
)
REMEDY = (
    "Drop it in a statement of its own if it should go; otherwise create it again without the column in the same "
    "transaction, an index beforehand with CREATE INDEX CONCURRENTLY."
)
_GRAVE = ("view", "materialized-view", "function", "aggregate", "constraint", "trigger", "policy", "rule")
_KINDS = (*_GRAVE, "index", "statistics")
_RELATIONS = ("table", "view", "materialized-view", "foreign-table")


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for what guards or serves data, a warning for an index, a note for what follows of itself."""
    rehearsal = evidence.rehearsal
    gone = {
        change.object for change in rehearsal.changes if change.kind in _RELATIONS and change.action == "removed"
    } - {found.identity for kind in _RELATIONS for found in rehearsal.after.of_kind(kind)}
    for change in told_once(rehearsal):
        is_part_of_gone = change.table in gone and change.table != change.object
        if change.kind in _KINDS and change.action == "removed" and not is_part_of_gone:
            severity = _severity(rehearsal, change, gone)
            if severity is not None:
                yield _finding(rehearsal, change, gone, severity)


def _severity(rehearsal: Rehearsal, change: SchemaChange, gone: set[str]) -> Severity | None:
    """Return how grave it is that an object went along; None: somebody said so, or nothing is missing."""
    told = change.before or {}
    if _is_said(rehearsal, change) or _is_there_again(rehearsal, change):
        return None
    if change.kind == "index" and told.get("constraint"):  # the constraint tells
        return None
    columns = _dropped_columns(rehearsal, change)
    if change.kind in ("index", "constraint", "statistics") and columns and not _survivors(rehearsal, change):
        return None
    if told.get("type") == "foreign key" and told.get("references") in gone:
        return Severity.NOTE
    if change.kind == "statistics":
        return Severity.NOTE
    return Severity.BLOCK if change.kind in _GRAVE or told.get("unique") is True else Severity.WARN


def _is_said(rehearsal: Rehearsal, change: SchemaChange) -> bool:
    return naming(rehearsal, change.object.partition("(")[0], r"\b(?:DROP|RENAME)\b") is not None


def _is_there_again(rehearsal: Rehearsal, change: SchemaChange) -> bool:
    """Say whether the table has another object of the kind that does the same under another name."""
    meaning = _meaning(change.object, str((change.before or {}).get("definition", "")))
    return bool(meaning) and any(
        _meaning(found.identity, found.text("definition")) == meaning
        for found in rehearsal.after.of_kind(change.kind)
        if found.table == change.table
    )


def _meaning(identity: str, definition: str) -> str:
    """Return a definition without the object's own name."""
    return re.sub(rf"(?<![\w$]){re.escape(split(identity)[-1])}(?![\w$])", "", definition)


def _dropped_columns(rehearsal: Rehearsal, change: SchemaChange) -> tuple[str, ...]:
    """Return the dropped columns that the object's definition names."""
    return tuple(
        split(found.object)[-1]
        for found in rehearsal.changes
        if found.kind == "column" and found.action == "removed" and found.table == change.table
        if mentions(_about(change), found.object)
    )


def _survivors(rehearsal: Rehearsal, change: SchemaChange) -> tuple[str, ...]:
    """Return the columns that are still there and that the object was about, too."""
    left = {found.identity for found in rehearsal.after.of_kind("column") if found.table == change.table}
    columns = (found.identity for found in rehearsal.before.of_kind("column") if found.table == change.table)
    return tuple(column for column in columns if column in left and mentions(_about(change), column))


def _about(change: SchemaChange) -> str:
    """Return the part of a definition that names columns of the object's own table."""
    told = change.before or {}
    definition = str(told.get("definition", ""))
    if change.kind == "index":
        return definition.partition(" USING ")[2]
    if change.kind == "statistics":
        return definition.partition(" ON ")[2].partition(" FROM ")[0]
    return definition.partition(" REFERENCES ")[0]


def _finding(rehearsal: Rehearsal, change: SchemaChange, gone: set[str], severity: Severity) -> Finding:
    kind = change.kind.replace("-", " ")
    statement, cause = _origin(rehearsal, change)
    definition = (change.before or {}).get("definition")
    return Finding(
        check="dropped-along",
        family=FAMILY,
        severity=severity,
        step=statement.step if statement else None,
        object=change.object,
        message=f"The {kind} {change.object} is gone{cause}, and no statement names it{_consequence(change)}.",
        remedy=_remedy(rehearsal, change, gone),
        evidence={
            "sql": statement.sql if statement else None,
            "kind": change.kind,
            "definition": definition,
        },
    )


def _origin(rehearsal: Rehearsal, change: SchemaChange) -> tuple[Statement | None, str]:
    """Return the statement it went along with: of a column it needed, of its table, else the first with CASCADE."""
    for column in _dropped_columns(rehearsal, change):
        statement = naming(rehearsal, column, r"\bDROP\b")
        return statement, f" with the column {column}"
    if _is_remade(rehearsal, change.table):
        return naming(rehearsal, change.table or "", r"\bDROP\b"), f", for {change.table} was made anew without it"
    cascades = (
        found
        for found in rehearsal.timeline.statements
        if re.search(r"\bDROP\b.*\bCASCADE\b", found.sql, re.IGNORECASE | re.DOTALL)
    )
    statement = next(cascades, None)
    return statement, ", taken by CASCADE" if statement else ""


def _is_remade(rehearsal: Rehearsal, table: str | None) -> bool:
    old, new = (
        [found for found in catalog.objects if found.identity == table and found.kind in _RELATIONS]
        for catalog in (rehearsal.before, rehearsal.after)
    )
    return bool(old and new and old[0].physical != new[0].physical)


def _consequence(change: SchemaChange) -> str:
    told = change.before or {}
    if change.kind in ("constraint", "index") and (told.get("type") in ("unique", "primary key") or told.get("unique")):
        return ": duplicates come in, and ON CONFLICT on it fails"
    return {
        "constraint": ": rows it refused come in",
        "trigger": ": what it did for each row is not done any more",
        "policy": ": other rows are to be seen than before",
        "index": ": queries that used it read the whole table",
        "view": ": who reads it fails",
        "materialized-view": ": who reads it fails",
    }.get(change.kind, "")


def _remedy(rehearsal: Rehearsal, change: SchemaChange, gone: set[str]) -> str:
    """Say how to have it again: as it was, unless it read what is gone."""
    definition = str((change.before or {}).get("definition", ""))
    lost = tuple(
        found.object
        for found in rehearsal.changes
        if found.action == "removed" and mentions(definition, found.object)
        if (found.object in gone and found.object != change.object)
        or (found.kind == "column" and found.table not in gone)
    )
    again = (
        f" without what it read and is gone ({listing(lost)}) in the same transaction; what it was stands in the "
        "evidence (--format json)"
        if lost and change.kind in (*_RELATIONS, "function", "aggregate")
        else f" in the same transaction: {_again(change)}"
    )
    return f"If it should go, DROP it by name; otherwise create it again{again}."


def _again(change: SchemaChange) -> str:
    told = change.before or {}
    definition = " ".join(str(told.get("definition", "")).split())
    if change.kind == "constraint":
        return f"ALTER TABLE {change.table} ADD {definition}"
    if change.kind in ("view", "materialized-view"):
        return f"CREATE {change.kind.replace('-', ' ').upper()} {change.object} AS {definition}".rstrip(";")
    return definition or f"CREATE {change.kind.upper()} {change.object} ..."
