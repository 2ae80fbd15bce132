"""Options that several commands share, by the words that name them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Rows = Annotated[int | None, typer.Option(metavar="ROWS", help="Rows kept of a large table (default 1000).", min=1)]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A rehearse.toml (default: the nearest one).")
]
ReportFormat = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text, json, html, markdown, junit, sarif, github (annotations) or gitlab (code quality).",
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SOURCE",
        help="Production: a PostgreSQL URL, service=NAME, an environment of rehearse.toml or a snapshot.",
    ),
]
Replace = Annotated[bool, typer.Option("--replace", help="Delete what is in the stage's database, whoever made it.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another rehearsal on that server to end.")]
Alembic = Annotated[
    Path | None, typer.Option(metavar="FILE", help="An alembic.ini, or a pyproject.toml that holds [tool.alembic].")
]
Sql = Annotated[
    list[Path] | None, typer.Option(metavar="PATH", help="A SQL script, several in order, or a folder of them.")
]
Migrate = Annotated[
    str | None,
    typer.Option("--command", metavar="COMMAND", help="Any command that migrates the database of DATABASE_URL."),
]
To = Annotated[str | None, typer.Option("--to", metavar="REV", help="The target revision (default: every head).")]
Python = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The project's interpreter (default: the active one).")
]
