"""A pass: what a safe rehearsal was of, so that a gate can tell later whether that still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from rehearse.model.audit import Head
from rehearse.model.material import Material
from rehearse.model.report import Verdict

FORMAT = 1
FILE = "pass.json"
# The settings of a server under which the same statement does something else, or is refused. Those that a snapshot
# sets for itself (DateStyle, the timeouts, ...) cannot be told.
SETTINGS = (
    "TimeZone",
    "array_nulls",
    "check_function_bodies",
    "default_table_access_method",
    "default_tablespace",
    "default_toast_compression",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "lo_compat_privileges",
    "maintenance_work_mem",
    "max_locks_per_transaction",
    "password_encryption",
    "quote_all_identifiers",
    "row_security",
    "search_path",
    "session_replication_role",
    "shared_preload_libraries",
    "standard_conforming_strings",
    "transform_null_equals",
    "wal_level",
    "xmloption",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """The database that was rehearsed for, or that the release is about to change, at one moment."""

    system_identifier: str | None  # of the server's data; None: it may not be read
    database: str
    database_oid: int | None  # None: the snapshot is of a version that did not note it
    server_major: int
    settings: Mapping[str, str]  # of those that matter, the ones that are not at their default
    fingerprint: str  # of the catalog
    heads: Mapping[str, tuple[str, ...]]  # version table -> rows
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What was rehearsed; paths are relative to the project's root."""

    tool: str
    config: str | None
    scripts: tuple[str, ...]  # the folder, or single scripts
    command: tuple[str, ...]

    @property
    def told(self) -> str:
        """Return it in a few words: "alembic (alembic.ini)"."""
        what = " ".join(self.command) or ", ".join(self.scripts) or self.config
        return f"{self.tool} ({what})" if what else self.tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that blocks no more because somebody answers for it until a day."""

    check: str
    object: str
    expires: date
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """How near to production the stage was, as far as a policy may ask for it."""

    observation: str  # "exact" or "sampled"
    source_version: str
    stage_version: str
    sampled_fraction: float | None
    isolated: bool
    deviations: tuple[str, ...]

    @property
    def same_major(self) -> bool:
        return self.source_version.split(".")[0] == self.stage_version.split(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Everything a verdict depends on; signed as a whole."""

    format: int
    run: str  # its id
    issued_at: datetime
    verdict: Verdict
    report: str  # sha256 of the run's report.json
    environment: str | None  # that was rehearsed for; None: a database nobody declared
    project: str  # the configuration's place below the root of the repository
    origin: str | None  # the repository's first commit; None: no git, or a shallow clone
    commit: str | None
    tree: str | None  # what that commit holds
    changed: tuple[str, ...]  # files that were not as committed
    untracked: tuple[str, ...]
    played: Played
    target: str | None  # as asked for; None: every head
    heads_after: Mapping[str, tuple[str, ...]]
    material: Material
    production: Production
    policy: Mapping[str, str]  # digests of its parts
    accepted: tuple[Accepted, ...]
    forgiven: int  # findings that would block, but for a baseline
    versions: Mapping[str, str]  # "rehearse", "alembic", ...
    nearness: Nearness
    audit: Head
    register: Head = field(default_factory=Head)  # of runs, with this one; without an entry: it is older than registers
    key: str | None = None  # the name of the key it was signed with
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason not to let a release through."""

    reason: str  # "file-changed", "production-heads-moved", ...
    sentence: str
    remedy: str
    object: str | None = None  # file, table, ...


def of_interest(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return the settings that matter."""
    return {name: settings[name] for name in SETTINGS if name in settings}
