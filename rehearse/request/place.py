"""Where the stage is to be raised: on a server of rehearse's own, or on one that others own."""

from __future__ import annotations

from rehearse.config import Configuration
from rehearse.config.errors import UnknownEnvironment
from rehearse.errors import RequestError
from rehearse.request.asked import Asked
from rehearse.stages import embedded, server
from rehearse.stages.place import Place


class WhichStage(RequestError):
    """Several environments are stages on servers."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"Several environments are stages on a server: {', '.join(names)}.", "Name one with --into.")


class NoServer(RequestError):
    """An environment is to be the stage, and is none on a server."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'The environment "{name}" is no stage on a server: it needs provider = "server" and a url.',
            "Name another one with --into, or give the URL of the server itself.",
        )


class NoProvider(RequestError):
    """An environment names a way to raise a stage that there is not."""

    def __init__(self, name: str, provider: str) -> None:
        super().__init__(
            f'environments.{name}.provider: there is no stage provider "{provider}".', "Known: embedded, server."
        )


def place_of_stage(asked: Asked, configuration: Configuration) -> Place | None:
    """Return the place of the stage on a server that others own: the one named, else the one configured."""
    name = asked.into or _configured_stage(asked, configuration)
    if name is None or name == embedded.PROVIDER:
        return None
    url, database, but = name, None, None
    if name in configuration.environments:
        stage = configuration.environment(name)
        if stage.url is None or stage.provider != server.PROVIDER:
            raise NoServer(name)
        url, database, but = stage.url, stage.database, name
    elif "=" not in name and "://" not in name:
        raise UnknownEnvironment(name, configuration.environments)
    return Place(
        url=url,
        database=database,
        replace=asked.replace,
        wait=asked.wait,
        role=configuration.migrations.role,
        declared=configuration.known_urls(but=but),
    )


def _configured_stage(asked: Asked, configuration: Configuration) -> str | None:
    """Return the stage from which is promoted to the environment that is rehearsed for, if it is on a server."""
    for name, environment in configuration.environments.items():
        if environment.provider not in (None, embedded.PROVIDER, server.PROVIDER):
            raise NoProvider(name, environment.provider)
    target = asked.source if asked.source in configuration.environments else "production"
    names = [
        name
        for name, environment in configuration.environments.items()
        if environment.provider == server.PROVIDER and environment.promotes_to in (None, target)
    ]
    if len(names) > 1:
        raise WhichStage(names)
    return names[0] if names else None
