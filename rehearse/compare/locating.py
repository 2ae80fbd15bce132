"""Find the rows that two sides do not share, moving little more than those.

Rows are put into buckets by a digest of their key (of the whole row, where there is no key), which spreads them
evenly whatever the key's type, collation or skew. Buckets whose sums are equal are done with; the others are cut finer
until they hold few rows, and of these the digests and places (ctid) come home and are matched. The values of
the rows that differ are fetched by their places, in the same snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar, cast

from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier

from rehearse.compare.asked import Asked
from rehearse.compare.canonical import HALVES, Canonical, Digests, Place, in_place, values, worked_out
from rehearse.compare.content import Buckets, Summing, nothing, pieces, sums
from rehearse.compare.errors import SideFailed
from rehearse.compare.plan import Table
from rehearse.compare.reader import Problem, Reader, Rows, Task
from rehearse.compare.shown import Shown
from rehearse.compare.together import together
from rehearse.diff.whereabouts import whereabouts
from rehearse.errors import RehearseError
from rehearse.model.counts import Kind, Located, LocatedRow

_T = TypeVar("_T")
_A = TypeVar("_A")
Digest = tuple[int, int]
Spot = tuple[int, str]  # oid of the table or partition, ctid

_ROWS_IN_A_BUCKET = 256
_ROWS_ON_A_PAGE = 80
_MOST_BITS = 12  # of the first cut: 4,096 buckets, whatever the table's size
_FINER_BITS = 5
_ALL_BITS = 60
_FETCHED_AT_ONCE = 20_000  # rows whose digests come home from one side


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How the rows of one table are told apart and matched."""

    table: Table
    columns: tuple[Canonical, ...]
    key: tuple[Canonical, ...]  # empty: rows are matched as a whole
    bits: int  # of the first cut; 0: into one bucket

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.key or self.columns)

    def bucket(self, digests: Digests, bits: int, of: Place = worked_out) -> Composable:
        matched = digests.half(self.key or self.columns, HALVES[0], "key", of)
        return SQL("({} & {}::pg_catalog.int8)").format(matched, sql.Literal(str((1 << bits) - 1)))

    def summing(self, digests: Digests, bits: int, within: tuple[int, Iterable[int]] | None = None) -> Summing:
        only = None if within is None else self.within(digests, *within)
        bucket = self.bucket(digests, bits) if bits else None
        return Summing(
            table=self.table,
            columns=self.columns,
            digests=(self.columns,),
            bucket=bucket,
            only=only,
            distinct=bool(self.key),
        )

    def within(self, digests: Digests, bits: int, buckets: Iterable[int]) -> Composable:
        listed = sql.Literal("{" + ",".join(map(str, sorted(buckets))) + "}")
        return SQL("{} = ANY ({}::pg_catalog.int8[])").format(self.bucket(digests, bits, in_place), listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One row that differs, by its places."""

    kind: Kind
    places: Mapping[str, Spot]
    copies: int = 1


def matching(table: Table, asked: Asked, digests: Digests) -> Matching:
    """Return how a table's rows are matched; into how many buckets follows from about how many there are."""
    versions = {columns[0].name: columns for columns in table.common_columns}
    keyed = bool(table.key) and all(name in versions for name in table.key)
    parts = [part for own in table.parts.values() for part in own]
    about = max((part.estimate or part.pages * _ROWS_ON_A_PAGE for part in parts), default=0)
    return Matching(
        table=table,
        columns=tuple(digests.canonical(columns) for columns in versions.values()),
        key=tuple(digests.canonical(versions[name]) for name in table.key) if keyed else (),
        bits=min(_MOST_BITS, (about // _ROWS_IN_A_BUCKET).bit_length()) if asked.locate else 0,
    )


def locate(
    pair: tuple[Reader, Reader],
    matched: Matching,
    buckets: tuple[Buckets, Buckets],
    asked: Asked,
    digests: Digests,
    shown: Shown,
) -> Located:
    """Return the rows of one table that the two sides do not share, up to the cap."""
    names = (pair[0].name, pair[1].name)
    empty = Located(
        first=names[0],
        other=names[1],
        key=matched.names if matched.key else (),
        rows=(),
        cap=asked.cap,
        complete=False,
        where="",
    )
    if not matched.table.is_stored:
        return replace(empty, problem="the rows of a view have no place to fetch them from")
    try:
        bits, chosen, complete = _narrowed(pair, matched, buckets, asked, digests)
        found = _differing(*_rows(pair, matched, bits, chosen, asked, digests), names, keyed=bool(matched.key))
        capped = sorted(found, key=lambda row: (row.kind.value, sorted(row.places.items())))[: asked.cap]
        rows = _told(pair, matched, capped, digests, shown)
    except SideFailed as error:
        return replace(empty, problem=error.sentence)
    read_at = pair[0].side.read_at
    return replace(
        empty,
        rows=rows,
        complete=complete and len(found) <= asked.cap,
        where=whereabouts(rows, read_at) if read_at else "",
    )


def _narrowed(
    pair: tuple[Reader, Reader], matched: Matching, buckets: tuple[Buckets, Buckets], asked: Asked, digests: Digests
) -> tuple[int, tuple[int, ...], bool]:
    """Cut the buckets that differ finer until their rows are few; return them and whether they are all."""
    bits, complete, empty = matched.bits, True, nothing(distinct=bool(matched.key))
    while True:
        differing = sorted(
            bucket
            for bucket in buckets[0].keys() | buckets[1].keys()
            if buckets[0].get(bucket, empty) != buckets[1].get(bucket, empty)
        )
        complete = complete and len(differing) <= asked.cap
        chosen = tuple(differing[: asked.cap])
        rows = max(sum(side.get(bucket, empty).rows for bucket in chosen) for side in buckets)
        if rows <= _FETCHED_AT_ONCE or bits >= _ALL_BITS:
            return bits, chosen, complete
        finer = matched.summing(digests, min(bits + _FINER_BITS, _ALL_BITS), (bits, chosen))
        bits = min(bits + _FINER_BITS, _ALL_BITS)
        answers = _from_both(pair, partial(_summed, finer, asked, digests))
        buckets = (_good(answers[0]), _good(answers[1]))


def _summed(summing: Summing, asked: Asked, digests: Digests, reader: Reader) -> Buckets | Problem:
    return sums(reader, [summing], asked, digests)[summing.table.identity]


def _rows(
    pair: tuple[Reader, Reader],
    matched: Matching,
    bits: int,
    chosen: Sequence[int],
    asked: Asked,
    digests: Digests,
) -> tuple[Rows, Rows]:
    """Fetch digests and places of the rows in the chosen buckets, of both sides."""
    if not chosen:
        return [], []
    listed = [*digests.both(matched.key or matched.columns, "key"), *digests.both(matched.columns)]
    place = (SQL("t.tableoid::pg_catalog.int8 AS tableoid"), SQL("t.ctid AS ctid"))

    def fetched(reader: Reader) -> Rows:
        tasks = [
            Task(
                key=number,
                statement=SQL("SELECT {}, v.tableoid, v.ctid::pg_catalog.text FROM {}").format(
                    SQL(", ").join(listed),
                    values(matched.columns, source, (*conditions, matched.within(digests, bits, chosen)), place),
                ),
                weight=pages,
                by_hand=asked.where is not None,
            )
            for number, (source, conditions, pages) in enumerate(pieces(reader, matched.table, asked))
        ]
        return [row for answer in reader.ask(tasks).values() for row in _good(answer)]

    return _from_both(pair, fetched)


def _differing(first: Rows, other: Rows, names: tuple[str, str], *, keyed: bool) -> list[_Found]:
    if not keyed:
        return _by_copies(first, other, names)
    here, there = _by_key(first), _by_key(other)
    found = [_Found(kind=Kind.MISSING, places={names[0]: here[key][1]}) for key in here.keys() - there.keys()]
    found += [_Found(kind=Kind.EXTRA, places={names[1]: there[key][1]}) for key in there.keys() - here.keys()]
    found += [
        _Found(kind=Kind.CHANGED, places={names[0]: here[key][1], names[1]: there[key][1]})
        for key in here.keys() & there.keys()
        if here[key][0] != there[key][0]
    ]
    return found


def _by_key(rows: Iterable[tuple[object, ...]]) -> dict[Digest, tuple[Digest, Spot]]:
    """Return digest and place of each row by the digest of its key."""
    return {cast("Digest", row[0:2]): (cast("Digest", row[2:4]), cast("Spot", row[4:6])) for row in rows}


def _by_copies(first: Rows, other: Rows, names: tuple[str, str]) -> list[_Found]:
    """Compare two multisets of rows: how many more copies of a row one side has."""
    counts = [Counter(cast("Digest", row[2:4]) for row in side) for side in (first, other)]
    places = [{cast("Digest", row[2:4]): cast("Spot", row[4:6]) for row in side} for side in (first, other)]
    return [
        _Found(kind=kind, places={name: held[row]}, copies=copies)
        for kind, name, held, more in (
            (Kind.MISSING, names[0], places[0], counts[0] - counts[1]),
            (Kind.EXTRA, names[1], places[1], counts[1] - counts[0]),
        )
        for row, copies in more.items()
    ]


def _told(
    pair: tuple[Reader, Reader],
    matched: Matching,
    found: Sequence[_Found],
    digests: Digests,
    shown: Shown,
) -> tuple[LocatedRow, ...]:
    """Fetch what is shown of the rows found: the key, masked by the policy; their moment; which columns differ."""
    listed = [shown.expression(matched.table, name) for name in matched.names]
    first, other = _from_both(pair, lambda reader: _values(reader, matched, found, listed, digests))
    told = {pair[0].name: first, pair[1].name: other}
    rows = []
    for row in found:
        versions = [told[side][place] for side, place in row.places.items()]
        rows.append(
            LocatedRow(
                kind=row.kind,
                key=dict(zip(matched.names, versions[0].shown, strict=True)),
                columns=_changed(matched.columns, versions),
                copies=row.copies,
                moment=versions[-1].moment,
            )
        )
    return tuple(sorted(rows, key=_place_in_report))


def _place_in_report(row: LocatedRow) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    """Order rows as people look for them: by kind, then by key, numbers as numbers, NULL last."""
    values = (
        (2, 0, "") if value is None else (0, int(value), "") if value.lstrip("-").isdecimal() else (1, 0, value)
        for value in row.key.values()
    )
    return tuple(Kind).index(row.kind), tuple(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """A row as one side has it."""

    moment: datetime | None
    shown: tuple[str | None, ...]
    digests: tuple[int, ...]  # of each column


def _values(
    reader: Reader,
    matched: Matching,
    found: Sequence[_Found],
    listed: Sequence[Composable],
    digests: Digests,
) -> dict[Spot, _Version]:
    """Fetch the rows found on one side by their places."""
    places = [row.places[reader.name] for row in found if reader.name in row.places]
    sources = {part.oid: part.source for part in matched.table.parts[reader.name]}
    hashed = [digests.half((column,), HALVES[0]) for column in matched.columns]
    tasks = [
        Task(
            key=oid,
            statement=SQL('SELECT v." place", v." moment", v." shown", ARRAY[{}]::pg_catalog.int8[] FROM {}').format(
                SQL(", ").join(hashed),
                values(
                    matched.columns,
                    sources[oid],
                    (SQL("t.ctid = ANY ({}::pg_catalog.tid[])").format(_ctids(places, oid)),),
                    (
                        SQL('t.ctid::pg_catalog.text AS " place"'),
                        SQL('{} AS " moment"').format(_moment(matched.table)),
                        SQL('ARRAY[{}]::pg_catalog.text[] AS " shown"').format(SQL(", ").join(listed)),
                    ),
                ),
            ),
        )
        for oid in sorted({oid for oid, _ in places})
    ]
    return {
        (cast("int", oid), cast("str", ctid)): _Version(
            moment=_parsed(cast("str | None", moment)),
            shown=tuple(cast("list[str | None]", shown)),
            digests=tuple(cast("list[int]", hashes)),
        )
        for oid, answer in reader.ask(tasks).items()
        for ctid, moment, shown, hashes in _good(answer)
    }


def _ctids(places: Iterable[Spot], oid: int) -> Composable:
    quoted = ",".join(f'"{ctid}"' for found, ctid in places if found == oid)
    return sql.Literal("{" + quoted + "}")


def _moment(table: Table) -> Composable:
    if table.time_column is None:
        return SQL("NULL::pg_catalog.text")
    return SQL("t.{}::pg_catalog.timestamptz::pg_catalog.text").format(Identifier(table.time_column))


def _parsed(moment: str | None) -> datetime | None:
    """Return a moment as PostgreSQL writes it, None where Python has none: infinity, before Christ."""
    try:
        return None if moment is None else datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _changed(columns: Sequence[Canonical], versions: Sequence[_Version]) -> tuple[str, ...]:
    """Return the columns whose values differ between two versions of a row."""
    if len(versions) == 1:
        return ()
    pairs = zip(columns, versions[0].digests, versions[1].digests, strict=True)
    return tuple(column.name for column, first, other in pairs if first != other)


def _from_both(pair: tuple[Reader, Reader], call: Callable[[Reader], _T]) -> tuple[_T, _T]:
    """Do the same on both sides at once; raises what either says."""
    answers = together({reader.name: partial(call, reader) for reader in pair})
    first, other = answers[pair[0].name], answers[pair[1].name]
    if isinstance(first, RehearseError):
        raise first
    if isinstance(other, RehearseError):
        raise other
    return first, other


def _good(answer: _A | Problem) -> _A:
    """Return an answer that is none of the problems; raises SideFailed."""
    if isinstance(answer, Problem):
        raise SideFailed(answer.reason)
    return answer
