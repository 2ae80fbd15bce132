"""Patterns with * and ? as in file names, by which a configuration speaks of tables and columns."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase


def most_specific(patterns: Iterable[str], *names: str) -> str | None:
    """Return the pattern that says most of those that match any of a thing's names, None if none does.

    >>> most_specific(["audit.*", "audit.logins", "public.*"], "audit.logins")
    'audit.logins'
    """
    matching = [pattern for pattern in patterns if any(fnmatchcase(name, pattern) for name in names)]
    return max(matching, key=lambda pattern: len(pattern.replace("*", "")), default=None)


def without_match(patterns: Iterable[str], names: Collection[str], written: str) -> Iterator[tuple[str, str]]:
    """Yield each pattern that matches nothing, and what was perhaps meant, else how names are written.

    >>> list(without_match(["public.ordres", "zzz"], ["public.orders"], "Tables are written schema.table."))
    [('public.ordres', 'Did you mean "public.orders"?'), ('zzz', 'Tables are written schema.table.')]
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            near = difflib.get_close_matches(pattern, sorted(names), n=1)
            yield pattern, f'Did you mean "{near[0]}"?' if near else written
