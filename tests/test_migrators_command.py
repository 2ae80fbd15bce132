"""Any command as a migrator: one step, or alembic's where alembic is seen inside."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from projects import toys
from projects.django import project as django_project
from projects.stage import raised

from rehearse.engine.server import Server
from rehearse.migrators import command
from rehearse.migrators.command import NoCommand
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome, StepMark

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


@pytest.mark.parametrize("reached_by", ["DATABASE_URL", "PGHOST"])
def test_djangos_migrations_are_its_steps(tmp_path: Path, server: Server, stage: Stage, reached_by: str) -> None:
    django_project(tmp_path, reached_by=reached_by)

    migration = play(tmp_path, stage, "python", "manage.py", "migrate")

    assert [(step.id, step.outcome) for step in migration.steps] == [
        ("people.0001_initial", Outcome.APPLIED),
        ("shop.0001_initial", Outcome.APPLIED),
        ("shop.0002_fill", Outcome.APPLIED),
        ("shop.0003_index", Outcome.APPLIED),
    ], migration.output_tail
    assert (migration.steps[2].source, migration.steps[2].title) == ("shop/migrations/0002_fill.py", "Fill the notes.")
    assert migration.steps[2].duration > timedelta(0)
    assert (migration.exit_status, migration.observed, migration.open_points) == (0, True, ())
    assert dict(migration.versions).keys() == {"django", "python"}
    with server.connect(stage.address.database) as connection:
        notes = connection.execute("SELECT note FROM shop_order").fetchall()
        marked = connection.execute("SELECT DISTINCT app FROM seen").fetchall()
        index = connection.execute("SELECT pg_catalog.to_regclass('by_note') IS NOT NULL").fetchone()
    assert (notes, marked, index) == ([("filled",)], [("rehearse:shop.0002_fill",)], (True,))


def test_only_what_django_has_not_applied_is_a_step(tmp_path: Path, stage: Stage) -> None:
    django_project(tmp_path)

    first = play(tmp_path, stage, "python", "manage.py", "migrate", "shop", "0001")
    rest = play(tmp_path, stage, "python", "manage.py", "migrate")
    nothing = play(tmp_path, stage, "python", "manage.py", "migrate")

    assert [step.id for step in first.steps] == ["people.0001_initial", "shop.0001_initial"]
    assert [step.id for step in rest.steps] == ["shop.0002_fill", "shop.0003_index"]
    assert (nothing.steps, nothing.known_revisions, nothing.open_points) == ((), 4, ())


def test_a_failing_migration_of_django_is_located_and_the_rest_skipped(tmp_path: Path, stage: Stage) -> None:
    django_project(
        tmp_path, fill="orders.bulk_create([Order(pk=4711), Order(pk=4711)])  # rehearse: expect no data change"
    )

    migration = play(tmp_path, stage, "python", "manage.py", "migrate")

    assert [step.outcome for step in migration.steps[2:]] == [Outcome.FAILED, Outcome.SKIPPED]
    failed = migration.steps[2]
    assert failed.error == 'UniqueViolation: duplicate key value violates unique constraint "shop_order_pkey"'
    assert failed.location == "shop/migrations/0002_fill.py:8"
    assert failed.parents is None
    assert [(remark.text, remark.place) for remark in failed.remarks] == [
        ("expect no data change", "shop/migrations/0002_fill.py:8")
    ]
    assert "DETAIL:  ***" in migration.output_tail
    assert "(4711)" not in repr(migration)


def test_a_command_outside_python_is_one_step(tmp_path: Path, server: Server, stage: Stage) -> None:
    psql = str(server.binaries.bin_dir / "psql")

    migration = play(tmp_path, stage, "sh", "-c", f"{psql} -c 'CREATE TABLE a ()' && {psql} -c 'CREATE TABLE b ()'")

    assert [step.id for step in migration.steps] == ["command"]


def test_sessions_named_by_the_command_are_its_steps(tmp_path: Path, stage: Stage) -> None:
    migration = play(tmp_path, stage, "sh", "-c", "echo no such column; exit 3")
    (whole,) = migration.steps
    assert whole.started is not None
    later = whole.started + timedelta(milliseconds=1)
    marks = (StepMark(step="one", started=whole.started), StepMark(step="two", started=later))

    named = command.with_named_steps(migration, marks)

    assert [(step.id, step.started, step.ended, step.outcome, step.error) for step in named.steps] == [
        ("one", whole.started, later, Outcome.APPLIED, None),
        ("two", later, whole.ended, Outcome.FAILED, "no such column"),
    ]
    assert command.with_named_steps(migration, (StepMark(step="command", started=later),)) == migration


def test_without_a_command_there_is_nothing_to_play(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(NoCommand):
        play(tmp_path, stage)
