"""Counts for a terminal: what differs first, what is equal folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from rehearse.model.comparison import Status
from rehearse.model.counts import Counts, Row
from rehearse.reports.counts import words

_WIDTH = 100
_MOST_LOCATED = 20
_MOST_CHANGES = 30


def render(counts: Counts, *, width: int = _WIDTH) -> str:
    """Return the comparison as text of about a given width; a long name is never cut."""
    lines = [line for part in _parts(counts, width) for line in part]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _parts(counts: Counts, width: int) -> Iterator[Sequence[str]]:
    heading = "COUNTED" if counts.status is Status.SKIPPED else counts.status.value.upper()
    yield [heading, *wrap(words.summary(counts), width)]
    listed = [*counts.with_status(Status.DIFFERENT), *counts.with_status(Status.UNKNOWN)]
    if len(counts.sides) == 1:
        listed += [row for row in counts.rows if row.cells and row not in listed and not row.is_one_sided]
    if listed:
        yield ["", *_table(counts, listed)]
    for row in listed:
        if row.located:
            yield ["", *_located(row, width)]
    yield from _folded(counts, width)
    if counts.since is not None:
        yield ["", *_since(counts, width)]
    yield ["", "Sides", *(line for side in counts.sides for line in _item(f"{side.name}: {words.side(side)}", width))]
    if counts.notes:
        yield ["", "Notes", *(line for note in counts.notes for line in _item(note, width))]
    yield ["", *wrap(f"Next: {words.next_step(counts)}", width)]


def _table(counts: Counts, rows: Sequence[Row]) -> Iterator[str]:
    sides = [side.name for side in counts.sides]
    pair = len(sides) == 2  # noqa: PLR2004 - of two sides the difference is told
    cells = [
        [row.label, *(words.number(row.cells[side]) for side in sides), *([words.apart(row)] if pair else [])]
        for row in rows
    ]
    heads = ["", *sides, *(["apart"] if pair else [])]
    widths = [max(len(line[place]) for line in [heads, *cells]) for place in range(len(heads))]
    yield _line(heads, widths, "")
    for row, cell in zip(rows, cells, strict=True):
        mark = "" if row.status is Status.SKIPPED else f"{row.status.value}  {words.told(row)}"
        yield _line(cell, widths, mark)


def _line(cells: Sequence[str], widths: Sequence[int], told: str) -> str:
    name, *numbers = cells
    aligned = [name.ljust(widths[0]), *(number.rjust(wide) for number, wide in zip(numbers, widths[1:], strict=True))]
    return "  ".join([*aligned, told])


def _located(row: Row, width: int) -> Iterator[str]:
    yield row.label
    for found in row.located:
        yield from _item(words.located(found), width)
        for one in found.rows[:_MOST_LOCATED]:
            yield from wrap(words.located_row(one), width, initial_indent="    ", subsequent_indent="      ")
        if len(found.rows) > _MOST_LOCATED:
            yield f"    and {len(found.rows) - _MOST_LOCATED} more (all of them with --format json)"


def _folded(counts: Counts, width: int) -> Iterator[Sequence[str]]:
    equal = counts.with_status(Status.EQUAL)
    lines = [line for row in equal if row.reason for line in _item(f"equal, {row.label}: {row.reason}", width)]
    if equal:
        numbers = [next(iter(row.cells.values())).rows or 0 for row in equal]
        lines.append(f"  {len(equal):,} equal, {sum(numbers):,} rows on each side.")
    if len(counts.sides) > 1:
        lines += [line for told in words.skipped(counts) for line in _item(f"{told}.", width)]
    if lines:
        yield ["", *lines]


def _since(counts: Counts, width: int) -> Iterator[str]:
    since = counts.since
    assert since is not None
    yield f"Since {since.counted_at:%Y-%m-%d %H:%M} UTC"
    for change in since.changes[:_MOST_CHANGES]:
        yield from _item(f"{change.side}: {change.label} {words.change(change)}", width)
    if len(since.changes) > _MOST_CHANGES:
        yield f"  and {len(since.changes) - _MOST_CHANGES} more (all of them with --format json)"
    yield f"  {since.compared - len(since.changes):,} numbers are as they were."


def _item(text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
