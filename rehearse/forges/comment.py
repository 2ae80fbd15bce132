"""One comment on a pull request, found again by its marker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from rehearse.forges.errors import Unavailable

_TRIES = 4
_PATIENCE = 60.0  # seconds that are waited for a forge, once


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment somebody wrote."""

    id: int
    body: str
    of_person: bool  # not a bot's, nor the forge's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of ours."""

    is_new: bool
    url: str


class Forge(Protocol):
    """A pull request on a forge."""

    def comments(self) -> Iterator[Comment]:
        """Yield its comments, the oldest first."""

    def add(self, body: str) -> str:
        """Write a comment, and return its URL."""

    def change(self, comment: Comment, body: str) -> str:
        """Give a comment another text, and return its URL."""


def upsert(forge: Forge, body: str, marker: str, *, sleep: Callable[[float], None] = time.sleep) -> Written:
    """Write the newest comment that begins with the marker anew, or another one where people have answered it since.

    A forge that has no time is asked again from the beginning, so that a comment it wrote after all is found and not
    written twice. Raises what the forge does.
    """
    for number in range(1, _TRIES):
        try:
            return _written(forge, body, marker)
        except Unavailable as error:
            wait = float(2 ** (number - 1)) if error.wait is None else error.wait.total_seconds()
            if wait > _PATIENCE:
                raise
            sleep(wait)
    return _written(forge, body, marker)


def _written(forge: Forge, body: str, marker: str) -> Written:
    ours, answered = None, False
    for comment in forge.comments():
        if comment.body.startswith(marker):
            ours, answered = comment, False
        elif comment.of_person:
            answered = True
    if ours is None or answered:
        return Written(is_new=True, url=forge.add(body))
    return Written(is_new=False, url=forge.change(ours, body))
