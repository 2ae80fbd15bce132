"""Tokens of SQL text: enough to read the few commands that fire no event trigger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<remark>--[^\n]*)
  | (?P<comment>/\*)
  | (?P<string>[eE]'(?:[^'\\]|\\.|'')*'|(?:[nNbBxX]|[uU]&)?'(?:[^']|'')*')
  | (?P<dollar>\$(?P<mark>[A-Za-z_\u0080-\uffff]?[\w\u0080-\uffff]*)\$.*?\$(?P=mark)\$)
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENTS = ("remark", "comment")
_COMMENT_EDGE = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token, with its place in the text."""

    kind: str  # "word", "quoted", "string", "dollar", "other"; of comments "remark" (to the end of a line), "comment"
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """Return a key word in upper case; the empty string for anything quoted."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str | None:
        """Return the identifier this token is, folded as PostgreSQL folds; None if it is none."""
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        return self.text.lower() if self.kind == "word" else None

    @property
    def inside(self) -> str | None:
        """Return what a string or a body of code says; None of anything else."""
        if self.kind == "dollar":
            return self.text[self.text.index("$", 1) + 1 : self.text.rindex("$", 0, -1)]
        if self.kind == "string":
            return self.text[self.text.index("'") + 1 : -1].replace("''", "'")
        return None


def tokens(sql: str) -> Iterator[Token]:
    """Yield the tokens of a text, comments and blanks left out.

    >>> [token.text for token in tokens('LOCK /* a /* b */ */ "My t", x')]
    ['LOCK', '"My t"', ',', 'x']
    """
    return (token for token in _all(sql) if token.kind not in _COMMENTS)


def comments(sql: str) -> Iterator[Token]:
    """Yield the comments of a text, and nothing that only looks like one.

    >>> [token.text for token in comments("SELECT '-- no', $$-- no$$ -- yes")]
    ['-- yes']
    """
    return (token for token in _all(sql) if token.kind in _COMMENTS)


def _all(sql: str) -> Iterator[Token]:
    at = 0
    while match := _TOKEN.match(sql, at):
        kind = match.lastgroup if match.lastgroup != "mark" else "dollar"
        at = _after_comment(sql, match.end()) if kind == "comment" else match.end()
        if kind != "blank":
            yield Token(kind=kind or "other", text=sql[match.start() : at], start=match.start(), end=at)


def parts(sql: str) -> tuple[str, ...]:
    """Return the statements of a text, split at semicolons outside of quotes.

    >>> parts("SELECT ';'; TRUNCATE t;")
    ("SELECT ';'", 'TRUNCATE t')
    """
    found: list[list[Token]] = []
    current: list[Token] = []
    depth = 0
    for token in tokens(sql):
        depth = _body_depth(depth, token, current)
        if token.text == ";" and depth == 0:
            found.append(current)
            current = []
        else:
            current.append(token)
    return tuple(sql[part[0].start : part[-1].end] for part in (*found, current) if part)


def _body_depth(depth: int, token: Token, current: list[Token]) -> int:
    """Return how deep in BEGIN ATOMIC ... END, the body of an SQL-standard function, a token stands."""
    if token.word == "ATOMIC" and current and current[-1].word == "BEGIN":
        return depth + 1
    if depth and token.word == "CASE":
        return depth + 1
    return depth - 1 if depth and token.word == "END" else depth


def _after_comment(sql: str, at: int) -> int:
    """Return where a comment ends whose opening has just been read; comments nest."""
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, at)):
        depth += 1 if edge.group() == "/*" else -1
        at = edge.end()
    return at if depth == 0 else len(sql)
