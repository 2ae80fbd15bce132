"""What can be wrong with a configuration."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rehearse.errors import RequestError, did_you_mean


class ConfigurationError(RequestError):
    """The configuration file has mistakes; all of them are listed, none with a value that may be a secret."""

    def __init__(self, path: Path, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        listed = "\n".join(f"  {mistake}" for mistake in self.mistakes)
        super().__init__(f"{path} cannot be used:\n{listed}", "`rehearse init` writes a file with every key explained.")


class UnsetVariable(RequestError):
    """The configuration asks for an environment variable that is not set."""

    def __init__(self, variable: str, key: str) -> None:
        super().__init__(f"{key} needs the environment variable {variable}, which is not set.", f"Set {variable}.")


class NotADuration(RequestError):
    """A text that says no duration."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is not a duration.', 'Write it as "500ms", "1s", "2min", "1h" or "30d".')


class NoAllowance(RequestError):
    """A text that names no statement a migration can be allowed."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'"{text}" is nothing that can be allowed.',
            "A superuser's rights can be had for CREATE EXTENSION, ALTER EXTENSION, ALTER SYSTEM, and SET with the "
            "name of a setting.",
        )


class UnknownEnvironment(RequestError):
    """A name that the configuration does not have."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = tuple(known)
        super().__init__(
            f'There is no environment named "{name}"{did_you_mean(name, names)}',
            f"Known: {', '.join(names) or 'none'}; a URL works too.",
        )


class NoWayToMigrate(RequestError):
    """The configuration does not say what to play."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "Complete [migrations], or use --alembic, --sql or --command.")


class NothingToMigrate(NoWayToMigrate):
    """Neither the configuration nor the project says how to migrate."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"Nothing says how to migrate: there is no alembic.ini in {directory}.")
