"""Projects on libraries that are not ours: SQLAlchemy 1.4 and Flask-Migrate, in an interpreter of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import toys
from projects.stage import raised

from rehearse.engine.server import Server
from rehearse.migrators import alembic, command
from rehearse.model.migration import MigrationPlan
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome

PACKAGES = (
    "sqlalchemy==1.4.54",
    "alembic==1.13.3",
    "flask-migrate==4.0.7",
    "flask-sqlalchemy==3.0.5",
    "psycopg2-binary",
)
ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture
def stage(server: Server, database: str) -> Iterator[Stage]:
    with raised(server, database) as found:
        yield found


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter with SQLAlchemy 1.4 and Flask-Migrate."""
    home = tmp_path_factory.mktemp("foreign") / "venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    found = home / "bin" / "python"
    installing = [found, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES]
    done = subprocess.run(installing, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        pytest.skip(f"the packages of another interpreter cannot be installed here: {done.stderr.strip()[-200:]}")
    return found


def test_sqlalchemy_1_4_is_observed_in_its_own_interpreter(
    tmp_path: Path, server: Server, stage: Stage, python: Path
) -> None:
    ini = toys.project(tmp_path)
    plan = MigrationPlan(tool="alembic", directory=tmp_path, config=ini, python=python)

    migration = alembic.play(plan, stage, environ=ENVIRON)

    assert [(step.id, step.outcome) for step in migration.steps] == [
        ("a1", Outcome.APPLIED),
        ("a2", Outcome.APPLIED),
    ], migration.output_tail
    assert dict(migration.versions)["sqlalchemy"] == "1.4.54"
    assert migration.open_points == ()


FLASK = """
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = {url}
Migrate(app, SQLAlchemy(app))
"""
PRODUCTION = "postgresql://boss:geheim@prod.example:5433/shop"


@pytest.mark.parametrize(("tool", "url"), [("alembic", PRODUCTION), ("command", None)])
def test_flask_migrate_is_upgraded_by_its_own_command(
    tmp_path: Path, stage: Stage, python: Path, tool: str, url: str | None
) -> None:
    (tmp_path / "app.py").write_text(FLASK.format(url=repr(url) if url else 'os.environ["DATABASE_URL"]'))
    environment = {**ENVIRON, "DATABASE_URL": PRODUCTION}
    subprocess.run(
        [python, "-m", "flask", "db", "init"], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    for number, source in enumerate(toys.TABLES):
        (tmp_path / "migrations" / "versions" / f"r{number}.py").write_text(source)
    words = ("flask", "db", "upgrade")
    plan = MigrationPlan(tool=tool, directory=tmp_path, python=python, command=words, declared=(PRODUCTION,))

    migration = (alembic if tool == "alembic" else command).play(plan, stage, environ=ENVIRON)

    assert [(step.id, step.outcome) for step in migration.steps] == [
        ("a1", Outcome.APPLIED),
        ("a2", Outcome.APPLIED),
    ], migration.output_tail
    assert {connection.redirected for connection in migration.connections} == ({True} if url else set())
    assert "geheim" not in repr(migration)
