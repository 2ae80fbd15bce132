"""Foreign keys as they are searched: with what is known of both sides, and what the search would cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import Column, ForeignKey, Relation, Table
from rehearse.model.sampling import SampleRules
from rehearse.sanitise.treatments import INTEGERS
from rehearse.snapshot.keys import Distinctness, Index
from rehearse.snapshot.sampling import admitted, rule_of
from rehearse.snapshot.searching import Search, parts

OF_PARENTS = ("no child", "one child", "many children")
OF_ITSELF = ("row that is its own parent", "deepest chain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A foreign key with what is known of both its sides."""

    key: ForeignKey
    child: Relation
    parent: Relation
    children: int  # rows, estimated
    parents: int
    among_children: Composable  # which rows a project wants at all
    among_parents: Composable
    is_limited: bool  # they are not all wanted
    is_indexed: bool  # an index leads from a parent to its children, in every table that holds some
    referring: float  # share of the children that refer to any parent, by the last ANALYZE; 1: all, or not known
    divisible: bool  # equal keys have equal hashes: their types are the same, or integers
    reason: str = ""  # why it cannot be searched

    @property
    def is_of_itself(self) -> bool:
        return self.key.child == self.key.parent and self.key.joins_columns

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("orphan", *OF_PARENTS, *(OF_ITSELF if self.is_of_itself else ()))

    @property
    def parts(self) -> int:
        return parts(min(self.children, self.parents)) if self.divisible else 1


def links(
    keys: Iterable[ForeignKey],
    relations: Mapping[int, Relation],
    available: Iterable[Table],
    sampled: frozenset[int],
    columns: Mapping[int, Sequence[Column]],
    rules: SampleRules,
    indexes: Iterable[Index],
    distinctness: Iterable[Distinctness],
) -> tuple[Link, ...]:
    """Return the foreign keys of which not all rows are kept anyway, those first that PostgreSQL does not vouch for.

    `available` are the tables of which rows are taken, `sampled` those of them that are not taken whole.
    """
    tables = tuple(available)
    leading = {(index.relation, index.columns[0]) for index in indexes}
    empty = {(found.relation, found.name): found.null_share for found in distinctness}
    found = []
    for key in keys:
        child, parent = (_held_by(oid, relations, tables) for oid in (key.child, key.parent))
        if key.inherited or not sampled & {table.oid for table in (*child, *parent)}:
            continue
        found.append(
            Link(
                key=key,
                child=relations[key.child],
                parent=relations[key.parent],
                children=sum(table.estimate or 0 for table in child),
                parents=sum(table.estimate or 0 for table in parent),
                among_children=admitted(rule_of(child[0], rules)) if child else SQL("true"),
                among_parents=admitted(rule_of(parent[0], rules)) if parent else SQL("true"),
                is_limited=bool(child and rule_of(child[0], rules).where),
                is_indexed=all(any((table.oid, name) in leading for name in key.child_columns) for table in child),
                referring=min(
                    (1 - empty.get((table.oid, name), 0) for table in child for name in key.child_columns), default=1
                ),
                divisible=_is_divisible(key, columns),
                reason=_reason(key, relations, tables),
            )
        )
    return tuple(
        sorted(found, key=lambda link: (link.key.validated, link.children, link.child.identity, link.key.name))
    )


def _held_by(oid: int, relations: Mapping[int, Relation], tables: Iterable[Table]) -> list[Table]:
    return [table for table in tables if table.oid == oid or oid in relations[table.oid].ancestors]


def _reason(key: ForeignKey, relations: Mapping[int, Relation], tables: Sequence[Table]) -> str:
    """Return why a foreign key cannot be searched: a side, or a part of it, may not be read or is left out."""
    taken = {table.oid for table in tables}
    for side in (key.child, key.parent):
        leaves = [oid for oid, found in relations.items() if oid == side or side in found.ancestors]
        if any(oid not in taken for oid in leaves if relations[oid].kind != "p"):
            return f"no rows of {relations[side].identity} are taken"
    return ""


def _is_divisible(key: ForeignKey, columns: Mapping[int, Sequence[Column]]) -> bool:
    types = {(oid, column.name): column.base for oid in (key.child, key.parent) for column in columns.get(oid, ())}
    pairs = zip(key.child_columns, key.parent_columns, strict=True)
    both = [(types.get((key.child, child)), types.get((key.parent, parent))) for child, parent in pairs]
    return key.joins_columns and all(
        child == parent or {child, parent} <= INTEGERS for child, parent in both if child is not None
    )


def _scans(link: Link) -> float:
    """Estimate the cost of a search in count(*) of the child; measured on 5 M rows in memory.

    The deepest chain is found from the roots down: the more rows have a parent, the more are joined one by one.
    """
    within_itself = 3 + 100 * link.referring if link.is_of_itself else 0
    return 3 + 3 * link.parts + within_itself + 2 * link.parts * link.parents / max(1, link.children)


def announced(links: Iterable[Link], *, wanted: bool) -> tuple[Search, ...]:
    """Return the searches that would be run, with what they cost in count(*) of the child; pure."""
    return tuple(
        Search(
            kind="orphans",
            table=link.child.identity,
            name=link.key.name,
            scans=_scans(link),
            declined=not wanted,
        )
        for link in links
        if not link.reason
    )
