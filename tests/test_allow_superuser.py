"""What takes a superuser: refused, open or allowed, by what the role is in production and what was declared."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tool import tool

from rehearse.engine.server import Server
from rehearse.model.finding import Severity
from rehearse.model.migration import MigrationPlan
from rehearse.model.report import Report, Verdict
from rehearse.rehearsal.story import rehearse
from rehearse.request.request import Request

EXTENSION = "CREATE EXTENSION pageinspect;"
EVERYTHING = (
    EXTENSION,
    "DO $$ BEGIN CREATE EXTENSION file_fdw; END $$;",
    "ALTER SYSTEM SET maintenance_work_mem = '96MB'; SELECT pg_reload_conf();",
    "SET lock_timeout = '2s'; SET session_replication_role = replica; ALTER TABLE boats ADD COLUMN length int;",
)
ALLOWED = ("CREATE EXTENSION", "ALTER SYSTEM", "SET session_replication_role")


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """A database that belongs to a role of its own."""

    url: str
    role: str

    def rehearse(self, directory: Path, *scripts: str, allowed: tuple[str, ...] = ()) -> Report:
        files = tuple(directory / f"{number}_step.sql" for number, _ in enumerate(scripts, start=1))
        for path, sql in zip(files, scripts, strict=True):
            path.write_text(sql)
        plan = MigrationPlan(tool="sql", directory=directory, files=files)
        return rehearse(Request(source=self.url, plan=plan, allowed=allowed), lambda _doing: None)


@pytest.fixture(params=["server", "server15"])
def ordinary(request: pytest.FixtureRequest) -> Iterator[Production]:
    """A production whose owner is no superuser."""
    yield from _production(request.getfixturevalue(request.param), "NOSUPERUSER")


@pytest.fixture(params=["server", "server15"])
def almighty(request: pytest.FixtureRequest) -> Iterator[Production]:
    """A production whose owner is a superuser."""
    yield from _production(request.getfixturevalue(request.param), "SUPERUSER")


def _production(server: Server, attribute: str) -> Iterator[Production]:
    name = f"a_{uuid.uuid4().hex[:12]}"
    with server.connect() as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN {attribute}")
        admin.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 STRATEGY FILE_COPY")
    with server.connect(name) as inside:
        inside.execute(f"SET ROLE {name}")
        inside.execute("CREATE TABLE boats (id int PRIMARY KEY)")
        inside.execute("INSERT INTO boats SELECT generate_series(1, 20)")
    yield Production(url=server.dsn(name), role=name)
    with server.connect() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute(f"DROP ROLE {name}")


def test_what_a_superuser_of_production_may_is_open_without_an_allowance(almighty: Production, tmp_path: Path):
    report = almighty.rehearse(tmp_path, EXTENSION)

    assert report.verdict is Verdict.UNDECIDED
    (reason,) = report.reasons
    assert reason.startswith("Step 1_step.sql needs a superuser, and on the stage migrations never run as one")
    assert reason.endswith('(set allow_superuser = ["CREATE EXTENSION"] under [migrations]).')


def test_what_nobody_may_in_production_fails(ordinary: Production, tmp_path: Path):
    report = ordinary.rehearse(tmp_path, EXTENSION)

    (finding,) = report.findings
    assert (report.verdict, finding.check) == (Verdict.UNSAFE, "step-failed")
    assert f'"{ordinary.role}" is no superuser in production, either' in finding.message
    assert 'allow_superuser = ["CREATE EXTENSION"]' in finding.message


def test_what_is_allowed_is_played_and_told(almighty: Production, tmp_path: Path):
    report = almighty.rehearse(tmp_path, *EVERYTHING, allowed=ALLOWED)

    told = [each for each in report.rehearsal.fidelity.deviations if "migrations.allow_superuser" in each]
    there = f'in production "{almighty.role}" is a superuser.'
    assert report.verdict is Verdict.SAFE, report.reasons
    assert report.findings == ()
    assert told == [
        f"Step {step} ran with a superuser's rights, as allowed (migrations.allow_superuser): {sql}; {there}"
        for step, sql in (
            ("1_step.sql", "CREATE EXTENSION pageinspect"),
            ("2_step.sql", "CREATE EXTENSION file_fdw"),
            ("3_step.sql", "ALTER SYSTEM SET maintenance_work_mem = '96MB'"),
            ("4_step.sql", "SET session_replication_role = replica"),
        )
    ]


def test_what_a_role_borrows_it_does_not_keep(ordinary: Production, tmp_path: Path):
    report = ordinary.rehearse(
        tmp_path,
        EXTENSION + "DO $$ BEGIN CREATE EXTENSION nosuch; EXCEPTION WHEN OTHERS THEN NULL; END $$;"
        "BEGIN; CREATE EXTENSION earthdistance CASCADE; SAVEPOINT here; SET LOCAL log_statement = 'none'; COMMIT;",
        allowed=("CREATE EXTENSION",),
    )

    assert report.verdict is Verdict.UNSAFE
    blocks = [found.check for found in report.findings if found.severity is Severity.BLOCK]
    assert blocks == ["step-failed", "watch-disturbed"]
    assert report.rehearsal.timeline.complete, report.rehearsal.timeline.gaps
    assert any(f'in production "{ordinary.role}" is none: make sure' in each for each in _fidelity(report))


def _fidelity(report: Report) -> tuple[str, ...]:
    return report.rehearsal.fidelity.deviations


def test_what_production_does_and_the_stage_refuses_is_open_though_the_step_goes_on(
    almighty: Production, tmp_path: Path
):
    report = almighty.rehearse(tmp_path, "\\set ON_ERROR_STOP off\n" + EXTENSION)

    assert report.verdict is Verdict.UNDECIDED
    assert any("went on after the stage had refused what takes a superuser" in each for each in report.reasons)


ENV = """
from alembic import context
from sqlalchemy import create_engine
with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.execute("CREATE EXTENSION pageinspect")
def downgrade():
    op.execute("DROP EXTENSION pageinspect")
"""


def test_alembic_is_allowed_up_down_and_up_again(tmp_path: Path, server: Server):
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "0001.py").write_text(REVISION)
    (tmp_path / "env.py").write_text(ENV)
    for production in _production(server, "NOSUPERUSER"):
        (tmp_path / "alembic.ini").write_text(
            "[alembic]\nscript_location = .\nsqlalchemy.url = postgresql+psycopg://prod.example/app\n"
        )
        plan = MigrationPlan(
            tool="alembic",
            directory=tmp_path,
            config=tmp_path / "alembic.ini",
            declared=("postgresql://prod.example/app",),
        )
        report = rehearse(Request(source=production.url, plan=plan, allowed=("CREATE EXTENSION",)), lambda _doing: None)

    assert report.verdict is Verdict.SAFE, report.reasons
    assert [(found.step, found.way.value) for found in report.rehearsal.downgrades] == [("0001", "lossless")]


def test_a_command_line_and_a_configuration_allow(tmp_path: Path, server: Server):
    for production in _production(server, "SUPERUSER"):
        (tmp_path / "1.sql").write_text(EXTENSION)
        (tmp_path / "rehearse.toml").write_text(
            f"[environments.production]\nurl = \"{production.url}\"\n[migrations]\ntool = 'sql'\npath = '1.sql'\n"
            "allow_superuser = ['create extension']\n"
        )
        configured = _run(tmp_path)
        (tmp_path / "rehearse.toml").unlink()
        asked = _run(tmp_path, "--from", production.url, "--sql", "1.sql", "--allow-superuser", "create extension")
        wrong = _run(tmp_path, "--from", production.url, "--sql", "1.sql", "--allow-superuser", "drop table")

    for done in (configured, asked):
        report = json.loads(done.stdout)
        assert (done.returncode, report["verdict"]) == (0, "safe"), done.stdout
        assert report["fidelity"]["superuser_in_production"] is True
        assert report["inputs"]["allow_superuser"] == ["CREATE EXTENSION"]
    assert wrong.returncode == 2
    assert '"drop table" is nothing that can be allowed.' in wrong.stderr


def _run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return tool("run", "--format", "json", *arguments, cwd=directory)
