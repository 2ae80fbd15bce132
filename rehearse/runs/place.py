"""Where a project keeps its runs."""

from __future__ import annotations

from pathlib import Path

_HOME = ".rehearse"


def home(configuration: Path | None, start: Path) -> Path:
    """Return the folder beside the configuration file, or the one of a directory where there is no such file."""
    return (start.absolute() if configuration is None else configuration.absolute().parent) / _HOME


def runs_in(home: Path) -> Path:
    return home / "runs"
