"""Facts about the real database: what a sample cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from rehearse.model.same import Same


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """Size of one table, leaf partition or materialised view in production."""

    table: str  # quoted identity, "public.orders"
    rows: int | None  # None: never analysed and too large to count
    rows_exact: bool  # counted, as opposed to pg_class.reltuples
    heap_bytes: int
    index_bytes: int
    total_bytes: int  # heap, TOAST and indexes
    root: str | None = None  # the partitioned table at the top, for a leaf partition


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceFacts:
    """Position of one sequence."""

    sequence: str
    last_value: int
    is_called: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFacts:
    """One role of the source; never a password."""

    name: str
    superuser: bool
    inherit: bool
    createrole: bool
    createdb: bool
    bypassrls: bool
    member_of: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)  # ALTER ROLE ... SET, every database
    database_settings: Mapping[str, str] = field(default_factory=dict)  # ALTER ROLE ... IN DATABASE ... SET


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionFacts:
    """One installed extension."""

    name: str
    version: str
    schema: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TablespaceFacts:
    """One tablespace that was made; never where it lies."""

    name: str
    owner: str
    acl: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTable:
    """A table in which a migration tool records what has been applied."""

    table: str  # quoted identity
    tool: str  # "alembic", "django", "flyway", ...
    heads: tuple[str, ...]  # what it holds: for alembic the revisions, sorted


@dataclass(frozen=True, slots=True, kw_only=True)
class LocaleFacts:
    """By what the database sorts text beside LC_COLLATE and LC_CTYPE (PostgreSQL 15 and newer)."""

    provider: str = "libc"  # "icu", "builtin"
    name: str | None = None  # of the provider's locale; libc takes LC_COLLATE
    icu_rules: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the source database itself."""

    taken_at: datetime  # the source's clock at the snapshot
    database: str
    owner: str
    encoding: str
    collate: str
    ctype: str
    server_version_num: int  # 150018
    server_version: str  # "15.18 (Debian ...)"
    connected_as_superuser: bool
    settings: Mapping[str, str]  # those that differ from their default
    database_settings: Mapping[str, str]  # ALTER DATABASE ... SET
    database_acl: tuple[str, ...] = ()
    tables: tuple[TableFacts, ...] = ()
    sequences: tuple[SequenceFacts, ...] = ()
    extensions: tuple[ExtensionFacts, ...] = ()
    roles: tuple[RoleFacts, ...] = ()
    tablespaces: tuple[TablespaceFacts, ...] = ()
    version_tables: tuple[VersionTable, ...] = ()
    populated_views: tuple[str, ...] = ()  # materialised views that hold data, in dependency order
    locale: LocaleFacts = field(default_factory=LocaleFacts)
    in_recovery: bool = False
    database_oid: int | None = None  # None: the snapshot is of a version that did not note it
    system_identifier: str | None = None  # of the server's data, shared by standbys and copies; None: not to be read
    large_objects: int = 0  # never copied
    known_settings: Mapping[str, bool] = field(default_factory=dict)  # name -> the server's own value was seen

    @property
    def server_major(self) -> int:
        return self.server_version_num // 10000

    @property
    def history(self) -> frozenset[str]:
        """Return the tables in which migration tools keep their books."""
        return frozenset(found.table for found in self.version_tables)

    def table(self, identity: str) -> TableFacts | None:
        return next((found for found in self.under(identity) if found.table == identity), None)

    def under(self, identity: str) -> tuple[TableFacts, ...]:
        """Return the facts of a table and of its partitions."""
        return _families(Same(self)).get(identity, ())


@lru_cache(maxsize=2)
def _families(facts: Same[Facts]) -> Mapping[str, tuple[TableFacts, ...]]:
    found: dict[str, list[TableFacts]] = {}
    for table in facts.value.tables:
        for identity in {table.table, table.root or table.table}:
            found.setdefault(identity, []).append(table)
    return {identity: tuple(tables) for identity, tables in found.items()}
