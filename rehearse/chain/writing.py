"""Append to a chained file: locked, flushed to the disk, never rewritten."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from rehearse.model.audit import START, Head


def append(path: Path, line: Callable[[int, str], bytes]) -> Head:
    """Write a line behind the last one, made of its number and the hash of that one; return the new head.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a+b") as file:  # O_APPEND: whoever else writes, nothing is written over
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        content = file.read()
        lines = content.split(b"\n")
        torn = bool(lines.pop())  # a writer was ended in the middle of a line
        count = len(lines) + torn
        last = content.rstrip(b"\n").rpartition(b"\n")[2]
        made = line(count + 1, hashlib.sha256(last).hexdigest() if count else START)
        file.write((b"\n" if torn else b"") + made + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _flush_folder(path.parent)
    return Head(count=count + 1, hash=hashlib.sha256(made).hexdigest())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
