"""A step cannot be taken back, or not without loss."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.downgrade import Downgrade, Way
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import listing

FAMILY = Family.HYGIENE
HAZARDS = ("F15",)
CONDITION = (
    "The downgrade of a pending Alembic revision, played on the stage, failed, was refused, is not written or empty, "
    "or left schema or rows other than they were."
)
EFFECT = "When the release has to go back, the schema cannot follow: the way back fails half-way, or costs data."
REMEDY = (
    "Repair downgrade(), or let it raise NotImplementedError with the reason, so that nobody counts on it; for what "
    "cannot be undone decide now whether the way out is forward or a restored backup."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for a downgrade that fails, a note for one that is missing or loses something."""
    for found in evidence.rehearsal.downgrades:
        if found.way is Way.FAILING:
            yield _finding(evidence, found, Severity.WARN, _failing(found))
        elif found.way is Way.IRREVERSIBLE:
            yield _finding(evidence, found, Severity.NOTE, f"There is no way back from {found.step}: {found.reason}.")
        elif found.way is Way.LOSSY:
            yield _finding(evidence, found, Severity.NOTE, _lossy(found))


def _failing(found: Downgrade) -> str:
    error = found.failure.message.rstrip(".") if found.failure else "no error message"
    where = f" at {found.failure.location}" if found.failure and found.failure.location else ""
    again = " once it has been taken back" if found.reason else ""
    what = "The upgrade" if found.reason else "The downgrade"
    return f"{what} of {found.step} fails{again}{where}: {error}."


def _lossy(found: Downgrade) -> str:
    losses = listing(tuple(loss.told for loss in found.losses))
    when = " and the next upgrade" if any(loss.upgraded_again for loss in found.losses) else ""
    return f"The way back from {found.step}{when} does not restore what was: {losses}."


def _finding(evidence: Evidence, found: Downgrade, severity: Severity, message: str) -> Finding:
    source = next((step.source for step in evidence.rehearsal.migration.steps if step.id == found.step), found.step)
    return Finding(
        check="no-way-back",
        family=FAMILY,
        severity=severity,
        step=found.step,
        object=source,
        message=message,
        remedy=f"In {source}: {REMEDY[0].lower()}{REMEDY[1:]}",
        evidence={
            "way": found.way.value,
            "reason": found.reason,
            "statement": found.failure.statement if found.failure else None,
            "losses": [loss.told for loss in found.losses],
        },
    )
