"""All sides of a comparison: databases that are read, snapshots that were taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from rehearse.compare.asked import Asked
from rehearse.compare.plan import Table
from rehearse.compare.reader import Problem, Reader, Task, reading
from rehearse.compare.together import together
from rehearse.db.queries import query
from rehearse.diff.counts import judged
from rehearse.errors import RehearseError
from rehearse.model.comparison import Side
from rehearse.model.counts import Cell, Row
from rehearse.model.environment import Environment

_T = TypeVar("_T")
_NO_ROWS = "a snapshot knows the number of rows of the database it was taken of, and holds a sample only"


class Sides:
    """The sides of one comparison, in the order they were named."""

    def __init__(self, asked: Asked, key: bytes) -> None:
        self.asked = asked
        self.names = tuple(found.name for found in asked.environments)
        settings = _masking(key) if asked.shows_values else {}
        self.readers = {
            found.name: Reader(found, jobs=asked.jobs, timeout=asked.timeout, settings=settings)
            for found in asked.environments
            if found.url is not None
        }
        self.snapshots = {found.name: _recorded(found) for found in asked.environments if found.url is None}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read every database in a snapshot of its own, all taken at once."""
        with reading(self.readers.values()):
            yield

    def each(self, call: Callable[[Reader], _T]) -> dict[str, _T]:
        """Do something on every database that still answers, all at once; one that fails is noted and left out."""
        calls = {name: partial(call, reader) for name, reader in self.readers.items() if not reader.side.failure}
        answers: dict[str, _T] = {}
        for name, answer in together(calls).items():
            if isinstance(answer, RehearseError):
                self.readers[name].fail(answer.sentence)
            else:
                answers[name] = answer
        return answers

    def ask(self, name: str) -> dict[str, tuple[object, ...]]:
        """Ask every database a query of one row; who may not answer is left out."""
        task = Task(key="", statement=query(name).encode())
        answers = self.each(lambda reader: reader.ask([task])[""])
        return {side: answer[0] for side, answer in answers.items() if not isinstance(answer, Problem)}

    def row(self, table: Table, cells: Mapping[str, Cell], group: str | None = None) -> Row:
        """Judge a table by what was read of it, and by why nothing was read where that is so."""
        complete = {name: cells.get(name) or self._unread(name, table) for name in self.names}
        return judged(
            table.identity,
            table.kind,
            complete,
            group=group,
            tolerance=self.asked.tolerance,
            skipped=table.skipped,
            note=table.note,
        )

    def unasked(self, name: str) -> Cell:
        """Return what a side says to a question about rows that it was not asked, or could not answer."""
        if name in self.snapshots:
            return Cell(problem=_NO_ROWS)
        return Cell(problem=self.readers[name].side.failure or "it was not read")

    def described(self) -> tuple[Side, ...]:
        return tuple(
            self.readers[name].side if name in self.readers else self.snapshots[name][0] for name in self.names
        )

    def _unread(self, name: str, table: Table) -> Cell:
        if name in table.absent:
            return Cell(absent=True)
        if name in table.problems:
            return Cell(problem=table.problems[name])
        if name in self.snapshots and table.kind in ("view", "foreign table"):
            return Cell(problem="a snapshot does not count views")
        if name in self.snapshots and not self.asked.is_about_rows:
            return self.snapshots[name][1].get(table.identity) or Cell(absent=True)
        return self.unasked(name)


def _masking(key: bytes) -> dict[str, str]:
    from rehearse.sanitise.masks import pads  # noqa: PLC0415 - a plain count is quick, and does not wait for masks

    return pads(key)


def _recorded(environment: Environment) -> tuple[Side, Mapping[str, Cell]]:
    from rehearse.compare.recorded import read  # noqa: PLC0415 - as above, for archives

    return read(environment)


def as_cell(number: int | Problem) -> Cell:
    return Cell(problem=number.reason) if isinstance(number, Problem) else Cell(rows=number)
