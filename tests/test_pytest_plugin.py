"""The pytest plugin, in the pytest of a project of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import alembic_project

from rehearse.engine.server import Server

READY = "from rehearse.testing import test_pending_migrations_are_safe\n"


def pytest_of(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def project(server: Server, database: str, tmp_path: Path) -> Path:
    """A project with one pending revision, a production and the ready test."""
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL)")
        connection.execute("INSERT INTO customers SELECT n, 'Customer ' || n FROM generate_series(1, 500) AS n")
    alembic_project(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_migrations.py").write_text(READY)
    url = f"postgresql://rehearse@/{database}?host={server.socket_dir}"
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "rehearse.toml").write_text(f'[environments.production]\nurl = "{url}"\n')
    return tmp_path


def test_a_safe_migration_passes_and_its_run_is_kept(project: Path):
    done = pytest_of(project)

    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout
    assert len(list((project / ".rehearse" / "runs").glob("*/run.json"))) == 1


def test_an_unsafe_migration_fails_with_the_report(project: Path):
    revision = project / "versions" / "0001_a.py"
    revision.write_text(revision.read_text().replace("ADD COLUMN c1 int", "DROP COLUMN name"))

    done = pytest_of(project)

    assert (done.returncode, "1 failed" in done.stdout) == (1, True), done.stdout
    assert "UNSAFE" in done.stdout
    assert "public.customers.name was dropped with its values" in done.stdout


def test_what_is_undecided_does_not_pass(project: Path):
    (project / "versions" / "0001_a.py").unlink()

    done = pytest_of(project)

    assert (done.returncode, "UNDECIDED" in done.stdout) == (1, True), done.stdout


def test_the_fixture_is_a_report_of_whatever_is_named(project: Path):
    (project / "tests" / "test_migrations.py").write_text(
        "def test_it(rehearsal):\n    assert [step.id for step in rehearsal.rehearsal.migration.steps] == ['0001']\n"
    )
    url = (project / "rehearse.toml").read_text().split('"')[1]
    (project / "rehearse.toml").unlink()

    done = pytest_of(project, "--rehearse-from", url)  # the project's own alembic.ini is found beside pytest.ini

    assert done.returncode == 0, done.stdout


def test_a_wrong_request_is_a_sentence(project: Path):
    done = pytest_of(project, "--rehearse-from", "stag")

    assert done.returncode == 1
    assert "rehearse: " in done.stdout
    assert "Traceback" not in done.stdout


def test_other_projects_do_not_wait_for_it(tmp_path: Path):
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\ndef test_nothing():\n    assert not {'psycopg', 'sqlalchemy', 'pydantic'} & sys.modules.keys()\n"
    )

    done = pytest_of(tmp_path)

    assert done.returncode == 0, done.stdout
