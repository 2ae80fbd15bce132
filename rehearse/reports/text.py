"""The report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from io import StringIO

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rehearse.model.downgrade import Downgrade
from rehearse.model.finding import Finding, Severity
from rehearse.model.quantity import duration, listing
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Report, Verdict
from rehearse.reports import (
    calibration,
    demands,
    failure,
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
from rehearse.reports import findings as grouping

_COLOUR = {Verdict.SAFE: "bold green", Verdict.UNSAFE: "bold red", Verdict.UNDECIDED: "bold yellow"}
_SEVERITY = {Severity.BLOCK: "red", Severity.WARN: "yellow", Severity.NOTE: "dim"}
_WIDTH = 100
_MOST_CHANGES = 30
_MOST_ALIKE = 5  # findings of one check in one step


def render(report: Report, *, width: int = _WIDTH, colour: bool = False) -> str:
    """Return the report as text of a given width, with terminal colours or without."""
    paper = StringIO()
    console = Console(file=paper, width=width, force_terminal=colour, no_color=not colour, highlight=False)
    for part in _parts(report):
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in paper.getvalue().splitlines())


def _parts(report: Report) -> Iterator[RenderableType]:
    rehearsal = report.rehearsal
    yield Text(report.verdict.value.upper(), style=_COLOUR[report.verdict])
    yield from (Text(reason) for reason in verdict.reasons(report))
    if rehearsal.migration.steps:
        yield from (Text("\nSteps", style="bold"), _steps(rehearsal))
    yield from _failed(rehearsal)
    yield from _settings(rehearsal)
    if report.findings:
        yield Text("\nFindings", style="bold")
        yield from _findings(report.findings)
    yield from _expectations(report)
    yield from _demands(rehearsal)
    if points := verdict.open_besides(report):
        yield Text("\nOpen besides", style="bold")
        yield from (_indented(f"- {point}") for point in points)
    yield from _at_productions_size(report)
    yield from _changes(rehearsal)
    yield from _counts(rehearsal)
    yield from _calibration(rehearsal)
    yield from _downgrades(rehearsal)
    yield from _fidelity(report)
    yield from _unrehearsed(rehearsal)
    yield Text(f"\nNext: {verdict.next_act(report)}")
    if rehearsal.id:
        yield Text(f"Run {rehearsal.id} (rehearse report {rehearsal.id} --format html)", style="dim")


def _unrehearsed(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if told := unrehearsed.sentences(rehearsal):
        yield Text("\nNot rehearsed", style="bold")
        yield from (_indented(f"- {sentence}") for sentence in told)


def _steps(rehearsal: Rehearsal) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, share in (
        ("step", None),
        ("what", 3),
        ("time", None),
        ("work on existing tables", 4),
        ("strongest lock", 4),
    ):
        table.add_column(name, overflow="fold", ratio=share)
    for step in rehearsal.migration.steps:
        work = escape("\n".join(steps.work(rehearsal, step)))
        lock = escape(steps.lock(rehearsal, step))
        table.add_row(escape(step.id), escape(step.title), steps.took(step), work, lock)
    return table


def _failed(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if rehearsal.failure is not None:
        yield Text("\nThe failure", style="bold")
        yield from (_indented(line) for line in failure.lines(rehearsal.failure))


def _settings(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if rehearsal.settings:
        yield Text("\nSettings", style="bold")
        yield from (_indented(settings.line(change)) for change in rehearsal.settings)


def _findings(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """Yield the findings, of one check in one step together; what to do is said once, at the first it is said of."""
    told: set[str] = set()
    for number, alike in enumerate(grouping.alike(findings)):
        if number:
            yield Text()
        yield _head(alike)
        full, more = grouping.apart(alike, _MOST_ALIKE)
        advised = False
        for place, found in enumerate(full):
            said_before, advised = advised, _is_advised(found) and found.remedy not in told
            if place and (said_before or advised):
                yield Text()
            yield from _finding(found, remedy=advised)
            told.add(found.remedy)
        if more:
            yield Padding(Text(f"The same of {listing(more, 20)} (each with --format json)."), (0, 0, 0, 4))


def _head(alike: Sequence[Finding]) -> RenderableType:
    found = alike[0]
    return Text.assemble(
        (found.severity.value, _SEVERITY[found.severity]),
        f"  {grouping.head(alike)}",
        style="bold" if found.acceptance is None else "",
    )


def _finding(found: Finding, *, remedy: bool) -> Iterator[RenderableType]:
    yield Padding(Text(found.message), (0, 0, 0, 4))
    yield from (Padding(Text(line, style="dim"), (0, 0, 0, 4)) for line in sentences.weighed(found))
    if remedy:
        yield Padding(Text(f"Do: {found.remedy}", style="dim"), (0, 0, 0, 4))


def _is_advised(found: Finding) -> bool:
    return found.acceptance is None and found.severity is not Severity.NOTE


def _at_productions_size(report: Report) -> Iterator[RenderableType]:
    for number, (alike, lines) in enumerate(production.lines(report)):
        if not number:
            yield Text("\nAt production's size", style="bold")
        yield _indented(listing(alike, 8))
        yield from (Padding(Text(line), (0, 0, 0, 4)) for line in lines)


def _calibration(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if rehearsal.calibration is None:
        return
    took = rehearsal.timings.get("calibration", timedelta(0))
    yield Text(f"\nCalibration (took {duration(took)}; no part of the verdict)", style="bold")
    yield from (_indented(line) for line in calibration.lines(rehearsal.calibration))


def _expectations(report: Report) -> Iterator[RenderableType]:
    if report.fulfilments:
        yield Text("\nExpectations", style="bold")
        yield from (_indented(sentences.expected(found)) for found in report.fulfilments)


def _changes(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if not rehearsal.changes_told:
        return
    yield Text("\nSchema changes", style="bold")
    for told in rehearsal.changes_told[:_MOST_CHANGES]:
        yield _indented(told)
    if len(rehearsal.changes_told) > _MOST_CHANGES:
        yield _indented(f"and {len(rehearsal.changes_told) - _MOST_CHANGES} more (all of them with --format json)")


def _counts(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    differing = row_counts.differing(rehearsal)
    yield Text("\nRow counts", style="bold")
    if differing:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
        table.add_column("table", overflow="fold")
        for name in ("before", "after", "in production"):
            table.add_column(name, justify="right")
        for found in differing:
            numbers = row_counts.cell(found.before), row_counts.cell(found.after), row_counts.in_production(found)
            table.add_row(escape(found.table), *numbers)
        yield table
    yield Text(f"  {row_counts.others(rehearsal)}")


def _downgrades(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if not rehearsal.downgrades:
        return
    took = rehearsal.timings.get("downgrade", timedelta(0))
    yield Text(f"\nThe way back (rehearsed in {duration(took)}; no part of the verdict)", style="bold")
    for alike in way_back.alike(rehearsal.downgrades):
        yield from _way_back(alike)


def _way_back(alike: Sequence[Downgrade]) -> Iterator[RenderableType]:
    """Yield what is to be said of revisions that follow one another and fared alike, once."""
    found = alike[0]
    yield _indented(way_back.head(alike))
    yield from (_indented(f"  - {loss}") for loss in way_back.losses(found))
    if found.failure is not None:
        yield from (_indented(f"  {line}") for line in failure.lines(found.failure))


def _fidelity(report: Report) -> Iterator[RenderableType]:
    fidelity = report.rehearsal.fidelity
    yield Text("\nWhat this rests on", style="bold")
    yield _indented(rests.versions(fidelity))
    yield _indented(rests.data(fidelity))
    yield _indented(rests.observation(fidelity))
    yield from (_indented(f"- {sentence}") for sentence in rests.remarks(report))


def _demands(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    told = tuple(demands.lines(rehearsal))
    if told:
        yield Text("\nThe project's own checks", style="bold")
        yield from (_indented(line) for line in told)


def _indented(line: str) -> RenderableType:
    return Padding(Text(line), (0, 0, 0, 2))
