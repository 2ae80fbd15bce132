"""The server's log in its jsonlog form (manual 19.8.5): lines in, records out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rehearse.model.addresses import UNREACHED
from rehearse.watch.places import LogPlace

_UTC = ("UTC", "GMT")
_NAMES_OBJECTS = {"2BP01", "0A000", *UNREACHED}  # dependent_objects_still_exist, feature_not_supported, addresses
_WAITING = "process "
_POLL = 0.005
_CHECKPOINTER = b'"backend_type":"checkpointer"'
_BEGINNING = "checkpoint starting"
TRACE = "REHEARSE "
# Whoever calls RAISE writes what he likes, but not where he stands: PostgreSQL puts the function in the CONTEXT, and
# its own source file beside it (manual 43.9.1, 19.8.5). Nobody else can make a function in the tracer's schema.
_TRACER = re.compile(r"PL/pgSQL function _rehearse\.trace\(\) line \d+ at RAISE(\n|$)")
_PLPGSQL = "pl_exec.c"
_TELLING = frozenset({"postgres.c", "fastpath.c", "auto_explain.c", "fd.c", "proc.c"})  # of statements, plans, waits
_LANGUAGES = re.compile(r"pl(_|perl|tcl|py_|v8)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line a client backend wrote to the log."""

    at: datetime
    session: str
    line: int  # within the session: a total order
    user: str
    database: str
    vxid: str  # "3/17"; "3/0" outside a transaction
    ps: str  # command tag, or what the backend idles in
    application: str
    severity: str  # "LOG", "DEBUG", "ERROR", ...
    sqlstate: str | None
    message: str
    statement: str | None  # of an error
    context: str | None = None  # of lines that look like the tracer's: the statements around
    detail: str | None = None  # of a wait for a lock: who holds it
    file: str = ""  # of PostgreSQL's source, where it was said: "postgres.c"

    @property
    def is_traced(self) -> bool:
        """Say whether the tracer said it."""
        told = self.message.startswith(TRACE) and self.file == _PLPGSQL
        return told and _TRACER.match(self.context or "") is not None

    @property
    def is_servers(self) -> bool:
        """Say whether the server itself said it, as opposed to code that runs in the database."""
        if self.severity == "LOG":
            return self.file in _TELLING
        return _LANGUAGES.match(self.file) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """When the server wrote a checkpoint, which goes into its write-ahead log (manual 28.5, WAL Configuration)."""

    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read from the log between two moments."""

    records: tuple[Record, ...]
    unreadable: int  # lines that are no record
    complete: bool  # the closing line was found
    checkpoints: tuple[Checkpoint, ...] = ()


def read(place: LogPlace, offset: int, closing: str, *, patience: timedelta) -> Reading:
    """Read records from a byte offset up to the line whose message is `closing`, waiting for it."""
    lines, found = _lines(place, offset, closing, patience)
    records, unreadable = parse(lines)
    return Reading(records=records, unreadable=unreadable, complete=found, checkpoints=tuple(checkpoints(lines)))


def offset_after(place: LogPlace, closing: str, start: int, *, patience: timedelta) -> int:
    """Return the byte offset behind the line whose message is `closing`; `start` if it never comes."""
    lines, found = _lines(place, start, closing, patience)
    return start + sum(len(line) + 1 for line in lines) if found else start


def parse(lines: Iterable[bytes]) -> tuple[tuple[Record, ...], int]:
    """Return the records of client backends, and how many lines could not be read."""
    records, unreadable = [], 0
    for line in lines:
        try:
            record = _record(json.loads(line))
        except (ValueError, KeyError, TypeError):
            unreadable += 1
            continue
        if record is not None:
            records.append(record)
    return tuple(records), unreadable


def checkpoints(lines: Iterable[bytes]) -> Iterator[Checkpoint]:
    """Yield the checkpoints; of one that began before the first line or ended behind the last, that end is open."""
    began = datetime.min.replace(tzinfo=UTC)
    is_running = False
    for line in (each for each in lines if _CHECKPOINTER in each):
        try:
            fields = json.loads(line)
            at, is_running = _moment(fields["timestamp"]), str(fields["message"]).startswith(_BEGINNING)
        except (ValueError, KeyError):
            continue  # of a log in another zone, of which no other line is read either
        if not is_running:
            yield Checkpoint(began=began, ended=at)
        began = at
    if is_running:
        yield Checkpoint(began=began, ended=datetime.max.replace(tzinfo=UTC))


def _record(fields: dict[str, str | int]) -> Record | None:
    """Return the record of one line; None for a line that is not a client backend's."""
    if fields.get("backend_type") != "client backend" or "user" not in fields:
        return None
    return Record(
        at=_moment(str(fields["timestamp"])),
        session=str(fields["session_id"]),
        line=int(fields["line_num"]),
        user=str(fields["user"]),
        database=str(fields.get("dbname", "")),
        vxid=str(fields.get("vxid", "")),
        ps=str(fields.get("ps", "")),
        application=str(fields.get("application_name", "")),
        severity=str(fields["error_severity"]),
        sqlstate=str(fields["state_code"]) if "state_code" in fields else None,
        message=_message(fields),
        statement=str(fields["statement"]) if "statement" in fields else None,
        context=str(fields.get("context", "")) if str(fields.get("message")).startswith(TRACE) else None,
        detail=str(fields.get("detail", "")) if str(fields.get("message")).startswith(_WAITING) else None,
        file=str(fields.get("file_name", "")),
    )


def _message(fields: dict[str, str | int]) -> str:
    """Return the primary message; where DETAIL names objects or addresses and no values, with it."""
    message = str(fields.get("message", ""))
    if fields.get("state_code") in _NAMES_OBJECTS and "detail" in fields:
        return f"{message} ({'; '.join(str(fields['detail']).splitlines())})"
    return message


def _moment(text: str) -> datetime:
    """Return the moment of a timestamp written in UTC; any other zone is a ValueError.

    >>> _moment("2026-11-24 13:09:50.288 UTC").microsecond
    288000
    """
    moment, _, zone = text.rpartition(" ")
    if zone not in _UTC:
        raise ValueError(text)
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def _lines(place: LogPlace, offset: int, closing: str, patience: timedelta) -> tuple[list[bytes], bool]:
    """Return the complete lines from the offset to the closing one, and whether that was found."""
    wanted = json.dumps(closing).encode()
    until = time.monotonic() + patience.total_seconds()
    lines: list[bytes] = []
    rest = b""
    while True:
        part = place.part(offset)
        offset += len(part)
        *whole, rest = (rest + part).split(b"\n")
        for number, line in enumerate(whole):
            if wanted in line:
                return lines + whole[: number + 1], True
        lines.extend(whole)
        if time.monotonic() > until:
            return lines, False
        if not part:
            time.sleep(_POLL)
