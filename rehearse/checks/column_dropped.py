"""A column that holds values is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rehearse.model.change import RowCount, SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted, split
from rehearse.model.partitions import told_once
from rehearse.model.quantity import rows

FAMILY = Family.LOSS
HAZARDS = ("E2",)
CONDITION = (
    "A column of a table that still exists was dropped and held values that are not NULL before; that one without "
    "values was dropped is only noted."
)
EFFECT = "The values are gone, and no downgrade brings them back; code that still names the column fails."
REMEDY = (
    "Stop using the column in code first and release that. Keep a copy if anyone may ask for the values "
    "(CREATE TABLE ... AS SELECT key, column), then drop it in a later release and acknowledge the loss in the policy."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block where values were lost, a warning where only production knows, a note where none were."""
    rehearsal = evidence.rehearsal
    for change in told_once(rehearsal):
        if change.kind != "column" or change.action != "removed" or change.table is None:
            continue
        lost = rehearsal.lost_values.get(change.object)
        if lost is None:  # the table went with it, or the column computes its values
            continue
        if lost:
            yield _finding(evidence, change, Severity.BLOCK, f"with its values: {rows(lost)} here held one")
        elif not rehearsal.is_whole(change.table):
            yield _finding(
                evidence, change, Severity.WARN, "and no sampled row held a value; production was not searched"
            )
        else:
            yield _finding(evidence, change, Severity.NOTE, "without a value in it; code that still names it fails")


def _finding(evidence: Evidence, change: SchemaChange, severity: Severity, found: str) -> Finding:
    statement = evidence.statement_dropping(change.object)
    count = evidence.rehearsal.row_count(change.table or "")
    return Finding(
        check="column-dropped",
        family=FAMILY,
        severity=severity,
        step=statement.step if statement else None,
        object=change.object,
        message=f"{change.object} was dropped {found}{_in_production(count)}.",
        remedy=_remedy(evidence, change, severity),
        evidence={
            "sql": statement.sql if statement else None,
            "values": evidence.rehearsal.lost_values.get(change.object),
            "production_rows": count.production if count else None,
        },
    )


def _in_production(count: RowCount | None) -> str:
    if count is None or count.production is None:
        return ""
    return f"; the table has {rows(count.production)} in production"


def _remedy(evidence: Evidence, change: SchemaChange, severity: Severity) -> str:
    """Say how the values are kept, by the table's key where it has one."""
    name = quoted(split(change.object)[-1])
    if severity is Severity.NOTE:
        return f"Release code that does not name {name} first, drop the column with the next release."
    keys = [
        found.attributes.get("columns")
        for found in evidence.rehearsal.before.of_table("constraint", change.table)
        if found.text("type") == "primary key"
    ]
    key = [str(column) for column in keys[0] if column != name] if keys and isinstance(keys[0], Sequence) else []
    copy = quoted("_".join((*split(change.table or "")[-1:], split(change.object)[-1])))
    kept = f"SELECT {', '.join([*key, name])} FROM {change.table}"  # noqa: S608 - for people to run, not for us
    return (
        f"Release code that does not name {name} first. Keep a copy if anyone may ask for the values: CREATE TABLE "
        f"{copy} AS {kept}; then drop the column a release later. If another column holds the values by now, or nobody "
        f"needs them, say so in the step: `rehearse: acknowledge column-dropped {change.object}: REASON`."
    )
