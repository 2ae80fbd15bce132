"""Strings of several statements, sent as one: taken apart, each with what it left in the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from rehearse.watch import tokens
from rehearse.watch.executions import Ddl, Execution
from rehearse.watch.plans import Plan

_QUERIES = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE", "EXECUTE", "FETCH", "(")
_BLOCKS = ("DO", "CALL")
_ENDS = ("COMMIT", "ROLLBACK", "END", "ABORT")
_TAGS = {"TRUNCATE": "TRUNCATE TABLE", "LOCK": "LOCK TABLE", "ABORT": "ROLLBACK", "END": "COMMIT", "ANALYSE": "ANALYZE"}
_DDL = ("CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE", "REFRESH", "SECURITY", "IMPORT")


def apart(execution: Execution) -> tuple[Execution, ...]:
    """Return the statements of a string one by one; a single statement as it is.

    The server logs such a string as one. Commands traced and plans run come in the order of the
    statements, so each is given to the first statement it can belong to.
    """
    texts = tokens.parts(execution.sql)
    if len(texts) < 2:  # noqa: PLR2004 - one is not several
        return (execution,)
    shares = _share(execution, texts)
    reached = len(texts) if execution.error is None else _failed(texts, shares) + 1
    return tuple(_pieces(execution, texts[:reached], shares[:reached]))


def is_ddl(text: str) -> bool:
    """Say whether a statement is a command that event triggers see, or makes a table from a query."""
    return word(text) in _DDL or (word(text) == "SELECT" and any(each.word == "INTO" for each in tokens.tokens(text)))


def is_made_from_query(text: str) -> bool:
    """Say whether a CREATE fills what it creates from a query."""
    words = [each.word for each in tokens.tokens(text)]
    return "AS" in words and any(query in words for query in ("SELECT", "WITH", "TABLE", "VALUES", "EXECUTE"))


def is_block(text: str) -> bool:
    """Say whether a statement runs code."""
    return word(text) in _BLOCKS


def word(text: str) -> str:
    """Return the first key word of a statement, in upper case."""
    first = next(tokens.tokens(text), None)
    return "" if first is None else first.word or first.text


def tag(text: str) -> str:
    """Return the command tag of a statement as far as its first word tells."""
    first = word(text)
    return _TAGS.get(first, first)


def _share(execution: Execution, texts: tuple[str, ...]) -> list[list[Ddl | Plan]]:
    shares: list[list[Ddl | Plan]] = [[] for _ in texts]
    at = 0
    for event in execution.events:
        at = next((place for place in range(at, len(texts)) if _fits(event, execution, texts, shares, place)), at)
        shares[at].append(event)
    return shares


def _fits(
    event: Ddl | Plan, execution: Execution, texts: tuple[str, ...], shares: list[list[Ddl | Plan]], place: int
) -> bool:
    first = word(texts[place])
    own = isinstance(event, Ddl) or event.text == execution.sql  # what a block runs has a text of its own
    if first in _BLOCKS:
        return not own or (isinstance(event, Ddl) and not _wanted(event, texts[place + 1 :]))
    if shares[place]:
        return not own
    return event.tag.startswith(first) if isinstance(event, Ddl) else first in _QUERIES


def _wanted(event: Ddl, later: Iterable[str]) -> bool:
    return any(event.tag.startswith(word(text)) for text in later)


def _failed(texts: tuple[str, ...], shares: list[list[Ddl | Plan]]) -> int:
    """Return which statement failed: the one after the last that left something."""
    done = max((place for place, share in enumerate(shares) if share), default=-1)
    return min(done + 1, len(texts) - 1)


def _pieces(execution: Execution, texts: tuple[str, ...], shares: list[list[Ddl | Plan]]) -> Iterator[Execution]:
    began, ended_transactions = execution.started, 0
    for number, (text, share) in enumerate(zip(texts, shares, strict=True)):
        last = number == len(texts) - 1
        ended = execution.ended if last else max((began, *(moment(event) for event in share)))
        first = word(text)
        yield replace(
            execution,
            sql=text,
            tag=next((event.tag for event in share if isinstance(event, Ddl) and first in _DDL), tag(text)),
            started=began,
            ended=ended,
            vxid=f"{execution.vxid}+{ended_transactions}" if ended_transactions else execution.vxid,
            open_after=execution.open_after if last else first not in _ENDS,
            sqlstate=execution.sqlstate if last else None,
            error=execution.error if last else None,
            events=tuple(share),
            temp_bytes=None if execution.temp_bytes else 0,
            waits=execution.waits if last else (),
            refused=execution.refused if last else (),
            forged=execution.forged if last else 0,
        )
        began = ended
        ended_transactions += first in _ENDS


def moment(event: Ddl | Plan) -> datetime:
    """Return when a command or a query was done."""
    return event.ended if isinstance(event, Ddl) else event.at
