"""`rehearse drift`: whether two environments have the same schema."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.options import ConfigFile
from rehearse.cli.output import Format, width
from rehearse.cli.progress import progress

if TYPE_CHECKING:
    from rehearse.model.drift import Drift

_SIDE = "An environment of rehearse.toml, a PostgreSQL URL, service=NAME or a snapshot directory."


def command(
    first: Annotated[str, typer.Argument(metavar="A", help=_SIDE)],
    other: Annotated[str, typer.Argument(metavar="B", help="What it is compared with; as A.")],
    *,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help='What may differ, as "grant.*" or "index.public.orders_*"; may be given several times.'),
    ] = None,
    wanted: Annotated[Format, typer.Option("--format", help="text for people, json for machines.")] = Format.TEXT,
    config: ConfigFile = None,
) -> None:
    """Compare two schemas: every object, from tables and columns to grants, policies and comments.

    Exit code: 0 equal, 1 different, 2 the request was wrong, 3 a side could not be read.
    """
    from rehearse.compare.catalogs import catalogs  # noqa: PLC0415 - drivers are slow to import
    from rehearse.compare.environments import named  # noqa: PLC0415 - as above
    from rehearse.config import load  # noqa: PLC0415 - as above
    from rehearse.diff.drift import compare  # noqa: PLC0415 - as above

    configuration = load(config, Path.cwd(), os.environ)
    sides = named([first, other], configuration)
    with progress() as tell:
        tell(f"reading {sides[0].name} and {sides[1].name}")
        left, right = catalogs(sides)
    drift = compare(left, right, (*configuration.drift.ignore, *(ignore or ())))
    _show(drift, wanted)
    raise typer.Exit(drift.status.exit_code)


def _show(drift: Drift, wanted: Format) -> None:
    from rehearse.reports.drift import json, text  # noqa: PLC0415 - only now needed

    if wanted is Format.JSON:
        typer.echo(json.render(drift))
        return
    typer.echo(text.render(drift, width=width()), nl=False)
