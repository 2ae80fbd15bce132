"""The pytest plugin: a fixture that rehearses the pending migrations, and a test that passes when they are safe.

A project whose gate is its test suite imports the test where pytest collects it:

    from rehearse.testing import test_pending_migrations_are_safe

What is rehearsed, and from what, rehearse.toml says; or the ini option `rehearse_from`, or --rehearse-from.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # pytest loads this in every project of the environment, whether it rehearses or not
    from rehearse.model.report import Report

__all__ = ["test_pending_migrations_are_safe"]

_FROM = "rehearse_from"
_CONFIG = "rehearse_config"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    source = "What the `rehearsal` fixture rehearses from: a PostgreSQL URL, an environment or a snapshot."
    config = "The rehearse.toml of the `rehearsal` fixture (default: the nearest one from the root directory)."
    group = parser.getgroup("rehearse", "rehearsal of database migrations")
    group.addoption("--rehearse-from", metavar="SOURCE", help=source)
    group.addoption("--rehearse-config", metavar="FILE", help=config)
    parser.addini(_FROM, source, default="")
    parser.addini(_CONFIG, config, default="")


@pytest.fixture(scope="session")
def rehearsal(pytestconfig: pytest.Config) -> Report:
    """Rehearse the pending migrations, once a session; keep the run and return its report.

    What is wrong with the request, the source or the stage fails the test with its sentence.
    """
    from rehearse.errors import RehearseError  # noqa: PLC0415 - most sessions rehearse nothing
    from rehearse.gate import issuing  # noqa: PLC0415 - as above
    from rehearse.model.signature import Key  # noqa: PLC0415 - as above
    from rehearse.rehearsal.story import rehearse  # noqa: PLC0415 - as above
    from rehearse.request.asked import Asked  # noqa: PLC0415 - as above
    from rehearse.request.composition import compose  # noqa: PLC0415 - as above

    root, config = pytestconfig.rootpath, _said(pytestconfig, _CONFIG)
    asked = Asked(source=_said(pytestconfig, _FROM), config=root / config if config else None)
    started_in = Path.cwd()
    os.chdir(root)  # where a person would call `rehearse run`
    try:
        wish = compose(asked)
        report = rehearse(wish, _silent)
        assert wish.home is not None
        issuing.keep(report, wish.plan, wish.home, Key.of(os.environ))
    except RehearseError as error:
        pytest.fail(f"rehearse: {error}", pytrace=False)
    finally:
        os.chdir(started_in)
    return report


def test_pending_migrations_are_safe(rehearsal: Report) -> None:
    """Fail with the report unless the verdict is safe: undecided is neither safe nor unsafe."""
    from rehearse.model.report import Verdict  # noqa: PLC0415 - as above
    from rehearse.reports import text  # noqa: PLC0415 - as above

    if rehearsal.verdict is not Verdict.SAFE:
        pytest.fail(text.render(rehearsal), pytrace=False)


def _said(config: pytest.Config, name: str) -> str | None:
    """Return what the command line says, else what the ini file does."""
    return config.getoption(name) or config.getini(name) or None


def _silent(_doing: str) -> None:
    """Tell nobody: pytest has the terminal."""
