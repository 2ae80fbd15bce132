"""Any command as a migrator: one step, or alembic's where alembic is seen inside."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import toys
from projects.stage import raised

from rehearse.engine.server import Server
from rehearse.migrators import command
from rehearse.migrators.command import NoCommand
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture
def stage(server: Server, database: str) -> Iterator[Stage]:
    with raised(server, database) as found:
        yield found


def play(directory: Path, stage: Stage, *words: str) -> Migration:
    plan = MigrationPlan(tool="command", directory=directory, command=words, python=Path(sys.executable))
    return command.play(plan, stage, environ=ENVIRON)


def test_a_command_is_one_step_and_finds_the_stage(tmp_path: Path, server: Server, stage: Stage) -> None:
    psql = str(server.binaries.bin_dir / "psql")

    migration = play(
        tmp_path, stage, psql, "-Atc", "SELECT pg_catalog.current_setting('application_name'), CURRENT_USER"
    )

    assert [(step.id, step.outcome) for step in migration.steps] == [("command", Outcome.APPLIED)]
    assert migration.output_tail == f"rehearse:command|{stage.address.user}"


def test_a_failing_command_is_reported(tmp_path: Path, stage: Stage) -> None:
    migration = play(tmp_path, stage, "sh", "-c", "echo no such column >&2; exit 7")

    assert migration.exit_status == 7
    assert migration.steps[0].outcome is Outcome.FAILED
    assert migration.steps[0].error == "no such column"


def test_alembic_inside_a_command_gives_its_steps(tmp_path: Path, stage: Stage) -> None:
    toys.project(tmp_path)

    migration = play(tmp_path, stage, "sh", "-c", "python -m alembic upgrade head")

    assert [(step.id, step.outcome) for step in migration.steps] == [("a1", Outcome.APPLIED), ("a2", Outcome.APPLIED)]
    assert migration.tool == "command"


def test_without_a_command_there_is_nothing_to_play(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(NoCommand):
        play(tmp_path, stage)
