"""Reading a table piece by piece, by its pages, so that no statement takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import Table

_SECONDS = 0.5  # that one statement should take
_FIRST_PAGES = 1024  # of the first piece: 8 MB
_PAGE = 8192

Answer = TypeVar("Answer")


class OutOfTime(Exception):
    """Time ended before the table did."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share


def of_pieces(
    table: Table, among: Composable, ask: Callable[[Composable], Answer], until: float | None
) -> Iterator[Answer]:
    """Ask the table piece by piece, the next one as large as the last one was quick; the last has no upper end.

    Raises OutOfTime once the monotonic clock passes `until`.
    """
    pages, start, size = table.heap_bytes // _PAGE, 0, _FIRST_PAGES
    while True:
        last = start + size >= pages
        within = SQL("({}) AND t.ctid >= {}::pg_catalog.tid").format(among, sql.Literal(f"({start},0)"))
        if not last:
            within += SQL(" AND t.ctid < {}::pg_catalog.tid").format(sql.Literal(f"({start + size},0)"))
        began = time.monotonic()
        if until is not None and began > until:
            raise OutOfTime(start / max(1, pages))
        yield ask(within)
        if last:
            return
        start += size
        took = time.monotonic() - began
        size = max(_FIRST_PAGES // 16, min(4 * size, int(size * _SECONDS / max(took, 0.001))))
