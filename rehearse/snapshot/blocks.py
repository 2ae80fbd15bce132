"""Blocks of a file of lines: read so much at a time, cut where a line ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

_LONGEST_LINE = 8 << 20  # what is longer comes in pieces


def blocks(file: IO[bytes], size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield whole lines, about so many bytes at a time, each with its line break; and pieces of lines beyond reason."""
    torn = False  # the block before ended within a line
    while block := file.read(size):
        if not block.endswith(b"\n"):
            block += file.readline(_LONGEST_LINE)
        start = block.find(b"\n") + 1 if torn else 0
        end = block.rfind(b"\n") + 1
        torn = end < len(block)
        yield block[start:end], block[:start] + block[end:]
