"""A table has fewer rows afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.change import RowCount
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted, split
from rehearse.model.quantity import count, rows, shortened
from rehearse.model.timeline import Statement

FAMILY = Family.LOSS
HAZARDS = ("E4", "F5")
CONDITION = (
    "A table that existed before and still exists has fewer rows than before: DELETE, TRUNCATE, and what foreign keys "
    "with ON DELETE CASCADE and triggers took along. Partitions are counted together with their parent."
)
EFFECT = "The rows are gone once the migration commits."
REMEDY = (
    "Check the predicate against production with a SELECT count(*), look for ON DELETE CASCADE into the tables named, "
    "keep a copy of what goes; if it is meant, acknowledge it in the policy with the reason."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each table with fewer rows after than before; a partition counts within its parent."""
    for found in evidence.rehearsal.row_counts:
        facts = evidence.rehearsal.facts.table(found.table)
        is_partition = facts is not None and facts.root not in (None, found.table)
        lost = _lost(evidence, found)
        if lost > 0 and not is_partition:
            yield _finding(evidence, found, lost)


def _lost(evidence: Evidence, found: RowCount) -> int:
    """Return how many rows are gone; those of a partition that was detached are not."""
    if found.before is None or found.after is None:
        return 0
    leaves = {facts.table for facts in evidence.rehearsal.facts.under(found.table) if facts.root == found.table}
    counted = [evidence.rehearsal.row_count(leaf) for leaf in leaves]
    kept = sum(count.after or 0 for count in counted if count is not None)
    return found.before - max(found.after, kept)


def _finding(evidence: Evidence, found: RowCount, lost: int) -> Finding:
    culprit = _named_deletion(evidence, found) or evidence.last_deletion()
    return Finding(
        check="rows-lost",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=culprit.step if culprit else None,
        object=found.table,
        message=f"{found.table} lost {rows(lost)} of {count(found.before or 0)} on the stage"
        f"{_production(found)}{_how(found, culprit)}.",
        remedy=_remedy(found),
        evidence={
            "sql": culprit.sql if culprit else None,
            "before": found.before,
            "after": found.after,
            "production_rows": found.production,
        },
    )


def _remedy(found: RowCount) -> str:
    aside = quoted(f"{split(found.table)[-1]}_old")
    return (
        f"Run the predicate against production as a SELECT count(*) and look for ON DELETE CASCADE into {found.table}; "
        f"keep a copy of what goes (CREATE TABLE {aside} AS SELECT ...). If it is meant, say so in the step: "
        f"`rehearse: expect rows {found.table} LOW..HIGH`, or acknowledge rows-lost for it with the reason."
    )


def _named_deletion(evidence: Evidence, found: RowCount) -> Statement | None:
    """Return the first statement that deleted rows of the table and says so."""
    deletions = (
        prediction.statement
        for prediction in evidence.predictions
        if prediction.work.object == found.table and prediction.work.detail in ("delete", "truncate")
    )
    return next((statement for statement in deletions if _names(statement, found)), None)


def _names(statement: Statement, found: RowCount) -> bool:
    return found.table.rpartition(".")[2].strip('"') in statement.sql


def _production(found: RowCount) -> str:
    if found.production is None or found.before == found.production:
        return ""
    return f" (production has {rows(found.production)})"


def _how(found: RowCount, culprit: Statement | None) -> str:
    if culprit is None:
        return ", by a cascade or a trigger"
    if _names(culprit, found):
        return f", by {culprit.tag}"
    return f", taken along by a cascade or a trigger of: {shortened(culprit.sql)}"
