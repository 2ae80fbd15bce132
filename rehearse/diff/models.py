"""How a database differs from a project's models, as alembic told it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import SchemaChange
from rehearse.model.identity import quoted
from rehearse.model.json import JSON
from rehearse.model.proposal import Operation, Proposal

_READ_LIKE_TABLES = ("view", "materialized-view", "foreign-table")
_COMPARED = (
    "tables, columns with type, NOT NULL, default and identity, indexes, unique constraints, foreign keys and comments"
)
_NOT_COMPARED = (
    "primary keys, CHECK and exclusion constraints, method, WHERE and INCLUDE of indexes, values of enums, "
    "generated expressions, the order of columns, "
    "partitions, views, functions, triggers, policies, grants and whatever else is not declared by models"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the database beside alembic's answer."""

    catalog: Catalog
    version_tables: AbstractSet[str]  # quoted identities; no model declares them, and nobody wants them dropped
    quoted_words: AbstractSet[str]  # keywords that PostgreSQL quotes as names


def changes(proposal: Proposal, known: Known) -> tuple[SchemaChange, ...]:
    """Return what must change in the database to become what the models declare, sorted by kind and object.

    Left out is what alembic would drop although it stands for something else: version tables, tables of
    extensions and partitions of declared tables; and what it would create where a view stands.
    """
    told = (_change(operation, known.quoted_words) for operation in proposal.operations)
    droppable, read_like_tables = _to_be_dropped(proposal, known), _objects(known.catalog, _READ_LIKE_TABLES)
    return tuple(
        sorted(
            _folded(
                change
                for change in told
                if (change.action != "removed" or change.table in droppable)
                and (change.action != "added" or change.table not in read_like_tables)
            ),
            key=lambda change: (change.kind, change.object, change.action != "removed"),
        )
    )


def notes(proposal: Proposal, known: Known) -> tuple[str, ...]:
    """Say what was compared, what was not, and what alembic warned of."""
    declared = {_joined(table, known.quoted_words) for table in proposal.tables}
    versions = dict(proposal.versions)
    schemas = ", ".join(quoted(schema, known.quoted_words) for schema in proposal.schemas)
    views = sorted(declared & _objects(known.catalog, _READ_LIKE_TABLES))
    compared = f"Compared by alembic {versions.get('alembic', '')}, in {_counted(proposal.schemas, 'schema')} {schemas}"
    return (
        f"{compared}: {_COMPARED}; not compared: {_NOT_COMPARED}.",
        *([f"Not compared, since the database has no table of that name: {', '.join(views)}."] if views else []),
        *(f"alembic warned: {' '.join(warning.split())}" for warning in proposal.warnings),
    )


def objects(proposal: Proposal, found: Iterable[SchemaChange]) -> int:
    """Count what the models declare, and what only the database has."""
    return proposal.objects + sum(change.action == "removed" for change in found)


def _change(operation: Operation, words: AbstractSet[str]) -> SchemaChange:
    table = _joined((operation.schema, operation.table), words)
    return SchemaChange(
        action=operation.action,
        kind=operation.kind,
        object=_object(operation, table, words),
        table=table,
        before=operation.before,
        after=operation.after,
    )


def _object(operation: Operation, table: str, words: AbstractSet[str]) -> str:
    """Return the identity, as the catalog's queries word it for the kind."""
    name = operation.name and quoted(operation.name, words)
    match operation.kind:
        case "comment":
            return f"table column {table}.{name}" if name else f"table {table}"
        case "index" if name:
            return f"{quoted(operation.schema, words)}.{name}"
        case "constraint" if not name:
            return f"{table}.({', '.join(quoted(column, words) for column in operation.columns)})"
    return f"{table}.{name}" if name else table


def _folded(changes: Iterable[SchemaChange]) -> Iterator[SchemaChange]:
    """Yield one change an object: what is dropped and created anew, or altered in two respects, is one altered."""
    by_object: dict[tuple[str, str], SchemaChange] = {}
    for change in changes:
        earlier = by_object.get((change.kind, change.object))
        by_object[change.kind, change.object] = change if earlier is None else _both(earlier, change)
    yield from by_object.values()


def _both(one: SchemaChange, other: SchemaChange) -> SchemaChange:
    if one.action == other.action != "altered":
        return other
    before, after = {**(one.before or {}), **(other.before or {})}, {**(one.after or {}), **(other.after or {})}
    if one.action == other.action:
        return replace(one, before=before, after=after)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return replace(one, action="altered", before=_only(before, names), after=_only(after, names))


def _only(described: Mapping[str, JSON], names: Iterable[str]) -> dict[str, JSON]:
    return {name: described.get(name) for name in names}


def _to_be_dropped(proposal: Proposal, known: Known) -> AbstractSet[str]:
    """Return the tables of which something may have to go: declared ones, and those that stand for nothing else."""
    declared = {_joined(table, known.quoted_words) for table in proposal.tables}
    tables = {found.identity: found for found in known.catalog.of_kind("table")}
    others = {table for table in tables if _root(table, tables) not in declared}
    return declared | (others - known.version_tables)


def _objects(catalog: Catalog, kinds: Iterable[str]) -> frozenset[str]:
    return frozenset(found.identity for kind in kinds for found in catalog.of_kind(kind))


def _root(table: str, tables: Mapping[str, CatalogObject]) -> str:
    """Return the table that a partition belongs to in the end; of any other table itself."""
    found = tables.get(table)
    if found is None or not found.text("partition_bound"):
        return table
    parents = found.attributes.get("inherits")
    return _root(str(parents[0]), tables) if isinstance(parents, list | tuple) and parents else table


def _joined(names: Iterable[str], words: AbstractSet[str]) -> str:
    return ".".join(quoted(name, words) for name in names)


def _counted(things: Sequence[str], noun: str) -> str:
    return f"the {noun}" if len(things) == 1 else f"the {noun}s"
