"""Which mask a type or a meaning has: the files of sql/masks/ say so, and here is what the types add to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import Column
from rehearse.sanitise import masks
from rehearse.sanitise.masks import Mask, Part

INTEGERS = frozenset({"smallint", "integer", "bigint"})
NUMBERS = INTEGERS | {"numeric", "real", "double precision", "money", "oid"}
TIMES = frozenset({"time without time zone", "time with time zone", "interval"})
RANGES = frozenset(
    f"{name}{kind}" for name in ("int4", "int8", "num", "ts", "tstz", "date") for kind in ("range", "multirange")
)
TEXTS = frozenset({"text", "character varying", "character", "name", "citext", "ltree"})
KNOWN = tuple(sorted({"mask", *masks.templates()}))
DEFAULT = "anything"  # the meaning of a mask that a type gets when nothing else is known

_KINDS = ("enum", "array", "composite")  # categories whose types have names of their own
_DIGITS = {"smallint": 5, "integer": 10, "oid": 10, "bigint": 19}  # as many as the largest value has
_CONSTANTS = {
    "boolean": "false", "time without time zone": "00:00", "time with time zone": "00:00+00", "interval": "0",
    "line": "{1,1,0}", "lseg": "[(0,0),(1,1)]", "box": "(1,1),(0,0)", "path": "((0,0),(1,1))",
    "polygon": "((0,0),(1,1))", "circle": "<(0,0),1>", "tsquery": "", "money": "0",
    "custom range": "empty", "custom multirange": "{}",
}  # fmt: skip
_DAYS = SQL("pg_catalog.make_interval(days => x.days)")
_MOMENTS = (SQL("'1800-01-01'"), SQL("'infinity'"), _DAYS)
_RANGES: Mapping[str, tuple[Composable, Composable, Composable]] = MappingProxyType(  # least, most, distance
    {
        "int4range": (SQL("-2147480000"), SQL("2147483647"), SQL("x.days")),
        "int8range": (SQL("-9223372036854770000"), SQL("9223372036854775807"), SQL("x.days")),
        "numrange": (SQL("'-Infinity'"), SQL("'Infinity'"), SQL("x.days")),
        "daterange": (SQL("'1800-01-01'"), SQL("'infinity'"), SQL("x.days")),
        "tsrange": _MOMENTS,
        "tstzrange": _MOMENTS,
    }
)


def base_name(base: str) -> str:
    """Return a type's name without the schema of an extension: "public.citext" is "citext"."""
    return base.rsplit(".", 1)[-1]


def by_type(column: Column) -> tuple[str, Mask] | None:
    """Return the name and function of the mask a column's type has, None for a type nobody knows."""
    return by_meaning(column, None)


def by_meaning(column: Column, meaning: str | None) -> tuple[str, Mask] | None:
    """Return the mask for values that mean something, None: nothing special; by type where no mask knows both."""
    name = _chosen(column, meaning) or _chosen(column, DEFAULT)
    return None if name is None else _applied(name, column)


def by_name(name: str, column: Column) -> tuple[str, Mask] | None:
    """Return the mask a configuration names, "mask" for that of the type; None: the type is not for it.

    A mask named after a kind of value (email, name, address, ...) is that of the type where its own cannot be: what
    somebody declares to be personal is masked in any case.
    """
    if name == "mask":
        return by_type(column)
    template = masks.templates().get(name)
    if template is None:
        return None
    if template.takes(_type(_innermost(column))) or (column.category in _KINDS and template.takes(_type(column))):
        return _applied(name, column)
    found = by_type(column) if template.meanings - {"none", DEFAULT} else None
    return None if found is None else (name, found[1])


def keeps(name: str, column: Column) -> tuple[str, ...]:
    """Return what a mask keeps of the values of a column, in the words of sql/masks/."""
    template = masks.templates().get(name)
    if name == "code":
        return tuple(word for word in masks.templates()["text"].keeps if word != "uniqueness")
    if template is None:
        return ()
    kept = template.keeps
    if name == "number" and column.base not in INTEGERS | {"numeric"}:
        kept = tuple(word for word in kept if word not in ("length", "uniqueness"))
    if column.category == "array":
        return tuple(word for word in kept if word in masks.templates()["array"].keeps)
    if base_name(column.base) == "citext":  # equal but for their case: masked as if they were written small
        return tuple(word for word in kept if word not in ("length", "characters", "folding"))
    return kept


def others(column: Column, name: str) -> tuple[str, ...]:
    """Return the masks that suit the type and keep values unique, other than one that failed to."""
    return tuple(
        found.name
        for found in masks.templates().values()
        if found.name not in (name, "keep")
        and "uniqueness" in found.keeps
        and DEFAULT in found.meanings
        and found.takes(_type(column))
    )


def _chosen(column: Column, meaning: str | None) -> str | None:
    type_ = _type(_innermost(column))
    return next(
        (found.name for found in masks.templates().values() if meaning in found.meanings and found.takes(type_)), None
    )


def _applied(name: str, column: Column) -> tuple[str, Mask] | None:
    """Return a mask filled in with what a column's type adds, over the elements of an array."""
    if column.category == "array":
        inner = _applied(name, _innermost(column))
        return None if inner is None else (inner[0], masks.mask("array", {"element": inner[1]}))
    parts = _parts(name, column)
    return None if parts is None else (name, _folding(column, masks.mask(name, parts)))


def _parts(name: str, column: Column) -> Mapping[str, Part] | None:
    type_ = base_name(column.base)
    if name == "number":
        return {"digits": sql.Literal(_DIGITS.get(type_, 0))}
    if name == "constant":
        known = _CONSTANTS.get(type_, _CONSTANTS.get(_type(column)))
        return None if known is None else {"constant": sql.Literal(known)}
    if name == "range":
        return dict(zip(("least", "most", "distance"), _RANGES[type_], strict=True))
    if name == "composite":
        return {"fields": _fields(column)}
    return {}


def _fields(column: Column) -> Mask:
    """Return a mask of a row: each field by what its type has, NULL where no mask knows it."""

    def masked(value: Composable, domain: str) -> Composable:
        each = []
        for field in column.fields:
            found = by_type(field)
            place = SQL("({}).{}").format(value, sql.Identifier(field.name))
            each.append(SQL("NULL") if found is None else found[1](place, f"{domain}.{field.name}"))
        return SQL("ROW({})").format(SQL(", ").join(each))

    return masked


def _folding(column: Column, mask: Mask) -> Mask:
    """Mask a text whose type ignores case by its lower-case form: that is what its equality is about."""
    if base_name(column.base) != "citext":
        return mask
    return lambda value, domain: mask(SQL("pg_catalog.lower(({})::pg_catalog.text)").format(value), domain)


def _innermost(column: Column) -> Column:
    """Return an array's element as if it were the column."""
    if column.category != "array" or column.element is None:
        return column
    return replace(column, base=column.element, category=_category(column), element=None, element_is_enum=False)


def _category(array: Column) -> str:
    """Return the category of an array's elements."""
    if array.element_is_enum:
        return "enum"
    if array.fields:
        return "composite"
    return "range" if base_name(array.element or "") in RANGES else "base"


def _type(column: Column) -> str:
    """Return what the files call a type: its name, or the category of a type that a database has made up."""
    name = base_name(column.base)
    if column.category in _KINDS:
        return column.category
    if column.category == "range":
        multi = name.endswith("multirange")
        return "range" if name in _RANGES else "custom multirange" if multi else "custom range"
    return name
