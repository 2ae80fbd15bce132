"""What each table's locks stopped, moment by moment."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import LockWindow, Statement, WorkKind


class Stop(Enum):
    """How much a lock stops, the least first; one under which no row is worked on lets go at once."""

    WRITES_BRIEFLY = "writes-briefly"
    ALL_BRIEFLY = "all-briefly"
    WRITES = "writes"
    ALL = "all"

    @property
    def weight(self) -> int:
        return list(Stop).index(self)

    @property
    def told(self) -> str:
        return {
            Stop.ALL: "reads and writes blocked while rows are worked on",
            Stop.WRITES: "writes blocked while rows are worked on",
            Stop.ALL_BRIEFLY: "reads and writes blocked, with no row to work on",
            Stop.WRITES_BRIEFLY: "writes blocked, with no row to work on",
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time through which a table is stopped in one way."""

    stop: Stop
    started: datetime
    ended: datetime

    @property
    def took(self) -> timedelta:
        return self.ended - self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One table and the times through which its locks stop others."""

    table: str
    stretches: tuple[Stretch, ...]

    @property
    def blocked(self) -> timedelta:
        return sum((found.took for found in self.stretches), timedelta(0))

    @property
    def worst(self) -> Stop:
        return max((found.stop for found in self.stretches), key=lambda stop: stop.weight)


class Stops:
    """Knows of each lock what it stops: whether rows are worked on while it is held is told by the statements."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._working: dict[str, list[int]] = {}
        for statement in rehearsal.timeline.statements:
            if works(statement, rehearsal):
                self._working.setdefault(statement.transaction, []).append(statement.number)
        for numbers in self._working.values():
            numbers.sort()

    def of(self, lock: LockWindow) -> Stop | None:
        """Return what a lock stops; None: neither reads nor writes."""
        if not lock.mode.blocks_writes:
            return None
        numbers = self._working.get(lock.transaction, [])
        place = bisect_left(numbers, lock.statement)
        rows_are_worked_on = place < len(numbers) and lock.is_held_at(numbers[place])
        if lock.mode.blocks_reads:
            return Stop.ALL if rows_are_worked_on else Stop.ALL_BRIEFLY
        return Stop.WRITES if rows_are_worked_on else Stop.WRITES_BRIEFLY


def works(statement: Statement, rehearsal: Rehearsal) -> bool:
    """Say whether a statement worked on rows, other than those in which migrations are recorded."""
    history = rehearsal.facts.history
    return any(work.kind is not WorkKind.METADATA and work.object not in history for work in statement.work)


def lanes(rehearsal: Rehearsal) -> tuple[Lane, ...]:
    """Return a lane for each table that is stopped, the worst first, then those that are stopped longest."""
    stops = Stops(rehearsal)
    windows: dict[str, list[Stretch]] = {}
    for lock in rehearsal.timeline.locks:
        if (stop := stops.of(lock)) is not None:
            window = Stretch(stop=stop, started=lock.acquired, ended=lock.released)
            windows.setdefault(lock.object, []).append(window)
    found = [Lane(table=table, stretches=tuple(_flat(parts))) for table, parts in windows.items()]
    return tuple(sorted(found, key=lambda lane: (-lane.worst.weight, -lane.blocked, lane.table)))


def worst(rehearsal: Rehearsal) -> Mapping[str, Stop]:
    """Return for each step the most that its locks stop."""
    stops = Stops(rehearsal)
    found: dict[str, Stop] = {}
    for lock in rehearsal.timeline.locks:
        stop = stops.of(lock)
        if stop is not None and lock.step is not None:
            found[lock.step] = max(stop, found.get(lock.step, stop), key=lambda each: each.weight)
    return found


def _flat(windows: Sequence[Stretch]) -> Iterator[Stretch]:
    """Yield stretches that do not overlap: at each moment what stops the most."""
    events = sorted(_events(windows), key=lambda event: event[0])
    held: Counter[Stop] = Counter()
    last: Stretch | None = None
    for (moment, stop, change), (until, _, _) in zip(events, [*events[1:], events[-1]], strict=True):
        held[stop] += change
        now = [each for each, number in held.items() if number]
        if not now or until == moment:
            continue
        most = max(now, key=lambda each: each.weight)
        if last is not None and last.stop is most and last.ended == moment:
            last = Stretch(stop=most, started=last.started, ended=until)
            continue
        if last is not None:
            yield last
        last = Stretch(stop=most, started=moment, ended=until)
    if last is not None:
        yield last
    elif windows:  # each was given back the moment it was taken
        yield max(windows, key=lambda window: window.stop.weight)


def _events(windows: Iterable[Stretch]) -> Iterator[tuple[datetime, Stop, int]]:
    for window in windows:
        yield window.started, window.stop, 1
        yield window.ended, window.stop, -1
