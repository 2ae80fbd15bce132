"""What a rehearsal begins with: the snapshot, the settings that were tried, the stage."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rehearse import archive
from rehearse import snapshot as snapshots
from rehearse.engine.interrupts import held_back
from rehearse.model.plan import SnapshotPlan
from rehearse.model.setting import Trial
from rehearse.model.snapshot import Snapshot
from rehearse.protocols import Progress, RaisedStage
from rehearse.rehearsal.clock import Clock
from rehearse.request.request import Request
from rehearse.stages import configuration, embedded, server


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


def tried(request: Request, snapshot: Snapshot, clock: Clock, progress: Progress) -> Trial:
    """Try the changed settings before anything is built on them."""
    if not request.settings:
        return Trial()
    progress("trying the settings")
    with clock.phase("settings"):
        return configuration.try_out(request.settings, snapshot.facts, use=request.engine, bin_dir=request.bin_dir)


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
