"""The project's own commands, run against a stage in the seclusion of a migration."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rehearse.errors import RequestError
from rehearse.migrators import project
from rehearse.migrators.journal import Journal
from rehearse.migrators.process import output, variables
from rehearse.migrators.process.limits import Limits
from rehearse.migrators.process.run import CommandNotFound, ground, run
from rehearse.model.migration import MigrationPlan
from rehearse.model.own_check import CommandRun
from rehearse.model.stage import Stage


class OwnCommandNotFound(RequestError):
    """A command of the project does not exist."""

    def __init__(self, whose: str, program: str, directory: Path) -> None:
        super().__init__(
            f"The command {program!r} of {whose} was not found or may not be executed (in {directory}).",
            "Give its path, or migrations.python, whose directory then comes first on PATH.",
        )


def play(
    command: tuple[str, ...],
    plan: MigrationPlan,
    stage: Stage,
    *,
    whose: str,
    limit: timedelta,
    environ: Mapping[str, str] = os.environ,
) -> CommandRun:
    """Run a command where a plan's migrations run, `whose` it is in words; its failure is told, not raised.

    Raises OwnCommandNotFound, NotTheStage, InterpreterMissing and VariableUnset.
    """
    python = project.own_interpreter(plan, plan.config, environ)
    secrets = variables.secrets(environ, plan.env)
    limits = Limits(run=limit, run_of_all=limit, of_step=limit)
    asked = replace(plan, command=command)
    started = time.monotonic()
    with ground(asked, stage, environ, declared=project.ini_urls(plan.config), interpreter=python) as on:
        try:
            ended = run(on, command, limits)
        except CommandNotFound:
            raise OwnCommandNotFound(whose, command[0], plan.directory) from None
    journal = Journal.of(ended, secrets)
    return CommandRun(
        words=output.redacted(shlex.join(command), secrets),
        exit_status=ended.status,
        output_tail=output.tail(ended.output, secrets),
        took=timedelta(seconds=time.monotonic() - started),
        stopped=ended.stopped.busy_with if ended.stopped else None,
        connections=(*journal.connections, *ended.connections),
        isolation=(*ended.isolation, *(("connection guard",) if journal.loaded else ())),
    )
