"""Two or more servers, property by property: what each holds, and where they part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from rehearse.model.comparison import Side, Status, worst
from rehearse.model.json import JSON


class Importance(Enum):
    """What a property changes when it changes; the first ones weigh most."""

    RESULTS = "results"  # the same statement may say something else
    PLANS = "plans"  # the same statement may be executed another way
    LOCKS = "locks"  # who waits for whom, how long, and how many may
    ACCESS = "access"  # who may do what
    OTHER = "other"
    PLACE = "place"  # where the server lives: differs always and means nothing, so it is not compared
    INFORMATION = "information"  # worth knowing, no difference: sizes

    @property
    def is_compared(self) -> bool:
        return self not in (Importance.PLACE, Importance.INFORMATION)

    @property
    def rank(self) -> int:
        return tuple(Importance).index(self)


_BY_NAME = {
    Importance.RESULTS: re.compile(
        r"datestyle|intervalstyle|timezone|timezone_abbreviations|search_path|lc_(messages|monetary|numeric|time)"
        r"|client_encoding|extra_float_digits|bytea_output|xmlbinary|xmloption|quote_all_identifiers|array_nulls"
        r"|backslash_quote|escape_string_warning|standard_conforming_strings|transform_null_equals|row_security"
        r"|default_transaction_.*|default_text_search_config|default_table_access_method|synchronize_seqscans"
        r"|gin_fuzzy_search_limit|lo_compat_privileges|session_replication_role|check_function_bodies"
        r"|event_triggers|restrict_nonsystem_relation_kind|(shared|session|local)_preload_libraries"
        r"|icu_validation_level|plpgsql\.variable_conflict"
    ),
    Importance.PLANS: re.compile(
        r"enable_.*|.*_page_cost|cpu_.*_cost|parallel_.*_cost|jit|jit_.*|geqo|geqo_.*|work_mem|maintenance_work_mem"
        r"|hash_mem_multiplier|effective_cache_size|(effective|maintenance)_io_concurrency|temp_buffers"
        r"|default_statistics_target|constraint_exclusion|cursor_tuple_fraction|(from|join)_collapse_limit"
        r"|plan_cache_mode|recursive_worktable_factor|max_parallel_(maintenance_)?workers(_per_gather)?"
        r"|max_worker_processes|min_parallel_.*|parallel_leader_participation|(debug|force)_parallel_.*"
    ),
    Importance.LOCKS: re.compile(
        r"(lock|deadlock|statement|transaction|idle_session|idle_in_transaction_session)_timeout"
        r"|max_(pred_)?locks_per_.*|max_connections|(superuser_)?reserved_connections|max_prepared_transactions"
        r"|log_lock_waits|log_lock_failures|max_standby_.*_delay|hot_standby_feedback|old_snapshot_threshold"
        r"|vacuum_truncate"
    ),
    Importance.PLACE: re.compile(
        r"data_directory|data_directory_mode|(config|hba|ident|external_pid|promote_trigger)_file|port"
        r"|listen_addresses|unix_socket_.*|cluster_name|application_name|server_version|server_version_num"
        r"|server_encoding|lc_collate|lc_ctype|in_hot_standby|log_directory|log_filename|log_file_mode"
        r"|ssl_.*_file|ssl_crl_dir|ssl_library|krb_server_keyfile|bonjour_name|event_source|syslog_ident"
        r"|primary_slot_name|dynamic_library_path|extension_(destdir|control_path)|num_os_semaphores"
        r"|shared_memory_size|shared_memory_size_in_huge_pages|huge_pages_status"
    ),
}


def importance_of(setting: str) -> Importance:
    """Return what a setting changes. What is listed nowhere is OTHER.

    >>> [importance_of(name).value for name in ("DateStyle", "enable_sort", "lock_timeout", "port", "wal_level")]
    ['results', 'plans', 'locks', 'place', 'other']
    """
    return next((found for found, named in _BY_NAME.items() if named.fullmatch(setting.lower())), Importance.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One property of one side: a setting, a role, a grant."""

    topic: str  # "setting": the query sql/parity/setting.sql
    name: str
    importance: Importance
    compared: Mapping[str, JSON] | None  # by attribute; None: it is there, and may not be read
    expected: bool = True  # a side without it is different; else such a server does not know the thing
    told: Mapping[str, JSON] = field(default_factory=dict)  # shown beside it, not compared
    remark: str | None = None  # what is wrong with it on this side alone, or why it may not be read

    @property
    def key(self) -> str:
        """Return the name that rules of what to ignore match."""
        return f"{self.topic}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one side said of itself."""

    side: Side
    entries: tuple[Entry, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)  # topic -> why it could not be read
    gaps: Mapping[str, str] = field(default_factory=dict)  # topic -> why it is not held, or not whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One property, as every side that speaks of it has it."""

    topic: str
    name: str
    importance: Importance
    status: Status
    values: Mapping[str, Entry | None]  # by side; None: it is not there; sides that cannot say are left out
    attributes: tuple[str, ...] = ()  # that differ; none: it is there on some sides only
    silent: Mapping[str, str] = field(default_factory=dict)  # side -> why it does not say
    unaware: tuple[str, ...] = ()  # sides whose server does not know such a thing

    @property
    def key(self) -> str:
        return f"{self.topic}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that deserves attention on one side, whatever the others hold; or that is not known of it."""

    side: str
    topic: str
    name: str  # "" for the topic as a whole
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """The answer for all sides and topics."""

    sides: tuple[Side, ...]
    differences: tuple[Compared, ...]  # those that change results first
    ignored: tuple[Compared, ...]  # different, and a rule says it does not matter
    skipped: tuple[Compared, ...]  # not compared, because a side may not read it
    alone: tuple[Compared, ...]  # known to the servers of some sides only
    information: tuple[Compared, ...]
    remarks: tuple[Remark, ...]
    unknown: tuple[Remark, ...]  # topics that a side failed to read
    gaps: tuple[Remark, ...]  # topics that a side does not hold, or not whole
    equal: Mapping[str, int]  # topic -> how many properties
    unused_rules: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        failed = self.unknown or any(side.failure is not None for side in self.sides)
        found = Status.UNKNOWN if failed else Status.EQUAL
        return worst((found, *(difference.status for difference in self.differences)))
