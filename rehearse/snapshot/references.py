"""The foreign keys of a project's configuration, checked before a row is read."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

import psycopg
from psycopg.sql import SQL

from rehearse.catalog.relations import Column, ForeignKey, Relation
from rehearse.errors import RequestError
from rehearse.model.sampling import SampleRules, VirtualKey
from rehearse.sanitise.treatments import INTEGERS, TEXTS, base_name
from rehearse.snapshot.pointers import matched, pointed_at, pointers

_WRITTEN = 'Columns are written schema.table.column; several of one key as a list: ["public.a.x", "public.a.y"].'
_JSON = ("json", "jsonb")


class BadForeignKey(RequestError):
    """A foreign key of [[snapshot.foreign_keys]] that means nothing."""

    def __init__(self, key: VirtualKey, wrong: str, hint: str) -> None:
        super().__init__(f"[[snapshot.foreign_keys]] from {', '.join(key.child_columns)}: {wrong}", hint)


def resolve(
    connection: psycopg.Connection,
    rules: SampleRules,
    relations: Mapping[int, Relation],
    columns: Mapping[int, Sequence[Column]],
) -> tuple[ForeignKey, ...]:
    """Return the configured foreign keys as PostgreSQL's own look. Reads no row; raises BadForeignKey."""
    known = {
        f"{relations[oid].identity}.{column.name}": column
        for oid, listed in columns.items()
        if oid in relations
        for column in listed
    }
    return tuple(_resolved(connection, key, relations, known) for key in rules.foreign_keys)


def _resolved(
    connection: psycopg.Connection, key: VirtualKey, relations: Mapping[int, Relation], known: Mapping[str, Column]
) -> ForeignKey:
    child, parent = tuple(_columns(key, key.child_columns, known)), tuple(_columns(key, key.parent_columns, known))
    for side in (child, parent):
        if len({column.relation for column in side}) > 1:
            raise BadForeignKey(key, "the columns of one side are of several tables.", _WRITTEN)
    of_elements = key.path is None and child[0].category == "array" and parent[0].category != "array"
    if key.path is not None and base_name(child[0].base) not in _JSON:
        raise BadForeignKey(key, f"path leads into json or jsonb, and it is {child[0].type}.", "Leave path out.")
    if of_elements and len(child) > 1:
        raise BadForeignKey(key, "an array refers by its elements, and has no columns beside it.", "Name it alone.")
    found = ForeignKey(
        name=_name(key),
        child=child[0].relation,
        parent=parent[0].relation,
        child_columns=tuple(column.name for column in child),
        parent_columns=tuple(column.name for column in parent),
        validated=False,
        virtual=True,
        where=key.where,
        path=key.path,
        path_type=_path_type(key, parent[0]) if key.path is not None else "",
        of_elements=of_elements,
    )
    _explain(connection, key, found, relations)
    return found


def _name(key: VirtualKey) -> str:
    """Return the name that reports know it by.

    >>> _name(VirtualKey(child_columns=("public.a.x",), parent_columns=("public.b.id",), where="kind = 'b'"))
    "public.a.x to public.b.id where kind = 'b'"
    """
    rest = "".join(f" {word} {text}" for word, text in (("where", key.where), ("path", key.path)) if text)
    return f"{', '.join(key.child_columns)} to {', '.join(key.parent_columns)}{rest}"


def _columns(key: VirtualKey, names: Sequence[str], known: Mapping[str, Column]) -> Iterator[Column]:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            raise BadForeignKey(
                key, f'there is no column "{name}".', f'Did you mean "{near[0]}"?' if near else _WRITTEN
            )
        yield known[name]


def _path_type(key: VirtualKey, parent: Column) -> str:
    base = base_name(parent.base)
    if base in INTEGERS:
        return "integer"
    if base in ("uuid", "numeric"):
        return base
    if base in TEXTS:
        return "text"
    raise BadForeignKey(
        key, f"what a path leads to cannot be compared with {parent.type}.", "Integers, numerics, uuids and texts can."
    )


def _explain(
    connection: psycopg.Connection, key: VirtualKey, found: ForeignKey, relations: Mapping[int, Relation]
) -> None:
    child, parent = relations[found.child].source, relations[found.parent].source
    asking = SQL("EXPLAIN SELECT FROM {} AS c JOIN {} AS p ON {}").format(
        pointers(found, child), pointed_at(found, parent), matched(found, "c", "p")
    )
    try:
        with connection.transaction():
            connection.execute(asking, binary=True)  # in binary, so that it can be one statement only
    except psycopg.Error as error:
        raise BadForeignKey(
            key,
            f"PostgreSQL says: {error.diag.message_primary or error}.",
            "where is an SQL condition over the columns of from, path a jsonpath; both sides need comparable types.",
        ) from None
