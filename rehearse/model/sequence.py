"""A sequence beside the column it fills."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rehearse.model.catalog import Catalog, CatalogObject

_DRAWN = re.compile(r"nextval\('((?:[^']|'')+)'::regclass\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencePosition:
    """Where a sequence stands, and how far the values of its column go on the stage."""

    sequence: str  # quoted identity
    table: str
    column: str  # quoted identity
    physical: str  # of the column
    next_value: int
    ascending: bool
    furthest: int | None  # the largest value of the column, of a descending sequence the smallest; None: no value
    is_taken: bool = False  # a row has the next value; asked of what is behind only

    @property
    def is_behind(self) -> bool:
        if self.furthest is None:
            return False
        return self.next_value <= self.furthest if self.ascending else self.next_value >= self.furthest


def sequence_columns(catalog: Catalog) -> Iterator[tuple[CatalogObject, CatalogObject]]:
    """Yield each integer column that draws from a sequence by identity or default, with the sequence."""
    sequences = {found.identity: found for found in catalog.of_kind("sequence")}
    owned = {found.text("owned_by"): found for found in sequences.values()}
    for column in catalog.of_kind("column"):
        drawn = _DRAWN.search(column.text("default"))
        named = sequences.get(drawn[1].replace("''", "'")) if drawn else None
        sequence = owned.get(column.identity) if column.attributes.get("identity") else named
        if sequence is not None and column.text("type") in LIMITS:
            yield column, sequence


LIMITS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}  # manual 8.1.1, Integer Types
