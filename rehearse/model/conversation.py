"""A conversation: what one session of the migration said to the server, and what the server answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One execution of one statement. Values that were bound to it, and rows, are not part of it."""

    string: int  # number of the string it was sent in, within its conversation
    place: int  # among the statements of that string, from zero
    sql: str  # the whole string
    tag: str | None  # as the server completed it: "INSERT 0 1"; None: it did not complete
    started: datetime
    ended: datetime
    before: str  # status of the transaction (manual 55.7, ReadyForQuery): "I" for none, "T", "E" for one that failed
    after: str
    application: str
    sqlstate: str | None = None
    error: str | None = None
    while_parsed: bool = False  # it failed before it was executed
    suspended_after: int | None = None  # rows after which its portal paused
    messages: tuple[str, ...] = ()  # what the server said at DEBUG1
    is_quiet: bool = False  # the session has chosen itself what the server says, which may be less
    is_cut_off: bool = False  # the session ended before the server answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Everything one session executed, in order."""

    number: int  # of the session, in the order they came
    pid: int | None  # of the server's process; None: the session did not get that far
    process: int | None  # of the client, on this machine; None: not known
    began: datetime
    ended: datetime | None  # None: it goes on
    application: str  # what the session called itself when it came
    exchanges: tuple[Exchange, ...]
    gap: str | None = None  # why it was not understood to its end
