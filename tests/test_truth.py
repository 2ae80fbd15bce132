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
# what precision and recall are told of: the step blocks for long, or fails
SERIOUS = frozenset(
    {"blocking-index-build", "blocking-validation", "long-blocking-lock", "rows-locked", "step-failed", "table-rewrite"}
)
CASES = cases()
GROUNDS = {15: "ground15", 18: "ground18"}


def plays(*, older_at: int = 1) -> list[ParameterSet]:
    """Return every case on every version it is meant for; on the older one each n-th, and all that are its own."""
    return [
        pytest.param(version, case, id=f"{case.row}-{case.name}-{version}")
        for version in GROUNDS
        for number, case in enumerate(CASES)
        if case.since <= version <= case.until
        and (version == max(GROUNDS) or number % older_at == 0 or case.until < max(GROUNDS))
    ]


@pytest.fixture(scope="module")
def ground15(server15: Server) -> Iterator[Ground]:
    """The common tables on a PostgreSQL 15."""
    with prepared(server15) as found:
        yield found


@pytest.fixture(scope="module")
def ground18(server: Server) -> Iterator[Ground]:
    """The common tables on the embedded server."""
    with prepared(server) as found:
        yield found


@pytest.fixture
def ground(request: pytest.FixtureRequest) -> Ground:
    """The common tables on the server of a version, made once: what is parametrized would be made for each case."""
    found: Ground = request.getfixturevalue(GROUNDS[request.param])
    return found


@pytest.mark.parametrize(("ground", "case"), plays(older_at=3), indirect=["ground"])
def test_what_is_found_is_true(ground: Ground, case: Case, record_property: Callable[[str, object], None]):
    _judge(ground.play(case, ROWS), case, record_property)


@pytest.mark.large
@pytest.mark.parametrize(("ground", "case"), plays(), indirect=["ground"])
def test_what_is_found_among_many_rows_is_true(
    ground: Ground, case: Case, record_property: Callable[[str, object], None]
):
    _judge(ground.play(case, MANY_ROWS), case, record_property)


def _judge(report: Report, case: Case, record_property: Callable[[str, object], None]) -> None:
    weighty = [each for each in report.findings if each.severity is not Severity.NOTE]
    found = {_told(each) for each in weighty}
    record_property("truth", (f"{case.row} {case.name}", _serious(case.findings), _serious(found), case.is_silent))

    assert sorted(found) == sorted(case.findings), "\n".join(each.message for each in weighty)
    assert report.verdict is case.verdict, report.reasons


def _told(finding: Finding) -> str:
    """Return a finding as the cases write it; of a step that failed the SQLSTATE matters, not the file."""
    what = finding.evidence["sqlstate"] if finding.check == "step-failed" else finding.object
    return f"{finding.severity.value} {finding.check} {str(what).removeprefix('public.')}"


def _serious(findings: object) -> bool:
    assert isinstance(findings, set | frozenset)
    return any(found.startswith("block ") and found.split()[1] in SERIOUS for found in findings)


def test_the_cases_are_many_distinct_and_often_silent():
    names = Counter((case.row, case.name) for case in CASES)

    assert [name for name, times in names.items() if times > 1] == []
    assert len(CASES) >= 240
    assert sum(case.is_silent for case in CASES) >= 100


def test_the_serious_checks_exist():
    assert set(registry.checks()) >= SERIOUS
