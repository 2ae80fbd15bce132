"""What can go wrong, in sentences.

Every failure a person can act on is a class here. Its arguments are the facts; the sentence
(what happened, to which object) and the hint (what to do next) are made in one place.
A traceback that reaches a user means a bug of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RehearseError(Exception):
    """Something failed and the sentence says what; exit code 3 unless a class says otherwise."""

    exit_code = 3

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence}\n{self.hint}" if self.hint else self.sentence


class RequestError(RehearseError):
    """The request or the configuration was wrong (exit code 2)."""

    exit_code = 2


class Interrupted(RehearseError):
    """Somebody pressed Ctrl-C or sent SIGTERM; everything owned has been put away."""

    def __init__(self) -> None:
        super().__init__(
            "Interrupted: nothing was judged.", "Owned servers and temporary files are gone; run it again."
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown word: the closest known one, or a full stop.

    >>> did_you_mean("tol", ["tool", "config"])
    '; did you mean "tool"?'
    >>> did_you_mean("xyz", ["tool", "config"])
    '.'
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else "."
