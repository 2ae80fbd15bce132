"""Foreign keys: rows whose parent is missing, parents of no, one and many children, chains within one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.catalog.relations import Column, ForeignKey, Relation, Table
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Coverage
from rehearse.sanitise.treatments import INTEGERS
from rehearse.snapshot.keys import Found
from rehearse.snapshot.pointers import columns, matched, pointed_at, pointers
from rehearse.snapshot.sampling import admitted, rule_of
from rehearse.snapshot.searching import DECLINED, Asking, NotSought, Patience, Search, parts

CHILDREN = 10  # of a parent that is kept for having some
_SOME = 3
_DEPTH = 1_000
_OF_PARENTS = ("no child", "one child", "many children")
_OF_ITSELF = ("row that is its own parent", "deepest chain")

Places = list[tuple[int, str]]  # leaf and ctid


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
    divisible: bool  # equal keys have equal hashes: their types are the same, or integers
    reason: str = ""  # why it cannot be searched

    @property
    def is_of_itself(self) -> bool:
        return self.key.child == self.key.parent and self.key.joins_columns

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("orphan", *_OF_PARENTS, *(_OF_ITSELF if self.is_of_itself else ()))

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
) -> tuple[Link, ...]:
    """Return the foreign keys of which not all rows are kept anyway, those first that PostgreSQL does not vouch for.

    `available` are the tables of which rows are taken, `sampled` those of them that are not taken whole.
    """
    tables = tuple(available)
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


def announced(links: Iterable[Link], *, wanted: bool) -> tuple[Search, ...]:
    """Return the searches that would be run, with what they cost in count(*) of the child; pure."""
    return tuple(
        Search(
            kind="orphans",
            table=link.child.identity,
            name=link.key.name,
            scans=3 + 3 * link.parts + (3 if link.is_of_itself else 0) + 3 * link.parents / max(1, link.children),
            declined=not wanted,
        )
        for link in links
        if not link.reason
    )


def seek(connection: psycopg.Connection, link: Link, patience: Patience, *, wanted: bool = True) -> Found:
    """Find rows of every kind a foreign key has; valid within the transaction's snapshot only."""
    reason = link.reason or ("" if wanted else DECLINED["orphans"])
    if reason:
        return _found(link, {}, dict.fromkeys(link.kinds, reason))
    present: dict[str, Places] = {}
    reasons: dict[str, str] = {}
    notes: list[str] = []
    for kinds, search in ((("orphan", *_OF_PARENTS), _between), (_OF_ITSELF[:1], _itself), (_OF_ITSELF[1:], _chain)):
        if not set(kinds) <= set(link.kinds):
            continue
        try:
            kept, said = patience.search(connection, partial(search, link))
        except NotSought as end:
            reasons |= dict.fromkeys(kinds, end.reason)
            continue
        present |= kept
        notes += said
    return _found(link, present, reasons, tuple(notes))


def _found(link: Link, present: Mapping[str, Places], reasons: Mapping[str, str], notes: tuple[str, ...] = ()) -> Found:
    rows: dict[int, frozenset[str]] = {}
    for places in present.values():
        for leaf, place in places:
            rows[leaf] = rows.get(leaf, frozenset()) | {place}
    coverage = Coverage(
        kind="foreign key",
        table=link.child.identity,
        name=link.key.name,
        present=tuple(kind for kind in link.kinds if present.get(kind)),
        absent=tuple(kind for kind in link.kinds if kind in present and not present[kind]),
        not_sought=dict(reasons),
    )
    return Found(coverage=coverage, rows=rows, notes=notes)


def _between(link: Link, asking: Asking) -> tuple[dict[str, Places], list[str]]:
    """Return an orphan, and parents by how many children they have, with some of their children."""
    present: dict[str, Places] = {"orphan": [], **{kind: [] for kind in _OF_PARENTS}}
    most, lost = 0, False
    for part in range(link.parts):
        for kind, leaf, place, number, first in asking.rows(_counted(link, part)):
            of_child = [(link.key.child, str(first))] if first is not None else []
            if kind == "orphan":
                lost, present["orphan"] = True, of_child
            elif kind != "many children":
                present[str(kind)] = [(_int(leaf), str(place)), *of_child]
            elif _int(number) > most:
                present["many children"], most = [(_int(leaf), str(place))], _int(number)
    if lost and (link.child.kind == "p" or link.is_limited):  # which row it is takes another look
        present["orphan"] = _places(asking.rows(_orphans(link)))
    for kind in ("one child", "many children"):
        if len(present[kind]) == 1:
            present[kind] += _places(asking.rows(_children(link, present[kind])))
    note = (
        f"Of the {most:,} rows of {link.child.identity} that refer to one row of {link.parent.identity} by "
        f"{link.key.name}, {CHILDREN} are kept on its account."
    )
    return present, [note] if most > CHILDREN else []


def _counted(link: Link, part: int) -> Composed:
    """Return the query for parents by their number of children, of one part of the keys; orphans are only counted."""
    key = link.key
    every = pointed_at(key, link.parent.source)
    wanted = pointed_at(key, link.parent.source, SQL("({})").format(link.among_parents))
    return SQL(
        "WITH g AS MATERIALIZED (SELECT {keys}, pg_catalog.count(*) AS n, {first} AS first FROM {pointers} AS c "
        "WHERE {of_part} GROUP BY {keys}) "
        "(SELECT 'many children' AS kind, p.leaf, p.place::pg_catalog.text AS place, m.n, NULL AS first "
        "FROM (SELECT g.* FROM g WHERE g.n > 1 ORDER BY g.n DESC LIMIT {some}) AS m "
        "JOIN {wanted} AS p ON {m_p} ORDER BY m.n DESC LIMIT 1) UNION ALL "
        "(SELECT 'one child', p.leaf, p.place::pg_catalog.text, 1, g.first::pg_catalog.text "
        "FROM g JOIN {wanted} AS p ON {g_p} WHERE g.n = 1 LIMIT 1) UNION ALL "
        "(SELECT 'no child', p.leaf, p.place::pg_catalog.text, 0, NULL FROM {wanted} AS p WHERE {p_of_part} "
        "AND NOT EXISTS (SELECT FROM g WHERE {g_p}) LIMIT 1) UNION ALL "
        "(SELECT 'orphan', NULL, NULL, o.n, o.first::pg_catalog.text "
        "FROM (SELECT pg_catalog.sum(g.n) AS n, pg_catalog.min(g.first) AS first FROM g "
        "WHERE NOT EXISTS (SELECT FROM {every} AS p WHERE {g_p})) AS o WHERE o.n > 0)"
    ).format(
        keys=columns(key, "c"),
        pointers=pointers(key, link.child.source),
        of_part=_of_part(link, "c", part),
        p_of_part=_of_part(link, "p", part),
        wanted=wanted,
        every=every,
        some=sql.Literal(_SOME),
        first=SQL("NULL::pg_catalog.tid" if link.child.kind == "p" else "pg_catalog.min(c.place)"),
        m_p=matched(key, "m", "p"),
        g_p=matched(key, "g", "p"),
    )


def _of_part(link: Link, row: str, part: int) -> Composable:
    if link.parts == 1:
        return SQL("true")
    return SQL("(pg_catalog.hash_record_extended(ROW({}), 0) & {}) = {}").format(
        columns(link.key, row), sql.Literal(link.parts - 1), sql.Literal(part)
    )


def _orphans(link: Link) -> Composed:
    return SQL(
        "SELECT c.leaf, c.place::pg_catalog.text FROM {} AS c WHERE NOT EXISTS (SELECT FROM {} AS p WHERE {}) LIMIT {}"
    ).format(
        pointers(link.key, link.child.source, SQL("({})").format(link.among_children)),
        pointed_at(link.key, link.parent.source),
        matched(link.key, "c", "p"),
        sql.Literal(_SOME),
    )


def _children(link: Link, of: Places) -> Composed:
    """Return the query for some children of a parent."""
    (leaf, place), *_ = of
    one = SQL("t.tableoid = {}::pg_catalog.oid AND t.ctid = {}::pg_catalog.tid").format(
        sql.Literal(leaf), sql.Literal(place)
    )
    return SQL("SELECT c.leaf, c.place::pg_catalog.text FROM {} AS c JOIN {} AS p ON {} LIMIT {}").format(
        pointers(link.key, link.child.source, SQL("({})").format(link.among_children)),
        pointed_at(link.key, link.parent.source, one),
        matched(link.key, "c", "p"),
        sql.Literal(CHILDREN),
    )


def _itself(link: Link, asking: Asking) -> tuple[dict[str, Places], list[str]]:
    """Return a row that refers to itself."""
    same = SQL(" AND ").join(
        SQL("t.{} = t.{}").format(sql.Identifier(child), sql.Identifier(parent))
        for child, parent in zip(link.key.child_columns, link.key.parent_columns, strict=True)
    )
    found = SQL("SELECT c.leaf, c.place::pg_catalog.text FROM {} AS c LIMIT 1").format(
        pointers(link.key, link.child.source, SQL("({}) AND {}").format(link.among_children, same))
    )
    return {_OF_ITSELF[0]: _places(asking.rows(found))}, []


def _chain(link: Link, asking: Asking) -> tuple[dict[str, Places], list[str]]:
    """Return the row with the most ancestors, down from rows that refer to none: no cycle is ever entered."""
    key = link.key
    own = SQL(", ").join(
        SQL("t.{} AS {}").format(sql.Identifier(name), sql.Identifier(f"own{number}"))
        for number, name in enumerate(key.parent_columns, start=1)
    )
    pointing = SQL("(SELECT t.tableoid AS leaf, t.ctid AS place, {own}, {refers} FROM {source} AS t WHERE {where})")
    refers = SQL(", ").join(
        SQL("t.{} AS {}").format(sql.Identifier(name), sql.Identifier(f"k{number}"))
        for number, name in enumerate(key.child_columns, start=1)
    )
    empty = SQL(" OR ").join(SQL("t.{} IS NULL").format(sql.Identifier(name)) for name in key.child_columns)
    where = SQL(key.where or "true")
    rows = pointing.format(
        own=own, refers=refers, source=link.child.source, where=SQL("({}) AND NOT ({})").format(where, empty)
    )
    roots = pointing.format(
        own=own, refers=refers, source=link.child.source, where=SQL("(({}) IS NOT TRUE OR {})").format(where, empty)
    )
    numbers = range(1, len(key.parent_columns) + 1)
    found = SQL(
        "WITH RECURSIVE down (leaf, place, depth, {named}) AS ("
        "SELECT r.leaf, r.place, 0, {root} FROM {roots} AS r "
        "WHERE EXISTS (SELECT FROM {rows} AS c WHERE {child_of_root}) "
        "UNION ALL SELECT c.leaf, c.place, d.depth + 1, {child} FROM down AS d JOIN {rows} AS c ON {child_of_row} "
        "WHERE d.depth < {deepest}) "
        "SELECT d.leaf, d.place::pg_catalog.text, d.depth FROM down AS d WHERE d.depth > 0 "
        "ORDER BY d.depth DESC LIMIT 1"
    ).format(
        named=SQL(", ").join(sql.Identifier(f"own{number}") for number in numbers),
        root=SQL(", ").join(sql.Identifier("r", f"own{number}") for number in numbers),
        child=SQL(", ").join(sql.Identifier("c", f"own{number}") for number in numbers),
        roots=roots,
        rows=rows,
        child_of_root=_child_of("r", numbers),
        child_of_row=_child_of("d", numbers),
        deepest=sql.Literal(_DEPTH),
    )
    answers = asking.rows(found)
    return {_OF_ITSELF[1]: _places([row[:2] for row in answers])}, []


def _child_of(row: str, numbers: Iterable[int]) -> Composable:
    return SQL(" AND ").join(
        SQL("{} = {}").format(sql.Identifier("c", f"k{number}"), sql.Identifier(row, f"own{number}"))
        for number in numbers
    )


def _places(rows: Iterable[tuple[object, ...]]) -> Places:
    return [(_int(leaf), str(place)) for leaf, place in rows]


def _int(value: object) -> int:
    return int(str(value))
