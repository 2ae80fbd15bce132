"""What is looked for in the columns of a table: the kinds of values at which migrations fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import MOMENTS, Column
from rehearse.sanitise.treatments import INTEGERS, TEXTS, base_name

_OF_DIGITS = "not an integer"  # told without the regular expression, mostly: it takes ten times as long
_LABELS = 50  # of an enum; rarer ones are a matter of luck

_CHARACTERS = "pg_catalog.length({v}::pg_catalog.text)"
_OCTETS = "pg_catalog.octet_length({v}::pg_catalog.text)"
_PLAIN = '{v}::pg_catalog.text COLLATE pg_catalog."C"'
_SIZE = "pg_catalog.pg_column_size({v})"  # as it is stored: nothing is fetched from TOAST for it
_ITEMS = "pg_catalog.cardinality({v})"
_FILLED = f"NULLIF({_OCTETS}, 0)"
_EXTREME = (("least", "{v}", "min"), ("greatest", "{v}", "max"))
_SIGNED = (("zero", "{v} = 0", None), ("negative", "{v} < 0", None))
_BEYOND = (("not a number", "{v} = 'NaN'", None), ("infinite", "{v} IN ('Infinity', '-Infinity')", None))
_TEXT = (
    ("empty", "{v}::pg_catalog.text = ''", None),
    ("shortest", _FILLED, "min"),
    ("longest", _CHARACTERS, "max"),  # as varchar(n) counts
    ("longest in bytes", _OCTETS, "max"),  # as an index counts
    ("not ASCII", f"{_OCTETS} <> {_CHARACTERS}", None),
    ("blank at an end", f"{_PLAIN} LIKE '% ' OR {_PLAIN} LIKE ' %'", None),
)
_ARRAY = (("empty", f"{_ITEMS} = 0", None), ("longest", _ITEMS, "max"))
# name, condition (or what is measured) and which measure is wanted, the least or the greatest, by base type
_SOUGHT: MappingProxyType[str, tuple[tuple[LiteralString, LiteralString, LiteralString | None], ...]] = (
    MappingProxyType({
        **dict.fromkeys(TEXTS - {"ltree", "name"}, _TEXT),
        **dict.fromkeys(INTEGERS, (*_EXTREME, *_SIGNED)),
        **dict.fromkeys(("numeric", "real", "double precision"), (*_EXTREME, *_SIGNED, *_BEYOND)),
        **dict.fromkeys(MOMENTS, (*_EXTREME, ("infinite", "NOT pg_catalog.isfinite({v})", None))),
        "boolean": (("true", "{v}", None), ("false", "NOT {v}", None)),
        **dict.fromkeys(("bytea", "json", "jsonb", "xml"), (("largest", _SIZE, "max"),)),
    })
)  # fmt: skip
# what the texts of a column may all be, so that one that is not stops a change of type
SHAPES: MappingProxyType[str, str] = MappingProxyType({
    "not an integer": r"^\s*[+-]?[0-9]{1,18}\s*$",
    "no number": r"^\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\s*$",
    "not a date": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|(?<!02-)30|(?<=(0[13578]|1[02])-)31)$",
    "not a timestamp": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d.*)?$",
    "not a UUID": r"^[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}$",
    "not a boolean": r"^(true|false|t|f|yes|no|y|n|on|off|1|0|TRUE|FALSE|Yes|No|True|False)$",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One kind of row: the row looked for, and the extreme it is told by."""

    column: str  # or the columns of a key: "country, code"
    name: str  # "null", "longest", "negative", ...
    condition: Composable  # over the row t; where there is an extreme, what is measured
    extreme: str | None = None  # "min" or "max" of what is measured
    row: str | None = None  # the ctid of one that is of it, where that is known


def is_text(column: Column) -> bool:
    """Say whether a column holds texts that may be read as something else."""
    return column.category == "base" and base_name(column.base) in TEXTS - {"ltree", "name"}


def value_of(column: Column) -> Composable:
    return SQL("t.{}").format(sql.Identifier(column.name))


def of_type(connection: psycopg.Connection, column: Column) -> Iterator[Category]:
    """Yield what is looked for in a column because of its type."""
    value = value_of(column)
    if not column.never_null:
        yield Category(column=column.name, name="null", condition=SQL("{} IS NULL").format(value))
    if column.category == "enum":
        yield from _labels(connection, column, value)
        return
    sought = _ARRAY if column.category == "array" else _SOUGHT.get(base_name(column.base), ())
    for name, condition, extreme in sought if column.category in ("array", "base") else ():
        yield Category(
            column=column.name,
            name=name,
            condition=SQL(condition).format(v=value),
            extreme=extreme,
        )


def of_shape(column: Column, shape: str) -> Category:
    """Return the search for a text that is not what nearly all others of its column are."""
    plain = "pg_catalog.ltrim({v}::pg_catalog.text, '0123456789') <> '' AND " if shape == _OF_DIGITS else ""
    condition = SQL(plain + "NOT ({v}::pg_catalog.text ~ {shape})").format(
        v=value_of(column), shape=sql.Literal(SHAPES[shape])
    )
    return Category(column=column.name, name=shape, condition=condition)


def of_nulls(columns: tuple[str, ...]) -> Category:
    """Return the search for a row of which one part of a key is NULL and another is not."""
    number = SQL("pg_catalog.num_nulls({})").format(
        SQL(", ").join(SQL("t.{}").format(sql.Identifier(c)) for c in columns)
    )
    return Category(
        column=", ".join(columns),
        name="half NULL",
        condition=SQL("{} BETWEEN 1 AND {}").format(number, sql.Literal(len(columns) - 1)),
    )


def _labels(connection: psycopg.Connection, column: Column, value: Composable) -> Iterator[Category]:
    asked = SQL("SELECT pg_catalog.enum_range(NULL::{})::pg_catalog.text[]").format(SQL(column.base))  # as format_type
    row = connection.execute(asked).fetchone()
    for label in list(row[0] if row else ())[:_LABELS]:
        condition = SQL("{}::pg_catalog.text = {}").format(value, sql.Literal(label))
        yield Category(column=column.name, name=label, condition=condition)
