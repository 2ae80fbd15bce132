"""Partitions: what happens to a partitioned table happens to each of its leaves, and is told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange
from rehearse.model.rehearsal import Rehearsal


def parents(catalog: Catalog) -> Mapping[str, str]:
    """Return the partitioned table directly above each partition."""
    return {
        found.identity: str(above[0])
        for found in catalog.of_kind("table")
        if found.attributes.get("partition_bound") is not None
        if isinstance(above := found.attributes.get("inherits"), Sequence) and above
    }


def root(table: str, above: Mapping[str, str]) -> str:
    """Return the table at the top of a partition; itself, if it is none."""
    while table in above:
        table = above[table]
    return table


def told_once(rehearsal: Rehearsal) -> tuple[SchemaChange, ...]:
    """Return the changes of the schema, without those in which partitions only follow the table above."""
    above = {**parents(rehearsal.before), **parents(rehearsal.after)}
    if not above:
        return rehearsal.changes
    made = {(change.kind, change.action, change.table) for change in rehearsal.changes}
    return tuple(
        change
        for change in rehearsal.changes
        if change.table not in above or (change.kind, change.action, root(change.table, above)) not in made
    )
