"""`rehearse doctor`: what is here, what will be used, and why."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from rehearse.cli.options import ConfigFile
from rehearse.cli.progress import progress
from rehearse.errors import RehearseError


def command(
    source: str = typer.Option("", "--from", help="Production, to choose its major version for the stage."),
    config: ConfigFile = None,
) -> None:
    """Show which PostgreSQL programs were found, which will be used and why, and whether a server starts."""
    from rehearse.config import load  # noqa: PLC0415 - slow to import
    from rehearse.engine.survey import survey  # noqa: PLC0415 - slow to import

    configuration = load(config, Path.cwd(), os.environ)
    with progress() as tell:
        tell("starting a server")
        found = survey(_major(source), use=configuration.engine.use, bin_dir=configuration.engine.bin_dir)
    for binaries in found.found:
        typer.echo(f"found     PostgreSQL {binaries.version:<6} {binaries.bin_dir} ({binaries.origin})")
    chosen = found.choice.binaries
    typer.echo(f"stage     PostgreSQL {chosen.version}, because {found.choice.why}")
    typer.echo(f"account   servers run as {found.account}, from clusters cached in {found.cache}")
    if found.swept:
        typer.echo(f"swept     {len(found.swept)} left by runs that were killed")
    shut_in = (
        "into an empty network namespace, with other sockets hidden" if found.isolation else "in by driver guards only"
    )
    typer.echo(f"isolation migrations are shut {shut_in}")
    if found.failure is not None:
        raise RehearseError(f"A server does not start: {found.failure}", "Look at the lines above.")
    typer.echo(f"ready     a server started in {found.start_seconds:.2f} s")


def _major(source: str) -> int | None:
    """Return the major version of a source that was named."""
    if not source:
        return None
    from rehearse.db.connect import connect_source  # noqa: PLC0415 - slow to import

    with connect_source(source) as connection:
        return connection.info.server_version // 10000
