"""Find the rows that two sides do not share, moving little more than those.

Rows are put into buckets: ranges of a key that is a number, else by a digest of their key, or of the whole row, where
there is no key. Buckets whose sums are equal are done with; the others are cut finer until they hold few rows, and of
these the digests and places (ctid) come home and are matched. The values of the rows that differ are fetched by
their places, in the same snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from psycopg.sql import SQL

from rehearse.compare.asked import Asked
from rehearse.compare.canonical import Digests, values
from rehearse.compare.content import Buckets, Summing, nothing, pieces, sums
from rehearse.compare.errors import SideFailed
from rehearse.compare.matching import Matching
from rehearse.compare.pair import Pair, answered
from rehearse.compare.reader import Problem, Reader, Task
from rehearse.compare.shown import Shown
from rehearse.compare.versions import Found, Spot, told
from rehearse.diff.whereabouts import whereabouts
from rehearse.model.counts import Kind, Located

Digest = tuple[int, int]

_FINER_BITS = 5
_MOST_FINER_BITS = 12
_ROWS_IN_THE_FINEST = 64
_FETCHED_AT_ONCE = 20_000  # rows whose digests come home from one side


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A row that one side holds, by its digest."""

    row: Digest
    spot: Spot
    copies: int  # more than one only where there is no key


Holding = dict[Digest, _Held]  # by the digest of the key


def locate(
    pair: Pair, matched: Matching, buckets: tuple[Buckets, Buckets], asked: Asked, digests: Digests, shown: Shown
) -> Located:
    """Return the rows of one table that the two sides do not share, up to the cap."""
    empty = Located(
        first=pair.first.name,
        other=pair.other.name,
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
        held = pair.each(lambda reader: _held(reader, matched, bits, chosen, asked, digests))
        found = sorted(_differing(*held, pair, keyed=bool(matched.key)), key=lambda row: sorted(row.places.items()))
        rows = told(pair, matched, found[: asked.cap], digests, shown)
    except SideFailed as error:
        return replace(empty, problem=error.sentence)
    read_at = pair.first.side.read_at
    complete = complete and len(found) <= asked.cap
    where = whereabouts(rows, read_at) if read_at and complete else ""  # of some nothing follows for the others
    return replace(empty, rows=rows, complete=complete, where=where)


def _narrowed(
    pair: Pair, matched: Matching, buckets: tuple[Buckets, Buckets], asked: Asked, digests: Digests
) -> tuple[int, tuple[int, ...], bool]:
    """Cut the buckets that differ finer until their rows are few; return them and whether they are all.

    Copies of one row stay together however fine the cut: where cutting does not help, it ends.
    """
    bits, complete, empty = matched.bits, True, nothing(distinct=bool(matched.key))
    before = None
    while True:
        differing = sorted(
            bucket
            for bucket in buckets[0].keys() | buckets[1].keys()
            if buckets[0].get(bucket, empty) != buckets[1].get(bucket, empty)
        )
        complete = complete and len(differing) <= asked.cap
        chosen = tuple(differing[: asked.cap])
        rows = max(sum(side.get(bucket, empty).rows for bucket in chosen) for side in buckets)
        helpless = rows == before and not matched.key
        if rows <= _FETCHED_AT_ONCE or helpless or bits >= matched.cut.finest:
            return bits, chosen, complete
        before = rows
        coarse, bits = bits, min(matched.cut.finest, bits + _finer(rows // len(chosen)))
        finer = matched.summing(digests, bits, (coarse, chosen))
        first, other = pair.each(partial(_summed, finer, asked, digests))
        buckets = (answered(first), answered(other))


def _finer(rows: int) -> int:
    """Return by how many bits to cut buckets of so many rows: enough where they are even, more where they are full.

    >>> _finer(1_000), _finer(4_000_000)
    (5, 12)
    """
    return max(_FINER_BITS, min(_MOST_FINER_BITS, (rows // _ROWS_IN_THE_FINEST).bit_length()))


def _summed(summing: Summing, asked: Asked, digests: Digests, reader: Reader) -> Buckets | Problem:
    return sums(reader, [summing], asked, digests)[summing.table.identity]


def _held(
    reader: Reader, matched: Matching, bits: int, chosen: Sequence[int], asked: Asked, digests: Digests
) -> Holding:
    """Fetch digests and places of the rows in the chosen buckets; of copies of a row one place, and their number."""
    if not chosen:
        return {}
    listed = [*digests.both(matched.key or matched.columns, "key"), *digests.both(matched.columns)]
    place = (SQL("t.tableoid::pg_catalog.int8 AS tableoid"), SQL("t.ctid AS ctid"))
    tasks = [
        Task(
            key=number,
            statement=SQL(
                "SELECT {}, pg_catalog.min(ARRAY[v.tableoid::pg_catalog.text, v.ctid::pg_catalog.text]), "
                "pg_catalog.count(*) FROM {} GROUP BY 1, 2, 3, 4"
            ).format(
                SQL(", ").join(listed),
                values(matched.columns, source, (*conditions, matched.cut.within(digests, bits, chosen)), place),
            ),
            weight=pages,
            by_hand=asked.where is not None,
        )
        for number, (source, conditions, pages) in enumerate(
            pieces(reader, matched.table, asked, few=matched.cut.by_index)
        )
    ]
    held: Holding = {}
    for answer in reader.ask(tasks).values():
        for first, second, third, fourth, (oid, ctid), copies in cast("list[_Row]", answered(answer)):
            known = held.get((first, second))
            more = copies + (known.copies if known else 0)
            held[first, second] = _Held(row=(third, fourth), spot=(int(oid), ctid), copies=more)
    return held


_Row = tuple[int, int, int, int, tuple[str, str], int]


def _differing(first: Holding, other: Holding, pair: Pair, *, keyed: bool) -> list[Found]:
    """Return the rows that only one side holds, holds otherwise, or more often."""
    if not keyed:
        return _by_copies(first, other, pair)
    here, there = pair.first.name, pair.other.name
    missing = [Found(kind=Kind.MISSING, places={here: first[key].spot}) for key in first.keys() - other.keys()]
    extra = [Found(kind=Kind.EXTRA, places={there: other[key].spot}) for key in other.keys() - first.keys()]
    changed = [
        Found(kind=Kind.CHANGED, places={here: first[key].spot, there: other[key].spot})
        for key in first.keys() & other.keys()
        if first[key].row != other[key].row
    ]
    return [*missing, *extra, *changed]


def _by_copies(first: Holding, other: Holding, pair: Pair) -> list[Found]:
    """Compare two multisets of rows: how many more copies of a row one side has."""
    here, there = (Counter({row: held.copies for row, held in side.items()}) for side in (first, other))
    return [
        Found(kind=kind, places={name: side[row].spot}, copies=copies)
        for kind, name, side, more in (
            (Kind.MISSING, pair.first.name, first, here - there),
            (Kind.EXTRA, pair.other.name, other, there - here),
        )
        for row, copies in more.items()
    ]
