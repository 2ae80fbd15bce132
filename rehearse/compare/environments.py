"""What the names on a command line stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rehearse.config import Configuration, UnknownEnvironment
from rehearse.db.connect import database_of, describe
from rehearse.errors import RequestError
from rehearse.model.environment import Environment


class NothingToRead(RequestError):
    """An environment that holds no data to read."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The environment {name!r} has neither a url nor a snapshot.",
            f"Set url under [environments.{name}], or name another one.",
        )


class NamedTwice(RequestError):
    """The same environment was named more than once."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was named twice.", "Compare it with another environment.")


def named(names: Sequence[str], configuration: Configuration) -> tuple[Environment, ...]:
    """Return the environments that names, URLs, service names or snapshot directories stand for.

    Each has a url or a snapshot, and a name that people recognise: of a URL its database, if no other side is
    called so, else all of it but the password. Raises RequestError.
    """
    found = [_environment(name, configuration) for name in names]
    for environment in found:
        if [other.name for other in found].count(environment.name) > 1:
            raise NamedTwice(environment.name)
    short = [_short(environment) for environment in found]
    return tuple(
        replace(environment, name=name) if short.count(name) == 1 else environment
        for environment, name in zip(found, short, strict=True)
    )


def _short(environment: Environment) -> str:
    """Return what an environment could be called: of a URL the name of its database."""
    if environment.url is None or "://" not in environment.name:
        return environment.name
    return database_of(environment.url) or environment.name


def _is_directory(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # too long for a name
        return False


def _environment(name: str, configuration: Configuration) -> Environment:
    if name in configuration.environments:
        environment = configuration.environment(name)
        if environment.url is None and environment.snapshot is None:
            raise NothingToRead(name)
        return environment
    if "://" in name or "=" in name:
        return Environment(name=describe(name), url=name)
    if not _is_directory(name):
        raise UnknownEnvironment(name, configuration.environments)
    return Environment(name=name, snapshot=str(Path(name).absolute()))
