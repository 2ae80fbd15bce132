"""Detectors: SQL that says whether a value looks like personal data; the folder sql/classify/ is the list of them.

Each file is a statement over one value that returns how many characters of it were found, NULL for none. Its line
`flags:` says what it is that is found, and how many of a column's values must hold it: one, where a check digit or a
form leaves no doubt, else a share. Its line `among:` is a plain regular expression that every such value matches,
so that most values are done with soon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.db.queries import names, query
from rehearse.sanitise.first_names import FIRST_NAMES

FOLDER = "classify"
_FLAGS = re.compile(r"^-- flags: (?P<meaning>[a-z]+) by (?P<share>one|0[.][0-9]+)$", re.MULTILINE)
_AMONG = re.compile(r"^-- among: (?P<pattern>.+)$", re.MULTILINE)
_PLACES = re.compile(r"(%\(value\)s::pg_catalog\.text|%\(first_names\)s)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """What one file under sql/classify/ finds."""

    name: str  # "identity-us"
    meaning: str  # "identity"
    share: float  # of the values of a column that must hold it; 0: one is enough
    among: str  # a regular expression that a value must match to be looked at more closely
    statement: str  # without its header

    @property
    def is_proof(self) -> bool:
        """Say whether one hit is enough."""
        return self.share == 0

    def found(self, value: Composable) -> Composable:
        """Return an expression over a text: how many characters of it were found, NULL for none."""
        given = {"%(value)s::pg_catalog.text": value, "%(first_names)s": sql.Literal(list(FIRST_NAMES))}
        # put together piece by piece: the braces of its regular expressions are not for str.format
        parts = [given.get(part) or SQL(part) for part in _PLACES.split(self.statement)]
        return SQL("CASE WHEN {} ~ {} THEN ({}) END").format(value, sql.Literal(self.among), Composed(parts))


@cache
def detectors() -> tuple[Detector, ...]:
    """Return every detector, by name."""
    return tuple(_read(name) for name in names(FOLDER))


def _read(name: str) -> Detector:
    text = query(name)
    flags = _FLAGS.search(text)
    among = _AMONG.search(text)
    assert flags is not None, f"{name} does not say what it flags"
    assert among is not None, f"{name} does not say among which values"
    return Detector(
        name=name.removeprefix(f"{FOLDER}/"),
        meaning=flags["meaning"],
        share=0.0 if flags["share"] == "one" else float(flags["share"]),
        among=among["pattern"],
        statement="\n".join(line for line in text.splitlines() if not line.startswith("-- ")),
    )
