"""An index as its definition tells it: what it leads with, and whether another one does its work."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.identity import NAME

_KEY = re.compile(rf"({NAME})(?:\s+(?!\().*)?")  # a column, with its operator class and direction
_METHOD = re.compile(r"\s*(?:USING\s+(\w+)\s*)?\(", re.IGNORECASE)
_INCLUDE = re.compile(r"\s*INCLUDE\s*\(", re.IGNORECASE)
_WHERE = re.compile(r"\bWHERE\s+(.*)", re.IGNORECASE | re.DOTALL)
_QUOTED = {"'", '"'}
_SCANNED_BY_PREFIX = "btree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an index holds of a table, in the words of its definition."""

    unique: bool
    method: str
    keys: tuple[str, ...]  # "customer_id", "created_at DESC", "lower(email)"
    included: tuple[str, ...] = ()
    predicate: str = ""
    options: str = ""  # between the columns and the predicate: NULLS NOT DISTINCT, storage parameters

    @property
    def columns(self) -> tuple[str | None, ...]:
        """Return the column of each key, None for an expression."""
        return tuple(match[1] if (match := _KEY.fullmatch(key)) else None for key in self.keys)

    def leads_with(self, columns: Collection[str]) -> bool:
        """Say whether rows with given values of these columns, none of them NULL, are found by it."""
        leading = self.columns[: len(columns)]
        not_null = {f"({column} IS NOT NULL)" for column in columns} | {""}
        return set(leading) == set(columns) and self.predicate in not_null

    def does_the_work_of(self, other: Shape) -> bool:
        """Say whether whatever the other one of the same table finds or refuses, this one does."""
        if (self.method, self.predicate) != (other.method, other.predicate):
            return False
        if other.unique and (self.unique, self.keys, self.options) != (other.unique, other.keys, other.options):
            return False
        prefix = self.keys[: len(other.keys)] if self.method == _SCANNED_BY_PREFIX else self.keys
        return prefix == other.keys and set(other.included) <= {*self.included, *self.keys}


def concurrently(definition: str) -> str:
    """Write the statement that builds an index while its table stays open.

    >>> concurrently("CREATE INDEX i ON public.t USING btree (a)")
    'CREATE INDEX CONCURRENTLY i ON public.t USING btree (a);'
    """
    return f"{definition.replace('INDEX ', 'INDEX CONCURRENTLY ', 1)};"


def shape(definition: str, *, unique: bool) -> Shape | None:
    """Return the shape that a definition gives after the name of the table; None if it is none.

    >>> shape("USING btree (a, lower(b) DESC) INCLUDE (c) WHERE (d > 0)", unique=False).keys
    ('a', 'lower(b) DESC')
    """
    opening = _METHOD.match(definition)
    if opening is None:
        return None
    end = _closing(definition, opening.end())
    keys, rest = definition[opening.end() : end], definition[end + 1 :]
    included: tuple[str, ...] = ()
    if include := _INCLUDE.match(rest):
        end = _closing(rest, include.end())
        included, rest = tuple(_listed(rest[include.end() : end])), rest[end + 1 :]
    where = _WHERE.search(rest)
    return Shape(
        unique=unique,
        method=(opening[1] or _SCANNED_BY_PREFIX).lower(),
        keys=tuple(_listed(keys)),
        included=included,
        predicate=where[1].strip() if where else "",
        options=(rest[: where.start()] if where else rest).strip(),
    )


def shape_of(index: CatalogObject) -> Shape | None:
    """Return the shape of an index of a catalog."""
    _, using, rest = index.text("definition").partition(" USING ")
    return shape(f"{using}{rest}", unique=_is(index, "unique"))


def valid_indexes(catalog: Catalog, table: str) -> Iterator[tuple[CatalogObject, Shape]]:
    """Yield the indexes of a table that queries use."""
    for index in catalog.of_table("index", table):
        if _is(index, "valid") and (found := shape_of(index)) is not None:
            yield index, found


def _is(index: CatalogObject, attribute: str) -> bool:
    return index.attributes.get(attribute) is True


def _closing(text: str, at: int) -> int:
    """Return where the parenthesis closes that opened before a place; the end if it does not."""
    depth = 1
    for place, character in _bare(text, at):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return place
    return len(text)


def _listed(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for place, character in _bare(text, 0):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def _bare(text: str, at: int) -> Iterator[tuple[int, str]]:
    """Yield the characters outside of quotes, with their places."""
    quote = ""
    for place in range(at, len(text)):
        character = text[place]
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTED:
            quote = character
        else:
            yield place, character
