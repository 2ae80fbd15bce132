"""The tables of a source, their columns and the foreign keys between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from rehearse.db.identity import identifier
from rehearse.db.queries import query

MOMENTS = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Something that holds rows: an ordinary table, a leaf partition, a materialised view or a foreign table."""

    oid: int
    identity: str
    kind: str  # pg_class.relkind: "r", "m", "f"
    root: str | None  # the partitioned table at the top
    estimate: int | None  # pg_class.reltuples; None: never analysed
    heap_bytes: int
    index_bytes: int
    total_bytes: int
    readable: bool
    row_security: bool  # policies would hide rows from us
    absent: bool = False  # unlogged, and this is a standby: its rows are on the primary only (manual 26.4.5, Caveats)

    @property
    def name(self) -> sql.Identifier:
        return identifier(self.identity)

    @property
    def whole_name(self) -> str:
        """Return the identity that people know the table by: of a partition, that of its root."""
        return self.root or self.identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, down to the base type of its domain."""

    relation: int
    number: int
    name: str
    type: str  # "character varying(40)"
    base: str  # without modifiers, beneath domains: "character varying"
    category: str  # "base", "array", "enum", "composite", "range"
    typmod: int
    not_null: bool  # it takes no NULL
    never_null: bool  # nor holds one: a domain's NOT NULL, and one that is NOT VALID (PostgreSQL 18), prove nothing
    generated: bool
    drawn_from_sequence: bool  # identity or nextval()
    element: str | None  # base type of an array's elements
    element_is_enum: bool
    in_primary_key: bool
    fields: tuple[Column, ...] = ()  # of a composite type, or of an array's elements, as if they were columns

    @property
    def is_moment(self) -> bool:
        """Say whether the values are dates, with or without a time of day."""
        return self.base in MOMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """One foreign key; columns pair by position."""

    name: str
    child: int
    parent: int
    child_columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    validated: bool
    match: str = "s"  # pg_constraint.confmatchtype: "s" simple, "f" full, "p" partial
    inherited: bool = False  # a partition has it from the table above
    virtual: bool = False  # PostgreSQL does not know it: a project's configuration names it
    where: str | None = None  # it binds only rows for which this SQL condition holds
    path: str | None = None  # jsonpath to what refers, within the only column
    path_type: str = ""  # what that is read as: "integer", "numeric", "uuid", "text"
    of_elements: bool = False  # every element of an array refers

    @property
    def joins_columns(self) -> bool:
        """Say whether values are compared as they stand, so that both sides need the same mask."""
        return self.path is None and not self.of_elements


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Any table by oid, partitioned ones included."""

    oid: int
    schema: str
    name: str
    identity: str
    kind: str
    root: int | None
    ancestors: list[int] = field(default_factory=list)  # partitioned tables that it is a partition of

    @property
    def source(self) -> sql.Composable:
        """Return what a FROM clause takes: a partitioned table with its leaves, any other by itself."""
        name = sql.Identifier(self.schema, self.name)
        return name if self.kind == "p" else sql.SQL("ONLY {}").format(name)


def tables(connection: psycopg.Connection) -> tuple[Table, ...]:
    with connection.cursor(row_factory=class_row(Table)) as cursor:
        return tuple(cursor.execute(query("facts/tables").encode()))


def columns(connection: psycopg.Connection, relations: Sequence[int]) -> dict[int, tuple[Column, ...]]:
    """Return the columns of each relation, in their order."""
    found: dict[int, list[Column]] = {relation: [] for relation in relations}
    fields = _fields(connection)
    with connection.cursor(row_factory=class_row(Column)) as cursor:
        for column in cursor.execute(query("facts/columns").encode(), {"relations": list(relations)}):
            found[column.relation].append(_with_fields(column, fields))
    return {relation: tuple(listed) for relation, listed in found.items()}


def _fields(connection: psycopg.Connection) -> dict[str, tuple[Column, ...]]:
    """Return the fields of every composite type that a column may have, by its name."""
    known = {int(oid): str(name) for oid, name in connection.execute(query("facts/composites").encode())}
    fields: dict[str, list[Column]] = {name: [] for name in known.values()}
    with connection.cursor(row_factory=class_row(Column)) as cursor:
        if known:
            for field in cursor.execute(query("facts/columns").encode(), {"relations": list(known)}):
                fields[known[field.relation]].append(field)
    return {name: tuple(listed) for name, listed in fields.items()}


def _with_fields(column: Column, fields: Mapping[str, Iterable[Column]]) -> Column:
    """Add the fields of a composite type, and those of their own types in turn: none is part of itself."""
    own = fields.get(column.element or column.base, ())
    return replace(column, fields=tuple(_with_fields(field, fields) for field in own))


def foreign_keys(connection: psycopg.Connection) -> tuple[ForeignKey, ...]:
    return tuple(
        ForeignKey(
            name=name,
            child=child,
            parent=parent,
            child_columns=tuple(child_columns),
            parent_columns=tuple(parent_columns),
            validated=validated,
            match=match,
            inherited=inherited,
        )
        for name, child, parent, child_columns, parent_columns, validated, match, inherited in connection.execute(
            query("facts/foreign_keys").encode()
        )
    )


def relations(connection: psycopg.Connection) -> dict[int, Relation]:
    with connection.cursor(row_factory=class_row(Relation)) as cursor:
        return {found.oid: found for found in cursor.execute(query("facts/relations").encode())}


def identities(tables: Iterable[Table], columns: Mapping[int, tuple[Column, ...]]) -> frozenset[str]:
    """Return the names that a rule may call columns by, those of a partition also by its root."""
    return frozenset(
        f"{name}.{column.name}"
        for table in tables
        for name in (table.identity, table.whole_name)
        for column in columns[table.oid]
    )
