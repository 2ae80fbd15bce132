"""A rehearsal: all evidence of one run, before anyone judges it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from rehearse.model.calibration import Calibration
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import RowCount, SchemaChange
from rehearse.model.downgrade import Downgrade
from rehearse.model.facts import Facts
from rehearse.model.failure import Failure
from rehearse.model.json import JSON
from rehearse.model.migration import Migration
from rehearse.model.own_check import OldReleaseRun, OwnCheckRun
from rehearse.model.proof import Proof
from rehearse.model.same import Same
from rehearse.model.sequence import SequencePosition
from rehearse.model.setting import SettingChange
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.timeline import Timeline
from rehearse.model.values import ValueChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How far the stage was production's twin."""

    observation: str  # "exact" or "sampled"
    source_version: str
    stage_version: str
    data_taken_at: datetime
    tables_whole: int
    tables_sampled: int
    tables_schema_only: int
    sampled_fraction: float | None  # rows on the stage / rows in production
    masked: tuple[ColumnTreatment, ...]  # the columns whose values are not production's
    deviations: tuple[str, ...]  # sentences: stand-ins, constraints restored NOT VALID, settings stripped, ...
    touched: tuple[str, ...] = ()  # objects behind the deviations; a step that touches one is undecided
    isolation: tuple[str, ...] = ()
    migrating_role: str = ""  # on the stage
    superuser_in_production: bool | None = None  # that role, there; None: not known
    allowed: tuple[str, ...] = ()  # for what it had a superuser's rights on the stage, as declared

    @property
    def versions_differ(self) -> bool:
        return self.source_version.split(".")[0] != self.stage_version.split(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Catalog and data before, timeline, catalog and data after."""

    id: str = ""  # of the run: "20261128-015200-3f2a9c"
    started_at: datetime
    facts: Facts
    before: Catalog
    after: Catalog
    changes: tuple[SchemaChange, ...]
    changes_told: tuple[str, ...] = ()  # the same in sentences, what goes together folded
    row_counts: tuple[RowCount, ...]
    timeline: Timeline
    migration: Migration
    heads_before: Mapping[str, tuple[str, ...]]  # version table -> rows
    heads_after: Mapping[str, tuple[str, ...]]
    lost_values: Mapping[str, int]  # dropped column -> values that were not NULL on the stage before
    nulls_before: Mapping[str, int] = field(default_factory=dict)  # column now NOT NULL -> NULLs it held on the stage
    value_changes: tuple[ValueChange, ...] = ()  # of columns that are still there
    publications: tuple[CatalogObject, ...] = ()  # of production; a stage publishes nothing
    production: Mapping[str, str] = field(default_factory=dict)  # digests of its objects: "table public.orders" -> ...
    whole_tables: frozenset[str]  # of these the stage held every row
    fidelity: Fidelity
    inputs: Mapping[str, JSON]
    settings: tuple[SettingChange, ...] = ()  # a change of configuration that was rehearsed, too
    failure: Failure | None = None  # the account of the step that failed
    downgrades: tuple[Downgrade, ...] = ()  # the way back of each step, where it was rehearsed
    calibration: Calibration | None = None  # None: it was not asked for
    proofs: tuple[Proof, ...] = ()  # of the constraints that the migration left NOT VALID
    sequences_before: tuple[SequencePosition, ...] = ()
    sequences_after: tuple[SequencePosition, ...] = ()
    own_checks: tuple[OwnCheckRun, ...] = ()  # of the project, in its order
    old_release: OldReleaseRun | None = None  # None: it was not tried
    timings: Mapping[str, timedelta] = field(default_factory=dict)

    def created(self, kind: str) -> Iterator[CatalogObject]:
        """Yield the objects that are there afterwards and were not before, under this name or another."""
        earlier = {key for found in self.before.of_kind(kind) for key in (found.identity, found.physical)}
        return (
            found for found in self.after.of_kind(kind) if not earlier.intersection((found.identity, found.physical))
        )

    def row_count(self, table: str) -> RowCount | None:
        return _row_counts(Same(self)).get(table)

    def is_whole(self, table: str) -> bool:
        """Say whether the stage held every row of the table; of a partitioned one, of all its leaves."""
        leaves = {found.table for found in self.facts.under(table) if found.root == table}
        return table in self.whole_tables or bool(leaves and leaves <= self.whole_tables)


@lru_cache(maxsize=2)
def _row_counts(rehearsal: Same[Rehearsal]) -> Mapping[str, RowCount]:
    return {found.table: found for found in reversed(rehearsal.value.row_counts)}
