"""What masks keep: compared between a masked side and a clear one, whose values cannot be equal.

Of a column whose values stayed clear, the digests are compared. Of a masked one, what an equality-preserving mask
promises to keep: how many values are not NULL, how many are distinct, and how often they repeat (the sizes of the
groups of equal values: of a foreign key its fan-out, of an enum its histogram, whatever the labels became).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from psycopg.sql import SQL, Composed, Identifier

from rehearse.compare.asked import Asked
from rehearse.compare.canonical import Canonical, Digests, text_of
from rehearse.compare.content import Summing, sums, total
from rehearse.compare.plan import Table
from rehearse.compare.reader import Problem, Reader, Task
from rehearse.model.counts import Cell
from rehearse.sanitise.classify import Treatment

_LEAVES_NOTHING = "null"


def cell(reader: Reader, table: Table, treatments: Mapping[str, Treatment], asked: Asked, digests: Digests) -> Cell:
    """Return the number of rows of one table on one side, and what is compared of each column."""
    known = [digests.canonical(versions) for versions in table.common_columns if versions[0].name in treatments]
    clear = tuple(column for column in known if treatments[column.name].record.mask == "keep")
    masked = [column for column in known if column not in clear and _mask(treatments, column) != _LEAVES_NOTHING]
    summing = Summing(table=table, columns=clear, digests=tuple((column,) for column in clear))
    summed = sums(reader, [summing], asked, digests)[table.identity]
    profiles = _profiles(reader, table, masked, treatments, asked)
    problem = next((found for found in (summed, *profiles.values()) if isinstance(found, Problem)), None)
    if problem is not None or isinstance(summed, Problem):
        return Cell(problem=problem.reason if problem else "")
    added = total(summed, len(clear))
    values = {column.name: f"checksum {found}" for column, found in zip(clear, added.checksums, strict=True)}
    told = {name: str(profile) for name, profile in profiles.items()}
    return Cell(rows=added.rows, marks={**dict(sorted({**values, **told}.items())), **table.lone_marks(reader.name)})


def _profiles(
    reader: Reader, table: Table, columns: Iterable[Canonical], treatments: Mapping[str, Treatment], asked: Asked
) -> dict[str, str | Problem]:
    """Return a sentence about the values of each masked column."""
    answers = reader.ask(
        Task(
            key=column.name,
            statement=_profile(table, reader.name, column, asked, may_merge=not _stays_unique(treatments, column)),
            weight=table.relations[reader.name].pages,
            by_hand=asked.where is not None,
        )
        for column in columns
    )
    return {
        cast("str", name): answer if isinstance(answer, Problem) else str(answer[0][0])
        for name, answer in answers.items()
    }


def _mask(treatments: Mapping[str, Treatment], column: Canonical) -> str:
    return treatments[column.name].record.mask


def _stays_unique(treatments: Mapping[str, Treatment], column: Canonical) -> bool:
    return "uniqueness" in treatments[column.name].record.keeps


def _profile(table: Table, side: str, column: Canonical, asked: Asked, *, may_merge: bool) -> Composed:
    """Return the SELECT of one sentence about a masked column's values; NULLs are not among them."""
    value = SQL("t.{}").format(Identifier(column.name))
    conditions = SQL(" AND ").join([SQL("{} IS NOT NULL").format(value), *table.conditions(asked)])
    source = table.relations[side].source
    if may_merge:
        return SQL("SELECT pg_catalog.count(*) || ' values' FROM {} AS t WHERE {}").format(source, conditions)
    return SQL(
        "SELECT COALESCE(pg_catalog.sum(g.n), 0) || ' values, ' || pg_catalog.count(*) || ' distinct, "
        "groups of up to ' || COALESCE(pg_catalog.max(g.n), 0) || ', ' "
        "|| COALESCE(pg_catalog.sum(g.n * (g.n - 1) / 2), 0) || ' equal pairs' "
        "FROM (SELECT pg_catalog.count(*) AS n FROM {} AS t WHERE {} GROUP BY {}) AS g"
    ).format(source, conditions, text_of(value, by_output=column.by_output))
