"""What `rehearse doctor` is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearse.engine import home
from rehearse.engine.account import account
from rehearse.engine.binaries import find_all, resolve
from rehearse.engine.errors import NotBinaries
from rehearse.engine.survey import survey


def test_a_survey_says_what_was_found_what_is_used_and_that_it_starts():
    found = survey(use="embedded")

    assert found.found == find_all()
    assert found.choice == resolve(None, use="embedded")
    assert found.account == account().name
    assert found.cache == home.cache()
    assert found.failure is None
    assert found.start_seconds is not None
    assert 0 < found.start_seconds < 60


def test_a_survey_says_why_a_server_does_not_start(tmp_path: Path):
    for name in ("postgres", "initdb", "pg_dump", "pg_restore", "psql"):
        path = tmp_path / name
        path.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.9'\n[ $1 = --version ]\n")
        path.chmod(0o755)

    found = survey(bin_dir=tmp_path)

    assert found.start_seconds is None
    assert found.failure


def test_a_configured_directory_without_programs_is_refused(tmp_path: Path):
    with pytest.raises(NotBinaries, match="does not hold"):
        survey(bin_dir=tmp_path)
