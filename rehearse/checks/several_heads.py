"""The migration ends at more heads than it began with."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import listing

FAMILY = Family.HYGIENE
HAZARDS = ("F14",)
CONDITION = (
    "After the migration Alembic's version table holds more heads than before, and no more than can be told by "
    "branches that have a first revision of their own."
)
EFFECT = (
    "`alembic upgrade head` refuses to choose between them, also where the deployment runs it; both were written "
    "against a schema that did not have the other."
)
REMEDY = "Merge the revisions, and rehearse the merge: alembic merge -m 'merge heads' HEAD1 HEAD2."


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for each version table whose heads have become more by a fork."""
    rehearsal = evidence.rehearsal
    if rehearsal.migration.tool != "alembic" or rehearsal.migration.exit_status:
        return
    bases = sum(1 for step in rehearsal.migration.steps if step.parents == ())
    for table, heads in rehearsal.heads_after.items():
        before = rehearsal.heads_before.get(table, ())
        if not set(heads) <= {step.id for step in rehearsal.migration.steps} | set(before):
            continue  # another tool's
        if len(heads) > len(before) + bases:
            yield _finding(table, before, heads)


def _finding(table: str, before: tuple[str, ...], heads: tuple[str, ...]) -> Finding:
    new = tuple(head for head in heads if head not in before)
    return Finding(
        check="several-heads",
        family=FAMILY,
        severity=Severity.WARN,
        step=new[-1],
        object=table,
        message=f"The revisions fork: {table} holds {len(heads)} heads afterwards ({listing(heads)}), and "
        "`alembic upgrade head` will refuse to choose between them.",
        remedy=f"Merge them, and rehearse the merge: alembic merge -m 'merge heads' {' '.join(heads)}",
        evidence={"before": list(before), "after": list(heads)},
    )
