"""Origins: which line of a step's file each statement was sent from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rehearse.model.timeline import Statement

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VALUE = re.compile(r"['$%]|(?<!:):\w")  # a literal or a parameter: the server is sent something else from here on
_CUT = "..."
_LONGEST = 200
_AHEAD = 100  # origins that may be passed over: those of statements that never reached the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A place that sends a statement."""

    step: str
    line: int  # of the step's file
    words: str  # how the statement begins, by `beginning`
    times: int = 1  # it was sent from here, one after the other

    def may_send(self, words: str) -> bool:
        """Say whether a statement that begins with these words may be the one of this place."""
        return words.startswith(self.words.removesuffix(_CUT)) if self.words.endswith(_CUT) else words == self.words


def beginning(sql: str) -> str:
    r"""Return the words of a statement up to the first value, in lower case and without comments.

    >>> beginning("ALTER TABLE t  -- why\n ADD c int;"), beginning("UPDATE t SET c = 'x'")
    ('alter table t add c int', 'update t set c =...')
    """
    words, *values = _VALUE.split(_COMMENT.sub(" ", sql), maxsplit=1)
    told = " ".join(words.split()).rstrip("; ").lower()
    return f"{told[:_LONGEST]}{_CUT}" if values or len(told) > _LONGEST else told


def lines(origins: Sequence[Origin], statements: Sequence[Statement]) -> Mapping[int, int]:
    """Return the line each statement of a step was sent from, by its number: same words, same order.

    A statement whose words no place has, because a library or the server wrote it, is left out.
    """
    found: dict[int, int] = {}
    at, sent = 0, 0
    for statement in statements:
        words = beginning(statement.sql)
        ahead = range(at, min(at + _AHEAD, len(origins)))
        here = next((n for n in ahead if origins[n].may_send(words) and (n > at or sent < origins[n].times)), None)
        if here is not None:
            at, sent = here, sent + 1 if here == at else 1
            found[statement.number] = origins[here].line
    return found
