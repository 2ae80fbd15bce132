"""`rehearse snapshot`: a sanitised sample of production, on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rehearse.cli.classification import classify
from rehearse.cli.options import ConfigFile, Rows
from rehearse.cli.progress import progress
from rehearse.errors import RequestError


def command(
    source: Annotated[
        str, typer.Argument(help="A PostgreSQL URL, service=NAME, or an environment of rehearse.toml.")
    ] = "production",
    *,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The directory to make.")] = None,
    rows: Rows = None,
    config: ConfigFile = None,
    classified: Annotated[
        bool, typer.Option("--classify", help="Only say what every column holds and what would be done to it.")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option("--write", help="With --classify: write a [sanitise.columns] block to review; - is stdout."),
    ] = None,
) -> None:
    """Take a snapshot: schema, facts and a masked sample. Production is only read."""
    from rehearse.request import Asked, snapshot_request  # noqa: PLC0415 - drivers are slow to import
    from rehearse.run import take_snapshot  # noqa: PLC0415 - as above

    asked = Asked(source=source, rows=rows, config=config)
    if classified:
        classify(snapshot_request(asked), write)
        return
    if output is None or write is not None:
        raise RequestError(
            "A snapshot needs a directory to be written to." if output is None else "--write goes with --classify.",
            "Name the directory with -o, or use --classify, which copies nothing.",
        )
    with progress() as tell:
        taken = take_snapshot(snapshot_request(asked), output, tell)
    manifest = taken.manifest
    masked = sum(1 for treatment in manifest.treatments if not treatment.is_clear)
    typer.echo(
        f"Wrote {output}: {len(manifest.samples)} tables, {sum(sample.rows for sample in manifest.samples):,} rows, "
        f"{masked} of {len(manifest.treatments)} columns masked."
    )
    if manifest.coverage:
        kinds = sum(len(covered.present) for covered in manifest.coverage)
        typer.echo(f"Edge rows: {kinds:,} kinds of values of {len(manifest.coverage):,} columns of sampled tables.")
    for note in manifest.notes:
        typer.echo(f"- {note}")
    typer.echo(f"Next: rehearse run --from {output}")
