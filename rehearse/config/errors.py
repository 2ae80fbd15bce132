"""What can be wrong with a configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rehearse.errors import RequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong; never holds the value, which may be a secret."""

    key: str  # dotted, as written in the file: "policy.acknowledge[0].expires"; empty: the file as a whole
    sentence: str

    def __str__(self) -> str:
        return f"{self.key}: {self.sentence}" if self.key else self.sentence


class ConfigurationError(RequestError):
    """A configuration file was wrong; every mistake is told at once."""

    def __init__(self, path: Path, mistakes: Iterable[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(mistakes)
        number = "a mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        lines = "".join(f"\n  {mistake}" for mistake in self.mistakes)
        super().__init__(
            f"{path} has {number}:{lines}",
            "Correct the file and run it again; `rehearse init` in an empty directory writes a commented example.",
        )


class ConfigurationMissing(RequestError):
    """The configuration file that was asked for cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read: {reason}.", "Name an existing file, or write one with `rehearse init`."
        )


class UnknownEnvironment(RequestError):
    """An environment was named that the configuration does not know."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        listed = f"Known are: {', '.join(names)}." if names else "The configuration names no environment."
        super().__init__(f'There is no environment "{name}"{did_you_mean(name, names)}', listed)


class VariableUnset(RequestError):
    """A setting of an environment names a variable that is not set."""

    def __init__(self, key: str, variable: str) -> None:
        super().__init__(
            f"{key} needs the variable {variable}, which is not set.", f"Set {variable} and run it again."
        )


class NotADuration(RequestError):
    """A length of time could not be understood."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is not a duration.', 'Write a number and a unit: "500ms", "1s", "2min", "1h".')


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown word: the closest known one, or just a full stop.

    >>> did_you_mean("tol", ["tool", "config"])
    '; did you mean "tool"?'
    >>> did_you_mean("xyz", ["tool", "config"])
    '.'
    """
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else "."
