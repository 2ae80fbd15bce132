"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Rows = Annotated[int | None, typer.Option(help="Rows kept of a large table (default 1000).", min=1)]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="A rehearse.toml (default: the nearest one).")]
ReportFormat = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text, json, html, markdown, junit, sarif, github (annotations) or gitlab (code quality).",
    ),
]
