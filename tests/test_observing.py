"""What production's migration really took, seen on a production that is really migrated; and the history of runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from test_cli import rehearse

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.forecast import Interval
from rehearse.model.observation import StepTime
from rehearse.observing import read

ROWS = 150_000
ENV = (
    "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n"
    "url = os.environ['DATABASE_URL'].replace('postgresql://', 'postgresql+psycopg://', 1)\n"
    "with create_engine(url).connect() as connection:\n"
    "    context.configure(connection=connection, transaction_per_migration=True)\n"
    "    with context.begin_transaction():\n        context.run_migrations()\n"
)
REVISIONS = {
    "0001": ["ALTER TABLE orders ADD COLUMN note text"],
    "0002": ["ALTER TABLE orders ALTER COLUMN id TYPE bigint", "SELECT pg_sleep(0.4)"],
    "0003": [
        "DO $$ BEGIN\n    UPDATE orders SET note = 'paid' WHERE id % 10 = 0;\nEND $$",
        "SELECT pg_sleep(0.4)",
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """A production that logs every statement in all three forms, and its project."""

    server: Server
    project: Path
    url: str

    def release(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=self.project,
            env={**os.environ, "DATABASE_URL": self.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def log(self, ending: str) -> Path:
        return self.server.root / "log" / f"server.{ending}"


@pytest.fixture(scope="module")
def logging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {
        "log_destination": "jsonlog,csvlog,stderr",
        "log_min_duration_statement": "0",
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }
    with running(resolve(None, use="embedded").binaries, settings=settings) as server:
        yield server


@pytest.fixture
def production(logging: Server, tmp_path: Path) -> Iterator[Production]:
    name = f"p{time.time_ns()}"
    with logging.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
    with logging.connect(name) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY, paid numeric)")
        connection.execute(f"INSERT INTO orders SELECT n, n FROM generate_series(1, {ROWS}) AS n")
        connection.execute("ANALYZE orders")
    url = f"postgresql://rehearse@/{name}?host={logging.socket_dir}"
    (tmp_path / "versions").mkdir()
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    (tmp_path / "env.py").write_text(ENV)
    (tmp_path / "rehearse.toml").write_text(
        f'[environments.production]\nurl = "{url}"\n[snapshot]\nrows = 50000\n[policy]\nmax_blocking = "10min"\n'
    )
    before = None
    for revision, statements in REVISIONS.items():
        lines = "".join(f"    op.execute({statement!r})\n" for statement in statements)
        (tmp_path / "versions" / f"{revision}.py").write_text(
            f"from alembic import op\nrevision = {revision!r}\ndown_revision = {before!r}\n"
            f"def upgrade():\n    op.execute(\"SET LOCAL lock_timeout = '2s'\")\n{lines}"
        )
        before = revision
    yield Production(server=logging, project=tmp_path, url=url)
    with logging.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_release_is_watched_and_told_in_the_history(production: Production):
    project = production.project
    ran = rehearse("run", "--no-downgrade", "--format", "json", cwd=project)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    watching = subprocess.Popen(
        [sys.executable, "-m", "rehearse", "observe", "--interval", "0.05", "--timeout", "60", "--format", "json"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait_until_it_watches(production)
    production.release()
    told, said = watching.communicate(timeout=60)

    assert watching.returncode == 0, said
    found = json.loads(told)
    assert [step["steps"] for step in found["steps"]][-1] == ["0003"]
    assert found["run"] == json.loads(ran.stdout)["run"]
    last = found["steps"][-1]
    assert 0.4 <= last["seconds"] < 5
    assert last["forecast_seconds"] is not None
    history = json.loads(rehearse("history", "--format", "json", cwd=project).stdout)
    assert history["runs"][0]["observation"] == {key: found[key] for key in history["runs"][0]["observation"]}
    assert history["forecasts"]["told"] >= 1


@pytest.mark.parametrize("ending", ["json", "csv", "log"])
def test_the_log_tells_what_each_step_took(ending: str, production: Production):
    project = production.project
    rehearse("run", "--no-downgrade", "--format", "json", cwd=project)
    production.release()

    done = rehearse("observe", "--log", production.log(ending), "--format", "json", cwd=project)

    assert done.returncode == 0, done.stderr
    steps = {step["steps"][0]: step for step in json.loads(done.stdout)["steps"]}
    assert list(steps) == ["0001", "0002", "0003"]
    assert all(step["statements_seen"] == step["statements_known"] for step in steps.values())
    assert steps["0001"]["forecast_seconds"] is None  # of metadata no time is told
    rewriting = _logged(production, "ALTER TABLE orders ALTER COLUMN id TYPE bigint")
    assert steps["0002"]["seconds"] == pytest.approx(rewriting.total_seconds())  # the sleep is none of the forecast
    low, high = steps["0002"]["forecast_seconds"]
    assert steps["0002"]["held"] is (low <= steps["0002"]["seconds"] <= high)


def test_a_release_by_a_command_is_watched_and_its_exit_code_passed_on(production: Production):
    project = production.project
    rehearse("run", "--no-downgrade", cwd=project)
    upgrade = (sys.executable, "-m", "alembic", "upgrade")
    words = ("observe", "--interval", "0.05", "--format", "json", "production", "--")

    broken = rehearse(*words, *upgrade, "nowhere", cwd=project, DATABASE_URL=production.url)
    done = rehearse(*words, *upgrade, "head", cwd=project, DATABASE_URL=production.url)
    again = rehearse(*words, *upgrade, "head", cwd=project, DATABASE_URL=production.url)
    missing = rehearse(*words, "no-such-program", cwd=project)

    assert broken.returncode not in (0, 3)
    assert "did not reach the target" in broken.stderr
    assert done.returncode == 0, done.stderr
    assert [step for found in json.loads(done.stdout)["steps"] for step in found["steps"]] == list(REVISIONS)
    assert (again.returncode, again.stdout) == (0, "")  # nothing was pending, and the release is not to blame for that
    assert "the release is not observed" in again.stderr
    assert missing.returncode == 127


def test_production_that_is_there_already_or_elsewhere_is_refused(production: Production):
    project = production.project
    rehearse("run", "--no-downgrade", cwd=project)
    with production.server.connect(production.url.split("/")[3].split("?")[0]) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('0003')")
        there = rehearse("observe", cwd=project)
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
        elsewhere = rehearse("observe", cwd=project)
        connection.execute("DROP TABLE alembic_version")
    late = rehearse("observe", "--timeout", "1", cwd=project)

    assert (there.returncode, elsewhere.returncode, late.returncode) == (2, 2, 3)
    assert "at the target of run" in there.stderr
    assert "--log FILE" in there.stderr
    assert "it has 0002 in public.alembic_version, and the run began at nothing" in elsewhere.stderr
    assert "did not reach the target" in late.stderr
    assert not list((project / ".rehearse" / "runs").glob("*/observation.json"))


def test_history_says_how_production_moved_between_runs(production: Production):
    project = production.project
    first = rehearse("run", "--no-downgrade", cwd=project)
    second = rehearse("run", "--no-downgrade", cwd=project)
    with production.server.connect(production.url.split("/")[3].split("?")[0]) as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN by_hand int")
    third = rehearse("run", "--no-downgrade", cwd=project)

    told = rehearse("history", cwd=project)
    runs = json.loads(rehearse("history", "--format", "json", cwd=project).stdout)["runs"]

    assert (first.returncode, second.returncode, third.returncode) == (0, 0, 0)
    assert [run["production_moved"] for run in runs] == [None, False, True]
    assert runs[2]["production_changes"] == ["public.orders: column by_hand integer added"]
    assert "production's schema moved since the run before: public.orders: column by_hand integer added" in told.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("no log at all\n", "holds no statement with a duration"),
        ('{"message": "broken\n', "is no log of PostgreSQL's"),
        ("2026-11-28 [7] LOG:  statement: SELECT 1\n", "holds no statement with a duration"),
    ],
)
def test_a_file_that_tells_nothing_is_refused(content: str, says: str, tmp_path: Path):
    path = tmp_path / "some.log"
    path.write_text(content)

    with pytest.raises(Exception, match=says):
        read(path)


def test_a_time_is_as_told_within_what_it_is_exact_to():
    def step(took: float, exact_to: float = 0.2) -> StepTime:
        told = Interval(low=timedelta(seconds=1), high=timedelta(seconds=4))
        return StepTime(
            steps=("0001",), took=timedelta(seconds=took), exact_to=timedelta(seconds=exact_to), forecast=told
        )

    assert [step(took).is_held for took in (0.7, 0.9, 2, 4.1, 4.3)] == [False, True, True, True, False]
    assert step(2).ratio == pytest.approx(1.0)


def _wait_until_it_watches(production: Production) -> None:
    with production.server.connect() as connection:
        for _ in range(200):
            seen = connection.execute(
                "SELECT FROM pg_stat_activity WHERE application_name = 'rehearse' AND state <> 'active'"
                " AND datname = %s AND query LIKE '%%pg_class%%'",
                [production.url.split("/")[3].split("?")[0]],
            ).fetchone()
            if seen is not None:
                return
            time.sleep(0.1)
    pytest.fail("nobody watches")


def _logged(production: Production, sql: str) -> timedelta:
    """Return the last duration of a statement, by the JSON log, read as plainly as can be."""
    database = production.url.split("/")[3].split("?")[0]
    lines = [json.loads(line) for line in production.log("json").read_text().splitlines()]
    found = [line["message"] for line in lines if line.get("dbname") == database and line["message"].endswith(sql)]
    return timedelta(milliseconds=float(found[-1].split()[1]))
