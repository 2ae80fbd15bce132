"""A migration played on a stage that stands, and what it did there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from rehearse import watch
from rehearse.diff.failures import account
from rehearse.diff.fidelity import fidelity
from rehearse.diff.rows import row_counts
from rehearse.diff.schema import changes as changes_between
from rehearse.diff.sentences import sentences
from rehearse.migrators import command
from rehearse.model.json import JSON
from rehearse.model.migration import Migration
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.setting import Trial
from rehearse.model.snapshot import Snapshot
from rehearse.model.stage import Stage
from rehearse.model.timeline import Timeline
from rehearse.protocols import Progress, RaisedStage
from rehearse.rehearsal.clock import Clock
from rehearse.stages import data
from rehearse.stages.state import State, proofs, sequences, sequences_before, state

Play = Callable[[Stage], Migration]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One rehearsal while it goes on: since when, under which settings, and who is told."""

    started: datetime
    trial: Trial = field(default_factory=Trial)
    clock: Clock = field(default_factory=Clock)
    progress: Progress


def play_on(
    raised: RaisedStage, snapshot: Snapshot, play: Play, before: State, inputs: Mapping[str, JSON], occasion: Occasion
) -> Rehearsal:
    """Play a migration on a stage that stands, and tell what it did to the state the stage was in before.

    The stage is left as the migration left it.
    """
    stage = raised.stage
    remembered = data.remember(stage, raised.before, before.catalog)
    stood = sequences(stage.admin, before, before.counts) if raised.before is None else ()
    with occasion.clock.phase("migration"):
        occasion.progress("playing the pending steps")
        migration, timeline = watched(play, stage)
    occasion.progress("comparing")
    after = state(stage)
    stand = sequences(stage.admin, after, after.counts)
    changes = changes_between(before.catalog, after.catalog)
    books = frozenset({*before.heads, *after.heads})
    of_data = data.compare(stage, remembered, after.catalog, changes, timeline, apart=books)
    rehearsal = Rehearsal(
        started_at=occasion.started,
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
        fidelity=fidelity(snapshot, stage, migration, timeline, occasion.trial),
        inputs=inputs,
        settings=occasion.trial.changes,
        sequences_before=sequences_before(raised.before, before, stand, stood),
        sequences_after=stand,
        timings=occasion.clock.spent,
    )
    return replace(rehearsal, failure=account(rehearsal), proofs=proofs(stage, rehearsal))


def watched(play: Play, stage: Stage) -> tuple[Migration, Timeline]:
    """Play a migration under observation; its steps have the names that the server heard."""
    with watch.watching(stage) as seen:
        migration = play(stage)
        timeline = seen.timeline(command.known_steps(migration))
        return command.with_named_steps(migration, timeline.marks), timeline
