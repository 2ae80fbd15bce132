"""A foreign key refers from columns that no index leads with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import split
from rehearse.model.index import valid_indexes
from rehearse.model.offenders import columns_of
from rehearse.model.quantity import rows
from rehearse.model.timeline import WorkKind

FAMILY = Family.HYGIENE
HAZARDS = ("C8",)
CONDITION = (
    "A foreign key is new, or the index it had is gone, and no valid index of the referring table begins with its "
    "columns. Foreign keys that had none before are not told."
)
EFFECT = (
    "Every DELETE of a row of the referenced table, and every UPDATE of its key, reads the whole referring table to "
    "look for references, once for each row, with the row locked."
)
REMEDY = "Build the index before the foreign key: CREATE INDEX CONCURRENTLY ON the referring table (its columns)."


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning where reading the referring table once takes longer than the policy allows, else a note."""
    rehearsal = evidence.rehearsal
    bare_before = {key.physical for key in _without_index(rehearsal.before)}
    before = {key.physical for key in _foreign_keys(rehearsal.before)}
    new = {key.physical for key in rehearsal.created("constraint")}
    for key in _without_index(rehearsal.after):
        if key.physical in new or key.physical in before - bare_before:
            yield _finding(evidence, key, is_new=key.physical in new)


def _foreign_keys(catalog: Catalog) -> Iterator[CatalogObject]:
    return (found for found in catalog.of_kind("constraint") if found.text("type") == "foreign key")


def _without_index(catalog: Catalog) -> Iterator[CatalogObject]:
    for key in _foreign_keys(catalog):
        columns = columns_of(key)
        if not any(shape.leads_with(columns) for _, shape in valid_indexes(catalog, key.table or "")):
            yield key


def _finding(evidence: Evidence, key: CatalogObject, *, is_new: bool) -> Finding:
    table, parent, columns = key.table or "", key.text("references"), ", ".join(columns_of(key))
    name = split(key.identity)[-1]
    statement = evidence.statement_creating(key.identity) if is_new else evidence.statement_dropping(table)
    number = _production_rows(evidence, table)
    told = "an unknown number of rows" if number is None else rows(number)
    lost = "has no index" if is_new else "has lost its index"
    return Finding(
        check="foreign-key-without-index",
        family=FAMILY,
        severity=Severity.WARN if _is_large(evidence, table, number) else Severity.NOTE,
        step=statement.step if statement else None,
        object=key.identity,
        message=f"The foreign key {name} of {table} ({columns}) {lost}: each row deleted from {parent} reads all of "
        f"{table}, {told} in production.",
        remedy=f"CREATE INDEX CONCURRENTLY ON {table} ({columns}); outside a transaction, before the foreign key.",
        evidence={"sql": statement.sql if statement else None, "references": parent, "production_rows": number},
    )


def _production_rows(evidence: Evidence, table: str) -> int | None:
    """Return how many rows the table has in production; a table that the migration made has none there."""
    count = evidence.rehearsal.row_count(table)
    if count is None:
        return None
    return 0 if count.before is None else count.production


def _is_large(evidence: Evidence, table: str, number: int | None) -> bool:
    rate = evidence.policy.rates[WorkKind.SCAN].rows
    return number is None or timedelta(seconds=number / rate) > evidence.policy.limit_beside(table)
