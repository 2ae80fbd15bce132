"""What is rehearsed once all is known of the way up: smaller samples, and the way back."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from functools import partial

from rehearse import registry
from rehearse.diff.failures import idle
from rehearse.migrators import downgrades
from rehearse.model.rehearsal import Rehearsal
from rehearse.protocols import RaisedStage
from rehearse.rehearsal.playing import Occasion, watched
from rehearse.request.request import Request
from rehearse.stages import calibration

_FOR_A_DOWNGRADE = timedelta(minutes=2)  # or three times what the way up took


def with_calibration(request: Request, raised: RaisedStage, rehearsal: Rehearsal, occasion: Occasion) -> Rehearsal:
    """Measure the steps on smaller samples, too, once everything about the whole one is known."""
    if not request.calibrate:
        return rehearsal
    with occasion.clock.apart("calibration"):
        play = partial(registry.migrator(request.plan.tool).play, request.plan)
        found = calibration.calibrate(raised, rehearsal, partial(watched, play), occasion.progress)
    return replace(rehearsal, calibration=found)


def with_downgrades(request: Request, raised: RaisedStage, rehearsal: Rehearsal, occasion: Occasion) -> Rehearsal:
    """Rehearse the way back, once everything about the way up is known; the stage is spent afterwards."""
    migration = rehearsal.migration
    ended_well = not migration.exit_status and migration.stopped is None
    if not request.downgrade or request.plan.tool != "alembic" or not ended_well or not migration.steps:
        return rehearsal
    limit = max(_FOR_A_DOWNGRADE, 3 * occasion.clock.spent["migration"])
    plan = replace(request.plan, max_seconds=min(limit, request.plan.max_seconds))
    with occasion.clock.apart("downgrade"):
        found = downgrades.rehearse(
            plan,
            raised,
            migration.steps,
            idle=idle(rehearsal),
            left=None if request.calibrate or request.demands else _way_up(rehearsal),  # both leave other rows behind
            environ=os.environ,
            patience=timedelta.max if request.one_by_one else downgrades.PATIENCE,
            progress=occasion.progress,
        )
    return replace(rehearsal, downgrades=found)


def _way_up(rehearsal: Rehearsal) -> downgrades.WayUp:
    return downgrades.WayUp(
        before=rehearsal.before,
        heads_before=rehearsal.heads_before,
        after=rehearsal.after,
        heads_after=rehearsal.heads_after,
    )
