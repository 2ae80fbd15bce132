"""Compare what several environments hold: the story, once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rehearse.compare import counting, elements
from rehearse.compare.asked import Asked
from rehearse.compare.canonical import Digests, Hashing
from rehearse.compare.plan import Table, tables
from rehearse.compare.relations import columns_of, listing
from rehearse.compare.sides import Sides
from rehearse.diff.counts import lagging, rechecked
from rehearse.model.comparison import Status
from rehearse.model.counts import Counts, Row

if TYPE_CHECKING:
    from rehearse.protocols import Progress  # it knows every noun there is, and counting is quick

_HASHES_BYTES = 18  # the first version of PostgreSQL with hashbyteaextended()
_PORTABLE = "The servers' hash functions or encodings differ: md5 of canonical text was compared, which is slower."
_MASKED = (
    "{} holds masked values: of masked columns what masks keep was compared (NULLs, distinct values, how often they "
    "repeat), of the others the values."
)


def compare(asked: Asked, progress: Progress) -> Counts:
    """Count on every side at once, and once more what differed, if a pause was asked for.

    A side that cannot be read, or not to the end, leaves its numbers unknown; the others are still compared.
    Raises what is wrong with the request or with a snapshot directory.
    """
    key = asked.sanitise.key or secrets.token_bytes(32)
    first = _once(asked, key, progress)
    differing = first.with_status(Status.DIFFERENT)
    if asked.recheck is None or not differing:
        return first
    progress(f"waiting before {len(differing)} that differ are counted again")
    time.sleep(asked.recheck.total_seconds())
    elements = {row.name for row in differing if row.kind == "element"}
    again = replace(
        asked,
        tables=tuple({row.name for row in differing if row.kind != "element"}) or ("",),
        exclude=(),
        elements={name: text for name, text in asked.elements.items() if name in elements},
    )
    return rechecked(first, _once(again, key, progress), asked.recheck)


def _once(asked: Asked, key: bytes, progress: Progress) -> Counts:
    sides = Sides(asked, key)
    progress("connecting")
    with sides.reading():
        hashing = _hashing(sides) if asked.content else Hashing.TEXT
        rows = tuple(_rows(sides, Digests(key=key, hashing=hashing), progress))
        portable = [_PORTABLE] if hashing is Hashing.PORTABLE else []
        notes = [*_twice_the_same(sides), *portable, *_unmatched(asked, rows)]
    notes += [_MASKED.format(name) for name in sides.names if asked.content and name in asked.masked]
    described = sides.described()
    return Counts(
        counted_at=datetime.now(UTC),
        sides=described,
        rows=tuple(lagging(row, described, asked.max_lag) for row in rows),
        asked=asked.told(),
        notes=tuple(notes),
    )


def _hashing(sides: Sides) -> Hashing:
    """Return the quickest way to hash that every side has, and in which all agree."""
    answering = [reader for reader in sides.readers.values() if not reader.side.failure]
    probes, encodings = set(sides.ask("counting/probe").values()), {reader.encoding for reader in answering}
    if len(encodings) > 1 or len(probes) > 1:
        return Hashing.PORTABLE
    return Hashing.BYTES if all(reader.major >= _HASHES_BYTES for reader in answering) else Hashing.TEXT


def _rows(sides: Sides, digests: Digests, progress: Progress) -> Iterator[Row]:
    """Yield every row of the answer: tables by name, then elements."""
    asked = sides.asked
    found = _plan(sides, progress)
    progress(f"reading {len(found)} tables")
    if asked.by is not None or asked.content:
        yield from _about_values(sides, found, digests)
    elif asked.estimate:
        yield from counting.estimates(sides, found)
    else:
        yield from counting.rows(sides, found)
    yield from _known_to_snapshots_only(sides, found)
    yield from elements.rows(sides)


def _about_values(sides: Sides, found: list[Table], digests: Digests) -> Iterator[Row]:
    """Yield the tables by what is in them: groups of their rows, or their contents."""
    from rehearse.compare import contents, groups  # noqa: PLC0415 - a plain count is quick, and does not wait for these
    from rehearse.compare.shown import Shown  # noqa: PLC0415 - as above

    asked = sides.asked
    shown = Shown(sides.readers, asked.sanitise, clear=asked.show_keys)
    if asked.by is not None:
        yield from groups.rows(sides, found, asked.by, shown)
    else:
        yield from contents.rows(sides, found, digests, shown)


def _plan(sides: Sides, progress: Progress) -> list[Table]:
    progress("listing tables")
    asked = sides.asked
    listings = sides.each(lambda reader: listing(reader, with_estimates=asked.estimate, with_keys=asked.content))
    wanted = {
        name: tuple(relation for identity, relation in found.by_identity.items() if asked.wants(identity))
        for name, found in listings.items()
    }
    columns = sides.each(lambda reader: columns_of(reader, wanted[reader.name])) if asked.needs_columns else {}
    return list(tables(asked, listings, columns))


def _known_to_snapshots_only(sides: Sides, found: list[Table]) -> Iterator[Row]:
    known = {table.identity for table in found}
    told = {identity for _, cells in sides.snapshots.values() for identity in cells}
    absent = frozenset(name for name, reader in sides.readers.items() if not reader.side.failure)
    for identity in sorted(identity for identity in told - known if sides.asked.wants(identity)):
        yield sides.row(Table(identity=identity, kind="table", relations={}, parts={}, absent=absent), {})


def _unmatched(asked: Asked, rows: Sequence[Row]) -> Iterator[str]:
    """Tell the patterns that name no table: a slip of the pen must not look like an answer."""
    names = [row.name for row in rows if row.kind != "element"]
    for pattern in asked.tables:
        if pattern and not any(replace(asked, tables=(pattern,)).wants(name) for name in names):
            yield f'--tables "{pattern}" names no table on any side.'


def _twice_the_same(sides: Sides) -> Iterator[str]:
    """Warn of two names for one database."""
    known = sides.ask("counting/database")
    for database in sorted(set(known.values()), key=str):
        names = [name for name in sides.names if known.get(name) == database]
        if len(names) > 1:
            yield f"{' and '.join(names)} are one database, or a standby of it: that they are equal says little."
