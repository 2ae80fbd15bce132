"""A step does not change what it declares that it changes."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.expectation import Subject
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.fulfilment import Fulfilment, fulfilments

FAMILY = Family.FAILING
HAZARDS = ("F5",)
CONDITION = (
    "A comment of a step declares a change (rehearse: expect rows, values, drop or no data change), and on the stage "
    "it did not happen, or not within the bounds that were given. Rows of a table are counted over all steps, and "
    "what several steps declare for one table adds up."
)
EFFECT = "The migration does something else to the data than its author meant, and says no error."
REMEDY = (
    "Compare the predicate of the step with the data (SELECT count(*) on production), correct the step, or correct "
    "what it declares: rehearse: expect rows TABLE LOW..HIGH, in rows or in percent of the rows there are."
)
_DO = {
    Subject.ROWS: REMEDY,
    Subject.VALUES: "Look whether the step's UPDATE finds a row: its WHERE, and what earlier steps did to the rows; or "
    "take out what it declares.",
    Subject.DROP: "Drop it in this step, or take out what it declares: another step may have to say it.",
    Subject.NOTHING: "Take out what touches data, or declare it: rehearse: expect rows TABLE LOW..HIGH, expect values "
    "COLUMN or expect drop OBJECT.",
}


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each expectation of a step that was played to its end, and missed."""
    return (_finding(found) for found in fulfilments(evidence) if found.holds is False)


def _finding(found: Fulfilment) -> Finding:
    expectation = found.expectation
    return Finding(
        check="expectation-missed",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=expectation.step,
        object=found.object,
        message=found.sentence,
        remedy=_DO[expectation.subject],
        evidence={
            "expected": expectation.said,
            "place": expectation.place,
            "before": found.before,
            "after": found.after,
        },
    )
