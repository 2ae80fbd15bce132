"""The way back: pending revisions taken up, down and up again on clones of the stage, and compared."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

import psycopg

from rehearse import catalog
from rehearse.db.connect import connect_stage
from rehearse.db.said import said
from rehearse.diff.losses import losses
from rehearse.errors import RehearseError
from rehearse.migrators import alembic
from rehearse.model.catalog import Catalog
from rehearse.model.downgrade import Downgrade, State, Way
from rehearse.model.failure import Failure, Remnant, message_of
from rehearse.model.migration import Migration, MigrationPlan, StepRun
from rehearse.model.quantity import duration, listing
from rehearse.protocols import Progress, RaisedStage

PATIENCE = timedelta(seconds=15)  # for revisions one by one, unless all the time they take was asked for
_BASE = "base"
_REFUSES = "NotImplementedError"
_MERGES = "it builds on several revisions, and no single downgrade leads back to them"
_NO_PATIENCE = "the revisions branch, and there was no time to try each"
_NONE_WRITTEN = "no downgrade is written"
_NOT_AGAIN = "after it the upgrade fails"
_IDLE = "its downgrade changes nothing, and its upgrade did"
_EMPTY = "its downgrade is empty, and its upgrade was not"


class _Astray(Exception):
    """The clone could not be brought to where a trial begins, or could not be told from it."""


def rehearse(
    plan: MigrationPlan,
    raised: RaisedStage,
    steps: Sequence[StepRun],
    *,
    idle: frozenset[str],
    left: WayUp | None,
    environ: Mapping[str, str],
    patience: timedelta,
    progress: Progress,
) -> tuple[Downgrade, ...]:
    """Return the way back of each revision that was played, in their order; the stage is not what it was afterwards.

    `idle` are those whose upgrade changed nothing; `left` is what the stage still is, if nothing has touched it since:
    one revision, or those that are tried as one, need then not be taken up twice. Once `patience` is spent, what is
    left is taken as one. What fails here is told of the revision, never raised: a downgrade proves nothing about the
    way up.
    """
    walk = _Walk(
        plan=plan,
        raised=raised,
        environ=environ,
        start=_below(steps[0]) if _is_line(steps) else None,
        length=len(steps),
        left=left if _is_line(steps) else None,
        patience=patience,
    )
    found: dict[str, Downgrade] = {}
    for step in steps:
        found.update({each.step: each for each in _without_trial(step, idle)})
    for part in _parts(steps, frozenset(found), walk):
        progress(f"rehearsing the way back of {listing(tuple(step.id for step in part))}")
        late = walk.start is None and walk.spent > patience
        found.update({each.step: each for each in (_open(part, _NO_PATIENCE) if late else _tried(part, walk))})
    return tuple(found[step.id] for step in steps)


def _without_trial(step: StepRun, idle: frozenset[str]) -> Iterator[Downgrade]:
    """Yield what the code of a revision says already."""
    if step.id in idle and step.downgrade != "written":
        yield Downgrade(step=step.id, way=Way.LOSSLESS)
    elif step.downgrade == "missing":
        yield Downgrade(step=step.id, way=Way.IRREVERSIBLE, reason=_NONE_WRITTEN)
    elif step.downgrade == "empty":
        yield Downgrade(step=step.id, way=Way.IRREVERSIBLE, reason=_EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayUp:
    """What a migration found on the stage, and what it left there."""

    before: Catalog
    heads_before: Mapping[str, tuple[str, ...]]
    after: Catalog
    heads_after: Mapping[str, tuple[str, ...]]


@dataclass(slots=True, kw_only=True)
class _Walk:
    """A clone of the stage, and where it stands."""

    plan: MigrationPlan
    raised: RaisedStage
    environ: Mapping[str, str]
    start: str | None  # the revision the stage is raised at; None: the pending ones branch
    length: int  # the number of revisions
    left: WayUp | None  # what all of them left the stage as; None: it was reset since, or they branch
    patience: timedelta  # for trials one by one
    at: str | None = None  # None: nobody knows
    state: State | None = None
    spent: timedelta = timedelta(0)
    cost: timedelta = timedelta(0)  # of the last trial

    def both_ends(self) -> tuple[State, State] | None:
        """Return the states before and after all revisions, above which the stage stands; None if it does not."""
        left, original = self.left, self.raised.before
        if left is None or original is None:
            return None
        with connect_stage(original) as before, connect_stage(self.raised.stage.admin) as after:
            return _held(before, left.before, left.heads_before), _held(after, left.after, left.heads_after)

    def stand_at(self, revision: str) -> State:
        """Bring the clone to a revision from below, from the beginning if it is not known where it stands."""
        if self.at == revision and self.state is not None:
            return self.state
        if self.at is None:
            self.raised.reset()
            self.at = self.start
        return self.read() if revision in (self.at, _BASE) else self.climb(revision)

    def climb(self, revision: str) -> State:
        """Upgrade to a revision, as went well before; raises _Astray."""
        ended = self.move("upgrade", revision)
        if ended.exit_status:
            raise _Astray(f"the upgrade that went well before failed on a clone: {_last_words(ended)}")
        self.at = revision
        return self.read()

    def move(self, verb: str, revision: str) -> Migration:
        return alembic.move(self.plan, self.raised.stage, verb, revision, environ=self.environ)

    def read(self) -> State:
        stage = self.raised.stage
        with connect_stage(stage.admin) as connection:
            described = catalog.read(connection, stage.server_major)
            self.state = _held(connection, described, catalog.read_heads(connection))
        return self.state


def _parts(steps: Sequence[StepRun], settled: frozenset[str], walk: _Walk) -> Iterator[Sequence[StepRun]]:
    """Yield what is to be tried at once: a revision, or, where that took too long, those of a line that are left."""
    todo = list(steps)
    while todo:
        stretch = next((number for number, step in enumerate(todo) if step.id in settled), len(todo))
        hurried = walk.start is not None and walk.spent + 2 * walk.cost > walk.patience
        size = stretch if hurried else 1
        if stretch:
            yield todo[:size]
        del todo[: max(size, 1)]


def _tried(part: Sequence[StepRun], walk: _Walk) -> tuple[Downgrade, ...]:
    began = time.monotonic()
    try:
        found = _trial(part, walk)
    except (RehearseError, _Astray, psycopg.Error) as error:
        found = _open(part, _reason(error))
    if walk.start is None or any(each.way is not Way.LOSSLESS for each in found):
        walk.at = None
    walk.cost = timedelta(seconds=time.monotonic() - began)
    walk.spent += walk.cost
    together = tuple(step.id for step in part) if len(part) > 1 else ()
    return tuple(replace(each, together=together, took=walk.cost) for each in found)


def _trial(part: Sequence[StepRun], walk: _Walk) -> tuple[Downgrade, ...]:
    """Take revisions up, down and up again; raises _Astray and what moving and reading raise."""
    below, above = _below(part[0]), part[-1].id
    if below is None:
        return _open(part, _MERGES)
    ends = walk.both_ends() if len(part) == walk.length else None
    low, high = ends or (walk.stand_at(below), walk.climb(above))
    down = walk.move("downgrade", below)
    back = walk.read()
    if down.exit_status:
        return _failing(part, down, high, back)
    if _recorded(back) != _recorded(low):
        return _open(part, "alembic recorded another revision than the one it was to go back to")
    lost = losses(low, back)
    if lost and not losses(high, back):
        return tuple(Downgrade(step=step.id, way=Way.IRREVERSIBLE, reason=_IDLE) for step in part)
    again = walk.move("upgrade", above)
    if again.exit_status:
        failing = _failing(part, again, back, walk.read())
        return tuple(replace(each, losses=lost, reason=each.reason or _NOT_AGAIN) for each in failing)
    lost = lost or losses(high, walk.read(), upgraded_again=True)
    walk.at = above
    way = Way.LOSSY if lost else Way.LOSSLESS
    return tuple(Downgrade(step=step.id, way=way, losses=lost) for step in part)


def _held(connection: psycopg.Connection, described: Catalog, heads: Mapping[str, tuple[str, ...]]) -> State:
    """Return the state of a database that is described so: with what its tables hold, but for version tables."""
    contents = catalog.read_contents(connection, described)
    held = {table: found for table, found in contents.items() if table not in heads}
    return State(catalog=described, contents=held, heads=heads)


def _failing(part: Sequence[StepRun], ended: Migration, before: State, after: State) -> tuple[Downgrade, ...]:
    """Tell the revision that failed from those that were only tried with it."""
    if ended.stopped is not None:
        return _open(part, f"it was stopped after {duration(ended.stopped.after)}, {ended.stopped.busy_with}")
    failed = next((step for step in ended.failed if step.id in {each.id for each in part}), None)
    if failed is None:
        return _open(part, f"it failed outside of the revisions: {_last_words(ended)}")
    others = _open([step for step in part if step.id != failed.id], f"{failed.id}, which it was tried with, failed")
    if (failed.error or "").startswith(_REFUSES):
        reason = f"its downgrade raises {failed.error}"
        return (*others, Downgrade(step=failed.id, way=Way.IRREVERSIBLE, reason=reason))
    return (*others, Downgrade(step=failed.id, way=Way.FAILING, failure=_failure(failed, before, after)))


def _failure(step: StepRun, before: State, after: State) -> Failure:
    """Give the account; what changed although the step failed was left behind."""
    return Failure(
        step=step.id,
        sqlstate=step.sqlstate,
        message=message_of(step),
        statement=step.statement,
        location=step.location,
        heads=after.heads,
        remnants=tuple(
            Remnant(kind=loss.kind, object=loss.object, step=step.id, told=loss.told) for loss in losses(before, after)
        ),
    )


def _open(part: Sequence[StepRun], reason: str) -> tuple[Downgrade, ...]:
    return tuple(Downgrade(step=step.id, way=Way.OPEN, reason=reason) for step in part)


def _is_line(steps: Sequence[StepRun]) -> bool:
    """Say whether each revision follows the one before, and nothing else."""
    followed = all(step.parents == (before.id,) for before, step in pairwise(steps))
    return followed and len(steps[0].parents or ()) <= 1


def _below(step: StepRun) -> str | None:
    """Return the one revision that this one builds on, "base" if there is none; None if there are several."""
    parents = step.parents or (_BASE,)
    return parents[0] if len(parents) == 1 else None


def _recorded(state: State) -> Mapping[str, tuple[str, ...]]:
    """Return the heads of the version tables that hold any: the first upgrade makes alembic's, and it stays."""
    return {table: heads for table, heads in state.heads.items() if heads}


def _last_words(ended: Migration) -> str:
    lines = ended.output_tail.strip().splitlines()
    return lines[-1].rstrip(".") if lines else f"status {ended.exit_status}"


def _reason(error: Exception) -> str:
    if isinstance(error, psycopg.Error):
        return f"the stage's server refused: {said(error)}"
    return str(error).splitlines()[0].rstrip(".")
