"""A step ended in an error."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.checks.remedies.failed import Failed
from rehearse.checks.remedies.refusals import advice
from rehearse.checks.remedies.repairs import repair
from rehearse.model.evidence import Evidence
from rehearse.model.failure import failed_statement
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.migration import StepRun
from rehearse.model.refusal import also_in_production
from rehearse.model.timeline import Statement

FAMILY = Family.FAILING
HAZARDS = ("A5", "B5", "B6", "B10", "C4", "C7", "D2", "D5", "E13", "E15", "E16", "F1")
CONDITION = "A pending step raised an error on the stage, on data sampled from production."
EFFECT = "The release stops half-way in production: this step and every later one stay undone, or half done."
REMEDY = (
    "Read the statement and the error, repair the data or the step, rehearse again. Duplicates, NULLs, orphans and "
    "values that do not fit are repaired before the constraint that refuses them."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one finding for each failed step, except where the stage itself or a limit of time was the reason."""
    for step in evidence.rehearsal.migration.failed:
        statement = failed_statement(evidence.rehearsal.timeline, step)
        if not evidence.stage_is_to_blame(step, statement):
            yield _finding(evidence, step, statement)


def _finding(evidence: Evidence, step: StepRun, statement: Statement | None) -> Finding:
    where = f" at {step.location}" if step.location else ""
    name = f"{step.id} ({step.title})" if step.title else step.id
    error = (statement.message if statement else None) or step.error or "no error message"
    return Finding(
        check="step-failed",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=step.id,
        object=step.source,
        message=f"Step {name} failed{where}: {error.rstrip('.')}."
        f"{also_in_production(evidence.rehearsal, statement, error)}",
        remedy=_remedy(evidence, statement),
        evidence={
            "sqlstate": statement.sqlstate if statement else None,
            "sql": statement.sql if statement else None,
            "error": step.error,
            "location": step.location,
        },
    )


def _remedy(evidence: Evidence, statement: Statement | None) -> str:
    if statement is None:
        return REMEDY
    failed = Failed(evidence=evidence, statement=statement)
    return repair(failed) or advice(failed) or REMEDY
