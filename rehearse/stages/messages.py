"""Messages of the frontend/backend protocol 3.0 (manual 55.7), found in a stream of bytes as it goes by."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

WHOLE = 1 << 31
_HEAD = 5  # bytes: the kind, and the length of all but the kind
_LENGTH = struct.Struct("!i")


class Stream:
    """One direction of a session, in the blocks it happens to come in.

    `wanted` names the kinds of messages that are read, and of each the bytes at most of its body: all others are passed
    over without a copy. Messages of the kind `withheld` are kept from going on if `refuses` says so of their body.
    """

    def __init__(
        self, wanted: Mapping[int, int], withheld: int | None = None, refuses: Callable[[bytes], bool] = lambda _: False
    ) -> None:
        self._wanted = wanted
        self._withheld = withheld
        self._refuses = refuses
        self._over = 0  # bytes still to be passed over
        self._part = bytearray()  # of a message that is not complete
        self._needed = 0  # length of `_part` that lets it be read on
        self._is_held = False  # nothing of `_part` has gone on yet
        self.is_broken = False  # what came was no message: from there on nothing is read

    def feed(self, data: bytes) -> tuple[bytes, list[tuple[int, bytes]]]:
        """Take in a block; return what goes on, and the messages that are complete by now: their kind and body."""
        if self.is_broken:
            return data, []
        if self._over >= len(data):
            self._over -= len(data)
            return data, []
        if len(self._part) + len(data) < self._needed:
            self._part += data
            return b"" if self._is_held else data, []
        gone = 0 if self._is_held else len(self._part)
        block = bytes(self._part) + data if self._part else data
        self._part, self._needed, self._is_held = bytearray(), 0, False
        found, refused, at = self._read(block)
        self._keep(block, at)
        stop = at if self._is_held else len(block)
        return _without(block, refused, gone, stop), found

    def _read(self, block: bytes) -> tuple[list[tuple[int, bytes]], list[tuple[int, int]], int]:
        """Return the messages of a block, where those stand that are refused, and where the reading ended."""
        found: list[tuple[int, bytes]] = []
        refused: list[tuple[int, int]] = []
        wanted, length_at, size = self._wanted, _LENGTH.unpack_from, len(block)
        at, self._over = self._over, 0
        while at + _HEAD <= size:
            kind, (length,) = block[at], length_at(block, at + 1)
            if length < _LENGTH.size:
                self.is_broken = True
                break
            end = at + 1 + length
            if kind in wanted:
                stop = min(end, at + _HEAD + wanted[kind])
                if stop > size:
                    self._needed = stop - at
                    break
                body = block[at + _HEAD : stop]
                found.append((kind, body))
                if kind == self._withheld and self._refuses(body):
                    refused.append((at, end))
            at = end
        return found, refused, at

    def _keep(self, block: bytes, at: int) -> None:
        """Remember what is incomplete at the end of a block."""
        if at >= len(block):
            self._over = at - len(block)
        elif not self.is_broken:
            self._part += block[at:]
            self._needed = max(self._needed, _HEAD)
            self._is_held = block[at] == self._withheld


def _without(block: bytes, refused: list[tuple[int, int]], start: int, stop: int) -> bytes:
    if not refused:
        return block[start:stop]
    kept = []
    for one, other in refused:
        kept.append(block[start:one])
        start = other
    return b"".join((*kept, block[start:stop]))


def text(body: bytes, at: int = 0) -> tuple[str, int]:
    """Return the string that stands at a place of a body, and where it ends. Raises ValueError where none does."""
    end = body.index(b"\0", at)
    return body[at:end].decode(errors="replace"), end + 1
