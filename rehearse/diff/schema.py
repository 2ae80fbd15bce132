"""Differences between two catalogs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rehearse.diff.attributes import differing
from rehearse.diff.hints import renames
from rehearse.diff.pairing import Pairing, by_history, by_identity
from rehearse.diff.renames import Renames, found_in
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import SchemaChange


def changes(before: Catalog, after: Catalog) -> tuple[SchemaChange, ...]:
    """Tell what a migration did to the schema of one stage, sorted by kind and object.

    Renames are proven by the oid. What only follows from a rename (the columns of a renamed table, the
    wording of an index on it) is not told again. A table or column dropped and created anew under its
    name is both "removed" and "added", since what it held is gone.
    """
    return _told(by_history(before, after))


def differences(left: Catalog, right: Catalog) -> tuple[SchemaChange, ...]:
    """Tell how two different databases differ, by name alone: their oids have nothing to do with each other.

    What may be a rename is told as removed and added, with a hint. Columns that both have in another order are
    told of their table: `SELECT *` and a plain `COPY` mind.
    """
    pairing = by_identity(left, right)
    hints = renames(left, pairing.removed, right, pairing.added)
    told = (
        replace(change, perhaps_renamed_to=hints.get((change.kind, change.object)))
        if change.action == "removed"
        else change
        for change in _told(pairing)
    )
    return _sorted([*told, *_reordered(left, right)])


def _reordered(left: Catalog, right: Catalog) -> Iterator[SchemaChange]:
    before, after = _column_orders(left), _column_orders(right)
    for table in before.keys() & after.keys():
        old = [name for name in before[table] if name in after[table]]
        new = [name for name in after[table] if name in before[table]]
        if old != new:
            yield SchemaChange(
                action="altered",
                kind="table",
                object=table,
                table=table,
                before={"column_order": old},
                after={"column_order": new},
            )


def _column_orders(catalog: Catalog) -> dict[str, list[str]]:
    """Return the identities of each table's columns, in their order."""
    orders: dict[str, list[str]] = {}
    for column in sorted(catalog.of_kind("column"), key=lambda column: int(column.physical.partition(".")[2])):
        orders.setdefault(column.table or "", []).append(column.identity)
    return orders


def _told(pairing: Pairing) -> tuple[SchemaChange, ...]:
    proven = found_in(pairing.kept)
    altered = (_altered(old, new, proven) for old, new in pairing.kept)
    told = [
        *(_removed(found) for found in pairing.removed),
        *(_added(found) for found in pairing.added),
        *(change for change in altered if change is not None),
    ]
    return _sorted(told)


def _sorted(told: Iterable[SchemaChange]) -> tuple[SchemaChange, ...]:
    return tuple(sorted(told, key=lambda change: (change.kind, change.object, change.action != "removed")))


def _altered(old: CatalogObject, new: CatalogObject, proven: Renames) -> SchemaChange | None:
    renamed = (old.kind, old.identity) in proven.own
    if old.attributes == new.attributes and not renamed:
        return None
    names = [name for name in differing(old.attributes, new.attributes) if not proven.explains(old, new, name)]
    if not names and not renamed:
        return None
    before = {name: old.attributes.get(name) for name in names}
    after = {name: new.attributes.get(name) for name in names}
    return SchemaChange(
        action="altered",
        kind=old.kind,
        object=old.identity,
        table=old.table,
        before={"name": old.identity, **before} if renamed else before,
        after={"name": new.identity, **after} if renamed else after,
        renamed_to=new.identity if renamed else None,
    )


def _removed(found: CatalogObject) -> SchemaChange:
    return SchemaChange(
        action="removed",
        kind=found.kind,
        object=found.identity,
        table=found.table,
        before=found.attributes,
        after=None,
    )


def _added(found: CatalogObject) -> SchemaChange:
    return SchemaChange(
        action="added", kind=found.kind, object=found.identity, table=found.table, before=None, after=found.attributes
    )
