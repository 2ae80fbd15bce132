"""How the rows of a table are put into buckets, and buckets into finer ones.

Ranges of an integer key follow its index: once it is known which ranges differ, the others are not read again. They
are as even as the key is. A digest spreads rows evenly whatever the key's type, collation or skew, and even where
there is no key; every cut reads the table again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier

from rehearse.compare.canonical import HALVES, Canonical, Digests, Place, in_place, number, worked_out

_SPARSE = 1_000  # numbers for every row: a key with more gaps than that is not cut into ranges
_FARTHEST = 1 << 62  # beyond, the distance between two keys may be no bigint


class Cut(Protocol):
    """A way to put rows into up to 2 to the power of `bits` buckets."""

    @property
    def finest(self) -> int:
        """Return the most bits that make a difference."""

    @property
    def by_index(self) -> bool:
        """Say whether a few buckets are read without reading the others."""

    def bucket(self, digests: Digests, bits: int) -> Composable:
        """Return the bucket of a row of v, an int8."""

    def within(self, digests: Digests, bits: int, buckets: Iterable[int]) -> Composable:
        """Return the condition that a row of t is in one of these buckets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDigest:
    """By some bits of a digest of these columns."""

    columns: tuple[Canonical, ...]
    finest: int = 60
    by_index: bool = False

    def bucket(self, digests: Digests, bits: int) -> Composable:
        return self._bits(digests, bits, worked_out)

    def within(self, digests: Digests, bits: int, buckets: Iterable[int]) -> Composable:
        listed = sql.Literal("{" + ",".join(map(str, sorted(buckets))) + "}")
        return SQL("{} = ANY ({}::pg_catalog.int8[])").format(self._bits(digests, bits, in_place), listed)

    def _bits(self, digests: Digests, bits: int, of: Place) -> Composable:
        digest = digests.half(self.columns, HALVES[0], "key", of)
        return SQL("({} & {})").format(digest, number((1 << bits) - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRange:
    """By ranges of an integer column, all of the same width."""

    column: Canonical
    least: int
    most: int
    by_index: bool = True

    @property
    def finest(self) -> int:
        return (self.most - self.least).bit_length()

    def bucket(self, digests: Digests, bits: int) -> Composable:
        del digests  # a range is no secret of the comparison's
        distance = SQL("({}::pg_catalog.int8 - {})").format(worked_out(self.column), number(self.least))
        return SQL("({} >> {})").format(distance, sql.Literal(self._shift(bits)))

    def within(self, digests: Digests, bits: int, buckets: Iterable[int]) -> Composable:
        del digests
        column, shift = Identifier("t", self.column.name), self._shift(bits)
        ranges = (
            SQL("({0} >= {1} AND {0} < {2})").format(
                column, number(self.least + (first << shift)), number(self.least + (end << shift))
            )
            for first, end in _runs(buckets)
        )
        return SQL("({})").format(SQL(" OR ").join(ranges))

    def _shift(self, bits: int) -> int:
        return max(0, self.finest - bits)


def by_range(column: Canonical, span: tuple[int, int], rows: int) -> ByRange | None:
    """Return ranges over the least and the greatest key; None for a key that is too sparse to be cut evenly."""
    least, most = span
    if most - least > (rows + 1) * _SPARSE or max(-least, most) >= _FARTHEST:
        return None
    return ByRange(column=column, least=least, most=most)


def _runs(buckets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join buckets that are neighbours; yield the first of each run, and the one after its last.

    >>> list(_runs([7, 3, 4, 5]))
    [(3, 6), (7, 8)]
    """
    ordered = sorted(buckets)
    first = ordered[0]
    for bucket, then in zip(ordered, [*ordered[1:], None], strict=True):
        if then != bucket + 1:
            yield first, bucket + 1
            first = then if then is not None else first
