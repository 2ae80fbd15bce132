"""The table of contents of a pg_dump archive, as `pg_restore --list --verbose` prints it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_ENTRY = re.compile(r"^(?P<id>\d+); \d+ \d+ (?P<label>.+?) ?$")
_NEEDS = re.compile(r"^;\s+depends on: (?P<ids>[\d ]*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One restorable item."""

    id: int
    label: str  # kind, schema or "-", name and owner: "FK CONSTRAINT public orders orders_customer_fkey app"
    needs: frozenset[int] = frozenset()  # ids of the entries it depends on

    @property
    def line(self) -> str:
        """Return the line that selects this entry in a list given to `pg_restore -L`."""
        return f"{self.id}; 0 0 {self.label}"

    def is_a(self, *kinds: str) -> bool:
        """Say whether the entry is of one of these kinds, written as pg_dump writes them.

        >>> Entry(id=1, label="FK CONSTRAINT public orders fk app").is_a("FK CONSTRAINT")
        True
        """
        return self.label.startswith(tuple(f"{kind} " for kind in kinds))


def parse(listing: str) -> tuple[Entry, ...]:
    r"""Read a verbose listing.

    >>> parse("7; 2615 2200 SCHEMA - app me\n9; 0 0 ACL - SCHEMA app me\n;\tdepends on: 7")[1].needs
    frozenset({7})
    """
    return tuple(_entries(listing.splitlines()))


def with_dependants(entries: Collection[Entry], roots: Collection[Entry]) -> frozenset[int]:
    """Return the ids of the roots and of everything that needs one of them, at any distance."""
    found = {root.id for root in roots}
    while grown := {entry.id for entry in entries if entry.id not in found and entry.needs & found}:
        found |= grown
    return frozenset(found)


def _entries(lines: list[str]) -> Iterator[Entry]:
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if match := _ENTRY.match(line):
            needs = _NEEDS.match(following)
            ids = frozenset(int(number) for number in needs["ids"].split()) if needs else frozenset()
            yield Entry(id=int(match["id"]), label=match["label"], needs=ids)
