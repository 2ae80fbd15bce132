"""`rehearse history`: what was rehearsed so far."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rehearse.cli import pruning
from rehearse.cli.options import ConfigFile
from rehearse.cli.output import Format


def command(
    *,
    most: Annotated[int, typer.Option("-n", "--most", min=1, help="So many of the newest runs.")] = 20,
    prune: Annotated[bool, typer.Option("--prune", help="List none: remove those past their retention.")] = False,
    keep: Annotated[int | None, typer.Option(min=1, help="--prune: keep so many of each source.")] = None,
    older_than: Annotated[str | None, typer.Option(help='--prune: remove those older than, say, "90d".')] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="--prune: only say what would be removed.")] = False,
    wanted: Annotated[Format, typer.Option("--format", help="text for people, json for machines.")] = Format.TEXT,
    config: ConfigFile = None,
) -> None:
    """List the runs that were kept: verdicts, durations, how production's schema moved between them.

    Where `rehearse observe` recorded what production really took, the forecasts are set beside it.

    --prune keeps what [runs] says, else the newest 200 of each source, and every run whose pass may still be asked for.
    """
    if prune:
        pruning.prune_runs(keep=keep, older_than=older_than, dry_run=dry_run, config=config)
        return
    from rehearse import runs  # noqa: PLC0415 - a run knows every noun, and --help must not wait
    from rehearse.config import load  # noqa: PLC0415 - as above
    from rehearse.reports.history import json, text  # noqa: PLC0415 - as above
    from rehearse.runs.history import history  # noqa: PLC0415 - as above

    found = history(runs.home(load(config, Path.cwd(), os.environ).file, Path.cwd()), most)
    typer.echo(json.render(found) if wanted is Format.JSON else text.render(found).removesuffix("\n"))
