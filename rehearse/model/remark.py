"""A remark: a comment of a migration that is addressed to rehearse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What stands behind `rehearse:` in a comment; it speaks of its own step only."""

    text: str
    path: Path  # of the file, absolute
    source: str  # the same as people know it: "versions/ae10_x.py"
    line: int
    is_in_base: bool = True  # False: the commit that policies are read from does not have it, so it excuses nothing

    @property
    def place(self) -> str:
        return f"{self.source}:{self.line}"
