"""`rehearse drift`: whether two environments, or one and its models, have the same schema."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.options import ConfigFile
from rehearse.cli.output import Format, width
from rehearse.cli.progress import progress
from rehearse.errors import RequestError

if TYPE_CHECKING:
    from rehearse.config import Configuration
    from rehearse.model.drift import Drift
    from rehearse.protocols import Progress

_SIDE = "An environment of rehearse.toml, a PostgreSQL URL, service=NAME or a snapshot directory."
_MODELS = (
    "SQLAlchemy models to compare A with instead of B, as myapp.models:Base.metadata; by the project's own alembic."
)


class OneOther(RequestError):
    """A is compared with one thing."""

    def __init__(self) -> None:
        super().__init__(
            "A is compared with either B or --models: with one of the two.",
            "Write `rehearse drift A B`, or `rehearse drift A --models MODULE:METADATA`.",
        )


def command(
    first: Annotated[str, typer.Argument(metavar="A", help=_SIDE)],
    other: Annotated[str | None, typer.Argument(metavar="B", help="What it is compared with; as A.")] = None,
    *,
    models: Annotated[str | None, typer.Option(metavar="MODULE:METADATA", help=_MODELS)] = None,
    python: Annotated[
        Path | None, typer.Option(help="The project's interpreter, for --models (default: the active one).")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help='What may differ, as "grant.*" or "index.public.orders_*"; may be given several times.'),
    ] = None,
    wanted: Annotated[Format, typer.Option("--format", help="text for people, json for machines.")] = Format.TEXT,
    config: ConfigFile = None,
) -> None:
    """Compare two schemas: every object, from tables and columns to grants, policies and comments.

    With --models, a database and what a project's models declare: tables, columns, indexes, unique constraints,
    foreign keys and comments.

    Exit code: 0 equal, 1 different, 2 the request was wrong, 3 a side could not be read.
    """
    from rehearse.config import load  # noqa: PLC0415 - drivers are slow to import

    configuration = load(config, Path.cwd(), os.environ)
    rules = (*configuration.drift.ignore, *(ignore or ()))
    with progress() as tell:
        if other is not None and models is None:
            drift = _environments(first, other, configuration, rules, tell)
        elif models is not None and other is None:
            drift = _models(first, models, python, configuration, rules, tell)
        else:
            raise OneOther
    _show(drift, wanted)
    raise typer.Exit(drift.status.exit_code)


def _environments(
    first: str, other: str, configuration: Configuration, rules: tuple[str, ...], tell: Progress
) -> Drift:
    from rehearse.compare.catalogs import catalogs  # noqa: PLC0415 - drivers are slow to import
    from rehearse.compare.environments import named  # noqa: PLC0415 - as above
    from rehearse.diff.drift import compare  # noqa: PLC0415 - as above

    sides = named([first, other], configuration)
    tell(f"reading {sides[0].name} and {sides[1].name}")
    left, right = catalogs(sides)
    return compare(left, right, rules)


def _models(
    first: str, models: str, python: Path | None, configuration: Configuration, rules: tuple[str, ...], tell: Progress
) -> Drift:
    from rehearse.compare.environments import named  # noqa: PLC0415 - drivers are slow to import
    from rehearse.compare.models import compare  # noqa: PLC0415 - as above
    from rehearse.migrators.models import ask, check  # noqa: PLC0415 - as above

    check(models)
    (environment,) = named([first], configuration)
    plan = configuration.migrations.project()
    if python is not None:
        plan = replace(plan, python=python.absolute())
    tell(f"comparing {environment.name} with {models}")
    return compare(environment, models, plan.directory, partial(ask, models, plan, environ=os.environ), rules)


def _show(drift: Drift, wanted: Format) -> None:
    from rehearse.reports.drift import json, text  # noqa: PLC0415 - only now needed

    if wanted is Format.JSON:
        typer.echo(json.render(drift))
        return
    typer.echo(text.render(drift, width=width()), nl=False)
