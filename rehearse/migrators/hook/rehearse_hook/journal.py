"""The journal: one JSON line per event, appended to a file the migrator reads afterwards."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
from typing import Any


@functools.lru_cache(maxsize=None)  # noqa: UP033 -- functools.cache is Python 3.9
def settings() -> dict[str, Any]:
    """Return what the migrator wrote for us: the stage, the declared targets, where to report."""
    with open(os.environ["REHEARSE_HOOK"], encoding="utf-8") as file:  # noqa: PTH123 -- runs at every Python start
        read: dict[str, Any] = json.load(file)
    return read


def write(event: str, **fields: object) -> None:
    """Append one event; a single O_APPEND write, so that processes do not tear each other's lines."""
    now = dt.datetime.now(dt.timezone.utc).isoformat()  # noqa: UP017 -- datetime.UTC is Python 3.11
    line = json.dumps({"event": event, "at": now, **fields}, default=str) + "\n"
    handle = os.open(settings()["journal"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line.encode("utf-8", "backslashreplace"))
    finally:
        os.close(handle)
