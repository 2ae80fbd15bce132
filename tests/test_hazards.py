"""Each check's sample, played for real: the unsafe half raises exactly its own check, the safe half nothing."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from rehearse import registry
from rehearse.config.fragment import wanted
from rehearse.db.queries import SAMPLES
from rehearse.engine.server import Server
from rehearse.model.finding import Severity
from rehearse.model.migration import MigrationPlan
from rehearse.model.report import Report, Verdict
from rehearse.model.sampling import SampleRules
from rehearse.run import Request, rehearse

HAZARDS = SAMPLES / "hazards"
WARNS_ONLY = {
    "lock-timeout-missing",
    "name-changed",
    "rows-locked",
    "setting-needs-restart",
    "tables-locked-together",
}


def played(server: Server, database: str, name: str, half: str) -> Report:
    _fill(server.dsn(database), HAZARDS / name / "before.sql")
    fragment = HAZARDS / name / half / "postgresql.conf"
    request = Request(
        source=server.dsn(database),
        plan=_plan(fragment.parent),
        sampling=SampleRules(rows=1_000_000),
        settings=wanted(fragment, ()) if fragment.exists() else (),
    )
    return rehearse(request, lambda _doing: None)


def _fill(dsn: str, script: Path) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(script.read_bytes())


def _plan(directory: Path) -> MigrationPlan:
    if (directory / "alembic.ini").exists():
        return MigrationPlan(tool="alembic", directory=directory, config=directory / "alembic.ini")
    if (directory / "postgresql.conf").exists():
        return MigrationPlan(tool="none", directory=directory)
    return MigrationPlan(tool="sql", directory=directory, files=tuple(sorted(directory.glob("*.sql"))))


def test_every_check_has_a_sample_and_every_sample_a_check():
    assert sorted(path.name for path in HAZARDS.iterdir() if path.is_dir()) == sorted(registry.checks())


@pytest.mark.parametrize("name", sorted(registry.checks()))
def test_the_unsafe_half_raises_exactly_its_own_check(server: Server, database: str, name: str):
    report = played(server, database, name, "unsafe")

    raised = {found.check for found in report.findings if found.severity is not Severity.NOTE}
    assert raised == {name}
    assert report.verdict is (Verdict.SAFE if name in WARNS_ONLY else Verdict.UNSAFE)


@pytest.mark.parametrize("name", sorted(registry.checks()))
def test_the_safe_half_is_safe_and_silent(server: Server, database: str, name: str):
    report = played(server, database, name, "safe")

    assert [found.message for found in report.findings if found.severity is not Severity.NOTE] == []
    assert report.verdict is Verdict.SAFE, report.reasons
