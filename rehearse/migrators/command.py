"""Any command: one step, or the steps of alembic or Django where the hook sees them inside."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rehearse.errors import RequestError
from rehearse.migrators import alembic, gathering, origin, project
from rehearse.migrators.journal import Journal
from rehearse.migrators.process import output, variables
from rehearse.migrators.process.limits import Limits
from rehearse.migrators.process.run import Ended, ground, run
from rehearse.model.migration import Migration, MigrationPlan, StepRun
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome, StepMark

_STEP = "command"


class NoCommand(RequestError):
    """There is nothing to run."""

    def __init__(self) -> None:
        super().__init__("No migration command was given.", "Write it as --command 'python manage.py migrate'.")


def play(plan: MigrationPlan, stage: Stage, *, environ: Mapping[str, str] = os.environ) -> Migration:
    """Play the command; its failure is reported, not raised. Raises NoCommand, CommandNotFound and VariableUnset."""
    if not plan.command:
        raise NoCommand
    python = project.own_interpreter(plan, plan.config, environ)
    with ground(plan, stage, environ, declared=project.ini_urls(plan.config), interpreter=python) as on:
        started = datetime.now(UTC)
        ended = run(on, plan.command, Limits.of(plan, step=_STEP), extra={"PGAPPNAME": f"rehearse:{_STEP}"})
        finished = datetime.now(UTC)
    journal = Journal.of(ended, variables.secrets(environ, plan.env))
    steps = journal.steps(ended)
    if journal.plans:
        return alembic.migration("command", ended, journal, steps, plan, unseen=origin.unseen(plan.command, plan))
    return _migration(_step(plan, ended, journal, (started, finished)), ended, journal, plan)


def known_steps(migration: Migration) -> frozenset[str] | None:
    """Return the steps there were, None where a command may have named them on the server."""
    names = frozenset(step.id for step in migration.steps)
    return names if migration.observed and names != {_STEP} else None


def with_named_steps(migration: Migration, marks: tuple[StepMark, ...]) -> Migration:
    """Return the migration with the steps its command named on the server, by `application_name = rehearse:NAME`.

    Each lasts until the next begins; a command that fails fails in the last. Steps that a hook saw stay as they are.
    """
    named = [mark.step for mark in marks if mark.step != _STEP]
    if migration.tool != "command" or not named or [step.id for step in migration.steps] != [_STEP]:
        return migration
    (whole,) = migration.steps
    ends = (*(mark.started for mark in marks[1:]), whole.ended)
    steps = [
        replace(whole, id=mark.step, started=mark.started, ended=end, outcome=Outcome.APPLIED, error=None)
        for mark, end in zip(marks, ends, strict=True)
    ]
    steps[-1] = replace(steps[-1], outcome=whole.outcome, error=whole.error)
    return replace(migration, steps=tuple(steps))


def _step(plan: MigrationPlan, ended: Ended, journal: Journal, when: tuple[datetime, datetime]) -> StepRun:
    title = output.redacted(shlex.join(plan.command), journal.secrets)
    error = None
    if ended.status:
        last = output.message(output.tail(ended.output, lines=1).strip(), secrets=journal.secrets)
        error = "stopped at the time limit" if ended.stopped else last or f"it ended with status {ended.status}"
    return StepRun(
        id=_STEP,
        title=title,
        source=title,
        started=when[0],
        ended=when[1],
        outcome=Outcome.FAILED if ended.status else Outcome.APPLIED,
        error=error,
    )


def _migration(step: StepRun, ended: Ended, journal: Journal, plan: MigrationPlan) -> Migration:
    program = (Path(plan.command[0]).name,)
    unseen = origin.unseen(plan.command, plan) if journal.loaded else program
    gathered = gathering.from_journal(journal.events, plan, unseen=unseen)
    return Migration(
        tool="command",
        steps=(step,),
        exit_status=ended.status,
        output_tail=output.tail(ended.output, journal.secrets),
        observed=True,
        connections=(*journal.connections, *ended.connections),
        open_points=gathered.open_points,
        notes=(*ended.notes, *journal.sought),
        versions=journal.versions,
        stopped=ended.stopped,
        isolation=(*ended.isolation, *(("connection guard",) if journal.loaded else ())),
        material=gathered.material,
    )
