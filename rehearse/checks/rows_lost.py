"""A table has fewer rows afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.change import RowCount
from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import count, listing, rows

FAMILY = Family.LOSS
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
    """Yield a block for each table with fewer rows after than before."""
    for found in evidence.rehearsal.row_counts:
        if found.before is not None and found.after is not None and found.after < found.before:
            yield _finding(evidence, found, found.before - found.after)


def _finding(evidence: Evidence, found: RowCount, lost: int) -> Finding:
    writers = tuple(
        prediction
        for prediction in evidence.predictions
        if prediction.work.object == found.table and prediction.work.detail in ("delete", "truncate")
    )
    culprit = writers[0].statement if writers else evidence.last_writer()
    return Finding(
        check="rows-lost",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=culprit.step if culprit else None,
        object=found.table,
        message=f"{found.table} lost {rows(lost)} of {count(found.before or 0)} on the stage"
        f"{_production(found)}{_how(writers)}.",
        remedy=REMEDY,
        evidence={
            "sql": culprit.sql if culprit else None,
            "before": found.before,
            "after": found.after,
            "production_rows": found.production,
        },
    )


def _production(found: RowCount) -> str:
    if found.production is None or found.before == found.production:
        return ""
    return f" (production holds {count(found.production)})"


def _how(writers: tuple[Prediction, ...]) -> str:
    if not writers:
        return ", by a cascade or a trigger: no statement of the migration names the table"
    return f", by {listing(tuple(dict.fromkeys(writer.statement.tag for writer in writers)))}"
