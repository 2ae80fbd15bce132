"""Production's log, in any of its three forms (manual 19.8, Error Reporting and Logging): statements with durations."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rehearse.observing.errors import NotALog

# log_min_duration_statement says both in one line, log_duration beside log_statement the time in a line of its own.
_BOTH = re.compile(r"duration: (?P<ms>[\d.]+) ms  (?:statement|execute [^:]*): (?P<sql>.*)", re.DOTALL)
_TIME = re.compile(r"duration: (?P<ms>[\d.]+) ms$")
_TEXT = re.compile(r"(?:statement|execute [^:]*): (?P<sql>.*)", re.DOTALL)
_STDERR = re.compile(
    r"^(?P<prefix>.*?)(?P<severity>LOG|DETAIL|HINT|ERROR|STATEMENT|CONTEXT|WARNING|NOTICE|FATAL|PANIC):  "
)
_PROCESS = re.compile(r"\[(\d+)\]")
_SESSION, _MESSAGE, _COLUMNS = 5, 13, 23  # of a csvlog (manual 19.8.4); later versions add columns at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A statement that ended well, and how long it took."""

    session: str  # "" where the log's lines do not tell
    sql: str
    took: timedelta


def read(path: Path) -> tuple[Logged, ...]:
    """Return the statements of a log that have a duration, in its order. Raises NotALog."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            first = file.readline()
            file.seek(0)
            found = tuple(_timed(_messages(first, file)))
    except OSError as error:
        raise NotALog(str(path), f"cannot be read ({error.strerror})") from None
    except (ValueError, csv.Error):
        raise NotALog(str(path), "is no log of PostgreSQL's") from None
    if not found:
        raise NotALog(str(path), "holds no statement with a duration")
    return found


def _messages(first: str, file: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield session and message of each line."""
    if first.startswith("{"):
        return _of_json(file)
    if first.count(",") >= _COLUMNS - 1 and '"' in first:
        return _of_csv(file)
    return _of_stderr(file)


def _of_json(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        fields = json.loads(line) if line.strip() else {}
        if "message" in fields:
            yield str(fields.get("session_id", "")), str(fields["message"])


def _of_csv(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    csv.field_size_limit(1 << 30)  # a statement may be as long as PostgreSQL takes it
    for row in csv.reader(lines):
        if len(row) >= _COLUMNS:
            yield row[_SESSION], row[_MESSAGE]


def _of_stderr(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what log_line_prefix left of it: lines go on with a tab, and the process, if told, is in brackets."""
    session, severity, parts = "", "", [""]
    for line in lines:
        start = None if line.startswith("\t") else _STDERR.match(line)
        if start is None:
            parts.append(line.removeprefix("\t").rstrip("\n"))
            continue
        if severity == "LOG":
            yield session, "\n".join(parts)
        process = _PROCESS.search(start["prefix"])
        session, severity = process[1] if process else "", start["severity"]
        parts = [line[start.end() :].rstrip("\n")]
    if severity == "LOG":
        yield session, "\n".join(parts)


def _timed(messages: Iterable[tuple[str, str]]) -> Iterator[Logged]:
    waiting: dict[str, str] = {}
    for session, message in messages:
        if both := _BOTH.fullmatch(message):
            yield Logged(session=session, sql=both["sql"], took=_span(both["ms"]))
        elif (alone := _TIME.fullmatch(message)) and session in waiting:
            yield Logged(session=session, sql=waiting.pop(session), took=_span(alone["ms"]))
        elif text := _TEXT.fullmatch(message):
            waiting[session] = text["sql"]


def _span(milliseconds: str) -> timedelta:
    return timedelta(milliseconds=float(milliseconds))
