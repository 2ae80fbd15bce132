"""What a statement names in which the stage is not production's twin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rehearse.model.identity import split

_ARGUMENTS = re.compile(r'\([^"]*\)$')  # of a function
# Names without a schema are told from columns and tables of the same name by the word before them. What IF NOT EXISTS
# creates shows among the changes; where it creates nothing, it touches nothing.
_NOUN = r"\b(?:PUBLICATION|SUBSCRIPTION|EXTENSION|SERVER|ROLE|USER|OWNER\s+TO|COLLATE)\s+(?:IF\s+EXISTS\s+)?"


def named(sql: str, touched: Iterable[str]) -> Iterator[str]:
    """Yield the identities that a statement names: a column by its table's name and its own, in any schema.

    >>> list(named("CREATE INDEX ON orders (name)", ["public.orders.name", "public.orders.note"]))
    ['public.orders.name']
    >>> list(named("DROP PUBLICATION IF EXISTS changes; ALTER TABLE news ADD changes int", ["changes", "news"]))
    ['changes']
    >>> list(named("CREATE EXTENSION IF NOT EXISTS citext", ["citext"]))
    []
    """
    return (identity for identity in touched if _is_named(identity, sql))


def _is_named(identity: str, sql: str) -> bool:
    parts = split(_ARGUMENTS.sub("", identity))
    before, names = ("", parts[1:]) if len(parts) > 1 else (_NOUN, parts)
    return all(
        re.search(rf'{before}(?<![\w$])"?{re.escape(name)}(?![\w$])', sql, re.IGNORECASE) is not None for name in names
    )
