"""`rehearse snapshot`: a sanitised sample of production, on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli import pruning
from rehearse.cli.classification import classify
from rehearse.cli.options import ConfigFile, Rows
from rehearse.cli.output import width
from rehearse.cli.progress import progress
from rehearse.errors import RequestError

if TYPE_CHECKING:
    from rehearse.request.request import Request


class NoOutput(RequestError):
    """A snapshot has to be put somewhere."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing says where the snapshot is to be written.", "Add -o DIRECTORY, or --plan to look first."
        )


def command(
    source: Annotated[
        str, typer.Argument(help="A PostgreSQL URL, service=NAME, or an environment of rehearse.toml.")
    ] = "production",
    *,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The directory to make.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what it would keep and cost; no row is read.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="--plan: also print each COPY as it would be sent.")] = False,
    rows: Rows = None,
    prune: Annotated[
        Path | None, typer.Option(help="Take none: remove those in this directory that are past their retention.")
    ] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="--prune: keep so many of each source.")] = None,
    older_than: Annotated[str | None, typer.Option(help='--prune: remove those older than, say, "30d".')] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="--prune: only say what would be removed.")] = False,
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
    if prune is not None:
        pruning.prune(prune, keep=keep, older_than=older_than, dry_run=dry_run, config=config)
        return
    from rehearse.request.asked import Asked  # noqa: PLC0415 - drivers are slow to import
    from rehearse.request.composition import snapshot_request  # noqa: PLC0415 - drivers are slow to import

    request = snapshot_request(Asked(source=source, rows=rows, config=config))
    if write is not None and not classified:
        raise RequestError("--write goes with --classify.", "Add --classify, which copies nothing.")
    if classified:
        classify(request, write)
    elif plan:
        _plan(request, worded=sql)
    elif output is None:
        raise NoOutput
    else:
        _take(request, output)


def _plan(request: Request, *, worded: bool) -> None:
    from rehearse.rehearsal.groundwork import plan_snapshot  # noqa: PLC0415 - drivers are slow to import
    from rehearse.reports.plan import text  # noqa: PLC0415 - only now needed

    with progress() as tell:
        tell("planning")
        planned = plan_snapshot(request, worded=worded)
    typer.echo(text.render(planned, width=width()), nl=False)


def _take(request: Request, output: Path) -> None:
    from rehearse.rehearsal.groundwork import take_snapshot  # noqa: PLC0415 - drivers are slow to import

    with progress() as tell:
        taken = take_snapshot(request, output, tell)
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
