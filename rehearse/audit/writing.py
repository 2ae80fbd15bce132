"""Append to an audit: locked, flushed to the disk, never rewritten."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

from rehearse.audit.chain import path_in
from rehearse.errors import RehearseError
from rehearse.model.audit import START, Entry, Head
from rehearse.model.signature import Key, Purpose


class AuditNotWritten(RehearseError):
    """What was let through could not be written down, so it is not let through."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Nothing is let through: the audit {path} could not be written ({reason}).",
            "Give this account a disk it can write to there.",
        )


def append(entry: Entry, home: Path, key: Key | None) -> Head:
    """Write an entry behind the last one, whose number and hash it gets; return the new head.

    It is signed where there is a key. Raises AuditNotWritten.
    """
    path = path_in(home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("a+b") as file:  # O_APPEND: whoever else writes, nothing is written over
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            content = file.read()
            lines = content.split(b"\n")
            torn = bool(lines.pop())  # a writer was ended in the middle of a line
            count = len(lines) + torn
            last = content.rstrip(b"\n").rpartition(b"\n")[2]
            previous = hashlib.sha256(last).hexdigest() if count else START
            line = _line(replace(entry, number=count + 1, previous=previous), key)
            file.write((b"\n" if torn else b"") + line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _flush_folder(home)
    except OSError as error:
        raise AuditNotWritten(path, error.strerror or str(error)) from None
    return Head(count=count + 1, hash=hashlib.sha256(line).hexdigest())


def _line(entry: Entry, key: Key | None) -> bytes:
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and --help must not wait

    told = TypeAdapter(Entry).dump_python(entry, mode="json", exclude={"signature"})
    signature = {} if key is None else {"signature": key.sign(Purpose.AUDIT, told)}
    return json.dumps({**told, **signature}, ensure_ascii=True, sort_keys=True).encode()


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
