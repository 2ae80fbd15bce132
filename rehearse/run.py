"""The story, once: snapshot, stage, migration under observation, comparison, verdict."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from rehearse import __version__, archive, audit, forecast, judge, registry, runs, watch
from rehearse import snapshot as snapshots
from rehearse.config.base import Base
from rehearse.config.checkout import Checkout
from rehearse.db.connect import describe
from rehearse.demands import Demands
from rehearse.diff.failures import account, idle
from rehearse.diff.fidelity import fidelity
from rehearse.diff.rows import row_counts
from rehearse.diff.schema import changes as changes_between
from rehearse.diff.sentences import sentences
from rehearse.engine.interrupts import held_back
from rehearse.migrators import command, downgrades, remarks
from rehearse.model.audit import Unrehearsed, unrehearsed
from rehearse.model.baseline import Baseline
from rehearse.model.declaration import declared
from rehearse.model.evidence import Evidence
from rehearse.model.json import JSON
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.plan import SnapshotPlan
from rehearse.model.policy import Policy
from rehearse.model.reading import ReadingLimits
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Report
from rehearse.model.sampling import SampleRules
from rehearse.model.setting import Trial, WantedSetting
from rehearse.model.snapshot import Snapshot
from rehearse.model.stage import Stage
from rehearse.model.timeline import Timeline
from rehearse.protocols import Progress, RaisedStage
from rehearse.sanitise import SanitiseRules
from rehearse.stages import calibration, configuration, data, embedded, server
from rehearse.stages.place import Place
from rehearse.stages.state import State, proofs, sequences, sequences_before, state

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
    calibrate: bool = False  # measure each step on samples of three sizes; on rehearse's own server only
    role: str | None = None  # role the migration runs as; None: production's owner
    allowed: tuple[str, ...] = ()  # the statements for which it has a superuser's rights on the stage
    into: Place | None = None  # a server that others own; None: one of rehearse's own
    code: Checkout | None = None  # that is rehearsed; None: that of the working tree
    base: Base | None = None  # the commit whose policy and comments count; None: those of the working tree
    baseline: Baseline | None = None  # what an earlier report found blocks no more
    demands: Demands | None = None  # what the project itself asks of the migrated stage
    home: Path | None = None  # of the project's runs; None: this one is not kept, and has no id

    @property
    def named(self) -> MigrationPlan:
        """Return the plan with its paths as the project knows them, wherever its code was checked out."""
        return self.plan if self.code is None else self.code.named(self.plan)

    @property
    def commit(self) -> str | None:
        """Return the commit whose code is rehearsed; None: it is the working tree's."""
        return None if self.code is None else self.code.base.commit


class Clock:
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
    started, clock = datetime.now(UTC), Clock()
    if request.into is not None:
        server.examine(request.into)
    with given_or_taken(request, clock, progress) as snapshot:
        rehearsal = _rehearse(request, snapshot, started, clock, progress)
    if request.home is not None:
        rehearsal = replace(rehearsal, id=runs.new_id(started))
    return judged(rehearsal, request.policy, started.date(), base=request.base, baseline=request.baseline)


def judged(
    rehearsal: Rehearsal, policy: Policy, today: date, *, base: Base | None = None, baseline: Baseline | None = None
) -> Report:
    """Scale what a rehearsal saw to production's size, check it and weigh what the checks found.

    The comments of the steps count as they are in a base commit, if one is given, and so they are in the report: it
    can be judged again without that commit. Raises NotUnderstood.
    """
    if base is not None:
        steps = tuple(remarks.against(rehearsal.migration.steps, base))
        rehearsal = replace(rehearsal, migration=replace(rehearsal.migration, steps=steps))
    said = declared({step.id: step.remarks for step in rehearsal.migration.steps}, registry.check_names())
    policy = replace(
        policy,
        acknowledgements=(*policy.acknowledgements, *said.acknowledgements),
        notes=(*policy.notes, *said.notes),
    )
    predictions = forecast.predict(rehearsal, policy)
    evidence = Evidence(
        rehearsal=rehearsal,
        policy=policy,
        predictions=predictions,
        advice=forecast.advise(rehearsal, predictions, policy),
        expectations=said.expectations,
    )
    findings, crashed = registry.run_checks(evidence)
    return replace(judge.judge(evidence, findings, crashed, today, baseline), rules=registry.rules())


@contextmanager
def given_or_taken(request: Request, clock: Clock, progress: Progress) -> Iterator[Snapshot]:
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


def _rehearse(request: Request, snapshot: Snapshot, started: datetime, clock: Clock, progress: Progress) -> Rehearsal:
    trial = _trial(request, snapshot, clock, progress)
    progress("raising the stage")
    with (
        clock.phase("rehearsal"),
        raised_for(request, snapshot, trial, progress) as raised,
    ):
        return rehearse_on(raised, request, snapshot, started=started, trial=trial, clock=clock, progress=progress)


def rehearse_on(
    raised: RaisedStage,
    request: Request,
    snapshot: Snapshot,
    *,
    started: datetime,
    trial: Trial,
    clock: Clock,
    progress: Progress,
) -> Rehearsal:
    """Rehearse on a stage that stands; what it is afterwards is no matter, `reset` makes it what it was."""
    answers = request.demands.ask_first(raised, progress) if request.demands else {}
    rehearsal = play_on(
        raised,
        snapshot,
        partial(registry.migrator(request.plan.tool).play, request.plan),
        before=state(raised.stage),
        started=started,
        inputs=_inputs(request, snapshot),
        trial=trial,
        clock=clock,
        progress=progress,
    )
    if request.demands:
        with clock.apart("own checks"):
            rehearsal = request.demands.answered(rehearsal, raised.stage, answers, progress)
    rehearsal = _with_calibration(request, raised, rehearsal, clock, progress)
    return _with_downgrades(request, raised, rehearsal, clock, progress)


def play_on(
    raised: RaisedStage,
    snapshot: Snapshot,
    play: Callable[[Stage], Migration],
    *,
    before: State,
    started: datetime,
    inputs: Mapping[str, JSON],
    trial: Trial,
    clock: Clock,
    progress: Progress,
) -> Rehearsal:
    """Play a migration on a stage that stands, and tell what it did to the state the stage was in before.

    The stage is left as the migration left it.
    """
    stage = raised.stage
    remembered = data.remember(stage, raised.before, before.catalog)
    stood = sequences(stage.admin, before, before.counts) if raised.before is None else ()
    with clock.phase("migration"):
        progress("playing the pending steps")
        migration, timeline = _watched(play, stage)
    progress("comparing")
    after = state(stage)
    stand = sequences(stage.admin, after, after.counts)
    changes = changes_between(before.catalog, after.catalog)
    books = frozenset({*before.heads, *after.heads})
    of_data = data.compare(stage, remembered, after.catalog, changes, timeline, apart=books)
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
        lost_values=of_data.lost_values,
        nulls_before=of_data.nulls_before,
        value_changes=of_data.values,
        production=snapshot.catalog.digests,
        publications=tuple(snapshot.catalog.of_kind("publication")),
        whole_tables=frozenset(sample.table for sample in snapshot.manifest.samples if sample.whole),
        fidelity=fidelity(snapshot, stage, migration, timeline, trial),
        inputs=inputs,
        settings=trial.changes,
        sequences_before=sequences_before(raised.before, before, stand, stood),
        sequences_after=stand,
        timings=clock.spent,
    )
    return replace(rehearsal, failure=account(rehearsal), proofs=proofs(stage, rehearsal))


def _with_calibration(
    request: Request, raised: RaisedStage, rehearsal: Rehearsal, clock: Clock, progress: Progress
) -> Rehearsal:
    """Measure the steps on smaller samples, too, once everything about the whole one is known."""
    if not request.calibrate:
        return rehearsal
    with clock.apart("calibration"):
        play = partial(registry.migrator(request.plan.tool).play, request.plan)
        found = calibration.calibrate(raised, rehearsal, partial(_watched, play), progress)
    return replace(rehearsal, calibration=found)


def _with_downgrades(
    request: Request, raised: RaisedStage, rehearsal: Rehearsal, clock: Clock, progress: Progress
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
            left=None if request.calibrate or request.demands else _way_up(rehearsal),  # both leave other rows behind
            environ=os.environ,
            patience=timedelta.max if request.one_by_one else downgrades.PATIENCE,
            progress=progress,
        )
    return replace(rehearsal, downgrades=found)


def _way_up(rehearsal: Rehearsal) -> downgrades.WayUp:
    return downgrades.WayUp(
        before=rehearsal.before,
        heads_before=rehearsal.heads_before,
        after=rehearsal.after,
        heads_after=rehearsal.heads_after,
    )


def raised_for(
    request: Request, snapshot: Snapshot, trial: Trial, progress: Progress
) -> AbstractContextManager[RaisedStage]:
    """Raise the stage of a request, for as long as the context is not left."""
    if request.into is not None:
        return server.raise_stage(snapshot, progress, where=request.into)
    return embedded.raise_stage(
        snapshot,
        use=request.engine,
        bin_dir=request.bin_dir,
        progress=progress,
        migrating_role=request.role,
        changed=trial.on_stage,
        allowed=request.allowed,
    )


def _trial(request: Request, snapshot: Snapshot, clock: Clock, progress: Progress) -> Trial:
    """Try the changed settings before anything is built on them."""
    if not request.settings:
        return Trial()
    progress("trying the settings")
    with clock.phase("settings"):
        return configuration.try_out(request.settings, snapshot.facts, use=request.engine, bin_dir=request.bin_dir)


def _watched(play: Callable[[Stage], Migration], stage: Stage) -> tuple[Migration, Timeline]:
    with watch.watching(stage) as watched:
        migration = play(stage)
        timeline = watched.timeline(command.known_steps(migration))
        return command.with_named_steps(migration, timeline.marks), timeline


def _unrehearsed(request: Request, snapshot: Snapshot) -> tuple[Unrehearsed, ...]:
    """Return the releases nobody rehearsed that this production does not contain."""
    manifest = snapshot.manifest
    entries = () if request.home is None else audit.read(request.home).entries
    return unrehearsed(
        entries, request.policy.environment, manifest.taken_at, manifest.heads, manifest.catalog_fingerprint
    )


def _inputs(request: Request, snapshot: Snapshot) -> Mapping[str, JSON]:
    plan = request.named
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
        "at": request.demands.at if request.demands else None,
        "base": request.demands.base if request.demands else None,
        "settings": [f"{setting.name} ({setting.origin})" for setting in request.settings],
        "unrehearsed": [release.told for release in _unrehearsed(request, snapshot)],
        "allow_superuser": list(request.allowed),
        "rows": request.sampling.rows,
        "tables": sorted(request.sampling.tables),
        "environment": request.policy.environment,
        "policy_from": request.base.told if request.base else None,
        "baseline": request.baseline.place if request.baseline else None,
        "max_blocking_ms": request.policy.max_blocking.total_seconds() * 1000,
        "versions": {"rehearse": __version__},
    }
