"""The relations that existed before the migration, and how they hang together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from rehearse.db.queries import query
from rehearse.model.timeline import LockMode
from rehearse.watch import tokens

_INDEX_KINDS = ("i", "I")
_WITH_ROWS = ("r", "m")
_CHILDREN_MAINTAINED = 18  # since then VACUUM and ANALYZE of a parent reach its inheritance children, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table, view, index or TOAST table."""

    oid: int
    kind: str  # pg_class.relkind
    schema: str
    name: str
    identity: str  # quoted
    table_oid: int  # the table an index or TOAST table belongs to; its own oid otherwise
    root_oid: int  # the partitioned table at the top
    row_estimate: int = -1
    owner: str = ""

    @property
    def is_index(self) -> bool:
        return self.kind in _INDEX_KINDS

    @property
    def is_table(self) -> bool:
        return self.oid == self.table_oid


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """Every relation that existed before the migration."""

    by_oid: Mapping[int, Relation]
    rows: Mapping[int, int] = field(default_factory=dict)  # live rows before, by table
    children: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    referencing: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # tables with a foreign key to this one
    keys: Mapping[int, tuple[frozenset[str], ...]] = field(default_factory=dict)  # columns of unique indexes, by table
    views: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # what each view reads
    foreign_keys: Mapping[str, tuple[int, LockMode]] = field(default_factory=dict)  # by trigger: the other table
    server_major: int = _CHILDREN_MAINTAINED
    search_path: tuple[str, ...] = ("public",)
    renamed: Mapping[tuple[str, str], int | None] = field(default_factory=dict)  # None: a new relation took the name
    role: str = ""  # that migrates
    builtins: frozenset[str] = frozenset()  # PostgreSQL's own functions, and key words that may stand before a bracket
    _by_place: Mapping[tuple[str, str], Relation] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_place", {(each.schema, each.name): each for each in self.by_oid.values()})

    def table(self, oid: int) -> Relation | None:
        """Return the table a relation is or belongs to."""
        found = self.by_oid.get(oid)
        return None if found is None else self.by_oid.get(found.table_oid)

    def resolve(self, name: str, schema: str | None) -> Relation | None:
        """Return the relation a statement means, through the search_path where it names no schema."""
        if schema is not None:
            return self._at(schema, name)
        for place in self.search_path:
            if found := self._at(place, name):
                return found
        anywhere = [found for found in self.by_oid.values() if found.name == name]
        return self._at(anywhere[0].schema, name) if len(anywhere) == 1 else None

    def name(self, relation: Relation) -> str:
        """Return what a relation is called by now."""
        return next((name for (_, name), oid in self.renamed.items() if oid == relation.oid), relation.name)

    def after(self, objects: Iterable[tuple[int, str]]) -> Relations:
        """Return the relations as they are called once a command has made or changed these objects."""
        renamed = dict(self.renamed)
        for oid, identity in objects:
            names = [token.name for token in tokens.tokens(identity) if token.name is not None]
            place = (names[0], names[-1])
            known = self._at(*place)
            if oid in self.by_oid and (known is None or known.oid != oid):
                renamed = {other: found for other, found in renamed.items() if found != oid} | {place: oid}
            elif oid not in self.by_oid and known is not None:
                renamed[place] = None
        return self if renamed == self.renamed else replace(self, renamed=renamed)

    def _at(self, schema: str, name: str) -> Relation | None:
        if (schema, name) in self.renamed:
            oid = self.renamed[schema, name]
            return None if oid is None else self.by_oid[oid]
        found = self._by_place.get((schema, name))
        return None if found is None or self._taken(found) else found

    def _taken(self, relation: Relation) -> bool:
        """Say whether a relation goes by another name by now."""
        return relation.oid in self.renamed.values()

    def tree(self, oid: int) -> tuple[int, ...]:
        """Return a table with its partitions and inheritance children, all the way down."""
        return _closure((oid,), self.children)

    def maintained(self, oid: int) -> tuple[int, ...]:
        """Return the tables VACUUM and ANALYZE of one reach on this server."""
        expands = self.by_oid[oid].kind == "p" or self.server_major >= _CHILDREN_MAINTAINED
        return self.tree(oid) if expands else (oid,)

    def behind(self, oid: int) -> tuple[int, ...]:
        """Return a view with what it reads, views within views included."""
        return _closure((oid,), self.views)

    def cascade(self, oids: Iterable[int]) -> tuple[int, ...]:
        """Return tables with those that reference them, all the way, as TRUNCATE ... CASCADE does."""
        return _closure(tuple(oids), self.referencing)

    def has_key(self, oid: int, columns: frozenset[str]) -> bool:
        """Say whether values of these columns are those of one row at most."""
        return any(key <= columns for key in self.keys.get(oid, ()))

    def indexes(self, table: int) -> tuple[Relation, ...]:
        return tuple(found for found in self.by_oid.values() if found.table_oid == table and found.is_index)


def listed(admin: psycopg.Connection) -> tuple[Relation, ...]:
    """Return the relations there are now."""
    with admin.cursor(row_factory=class_row(Relation)) as cursor:
        return tuple(cursor.execute(query("watch/relations").encode()).fetchall())


def read(admin: psycopg.Connection, search_path: tuple[str, ...], role: str = "") -> Relations:
    """Read the relations of the stage database; tables never analysed are counted."""
    found = listed(admin)
    return Relations(
        by_oid={relation.oid: relation for relation in found},
        rows={relation.oid: _rows(admin, relation) for relation in found if relation.kind in _WITH_ROWS},
        children=_pairs(admin, "watch/descendants"),
        referencing=_pairs(admin, "watch/references"),
        keys=_keys(admin),
        views=_pairs(admin, "watch/views"),
        foreign_keys={
            trigger: (other, LockMode.ROW_EXCLUSIVE if writes else LockMode.ROW_SHARE)
            for trigger, other, writes in admin.execute(query("watch/foreign_keys").encode())
        },
        server_major=admin.info.server_version // 10000,
        search_path=search_path,
        role=role,
        builtins=frozenset(name for (name,) in admin.execute(query("watch/builtins").encode())),
    )


def _rows(admin: psycopg.Connection, relation: Relation) -> int:
    if relation.row_estimate >= 0:
        return relation.row_estimate
    text = sql.SQL("SELECT pg_catalog.count(*) FROM {}").format(sql.Identifier(relation.schema, relation.name))
    counted = admin.execute(text).fetchone()
    return int(counted[0]) if counted else 0


def _keys(admin: psycopg.Connection) -> Mapping[int, tuple[frozenset[str], ...]]:
    found: dict[int, list[frozenset[str]]] = defaultdict(list)
    for table, columns in admin.execute(query("watch/keys").encode()):
        found[table].append(frozenset(columns))
    return {table: tuple(keys) for table, keys in found.items()}


def _pairs(admin: psycopg.Connection, name: str) -> Mapping[int, tuple[int, ...]]:
    pairs: dict[int, list[int]] = defaultdict(list)
    for one, other in admin.execute(query(name).encode()):
        pairs[one].append(other)
    return {one: tuple(others) for one, others in pairs.items()}


def _closure(start: tuple[int, ...], edges: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    found = dict.fromkeys(start)
    waiting = list(start)
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in found:
                found[other] = None
                waiting.append(other)
    return tuple(found)
