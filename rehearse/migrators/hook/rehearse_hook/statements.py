"""The statements of a revision: which of its lines sends each of them."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from typing import Any

from . import journal, places

_VALUE = re.compile(r"['$%]")
_LONGEST = 2000


@contextlib.contextmanager
def noted(connection: Any, step: str, migrate: Any) -> Iterator[None]:
    """Note from which line of the function's file a connection is sent what, as long as the block lasts."""
    event: Any = getattr(sys.modules.get("sqlalchemy"), "event", None)
    notes = _Notes(step, getattr(getattr(migrate, "__code__", None), "co_filename", ""))
    try:
        event.listen(connection, "before_cursor_execute", notes.take)
    except Exception:  # noqa: BLE001 -- a connection that cannot be listened to: then its lines are not known
        yield
        return
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", notes.take)
        notes.write()


class _Notes:
    """What was sent last, and from where; what a line sends again and again is noted once."""

    def __init__(self, step: str, filename: str) -> None:
        self.step = step
        self.filename = filename
        self.line = 0
        self.sql = ""
        self.times = 0

    def take(  # SQLAlchemy names the arguments
        self, _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool
    ) -> None:
        line = places.line_in(self.filename)
        if line is None:
            return
        if (line, _VALUE.split(statement, 1)[0]) != (self.line, _VALUE.split(self.sql, 1)[0]):
            self.write()
            self.line, self.sql, self.times = line, statement[:_LONGEST], 0
        self.times += len(parameters) if executemany else 1

    def write(self) -> None:
        if self.times:
            journal.write("statements", step=self.step, line=self.line, sql=self.sql, times=self.times)
        self.times = 0
