"""Calibrate: the pending steps played on a quarter and a half of the rows, beside what was measured on all of them."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from rehearse import catalog
from rehearse.db.connect import connect_stage
from rehearse.db.said import said
from rehearse.errors import RehearseError
from rehearse.forecast import calibrating
from rehearse.model.calibration import Calibration, Point
from rehearse.model.migration import Migration
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.stage import Stage
from rehearse.model.timeline import Timeline
from rehearse.protocols import Progress, RaisedStage
from rehearse.stages import cutting

SHARES = (0.25, 0.5)
_SMALL = 1000  # rows; smaller tables stay whole: they hold what migrations look up
_FAILED = "The migration did not end well, so there is nothing to calibrate."
Play = Callable[[Stage], tuple[Migration, Timeline]]


def calibrate(raised: RaisedStage, rehearsal: Rehearsal, play: Play, progress: Progress) -> Calibration:
    """Return how each step's work and time grow with the rows; the stage is not what it was afterwards.

    What fails on a smaller sample is told, never raised: it proves nothing about the migration.
    """
    if rehearsal.migration.exit_status or rehearsal.migration.stopped is not None:
        return calibrating.calibrate((), (_FAILED,))
    rows = {count.table: count.before for count in rehearsal.row_counts if count.before is not None}
    samples: list[dict[str, Point]] = []
    notes: list[str] = []
    for share in SHARES:
        progress(f"playing the pending steps on {share:.0%} of the rows")
        try:
            samples.append(_sample(raised, rehearsal, rows, share, play))
        except (_NotPlayed, RehearseError, psycopg.Error) as error:
            reason = said(error) if isinstance(error, psycopg.Error) else str(error).splitlines()[0]
            notes.append(f"On {share:.0%} of the rows the steps could not be measured: {reason}")
    samples.append(calibrating.points(rehearsal.timeline, rows, rehearsal.facts.history))
    return calibrating.calibrate(samples, notes)


class _NotPlayed(Exception):
    """The migration does not end well on a smaller sample."""


def _sample(
    raised: RaisedStage, rehearsal: Rehearsal, rows: dict[str, int], share: float, play: Play
) -> dict[str, Point]:
    raised.reset()
    facts = rehearsal.facts
    large = {
        table: round(number * share)
        for table, number in rows.items()
        if number >= _SMALL and facts.table(table) is not None and table not in facts.history
    }
    with connect_stage(raised.stage.admin) as connection:
        cutting.cut(connection, large)
        held = catalog.count_rows(connection)
    migration, timeline = play(raised.stage)
    if migration.exit_status or migration.stopped is not None:
        failed = next((step.error or "it failed" for step in migration.failed), "it was stopped")
        raise _NotPlayed(f"{failed.splitlines()[0].rstrip('.')}.")
    return calibrating.points(timeline, held, facts.history)
