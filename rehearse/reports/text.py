"""The report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from itertools import groupby

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rehearse.model.change import RowCount
from rehearse.model.downgrade import Downgrade
from rehearse.model.failure import Failure
from rehearse.model.finding import Finding, Severity
from rehearse.model.migration import StepRun
from rehearse.model.quantity import count, duration, listing, rows
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Report, Verdict
from rehearse.model.setting import SettingChange, Standing
from rehearse.model.timeline import Outcome, WorkKind
from rehearse.reports import calibration, production, sentences

_COLOUR = {Verdict.SAFE: "bold green", Verdict.UNSAFE: "bold red", Verdict.UNDECIDED: "bold yellow"}
_SEVERITY = {Severity.BLOCK: "red", Severity.WARN: "yellow", Severity.NOTE: "dim"}
_WIDTH = 100
_MOST_CHANGES = 30
_MOST_ALIKE = 5  # findings of one check in one step
_STATEMENT = 200  # characters that are shown of one
_NEXT = {
    Verdict.SAFE: "Promote it.",
    Verdict.UNSAFE: "Change the steps named above, or acknowledge a finding with its reason under "
    "[[policy.acknowledge]], then rehearse again.",
    Verdict.UNDECIDED: "Close the open points above and rehearse again: undecided is neither safe nor unsafe.",
}


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
    yield from _reasons(report)
    if rehearsal.migration.steps:
        yield from (Text("\nSteps", style="bold"), _steps(rehearsal))
    yield from _failed(rehearsal)
    yield from _settings(rehearsal)
    if report.findings:
        yield Text("\nFindings", style="bold")
        yield from _findings(report.findings)
    yield from _expectations(report)
    if report.verdict is Verdict.UNSAFE and (left := _open_points(report)):
        yield Text("\nOpen besides", style="bold")
        yield from (_indented(f"- {point}") for point in left)
    yield from _at_productions_size(report)
    yield from _changes(rehearsal)
    yield from _counts(rehearsal)
    yield from _calibration(rehearsal)
    yield from _downgrades(rehearsal)
    yield from _fidelity(report)
    yield Text(f"\nNext: {_next(report)}")
    if rehearsal.id:
        yield Text(f"Run {rehearsal.id} (rehearse report {rehearsal.id} --format html)", style="dim")


def _next(report: Report) -> str:
    warned = any(found.severity is Severity.WARN and found.acceptance is None for found in report.findings)
    if report.verdict is Verdict.SAFE and warned:
        return "Promote it, with the warnings above in mind."
    if report.verdict is Verdict.UNSAFE and not report.rehearsal.migration.steps and report.rehearsal.settings:
        return "Change the settings named above, then rehearse again."
    return _NEXT[report.verdict]


def _reasons(report: Report) -> Iterator[RenderableType]:
    """Yield why: for an unsafe verdict the count suffices, the findings stand below."""
    blocks = [found for found in report.findings if found.blocks]
    if blocks:
        checks = tuple(dict.fromkeys(found.check for found in blocks))
        noun = "finding blocks" if len(blocks) == 1 else "findings block"
        alone = report.rehearsal.settings and not report.rehearsal.migration.steps
        yield Text(f"{len(blocks)} {noun} this {'change' if alone else 'migration'}: {listing(checks, 8)}.")
        return
    for reason in report.reasons:
        yield Text(f"open: {reason}" if report.verdict is Verdict.UNDECIDED else reason)


def _open_points(report: Report) -> tuple[str, ...]:
    """Return the reasons of an unsafe verdict that are no findings."""
    messages = {found.message for found in report.findings}
    return tuple(reason for reason in report.reasons if reason not in messages)


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
        table.add_row(escape(step.id), escape(step.title), _time(step), _work(rehearsal, step), _lock(rehearsal, step))
    return table


def _time(step: StepRun) -> str:
    return duration(step.duration) if step.outcome is Outcome.APPLIED else step.outcome.value


def _work(rehearsal: Rehearsal, step: StepRun) -> str:
    work = [
        work
        for statement in rehearsal.timeline.statements
        if statement.step == step.id
        for work in statement.work
        if work.existed_before and work.kind is not WorkKind.METADATA and work.object not in rehearsal.facts.history
    ]
    totals: dict[str, int] = {}
    for found in work:
        verb = found.detail if found.kind is WorkKind.ROWS and found.detail else found.kind.value
        key = f"{verb} {found.object}"
        totals[key] = totals.get(key, 0) + found.rows
    return "\n".join(f"{escape(key)}: {rows(number)}" for key, number in totals.items()) or _nothing(rehearsal, "none")


def _nothing(rehearsal: Rehearsal, established: str) -> str:
    """Return how nothing is called: what samples did not show may have been there, unless everything else told."""
    is_open = rehearsal.fidelity.observation == "sampled" and not rehearsal.timeline.complete
    return "not known" if is_open else established


def _lock(rehearsal: Rehearsal, step: StepRun) -> str:
    locks = [lock for lock in rehearsal.timeline.locks if lock.step == step.id and lock.mode.blocks_writes]
    if not locks:
        return _nothing(rehearsal, "none that blocks")
    strongest = max(locks, key=lambda lock: (lock.mode.strength, lock.held))
    others = len({lock.object for lock in locks}) - 1
    more = f" (and {others} more)" if others else ""
    return f"{escape(strongest.object)}{more}: no {' or '.join(strongest.mode.blocks)}, {duration(strongest.held)}"


def _failed(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if rehearsal.failure is not None:
        yield Text("\nThe failure", style="bold")
        yield from (_indented(line) for line in _failure_lines(rehearsal.failure))


def _failure_lines(failure: Failure) -> Iterator[str]:
    """Yield what failed, where, and how the database was left, a line each."""
    state = f" ({failure.sqlstate})" if failure.sqlstate else ""
    yield f"{failure.step}{f' at {failure.location}' if failure.location else ''}: {failure.message}{state}"
    if failure.statement:
        yield f"statement: {_shortened(failure.statement)}"
    if failure.undone:
        yield f"undone: {', '.join(failure.undone)}"
    if failure.kept:
        yield f"stays: {', '.join(failure.kept)}"
    if failure.half_done:
        yield f"half done: {', '.join(failure.half_done)}"
    if failure.remnants:
        yield "left behind, though not recorded:"
        yield from (f"  - {remnant.told}" for remnant in failure.remnants)
    for table, heads in (failure.heads or {}).items():
        yield f"recorded in {table}: {listing(heads) or 'nothing'}"


def _shortened(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= _STATEMENT else f"{line[: _STATEMENT - 3]}..."


def _settings(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if rehearsal.settings:
        yield Text("\nSettings", style="bold")
        yield from (_indented(_setting(change)) for change in rehearsal.settings)


def _setting(change: SettingChange) -> str:
    """Write a setting as "maintenance_work_mem: 64MB -> 1GB (reload)"."""
    told = f"{change.name}: {_shown(change.production)} -> {_shown(change.new)}"
    if change.is_unchanged:
        told = f"{change.name}: {_shown(change.new)} in production already (no change)"
    elif change.standing is not Standing.ACCEPTED:
        told = f"{told} ({change.standing.value})"
    elif change.needs is not None:
        told = f"{told} ({change.needs})"
    return "; ".join((told, *(f"overridden {whose}" for whose in change.overridden)))


def _shown(value: str | None) -> str:
    return "not known" if value is None else value or "''"


def _findings(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """Yield the findings, of one check in one step together; what to do is said once, at the first it is said of."""
    told: set[str] = set()
    for number, (_, group) in enumerate(groupby(findings, key=_kind)):
        alike = tuple(group)
        if number:
            yield Text()
        yield _head(alike[0], len(alike))
        for found in alike[:_MOST_ALIKE]:
            yield from _finding(found, remedy=found.remedy not in told)
            told.add(found.remedy)
        if more := tuple(found.object for found in alike[_MOST_ALIKE:]):
            yield Padding(Text(f"The same of {listing(more, 20)} (each with --format json)."), (0, 0, 0, 4))


def _kind(found: Finding) -> tuple[object, ...]:
    return (found.severity, found.check, found.step, found.acceptance is None)


def _head(found: Finding, number: int) -> RenderableType:
    step = f" in step {found.step}" if found.step else ""
    times = f" ({number})" if number > 1 else ""
    return Text.assemble(
        (found.severity.value, _SEVERITY[found.severity]),
        f"  {found.check}{step}{times}",
        style="bold" if found.acceptance is None else "",
    )


def _finding(found: Finding, *, remedy: bool) -> Iterator[RenderableType]:
    yield Padding(Text(found.message), (0, 0, 0, 4))
    yield from (Padding(Text(line, style="dim"), (0, 0, 0, 4)) for line in sentences.weighed(found))
    if found.acceptance is None and found.severity is not Severity.NOTE and remedy:
        yield Padding(Text(f"Do: {found.remedy}", style="dim"), (0, 0, 0, 4))


def _at_productions_size(report: Report) -> Iterator[RenderableType]:
    for number, (steps, lines) in enumerate(production.lines(report)):
        if not number:
            yield Text("\nAt production's size", style="bold")
        yield _indented(listing(steps, 8))
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
    differing = [found for found in rehearsal.row_counts if found.before != found.after]
    same = len(rehearsal.row_counts) - len(differing)
    yield Text("\nRow counts", style="bold")
    if differing:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
        table.add_column("table", overflow="fold")
        for name in ("before", "after", "in production"):
            table.add_column(name, justify="right")
        for found in differing:
            table.add_row(escape(found.table), _cell(found.before), _cell(found.after), _production(found))
        yield table
    yield Text(f"  {same} {'table holds' if same == 1 else 'tables hold'} as many rows as before.")


def _cell(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _production(found: RowCount) -> str:
    if found.production is None:
        return "new" if found.before is None else "unknown"
    return count(found.production) if found.production_exact else f"about {count(found.production)}"


def _downgrades(rehearsal: Rehearsal) -> Iterator[RenderableType]:
    if not rehearsal.downgrades:
        return
    took = rehearsal.timings.get("downgrade", timedelta(0))
    yield Text(f"\nThe way back (rehearsed in {duration(took)}; no part of the verdict)", style="bold")
    for _, alike in groupby(rehearsal.downgrades, key=lambda found: replace(found, step="", took=timedelta(0))):
        yield from _way_back(tuple(alike))


def _way_back(alike: Sequence[Downgrade]) -> Iterator[RenderableType]:
    """Yield what is to be said of revisions that follow one another and fared alike, once."""
    found = alike[0]
    together = ", tried as one" if len(alike) > 1 and found.together else ""
    reason = f", {found.reason}" if found.reason else ""
    yield _indented(f"{', '.join(each.step for each in alike)}: {found.way.value}{reason}{together}")
    for loss in found.losses:
        yield _indented(f"  - {loss.told}{' after upgrading again' if loss.upgraded_again else ''}")
    if found.failure is not None:
        yield from (_indented(f"  {line}") for line in _failure_lines(found.failure))


def _fidelity(report: Report) -> Iterator[RenderableType]:
    rehearsal, fidelity = report.rehearsal, report.rehearsal.fidelity
    yield Text("\nWhat this rests on", style="bold")
    versions = f"stage runs PostgreSQL {fidelity.stage_version}, production {fidelity.source_version}"
    yield _indented(f"{versions}{': the versions differ' if fidelity.versions_differ else ''}.")
    fraction = "" if fidelity.sampled_fraction is None else f", {fidelity.sampled_fraction:.1%} of all rows"
    only = f", {fidelity.tables_schema_only} without data" if fidelity.tables_schema_only else ""
    whole = "1 table" if fidelity.tables_whole == 1 else f"{fidelity.tables_whole} tables"
    yield _indented(
        f"data of {fidelity.data_taken_at:%Y-%m-%d %H:%M} UTC: {whole} whole, "
        f"{fidelity.tables_sampled} sampled{only}{fraction}; {len(fidelity.masked)} columns masked."
    )
    yield _indented(f"observation: {fidelity.observation}; kept in by: {listing(fidelity.isolation, 8) or 'nothing'}.")
    for sentence in (
        *_redirections(rehearsal),
        *fidelity.deviations,
        *rehearsal.migration.notes,
        *rehearsal.timeline.notes,
        *report.policy.notes,
        *sentences.uncovered(report),
    ):
        yield _indented(f"- {sentence}")


def _redirections(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Say which declared databases the migration asked for and was given the stage instead."""
    asked = dict.fromkeys(
        (found.target, found.location) for found in rehearsal.migration.connections if found.redirected
    )
    return tuple(
        f"The migration asked for {target}{f' ({location})' if location else ''} and was given the stage instead."
        for target, location in asked
    )


def _indented(line: str) -> RenderableType:
    return Padding(Text(line), (0, 0, 0, 2))
