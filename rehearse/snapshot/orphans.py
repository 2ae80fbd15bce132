"""The rows of a foreign key: those whose parent is missing, parents of no, one and many children, chains."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.model.snapshot import Coverage
from rehearse.snapshot import chains
from rehearse.snapshot.links import OF_ITSELF, OF_PARENTS, Link
from rehearse.snapshot.pointers import columns, matched, pointed_at, pointers
from rehearse.snapshot.searching import DECLINED, Asking, Found, NotSought, Patience, Places, places

CHILDREN = 10  # of a parent that is kept for having some
_SOME = 3


def seek(connection: psycopg.Connection, link: Link, patience: Patience, *, wanted: bool = True) -> Found:
    """Find rows of every kind a foreign key has; valid within the transaction's snapshot only."""
    reason = link.reason or ("" if wanted else DECLINED["orphans"])
    if reason:
        return _found(link, {}, dict.fromkeys(link.kinds, reason))
    present: dict[str, Places] = {}
    reasons: dict[str, str] = {}
    capped: dict[str, str] = {}
    for kinds, search in ((("orphan", *OF_PARENTS), _between), (OF_ITSELF, chains.search)):
        if not set(kinds) <= set(link.kinds):
            continue
        try:
            kept, said = patience.search(connection, partial(search, link))
        except NotSought as end:
            reasons |= dict.fromkeys(kinds, end.reason)
            continue
        present |= kept
        capped |= said
    return _found(link, present, reasons, capped)


def _found(
    link: Link,
    present: Mapping[str, Places],
    reasons: Mapping[str, str],
    capped: Mapping[str, str] = MappingProxyType({}),
) -> Found:
    rows: dict[int, frozenset[str]] = {}
    for listed in present.values():
        for leaf, place in listed:
            rows[leaf] = rows.get(leaf, frozenset()) | {place}
    coverage = Coverage(
        kind="foreign key",
        table=link.child.identity,
        name=link.key.name,
        present=tuple(kind for kind in link.kinds if present.get(kind)),
        absent=tuple(kind for kind in link.kinds if kind in present and not present[kind]),
        not_sought=dict(reasons),
        capped=dict(capped),
    )
    return Found(coverage=coverage, rows=rows)


def _between(link: Link, asking: Asking) -> tuple[dict[str, Places], dict[str, str]]:
    """Return an orphan, and parents by how many children they have, with some of their children."""
    present: dict[str, Places] = {"orphan": [], **{kind: [] for kind in OF_PARENTS}}
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
    if lost and _is_told_apart(link):  # which row it is takes another look
        present["orphan"] = places(asking.rows(_orphans(link)))
    for kind in ("one child", "many children"):
        if len(present[kind]) == 1:
            present[kind] += places(asking.rows(_children(link, present[kind])))
    return present, {"many children": f"{CHILDREN} of {most:,}"} if most > CHILDREN else {}


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
        first=SQL("NULL::pg_catalog.tid" if _is_told_apart(link) else "pg_catalog.min(c.place)"),
        m_p=matched(key, "m", "p"),
        g_p=matched(key, "g", "p"),
    )


def _is_told_apart(link: Link) -> bool:
    """Say whether a child's ctid is not enough: it has leaves, or not all its rows are wanted."""
    return link.child.kind == "p" or link.is_limited


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
    return SQL(
        "SELECT c.leaf, c.place::pg_catalog.text FROM {} AS c WHERE ({}) = (SELECT {} FROM {} AS p) LIMIT {}"
    ).format(
        pointers(link.key, link.child.source, SQL("({})").format(link.among_children)),
        columns(link.key, "c"),
        columns(link.key, "p"),
        pointed_at(link.key, link.parent.source, one),
        sql.Literal(CHILDREN),
    )


def _int(value: object) -> int:
    return int(str(value))
