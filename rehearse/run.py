"""The story, once: snapshot, stage, migration under observation, comparison, verdict."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rehearse import __version__, archive, catalog, forecast, judge, registry, watch
from rehearse import snapshot as snapshots
from rehearse.db.connect import connect_stage, describe
from rehearse.diff.failures import account, idle
from rehearse.diff.rows import row_counts
from rehearse.diff.schema import changes as changes_between
from rehearse.diff.sentences import sentences
from rehearse.engine.interrupts import held_back
from rehearse.migrators import command, downgrades
from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.json import JSON
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.plan import SnapshotPlan
from rehearse.model.policy import Policy
from rehearse.model.proof import Proof
from rehearse.model.reading import ReadingLimits
from rehearse.model.rehearsal import Fidelity, Rehearsal
from rehearse.model.report import Report
from rehearse.model.sampling import SampleRules
from rehearse.model.sequence import SequencePosition
from rehearse.model.setting import Trial, WantedSetting
from rehearse.model.snapshot import Snapshot
from rehearse.model.stage import Stage
from rehearse.model.timeline import Timeline
from rehearse.protocols import Progress, RaisedStage
from rehearse.sanitise import SanitiseRules
from rehearse.stages import configuration, embedded, server
from rehearse.stages.place import Place

_FOR_A_DOWNGRADE = timedelta(minutes=2)  # or three times what the way up took


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be rehearsed, from what, under which policy."""

    source: str | None = None  # URL of the database to take a snapshot of
    snapshot: Path | None = None  # or a snapshot taken earlier
    plan: MigrationPlan
    policy: Policy = field(default_factory=Policy)
    engine: str = "auto"
    bin_dir: Path | None = None
    sampling: SampleRules = field(default_factory=SampleRules)
    limits: ReadingLimits = field(default_factory=ReadingLimits)
    sanitise: SanitiseRules = field(default_factory=SanitiseRules)
    settings: tuple[WantedSetting, ...] = ()  # to be rehearsed, beside the migration or alone
    downgrade: bool = True  # rehearse the way back, too, where there is one
    one_by_one: bool = False  # each revision's by itself, however long that takes
    role: str | None = None  # role the migration runs as; None: production's owner
    into: Place | None = None  # a server that others own; None: one of rehearse's own


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """The stage's database at one moment."""

    catalog: Catalog
    counts: Mapping[str, int]
    heads: Mapping[str, tuple[str, ...]]


class _Clock:
    """Time spent in each phase."""

    def __init__(self) -> None:
        self.spent: dict[str, timedelta] = {}
        self._apart = timedelta(0)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started, apart = time.monotonic(), self._apart
        yield
        self.spent[name] = timedelta(seconds=time.monotonic() - started) - (self._apart - apart)

    @contextmanager
    def apart(self, name: str) -> Iterator[None]:
        """Measure a phase that is no part of the one around it."""
        with self.phase(name):
            yield
        self._apart += self.spent[name]


def rehearse(request: Request, progress: Progress) -> Report:
    """Rehearse the pending migrations and judge them.

    Everything made on the way (the snapshot unless it was given, the server, its files) is put away, whatever
    happens. Raises RehearseError where the source, the stage or the request failed.
    """
    started, clock = datetime.now(UTC), _Clock()
    if request.into is not None:
        server.examine(request.into)
    with _snapshot(request, clock, progress) as snapshot:
        rehearsal = _rehearse(request, snapshot, started, clock, progress)
    evidence = Evidence(
        rehearsal=rehearsal, policy=request.policy, predictions=forecast.predict(rehearsal, request.policy)
    )
    findings, crashed = registry.run_checks(evidence)
    return judge.judge(evidence, findings, crashed, started.date())


@contextmanager
def _snapshot(request: Request, clock: _Clock, progress: Progress) -> Iterator[Snapshot]:
    """Open the snapshot that was given, or take one that lasts as long as the rehearsal."""
    if request.snapshot is not None:
        with clock.phase("snapshot"):
            found = archive.read(request.snapshot)
        yield found
        return
    directory = Path(tempfile.mkdtemp(prefix="rehearse-snapshot-"))
    try:
        with clock.phase("snapshot"):
            taken = take_snapshot(request, directory / "snapshot", progress)
        yield taken
    finally:
        with held_back():
            shutil.rmtree(directory, ignore_errors=True)


def take_snapshot(request: Request, directory: Path, progress: Progress) -> Snapshot:
    """Take a snapshot of the request's source into a directory that does not exist yet."""
    assert request.source is not None
    progress("reading production")
    return snapshots.take(
        request.source,
        directory,
        rules=request.sampling,
        limits=request.limits,
        sanitise=request.sanitise,
        progress=progress,
    )


def plan_snapshot(request: Request, *, worded: bool) -> SnapshotPlan:
    """Return what a snapshot of the request's source would keep and cost; no row is read for it."""
    assert request.source is not None
    return snapshots.plan(request.source, request.sampling, request.limits, request.sanitise, worded=worded)


def _rehearse(request: Request, snapshot: Snapshot, started: datetime, clock: _Clock, progress: Progress) -> Rehearsal:
    trial = _trial(request, snapshot, clock, progress)
    progress("raising the stage")
    with (
        clock.phase("rehearsal"),
        _raised(request, snapshot, trial, progress) as raised,
    ):
        stage = raised.stage
        before = _state(stage)
        held = _held_values(stage, before.catalog) if raised.before is None else {}
        stood = _sequences(stage.admin, before, before.counts) if raised.before is None else ()
        with clock.phase("migration"):
            progress("playing the pending steps")
            migration, timeline = _play(request, stage)
        progress("comparing")
        after = _state(stage)
        sequences = _sequences(stage.admin, after, after.counts)
        changes = changes_between(before.catalog, after.catalog)
        rehearsal = Rehearsal(
            started_at=started,
            facts=snapshot.facts,
            before=before.catalog,
            after=after.catalog,
            changes=changes,
            changes_told=sentences(changes),
            row_counts=row_counts(before.counts, after.counts, snapshot.facts, changes),
            timeline=timeline,
            migration=migration,
            heads_before=before.heads,
            heads_after=after.heads,
            lost_values=_lost_values(raised.before, changes, held),
            whole_tables=frozenset(sample.table for sample in snapshot.manifest.samples if sample.whole),
            fidelity=_fidelity(snapshot, stage, migration, trial),
            inputs=_inputs(request, snapshot),
            settings=trial.changes,
            sequences_before=_sequences_before(raised.before, before, sequences, stood),
            sequences_after=sequences,
            timings=clock.spent,
        )
        rehearsal = replace(rehearsal, failure=account(rehearsal), proofs=_proofs(stage, rehearsal))
        return _with_downgrades(request, raised, rehearsal, clock, progress)


def _with_downgrades(
    request: Request, raised: RaisedStage, rehearsal: Rehearsal, clock: _Clock, progress: Progress
) -> Rehearsal:
    """Rehearse the way back, once everything about the way up is known; the stage is spent afterwards."""
    migration = rehearsal.migration
    ended_well = not migration.exit_status and migration.stopped is None
    if not request.downgrade or request.plan.tool != "alembic" or not ended_well or not migration.steps:
        return rehearsal
    limit = max(_FOR_A_DOWNGRADE, 3 * clock.spent["migration"])
    plan = replace(request.plan, max_seconds=min(limit, request.plan.max_seconds))
    with clock.apart("downgrade"):
        found = downgrades.rehearse(
            plan,
            raised,
            migration.steps,
            idle=idle(rehearsal),
            environ=os.environ,
            patience=timedelta.max if request.one_by_one else downgrades.PATIENCE,
            progress=progress,
        )
    return replace(rehearsal, downgrades=found)


def _raised(
    request: Request, snapshot: Snapshot, trial: Trial, progress: Progress
) -> AbstractContextManager[RaisedStage]:
    if request.into is not None:
        return server.raise_stage(snapshot, progress, where=request.into)
    return embedded.raise_stage(
        snapshot,
        use=request.engine,
        bin_dir=request.bin_dir,
        progress=progress,
        migrating_role=request.role,
        changed=trial.on_stage,
    )


def _trial(request: Request, snapshot: Snapshot, clock: _Clock, progress: Progress) -> Trial:
    """Try the changed settings before anything is built on them."""
    if not request.settings:
        return Trial()
    progress("trying the settings")
    with clock.phase("settings"):
        return configuration.try_out(request.settings, snapshot.facts, use=request.engine, bin_dir=request.bin_dir)


def _play(request: Request, stage: Stage) -> tuple[Migration, Timeline]:
    migrator = registry.migrator(request.plan.tool)
    with watch.watching(stage) as watched:
        migration = migrator.play(request.plan, stage)
        timeline = watched.timeline()
        return command.with_named_steps(migration, timeline.marks), timeline


def _state(stage: Stage) -> _State:
    with connect_stage(stage.admin) as connection:
        return _State(
            catalog=catalog.read(connection, stage.server_major),
            counts=catalog.count_rows(connection),
            heads=catalog.read_heads(connection),
        )


def _sequences(dsn: str, state: _State, tables: Collection[str]) -> tuple[SequencePosition, ...]:
    with connect_stage(dsn) as connection:
        return catalog.read_sequences(connection, state.catalog, tables)


def _sequences_before(
    untouched: str | None, before: _State, after: tuple[SequencePosition, ...], stood: tuple[SequencePosition, ...]
) -> tuple[SequencePosition, ...]:
    """Return where the sequences that are behind now stood, by the database the stage was cloned from if it can be."""
    if untouched is None:
        return stood
    behind = {found.physical for found in after if found.is_behind}
    tables = {column.table or "" for column in before.catalog.of_kind("column") if column.physical in behind}
    return _sequences(untouched, before, tables & before.counts.keys()) if tables else ()


def _proofs(stage: Stage, rehearsal: Rehearsal) -> tuple[Proof, ...]:
    """Ask the stage about the constraints that the migration made and left for later to prove."""
    left = [found for found in rehearsal.created("constraint") if found.attributes.get("validated") is False]
    if not left:
        return ()
    with connect_stage(stage.admin) as connection:
        return catalog.prove(connection, left)


def _held_values(stage: Stage, before: Catalog) -> Mapping[str, int]:
    """Count the values of every column while they are there, for a stage of which no clone remembers them."""
    tables = {found.identity for found in before.objects if found.kind == "table"}
    columns = {
        found.identity: found.table
        for found in before.objects
        if found.kind == "column" and found.table in tables and not found.attributes.get("generated")
    }
    with connect_stage(stage.admin) as connection:
        return catalog.count_values(connection, columns)


def _lost_values(before: str | None, changes: tuple[SchemaChange, ...], held: Mapping[str, int]) -> Mapping[str, int]:
    """Count the values of dropped columns in the database the stage was cloned from, which is as it was."""
    gone = {change.object for change in changes if change.kind == "table" and change.action == "removed"}
    dropped = {
        change.object: change.table
        for change in changes
        if change.kind == "column" and change.action == "removed" and change.table is not None
        if change.table not in gone and change.before is not None and not change.before.get("generated")
    }
    if not dropped:
        return {}
    if before is None:
        return {column: held[column] for column in dropped if column in held}
    with connect_stage(before) as connection:
        return catalog.count_values(connection, dropped)


def _fidelity(snapshot: Snapshot, stage: Stage, migration: Migration, trial: Trial) -> Fidelity:
    samples = snapshot.manifest.samples
    production = [found.rows for found in snapshot.facts.tables if found.table in {sample.table for sample in samples}]
    kept = sum(sample.rows for sample in samples)
    total = None if None in production else sum(rows or 0 for rows in production)
    return Fidelity(
        observation=stage.observation,
        source_version=snapshot.facts.server_version,
        stage_version=stage.server_version,
        data_taken_at=snapshot.manifest.taken_at,
        tables_whole=sum(1 for sample in samples if sample.whole),
        tables_sampled=sum(1 for sample in samples if not sample.whole and sample.file),
        tables_schema_only=sum(1 for sample in samples if not sample.file),
        sampled_fraction=kept / total if total else None,
        masked=tuple(found for found in snapshot.manifest.treatments if not found.is_clear),
        deviations=(*snapshot.manifest.notes, *stage.deviations, *trial.remarks),
        touched=stage.touched,
        isolation=migration.isolation,
    )


def _inputs(request: Request, snapshot: Snapshot) -> Mapping[str, JSON]:
    plan = request.plan
    return {
        "source": describe(request.source) if request.source else snapshot.manifest.source,
        "snapshot": str(request.snapshot) if request.snapshot else None,
        "database": snapshot.facts.database,
        "catalog_fingerprint": snapshot.manifest.catalog_fingerprint,
        "tool": plan.tool,
        "config": str(plan.config) if plan.config else None,
        "files": [str(path) for path in plan.files],
        "folder": str(plan.folder) if plan.folder else None,
        "command": list(plan.command),
        "target": plan.target,
        "settings": [f"{setting.name} ({setting.origin})" for setting in request.settings],
        "rows": request.sampling.rows,
        "tables": sorted(request.sampling.tables),
        "max_blocking_ms": request.policy.max_blocking.total_seconds() * 1000,
        "versions": {"rehearse": __version__},
    }
