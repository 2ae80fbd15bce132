"""The audit as a chained file, whose entries are signed where there is a key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from rehearse import chain
from rehearse.errors import RehearseError
from rehearse.model.audit import Entry, Head
from rehearse.model.signature import Key, Purpose

FILE = "audit.jsonl"
Audit: TypeAlias = chain.Chain[Entry]


class AuditNotWritten(RehearseError):
    """What was let through could not be written down, so it is not let through."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Nothing is let through: the audit {path} could not be written ({reason}).",
            "Give this account a disk it can write to there.",
        )


def path_in(home: Path) -> Path:
    return home / FILE


def read(home: Path, key: Key | None = None) -> Audit:
    """Read the audit in a project's folder, all of it; with a key the signatures count. Raises chain.Unreadable."""

    def forged(entry: Entry, line: bytes, before: Entry | None) -> str | None:
        return None if key is None else _forged(entry, line, before, key)

    return chain.read(path_in(home), "audit", Entry, forged)


def append(entry: Entry, home: Path, key: Key | None) -> Head:
    """Write an entry behind the last one, whose number and hash it gets; return the new head.

    It is signed where there is a key. Raises AuditNotWritten.
    """
    path = path_in(home)
    try:
        return chain.append(path, lambda number, last: _line(replace(entry, number=number, previous=last), key))
    except OSError as error:
        raise AuditNotWritten(path, error.strerror or str(error)) from None


def _forged(entry: Entry, line: bytes, before: Entry | None, key: Key) -> str | None:
    if entry.signature is None:  # what was written before there was a key stays
        is_behind = before is not None and before.signature is not None
        return f"entry {entry.number} is not signed, and the one before it is." if is_behind else None
    told = {name: value for name, value in json.loads(line).items() if name != "signature"}
    if not key.fits(Purpose.AUDIT, told, entry.signature):
        return f"entry {entry.number} was changed, or signed with another key."
    return None


def _line(entry: Entry, key: Key | None) -> bytes:
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and --help must not wait

    told = TypeAdapter(Entry).dump_python(entry, mode="json", exclude={"signature"})
    signature = {} if key is None else {"signature": key.sign(Purpose.AUDIT, told)}
    return json.dumps({**told, **signature}, ensure_ascii=True, sort_keys=True).encode()
