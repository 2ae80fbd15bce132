"""The migration ends at more heads than it began with."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import listing

FAMILY = Family.HYGIENE
HAZARDS = ("F14",)
CONDITION = (
    "After an upgrade to the heads Alembic's version table holds more of them than before, and more than branches with "
    "a first revision of their own explain."
)
EFFECT = (
    "`alembic upgrade head` refuses to choose between them, also where the deployment runs it; both were written "
    "against a schema that did not have the other."
)
REMEDY = "Merge the revisions, and rehearse the merge: alembic merge -m 'merge heads' HEAD1 HEAD2."


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for each version table whose heads have become more by a fork."""
    rehearsal = evidence.rehearsal
    steps = rehearsal.migration.steps
    on_the_way = rehearsal.inputs.get("target") not in (None, "head", "heads")  # a merge may still come
    if on_the_way or rehearsal.migration.exit_status or any(step.parents is None for step in steps):
        return
    bases = sum(1 for step in steps if step.parents == ())
    for table, heads in rehearsal.heads_after.items():
        before = rehearsal.heads_before.get(table, ())
        is_theirs = set(heads) <= {step.id for step in steps} | set(before)
        if is_theirs and len(heads) > len(before) + bases:
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
