"""What to do next, an act a line: for a list at the top, with the finding each act answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rehearse.model.finding import Family, Finding
from rehearse.model.quantity import listing
from rehearse.model.report import Report, Verdict
from rehearse.reports import findings, verdict

_ACTS = {
    Family.BLOCKING: "Change {step} so that {objects} can be used while it runs",
    Family.FAILING: "Mend {step}: {objects} does not do what it should",
    Family.LOSS: "See that what {step} takes from {objects} may go, or keep a copy",
    Family.CONTRACT: "Release code that does without {objects} as it is now, before {step}",
    Family.HYGIENE: "Put {objects} in order in {step}",
    Family.FIDELITY: "Settle what the stage could not show of {objects} in {step}",
}
_MOST_NAMED = 3
_OR_ACCEPT = "Or acknowledge a finding, with its reason, under [[policy.acknowledge]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing to do."""

    told: str
    finding: int | None = None  # the group it answers, as `findings.alike` yields them, from 0
    check: str | None = None  # of that group


def acts(report: Report) -> tuple[Act, ...]:
    """Return what to do, the first thing first; the findings that are named say how."""
    return tuple(_acts(report))


def _acts(report: Report) -> Iterator[Act]:
    if report.verdict is Verdict.SAFE:
        yield from _warnings(report)
        yield Act(told="Promote it" if report.rehearsal.migration.steps or report.rehearsal.settings else "Nothing")
        return
    for number, group in enumerate(findings.alike(report.findings)):
        if group[0].blocks:
            yield Act(told=_told(report, group), finding=number, check=group[0].check)
    if report.verdict is Verdict.UNSAFE:
        yield Act(told=_OR_ACCEPT)
    yield from (Act(told=reason) for reason in _open(report))
    yield Act(told="Rehearse again")


def _open(report: Report) -> tuple[str, ...]:
    return report.reasons if report.verdict is Verdict.UNDECIDED else verdict.open_besides(report)


def _warnings(report: Report) -> Iterator[Act]:
    for number, group in enumerate(findings.alike(report.findings)):
        if group[0].severity.weight == 1 and group[0].acceptance is None:
            yield Act(told=f"Heed {_of(group)}", finding=number, check=group[0].check)


def _told(report: Report, group: Sequence[Finding]) -> str:
    found, failure = group[0], report.rehearsal.failure
    step = f"step {found.step}" if found.step else "the change"
    if found.family is Family.FAILING and failure is not None and failure.step == found.step:
        return f"Mend {step}, which breaks off with an error"
    return _ACTS[found.family].format(step=step, objects=_objects(group))


def _of(group: Sequence[Finding]) -> str:
    step = f" in step {group[0].step}" if group[0].step else ""
    return f"the warning about {_objects(group)}{step}"


def _objects(group: Sequence[Finding]) -> str:
    return few(tuple(dict.fromkeys(found.object for found in group)))


def few(names: tuple[str, ...]) -> str:
    """Name up to three, of more the first: a sentence that lists what a table lists as well is not read.

    >>> few(("a", "b")), few(("a", "b", "c", "d"))
    ('a and b', 'a and 3 more')
    """
    return listing(names, 1 if len(names) > _MOST_NAMED else _MOST_NAMED)
