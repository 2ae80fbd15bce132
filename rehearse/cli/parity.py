"""`rehearse parity`: whether servers are the same, apart from their data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.options import ConfigFile
from rehearse.cli.output import Format, width
from rehearse.cli.progress import progress

if TYPE_CHECKING:
    from rehearse.model.parity import Parity


def command(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Two or more: environments of rehearse.toml, PostgreSQL URLs, service=NAME or snapshot directories.",
            metavar="A B [C ...]",
        ),
    ],
    *,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help='What may differ, as "setting.work_mem" or "role.*"; may be given several times.'),
    ] = None,
    wanted: Annotated[Format, typer.Option("--format", help="text for people, json for machines.")] = Format.TEXT,
    config: ConfigFile = None,
) -> None:
    """Compare servers: version, settings, extensions, collations, roles, privileges, replication, jobs.

    Exit code: 0 equal, 1 different, 2 the request was wrong, 3 something could not be established.
    """
    from rehearse.compare.environments import named  # noqa: PLC0415 - as above
    from rehearse.compare.parity import read_sides  # noqa: PLC0415 - drivers are slow to import
    from rehearse.config import load  # noqa: PLC0415 - as above
    from rehearse.diff.parity import compare  # noqa: PLC0415 - as above

    configuration = load(config, Path.cwd(), os.environ)
    sides = named(names, configuration)
    with progress() as tell:
        tell(f"reading {', '.join(side.name for side in sides)}")
        readings = read_sides(sides, os.urandom(32))
    parity = compare(readings, (*configuration.parity.ignore, *(ignore or ())))
    _show(parity, wanted)
    raise typer.Exit(parity.status.exit_code)


def _show(parity: Parity, wanted: Format) -> None:
    from rehearse.reports.parity import json, text  # noqa: PLC0415 - only now needed

    if wanted is Format.JSON:
        typer.echo(json.render(parity))
        return
    typer.echo(text.render(parity, width=width()), nl=False)
