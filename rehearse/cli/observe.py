"""`rehearse observe`: record what production's migration really took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.kept import kept_run
from rehearse.cli.options import ConfigFile
from rehearse.cli.output import Format
from rehearse.cli.progress import progress
from rehearse.errors import RehearseError, RequestError

if TYPE_CHECKING:
    from rehearse.model.observation import Observation
    from rehearse.model.report import Report
    from rehearse.observing import Watcher

_NO_SUCH_PROGRAM = 127  # as a shell says it


class OneWay(RequestError):
    """A log tells of a release that is over."""

    def __init__(self) -> None:
        super().__init__("--log tells of a release that is over, a command begins one.", "Give one of them.")


def command(
    environment: Annotated[str, typer.Argument(help="An environment of rehearse.toml, or its URL.")] = "production",
    release: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND ...]", help="What releases; without it a release is waited for."),
    ] = None,
    *,
    run: Annotated[str, typer.Option(help="The run that is released: its id, its directory, or last.")] = "last",
    log: Annotated[
        Path | None, typer.Option(help="Its log (jsonlog, csvlog or stderr) after the release; nothing is asked then.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="How many seconds a release is waited for.")] = 3600,
    interval: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks at production.")] = 0.2,
    wanted: Annotated[Format, typer.Option("--format", help="text for people, json for machines.")] = Format.TEXT,
    config: ConfigFile = None,
) -> None:
    """Record what production's migration really took, beside what was told; `rehearse history` shows it.

    `rehearse observe production -- alembic upgrade head` releases and watches: what the migration tool records, and
    the locks on the run's tables, are looked at a few times a second. The exit code is the command's, whatever became
    of the watching. Without a command somebody else's release is waited for; with --log one is read that is over.
    """
    pause = timedelta(seconds=interval)
    if release:
        if log is not None:
            raise OneWay
        raise typer.Exit(_released(release, environment, run, config, pause, wanted))
    directory, report = kept_run(run, config)
    if log is not None:
        _record(_by_log(report, log), directory, wanted)
        return
    until = time.monotonic() + timeout
    with _watcher(report, environment, config, pause) as watcher, progress() as tell:
        found = watcher.until(lambda: time.monotonic() > until, tell)
    _record(found, directory, wanted)


def _released(
    release: list[str], environment: str, run: str, config: Path | None, pause: timedelta, wanted: Format
) -> int:
    """Run the command and return its exit status; that it could not be watched must not stop a release."""
    watcher = directory = None
    try:
        directory, report = kept_run(run, config)
        watcher = _watcher(report, environment, config, pause)
    except RehearseError as error:
        typer.echo(f"rehearse: the release is not observed. {error}", err=True)
    try:
        process = subprocess.Popen(release, stdout=sys.stderr)
    except OSError as error:
        typer.echo(f"rehearse: {release[0]} could not be run: {error.strerror}.", err=True)
        return _NO_SUCH_PROGRAM
    if watcher is not None and directory is not None:
        try:
            with watcher:
                _record(watcher.until(lambda: process.poll() is not None, _silent), directory, wanted)
        except RehearseError as error:
            typer.echo(f"rehearse: {error}", err=True)
    return process.wait()


def _watcher(report: Report, environment: str, config: Path | None, pause: timedelta) -> Watcher:
    from rehearse.compare.environments import NothingToRead, named  # noqa: PLC0415 - drivers are slow to import
    from rehearse.config import load  # noqa: PLC0415 - as above
    from rehearse.observing import Watcher  # noqa: PLC0415 - as above

    (found,) = named((environment,), load(config, Path.cwd(), os.environ))
    if found.url is None:
        raise NothingToRead(environment)
    return Watcher(report, found.url, pause)


def _by_log(report: Report, log: Path) -> Observation:
    from rehearse.observing import by_log, read  # noqa: PLC0415 - as above

    return by_log(report, read(log), log.name)


def _record(found: Observation, directory: Path, wanted: Format) -> None:
    from rehearse import runs  # noqa: PLC0415 - as above
    from rehearse.reports.history import json, text  # noqa: PLC0415 - as above

    runs.keep_observation(found, directory)
    typer.echo(json.observed(found) if wanted is Format.JSON else text.observed(found).removesuffix("\n"))


def _silent(_doing: str) -> None:
    """Tell nothing: the release has the terminal."""
