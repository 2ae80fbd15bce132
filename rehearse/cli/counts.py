"""`rehearse counts`: whether environments hold the same."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.flags import takes
from rehearse.cli.options import ConfigFile
from rehearse.cli.output import width
from rehearse.cli.progress import progress
from rehearse.compare import flags

if TYPE_CHECKING:
    from rehearse.model.counts import Counts
    from rehearse.protocols import CountsFormat

_WIDEST = 160
_TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags(flags.Flags):
    """The flags of `rehearse counts`."""

    names: Annotated[
        list[str],
        typer.Argument(
            help="Environments of rehearse.toml, PostgreSQL URLs, service=NAME or snapshot directories, any number.",
            metavar="A B [C ...]",
        ),
    ]
    tables: Annotated[
        list[str] | None, typer.Option(help='Only these, as "orders" or "sales.*"; several times.', metavar="PATTERN")
    ] = None
    exclude: Annotated[list[str] | None, typer.Option(help="But not these; several times.", metavar="PATTERN")] = None
    views: Annotated[bool, typer.Option("--views", help="Views and materialised views, too.")] = False
    where: Annotated[
        str | None, typer.Option(help="Only rows of which this holds, in tables that have the columns it names.")
    ] = None
    by: Annotated[
        str | None,
        typer.Option(help='Count groups of this column: "status", "created_at" (days) or "created_at:hour".'),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(
            help='Leave out rows written since then, "10min" ago or "2026-11-25 08:00": they may be in flight.'
        ),
    ] = None
    time_columns: Annotated[
        list[str] | None,
        typer.Option("--time-column", help="The column that says when a row was written; the first that is there."),
    ] = None
    tolerance: Annotated[str | None, typer.Option(help='Let counts differ by "0.1%", or by "100" rows.')] = None
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only the planner's estimates, at once; they never prove anything equal.")
    ] = False
    content: Annotated[bool, typer.Option("--content", help="Compare every value of every row, by checksums.")] = False
    locate: Annotated[bool, typer.Option("--locate", help="Compare contents, and find the rows that differ.")] = False
    limit: Annotated[int | None, typer.Option(help="Rows to locate in one table (default 100).", min=1)] = None
    show_keys: Annotated[
        bool, typer.Option("--show-keys", help="Show keys and groups as they are, not masked by the policy.")
    ] = False
    masked: Annotated[
        list[str] | None, typer.Option(help="A side that holds masked values: compare what masks keep.", metavar="SIDE")
    ] = None
    recheck: Annotated[
        str | None, typer.Option(help='Count what differs again after a pause, "5s": rows in flight are told apart.')
    ] = None
    against: Annotated[
        str | None, typer.Option(help='What changed since an earlier count: "last", or a file of .rehearse/counts.')
    ] = None
    jobs: Annotated[int | None, typer.Option(help="Connections to each side (default 2).", min=1, max=16)] = None
    timeout: Annotated[str | None, typer.Option(help='The longest a statement may take (default "15min").')] = None
    wanted: Annotated[str, typer.Option("--format", help="text, json, csv, markdown or html.", metavar="FORMAT")] = (
        _TEXT
    )
    config: ConfigFile = None


@takes(Flags)
def command(words: Flags) -> None:
    """Count the rows of every table in each environment, and say whether they are the same.

    Exit code: 0 equal, 1 different, 2 the request was wrong, 3 something could not be established.
    """
    from rehearse.compare import earlier  # noqa: PLC0415 - drivers are slow to import
    from rehearse.compare.asking import asked  # noqa: PLC0415 - as above
    from rehearse.compare.counts import compare  # noqa: PLC0415 - as above
    from rehearse.compare.environments import named  # noqa: PLC0415 - as above
    from rehearse.config import load  # noqa: PLC0415 - as above

    form = _form(words.wanted)
    configuration = load(words.config, Path.cwd(), os.environ)
    home = configuration.migrations.directory
    request = asked(named(words.names, configuration), words, configuration, datetime.now(UTC))
    then = None if words.against is None else earlier.earlier(home, words.against, request)
    with progress() as tell:
        counts = compare(request, tell)
    if then is not None:
        counts = earlier.against(then, counts)
    _show(counts, form, as_text=words.wanted == _TEXT)
    try:
        earlier.keep(home, counts)
    except (OSError, UnicodeError) as error:
        typer.echo(f"rehearse: this count could not be kept for --against: {error}", err=True)
    raise typer.Exit(counts.status.exit_code)


def _form(wanted: str) -> CountsFormat:
    """Return the format; the usual one without a look at what others are installed."""
    if wanted == _TEXT:
        from rehearse.reports.counts import text  # noqa: PLC0415 - as above

        return text
    from rehearse.registry import counts_format  # noqa: PLC0415 - as above

    return counts_format(wanted)


def _show(counts: Counts, form: CountsFormat, *, as_text: bool) -> None:
    from rehearse.reports.counts import text  # noqa: PLC0415 - as above

    if not as_text:
        typer.echo(form.render(counts))
        return
    typer.echo(text.render(counts, width=width(_WIDEST)), nl=False)
