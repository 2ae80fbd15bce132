"""What refers to what, as subqueries: the rows of a child with the key each points to, and the rows of a parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import ForeignKey, Relation

_REFERRED = "what is referred to"  # as no column is called: a project's condition names columns without their table
_ALL = SQL("true")


def pointers(key: ForeignKey, child: Composable, within: Composable = _ALL) -> Composable:
    """Return a subquery of the child's rows that point somewhere: leaf, place, k1, k2, ...

    A row of which a part of the key is NULL points nowhere, whichever way the key matches: MATCH FULL refuses it
    (manual, CREATE TABLE). `child` is what FROM takes, `within` a condition over its rows t.
    """
    parts = tuple(_parts(key))
    return SQL(
        "(SELECT t.tableoid AS leaf, t.ctid AS place, {values} FROM {child} AS t{beside} "
        "WHERE {within} AND ({where}) AND {filled})"
    ).format(
        values=SQL(", ").join(SQL("{} AS {}").format(part, _named(number)) for number, part in enumerate(parts)),
        child=child,
        beside=_beside(key),
        within=within,
        where=SQL(key.where or "true"),  # the project's own words
        filled=SQL(" AND ").join(SQL("{} IS NOT NULL").format(part) for part in parts),
    )


def pointed_at(key: ForeignKey, parent: Composable, within: Composable = _ALL) -> Composable:
    """Return a subquery of the parent's rows: leaf, place, k1, k2, ..."""
    return SQL("(SELECT t.tableoid AS leaf, t.ctid AS place, {values} FROM {parent} AS t WHERE {within})").format(
        values=SQL(", ").join(
            SQL("t.{} AS {}").format(sql.Identifier(name), _named(number))
            for number, name in enumerate(key.parent_columns)
        ),
        parent=parent,
        within=within,
    )


def matched(key: ForeignKey, left: str, right: str) -> Composable:
    """Return the condition under which two rows have the same key."""
    return SQL(" AND ").join(
        SQL("{} = {}").format(sql.Identifier(left, f"k{number}"), sql.Identifier(right, f"k{number}"))
        for number in range(1, len(key.parent_columns) + 1)
    )


def columns(key: ForeignKey, row: str) -> Composable:
    return SQL(", ").join(sql.Identifier(row, f"k{number}") for number in range(1, len(key.parent_columns) + 1))


def by_leaf(keys: Iterable[ForeignKey], relations: Mapping[int, Relation]) -> Iterator[ForeignKey]:
    """Yield the foreign keys by the tables that hold their rows: PostgreSQL lists its own so, a project does not."""
    for key in keys:
        if not key.virtual or relations[key.child].kind != "p":
            yield key
            continue
        for relation in relations.values():
            if key.child in relation.ancestors and relation.kind != "p":
                yield replace(key, child=relation.oid)


def _parts(key: ForeignKey) -> Iterator[Composable]:
    if key.joins_columns:
        yield from (SQL("t.{}").format(sql.Identifier(name)) for name in key.child_columns)
    elif key.path is None:
        yield sql.Identifier("u", _REFERRED)
    else:
        yield _read_as(key.path_type, SQL("({} #>> '{{}}')").format(sql.Identifier("u", _REFERRED)))


def _beside(key: ForeignKey) -> Composable:
    if key.joins_columns:
        return SQL("")
    value = SQL("t.{}").format(sql.Identifier(key.child_columns[0]))
    items = SQL("pg_catalog.unnest({})").format(value)
    if key.path is not None:
        items = SQL("pg_catalog.jsonb_path_query({}::pg_catalog.jsonb, {}::pg_catalog.jsonpath, '{{}}', true)").format(
            value, sql.Literal(key.path)
        )
    return SQL(" CROSS JOIN LATERAL {} AS u ({})").format(items, sql.Identifier(_REFERRED))


def _read_as(type_: str, text: Composable) -> Composable:
    """Return a text as a value of a type, NULL where it is none: it points nowhere, and must not stop the search."""
    reads = {
        "integer": (r"^-?[0-9]{1,18}$", "pg_catalog.int8"),
        "uuid": (r"^[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}$", "pg_catalog.uuid"),
        "numeric": (r"^-?[0-9]{1,30}([.][0-9]{1,30})?$", "pg_catalog.numeric"),
    }
    if type_ not in reads:
        return text
    shape, name = reads[type_]
    return SQL("CASE WHEN {text} ~ {shape} THEN {text}::{name} END").format(
        text=text, shape=sql.Literal(shape), name=SQL(name)
    )


def _named(number: int) -> sql.Identifier:
    return sql.Identifier(f"k{number + 1}")
