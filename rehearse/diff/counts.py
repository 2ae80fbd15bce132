"""Judge counts: what they establish, and what they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from rehearse.model.comparison import Side, Status
from rehearse.model.counts import ROWS, Cell, Change, Counts, Row, Since, Tolerance
from rehearse.model.quantity import duration

_STRICT = Tolerance()


def judged(
    name: str,
    kind: str,
    cells: Mapping[str, Cell],
    *,
    group: str | None = None,
    tolerance: Tolerance = _STRICT,
    skipped: str = "",
    note: str = "",
) -> Row:
    """Return the row with its status: never equal unless every side was counted exactly and says the same.

    Unknown outranks different, and what is established to differ in spite of it is still named.
    """
    differs = _differing(cells, tolerance)
    status, reason = _status(cells, differs, tolerance, skipped)
    told = "; ".join(filter(None, (reason, note)))
    return Row(name=name, kind=kind, group=group, cells=cells, status=status, reason=told, differs=differs)


def lagging(row: Row, sides: Iterable[Side], limit: timedelta) -> Row:
    """Return a differing row as unknown where a standby is too far behind: its difference may be its lag."""
    behind = [side for side in sides if side.lag is not None and side.lag > limit and side.name in row.cells]
    if row.status is not Status.DIFFERENT or not behind:
        return row
    told = " and ".join(f"{side.name} is a standby {duration(side.lag or limit)} behind" for side in behind)
    return replace(row, status=Status.UNKNOWN, differs=(), reason=f"{told}: the difference may be its lag")


def rechecked(first: Counts, again: Counts, pause: timedelta) -> Counts:
    """Return the first comparison with what differed in it as it was found after a pause."""
    found = {(row.kind, row.name, row.group): row for row in again.rows}
    tables = {(row.kind, row.name) for row in again.rows}
    failures = {side.name: side.failure for side in again.sides}
    return replace(
        first,
        rows=tuple(
            _after_pause(row, found.get((row.kind, row.name, row.group)), pause, gone=(row.kind, row.name) in tables)
            for row in first.rows
        ),
        sides=tuple(replace(side, failure=side.failure or failures.get(side.name)) for side in first.sides),
    )


def _after_pause(row: Row, again: Row | None, pause: timedelta, *, gone: bool) -> Row:
    if row.status is not Status.DIFFERENT:
        return row
    if again is None:
        vanished = f"differed at first; {duration(pause)} later no side had a row of this group"
        return replace(row, status=Status.EQUAL, reason=vanished, differs=()) if gone and row.group is not None else row
    if again.status is Status.EQUAL:
        return replace(again, reason=f"differed at first, equal {duration(pause)} later: rows were in flight")
    if again.status is Status.DIFFERENT:
        moved = {side for side, cell in row.cells.items() if cell.rows != again.cells[side].rows}
        how = f"{' and '.join(sorted(moved))} moved meanwhile" if moved else "by the same numbers"
        return replace(again, reason=f"still different {duration(pause)} later, {how}")
    return again


def _status(
    cells: Mapping[str, Cell], differs: Sequence[str], tolerance: Tolerance, skipped: str
) -> tuple[Status, str]:
    if skipped:
        return Status.SKIPPED, skipped
    problems = [f"{side}: {cell.problem}" for side, cell in cells.items() if cell.problem]
    if problems:
        return Status.UNKNOWN, "; ".join(problems)
    estimated = [f"{side}: an estimate {_age(cell)}" for side, cell in cells.items() if not cell.exact]
    if estimated:
        return Status.UNKNOWN, "; ".join(estimated)
    if differs:
        return Status.DIFFERENT, ""
    if len(cells) == 1:
        return Status.SKIPPED, "nothing to compare with"
    numbers = [cell.rows for cell in cells.values() if cell.rows is not None]
    apart = max(numbers, default=0) - min(numbers, default=0)
    return Status.EQUAL, f"{apart:,} apart, within the tolerance" if apart and tolerance != _STRICT else ""


def _age(cell: Cell) -> str:
    return f"of {cell.estimated_at:%Y-%m-%d %H:%M}" if cell.estimated_at else "of unknown age"


def _differing(cells: Mapping[str, Cell], tolerance: Tolerance) -> tuple[str, ...]:
    """Return what differs between those sides of which it is known."""
    known = [cell for cell in cells.values() if cell.problem is None and cell.exact]
    present = [cell for cell in known if not cell.absent]
    numbers = [cell.rows for cell in present if cell.rows is not None]
    apart = bool(numbers) and not tolerance.admits(min(numbers), max(numbers))
    one_sided = bool(present) and len(present) < len(known)
    names = dict.fromkeys(name for cell in present for name in cell.marks)
    marks = {name: {cell.marks[name] for cell in present if name in cell.marks} for name in names}
    return (*((ROWS,) if apart or one_sided else ()), *(name for name, values in marks.items() if len(values) > 1))


def since(then: Counts, now: Counts) -> Since:
    """Return what changed between two counts, on the sides and rows that both know exactly."""
    before, after = dict(_numbers(then)), dict(_numbers(now))
    places = {(side.name, side.place) for side in then.sides} & {(side.name, side.place) for side in now.sides}
    sides = {name for name, _ in places}
    labels = sorted(label for label in before.keys() | after.keys() if label[0] in sides)
    changes = tuple(
        Change(side=side, label=label, before=before.get((side, label)), after=after.get((side, label)))
        for side, label in labels
        if before.get((side, label)) != after.get((side, label))
    )
    return Since(counted_at=then.counted_at, changes=changes, compared=len(labels))


def _numbers(counts: Counts) -> Iterable[tuple[tuple[str, str], int]]:
    for row in counts.rows:
        for side, cell in row.cells.items():
            if cell.rows is not None and cell.exact:
                yield (side, row.label), cell.rows
