"""Whether what the steps declared to change is what changed, and which losses that accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction

from rehearse.errors import did_you_mean
from rehearse.model.change import RowCount
from rehearse.model.evidence import Evidence
from rehearse.model.expectation import Expectation, Subject
from rehearse.model.finding import Family, Finding
from rehearse.model.quantity import count, rows
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, WorkKind
from rehearse.model.touched import sees_rows, touched

_NOT_SEEN = "what was done to rows was not seen"
_MORE_ROWS = "rehearse with the table whole (--rows, [snapshot.tables])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilment:
    """What became of one expectation."""

    expectation: Expectation
    holds: bool | None  # None: open, or its step was not played
    object: str  # what it is about: a table, a column, what was to go
    told: str  # what happened: "public.orders went from 1,000 rows to 890 (-110)"
    was_played: bool = True
    before: int | None = None  # rows on the stage, where it is about those
    after: int | None = None

    @property
    def sentence(self) -> str:
        """Say what was expected, and what happened."""
        said, joined = self.expectation, "and" if self.holds else "but"
        end = "" if self.told.endswith("?") else "."
        return f"Step {said.step} expects {said.said} ({said.place}), {joined} {self.told}{end}"


def fulfilments(evidence: Evidence) -> tuple[Fulfilment, ...]:
    """Return what became of every expectation, in the order they were declared."""
    return tuple(found for expectation in evidence.expectations for found in _judged(evidence, expectation))


def open_points(evidence: Evidence) -> Iterator[str]:
    """Yield a sentence for each expectation that was played and can be proven neither kept nor missed."""
    for found in fulfilments(evidence):
        if found.holds is None and found.was_played:
            yield found.sentence


def accepted_by(finding: Finding, evidence: Evidence, judged: Sequence[Fulfilment]) -> Expectation | None:
    """Return the expectation that a loss is what was meant by, or None."""
    if finding.family is not Family.LOSS:
        return None
    for found in judged:
        expectation = found.expectation
        if found.holds is not False and found.was_played and expectation.excuses and _means(found, finding, evidence):
            return expectation
    return None


def is_of(step: str, finding: Finding, rehearsal: Rehearsal) -> bool:
    """Say whether a finding is about a step: its own, or of no known step where there was only this one."""
    if finding.step is None:
        return [found.id for found in rehearsal.migration.steps] == [step]
    return finding.step == step


def _means(found: Fulfilment, finding: Finding, evidence: Evidence) -> bool:
    rehearsal, expectation = evidence.rehearsal, found.expectation
    if expectation.subject is Subject.ROWS:  # the bounds hold for all steps together
        counted = (finding.evidence.get("before"), finding.evidence.get("after"))
        return finding.object == expectation.object and counted == (found.before, found.after)
    if not is_of(expectation.step, finding, rehearsal):
        return False
    is_gone = any(change.object == finding.object for change in rehearsal.changes if change.action == "removed")
    if expectation.subject is Subject.VALUES:
        return finding.object == expectation.object and not is_gone
    return expectation.subject is Subject.DROP and _is_part(finding.object, expectation.object)


def _is_part(identity: str, pattern: str) -> bool:
    return fnmatchcase(identity, pattern) or fnmatchcase(identity, f"{pattern}.*")


def _judged(evidence: Evidence, expectation: Expectation) -> Iterator[Fulfilment]:
    rehearsal = evidence.rehearsal
    if expectation.step not in _played(rehearsal):
        told = "it was not played to its end"
        yield Fulfilment(expectation=expectation, holds=None, object=expectation.object, told=told, was_played=False)
    elif expectation.subject is Subject.ROWS:
        yield _rows(evidence, expectation)
    elif expectation.subject is Subject.VALUES:
        yield _values(rehearsal, expectation)
    elif expectation.subject is Subject.DROP:
        yield _drop(rehearsal, expectation)
    else:
        yield from _nothing(evidence, expectation)


def _played(rehearsal: Rehearsal) -> frozenset[str]:
    """Return the steps whose changes are there: played to their end, and not undone by a later failure."""
    undone = rehearsal.failure.undone if rehearsal.failure else ()
    applied = (step.id for step in rehearsal.migration.steps if step.outcome is Outcome.APPLIED)
    return frozenset(applied) - frozenset(undone)


def _rows(evidence: Evidence, expectation: Expectation) -> Fulfilment:
    rehearsal, table = evidence.rehearsal, expectation.object
    found = next((found for found in rehearsal.row_counts if found.table == table), None)
    if found is None:
        known = [found.table for found in rehearsal.row_counts]
        return _missed(expectation, f"there is no such table{did_you_mean(table, known)}".rstrip("."))
    if found.after is None:
        return _missed(expectation, f"{table} is gone")
    low, high = _bounds(evidence, table, found.before or 0)
    change = found.after - (found.before or 0)
    went = f"{table} went from {rows(found.before or 0)} to {count(found.after)} ({change:+,})"
    holds: bool | None = low <= change <= high
    if _is_of_production(evidence, found) and low < 0 and low <= change <= max(high, Fraction(0)):
        holds = None
        went = (
            f"of {table} the stage held a sample, of which it lost {rows(-change)}: what production loses is open. "
            f"State a percentage, as rows {table} -10%..0%, or {_MORE_ROWS}"
        )
    return Fulfilment(
        expectation=expectation, holds=holds, object=table, told=went, before=found.before, after=found.after
    )


def _bounds(evidence: Evidence, table: str, before: int) -> tuple[Fraction, Fraction]:
    """Return how many rows all steps together may add to a table or take from it."""
    played = _played(evidence.rehearsal)
    all_bounds = [
        each.bounds.of(before)
        for each in evidence.expectations
        if each.bounds is not None and each.object == table and each.step in played
    ]
    none = Fraction(0)
    return sum((low for low, _ in all_bounds), none), sum((high for _, high in all_bounds), none)


def _is_of_production(evidence: Evidence, found: RowCount) -> bool:
    """Say whether numbers of rows are given for a table of which the stage had a sample only."""
    in_rows = any(
        each.bounds is not None and not each.bounds.in_percent
        for each in evidence.expectations
        if each.object == found.table
    )
    return in_rows and found.before is not None and not evidence.rehearsal.is_whole(found.table)


def _values(rehearsal: Rehearsal, expectation: Expectation) -> Fulfilment:
    column = rehearsal.before.find("column", expectation.object) or rehearsal.after.find("column", expectation.object)
    if column is None or column.table is None:
        known = [found.identity for found in rehearsal.before.of_kind("column")]
        return _missed(expectation, f"there is no such column{did_you_mean(expectation.object, known)}".rstrip("."))
    written = sum(
        work.rows
        for statement in rehearsal.timeline.statements
        if statement.step == expectation.step
        for work in statement.work
        if work.object == column.table and work.kind in (WorkKind.ROWS, WorkKind.REWRITE)
    )
    changes = [change for change in rehearsal.value_changes if change.column == expectation.object]
    holds = True if written or changes else None
    told = f"{rows(written)} of {column.table} were written"
    if changes:
        told = f"{rows(changes[0].changed + changes[0].nulled)} of {column.table} changed"
    elif not written and not sees_rows(rehearsal):
        told = _NOT_SEEN
    elif not written and rehearsal.is_whole(column.table):
        return _missed(expectation, f"no row of {column.table} was written")
    elif not written:
        told = f"no row of {column.table} was written on the stage, which held a sample: {_MORE_ROWS}"
    return Fulfilment(expectation=expectation, holds=holds, object=expectation.object, told=told)


def _drop(rehearsal: Rehearsal, expectation: Expectation) -> Fulfilment:
    gone = [change.object for change in rehearsal.changes if change.action == "removed"]
    found = [identity for identity in gone if fnmatchcase(identity, expectation.object)]
    if found:
        return Fulfilment(expectation=expectation, holds=True, object=expectation.object, told=f"{found[0]} is gone")
    known = sorted({entry.identity for entry in rehearsal.before.objects})
    if expectation.object in known:
        return _missed(expectation, f"{expectation.object} is still there")
    return _missed(expectation, f"there was no such object{did_you_mean(expectation.object, known)}".rstrip("."))


def _nothing(evidence: Evidence, expectation: Expectation) -> Iterator[Fulfilment]:
    """Yield what the step did to data that existed, for each object; if that is nothing, that it kept its word."""
    found = touched(evidence, expectation.step)
    for identity, told in found.items():
        yield Fulfilment(expectation=expectation, holds=False, object=identity, told=" and ".join(told))
    if not found and sees_rows(evidence.rehearsal):
        yield Fulfilment(expectation=expectation, holds=True, object="", told="no row was touched")
    elif not found:
        yield Fulfilment(expectation=expectation, holds=None, object="", told=_NOT_SEEN)


def _missed(expectation: Expectation, told: str) -> Fulfilment:
    return Fulfilment(expectation=expectation, holds=False, object=expectation.object, told=told)
