"""Where findings point to: a file of the repository and the line of the statement they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rehearse.model.finding import Finding
from rehearse.model.migration import StepRun
from rehearse.model.origin import lines
from rehearse.model.report import Report
from rehearse.model.timeline import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a file."""

    file: str  # from the root of the repository
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The places of one report."""

    report: Report
    lines: Mapping[int, int]  # number of a statement -> line of its step's file

    @classmethod
    def of(cls, report: Report) -> Places:
        return cls(report=report, lines=_lines(report))

    def of_step(self, step: StepRun) -> Place | None:
        """Return where a step begins; None where it is no file of the project."""
        return None if step.file is None else Place(file=step.file, line=step.line)

    def of_finding(self, found: Finding) -> Place | None:
        """Return the line of the statement a finding is about, or where its step begins.

        What is of no step is put where the first step begins; None where there is no file at all.
        """
        steps = self.report.rehearsal.migration.steps
        step = next((each for each in steps if each.id == found.step), steps[0] if steps else None)
        begins = None if step is None else self.of_step(step)
        if step is None or begins is None or found.step != step.id:
            return begins
        line = _line_at(step, found.evidence.get("location")) or self._line_of_statement(found)
        return begins if line is None else Place(file=begins.file, line=line)

    def _line_of_statement(self, found: Finding) -> int | None:
        played = [each for each in self.report.rehearsal.timeline.statements if each.step == found.step]
        sql = found.evidence.get("sql")
        about = [each for each in played if each.sql == sql] or self._locking(found, played)
        return next((self.lines[each.number] for each in about if each.number in self.lines), None)

    def _locking(self, found: Finding, played: list[Statement]) -> list[Statement]:
        """Return the one statement of the step that locked the finding's table against others, if it was one."""
        numbers = {
            lock.statement
            for lock in self.report.rehearsal.timeline.locks
            if lock.step == found.step and lock.mode.blocks_writes and found.object.startswith(lock.object)
        }
        return [each for each in played if numbers == {each.number}]


def _line_at(step: StepRun, location: object) -> int | None:
    """Return the line of a location in the step's own file: "versions/ae10_x.py:31"."""
    file, _, line = str(location).rpartition(":")
    return int(line) if file == step.source and line.isdecimal() else None


def _lines(report: Report) -> Mapping[int, int]:
    rehearsal = report.rehearsal
    found: dict[int, int] = {}
    for step in rehearsal.migration.steps:
        origins = [each for each in rehearsal.migration.origins if each.step == step.id]
        found |= lines(origins, [each for each in rehearsal.timeline.statements if each.step == step.id])
    return found
