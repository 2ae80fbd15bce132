"""An INSERT that the running release sends is refused from now on, because it leaves a column out."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.catalog import CatalogObject
from rehearse.model.change import SchemaChange, not_null_in
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted, split
from rehearse.model.naming import mentions, naming
from rehearse.model.partitions import told_once
from rehearse.model.quantity import rows
from rehearse.model.rehearsal import Rehearsal

FAMILY = Family.CONTRACT
HAZARDS = ("A12", "A13")
CONDITION = (
    "A table that existed before has a column that must have a value and gets none by itself: a new one without a "
    "default, or one that held NULLs; by NOT NULL or by CHECK (... IS NOT NULL), which also NOT VALID holds for every "
    "new row. A BEFORE trigger that writes the column fills it, too."
)
EFFECT = (
    "The release that is running while the migration is deployed does not give the column, and its INSERTs fail until "
    "the new one is live; so do those of the old release after a rollback."
)
REMEDY = (
    "Keep a default in the database until the old release is gone (op.alter_column(..., server_default=...); in Django "
    "db_default), and drop it with the next release."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for each column that old INSERTs do not fill; a table without rows is only noted."""
    rehearsal = evidence.rehearsal
    older = _older_tables(rehearsal)
    for change in told_once(rehearsal):
        if change.table in older:
            for column in _demanded(rehearsal, change):
                if not _is_filled(rehearsal, column):
                    yield _finding(evidence, change, column)


def _older_tables(rehearsal: Rehearsal) -> set[str]:
    """Return the tables that are older than the migration, by each name they had."""
    old = {found.physical: found.identity for found in rehearsal.before.of_kind("table")}
    new = {found.physical: found.identity for found in rehearsal.after.of_kind("table")}
    return {*old.values(), *(identity for physical, identity in new.items() if physical in old)}


def _demanded(rehearsal: Rehearsal, change: SchemaChange) -> Iterator[CatalogObject]:
    """Yield the columns that a change newly wants a value of, and old INSERTs are known not to give."""
    identities = not_null_in(change) if change.kind == "constraint" and change.action == "added" else ()
    if change.kind == "column" and (change.after or {}).get("not_null") is True:
        identities = (change.renamed_to or change.object,)
    for identity in identities:
        column = rehearsal.after.find("column", identity)
        if column is not None:
            known = rehearsal.before.find("column", change.object if change.kind == "column" else identity)
            if known is None or rehearsal.nulls_before.get(known.identity):
                yield column


def _is_filled(rehearsal: Rehearsal, column: CatalogObject) -> bool:
    if any(column.attributes.get(way) for way in ("default", "identity", "generated")):
        return True
    domain = rehearsal.after.find("domain", column.text("type"))
    if domain is not None and domain.attributes.get("default"):
        return True
    triggers = tuple(rehearsal.after.of_table("trigger", column.table))
    functions = {found.identity.partition("(")[0]: found for found in rehearsal.after.of_kind("function") if triggers}
    return any(
        " BEFORE " in trigger.text("definition")
        and any(
            f"{name}(" in trigger.text("definition") and mentions(function.text("source"), column.identity)
            for name, function in functions.items()
        )
        for trigger in triggers
    )


def _finding(evidence: Evidence, change: SchemaChange, column: CatalogObject) -> Finding:
    rehearsal = evidence.rehearsal
    statement = naming(rehearsal, column.identity)
    nulls = rehearsal.nulls_before.get(column.identity)
    count = rehearsal.row_count(column.table or "")
    empty = count is not None and count.production == 0
    why = f"{rows(nulls)} held NULL here before" if nulls else "the column is new and has no default"
    by = f" by the constraint {split(change.object)[-1]}" if change.kind == "constraint" else ""
    name = quoted(split(column.identity)[-1])
    return Finding(
        check="insert-refused",
        family=FAMILY,
        severity=Severity.NOTE if empty else Severity.WARN,
        step=statement.step if statement else None,
        object=column.identity,
        message=f"{column.identity} must have a value from now on{by}, and {why}: INSERTs of the running release that "
        "leave it out fail.",
        remedy=f"Keep a default until the old release is gone: ALTER TABLE {column.table} ALTER COLUMN {name} SET "
        f"DEFAULT ... (Alembic: op.alter_column({split(column.table or '')[-1]!r}, {split(column.identity)[-1]!r}, "
        "server_default=...)), and demand the value with the next release.",
        evidence={"sql": statement.sql if statement else None, "nulls_before": nulls, "type": column.text("type")},
    )
