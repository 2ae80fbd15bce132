"""A lookout looks through blocks of a table's rows: which canaries are there, and what clear columns hold.

It needs little, so that it can be a process of its own: no driver, no catalog, no place to write to.
"""

from __future__ import annotations

import pickle
import signal
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from rehearse.sanitise.clear import Personal, personal
from rehearse.sanitise.units import FINGERPRINT, Fingerprints, Shape, shapes, units

Block = tuple[bytes, bytes]  # whole rows, each with its line break; and what there is of rows beyond reason
PIECES = -1  # the number of a column that the pieces of rows count as


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What to look at in the rows of one table; columns are told by their numbers."""

    file: str
    width: int  # columns
    searched: frozenset[int] = frozenset()  # for canaries; PIECES, if these too
    doubted: frozenset[int] = frozenset()  # for personal data


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a block held, by the number of a column; no values."""

    canaries: Mapping[int, frozenset[bytes]]
    units: Counter[tuple[int, Shape]]  # looked at
    personal: Mapping[int, Personal]


@dataclass(slots=True)
class Lookout:
    """Looks through blocks one by one; it remembers the values of the last, for many columns repeat a few."""

    secret: bytes = field(repr=False)
    canaries: Collection[bytes] = field(repr=False)
    _layout: Layout | None = None
    _before: dict[int, set[bytes]] = field(default_factory=dict, repr=False)

    def look(self, layout: Layout, blocks: Iterable[Block]) -> Iterator[Seen]:
        """Yield what each block held."""
        if layout != self._layout:
            self._layout, self._before = layout, {}
        for rows, pieces in blocks:
            yield self._look(layout, rows, pieces)

    def _look(self, layout: Layout, rows: bytes, pieces: bytes) -> Seen:
        canaries: dict[int, frozenset[bytes]] = {}
        looked_at: Counter[tuple[int, Shape]] = Counter()
        doubts: dict[int, Personal] = {}
        for number, values in _columns(rows, pieces, layout):
            if number in layout.doubted:
                doubts[number] = personal(values)
                continue
            found = units(values - self._before.get(number, set()))
            self._before[number] = values
            looked_at.update({(number, form): many for form, many in shapes(found)})
            canaries[number] = frozenset(filter(self.canaries.__contains__, Fingerprints(self.secret).of(found)))
        return Seen(canaries=canaries, units=looked_at, personal=doubts)


def serve() -> None:
    """Be the lookout that another process asks, by its standard input, until that is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for whoever asks
    secret, canaries = pickle.load(sys.stdin.buffer)  # noqa: S301 - from whoever started this process
    starts = range(0, len(canaries), FINGERPRINT)
    lookout = Lookout(secret, frozenset(canaries[start : start + FINGERPRINT] for start in starts))
    with suppress(EOFError):
        while True:
            layout, block = pickle.load(sys.stdin.buffer)  # noqa: S301 - as above
            pickle.dump(list(lookout.look(layout, [block])), sys.stdout.buffer)
            sys.stdout.flush()


def _columns(rows: bytes, pieces: bytes, layout: Layout) -> Iterator[tuple[int, set[bytes]]]:
    """Yield the distinct values of the columns to look at."""
    if rows:
        fields = rows[:-1].replace(b"\n", b"\t").split(b"\t")
        if len(fields) != layout.width * rows.count(b"\n"):
            raise AssertionError("rows have more or fewer values than their table has columns")
        for number in sorted(layout.searched - {PIECES} | layout.doubted):
            yield number, set(fields[number :: layout.width])
    if pieces and PIECES in layout.searched:
        yield PIECES, {pieces}
