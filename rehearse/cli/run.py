"""`rehearse run`: rehearse the pending migrations and judge them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from rehearse.cli.flags import takes
from rehearse.cli.options import (
    Alembic,
    ConfigFile,
    Migrate,
    Python,
    Replace,
    ReportFormat,
    Rows,
    Source,
    Sql,
    To,
    Wait,
)
from rehearse.cli.output import check_format, failures_told, keep, show
from rehearse.cli.progress import progress
from rehearse.request.asked import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags(Asked):
    """The flags of `rehearse run`."""

    source: Source = None
    into: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Where the stage is raised: a stage of rehearse.toml, the URL of a server, or embedded (default: as "
            "configured, else a server of rehearse's own).",
        ),
    ] = None
    replace: Replace = False
    wait: Wait = False
    alembic: Alembic = None
    sql: Sql = None
    command: Migrate = None
    target: To = None
    python: Python = None
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting to rehearse, as maintenance_work_mem=1GB."),
    ] = None
    settings_file: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="Settings to rehearse: a fragment of a postgresql.conf."),
    ] = None
    rows: Rows = None
    max_blocking: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help='How long rows may be worked on under a blocking lock, as "1s" or "500ms".'
        ),
    ] = None
    policy_from: Annotated[
        str | None,
        typer.Option(
            metavar="REV",
            help="Judge by the policy and the acknowledgements of a commit, as origin/main: a change cannot excuse "
            "itself.",
        ),
    ] = None
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="REPORT",
            help="The JSON report of the base branch: what it found, too, does not block.",
        ),
    ] = None
    at: Annotated[
        str | None,
        typer.Option(metavar="REV", help="Rehearse the migrations of a tag or commit, not those of the working tree."),
    ] = None
    release: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="REV",
            help="The tag or commit that is in production: it is made sure that production has its migrations and no "
            "others.",
        ),
    ] = None
    still_works: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Run from the code of --base on the migrated stage; it must succeed (default: as configured).",
        ),
    ] = None
    downgrade: Annotated[
        bool | None,
        typer.Option(
            "--downgrade/--no-downgrade",
            help="Rehearse the way back of each Alembic revision, however long it takes, or of none "
            "(default: for 15 s one by one, then the rest as one); it has no part in the verdict.",
        ),
    ] = None
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Play the steps on a quarter and a half of the sample, too, and show how work and time grow; this has "
            "no part in the verdict.",
        ),
    ] = False
    allow_superuser: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATEMENT",
            help="A statement that has a superuser's rights on the stage: CREATE EXTENSION, ALTER EXTENSION, ALTER "
            "SYSTEM, or SET with a setting's name; several in turn. The report names each use.",
        ),
    ] = None
    max_seconds: Annotated[
        float | None,
        typer.Option(
            min=0.1, metavar="SECONDS", help="How long the migration may take (default 3600); then it is undecided."
        ),
    ] = None
    max_step_seconds: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="How long one of its steps may take (default 1800)."),
    ] = None
    wanted: ReportFormat = "text"
    config: ConfigFile = None


@takes(Flags)
def command(flags: Flags) -> None:
    """Rehearse the pending migrations on a stage and say whether they are safe to promote.

    Changed settings (--set, --settings) are tried by PostgreSQL, and the migration is played under them; without
    a migration they are rehearsed alone.

    With --into the stage is a database of a server the team has: a new one that is dropped at the end, or the one
    named in rehearse.toml, which stays. It is never production.

    Exit code: 0 safe, 1 unsafe, 2 the request was wrong, 3 undecided.
    """
    from rehearse.model.signature import Key  # noqa: PLC0415 - as below
    from rehearse.request.composition import requested  # noqa: PLC0415 - as above
    from rehearse.run import rehearse  # noqa: PLC0415 - drivers are slow to import

    check_format(flags.wanted)
    key = Key.of(os.environ)
    with failures_told(flags.wanted), requested(flags) as wish, progress() as tell:
        report = rehearse(wish, tell)
    keep(report, wish, key)
    show(report, flags.wanted)
    raise typer.Exit(report.verdict.exit_code)
