"""Removing snapshots and runs past their retention: `rehearse snapshot --prune`, `rehearse history --prune`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import typer

from rehearse.errors import RequestError
from rehearse.model.retention import Retention


class NoRetention(RequestError):
    """Nothing says which snapshots may go."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing says how long snapshots are kept.",
            'Add --keep N or --older-than 30d, or write keep = 5 or max_age = "30d" under [snapshot].',
        )


def prune(directory: Path, *, keep: int | None, older_than: str | None, dry_run: bool, config: Path | None) -> None:
    """Remove what is beyond the retention, or only say what would be removed."""
    from rehearse import archive  # noqa: PLC0415 - only now needed

    retention = _retention(keep, older_than, config)
    found = archive.prunable(directory, retention, datetime.now(UTC))
    for each in found:
        if not dry_run:
            archive.remove(each)
        typer.echo(f"{'Would remove' if dry_run else 'Removed'} {each.path}: {each.why}.")
    if not found:
        typer.echo(f"Nothing to remove in {directory}.")


def prune_runs(*, keep: int | None, older_than: str | None, dry_run: bool, config: Path | None) -> None:
    """Remove the runs of a project that are beyond the retention, or only say which would be removed."""
    from rehearse import runs  # noqa: PLC0415 - only now needed
    from rehearse.config import load  # noqa: PLC0415 - as above

    configuration = load(config, Path.cwd(), os.environ)
    given = _given(keep, older_than)
    retention = configuration.runs_kept if given.is_endless else given
    home = runs.home(configuration.file, Path.cwd())
    found = runs.prunable(home, retention, configuration.policy.admission.max_age, datetime.now(UTC))
    for each in found:
        if not dry_run:
            runs.remove(each)
        typer.echo(f"{'Would remove' if dry_run else 'Removed'} {each.path}: {each.why}.")
    if not found:
        typer.echo(f"Nothing to remove in {runs.runs_in(home)}.")


def _retention(keep: int | None, older_than: str | None, config: Path | None) -> Retention:
    """Return the retention of the flags, else of the configuration; raises NoRetention."""
    from rehearse.config import load  # noqa: PLC0415 - only now needed

    given = _given(keep, older_than)
    found = load(config, Path.cwd(), os.environ).retention if given.is_endless else given
    if found.is_endless:
        raise NoRetention
    return found


def _given(keep: int | None, older_than: str | None) -> Retention:
    from rehearse.config import parse_duration  # noqa: PLC0415 - only now needed

    return Retention(keep=keep, max_age=None if older_than is None else parse_duration(older_than))
