"""A table that holds rows is dropped."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.change import RowCount
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted, split
from rehearse.model.quantity import rows

FAMILY = Family.LOSS
HAZARDS = ("E4",)
CONDITION = "A table that held rows, on the stage or in production, does not exist any more and was not renamed."
EFFECT = "Its rows are gone, and no downgrade brings them back; code that still names the table fails."
REMEDY = (
    "Rename it out of the way first (ALTER TABLE ... RENAME TO ..._old), watch a release go by, archive it with "
    "pg_dump --table, then drop it and acknowledge the loss in the policy."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each table that went with rows in it; that an empty one went is only noted."""
    for count in evidence.rehearsal.row_counts:
        if count.before is not None and count.after is None:
            held_rows = count.before or count.production is None or count.production
            yield _finding(evidence, count, Severity.BLOCK if held_rows else Severity.NOTE)


def _finding(evidence: Evidence, count: RowCount, severity: Severity) -> Finding:
    statement = evidence.statement_dropping(count.table)
    production = "an unknown number" if count.production is None else rows(count.production)
    return Finding(
        check="table-dropped",
        family=FAMILY,
        severity=severity,
        step=statement.step if statement else None,
        object=count.table,
        message=f"{count.table} was dropped with its rows: {rows(count.before or 0)} here, {production} in production."
        if severity is Severity.BLOCK
        else f"{count.table} was dropped without a row in it; code that still names it fails.",
        remedy=_remedy(count.table)
        if severity is Severity.BLOCK
        else f"Release code that does not name {count.table} first, drop it with the next release.",
        evidence={
            "sql": statement.sql if statement else None,
            "rows": count.before,
            "production_rows": count.production,
        },
    )


def _remedy(table: str) -> str:
    aside = quoted(f"{split(table)[-1]}_old")
    return (
        f"Rename it out of the way first: ALTER TABLE {table} RENAME TO {aside}; watch a release go by, archive it "
        f"(pg_dump --table={aside}), then drop it and acknowledge table-dropped for it with the reason."
    )
