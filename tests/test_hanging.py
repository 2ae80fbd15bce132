"""A migration that hangs: ended at a limit, cleanly, as undecided, with a sentence that says what it was at."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from projects import toys
from projects.stage import raised

from rehearse.engine.server import Server
from rehearse.migrators import alembic, command, sql
from rehearse.model.migration import Migration, MigrationPlan, Stopped
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome

PYTHON = Path(sys.executable)
ENVIRON = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
SLEEPS_IN_SQL = """
    op.execute("SELECT 'me@x.org', pg_catalog.pg_sleep(300)")
"""
SLEEPS_IN_PYTHON = """
    import time
    def wait():
        time.sleep(300)
    wait()
"""
WAITS_FOR_ITSELF = """
    import os, psycopg
    op.execute("ALTER TABLE orders ADD COLUMN b int")
    with psycopg.connect(os.environ["DATABASE_URL"]) as second:
        second.execute("UPDATE orders SET note = 'x'")
"""
BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"


@pytest.fixture
def stage(server: Server, database: str) -> Iterator[Stage]:
    with raised(server, database) as found:
        with server.connect(found.address.database) as connection:
            connection.execute("CREATE TABLE orders (id int PRIMARY KEY, note text)")
            connection.execute(f"ALTER TABLE orders OWNER TO {found.address.user}")
        yield found


def played(directory: Path, stage: Stage, *upgrades: str, step: float = 3, run: float = 60) -> Migration:
    revisions = [
        toys.revision(f"a{number}", f"a{number - 1}" if number > 1 else None, body)
        for number, body in enumerate(upgrades, start=1)
    ]
    ini = toys.project(directory, revisions=revisions)
    plan = MigrationPlan(
        tool="alembic",
        directory=directory,
        config=ini,
        python=PYTHON,
        max_seconds=timedelta(seconds=run),
        max_step_seconds=timedelta(seconds=step),
    )
    return alembic.play(plan, stage, environ=ENVIRON)


def stopped(migration: Migration) -> Stopped:
    assert migration.stopped is not None, migration.output_tail
    return migration.stopped


def backends(server: Server, stage: Stage) -> int:
    with server.connect() as connection:
        row = connection.execute(BACKENDS, (stage.address.user,)).fetchone()
    assert row is not None
    return int(row[0])


def running() -> str:
    """Return the command lines of all processes."""
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def test_a_step_that_sleeps_in_sql_is_stopped(tmp_path: Path, server: Server, stage: Stage):
    migration = played(tmp_path, stage, "pass", SLEEPS_IN_SQL)

    told = stopped(migration)
    assert (told.step, told.limit) == ("a2", "max_step_seconds")
    assert timedelta(seconds=3) <= told.after < timedelta(seconds=5)
    assert re.fullmatch(r"executing SELECT '\.\.\.', pg_catalog\.pg_sleep\(300\) for [23]\.\d s", told.busy_with)
    assert told.location == "migrations/versions/r2.py:8"
    assert [step.outcome for step in migration.steps] == [Outcome.APPLIED, Outcome.FAILED]
    assert migration.steps[1].duration >= timedelta(seconds=3)
    assert backends(server, stage) == 0


def test_a_step_that_sleeps_in_python_is_stopped_and_located(tmp_path: Path, server: Server, stage: Stage):
    told = stopped(played(tmp_path, stage, SLEEPS_IN_PYTHON))

    assert (told.step, told.busy_with) == ("a1", "running its own code, and no statement on the server")
    assert told.location == "migrations/versions/r1.py:10"
    assert "Step a1 was stopped after 3." in told.told
    assert backends(server, stage) == 0


def test_a_step_that_waits_for_its_own_second_connection_is_stopped(tmp_path: Path, server: Server, stage: Stage):
    told = stopped(played(tmp_path, stage, WAITS_FOR_ITSELF))

    assert re.fullmatch(
        r"waiting [23]\.\d s for a lock \(public\.orders\) with UPDATE orders SET note = '\.\.\.', which another "
        r"connection of the migration held, idle in its transaction for [23]\.\d s after ALTER TABLE orders ADD "
        r"COLUMN b int",
        told.busy_with,
    )
    assert told.location == "migrations/versions/r1.py:11"
    assert backends(server, stage) == 0


def test_steps_are_measured_one_by_one(tmp_path: Path, stage: Stage):
    sleeps = 'op.execute("SELECT pg_catalog.pg_sleep(1.2)")'

    migration = played(tmp_path, stage, sleeps, sleeps, sleeps, step=3)

    assert migration.stopped is None
    assert {step.outcome for step in migration.steps} == {Outcome.APPLIED}


def test_the_limit_of_the_run_says_in_which_step_it_was(tmp_path: Path, stage: Stage):
    told = stopped(played(tmp_path, stage, SLEEPS_IN_PYTHON, step=60, run=4))

    assert (told.step, told.limit) == ("a1", "max_seconds")
    assert "as long as a migration may take (migrations.max_seconds)" in told.told


def test_a_script_is_a_step_with_a_limit_of_its_own(tmp_path: Path, server: Server, stage: Stage):
    for name, text in (("001.sql", "SELECT 1;"), ("002.sql", "SELECT pg_catalog.pg_sleep(60);"), ("003.sql", "")):
        (tmp_path / name).write_text(text)
    files = tuple(sorted(tmp_path.glob("*.sql")))
    plan = MigrationPlan(tool="sql", directory=tmp_path, files=files, max_step_seconds=timedelta(seconds=1))

    migration = sql.play(plan, stage, environ=ENVIRON)

    assert stopped(migration).step == "002.sql"
    assert [step.outcome for step in migration.steps] == [Outcome.APPLIED, Outcome.FAILED, Outcome.SKIPPED]
    assert backends(server, stage) == 0


def test_a_command_is_a_step_and_what_it_started_ends_with_it(tmp_path: Path, stage: Stage):
    name = f"sleeper-{uuid.uuid4().hex}"
    (tmp_path / "migrate.py").write_text("import time\n\ntime.sleep(300)\n")
    plan = MigrationPlan(
        tool="command",
        directory=tmp_path,
        python=PYTHON,
        command=("sh", "-c", f"python migrate.py {name}; true"),
        max_step_seconds=timedelta(seconds=2),
    )

    migration = command.play(plan, stage, environ=ENVIRON)

    assert (stopped(migration).step, stopped(migration).location) == ("command", "migrate.py:3")
    assert name not in running()


def test_a_run_ends_as_undecided_with_nothing_left(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY, note text)")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    ini = toys.project(tmp_path / "app", revisions=[toys.revision("a1", None, WAITS_FOR_ITSELF)])
    url = f"postgresql://rehearse@/{database}?host={server.socket_dir}"
    words = ["run", "--from", url, "--alembic", str(ini), "--python", str(PYTHON), "--format", "json"]

    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "rehearse", *words, "--max-step-seconds", "3"],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (3, "undecided"), report["reasons"]
    (reason,) = [reason for reason in report["reasons"] if "was stopped after" in reason]
    assert "waiting" in reason
    assert "which another connection of the migration held" in reason
    assert "(migrations/versions/r1.py:11)" in reason
    assert report["steps"][0]["failure"]["undone"] == ["a1"]
    assert (report["stopped"]["step"], report["stopped"]["limit"]) == ("a1", "max_step_seconds")
    assert list(temporary.iterdir()) == []
    assert str(temporary) not in running()
    assert time.monotonic() - began < 60
