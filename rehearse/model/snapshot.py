"""A snapshot: the schema, catalog, facts and sanitised sample of a database, as described by its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rehearse.model.catalog import Catalog
from rehearse.model.facts import Facts

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSample:
    """The rows kept of one table or leaf partition."""

    table: str  # quoted identity
    columns: tuple[str, ...]  # quoted, in the order of the COPY file
    file: str | None  # relative to the snapshot, "data/0007.copy"; None: schema only
    rows: int
    whole: bool  # every row of the table, not a sample
    reason: str = ""  # why it is schema only


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTreatment:
    """What was done to one column on its way out, and why."""

    table: str
    column: str  # its name, unquoted
    mask: str  # "keep", "text", "null", ...
    reason: str  # "surrogate key", "unclassified", "configured", ...
    type: str = ""  # "character varying(40)"
    meaning: str = ""  # what the values are: "email", "phone", ...; "": nothing that has a name here
    confidence: str = ""  # in that: "high", "medium", "low"
    found: tuple[str, ...] = ()  # what detectors found in the values: "email in 3 of 2,000 values"
    proven: tuple[str, ...] = ()  # of that what leaves no doubt, by meaning
    codes: int = 0  # how many established codes, of a column that has nothing else
    smallest_group: int = 0  # rows that share the rarest of them
    keeps: tuple[str, ...] = ()  # of the values: "null", "length", "characters", "equality", "uniqueness", ...

    @property
    def identity(self) -> str:
        return f"{self.table}.{self.column}"

    @property
    def rule_to_keep(self) -> str:
        """Return the line of [sanitise.columns] that leaves the column clear; TOML wants ' around a name with "."""
        quote = "'" if '"' in self.identity else '"'
        return f'{quote}{self.identity}{quote} = "keep"'

    @property
    def is_clear(self) -> bool:
        return self.mask in ("keep", "code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which kinds of rows are in the sample, told by one column, key, foreign key or partition."""

    kind: str  # "column", "key", "foreign key", "partition"
    table: str
    name: str  # the column's, the key's columns ("country, code"), the foreign key's; of a partition, its root's
    present: tuple[str, ...]  # "null", "longest", "duplicates", "orphan", the labels of an enum, ...
    absent: tuple[str, ...]  # the source has no such row
    not_sought: Mapping[str, str] = field(default_factory=dict)  # kind of row -> why
    capped: Mapping[str, str] = field(default_factory=dict)  # kind of row -> how many there are of it: "10 of 1,410"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The first page of a snapshot; written last, with a sha256 of every other file."""

    format: int
    tool_version: str
    source: str  # DSN without password
    taken_at: datetime
    server_version: str
    heads: Mapping[str, tuple[str, ...]]  # version table -> what it holds
    catalog_fingerprint: str
    sanitise_policy: str  # "mask", "mask-all"
    sanitise_digest: str  # sha256 of the treatments
    samples: tuple[TableSample, ...]
    treatments: tuple[ColumnTreatment, ...]
    coverage: tuple[Coverage, ...] = ()  # of the tables that are sampled
    notes: tuple[str, ...] = ()  # what was left out, for fidelity
    files: Mapping[str, str] = field(default_factory=dict)  # relative path -> sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A complete snapshot on disk, verified when it was opened."""

    directory: Path
    manifest: Manifest
    catalog: Catalog
    facts: Facts

    @property
    def schema_dump(self) -> Path:
        """Return the pg_dump archive (custom format, schema only)."""
        return self.directory / "schema" / "schema.dump"
