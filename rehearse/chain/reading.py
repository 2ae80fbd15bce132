"""Read a chained file and say whether it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from rehearse.errors import RehearseError
from rehearse.model.audit import START, Head


class Line(Protocol):
    """What a line of every chained file holds."""

    @property
    def number(self) -> int: ...  # from 1

    @property
    def previous(self) -> str: ...  # sha256 of the line before


_L = TypeVar("_L", bound=Line)


class Unreadable(RehearseError):
    """A chained file is there and cannot be read."""

    def __init__(self, noun: str, path: Path, reason: str) -> None:
        super().__init__(f"The {noun} {path} cannot be read: {reason}.", "Let this account read and write it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Generic[_L]):
    """A chained file as it was read."""

    noun: str  # "audit"
    path: Path
    entries: tuple[_L, ...]  # up to where it breaks
    hashes: tuple[str, ...]  # of every line, also behind a break
    fault: str | None = None  # what is wrong, in a sentence

    @property
    def head(self) -> Head:
        return Head(count=len(self.hashes), hash=self.hashes[-1]) if self.hashes else Head()

    def lacks(self, head: Head) -> str | None:
        """Say what is wrong with the file if it once ended at a head; None: nothing."""
        if not head.count:
            return None
        if not self.hashes:
            return f"The {self.noun} {self.path} is gone; it had {head.told}."
        if len(self.hashes) < head.count:
            return f"The {self.noun} {self.path} was cut off: it has {len(self.hashes)} of {head.count} entries."
        if self.hashes[head.count - 1] != head.hash:
            return f"The {self.noun} {self.path} was rewritten: its entry {head.count} is not the one it was."
        return None


def read(
    path: Path, noun: str, kind: type[_L], forged: Callable[[_L, bytes, _L | None], str | None] | None = None
) -> Chain[_L]:
    """Read all of a chained file; one that does not exist is empty.

    `forged` says what is wrong with an entry beyond its place, from its line and the entry before. Raises Unreadable.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return Chain(noun=noun, path=path, entries=(), hashes=())
    except OSError as error:
        raise Unreadable(noun, path, error.strerror or str(error)) from None
    if not lines[-1]:
        lines.pop()
    hashes = tuple(hashlib.sha256(line).hexdigest() for line in lines)
    entries: list[_L] = []
    fault = None
    for number, (line, previous) in enumerate(zip(lines, (START, *hashes), strict=False), start=1):
        entry = _entry(line, kind)
        fault = _fault(entry, number, previous)
        if entry is not None and fault is None and forged is not None:
            fault = forged(entry, line, entries[-1] if entries else None)
        if entry is None or fault is not None:
            fault = f"The {noun} {path} does not hold: {fault}"
            break
        entries.append(entry)
    return Chain(noun=noun, path=path, entries=tuple(entries), hashes=hashes, fault=fault)


def _entry(line: bytes, kind: type[_L]) -> _L | None:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - slow to import, and --help must not wait

    try:
        return TypeAdapter(kind).validate_json(line)
    except ValidationError:
        return None


def _fault(entry: Line | None, number: int, previous: str) -> str | None:
    if entry is None:
        return f"line {number} is no entry."
    if entry.number != number:
        return f"line {number} is entry {entry.number}: entries were taken out or put in."
    if entry.previous != previous:
        return f"entry {number} does not follow the line before it: one of them was changed."
    return None
