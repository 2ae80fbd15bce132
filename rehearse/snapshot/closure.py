"""Closure: with every row the rows it points to, until nothing is missing but what the source misses too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL

from rehearse.catalog.relations import ForeignKey, Relation
from rehearse.snapshot.pointers import by_leaf, matched, pointed_at, pointers
from rehearse.snapshot.sampling import Chosen, chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parents:
    """What some rows of a child point to."""

    rows: tuple[tuple[int, str], ...]  # leaf and ctid
    orphans: int  # pointers to nothing


def close(
    connection: psycopg.Connection,
    chosen: Chosen,
    whole: frozenset[int],
    keys: Iterable[ForeignKey],
    relations: Mapping[int, Relation],
) -> dict[str, int]:
    """Add parents until every kept row has all of its own: the fixpoint of the foreign keys.

    Every kept row is asked once for each key whose parents may be missing. Returns how many pointers of kept rows
    point to nothing in the source, by "table key".
    """
    orphans: dict[str, int] = {}
    asked = [key for key in by_leaf(keys, relations) if _may_miss(key, chosen, relations)]
    fresh: dict[int, set[str] | None] = {**chosen, **dict.fromkeys(whole)}  # None: every row of the table
    while fresh:
        found: dict[int, set[str]] = {}
        for key in asked:
            if key.child not in fresh:
                continue
            for parents in _parents(connection, key, fresh[key.child], relations):
                if parents.orphans:
                    place = f"{relations[key.child].identity} {key.name}"
                    orphans[place] = orphans.get(place, 0) + parents.orphans
                for leaf, ctid in parents.rows:
                    if leaf in chosen and ctid not in chosen[leaf]:
                        found.setdefault(leaf, set()).add(ctid)
        for leaf, ctids in found.items():
            chosen[leaf] |= ctids
        fresh = dict(found)
    return orphans


def missing(key: ForeignKey, chosen: Chosen, relations: Mapping[int, Relation]) -> tuple[int, ...]:
    """Return the tables that hold a key's parents and of which not every row is kept."""
    return tuple(
        oid for oid in chosen if oid == key.parent or (oid in relations and key.parent in relations[oid].ancestors)
    )


def _may_miss(key: ForeignKey, chosen: Chosen, relations: Mapping[int, Relation]) -> bool:
    return bool(missing(key, chosen, relations))


def _parents(
    connection: psycopg.Connection, key: ForeignKey, ctids: set[str] | None, relations: Mapping[int, Relation]
) -> Iterator[_Parents]:
    """Yield where the parents of some rows of a child lie."""
    child, parent = relations[key.child].source, relations[key.parent].source
    for chunk in chunks(ctids):
        within = SQL("true") if chunk is None else SQL("t.ctid = ANY ({}::pg_catalog.tid[])").format(chunk)
        asking = SQL(
            "SELECT p.leaf, p.place::pg_catalog.text, pg_catalog.count(*) FROM {} AS c LEFT JOIN {} AS p ON {} "
            "GROUP BY p.leaf, p.place"
        ).format(pointers(key, child, within), pointed_at(key, parent), matched(key, "c", "p"))
        answers: Sequence[tuple[int | None, str | None, int]] = connection.execute(asking).fetchall()
        yield _Parents(
            rows=tuple((leaf, place) for leaf, place, _ in answers if leaf is not None and place is not None),
            orphans=sum(number for leaf, _, number in answers if leaf is None),
        )
