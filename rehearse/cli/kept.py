"""The run that a command is about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearse.model.report import Report


def kept_run(run: str, config: Path | None) -> tuple[Path, Report]:
    """Open a run of the project by what a person calls it; return its directory and its report.

    Raises NoRuns, UnknownRun, RunDamaged, RunTooNew and ConfigurationError.
    """
    from rehearse import runs  # noqa: PLC0415 - a report knows every noun, and --help must not wait
    from rehearse.config import load  # noqa: PLC0415 - as above

    directory = runs.directory_of(run, runs.home(load(config, Path.cwd(), os.environ).file, Path.cwd()))
    return directory, runs.load(directory)[1]
