"""Columns side by side, wrapped to a width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

_GAP = 2  # blanks between two columns
_NARROWEST = 8


def columns(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield lines no longer than a width; a cell that does not fit goes on below itself, at its own line breaks too.

    >>> list(columns([("what", "a", "b"), ("work_mem", "4MB", "64MB of 1GB")], 24))
    ['what      a    b', 'work_mem  4MB  64MB of', '               1GB']
    """
    widths = _widths([max(_longest(cell) for cell in column) for column in zip(*rows, strict=True)], width)
    for row in rows:
        cells = [_wrapped(cell, room) for cell, room in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            yield (" " * _GAP).join(part.ljust(room) for part, room in zip(parts, widths, strict=True)).rstrip()


def _widths(wanted: Sequence[int], width: int) -> list[int]:
    """Give every column what it wants, as long as it wants no more than its share of what is left."""
    left = width - _GAP * (len(wanted) - 1)
    given = [0] * len(wanted)
    for served, number in enumerate(sorted(range(len(wanted)), key=lambda number: wanted[number])):
        share = left // (len(wanted) - served)
        given[number] = max(min(wanted[number], share), min(wanted[number], _NARROWEST))
        left -= given[number]
    return given


def _longest(cell: str) -> int:
    return max((len(line) for line in cell.splitlines()), default=0)


def _wrapped(cell: str, room: int) -> list[str]:
    return [part for line in cell.splitlines() for part in wrap(line, max(room, 1)) or [""]]
