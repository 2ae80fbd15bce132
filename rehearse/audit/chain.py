"""Read an audit and say whether it is whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from rehearse.errors import RehearseError
from rehearse.model.audit import START, Entry, Head
from rehearse.model.signature import Key, Purpose

FILE = "audit.jsonl"


class AuditUnreadable(RehearseError):
    """The audit is there and cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"The audit {path} cannot be read: {reason}.", "Let this account read and write it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """An audit as it was read."""

    path: Path
    entries: tuple[Entry, ...]  # up to where it breaks
    hashes: tuple[str, ...]  # of every line, also behind a break
    fault: str | None = None  # what is wrong, in a sentence

    @property
    def head(self) -> Head:
        return Head(count=len(self.hashes), hash=self.hashes[-1]) if self.hashes else Head()

    def lacks(self, head: Head) -> str | None:
        """Say what is wrong with the audit if it once ended at a head; None: nothing."""
        if not head.count:
            return None
        if not self.hashes:
            return f"The audit {self.path} is gone; it had {head.told}."
        if len(self.hashes) < head.count:
            return f"The audit {self.path} was cut off: it has {len(self.hashes)} of {head.count} entries."
        if self.hashes[head.count - 1] != head.hash:
            return f"The audit {self.path} was rewritten: its entry {head.count} is not the one it was."
        return None


def path_in(home: Path) -> Path:
    return home / FILE


def read(home: Path, key: Key | None = None) -> Chain:
    """Read the audit in a project's folder, all of it; with a key the signatures count. Raises AuditUnreadable."""
    path = path_in(home)
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return Chain(path=path, entries=(), hashes=())
    except OSError as error:
        raise AuditUnreadable(path, error.strerror or str(error)) from None
    if not lines[-1]:
        lines.pop()
    hashes = tuple(hashlib.sha256(line).hexdigest() for line in lines)
    entries: list[Entry] = []
    fault = None
    for number, (line, previous) in enumerate(zip(lines, (START, *hashes), strict=False), start=1):
        entry = _entry(line)
        since_signed = any(before.signature for before in entries[-1:])  # what was written before there was a key stays
        fault = _fault(entry, number, previous, line, key, must_be_signed=since_signed)
        if entry is None or fault is not None:
            fault = f"The audit {path} does not hold: {fault}"
            break
        entries.append(entry)
    return Chain(path=path, entries=tuple(entries), hashes=hashes, fault=fault)


def _entry(line: bytes) -> Entry | None:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - slow to import, and --help must not wait

    try:
        return TypeAdapter(Entry).validate_json(line)
    except ValidationError:
        return None


def _fault(
    entry: Entry | None, number: int, previous: str, line: bytes, key: Key | None, *, must_be_signed: bool
) -> str | None:
    if entry is None:
        return f"line {number} is no entry."
    if entry.number != number:
        return f"line {number} is entry {entry.number}: entries were taken out or put in."
    if entry.previous != previous:
        return f"entry {number} does not follow the line before it: one of them was changed."
    if key is None:
        return None
    if entry.signature is None:
        return f"entry {number} is not signed, and the one before it is." if must_be_signed else None
    told = {name: value for name, value in json.loads(line).items() if name != "signature"}
    if not key.fits(Purpose.AUDIT, told, entry.signature):
        return f"entry {number} was changed, or signed with another key."
    return None
