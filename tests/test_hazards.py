"""Each check's sample, played for real: the unsafe half raises exactly its own check, the safe half nothing."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from rehearse import forecast, judge, registry, runs
from rehearse.config import load
from rehearse.config.fragment import wanted
from rehearse.db.queries import SAMPLES
from rehearse.engine.server import Server
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Severity
from rehearse.model.migration import MigrationPlan
from rehearse.model.policy import Policy
from rehearse.model.report import Report, Verdict
from rehearse.model.sampling import SampleRules
from rehearse.rehearsal.groundwork import take_snapshot
from rehearse.rehearsal.judgement import judged
from rehearse.rehearsal.playing import Occasion
from rehearse.rehearsal.story import rehearse, rehearse_on
from rehearse.request.demands import Demands, OldRelease
from rehearse.request.request import Request
from rehearse.stages import embedded

HAZARDS = SAMPLES / "hazards"
WARNS_ONLY = {
    "constraint-unproven",
    "default-dropped",
    "disk-headroom",
    "enum-value-gone",
    "error-swallowed",
    "foreign-key-without-index",
    "insert-refused",
    "interface-changed",
    "key-dropped",
    "lock-timeout-missing",
    "lock-upgraded",
    "name-changed",
    "no-way-back",
    "rows-locked",
    "setting-needs-restart",
    "several-heads",
    "tables-locked-together",
    "timeout-too-short",
    "type-changed",
}
NOTES_ONLY = {"duplicate-index", "not-rerunnable", "statistics-lost"}
SIZED = {"disk-headroom": 20_000}  # times the sample's size: what it takes for the check to speak


def played(server: Server, database: str, name: str) -> Mapping[str, Report]:
    """Play both halves of a sample: on one stage, unless a half brings settings for its server."""
    _fill(server.dsn(database), HAZARDS / name / "before.sql")
    requests = {half: _request(server, database, HAZARDS / name / half) for half in ("unsafe", "safe")}
    if any(request.settings for request in requests.values()):
        found = {half: rehearse(request, silent) for half, request in requests.items()}
    else:
        found = _on_one_stage(requests)
    return {half: at_size(report, SIZED[name]) if name in SIZED else report for half, report in found.items()}


def _request(server: Server, database: str, directory: Path) -> Request:
    fragment = directory / "postgresql.conf"
    return Request(
        source=server.dsn(database),
        plan=_plan(directory),
        sampling=SampleRules(rows=1_000_000),
        settings=wanted(fragment, ()) if fragment.exists() else (),
        demands=_demands(directory.parent / "with"),
    )


def _demands(directory: Path) -> Demands | None:
    """Return what a sample's rehearse.toml asks of the stage; what it runs lies beside it."""
    if not directory.is_dir():
        return None
    configuration = load(directory / "rehearse.toml", directory, {})
    project = MigrationPlan(tool="none", directory=directory)
    command = shlex.split(configuration.migrations.old_release_command or "")
    old = OldRelease(told="v1", command=tuple(command), project=project) if command else None
    return Demands(project=project, checks=configuration.checks, old_release=old)


def _on_one_stage(requests: Mapping[str, Request]) -> Mapping[str, Report]:
    found, now = {}, datetime.now(UTC)
    with tempfile.TemporaryDirectory() as directory:
        snapshot = take_snapshot(next(iter(requests.values())), Path(directory) / "snapshot", silent)
        with embedded.raise_stage(snapshot, silent) as stage:
            for half, request in requests.items():
                rehearsal = rehearse_on(stage, request, snapshot, Occasion(started=now, progress=silent))
                found[half] = judged(rehearsal, request.policy, now.date())
                stage.reset()
    return found


def silent(_doing: str) -> None:
    """Tell nobody."""


def at_size(report: Report, times: int) -> Report:
    """Judge what was rehearsed as if production were so many times as large as the sample."""
    facts = report.rehearsal.facts
    tables = tuple(
        replace(
            found,
            rows=None if found.rows is None else found.rows * times,
            heap_bytes=found.heap_bytes * times,
            index_bytes=found.index_bytes * times,
            total_bytes=found.total_bytes * times,
        )
        for found in facts.tables
    )
    counts = tuple(
        replace(found, production=None if found.production is None else found.production * times)
        for found in report.rehearsal.row_counts
    )
    rehearsal = replace(report.rehearsal, facts=replace(facts, tables=tables), row_counts=counts)
    weighed = Evidence(rehearsal=rehearsal, policy=Policy(), predictions=forecast.predict(rehearsal, Policy()))
    findings, crashed = registry.run_checks(weighed)
    return judge.judge(weighed, findings, crashed, date(2026, 11, 24))


def raised(report: Report) -> set[str]:
    return {found.check for found in report.findings if found.severity is not Severity.NOTE}


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
def test_the_unsafe_half_raises_exactly_its_own_check_and_the_safe_half_nothing(
    server: Server, database: str, name: str, tmp_path: Path
):
    reports = played(server, database, name)
    unsafe, safe = reports["unsafe"], reports["safe"]

    assert runs.load(runs.keep(unsafe, tmp_path / name))[1] == unsafe  # nothing is lost on the way to the disk and back
    assert raised(unsafe) == ({name} - NOTES_ONLY)
    assert name in {found.check for found in unsafe.findings}
    assert unsafe.verdict is (Verdict.SAFE if name in WARNS_ONLY | NOTES_ONLY else Verdict.UNSAFE)
    assert [found.message for found in safe.findings if found.severity is not Severity.NOTE] == []
    assert name not in NOTES_ONLY & {found.check for found in safe.findings}
    assert safe.verdict is Verdict.SAFE, safe.reasons
