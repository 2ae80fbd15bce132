"""Which mask a type has by default."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

from rehearse.catalog.relations import MOMENTS, Column
from rehearse.sanitise import masks
from rehearse.sanitise.masks import Mask

INTEGERS = frozenset({"smallint", "integer", "bigint"})
NUMBERS = INTEGERS | {"numeric", "real", "double precision", "money", "oid"}
TIMES = frozenset({"time without time zone", "time with time zone", "interval"})
RANGES = frozenset(
    f"{name}{kind}" for name in ("int4", "int8", "num", "ts", "tstz", "date") for kind in ("range", "multirange")
)
TEXTS = frozenset({"text", "character varying", "character", "name", "citext", "ltree"})

_DIGITS = {"smallint": 5, "integer": 10, "oid": 10, "bigint": 19}  # as many as the largest value has

# what a type's values become when nothing says they may stay
_BY_TYPE: MappingProxyType[str, tuple[str, Mask]] = MappingProxyType(
    {
        **dict.fromkeys(TEXTS - {"citext"}, ("text", masks.text)),
        "citext": ("text", masks.folded_text),
        '"char"': ("text", masks.text),
        **dict.fromkeys(("numeric", "real", "double precision"), ("number", masks.number(0))),
        **{name: ("number", masks.number(digits)) for name, digits in _DIGITS.items()},
        "money": ("text", masks.text),
        **dict.fromkeys(MOMENTS, ("date", masks.date)),
        "json": ("json", masks.json),
        "jsonb": ("json", masks.json),
        "uuid": ("uuid", masks.uuid),
        "bytea": ("binary", masks.binary),
        "inet": ("address", masks.address),
        "cidr": ("address", masks.network),
        "macaddr": ("address", masks.mac_address),
        "xml": ("constant", masks.constant("<masked/>")),
        "tsvector": ("constant", masks.constant("")),
        "tsquery": ("constant", masks.constant("")),
        "hstore": ("constant", masks.constant("")),
        "point": ("constant", masks.constant("(0,0)")),
        "time without time zone": ("constant", masks.constant("00:00")),
        "time with time zone": ("constant", masks.constant("00:00+00")),
        "interval": ("constant", masks.constant("0")),
        "boolean": ("constant", masks.constant("false")),
        **dict.fromkeys(RANGES, ("constant", masks.constant("empty"))),
    }
)
_LABEL: tuple[str, Mask] = ("label", masks.label)
_NAMED: MappingProxyType[str, Mask] = MappingProxyType({"hash": masks.hashed, "null": masks.null})
_ALIASES = frozenset({"mask", "text", "email", "name", "phone", "address", "digits", "number", "date", "uuid", "json"})
KNOWN = tuple(sorted({"keep", *_NAMED, *_ALIASES}))


def base_name(base: str) -> str:
    """Return a type's name without the schema of an extension: "public.citext" is "citext"."""
    return base.rsplit(".", 1)[-1]


def by_type(column: Column) -> tuple[str, Mask] | None:
    """Return the name and function of the mask a column's type has, None for a type nobody knows."""
    if column.category == "array" and column.element is not None:
        element = _LABEL if column.element_is_enum else _BY_TYPE.get(base_name(column.element))
        return None if element is None else (element[0], partial(masks.array, element[1]))
    if column.category == "enum":
        return _LABEL
    if column.category in ("base", "range"):
        return _BY_TYPE.get(base_name(column.base))
    return None


def by_meaning(column: Column, _meaning: str | None) -> tuple[str, Mask] | None:
    """Return the mask of a column whose values mean something, or by type alone."""
    return by_type(column)


def by_name(name: str, column: Column) -> tuple[str, Mask] | None:
    """Return the mask a configuration names; the ones named after a kind of value are those of the type."""
    if name in _NAMED:
        return name, _NAMED[name]
    if name in _ALIASES:
        found = by_type(column)
        return None if found is None else (name if name != "mask" else found[0], found[1])
    return None
