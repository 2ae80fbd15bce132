"""How the rows of a table are told apart, matched and put into buckets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.compare.asked import Asked
from rehearse.compare.canonical import HALVES, Canonical, Digests, Place, in_place, worked_out
from rehearse.compare.content import Summing
from rehearse.compare.plan import Table

_ROWS_IN_A_BUCKET = 256
_ROWS_ON_A_PAGE = 80
_MOST_BITS = 12  # of the first cut: 4,096 buckets, whatever the table's size


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
