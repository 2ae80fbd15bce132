"""Canaries: fingerprints of the clear values of masked columns, computed inside the source.

What is asked is composed as the masks are, keyed by the same settings under a domain of their own. No clear value
leaves: a row of the answer is a column's number, eight bytes, two lengths and a count.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import MOMENTS, Column, Table
from rehearse.model.quantity import duration
from rehearse.protocols import Progress
from rehearse.sanitise import residue, units
from rehearse.sanitise.classify import Treatment
from rehearse.sanitise.residue import Canaries
from rehearse.sanitise.treatments import RANGES, TIMES, base_name
from rehearse.sanitise.units import Shape
from rehearse.snapshot.copying import Wanted
from rehearse.snapshot.moment import Moment

ROWS = 10_000  # of one table
_ALL = 300_000  # canaries of a snapshot: some 50 MB
_OF_A_COLUMN = 4_000
_CHARACTERS = 2_000  # of one value
_COLUMNS = 40  # asked for at once
_PATIENCE = timedelta(minutes=2)  # with all tables together
_SECONDS = 0.4  # that one statement should take
_FIRST_ROWS = 100
_COMMON = 20  # rows that carry a unit make it nobody's own, as with codes
_FEW, _HALF = 3, 0.5  # in a small table: more than half of the rows
# Values that masks move among one another, by days or by labels: a masked one is another row's clear one.
_NEVER = MOMENTS | TIMES | RANGES | {"boolean", "smallint", "bit", "bit varying", '"char"', "real", "oid"}
# A day, perhaps with a time: the same moment stands in columns that are kept.
_MOMENT = "^(19|20)[0-9][0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(t?[0-9]{2,14})?z?[0-9]{0,4}$"

_OfTable = tuple[Mapping[bytes, tuple[str, Shape]], bool]


@dataclass(slots=True)
class _Kept:
    """The canaries of one table with the smallest fingerprints, and in how many rows each was."""

    most: int
    limit: bytes = b"\xff" * units.FINGERPRINT
    rows: dict[bytes, int] = field(default_factory=dict)
    what: dict[bytes, tuple[str, Shape]] = field(default_factory=dict)

    def add(self, fingerprint: bytes, column: str, found: Shape, rows: int) -> None:
        if fingerprint > self.limit:
            return
        self.rows[fingerprint] = self.rows.get(fingerprint, 0) + rows
        self.what.setdefault(fingerprint, (column, found))
        if len(self.rows) > 2 * self.most:
            listed = sorted(self.rows)
            self.limit = listed[self.most]
            for dropped in listed[self.most + 1 :]:
                del self.rows[dropped], self.what[dropped]


def collect(moment: Moment, reads: Iterable[Wanted], progress: Progress) -> Canaries:
    """Return the canaries of the masked columns of all tables; at the moment the ctids are of."""
    asked = [(read, masked) for read in reads if (masked := _masked(read.treatments))]
    places = {f"{read.table.identity}.{column.name}": None for read, masked in asked for column in masked}
    numbers = {place: number for number, place in enumerate(places)}
    each = max(20, min(_OF_A_COLUMN, _ALL // max(1, len(places))))
    end = time.monotonic() + _PATIENCE.total_seconds()

    def of_table(connection: psycopg.Connection, piece: tuple[Wanted, tuple[Column, ...]]) -> tuple[int, _OfTable]:
        read, masked = piece
        progress(f"taking fingerprints of {read.table.identity}")
        return read.number, _of_table(connection, read, masked, each, end)

    taken = dict(moment.share(asked, of_table))
    found: dict[bytes, tuple[int, Shape]] = {}
    notes: list[str] = []
    for read, _ in asked:
        kept, complete = taken[read.number]
        if not complete:
            notes.append(_partly(read.table))
        for fingerprint, (column, form) in kept.items():
            found.setdefault(fingerprint, (numbers[f"{read.table.identity}.{column}"], form))
    return Canaries(places=tuple(places), found=MappingProxyType(found), notes=tuple(notes))


def _masked(treatments: Iterable[Treatment]) -> tuple[Column, ...]:
    return tuple(found.column for found in treatments if not found.record.is_clear and not _is_never(found.column))


def _is_never(column: Column) -> bool:
    if column.category == "enum" or column.element_is_enum:
        return True
    return base_name(column.element if column.category == "array" and column.element else column.base) in _NEVER


def _partly(table: Table) -> str:
    return (
        f"The residual scan knows clear values of a part of {table.identity} only: of up to {ROWS:,} rows, and of as "
        f"many as {duration(_PATIENCE)} for all tables allow."
    )


def _of_table(
    connection: psycopg.Connection, read: Wanted, masked: Sequence[Column], each: int, end: float
) -> _OfTable:
    """Return the canaries of a table, and whether every row taken was looked at."""
    ctids, complete = _rows(connection, read)
    kept = _Kept(most=each * len(masked))
    done, size = 0, _FIRST_ROWS
    while done < len(ctids):
        if time.monotonic() > end:
            complete = False
            break
        began = time.monotonic()
        for columns in _groups(masked):
            for number, fingerprint, length, letters, rows in connection.execute(
                statement(read.table, columns, ctids[done : done + size])
            ):
                kept.add(fingerprint, columns[number].name, (length, letters), rows)
        done += size
        took = (time.monotonic() - began) / len(list(_groups(masked)))
        size = max(20, min(4 * size, int(size * _SECONDS / max(took, 0.001))))
    seen = min(done, len(ctids))
    own = {
        fingerprint: kept.what[fingerprint] for fingerprint in kept.rows if not _common(kept.rows[fingerprint], seen)
    }
    return own, complete


def _common(rows: int, of: int) -> bool:
    return rows >= _COMMON or (rows >= _FEW and rows > of * _HALF)


def _groups(columns: Sequence[Column]) -> Iterator[Sequence[Column]]:
    for start in range(0, len(columns), _COLUMNS):
        yield columns[start : start + _COLUMNS]


def _rows(connection: psycopg.Connection, read: Wanted) -> tuple[list[str], bool]:
    """Return the ctids to look at, and whether they are all that are taken; of large tables page by page."""
    if read.ctids is not None:
        return sorted(read.ctids)[:ROWS], len(read.ctids) <= ROWS
    table, known = read.table, read.table.estimate or 0
    share = min(100.0, 150 * ROWS / known) if known > 2 * ROWS else 100.0
    part = SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (1)").format(sql.Literal(share)) if share < 100.0 else SQL("")  # noqa: PLR2004 - per cent
    asking = SQL("SELECT t.ctid::pg_catalog.text FROM ONLY {} AS t{} LIMIT {}").format(
        table.name, part, sql.Literal(ROWS + 1)
    )
    found = [str(ctid) for (ctid,) in connection.execute(asking)]
    return found[:ROWS], len(found) <= ROWS and share == 100.0  # noqa: PLR2004 - as above


def statement(table: Table, columns: Sequence[Column], ctids: Sequence[str]) -> sql.Composed:
    """Return what production is asked: a fingerprint a unit and column, its shape and in how many rows it is."""
    texts = SQL(", ").join(
        SQL("({}, {})").format(sql.Literal(number), text)
        for number, column in enumerate(columns)
        for text in _texts(column)
    )
    return SQL(
        "SELECT g.c, pg_catalog.substr({fingerprint}, 1, {size}), pg_catalog.length(g.u), "
        "pg_catalog.length(pg_catalog.translate(g.u, '0123456789', '')), g.n::pg_catalog.int4 "
        "FROM (SELECT v.c, pg_catalog.left(p.u, {longest}) AS u, pg_catalog.count(DISTINCT t.ctid) AS n "
        "FROM ONLY {table} AS t CROSS JOIN LATERAL (VALUES {texts}) AS v (c, x) "
        "CROSS JOIN LATERAL (SELECT pg_catalog.lower(pg_catalog.regexp_replace("
        "pg_catalog.left(v.x, {characters}), {escaped}, ' ', 'g')) AS s OFFSET 0) AS f "
        "CROSS JOIN LATERAL (SELECT pg_catalog.unnest({units}) OFFSET 0) AS p (u) "
        "WHERE t.ctid = ANY ({ctids}::pg_catalog.tid[]) AND v.x IS NOT NULL "
        "AND CASE WHEN pg_catalog.length(p.u) >= {shortest} THEN p.u !~ {impersonal} END "
        "GROUP BY v.c, pg_catalog.left(p.u, {longest}) OFFSET 0) AS g"
    ).format(
        fingerprint=_fingerprint(SQL("g.u")),
        size=sql.Literal(units.FINGERPRINT),
        longest=sql.Literal(units.LONGEST),
        table=table.name,
        texts=texts,
        characters=sql.Literal(_CHARACTERS),
        escaped=sql.Literal(units.ESCAPED),
        units=_units(SQL("f.s")),
        ctids=sql.Literal(list(ctids)),
        shortest=sql.Literal(units.SHORTEST),
        impersonal=sql.Literal(f"^[0-9]{{1,{units.FEWEST_DIGITS - 1}}}$|{_MOMENT}"),
    )


def _fingerprint(unit: Composable) -> Composable:
    """Return what `units.Fingerprints` computes, before the cut."""
    return SQL(
        "pg_catalog.sha256((SELECT pg_catalog.decode(pg_catalog.current_setting('rehearse.ip'), 'hex')) || "
        "pg_catalog.convert_to({} || {}, 'UTF8'))"
    ).format(sql.Literal(f"{residue.DOMAIN}|"), unit)


def _units(text: Composable) -> Composable:
    """Return the array of the units of a text, as `units.units` finds them; some may be in it more than once."""
    splitting, within = units.BLANKS + units.BETWEEN_WORDS, units.WITHIN_WORDS
    return SQL(
        "pg_catalog.string_to_array(pg_catalog.translate({text}, {all}, {blanks}), ' ') "
        "|| pg_catalog.string_to_array(pg_catalog.translate({text}, {all}, {fewer}), ' ') "
        "|| pg_catalog.translate({text}, {all}, '')"
    ).format(
        text=text,
        all=sql.Literal(splitting + within),
        blanks=sql.Literal(" " * len(splitting + within)),
        fewer=sql.Literal(" " * len(splitting)),
    )


def _texts(column: Column) -> Iterator[Composable]:
    """Yield the forms a value may be found in; bytes also as text, hexadecimal digits and base64."""
    name = SQL("t.{}").format(sql.Identifier(column.name))
    if column.category == "base" and column.base == "bytea":
        part = SQL("pg_catalog.substr({}, 1, {})").format(name, sql.Literal(_CHARACTERS // 2))
        for form in ("hex", "escape", "base64"):
            yield SQL('pg_catalog.encode({}, {}) COLLATE pg_catalog."C"').format(part, sql.Literal(form))
    yield SQL('({})::pg_catalog.text COLLATE pg_catalog."C"').format(name)
