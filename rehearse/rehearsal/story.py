"""The story, once: every act of a rehearsal in its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from rehearse import registry, runs
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Report
from rehearse.model.snapshot import Snapshot
from rehearse.protocols import Progress, RaisedStage
from rehearse.rehearsal.afterwards import with_calibration, with_downgrades
from rehearse.rehearsal.answers import answered, ask_first
from rehearse.rehearsal.clock import Clock
from rehearse.rehearsal.groundwork import given_or_taken, raised_for, tried
from rehearse.rehearsal.inputs import inputs
from rehearse.rehearsal.judgement import judged
from rehearse.rehearsal.playing import Occasion, play_on
from rehearse.request.request import Request
from rehearse.stages import server
from rehearse.stages.state import state


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


def _rehearse(request: Request, snapshot: Snapshot, started: datetime, clock: Clock, progress: Progress) -> Rehearsal:
    trial = tried(request, snapshot, clock, progress)
    progress("raising the stage")
    with clock.phase("rehearsal"), raised_for(request, snapshot, trial, progress) as raised:
        occasion = Occasion(started=started, trial=trial, clock=clock, progress=progress)
        return rehearse_on(raised, request, snapshot, occasion)


def rehearse_on(raised: RaisedStage, request: Request, snapshot: Snapshot, occasion: Occasion) -> Rehearsal:
    """Rehearse on a stage that stands; what it is afterwards is no matter, `reset` makes it what it was."""
    answers = ask_first(request.demands, raised, occasion.progress) if request.demands else {}
    rehearsal = play_on(
        raised,
        snapshot,
        partial(registry.migrator(request.plan.tool).play, request.plan),
        before=state(raised.stage),
        inputs=inputs(request, snapshot),
        occasion=occasion,
    )
    if request.demands:
        with occasion.clock.apart("own checks"):
            rehearsal = answered(request.demands, rehearsal, raised.stage, answers, occasion.progress)
    rehearsal = with_calibration(request, raised, rehearsal, occasion)
    return with_downgrades(request, raised, rehearsal, occasion)
