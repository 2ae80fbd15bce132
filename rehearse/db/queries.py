"""The SQL that is sent, one statement a file: the path under sql/ is the query's name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
SQL = _PACKAGE / "sql" if (_PACKAGE / "sql").is_dir() else _PACKAGE.parent / "sql"
SAMPLES = _PACKAGE / "samples" if (_PACKAGE / "samples").is_dir() else _PACKAGE.parent / "samples"

_NEWER_FORM = re.compile(r"^(?P<name>.+)\.pg(?P<major>\d+)$")


@cache
def query(name: str, server_major: int = 0) -> str:
    """Return the text of a query, in its newest form that a server of this major version knows.

    Beside `tables.sql` may stand `tables.pg17.sql`, read from PostgreSQL 17 on.

    >>> "SELECT" in query("facts/server")
    True
    """
    best, best_major = SQL / f"{name}.sql", 0
    for path in best.parent.glob(f"{best.stem}.pg*.sql"):
        if (match := _NEWER_FORM.match(path.stem)) and best_major < int(match["major"]) <= server_major:
            best, best_major = path, int(match["major"])
    return best.read_text(encoding="utf-8")


@cache
def names(folder: str) -> tuple[str, ...]:
    """Return the names of all queries in a folder, sorted, newer forms not counted twice."""
    stems = {path.stem for path in (SQL / folder).glob("*.sql")}
    return tuple(sorted(f"{folder}/{stem}" for stem in stems if not _NEWER_FORM.match(stem)))
