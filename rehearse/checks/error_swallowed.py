"""A statement failed, and its step went on and counts as applied."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.migration import StepRun
from rehearse.model.quantity import shortened
from rehearse.model.timeline import Outcome, Statement

FAMILY = Family.FAILING
HAZARDS = ("F14",)
CONDITION = (
    "PostgreSQL refused a statement of a step that is recorded as applied: the step caught the error. An index whose "
    "build failed CONCURRENTLY is told by invalid-index."
)
EFFECT = (
    "The migration reports success, its revision is recorded, and what the statement was to do is not done: the next "
    "attempt has nothing pending any more."
)
REMEDY = (
    "Ask before, instead of catching the error (IF NOT EXISTS, a SELECT on the catalog, ON CONFLICT); what may fail "
    "and matters has to fail the step."
)
_INDEX = re.compile(r"\bINDEX\b.*\bCONCURRENTLY\b", re.IGNORECASE | re.DOTALL)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for each error that was caught, a note where a savepoint says that it was expected."""
    applied = {step.id: step for step in evidence.rehearsal.migration.steps if step.outcome is Outcome.APPLIED}
    for statement in evidence.rehearsal.timeline.statements:
        step = applied.get(statement.step or "")
        if step is not None and statement.outcome is Outcome.FAILED and not _INDEX.search(statement.sql):
            yield _finding(step, statement, Severity.NOTE if _is_taken_back(evidence, statement) else Severity.WARN)


def _is_taken_back(evidence: Evidence, failed: Statement) -> bool:
    """Say whether the transaction went back to a savepoint after it."""
    return any(
        found.transaction == failed.transaction and found.number > failed.number and _goes_back(found)
        for found in evidence.rehearsal.timeline.statements
    )


def _goes_back(statement: Statement) -> bool:
    return statement.tag == "ROLLBACK" and "TO" in statement.sql.upper().split()


def _finding(step: StepRun, statement: Statement, severity: Severity) -> Finding:
    error = (statement.message or "no error message").rstrip(".")
    return Finding(
        check="error-swallowed",
        family=FAMILY,
        severity=severity,
        step=step.id,
        object=step.source,
        message=f"Step {step.id} counts as applied although a statement of it failed ({error}), so its work "
        f"is missing afterwards: {shortened(statement.sql)}.",
        remedy=REMEDY,
        evidence={"sql": statement.sql, "sqlstate": statement.sqlstate, "error": statement.message},
    )
