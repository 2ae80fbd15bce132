"""A table, column, function or schema that running code knows by its name has another name afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted
from rehearse.model.partitions import told_once

FAMILY = Family.CONTRACT
HAZARDS = ("E1",)
CONDITION = (
    "A table, view, materialized view, column, function or schema that existed before was renamed (proven by its oid), "
    "and nothing stands under its old name afterwards."
)
EFFECT = (
    "The release that is running while the migration is deployed still uses the old name, and fails until the new "
    "one is live; so does the old release after a rollback."
)
REMEDY = (
    "Expand, then contract: for a table rename it and create a view under the old name in the same transaction; for a "
    "column add the new one, keep both in step with a trigger, move the code, drop the old one a release later."
)
_KINDS = ("table", "view", "materialized-view", "column", "function", "schema")


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for each name that is gone; whether code depends on it, the database cannot know."""
    after = set(_names(evidence.rehearsal.after))
    for change in told_once(evidence.rehearsal):
        if change.kind in _KINDS and change.renamed_to and (change.kind == "column", change.object) not in after:
            yield _finding(evidence, change, change.renamed_to)


def _names(catalog: Catalog) -> Iterator[tuple[bool, str]]:
    """Yield whether it is a column, and the identity of all that can be named, columns of views included."""
    for found in catalog.objects:
        if found.kind in _KINDS:
            yield found.kind == "column", found.identity
        columns = found.attributes.get("columns")
        if found.kind in ("view", "materialized-view") and isinstance(columns, Sequence):
            for column in columns:
                if isinstance(column, Mapping):
                    yield True, f"{found.identity}.{quoted(str(column['name']))}"


def _finding(evidence: Evidence, change: SchemaChange, new_name: str) -> Finding:
    statement = evidence.statement_renaming(change.object)
    return Finding(
        check="name-changed",
        family=FAMILY,
        severity=Severity.WARN,
        step=statement.step if statement else None,
        object=change.object,
        message=f"{change.object} is renamed to {new_name}: queries of the running release that use the old name fail.",
        remedy=_remedy(change, new_name),
        evidence={"sql": statement.sql if statement else None, "renamed_to": new_name},
    )


def _remedy(change: SchemaChange, new_name: str) -> str:
    """Say how both names can be served until the old release is gone."""
    if change.kind in ("table", "view", "materialized-view"):
        return (
            f"Let the old name go on for a release: CREATE VIEW {change.object} AS TABLE {new_name}, in the "
            "transaction of the rename; INSERT, UPDATE and DELETE go through it, and it is dropped a release later."
        )
    if change.kind == "column":
        return (
            f"Expand, then contract: add {new_name}, keep it and {change.object} in step with a trigger, move the "
            f"code, drop {change.object} a release later."
        )
    return f"Keep {change.object} beside {new_name} until the old release is gone."
