"""A report: a rehearsal, judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.advice import Advice
from rehearse.model.baseline import Baseline
from rehearse.model.evidence import Prediction
from rehearse.model.finding import Finding
from rehearse.model.forecast import Interval
from rehearse.model.fulfilment import Fulfilment
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal


class Verdict(Enum):
    SAFE = "safe"
    UNSAFE = "unsafe"
    UNDECIDED = "undecided"

    @property
    def exit_code(self) -> int:
        return {Verdict.SAFE: 0, Verdict.UNSAFE: 1, Verdict.UNDECIDED: 3}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict with its reasons, and the evidence it rests on."""

    verdict: Verdict
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    rehearsal: Rehearsal
    predictions: tuple[Prediction, ...] = ()
    advice: tuple[Advice, ...] = ()
    policy: Policy = field(default_factory=Policy)  # it was judged by
    baseline: Baseline | None = None
    fulfilments: tuple[Fulfilment, ...] = ()  # what became of what the steps declared
    unused: tuple[Acknowledgement, ...] = ()  # acknowledgements that cover nothing

    def forecast_of(self, step: str) -> Interval | None:
        """Return how long those statements of a step take together that work on rows; None where no time is told."""
        found = {part.statement.number: part.forecast for part in self.predictions if part.statement.step == step}
        spans = [span for span in found.values() if span is not None]
        if len(spans) < len(found):
            return None
        return Interval(
            low=sum((span.low for span in spans), timedelta(0)), high=sum((span.high for span in spans), timedelta(0))
        )
