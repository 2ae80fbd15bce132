"""`rehearse report`: write a run that was kept in another form, or judge it again."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.kept import kept_run
from rehearse.cli.options import ConfigFile, ReportFormat
from rehearse.cli.output import check_format, show, write

if TYPE_CHECKING:
    from rehearse.model.report import Report


def command(
    run: Annotated[
        str, typer.Argument(help='A run by its id, the beginning of one, its directory, or "last".')
    ] = "last",
    *,
    wanted: ReportFormat = "text",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file to write (default: stdout).")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Judge the run again by the policy of this rehearse.toml; no pass comes of it.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of --format json, and no run.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Write the report of a run that was kept, in any format; no database is asked.

    Exit code: 0 it was written; with --policy that of the new verdict (0 safe, 1 unsafe, 3 undecided).
    """
    if schema:
        _print_schema()
        return
    check_format(wanted)
    report = kept_run(run, config)[1]
    if policy is not None:
        report = _judged_again(report, policy)
    if output is None:
        show(report, wanted)
    else:
        write(report, wanted, output)
    if policy is not None:
        raise typer.Exit(report.verdict.exit_code)


def _judged_again(report: Report, file: Path) -> Report:
    """Judge what was seen by another policy, today; what a step's comment declares counts as it did."""
    from rehearse.config import load  # noqa: PLC0415 - drivers are slow to import
    from rehearse.rehearsal.judgement import judged  # noqa: PLC0415 - as above
    from rehearse.request.policy import policy_for  # noqa: PLC0415 - as above

    policy = policy_for(report.policy.environment, load(file, Path.cwd(), os.environ))
    return judged(report.rehearsal, policy, datetime.now(UTC).date(), baseline=report.baseline)


def _print_schema() -> None:
    import json  # noqa: PLC0415 - as above

    from rehearse.reports.json.schema import schema  # noqa: PLC0415 - as above

    typer.echo(json.dumps(schema(), indent=2))
