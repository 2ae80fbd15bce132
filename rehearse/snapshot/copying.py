"""Copy the chosen rows, masked before they leave: several parts at once, each piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.archive import Writer
from rehearse.catalog.relations import Table
from rehearse.db.copies import copy_out
from rehearse.sanitise.classify import Treatment
from rehearse.snapshot.moment import Moment
from rehearse.snapshot.pieces import PAGE, Pages, parts, pieces, slices
from rehearse.snapshot.sampling import among, in_order
from rehearse.snapshot.tally import Tally

_PART = 16 * 1024 * 1024  # bytes of heap that one connection copies at a time
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The rows of one table that are copied."""

    number: int  # of the table's file
    table: Table
    treatments: tuple[Treatment, ...]
    ctids: frozenset[str] | None  # None: every row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one connection copies of a table."""

    wanted: Wanted
    number: int
    pages: Pages | None  # None: the rows of the ctids

    @property
    def heap_bytes(self) -> int:
        return 0 if self.pages is None else self.wanted.table.heap_bytes


def copy_tables(moment: Moment, writer: Writer, wanted: Sequence[Wanted], tally: Tally) -> dict[int, int]:
    """Write the rows of each table into its file, as COPY text; return how many, by the file's number."""
    todo = sorted((part for each in wanted for part in _parts(each)), key=lambda part: part.heap_bytes, reverse=True)

    def copy(connection: psycopg.Connection, part: _Part) -> tuple[int, int]:
        return part.wanted.number, _copy(moment, connection, writer, part, tally)

    rows = dict.fromkeys((each.number for each in wanted), 0)
    for number, copied in moment.share(todo, copy):
        rows[number] += copied
    for each in wanted:
        writer.join(each.number)
    return rows


def _parts(wanted: Wanted) -> Iterator[_Part]:
    if wanted.ctids is not None:
        yield _Part(wanted=wanted, number=0, pages=None)
        return
    for number, pages in enumerate(parts(wanted.table.heap_bytes, _PART)):
        yield _Part(wanted=wanted, number=number, pages=pages)


def _copy(moment: Moment, connection: psycopg.Connection, writer: Writer, part: _Part, tally: Tally) -> int:
    copied = 0
    path = writer.part_file(part.wanted.number, part.number)
    with path.open("wb", buffering=_BUFFER) as file:
        for condition in _conditions(part, moment.pace.rows_per_second):
            moment.check()
            before = file.tell()
            rows = copy_out(connection, statement(part.wanted.table, part.wanted.treatments, condition), file.write)
            moment.pace.keep(rows)
            tally.add(rows, file.tell() - before)
            copied += rows
    return copied


def _conditions(part: _Part, rows_per_second: int | None) -> Iterator[Composable]:
    """Yield which rows each statement copies: about half a second of them, no more than a second's allowance."""
    wanted = part.wanted
    if part.pages is None:
        assert wanted.ctids is not None
        yield from (among(ctids) for ctids in slices(in_order(wanted.ctids), rows_per_second))
        return
    most = None
    if rows_per_second is not None:
        a_page = max(1, (wanted.table.estimate or 0) * PAGE // max(wanted.table.heap_bytes, PAGE))
        most = max(1, rows_per_second // a_page)
    yield from (pages.condition for pages in pieces(part.pages, wanted.table.heap_bytes, most))


def statement(table: Table, treatments: Iterable[Treatment], condition: Composable) -> sql.Composed:
    """Return a COPY statement: what production is asked, word for word."""
    return SQL("COPY (SELECT {} FROM ONLY {} AS t WHERE {}) TO STDOUT").format(
        SQL(", ").join(treatment.expression for treatment in treatments), table.name, condition
    )
