"""A report: a rehearsal, judged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rehearse.model.advice import Advice
from rehearse.model.evidence import Prediction
from rehearse.model.finding import Finding
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
