"""Real servers for the tests: one embedded, one of Debian's PostgreSQL 15 where it is installed."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from grounds import Ground, grown
from truth.ground import Ground as Common
from truth.ground import prepared

from rehearse.engine.binaries import find_all, resolve
from rehearse.engine.server import Server, running

gc.set_threshold(100_000, 20, 20)  # as in rehearse.__main__


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """An embedded server with the settings of a stage."""
    with running(resolve(None, use="embedded").binaries) as started:
        yield started


@pytest.fixture(scope="session")
def server15() -> Iterator[Server]:
    """A PostgreSQL 15, the older production."""
    found = next((binaries for binaries in find_all() if binaries.major == 15), None)
    if found is None:
        pytest.skip("PostgreSQL 15 is not installed here (Debian: postgresql-15)")
    with running(found) as started:
        yield started


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The name of a fresh, empty database on the embedded server."""
    with _fresh(server) as name:
        yield name


@pytest.fixture
def database15(server15: Server) -> Iterator[str]:
    """The name of a fresh, empty database on the PostgreSQL 15."""
    with _fresh(server15) as name:
        yield name


@pytest.fixture(params=["server", "server15"])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    """A stage with tables, on either server."""
    with grown(request.getfixturevalue(request.param)) as found:
        yield found


@pytest.fixture(scope="session")
def common15(server15: Server) -> Iterator[Common]:
    """What cases of the truth table share, on a PostgreSQL 15."""
    with prepared(server15) as found:
        yield found


@pytest.fixture(scope="session")
def common18(server: Server) -> Iterator[Common]:
    """What cases of the truth table share, on the embedded server."""
    with prepared(server) as found:
        yield found


@contextmanager
def _fresh(server: Server) -> Iterator[str]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
    yield name
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def pytest_collection_finish() -> None:
    """Take what was collected out of the search for garbage: it stays to the end, and looking through it takes long."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how often the checks were right about the cases of `test_truth`; each report carries its own."""
    reports = (report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ()))
    told = [value for report in reports for name, value in report.user_properties if name == "truth"]
    if told:
        right = sum(1 for _, expected, found, _ in told if expected and found)
        precision = right / max(1, sum(1 for _, _, found, _ in told if found))
        recall = right / max(1, sum(1 for _, expected, _, _ in told if expected))
        silent = {name for name, _, _, is_silent in told if is_silent}
        terminalreporter.write_line(
            f"truth: {len({name for name, *_ in told})} cases, {len(silent)} silent; precision {precision:.3f}, recall "
            f"{recall:.3f} on long-blocking/failing ({len(told)} plays)"
        )
