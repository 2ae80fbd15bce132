"""`rehearse stage`: stages for people, raised from masked data and left standing."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.flags import takes
from rehearse.cli.options import Alembic, ConfigFile, Migrate, Python, Replace, Rows, Source, Sql, To, Wait
from rehearse.cli.progress import progress
from rehearse.errors import RequestError
from rehearse.request.asked import Asked

if TYPE_CHECKING:
    from rehearse.config import Configuration
    from rehearse.stages.kept import KeptStage

HELP = "Raise a stage for a demo or for tests by hand, see which stand, open psql on one, take it down."
Name = Annotated[str | None, typer.Argument(metavar="NAME", help="The stage (default: the only one).")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags(Asked):
    """The flags of `rehearse stage up`."""

    source: Source = None
    keep: Annotated[bool, typer.Option("--keep", help="Let it stand when this command ends.")] = False
    name: Annotated[str | None, typer.Option(help="--keep: how it is called (default: as its database).")] = None
    lasts: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help='--keep: how long it stands, as "8h" or "3d".')
    ] = None
    migrate: Annotated[
        bool, typer.Option("--migrate/--no-migrate", help="Play the pending migrations on it, or leave it as it is.")
    ] = True
    into: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="A stage of rehearse.toml, the URL of a server, or embedded (default: as configured)."
        ),
    ] = None
    replace: Replace = False
    wait: Wait = False
    alembic: Alembic = None
    sql: Sql = None
    command: Migrate = None
    target: To = None
    at: Annotated[
        str | None,
        typer.Option(metavar="REV", help="The migrations of a tag or commit, not those of the working tree."),
    ] = None
    python: Python = None
    rows: Rows = None
    config: ConfigFile = None


class NotKept(RequestError):
    """A stage that is not kept was given what only a kept one has."""

    def __init__(self) -> None:
        super().__init__("--name and --for are for a stage that stays.", "Add --keep.")


class WhichDown(RequestError):
    """It was not said which stage is to go."""

    def __init__(self) -> None:
        super().__init__("Name one stage, or say --all, not both.", "`rehearse stage list` shows them.")


@takes(Flags)
def up(flags: Flags) -> None:
    """Raise a stage from masked data, migrate it, and print how it is reached; Ctrl-C takes it down, unless --keep."""
    if not flags.keep and (flags.name is not None or flags.lasts is not None):
        raise NotKept
    if flags.keep:
        _keep(flags)
    else:
        _stand(flags)


def list_(config: ConfigFile = None) -> None:
    """Show the stages that stand on this machine for you; those whose time is over are taken down first."""
    from rehearse.kept_stages import dsn, remove_expired  # noqa: PLC0415 - drivers are slow to import
    from rehearse.model import quantity  # noqa: PLC0415 - only now needed
    from rehearse.stages import kept  # noqa: PLC0415 - as above

    configuration = _configuration(config)
    with progress() as tell:
        _tell_gone(remove_expired(configuration, tell))
    found = kept.all_kept()
    if not found:
        typer.echo("No stage is kept here.")
    for stage in found:
        place = dsn(stage, configuration)
        state = kept.standing(stage, place)
        octets = kept.size(place) if state == "running" else None
        age = quantity.age(datetime.now(UTC) - stage.made_at)
        until = "" if stage.until is None else f", until {_local(stage.until)}"
        typer.echo(f"{stage.name}: {state}, {age} old{until}")
        typer.echo(f"  database {stage.database or '?'} of {stage.source}; raised by {stage.who or '?'}")
        typer.echo(f"  {_steps(stage.steps)}; {'size unknown' if octets is None else quantity.size(octets)}")
        typer.echo(f"  {stage.url or 'no URL yet'}")


def shell(name: Name = None, config: ConfigFile = None) -> None:
    """Open psql on a stage, as the role that migrates."""
    from rehearse import kept_stages  # noqa: PLC0415 - drivers are slow to import
    from rehearse.stages import kept  # noqa: PLC0415 - as above

    configuration = _configuration(config)
    stage = kept.named(name)
    state = kept.standing(stage, kept_stages.dsn(stage, configuration))
    if state != "running":
        raise kept.NotRunning(stage.name, state)
    psql, words, environment = kept_stages.shell(stage, configuration)
    os.execve(psql, (str(psql), *words), environment)  # noqa: S606 - it is what was asked for


def down(
    name: Name = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every stage that stands.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Drop nothing on a server of others: only take it off the list.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Take a stage down, with its data; nothing but what rehearse made for it is touched."""
    from rehearse.kept_stages import take_down  # noqa: PLC0415 - drivers are slow to import
    from rehearse.stages import kept  # noqa: PLC0415 - as above

    if everything and name is not None:
        raise WhichDown
    configuration = _configuration(config)
    with progress() as tell:
        for stage in kept.all_kept() if everything else (kept.named(name),):
            if forget:
                kept.forget(stage)
            else:
                take_down(stage, configuration, tell)
            typer.echo(f"{'Forgot' if forget else 'Took down'} {stage.name}.")


commands = {"up": up, "list": list_, "shell": shell, "down": down}


def _stand(flags: Flags) -> None:
    """Raise a stage, and wait for the end of it."""
    from rehearse.kept_stages import Wish, shown  # noqa: PLC0415 - drivers are slow to import
    from rehearse.request.composition import requested  # noqa: PLC0415 - as above

    with requested(flags) as request, ExitStack() as standing:
        wish = Wish(request=request, migrate=flags.migrate)
        with progress() as tell:
            it = standing.enter_context(shown(wish, tell))
        _tell_standing(it.url, it.source, it.steps, it.version)
        with suppress(KeyboardInterrupt):
            typer.echo("Ctrl-C takes it down.")
            while True:
                signal.pause()


def _keep(flags: Flags) -> None:
    """Raise a stage that goes on when we end; those whose time is over are taken down first."""
    from rehearse import kept_stages  # noqa: PLC0415 - drivers are slow to import
    from rehearse.config import parse_duration  # noqa: PLC0415 - nobody needs it for --help
    from rehearse.request.composition import requested  # noqa: PLC0415 - as above
    from rehearse.stages.kept import check_name  # noqa: PLC0415 - as above

    lasts = None if flags.lasts is None else parse_duration(flags.lasts)
    name = None if flags.name is None else check_name(flags.name)
    with progress() as tell:
        _tell_gone(kept_stages.remove_expired(_configuration(flags.config), tell))
    with requested(flags) as request, progress() as tell:
        wish = kept_stages.Wish(request=request, migrate=flags.migrate, name=name, lasts=lasts)
        stage = kept_stages.keep(wish, tell)
    _tell_standing(stage.url, stage.source, stage.steps, stage.version)
    until = "" if stage.until is None else f" (it goes by itself after {_local(stage.until)})"
    typer.echo(f"Shell: rehearse stage shell {stage.name}\nDown:  rehearse stage down {stage.name}{until}")


def _configuration(path: Path | None) -> Configuration:
    from rehearse.config import load  # noqa: PLC0415 - nobody needs it for --help

    return load(path, Path.cwd(), os.environ)


def _tell_standing(url: str, source: str, steps: int | None, version: str) -> None:
    typer.echo(f"The stage of {source} stands (PostgreSQL {version}; its data are masked; {_steps(steps)}):")
    typer.echo(url)


def _tell_gone(stages: tuple[KeptStage, ...]) -> None:
    for stage in stages:
        typer.echo(f"{stage.name} stood until {_local(stage.until or stage.made_at)} and was taken down.", err=True)


def _steps(steps: int | None) -> str:
    if steps is None:
        return "not migrated"
    return "nothing was pending" if not steps else f"{steps} step{'' if steps == 1 else 's'} played"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
