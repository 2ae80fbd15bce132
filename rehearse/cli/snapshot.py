"""`rehearse snapshot`: a sanitised sample of production, on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rehearse.cli.options import ConfigFile, Rows
from rehearse.cli.progress import progress


def command(
    source: Annotated[
        str, typer.Argument(help="A PostgreSQL URL, service=NAME, or an environment of rehearse.toml.")
    ] = "production",
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory to make.")],
    rows: Rows = None,
    config: ConfigFile = None,
) -> None:
    """Take a snapshot: schema, facts and a masked sample. Production is only read."""
    from rehearse.request import Asked, snapshot_request  # noqa: PLC0415 - drivers are slow to import
    from rehearse.run import take_snapshot  # noqa: PLC0415 - as above

    asked = Asked(source=source, rows=rows, config=config)
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
        typer.echo(
            f"Edge rows: {kinds:,} kinds of {len(manifest.coverage):,} columns, keys and partitions of sampled tables."
        )
    for note in manifest.notes:
        typer.echo(f"- {note}")
    typer.echo(f"Next: rehearse run --from {output}")
