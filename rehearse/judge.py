"""Weigh findings against the policy and the evidence against its gaps: the verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from rehearse.model import fulfilment
from rehearse.model.baseline import Baseline
from rehearse.model.evidence import Evidence
from rehearse.model.failure import failed_statement
from rehearse.model.finding import Finding, Ground, Severity
from rehearse.model.identity import split
from rehearse.model.masking import finds_own_values
from rehearse.model.quantity import count, listing
from rehearse.model.refusal import passed_over
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Report, Verdict
from rehearse.model.setting import Standing
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.standins import named
from rehearse.model.timeline import Outcome, Statement, WorkKind
from rehearse.model.unproven import demands
from rehearse.model.weighing import unused, weighed

_SEVERITIES = list(Severity)
_OF_PYTHON = ("alembic_version", "django_migrations")
_PASSED_OVER = re.compile(r"\bON\s+CONFLICT\b.*?\bDO\s+NOTHING\b", re.IGNORECASE | re.DOTALL)  # harmless either way
_PREDICATE = re.compile(r"\b(?:WHERE|ON|USING|HAVING)\b(.*)", re.IGNORECASE | re.DOTALL)


def judge(
    evidence: Evidence,
    findings: Sequence[Finding],
    crashed: Sequence[str],
    today: date,
    baseline: Baseline | None = None,
) -> Report:
    """Return the report with its verdict.

    A block that nothing accepts makes it unsafe, whatever else stayed open; otherwise anything open (a gap in the
    observation, a check that crashed, a stand-in that was touched) makes it undecided. No policy closes what is open.
    """
    rehearsal = evidence.rehearsal
    fulfilled = fulfilment.fulfilments(evidence)
    # Sorted before they are weighed: which of two alike is the baseline's must not depend on the checks' order.
    found = weighed(sorted(findings, key=_order(rehearsal)), evidence, fulfilled, baseline, today)
    found = tuple(sorted(found, key=_order(rehearsal)))
    blocks = tuple(finding for finding in found if finding.blocks)
    points = (*open_points(evidence), *_left_open(found), *crashed)
    if blocks:
        verdict, reasons = Verdict.UNSAFE, tuple(dict.fromkeys(block.message for block in blocks)) + points
    elif points := (*points, *_never_played(rehearsal, points)):
        verdict, reasons = Verdict.UNDECIDED, points
    else:
        verdict, reasons = Verdict.SAFE, (_why_safe(rehearsal, found),)
    return Report(
        verdict=verdict,
        reasons=reasons,
        findings=found,
        rehearsal=rehearsal,
        policy=evidence.policy,
        baseline=baseline,
        fulfilments=fulfilled,
        unused=unused(findings, evidence, today),
        predictions=evidence.predictions,
        advice=evidence.advice,
    )


def _left_open(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what findings that nothing accepts cannot tell of production."""
    for finding in findings:
        if finding.open_point is not None and finding.acceptance is None:
            yield finding.open_point


def open_points(evidence: Evidence) -> tuple[str, ...]:
    """Return what could not be established and could change the verdict, each with the way to close it."""
    return tuple(dict.fromkeys(_open_points(evidence)))


def _open_points(evidence: Evidence) -> Iterator[str]:
    rehearsal = evidence.rehearsal
    yield from rehearsal.timeline.gaps
    if not rehearsal.timeline.complete and not rehearsal.timeline.gaps:
        yield "The server's log of the run is incomplete."
    yield from rehearsal.migration.open_points
    yield from _unfinished(rehearsal)
    for step in rehearsal.migration.failed:
        blame = evidence.stage_is_to_blame(step, failed_statement(rehearsal.timeline, step))
        if blame:
            yield f"{blame[0].upper()}{blame[1:]}."
    yield from passed_over(rehearsal)
    yield from _open_settings(rehearsal)
    yield from _touched_deviations(rehearsal)
    yield from _masked_predicates(rehearsal)
    yield from demands(rehearsal)
    yield from fulfilment.open_points(evidence)
    yield from (point for found in rehearsal.own_checks if (point := found.open_point))
    if rehearsal.old_release is not None and (point := rehearsal.old_release.open_point):
        yield point


def _never_played(rehearsal: Rehearsal, points: Sequence[str]) -> Iterator[str]:
    """Say what an accepted failure leaves open: nothing is known of what would have followed."""
    failed = rehearsal.migration.failed
    if failed and not points:
        rest = sum(1 for step in rehearsal.migration.steps if step.outcome is Outcome.SKIPPED)
        after = f" and the {count(rest)} after it" if rest else ""
        yield f"Step {failed[0].id} failed, which is accepted; what it{after} would have done is not known."


def _unfinished(rehearsal: Rehearsal) -> Iterator[str]:
    migration = rehearsal.migration
    failed = any(step.outcome is Outcome.FAILED for step in migration.steps)
    if migration.stopped is not None:
        yield f"{migration.stopped.told} Raise the limit if it only needs more time."
    elif migration.exit_status != 0 and not failed:
        last = migration.output_tail.strip().splitlines()
        yield (
            f"The migrating process ended with status {migration.exit_status} though no step failed"
            f"{': ' + last[-1].rstrip('.') if last else ''}."
        )
    if migration.tool == "alembic" and migration.observed and not migration.known_revisions:
        yield (
            "No revisions were found in the project, which proves nothing about what is pending: check script_location "
            "and version_locations, or use the project's own command (migrations.command)."
        )
    if migration.tool == "command" and migration.known_revisions is None:
        yield from _unheard(rehearsal)
    if not failed and migration.exit_status == 0:
        reached = {head for heads in rehearsal.heads_after.values() for head in heads}
        missed = tuple(target for target in migration.targets if target not in reached)
        if missed:
            yield f"The run ended without an error but did not reach {listing(missed)}."


def _unheard(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield the version tables of Python's tools that were written to while no hook told of such a tool."""
    for table, heads in sorted(rehearsal.heads_after.items()):
        if split(table)[-1] in _OF_PYTHON and heads != rehearsal.heads_before.get(table, ()):
            yield (
                f"Migrations were recorded in {table}, and the hook was not loaded where they ran: Python runs with "
                "-I, -E or -S, or without the variables it was given (env -i). Where the steps begin and what they ask "
                "for is unknown; start it without these, or give PYTHONPATH and REHEARSE_HOOK on."
            )


def _open_settings(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield the changed settings of which the stage's server proves nothing."""
    for change in rehearsal.settings:
        if change.standing is Standing.OPEN:
            yield f"Whether production accepts {change.name} = {change.new} ({change.origin}) is open: {change.error}."


def _touched_deviations(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield the stand-ins that a step came near: by lock, by work, by change or by name."""
    touched = rehearsal.fidelity.touched
    tables = {table.identity for table in rehearsal.before.of_kind("table")}  # of these the locks tell, not the words
    others = [identity for identity in touched if identity not in tables]
    near: dict[str, str | None] = {}
    for change in rehearsal.changes:
        near |= {change.object: None, change.table or change.object: None}
    near |= {lock.object: lock.step for lock in rehearsal.timeline.locks if lock.mode.blocks_writes}
    for statement in rehearsal.timeline.statements:
        said = named(statement.sql, others) if statement.outcome is not Outcome.FAILED else ()  # that is a point itself
        near |= dict.fromkeys((*(work.object for work in statement.work), *said), statement.step)
    for identity in touched:
        if identity in near:
            step = f"Step {near[identity]}" if near[identity] else "A step"
            yield (
                f"{step} touches {identity}, where the stage is not production's twin (see fidelity); use a server "
                "like production's (engine.bin_dir), keep the columns involved clear (sanitise.columns), or try that "
                "step on a copy of production."
            )


def _masked_predicates(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield the statements whose choice of rows reads a masked column: production's rows may be others."""
    masked: dict[str, list[ColumnTreatment]] = {}
    for treatment in rehearsal.fidelity.masked:
        masked.setdefault(treatment.table, []).append(treatment)
    for statement in rehearsal.timeline.statements:
        for column in _columns_chosen_by(statement, masked):
            yield (
                f"Step {statement.step or '?'} chooses rows by {column.identity}, which is masked on the stage: which "
                "rows of production it takes is open. Keep the column clear if it may be ([sanitise.columns] "
                f"{column.rule_to_keep})."
            )


def _columns_chosen_by(statement: Statement, masked: dict[str, list[ColumnTreatment]]) -> Iterator[ColumnTreatment]:
    predicate = _PREDICATE.search(_PASSED_OVER.sub(" ", statement.sql))
    if not predicate or not statement.tag.startswith(("UPDATE", "DELETE", "INSERT", "MERGE", "DO")):
        return
    tables = {work.object for work in statement.work if work.existed_before and work.kind is not WorkKind.METADATA}
    for table in sorted(tables):
        for column in masked.get(table, ()):
            found = re.search(rf"(?<![\w]){re.escape(column.column)}(?![\w])", predicate[1])
            if found and not finds_own_values(statement, column, predicate[1]):
                yield column


def _order(rehearsal: Rehearsal) -> Callable[[Finding], tuple[bool, int, int, str, str]]:
    """Return the sort key of findings: open before acknowledged, severe first, then as the steps run."""
    position = {step.id: number for number, step in enumerate(rehearsal.migration.steps)}

    def key(finding: Finding) -> tuple[bool, int, int, str, str]:
        place = position.get(finding.step or "", -1)
        return (
            finding.acceptance is not None,
            _SEVERITIES.index(finding.severity),
            place,
            finding.check,
            finding.object,
        )

    return key


def _why_safe(rehearsal: Rehearsal, findings: Sequence[Finding]) -> str:
    steps = len(rehearsal.migration.steps)
    settings = len(rehearsal.settings)
    taken = f"{settings} setting{' was' if settings == 1 else 's were'} accepted"
    if not steps and settings:
        return f"{taken} by PostgreSQL {rehearsal.fidelity.stage_version}; no migration was played."
    if not steps:
        return "Nothing is pending: the database is at the target revision already."
    grounds = [found.acceptance.ground for found in findings if found.acceptance is not None]
    words = {Ground.ACKNOWLEDGED: "acknowledged", Ground.EXPECTED: "expected", Ground.BASELINE: "in the baseline"}
    also = "".join(f", {grounds.count(ground)} {word}" for ground, word in words.items() if ground in grounds)
    played = "1 pending step was" if steps == 1 else f"{steps} pending steps were"
    under = f" and {taken}" if settings else ""
    return f"{played} played{under}; no finding blocks{also}."
