"""The fewest rows that are of every kind, or nearly."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet


def cover(kinds: Mapping[str, AbstractSet[int]], already: AbstractSet[str]) -> frozenset[str]:
    """Return rows that together are of every kind that any row is; rows kept already count, and are not returned.

    Greedy: the row of most missing kinds is taken next, which needs at most ln(kinds) times the fewest rows possible.

    >>> sorted(cover({"(0,1)": {1, 2}, "(0,2)": {2, 3}, "(0,3)": {3}, "(0,4)": {4}}, {"(0,4)"}))
    ['(0,1)', '(0,2)']
    """
    missing: set[int] = set().union(*kinds.values()) if kinds else set()
    for row in already & kinds.keys():
        missing -= kinds[row]
    taken: set[str] = set()
    while missing:
        best = min(kinds, key=lambda row: (-len(kinds[row] & missing), row))
        missing -= kinds[best]
        taken.add(best)
    return frozenset(taken)
