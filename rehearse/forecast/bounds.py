"""How many rows a statement can touch by its own words, however many the table holds: a key, a range of it, a LIMIT."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rehearse.model.catalog import Catalog
from rehearse.model.identity import split
from rehearse.model.timeline import Statement, Work, WorkKind

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+\b|\$\d+")
_WHERE = re.compile(r"\bWHERE\b(?P<predicate>.*)", re.IGNORECASE | re.DOTALL)
_OR = re.compile(r"\bOR\b", re.IGNORECASE)
_VALUE = r"(?:'(?:[^']|'')*'|\d+|\$\d+)(?:::\w+)?"
_COLUMN = r'(?:\w+\.)?"?(?P<column>\w+)"?'
_EQUALS = re.compile(rf"^\s*{_COLUMN}\s*=\s*{_VALUE}\s*(?:;|$|AND\b|RETURNING\b)", re.IGNORECASE)
_LISTED = re.compile(rf"^\s*{_COLUMN}\s+IN\s*\((?P<list>\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*)\)", re.IGNORECASE)
_BETWEEN = re.compile(rf"^\s*{_COLUMN}\s+BETWEEN\s+(?P<low>\d+)(?:::\w+)?\s+AND\s+(?P<high>\d+)\b", re.IGNORECASE)
_BATCH = re.compile(
    rf"^\s*{_COLUMN}\s*(?:IN|=\s*ANY)\s*\(\s*(?:ARRAY\s*\(\s*)?SELECT\b(?:(?!\bLIMIT\b).)*\bLIMIT\s+(?P<most>\d+)\b",
    re.IGNORECASE | re.DOTALL,
)
_ROW = "ctid"
_TAGS = ("UPDATE", "DELETE")


class Bounds:
    """What the statements of one run bound by themselves.

    What runs several times in one transaction, but for its values, is a loop: production's may have more rounds.
    """

    def __init__(self, statements: Iterable[Statement], catalog: Catalog) -> None:
        writing = [found for found in statements if found.tag in _TAGS]
        rounds = Counter(_shape(found) for found in writing)
        self._once = {found.number for found in writing if rounds[_shape(found)] == 1}
        self._keys = _keys(catalog) if self._once else {}

    def most(self, statement: Statement, work: Work) -> int | None:
        """Return how many rows an UPDATE or DELETE can touch anywhere, or None where its words do not bound it."""
        if statement.number not in self._once or work.kind is not WorkKind.ROWS:
            return None
        text = _COMMENT.sub(" ", statement.sql)
        where = _WHERE.search(text)
        if where is None or work.detail != statement.tag.lower() or not _is_of(text, work.object):
            return None
        if _OR.search(_LITERAL.sub("?", where["predicate"])):
            return None
        return _bound(where["predicate"], self._keys.get(work.object, set()) | {_ROW})


def _shape(statement: Statement) -> tuple[str, str]:
    return statement.transaction, _LITERAL.sub("?", statement.sql)


def _bound(predicate: str, keys: set[str]) -> int | None:
    if (match := _EQUALS.match(predicate)) and match["column"] in keys:
        return 1
    if (match := _LISTED.match(predicate)) and match["column"] in keys:
        return len(_LITERAL.findall(match["list"]))
    if (match := _BETWEEN.match(predicate)) and match["column"] in keys - {_ROW}:
        return max(0, int(match["high"]) - int(match["low"]) + 1)
    if (match := _BATCH.match(predicate)) and match["column"] in keys:
        return int(match["most"])
    return None


def _is_of(text: str, table: str) -> bool:
    """Say whether the statement itself writes this table, not a trigger or a cascade of it."""
    name = re.escape(split(table)[-1])
    return (
        re.match(rf'\s*(?:UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?{name}"?(?!\w)', text, re.IGNORECASE)
        is not None
    )


def _keys(catalog: Catalog) -> dict[str, set[str]]:
    """Return by table the columns that are unique by themselves."""
    found: dict[str, set[str]] = {}
    for constraint in catalog.of_kind("constraint"):
        columns = constraint.attributes.get("columns")
        is_key = constraint.text("type") in ("primary key", "unique")
        if is_key and constraint.table and isinstance(columns, (list, tuple)) and len(columns) == 1:
            found.setdefault(constraint.table, set()).add(str(columns[0]).strip('"'))
    return found
