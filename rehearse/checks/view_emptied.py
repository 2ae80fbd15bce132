"""A materialized view that held data holds none, and refuses to be read."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.naming import naming

FAMILY = Family.LOSS
HAZARDS = ("E9",)
CONDITION = (
    "A materialized view that was populated is not afterwards: REFRESH ... WITH NO DATA, or dropped and created again "
    "WITH NO DATA."
)
EFFECT = 'Every query that reads it fails: materialized view "..." has not been populated.'
REMEDY = (
    "Fill it before anybody reads it: create the new one under another name, REFRESH it, then swap the names in one "
    "short transaction; or let the migration end with REFRESH MATERIALIZED VIEW."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each materialized view that was left empty."""
    for change in evidence.rehearsal.changes:
        before, after = change.before or {}, change.after or {}
        if change.kind != "materialized-view" or before.get("populated") is not True or after.get("populated") is True:
            continue
        if change.action == "altered":
            statement = naming(evidence.rehearsal, change.object, r"\bNO\s+DATA\b") or naming(
                evidence.rehearsal, change.object
            )
            yield Finding(
                check="view-emptied",
                family=FAMILY,
                severity=Severity.BLOCK,
                step=statement.step if statement else None,
                object=change.object,
                message=f"{change.object} was left without data: every query that reads it fails until a REFRESH.",
                remedy=f"Append REFRESH MATERIALIZED VIEW {change.renamed_to or change.object}; it locks the view "
                "against reads for as long as its query takes, so for a slow one fill a new view and swap the names.",
                evidence={"sql": statement.sql if statement else None},
            )
