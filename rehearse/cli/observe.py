"""`rehearse observe`: record what production's migration really took."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.options import ConfigFile
from rehearse.cli.output import Format
from rehearse.cli.progress import progress

if TYPE_CHECKING:
    from rehearse.config import Configuration
    from rehearse.model.observation import Observation
    from rehearse.model.report import Report


def command(
    environment: Annotated[str, typer.Argument(help="An environment of rehearse.toml, or its URL.")] = "production",
    *,
    run: Annotated[str, typer.Option(help="The run that is released: its id, its directory, or last.")] = "last",
    log: Annotated[
        Path | None,
        typer.Option(help="Its log (jsonlog, csvlog or stderr) after the release; nothing is asked then."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="How many seconds the release is waited for.")] = 3600,
    interval: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks at production.")] = 0.2,
    wanted: Annotated[Format, typer.Option("--format", help="text for people, json for machines.")] = Format.TEXT,
    config: ConfigFile = None,
) -> None:
    """Record what production's migration really took, beside what was told; `rehearse history` shows it.

    Either start it before the release: it looks at what the migration tool records, and at the locks on the run's
    tables, a few times a second. Or give it production's log afterwards.
    """
    from rehearse import runs  # noqa: PLC0415 - drivers are slow to import
    from rehearse.config import load  # noqa: PLC0415 - as above
    from rehearse.reports.history import json, text  # noqa: PLC0415 - as above

    configuration = load(config, Path.cwd(), os.environ)
    directory = runs.directory_of(run, runs.home(configuration.file, Path.cwd()))
    report = runs.load(directory)[1]
    if log is not None:
        found = _by_log(report, log)
    else:
        found = _watched(report, environment, configuration, timedelta(seconds=timeout), timedelta(seconds=interval))
    runs.keep_observation(found, directory)
    typer.echo(json.observed(found) if wanted is Format.JSON else text.observed(found).removesuffix("\n"))


def _by_log(report: Report, log: Path) -> Observation:
    from rehearse.observing import by_log, read  # noqa: PLC0415 - as above

    return by_log(report, read(log), log.name)


def _watched(
    report: Report, environment: str, configuration: Configuration, patience: timedelta, interval: timedelta
) -> Observation:
    from rehearse.compare.environments import NothingToRead  # noqa: PLC0415 - as above
    from rehearse.observing import watch  # noqa: PLC0415 - as above

    url = environment
    if environment in configuration.environments or ("://" not in environment and "=" not in environment):
        found = configuration.environment(environment).url
        if found is None:
            raise NothingToRead(environment)
        url = found
    with progress() as tell:
        return watch(report, url, patience=patience, interval=interval, progress=tell)
