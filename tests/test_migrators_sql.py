"""SQL scripts played by psql, as they stand, on a real stage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from projects.stage import raised

from rehearse.engine.server import Server
from rehearse.migrators import sql
from rehearse.migrators.sql import ScriptMissing
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture
def stage(server: Server, database: str) -> Iterator[Stage]:
    with raised(server, database) as found:
        yield found


def play(directory: Path, stage: Stage, *scripts: str, limit: int = 60) -> Migration:
    files = []
    for number, text in enumerate(scripts, start=1):
        files.append(directory / f"{number:03}_step.sql")
        files[-1].write_text(text)
    plan = MigrationPlan(tool="sql", directory=directory, files=tuple(files), max_seconds=timedelta(seconds=limit))
    return sql.play(plan, stage, environ=ENVIRON)


def rows(server: Server, stage: Stage, query: str) -> list[tuple[object, ...]]:
    with server.connect(stage.address.database) as connection:
        return connection.execute(query).fetchall()


def test_each_script_is_a_step_with_its_own_application_name(tmp_path: Path, server: Server, stage: Stage) -> None:
    remember = "INSERT INTO seen SELECT pg_catalog.current_setting('application_name');"

    migration = play(tmp_path, stage, "-- Make it\nCREATE TABLE seen (app text);\n" + remember, remember, "")

    assert [(step.id, step.title, step.source) for step in migration.steps] == [
        ("001_step.sql", "Make it", "001_step.sql"),
        ("002_step.sql", "", "002_step.sql"),
        ("003_step.sql", "", "003_step.sql"),
    ]
    assert {step.outcome for step in migration.steps} == {Outcome.APPLIED}
    assert rows(server, stage, "SELECT app FROM seen ORDER BY app") == [
        ("rehearse:001_step.sql",),
        ("rehearse:002_step.sql",),
    ]


def test_a_name_too_long_for_an_application_name_is_said_in_a_statement(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    script = tmp_path / f"{'x' * 70}.sql"
    script.write_text("SELECT 1;")
    with server.connect() as connection:
        connection.execute(f"ALTER ROLE {stage.address.user} SET log_statement = 'all'")

    sql.play(MigrationPlan(tool="sql", directory=tmp_path, files=(script,)), stage, environ=ENVIRON)

    assert f"SET application_name = 'rehearse:{script.name}'" in server.log_file.read_text()


def test_begin_and_commit_of_a_script_are_its_own(tmp_path: Path, server: Server, stage: Stage) -> None:
    broken = "CREATE TABLE kept ();\nBEGIN;\nCREATE TABLE undone ();\nSELECT 1/0;\nCOMMIT;\n"

    migration = play(tmp_path, stage, broken, "CREATE TABLE never ();")

    assert [step.outcome for step in migration.steps] == [Outcome.FAILED, Outcome.SKIPPED]
    assert migration.steps[0].error == "division by zero"
    assert migration.steps[0].location == "001_step.sql:4"
    assert migration.exit_status == 3
    exists = "SELECT pg_catalog.to_regclass('kept') IS NOT NULL, pg_catalog.to_regclass('undone') IS NOT NULL"
    assert rows(server, stage, exists) == [(True, False)]


SCRIPTS = {
    "SELECT 1/0;": 1,
    "SELECT 1;\n\n  SELECT 1/0;\n": 3,
    "SELECT 1;\n-- why\n/* and\nhow */ SELECT 1,\n -- within\n\n 1/0;\n": 4,
    "SELECT 1; SELECT 1; SELECT\n1/0; SELECT 1;": 1,
    "DO $$\nBEGIN\n  PERFORM 1/0;\nEND\n$$;\n": 1,
    "\\set n 0\nSELECT 1 /\n :n;\n": 2,
}


@pytest.mark.parametrize("major", [15, 18])
def test_a_statement_that_fails_is_located_where_it_begins(
    tmp_path: Path, request: pytest.FixtureRequest, major: int
) -> None:
    suffix = "15" if major == 15 else ""
    server, database = request.getfixturevalue(f"server{suffix}"), request.getfixturevalue(f"database{suffix}")

    with raised(server, database) as stage:
        found = {script: play(tmp_path, stage, script).steps[0].location for script in SCRIPTS}

    assert found == {script: f"001_step.sql:{line}" for script, line in SCRIPTS.items()}


def test_a_statement_of_an_included_script_is_located_there(tmp_path: Path, stage: Stage) -> None:
    (tmp_path / "included.sql").write_text("SELECT 1;\n\nSELECT\n\n 1/0;\n")

    migration = play(tmp_path, stage, "\\i included.sql\n")

    assert migration.steps[0].location == "included.sql:3"


def test_values_of_rows_are_not_reported(tmp_path: Path, stage: Stage) -> None:
    migration = play(
        tmp_path, stage, "CREATE TABLE t (mail text UNIQUE);\nINSERT INTO t VALUES ('me@x.org'), ('me@x.org');"
    )

    assert migration.steps[0].outcome is Outcome.FAILED
    assert "DETAIL:  ***" in migration.output_tail
    assert "me@x.org" not in repr(migration)


def test_a_script_that_connects_elsewhere_is_stopped(tmp_path: Path, stage: Stage) -> None:
    migration = play(tmp_path, stage, "\\connect postgresql://boss@192.0.2.1/shop?connect_timeout=5\n")

    assert migration.steps[0].outcome is Outcome.FAILED


def test_a_missing_script_is_a_wrong_request(tmp_path: Path, stage: Stage) -> None:
    plan = MigrationPlan(tool="sql", directory=tmp_path, files=(tmp_path / "no.sql",))

    with pytest.raises(ScriptMissing, match=r"no\.sql"):
        sql.play(plan, stage, environ=ENVIRON)


def test_a_script_is_stopped_at_the_limit(tmp_path: Path, stage: Stage) -> None:
    migration = play(tmp_path, stage, "SELECT pg_catalog.pg_sleep(60);", "SELECT 1;", limit=2)

    assert migration.stopped is not None
    assert migration.stopped.limit == "max_seconds"
    assert [step.outcome for step in migration.steps] == [Outcome.FAILED, Outcome.SKIPPED]
