"""Every hazard that catalog, data or execution decides is found, and nothing else, on both versions of PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from _pytest.mark import ParameterSet
from truth import cases
from truth.case import Case
from truth.ground import Ground, prepared

from rehearse import registry
from rehearse.engine.server import Server
from rehearse.model.finding import Finding, Severity
from rehearse.model.report import Report

ROWS, MANY_ROWS = 2_000, 200_000
# the checks the cases were written for; what others find is not compared
JUDGED = frozenset(
    {
        "blocking-index-build",
        "blocking-validation",
        "column-dropped",
        "lock-timeout-missing",
        "long-blocking-lock",
        "name-changed",
        "rows-locked",
        "rows-lost",
        "step-failed",
        "table-dropped",
        "table-rewrite",
        "tables-locked-together",
    }
)
# what precision and recall are told of: the step blocks for long, or fails
SERIOUS = frozenset(
    {"blocking-index-build", "blocking-validation", "long-blocking-lock", "rows-locked", "step-failed", "table-rewrite"}
)
CASES = cases()
SERVERS = {15: "server15", 18: "server"}


def plays(rows: int) -> list[ParameterSet]:
    """Return every case on every version it is meant for."""
    return [
        pytest.param((version, rows), case, id=f"{case.row}-{case.name}-{version}")
        for version in SERVERS
        for case in CASES
        if case.since <= version <= case.until
    ]


@pytest.fixture(scope="session")
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    """The common tables on a server of a version, with so many rows."""
    version, rows = request.param
    server: Server = request.getfixturevalue(SERVERS[version])
    with prepared(server, rows) as found:
        yield found


@pytest.mark.parametrize(("ground", "case"), plays(ROWS), indirect=["ground"])
def test_what_is_found_is_true(ground: Ground, case: Case, record_property: Callable[[str, object], None]):
    _judge(ground.play(case), case, record_property)


@pytest.mark.large
@pytest.mark.parametrize(("ground", "case"), plays(MANY_ROWS), indirect=["ground"])
def test_what_is_found_among_many_rows_is_true(
    ground: Ground, case: Case, record_property: Callable[[str, object], None]
):
    _judge(ground.play(case), case, record_property)


def _judge(report: Report, case: Case, record_property: Callable[[str, object], None]) -> None:
    weighty = [each for each in report.findings if each.severity is not Severity.NOTE]
    judged = [each for each in weighty if each.check in JUDGED]
    others = {each.check for each in weighty if each.severity is Severity.BLOCK} - JUDGED
    found = {_told(each) for each in judged}
    record_property("truth", (_serious(case.findings), _serious(found), case.is_silent))

    assert sorted(found) == sorted(case.findings), "\n".join(each.message for each in judged)
    assert report.verdict is case.verdict or others, report.reasons


def _told(finding: Finding) -> str:
    """Return a finding as the cases write it; of a step that failed the SQLSTATE matters, not the file."""
    what = finding.evidence["sqlstate"] if finding.check == "step-failed" else finding.object
    return f"{finding.severity.value} {finding.check} {str(what).removeprefix('public.')}"


def _serious(findings: object) -> bool:
    assert isinstance(findings, set | frozenset)
    return any(found.startswith("block ") and found.split()[1] in SERIOUS for found in findings)


def test_no_two_cases_have_one_name():
    names = Counter((case.row, case.name) for case in CASES)

    assert [name for name, times in names.items() if times > 1] == []


def test_the_checks_that_are_judged_exist():
    assert set(registry.checks()) >= JUDGED
    assert JUDGED >= SERIOUS
