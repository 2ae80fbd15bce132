"""Aftermath: tables that have another size, and indexes that are others, once the migration has ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rehearse.model.timeline import RebuiltIndex, SizeChange, TableSize
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.residue import File, Files


def sizes(before: Files, after: Files, relations: Relations) -> Iterator[SizeChange]:
    """Yield the tables that were there before and have grown, shrunk or gone."""
    for oid, file in sorted(before.items()):
        relation, now = relations.by_oid.get(oid), after.get(oid)
        if relation is None or not relation.is_table:
            continue
        found = SizeChange(object=relation.identity, before=_size(file), after=None if now is None else _size(now))
        if found.before != found.after:
            yield found


def rebuilt(relations: Relations, after: Iterable[Relation]) -> Iterator[RebuiltIndex]:
    """Yield the indexes of a name that another index bore before; those of TOAST tables go with the table."""
    earlier = {
        (each.schema, each.name): each
        for each in relations.by_oid.values()
        if each.kind == "i" and each.schema != "pg_toast"
    }
    for index in after:
        old = earlier.get((index.schema, index.name))
        table = relations.table(old.oid) if old else None
        if old and table and index.is_index and index.oid != old.oid:
            yield RebuiltIndex(object=old.identity, table=table.identity, old_oid=old.oid, new_oid=index.oid)


def _size(file: File) -> TableSize:
    return TableSize(table=file.table_bytes, indexes=file.index_bytes, toast=file.toast_bytes)
