"""What kind of values a column's type holds."""

from __future__ import annotations

from rehearse.catalog.relations import MOMENTS, Column
from rehearse.sanitise import treatments

KEYS = treatments.INTEGERS | {"uuid"}
_PLAIN = treatments.NUMBERS | MOMENTS | treatments.TIMES | treatments.RANGES | {"boolean", "bit", "bit varying"}
_ADDRESSES = frozenset({"inet", "cidr", "macaddr", "macaddr8"})


def is_surrogate(column: Column) -> bool:
    return column.base in KEYS and (column.in_primary_key or column.drawn_from_sequence)


def is_enum(column: Column) -> bool:
    return column.category == "enum" or column.element_is_enum


def is_plain(column: Column) -> bool:
    """Say whether the type holds numbers, dates, times, ranges of them or booleans."""
    return _name(column) in _PLAIN


def is_number(column: Column) -> bool:
    return _name(column) in treatments.NUMBERS


def is_text(column: Column) -> bool:
    return column.category == "base" and treatments.base_name(column.base) in treatments.TEXTS


def is_network_address(column: Column) -> bool:
    """Say whether the type holds addresses of devices, which are somebody's by their type alone."""
    return _name(column) in _ADDRESSES


def _name(column: Column) -> str:
    return treatments.base_name(column.element if column.category == "array" and column.element else column.base)
