"""What is read of each table: the same of every side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier

from rehearse.compare.asked import Asked
from rehearse.compare.relations import KINDS, Listing, Relation

if TYPE_CHECKING:
    from rehearse.catalog.relations import Column  # a plain count is quick, and does not wait for the catalog

SideName = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table, view or materialised view, as the sides that have it see it."""

    identity: str
    kind: str  # in words
    relations: Mapping[SideName, Relation]
    parts: Mapping[SideName, tuple[Relation, ...]]  # what its rows lie in: a table itself, or its partitions
    columns: Mapping[SideName, tuple[Column, ...]] = field(default_factory=dict)
    key: tuple[str, ...] = ()  # columns that identify a row on every side; empty: none do
    time_column: str | None = None
    problems: Mapping[SideName, str] = field(default_factory=dict)
    absent: frozenset[SideName] = frozenset()
    skipped: str = ""
    note: str = ""

    @property
    def sides(self) -> tuple[SideName, ...]:
        """Return the sides whose rows can be read."""
        return () if self.skipped else tuple(side for side in self.relations if side not in self.problems)

    @property
    def is_stored(self) -> bool:
        """Say whether its rows lie in pages of their own, where they can be fetched from."""
        return all(relation.kind in ("r", "p", "m") for relation in self.relations.values())

    @property
    def common_columns(self) -> tuple[tuple[Column, ...], ...]:
        """Return the columns that every readable side has, each as every side has it, by name."""
        by_name = [{column.name: column for column in self.columns[side]} for side in self.sides]
        names = sorted(set.intersection(*(set(found) for found in by_name))) if by_name else []
        return tuple(tuple(found[name] for found in by_name) for name in names)

    @property
    def lone_columns(self) -> dict[str, tuple[SideName, ...]]:
        """Return the columns that only some sides have, with those sides."""
        having: dict[str, list[SideName]] = {}
        for side in self.sides:
            for column in self.columns[side]:
                having.setdefault(column.name, []).append(side)
        return {name: tuple(sides) for name, sides in sorted(having.items()) if len(sides) < len(self.sides)}

    def lone_marks(self, side: SideName) -> dict[str, str]:
        """Return a mark for each column that only some sides have."""
        lone = self.lone_columns.items()
        return {f"column {name}": "there" if side in having else "absent" for name, having in lone}

    def conditions(self, asked: Asked) -> tuple[Composable, ...]:
        """Return what limits the rows that are read."""
        found: list[Composable] = []
        if asked.where is not None:
            found.append(SQL("({}\n)").format(SQL(asked.where)))
        if asked.before is not None and self.time_column is not None:
            moment = sql.Literal(asked.before.isoformat())
            found.append(
                SQL("(t.{0} < {1}::pg_catalog.timestamptz OR t.{0} IS NULL)").format(
                    Identifier(self.time_column), moment
                )
            )
        return tuple(found)


def tables(
    asked: Asked, listings: Mapping[SideName, Listing], columns: Mapping[SideName, Mapping[str, tuple[Column, ...]]]
) -> Iterator[Table]:
    """Yield every table that is wanted and that some side has, by identity."""
    for identity in sorted({identity for found in listings.values() for identity in found.by_identity}):
        if not asked.wants(identity):
            continue
        relations = {
            side: found.by_identity[identity] for side, found in listings.items() if identity in found.by_identity
        }
        own = {side: columns.get(side, {}).get(identity, ()) for side in relations}
        time_column = _time_column(asked, tuple(own.values()))
        yield Table(
            identity=identity,
            kind=KINDS[next(iter(relations.values())).kind],
            relations=relations,
            parts={side: listings[side].parts(relation) for side, relation in relations.items()},
            columns=own,
            key=_key(listings, relations),
            time_column=time_column,
            problems={
                side: problem for side, relation in relations.items() if (problem := listings[side].problem(relation))
            },
            absent=frozenset(listings) - frozenset(relations),
            skipped=_skipped(asked, relations),
            note="counted whole: it has no time column" if asked.before and time_column is None else "",
        )


def _skipped(asked: Asked, relations: Mapping[SideName, Relation]) -> str:
    kinds = {relation.kind for relation in relations.values()}
    if kinds == {"f"}:
        return "a foreign table: its rows are another server's"
    if kinds <= {"v", "m"} and not asked.views:
        return "views are compared with --views"
    return ""


def _key(listings: Mapping[SideName, Listing], relations: Mapping[SideName, Relation]) -> tuple[str, ...]:
    keys = [listings[side].keys.get(relation.oid, ()) for side, relation in relations.items()]
    return keys[0] if len({frozenset(key) for key in keys}) == 1 else ()


def _time_column(asked: Asked, columns: Sequence[tuple[Column, ...]]) -> str | None:
    """Return the first of the time columns that every side has."""
    dated = [{column.name for column in own if column.is_moment} for own in columns]
    return next((name for name in asked.time_columns if dated and all(name in own for own in dated)), None)
