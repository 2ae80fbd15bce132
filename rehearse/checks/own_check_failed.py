"""One of the project's own checks ([[checks]]) does not hold after the migration."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.own_check import Answer, CommandRun, OwnCheckRun, Standing
from rehearse.model.quantity import listing

FAMILY = Family.FAILING
HAZARDS = ("F5",)
CONDITION = (
    "A query of [[checks]] returns more rows after the migration than before, or fails though it did not before; or a "
    "command of [[checks]] ends with another status than 0 on the migrated stage. Rows that were there before are a "
    "warning. The rows are those of the sample."
)
EFFECT = "What the project says must always be true is not true any more once the migration has run."
REMEDY = (
    "Look at the rows its query returns, or at what its command printed, and correct the step that made them so; or "
    "correct the check, if what it asks for is no longer what is wanted."
)
_WAS_BROKEN = (
    "Repair the rows in production, or correct the check: as long as it finds rows anyway it says little about a "
    "migration."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each check the migration broke, and a warning for each that was broken before."""
    for found in evidence.rehearsal.own_checks:
        if found.standing is Standing.FAILS:
            yield _finding(found, Severity.BLOCK, _failed(found), REMEDY)
        elif found.standing is Standing.WAS_BROKEN:
            yield _finding(found, Severity.WARN, _was_broken(found), _WAS_BROKEN)


def _finding(found: OwnCheckRun, severity: Severity, message: str, remedy: str) -> Finding:
    run = found.run
    return Finding(
        check="own-check-failed",
        family=FAMILY,
        severity=severity,
        step=None,
        object=found.check.name,
        message=message,
        remedy=remedy,
        evidence={
            "sql": found.check.sql,
            "rows_before": found.before.rows if found.before else None,
            "rows_after": found.after.rows if found.after else None,
            "keys": list(found.after.keys) if found.after else [],
            "error": found.after.error if found.after else None,
            "command": run.words if run else None,
            "exit_status": run.exit_status if run else None,
            "output": run.output_tail if run else None,
        },
    )


def _failed(found: OwnCheckRun) -> str:
    if found.run is not None:
        return f'The own check "{found.check.name}" failed on the migrated stage: {_of_command(found.run)}.'
    after = found.after or Answer()
    if after.rows is None:
        error = (after.error or "").rstrip(".")
        return f'The query of the own check "{found.check.name}" fails after the migration: {error}.'
    return (
        f'The own check "{found.check.name}" returns {after.told} after the migration, {_before(found)}{_keys(after)}.'
    )


def _was_broken(found: OwnCheckRun) -> str:
    after = found.after or Answer()
    return (
        f'The own check "{found.check.name}" was broken before: it returns {after.told} after the migration, '
        f"{_before(found)}{_keys(after)}."
    )


def _before(found: OwnCheckRun) -> str:
    before = found.before or Answer()
    return "and could not be asked before" if before.rows is None else f"{before.told} before"


def _keys(answer: Answer) -> str:
    return f" ({listing(answer.keys)})" if answer.keys else ""


def _of_command(run: CommandRun) -> str:
    said = f": {run.last_line.rstrip('.')}" if run.last_line else ""
    return f"{run.words} ended with {run.told}{said}"
