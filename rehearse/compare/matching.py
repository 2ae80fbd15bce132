"""How the rows of a table are told apart, matched and put into buckets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rehearse.compare.asked import Asked
from rehearse.compare.canonical import Canonical, Digests
from rehearse.compare.content import Summing
from rehearse.compare.cuts import ByDigest, Cut, by_range
from rehearse.compare.plan import Table
from rehearse.compare.spans import Span

_ROWS_IN_A_BUCKET = 256
_ROWS_ON_A_PAGE = 80
_MOST_BITS = 12  # of the first cut: 4,096 buckets, whatever the table's size


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How the rows of one table are told apart and matched."""

    table: Table
    columns: tuple[Canonical, ...]
    key: tuple[Canonical, ...]  # empty: rows are matched as a whole
    cut: Cut
    bits: int  # of the first cut; 0: into one bucket

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.key or self.columns)

    def summing(self, digests: Digests, bits: int, within: tuple[int, Iterable[int]] | None = None) -> Summing:
        only = None if within is None else self.cut.within(digests, *within)
        bucket = self.cut.bucket(digests, bits) if bits else None
        return Summing(
            table=self.table,
            columns=self.columns,
            digests=(self.columns,),
            bucket=bucket,
            only=only,
            few=within is not None and self.cut.by_index,
            distinct=bool(self.key),
        )


def matching(table: Table, asked: Asked, digests: Digests, span: Span | None = None) -> Matching:
    """Return how a table's rows are matched; into how many buckets follows from about how many there are.

    The span is that of the key's first column, where it is a number.
    """
    versions = {columns[0].name: columns for columns in table.common_columns}
    keyed = bool(table.key) and all(name in versions for name in table.key)
    parts = [part for own in table.parts.values() for part in own]
    about = max((part.estimate or part.pages * _ROWS_ON_A_PAGE for part in parts), default=0)
    all_columns = tuple(digests.canonical(columns) for columns in versions.values())
    key = tuple(digests.canonical(versions[name]) for name in table.key) if keyed else ()
    ranges = by_range(key[0], span, about) if span is not None and key else None
    cut = ranges or ByDigest(columns=key or all_columns)
    bits = min(_MOST_BITS, (about // _ROWS_IN_A_BUCKET).bit_length(), cut.finest) if asked.locate else 0
    return Matching(table=table, columns=all_columns, key=key, cut=cut, bits=bits)
