"""Foreign keys of a table to itself: rows that are their own parent, and the row with the most ancestors."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.snapshot.links import OF_ITSELF, Link
from rehearse.snapshot.pointers import pointers
from rehearse.snapshot.searching import Asking, Places, places

_DEPTH = 1_000


def own_parent(link: Link, asking: Asking) -> tuple[dict[str, Places], dict[str, str]]:
    """Return a row that refers to itself."""
    same = SQL(" AND ").join(
        SQL("t.{} = t.{}").format(sql.Identifier(child), sql.Identifier(parent))
        for child, parent in zip(link.key.child_columns, link.key.parent_columns, strict=True)
    )
    found = SQL("SELECT c.leaf, c.place::pg_catalog.text FROM {} AS c LIMIT 1").format(
        pointers(link.key, link.child.source, SQL("({}) AND {}").format(link.among_children, same))
    )
    return {OF_ITSELF[0]: places(asking.rows(found))}, {}


def deepest(link: Link, asking: Asking) -> tuple[dict[str, Places], dict[str, str]]:
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
    return {OF_ITSELF[1]: places([row[:2] for row in answers])}, {}


def _child_of(row: str, numbers: Iterable[int]) -> Composable:
    return SQL(" AND ").join(
        SQL("{} = {}").format(sql.Identifier("c", f"k{number}"), sql.Identifier(row, f"own{number}"))
        for number in numbers
    )
