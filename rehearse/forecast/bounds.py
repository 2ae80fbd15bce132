"""How many rows a statement can touch, however many the table holds: as its plan tells, or by its own words.

The plan tells of rows that a key chooses or that are written out; the words also of a range of a key and of a LIMIT,
and of a key where no plan was seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rehearse.model.catalog import Catalog
from rehearse.model.identity import split
from rehearse.model.timeline import Statement, Work, WorkKind

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+\b|\$\d+")
_WORDS = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|[()]|\b(?:WHERE|FROM|USING)\b""", re.IGNORECASE)
_OR = re.compile(r"\bOR\b", re.IGNORECASE)
_VALUE = r"(?:'(?:[^']|'')*'|\d+|\$\d+)(?:::\w+)?"
_COLUMN = r'(?:\w+\.)?"?(?P<column>\w+)"?'
_EQUALS = re.compile(rf"^\s*{_COLUMN}\s*=\s*{_VALUE}\s*(?:;|$|AND\b|RETURNING\b)", re.IGNORECASE)
_LISTED = re.compile(rf"^\s*{_COLUMN}\s+IN\s*\((?P<list>\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*)\)", re.IGNORECASE)
_BETWEEN = re.compile(rf"^\s*{_COLUMN}\s+BETWEEN\s+(?P<low>\d+)(?:::\w+)?\s+AND\s+(?P<high>\d+)\b", re.IGNORECASE)
_BATCH = re.compile(
    rf"^\s*{_COLUMN}\s*(?:IN|=\s*ANY)\s*\(\s*(?:ARRAY\s*\(\s*)?SELECT\b(?:(?!\bLIMIT\b)[^()])*"
    r"\bLIMIT\s+(?P<most>\d+)(?:\s+FOR\b[^()]*)?\s*\)",
    re.IGNORECASE,
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
        """Return how many rows a work can be of anywhere, or None where nothing bounds it."""
        if work.is_constant:
            return work.rows
        if statement.number not in self._once or work.kind is not WorkKind.ROWS:
            return None
        predicate = _predicate(_COMMENT.sub(" ", statement.sql), work.object)
        if predicate is None or work.detail != statement.tag.lower() or _OR.search(_LITERAL.sub("?", predicate)):
            return None
        return _bound(predicate, self._keys.get(work.object, set()) | {_ROW})


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


def _predicate(text: str, table: str) -> str | None:
    """Return by what a statement chooses rows of the table it names, or None where it looks at another one, too.

    >>> _predicate("UPDATE orders SET x = (SELECT 1 FROM a WHERE id = 2) WHERE id = 3", "public.orders")
    ' id = 3'
    """
    name = re.escape(split(table)[-1])
    target = re.match(rf'\s*(?:UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?{name}"?(?!\w)', text, re.IGNORECASE)
    if target is None:  # a trigger or a cascade of it wrote the table
        return None
    depth = 0
    for word in _WORDS.finditer(text, target.end()):
        depth += {"(": 1, ")": -1}.get(word[0], 0)
        if depth == 0 and word[0].upper() in ("WHERE", "FROM", "USING"):
            return text[word.end() :] if word[0].upper() == "WHERE" else None
    return None


def _keys(catalog: Catalog) -> dict[str, set[str]]:
    """Return by table the columns that are unique by themselves."""
    found: dict[str, set[str]] = {}
    for constraint in catalog.of_kind("constraint"):
        columns = constraint.attributes.get("columns")
        is_key = constraint.text("type") in ("primary key", "unique")
        if is_key and constraint.table and isinstance(columns, (list, tuple)) and len(columns) == 1:
            found.setdefault(constraint.table, set()).add(str(columns[0]).strip('"'))
    return found
