"""Pieces of a table, by the pages they lie on: each as large as the last one was quick."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from psycopg import sql
from psycopg.sql import SQL, Composable

PAGE = 8192  # bytes
_SECONDS = 0.5  # that one statement should take
_FIRST = 32  # pages of the first piece
_FIRST_ITEMS = 500
_FEWEST = 16
_GROWTH = 4  # times as many pages at most as in the piece before

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Pages of a table's heap, the last one not among them; None: to the table's end, wherever that is by then."""

    first: int
    end: int | None

    @property
    def condition(self) -> Composable:
        """Return what the rows t on these pages satisfy (manual 14.1, TID Range Scan)."""
        since = SQL("t.ctid >= {}::pg_catalog.tid").format(sql.Literal(f"({self.first},0)"))
        if self.end is None:
            return since
        return SQL("{} AND t.ctid < {}::pg_catalog.tid").format(since, sql.Literal(f"({self.end},0)"))


def parts(heap_bytes: int, part_bytes: int) -> Iterator[Pages]:
    """Divide a table into parts of so many bytes; the last one has no end.

    >>> [(part.first, part.end) for part in parts(20 * PAGE, 8 * PAGE)]
    [(0, 8), (8, None)]
    """
    pages, step = heap_bytes // PAGE, max(1, part_bytes // PAGE)
    starts = range(0, max(1, pages - pages % step), step)
    for first in starts:
        yield Pages(first=first, end=first + step if first != starts[-1] else None)


def pieces(within: Pages, heap_bytes: int, most: int | None = None) -> Iterator[Pages]:
    """Divide pages into pieces that take about half a second each, as long as the caller keeps each before the next.

    `most` pages at a time, if it is given.
    """
    end = max(heap_bytes // PAGE, within.first) if within.end is None else within.end
    start, count = within.first, min(_FIRST, most or _FIRST)
    while start + count < end:
        began = time.monotonic()
        yield Pages(first=start, end=start + count)
        start += count
        count = _next(count, time.monotonic() - began, most)
    yield Pages(first=start, end=within.end)


def slices(items: Sequence[_Item], most: int | None = None) -> Iterator[Sequence[_Item]]:
    """Cut a list into slices that take about half a second each, as `pieces` does with pages.

    >>> [len(some) for some in slices(range(1000), 400)]
    [400, 400, 200]
    """
    start, count = 0, min(_FIRST_ITEMS, most or _FIRST_ITEMS)
    while start < len(items):
        began = time.monotonic()
        yield items[start : start + count]
        start += count
        count = _next(count, time.monotonic() - began, most)


def _next(count: int, took: float, most: int | None) -> int:
    """Return how many would have taken half a second."""
    wanted = max(_FEWEST, min(_GROWTH * count, int(count * _SECONDS / max(took, 0.001))))
    return min(wanted, most or wanted)
