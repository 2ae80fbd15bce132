"""The report as a comment on a pull request: the verdict first, evidence folded, never longer than a forge takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rehearse import __version__
from rehearse.model.downgrade import Downgrade
from rehearse.model.finding import Finding, Severity
from rehearse.model.migration import StepRun
from rehearse.model.quantity import listing
from rehearse.model.report import Report, Verdict
from rehearse.reports import (
    failure,
    findings,
    plain,
    production,
    rests,
    row_counts,
    sentences,
    settings,
    steps,
    unrehearsed,
    verdict,
    way_back,
)
from rehearse.reports.markup import code, escaped, raw, row
from rehearse.reports.places import Places
from rehearse.reports.sections import Section, fitting

MARKER = "<!-- rehearse: report -->"  # by which the comment is found again
LONGEST = 60_000  # characters; GitHub takes 65,536
_SIGN = {Verdict.SAFE: "✅", Verdict.UNSAFE: "❌", Verdict.UNDECIDED: "❓"}
_SEVERITY = {Severity.BLOCK: "❌", Severity.WARN: "⚠️", Severity.NOTE: "💬"}
_MOST_ALIKE = 5  # findings of one check in one step
_MOST_NAMED = 20
_HEADS = ("step", "time", "strongest lock", "work on existing tables", "size", "at production's size")


def render(report: Report) -> str:
    """Return the comment; where it would be too long, what weighs least is left out and counted."""
    top, bottom = "\n\n".join(_top(report)), "\n\n".join(_bottom(report))
    sections = fitting(tuple(_sections(report)), LONGEST - len(top) - len(bottom) - 4)
    return "\n\n".join((top, *(section.text for section in sections), bottom))


def _top(report: Report) -> Iterator[str]:
    yield MARKER
    yield f"### {_SIGN[report.verdict]} Rehearsal: {report.verdict.value}"
    yield escaped(plain.paragraph(report))


def _bottom(report: Report) -> Iterator[str]:
    rehearsal = report.rehearsal
    yield f"**Next:** {escaped(verdict.next_act(report))}"
    run = f" · run {raw(rehearsal.id)}" if rehearsal.id else ""
    yield f"<sub>rehearse {__version__}{run} · {raw(rests.data(rehearsal.fidelity))}</sub>"


def _sections(report: Report) -> Iterator[Section]:
    places = Places.of(report)
    yield from _unrehearsed(report)
    yield from _open(report)
    yield from _findings(report, places)
    yield from _failure(report)
    yield from _settings(report)
    if report.rehearsal.migration.steps:
        yield _steps(report)
    yield from _weaker(report, places)
    yield from _lists(report)


def _unrehearsed(report: Report) -> Iterator[Section]:
    if told := unrehearsed.sentences(report.rehearsal):
        yield Section(title="Not rehearsed", items=tuple(map(_item, told)), rank=9, noun="release", folded=False)


def _open(report: Report) -> Iterator[Section]:
    points = report.reasons if report.verdict is Verdict.UNDECIDED else verdict.open_besides(report)
    if points:
        title = "Open" if report.verdict is Verdict.UNDECIDED else "Open besides"
        yield Section(title=title, items=tuple(map(_item, points)), rank=9, noun="open point", folded=False)


def _findings(report: Report, places: Places) -> Iterator[Section]:
    for severity, title, rank in ((Severity.BLOCK, "What blocks", 10), (Severity.WARN, "Warnings", 6)):
        found = [each for each in report.findings if each.severity is severity and each.acceptance is None]
        if found:
            told = _told(found, places)
            yield Section(title=title, items=told, rank=rank, noun="group", folded=False, between="\n\n")


def _told(found: Sequence[Finding], places: Places) -> tuple[str, ...]:
    """Return findings in full, those of one check in one step together."""
    return tuple(_group(group, places) for group in findings.alike(found))


def _group(group: Sequence[Finding], places: Places) -> str:
    """Return what was found, with what to do folded, and said once."""
    lines = [f"{_SEVERITY[group[0].severity]} **{escaped(findings.head(group))}**", ""]
    full, more = findings.apart(group, _MOST_ALIKE)
    lines += [_bullet(found, places) for found in full]
    if more:
        lines.append(f"- The same of {escaped(listing(more, _MOST_NAMED))} (each with `--format json`).")
    if remedies := dict.fromkeys(found.remedy for found in full if found.remedy):
        told = "\n\n".join(map(escaped, remedies))
        lines += ["", f"<details><summary>What to do</summary>\n\n{told}\n\n</details>"]
    return "\n".join(lines)


def _bullet(found: Finding, places: Places) -> str:
    place = places.of_finding(found) if found.step else None
    where = f" ({code(f'{place.file}:{place.line}')})" if place else ""
    return f"- {escaped(found.message)}{where}{_why(found)}"


def _why(found: Finding) -> str:
    return "".join(f" _{escaped(line)}_" for line in sentences.weighed(found))


def _failure(report: Report) -> Iterator[Section]:
    if report.rehearsal.failure is not None:
        items = tuple(_item(line.removeprefix("  - ")) for line in failure.lines(report.rehearsal.failure))
        yield Section(title="The failure", items=items, rank=8, noun="line", folded=False)


def _settings(report: Report) -> Iterator[Section]:
    if changes := report.rehearsal.settings:
        items = tuple(_item(settings.line(change)) for change in changes)
        yield Section(title="Settings", items=items, rank=7, noun="setting", folded=False)


def _steps(report: Report) -> Section:
    told = _at_productions_size(report)
    head = f"{row(_HEADS)}\n|---|---:|---|---|---|---|"
    items = tuple(_step(report, step, told.get(step.id, ())) for step in report.rehearsal.migration.steps)
    return Section(title="Steps", items=items, rank=7, noun="step", folded=False, head=head)


def _at_productions_size(report: Report) -> Mapping[str, tuple[str, ...]]:
    """Return what is to be said of each step's work in production; how to run it there has a list of its own."""
    advice = {found.told for found in report.advice}
    return {
        step: tuple(line for line in lines if line not in advice)
        for group, lines in production.lines(report)
        for step in group
    }


def _step(report: Report, step: StepRun, told: Sequence[str]) -> str:
    rehearsal = report.rehearsal
    name = f"{code(step.id)}{'<br>' if step.title else ''}{escaped(step.title)}"
    cells = (steps.work(rehearsal, step), steps.sizes(rehearsal, step), told)
    lines = ("<br>".join(map(escaped, cell)) or "-" for cell in cells)
    return row((name, steps.took(step).replace(" ", "&nbsp;"), escaped(steps.lock(rehearsal, step)), *lines))


def _weaker(report: Report, places: Places) -> Iterator[Section]:
    """Yield what counts for nothing in the verdict, folded."""
    notes = [each for each in report.findings if each.severity is Severity.NOTE and each.acceptance is None]
    if notes:
        title = f"{len(notes)} note{'' if len(notes) == 1 else 's'}"
        yield Section(title=title, items=_told(notes, places), rank=1, noun="group", between="\n\n")
    accepted = [each for each in report.findings if each.acceptance is not None]
    if accepted:
        title = f"{len(accepted)} accepted finding{'' if len(accepted) == 1 else 's'}"
        yield Section(title=title, items=tuple(map(_accepted, accepted)), rank=2, noun="accepted finding")


def _accepted(found: Finding) -> str:
    return f"- **{escaped(findings.head((found,)))}**: {escaped(found.message)}{_why(found)}"


def _lists(report: Report) -> Iterator[Section]:
    rehearsal, fidelity = report.rehearsal, report.rehearsal.fidelity
    back = [line for group in way_back.alike(rehearsal.downgrades) for line in _way_back(group)]
    on = (rests.versions(fidelity), rests.observation(fidelity), *rests.remarks(report))
    advice = [f"{listing(group, _MOST_NAMED)}: {told}" for group, told in production.advised(report)]
    lists: tuple[tuple[str, Sequence[str], int, str], ...] = (
        ("Expectations", [sentences.expected(found) for found in report.fulfilments], 5, "expectation"),
        ("How to run it in production", advice, 5, "step"),
        ("Schema changes", rehearsal.changes_told, 3, "change"),
        ("Row counts", [*_counts(report), row_counts.others(rehearsal)], 3, "table"),
        ("The way back", back, 3, "line"),
        ("What this rests on", on, 4, "remark"),
    )
    for title, lines, rank, noun in lists:
        if lines:
            yield Section(title=title, items=tuple(map(_item, lines)), rank=rank, noun=noun)


def _counts(report: Report) -> Iterator[str]:
    for found in row_counts.differing(report.rehearsal):
        before, after = row_counts.cell(found.before), row_counts.cell(found.after)
        yield f"{found.table}: {before} before, {after} after, {row_counts.in_production(found)} in production"


def _way_back(group: Sequence[Downgrade]) -> Iterator[str]:
    yield way_back.head(group)
    yield from (f"{group[0].step}: {loss}" for loss in way_back.losses(group[0]))
    if group[0].failure is not None:
        yield next(failure.lines(group[0].failure))


def _item(line: str) -> str:
    return f"- {escaped(line)}"
