"""Counts for a terminal: what differs first, what is equal folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from rehearse.model.comparison import Status
from rehearse.model.counts import Counts, Located, Row
from rehearse.reports.counts import figures, words
from rehearse.reports.counts.limits import limits

_WIDTH = 100
_ROOM_FOR_STATUS = 11  # "different" and its gap
_MOST_LOCATED = 20  # rows of one table, shared among the pairs of sides
_LEAST_LOCATED = 5  # rows of each pair
_MOST_CHANGES = 30


def render(counts: Counts, *, width: int = _WIDTH) -> str:
    """Return the comparison as text of about a given width; a long name is never cut."""
    lines = [line for part in _parts(counts, width) for line in part]
    return "".join(f"{figures.plain(line.rstrip())}\n" for line in lines)


def _parts(counts: Counts, width: int) -> Iterator[Sequence[str]]:
    yield [words.heading(counts).upper(), *_wrapped(words.summary(counts), width, 0, 0)]
    listed = words.listed(counts)
    heads = _heads(counts, listed, width)
    if listed:
        yield ["", *_table(counts, listed, heads, width)]
    for row in listed:
        if row.located:
            most = max(_LEAST_LOCATED, _MOST_LOCATED // len(row.located))
            yield ["", row.label, *(line for found in row.located for line in _located(found, most, width))]
    yield from _folded(counts, width)
    if counts.since is not None:
        yield ["", *_since(counts, width)]
    yield ["", "Sides", *_sides(counts, heads, width)]
    notes = [*limits(counts), *counts.notes]
    if notes:
        yield ["", "Notes", *(line for note in notes for line in _item(note, width))]
    yield ["", *_wrapped(f"Next: {words.next_step(counts)}", width, 0, 0)]


def _heads(counts: Counts, rows: Sequence[Row], width: int) -> Sequence[str]:
    """Return what stands above the numbers: the sides' names, or letters where names need more room than there is."""
    names = [side.name for side in counts.sides]
    taken = [max(len(text) for text in column) for column in zip(*([*names, ""], *_cells(counts, rows)), strict=True)]
    label = max((len(row.label) for row in rows if len(row.label) <= width // 2), default=0)
    fits = label + sum(wide + 2 for wide in taken) + _ROOM_FOR_STATUS <= width
    return names if fits else words.letters(counts)


def _cells(counts: Counts, rows: Sequence[Row]) -> list[list[str]]:
    return [[*(figures.number(row.cells[side.name]) for side in counts.sides), figures.apart(row)] for row in rows]


def _table(counts: Counts, rows: Sequence[Row], sides: Sequence[str], width: int) -> Iterator[str]:
    cells = _cells(counts, rows)
    heads = [*sides, "apart" if any(line[-1] for line in cells) else ""]
    widths = [max(len(text) for text in column) for column in zip(heads, *cells, strict=True)]
    label = max((len(row.label) for row in rows if len(row.label) <= width // 2), default=0)
    yield _line("", heads, label, widths)
    for row, numbers in zip(rows, cells, strict=True):
        if len(row.label) > label:
            yield row.label
        line = _line(row.label if len(row.label) <= label else "", numbers, label, widths)
        yield from _with_status(line, row, _told(counts, row), width)


def _line(name: str, numbers: Sequence[str], label: int, widths: Sequence[int]) -> str:
    return "  ".join(
        [name.ljust(label), *(text.rjust(wide) for text, wide in zip(numbers, widths, strict=True) if wide)]
    )


def _told(counts: Counts, row: Row) -> str:
    """Say what is wrong with a row; why a whole side could not be read is said once, with the sides."""
    told = words.told(row)
    for side in counts.sides:
        told = told.replace(side.failure, "could not be read (see Sides)") if side.failure else told
    return told


def _with_status(line: str, row: Row, told: str, width: int) -> Sequence[str]:
    """Return a line with what is to be said of it, beside it or below it."""
    if row.status is Status.SKIPPED:
        return [line]
    beside = f"{line}  {row.status.value}  {told}"
    if len(beside.rstrip()) <= width:
        return [beside]
    return [f"{line}  {row.status.value}", *_wrapped(told, width, 4, 4)]


def _located(found: Located, most: int, width: int) -> Iterator[str]:
    yield from _item(words.located(found), width)
    for row in found.rows[:most]:
        yield from _wrapped(words.located_row(row), width, 4, 6)
    if len(found.rows) > most:
        yield f"    and {len(found.rows) - most:,} more (all of them with --format json)"


def _folded(counts: Counts, width: int) -> Iterator[Sequence[str]]:
    equal = counts.with_status(Status.EQUAL)
    lines = [line for row in equal if row.reason for line in _item(f"equal, {row.label}: {row.reason}", width)]
    if equal:
        lines.append(f"  {words.equal(counts)}")
    lines += [line for told in words.skipped(counts) for line in _item(f"{told}.", width)]
    if lines:
        yield ["", *lines]


def _since(counts: Counts, width: int) -> Iterator[str]:
    since = counts.since
    assert since is not None
    yield f"Since {figures.moment(since.counted_at)}"
    for change in since.changes[:_MOST_CHANGES]:
        yield from _item(f"{change.side}: {change.label} {figures.change(change)}", width)
    if len(since.changes) > _MOST_CHANGES:
        yield f"  and {len(since.changes) - _MOST_CHANGES} more (all of them with --format json)"
    yield f"  {words.unchanged(since)}"


def _sides(counts: Counts, heads: Sequence[str], width: int) -> Iterator[str]:
    for side, head in zip(counts.sides, heads, strict=True):
        yield from _item(words.named_side(side, head), width)


def _item(text: str, width: int) -> list[str]:
    return _wrapped(text, width, 2, 4)


def _wrapped(text: str, width: int, first: int, others: int) -> list[str]:
    """Return text as indented lines that break between words only: hosts and names hold hyphens."""
    return wrap(
        " ".join(text.split()),  # servers break their lines as they like
        width,
        initial_indent=" " * first,
        subsequent_indent=" " * others,
        break_long_words=False,
        break_on_hyphens=False,
    )
