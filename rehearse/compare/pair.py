"""Two sides that are compared row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from rehearse.compare.errors import SideFailed
from rehearse.compare.reader import Problem, Reader
from rehearse.compare.together import together
from rehearse.errors import RehearseError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The side that others are compared with, and one of those."""

    first: Reader
    other: Reader

    def each(self, call: Callable[[Reader], _T]) -> tuple[_T, _T]:
        """Do the same on both sides at once; raises what either says."""
        answers = together({reader.name: partial(call, reader) for reader in (self.first, self.other)})
        return _good(answers[self.first.name]), _good(answers[self.other.name])


def answered(answer: _T | Problem) -> _T:
    """Return an answer that is no problem; raises SideFailed."""
    if isinstance(answer, Problem):
        raise SideFailed(answer.reason)
    return answer


def _good(answer: _T | RehearseError) -> _T:
    if isinstance(answer, RehearseError):
        raise answer
    return answer
