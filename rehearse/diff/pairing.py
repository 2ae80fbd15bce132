"""Which object before is which object after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rehearse.model.catalog import Catalog, CatalogObject

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Every object of two catalogs: in both, only before, only after."""

    kept: tuple[tuple[CatalogObject, CatalogObject], ...]
    removed: tuple[CatalogObject, ...]
    added: tuple[CatalogObject, ...]


def by_identity(before: Catalog, after: Catalog) -> Pairing:
    """Pair objects that have the same name: all that two databases have in common."""
    return _paired(before, after, _identity)


def by_history(before: Catalog, after: Catalog) -> Pairing:
    """Pair objects of one database: those that are physically the same, then those recreated under their name.

    A table dropped and created anew under its name is not the same table, nor is such a column the
    same column: what they held is gone. An index, a view or a constraint holds nothing of its own.
    """
    same = _paired(before, after, _physical)
    again = _paired(Catalog(objects=same.removed), Catalog(objects=same.added), _identity)
    tables = {found.physical for found in after.of_kind("table")}
    recreated = tuple(pair for pair in again.kept if not _held_data(pair[0], tables))
    lost = tuple(pair for pair in again.kept if _held_data(pair[0], tables))
    return Pairing(
        kept=same.kept + recreated,
        removed=again.removed + tuple(old for old, _ in lost),
        added=again.added + tuple(new for _, new in lost),
    )


def _paired(before: Catalog, after: Catalog, key: Callable[[CatalogObject], Key]) -> Pairing:
    old = {key(found): found for found in before.objects}
    new = {key(found): found for found in after.objects}
    return Pairing(
        kept=tuple((found, new[name]) for name, found in old.items() if name in new),
        removed=tuple(found for name, found in old.items() if name not in new),
        added=tuple(found for name, found in new.items() if name not in old),
    )


def _held_data(gone: CatalogObject, tables: set[str]) -> bool:
    """Say whether an object that is gone took data with it; for a lost table speaks the table, not its columns."""
    if gone.kind == "column":
        return gone.physical.partition(".")[0] in tables
    return gone.kind == "table"


def _identity(found: CatalogObject) -> Key:
    return found.kind, found.identity


def _physical(found: CatalogObject) -> Key:
    return found.kind, found.physical
