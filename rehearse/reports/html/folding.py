"""How much of many findings there is room for: the first in full, more in a line each, the rest counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rehearse.model.finding import Finding

_OPEN = 5  # of a group, before one has to unfold it
_FULL_IN_GROUP = 25
_FULL_IN_ALL = 100
_BRIEF_IN_ALL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """The findings of one check in one step."""

    open: tuple[Finding, ...]
    folded: tuple[Finding, ...]  # in full as well
    brief: tuple[Finding, ...]
    left_out: int

    @property
    def first(self) -> Finding:
        return (*self.open, *self.brief)[0]

    @property
    def number(self) -> int:
        return len(self.open) + self.unseen

    @property
    def unseen(self) -> int:
        """Return how many one has to unfold the group to see, or cannot see here."""
        return len(self.folded) + len(self.brief) + self.left_out


def folds(groups: Iterable[tuple[Finding, ...]]) -> Iterator[Fold]:
    """Share the room out in order, which is that of their weight; of each group at least one has a line."""
    full, brief = _FULL_IN_ALL, _BRIEF_IN_ALL
    for group in groups:
        in_full = min(len(group), _FULL_IN_GROUP, full)
        in_brief = min(len(group) - in_full, max(brief, 0 if in_full else 1))
        full, brief = full - in_full, brief - in_brief
        yield Fold(
            open=group[: min(in_full, _OPEN)],
            folded=group[_OPEN:in_full],
            brief=group[in_full : in_full + in_brief],
            left_out=len(group) - in_full - in_brief,
        )
