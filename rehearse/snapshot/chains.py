"""Foreign keys of a table to itself: rows that are their own parent, and the row with the most ancestors."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.snapshot.links import OF_ITSELF, Link
from rehearse.snapshot.searching import Asking, Places, places

_DEPTH = 1_000


def search(link: Link, asking: Asking) -> tuple[dict[str, Places], dict[str, str]]:
    """Return a row that refers to itself, and the row with the most ancestors."""
    found = list(asking.rows(_chained(link)))
    return {kind: places(row[1:] for row in found if row[0] == kind) for kind in OF_ITSELF}, {}


def _chained(link: Link) -> Composed:
    """Return the query for both, down from rows that refer to none: no cycle is ever entered.

    Where no index leads from a parent to its children, the rows that refer to any are read once and kept, in memory
    or a temporary file: every generation would read the table again.
    """
    key = link.key
    own, refers = _named(key.parent_columns, "own"), _named(key.child_columns, "k")
    empty = SQL(" OR ").join(SQL("t.{} IS NULL").format(sql.Identifier(name)) for name in key.child_columns)
    numbers = range(1, len(key.parent_columns) + 1)
    return SQL(
        "WITH RECURSIVE pointing AS {kept} (SELECT t.tableoid AS leaf, t.ctid AS place, {own}, {refers}, "
        "({wanted}) AS wanted FROM {source} AS t WHERE ({where}) AND NOT ({empty})), "
        "down (leaf, place, depth, {names}) AS (SELECT r.leaf, r.place, 0, {of_root} "
        "FROM (SELECT t.tableoid AS leaf, t.ctid AS place, {own} FROM {source} AS t "
        "WHERE ({where}) IS NOT TRUE OR {empty}) AS r "
        "WHERE EXISTS (SELECT FROM pointing AS c WHERE {child_of_root}) "
        "UNION ALL SELECT c.leaf, c.place, d.depth + 1, {of_child} FROM down AS d JOIN pointing AS c ON {child_of_row} "
        "WHERE d.depth < {deepest}) "
        "(SELECT {chain} AS kind, d.leaf, d.place::pg_catalog.text FROM down AS d WHERE d.depth > 0 "
        "ORDER BY d.depth DESC LIMIT 1) "
        "UNION ALL (SELECT {itself}, c.leaf, c.place::pg_catalog.text FROM pointing AS c WHERE c.wanted AND {same} "
        "LIMIT 1)"
    ).format(
        kept=SQL("NOT MATERIALIZED" if link.is_indexed else "MATERIALIZED"),
        own=own,
        refers=refers,
        wanted=link.among_children,
        source=link.child.source,
        where=SQL(key.where or "true"),
        empty=empty,
        names=SQL(", ").join(sql.Identifier(f"own{number}") for number in numbers),
        of_root=SQL(", ").join(sql.Identifier("r", f"own{number}") for number in numbers),
        of_child=SQL(", ").join(sql.Identifier("c", f"own{number}") for number in numbers),
        child_of_root=_child_of("r", numbers),
        child_of_row=_child_of("d", numbers),
        deepest=sql.Literal(_DEPTH),
        chain=sql.Literal(OF_ITSELF[1]),
        itself=sql.Literal(OF_ITSELF[0]),
        same=_child_of("c", numbers),
    )


def _named(columns: Iterable[str], prefix: str) -> Composable:
    return SQL(", ").join(
        SQL("t.{} AS {}").format(sql.Identifier(name), sql.Identifier(f"{prefix}{number}"))
        for number, name in enumerate(columns, start=1)
    )


def _child_of(row: str, numbers: Iterable[int]) -> Composable:
    return SQL(" AND ").join(
        SQL("{} = {}").format(sql.Identifier("c", f"k{number}"), sql.Identifier(row, f"own{number}"))
        for number in numbers
    )
