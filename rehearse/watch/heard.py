"""From conversations to executions: what a door heard, in the form in which a log would have told it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from rehearse.model.conversation import Conversation, Exchange
from rehearse.watch import strings, tokens
from rehearse.watch.executions import Execution

_COUNTED = re.compile(r"(?P<tag>[A-Z ]+?)(?:(?: 0)? (?P<rows>\d+))?")
_ENDS = ("COMMIT", "ROLLBACK", "PREPARE TRANSACTION")
_SYNTAX_ERROR = "42601"
_TWO_WORDS = (
    "ACCESS",
    "DEFAULT",
    "EVENT",
    "FOREIGN",
    "MATERIALIZED",
    "OPERATOR",
    "TEXT",
    "USER",
)  # of a kind of object
_QUALIFIERS = (
    "OR", "REPLACE", "TEMP", "TEMPORARY", "GLOBAL", "LOCAL", "UNLOGGED", "UNIQUE", "RECURSIVE", "CONSTRAINT", "TRUSTED",
    "PROCEDURAL",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One statement, with what no log tells."""

    execution: Execution
    conversation: Conversation
    string: str  # as it was sent, of which the statement may be a part
    string_number: int  # within its conversation
    rows: int | None  # of the command tag
    is_quiet: bool  # the migration itself chose what the server says


def heard(conversations: Iterable[Conversation]) -> tuple[Heard, ...]:
    """Return the statements of all sessions, in the order they began."""
    found = sorted(
        (each for conversation in conversations for each in _of(conversation)),
        key=lambda each: (each.execution.started, each.conversation.number, each.execution.position),
    )
    return tuple(
        replace(each, execution=replace(each.execution, position=position))
        for position, each in enumerate(found)
        if each.execution.sql.strip(" \t\r\n;")
    )


def session(conversation: Conversation) -> str:
    """Return an id in the form the server's own have."""
    return f"{int(conversation.began.timestamp()):x}.{conversation.pid or conversation.number:x}"


def _of(conversation: Conversation) -> Iterator[Heard]:
    course = _Course(session(conversation))
    for _, group in groupby(conversation.exchanges, key=lambda exchange: exchange.string):
        exchanges = tuple(group)
        for exchange, text in zip(exchanges, _texts(exchanges), strict=True):
            yield Heard(
                execution=course.execution(exchange, text),
                conversation=conversation,
                string=exchange.sql,
                string_number=exchange.string,
                rows=_rows(exchange),
                is_quiet=exchange.is_quiet,
            )


def _texts(exchanges: tuple[Exchange, ...]) -> tuple[str, ...]:
    """Return the statement of each answer to a string; the server answers every statement with one command tag."""
    whole = exchanges[0].sql
    parts = tokens.parts(whole)
    if len(parts) < 2 or len(exchanges) > len(parts):  # noqa: PLR2004 - one is not several
        return (whole,) * len(exchanges)
    return tuple(parts[exchange.place] for exchange in exchanges)


class _Course:
    """The transactions of one session, numbered as they come."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._position = 0
        self._transaction = 0
        self._has_ended = True
        self._has_savepoint = False

    def execution(self, exchange: Exchange, text: str) -> Execution:
        if exchange.before == "I" or self._has_ended:
            self._transaction += 1
            self._has_savepoint = False
        tag = _tag(exchange, text)
        is_aborted = exchange.before == "E" and not self._has_savepoint
        is_back_to = tag == "ROLLBACK" and any(token.word == "TO" for token in tokens.tokens(text))
        self._has_ended = exchange.after == "I" or (tag in _ENDS and not is_back_to and exchange.error is None)
        self._has_savepoint = self._has_savepoint or tag == "SAVEPOINT"
        self._position += 1
        return Execution(
            session=self._name,
            position=self._position,
            sql=text,
            tag=tag,
            started=exchange.started,
            ended=exchange.ended,
            vxid="door/0" if is_aborted else f"door/{self._transaction}",
            open_after=not self._has_ended,
            application=exchange.application,
            sqlstate=exchange.sqlstate,
            error=exchange.error,
            events=(),
            messages=exchange.messages,
            backend_gone=exchange.is_cut_off,
            temp_bytes=None,
        )


def _tag(exchange: Exchange, text: str) -> str:
    """Return the command tag as the server's process title has it, of a statement that failed by its text."""
    first = strings.word(text)
    if not exchange.tag:
        unread = exchange.while_parsed or exchange.sqlstate == _SYNTAX_ERROR
        return strings.tag(text) if unread else command(text)
    if first == "EXECUTE":
        return first
    if exchange.tag.startswith("SELECT") and first in ("CREATE", "SELECT") and strings.is_ddl(text):
        return command(text)
    match = _COUNTED.fullmatch(exchange.tag)
    return match["tag"] if match else exchange.tag


def command(text: str) -> str:
    """Return the command tag of a statement by its text.

    >>> command("create unique index i on t (x)"), command("CREATE TABLE t AS SELECT 1")
    ('CREATE INDEX', 'CREATE TABLE AS')
    """
    first = strings.word(text)
    if first == "SELECT":
        return "SELECT INTO" if strings.is_ddl(text) else first
    if first not in ("CREATE", "ALTER", "DROP"):
        return strings.tag(text)
    words = [token.word for token in tokens.tokens(text)][1:]
    while words and words[0] in _QUALIFIERS:
        del words[0]
    kind = " ".join(words[: 2 if words[:1] and words[0] in _TWO_WORDS else 1])
    made_from = kind == "TABLE" and first == "CREATE" and "AS" in words and "SELECT" in words
    return f"{first} {kind}{' AS' if made_from else ''}"


def _rows(exchange: Exchange) -> int | None:
    if exchange.suspended_after is not None:
        return exchange.suspended_after
    match = _COUNTED.fullmatch(exchange.tag or "")
    return int(match["rows"]) if match and match["rows"] else None
