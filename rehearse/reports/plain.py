"""The verdict for people who are not database administrators: what, why, and the smallest thing that mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import duration
from rehearse.model.report import Report, Verdict
from rehearse.reports.acts import few

# What is worst for the people who use the application comes first.
_CAUSES = {
    Family.FAILING: "{objects} would not work as planned",
    Family.LOSS: "data that is there today would be gone or changed ({objects})",
    Family.BLOCKING: "whoever uses {objects} would have to wait while the change works through the data",
    Family.CONTRACT: "the program in use today relies on {objects} as it is now and could break",
    Family.HYGIENE: "it would leave something behind that causes trouble later ({objects})",
    Family.FIDELITY: "{objects} could not be tried as it is in production",
}
_FIXES = {
    Family.FAILING: "correct {steps}",
    Family.LOSS: "keep a copy of what goes, or let its owner agree that it may go",
    Family.BLOCKING: "do the heavy part of {steps} in small pieces, or in a way that lets others carry on",
    Family.CONTRACT: "first release the program that no longer needs what goes",
    Family.HYGIENE: "put in order what {steps} leaves behind",
    Family.FIDELITY: "try that part on a server more like production",
}
_ORDER = list(_CAUSES)


def paragraph(report: Report) -> str:
    """Return one paragraph without a technical word that a reader could stumble over."""
    told = {Verdict.SAFE: _safe, Verdict.UNSAFE: _unsafe, Verdict.UNDECIDED: _undecided}[report.verdict]
    return " ".join(told(report))


def _safe(report: Report) -> Iterator[str]:
    steps = len(report.rehearsal.migration.steps)
    if not steps and not report.rehearsal.settings:
        yield "There is nothing to do: the database has every change already."
        return
    yield "This change can go to production."
    if steps:
        played = "Its one step was" if steps == 1 else f"All of its {steps} steps were"
        yield f"{played} played on a copy of the database first, and nothing was found there that speaks against it."
    else:
        yield "The new settings were tried on a server like production's, which took them."
    accepted = sum(1 for found in report.findings if found.acceptance is not None)
    if accepted:
        yield f"{_things(accepted)} found that the team has accepted beforehand; the reasons stand below."
    warnings = sum(1 for found in report.findings if _warns(found))
    if warnings:
        yield f"{_things(warnings)} found that deserve{'s' if warnings == 1 else ''} a look before the release."


def _unsafe(report: Report) -> Iterator[str]:
    by_family = _by_family(report)
    yield "Played on a copy of the database, this change proved unsafe: it must not go to production as it is."
    for family, group in by_family:
        cause = _cause(report, family, group)
        yield f"{cause[0].upper()}{cause[1:]}."
    fixes = [_FIXES[family].format(steps=_steps(group)) for family, group in by_family]
    yield f"The smallest fix: {'; '.join(fixes)}."


def _undecided(report: Report) -> Iterator[str]:
    points = len(report.reasons)
    yield "Nobody can say yet whether this change is safe, so it has to wait."
    stopped = report.rehearsal.migration.stopped
    if stopped is not None:
        yield f"On the copy of the database it was not done after {duration(stopped.after)} and was stopped."
    else:
        yield "What was seen on a copy of the database forbids nothing for certain, and does not prove it harmless."
    questions = "one question" if points == 1 else f"{points} questions"
    yield f"The smallest step on: close {questions} that stayed open; how to is said below."


def _by_family(report: Report) -> list[tuple[Family, tuple[Finding, ...]]]:
    blocks = sorted((found for found in report.findings if found.blocks), key=lambda found: _ORDER.index(found.family))
    return [(family, tuple(group)) for family, group in groupby(blocks, key=lambda found: found.family)]


def _cause(report: Report, family: Family, group: Sequence[Finding]) -> str:
    failure = report.rehearsal.failure
    if family is Family.FAILING and failure and {found.step for found in group} == {failure.step}:
        return f"step {failure.step} breaks off with an error, and the release would stop there"
    return _CAUSES[family].format(steps=_steps(group), objects=_objects(group))


def _steps(group: Sequence[Finding]) -> str:
    steps = tuple(dict.fromkeys(found.step for found in group if found.step))
    if not steps:
        return "the change"
    return f"{'step' if len(steps) == 1 else 'steps'} {few(steps)}"


def _objects(group: Sequence[Finding]) -> str:
    """Name the objects, without the schema that everything is in."""
    return few(tuple(dict.fromkeys(found.object.removeprefix("public.") for found in group)))


def _warns(found: Finding) -> bool:
    return found.severity is Severity.WARN and found.acceptance is None


def _things(number: int) -> str:
    return "One thing was" if number == 1 else f"{number} things were"
