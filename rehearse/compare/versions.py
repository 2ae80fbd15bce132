"""The rows that were found to differ, as people are shown them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier

from rehearse.compare.canonical import HALVES, Canonical, Digests, values
from rehearse.compare.matching import Matching
from rehearse.compare.pair import Pair, answered
from rehearse.compare.plan import Table
from rehearse.compare.reader import Reader, Task
from rehearse.compare.shown import Shown
from rehearse.model.counts import Kind, LocatedRow

Spot = tuple[int, str]  # where a row lies on one side: oid of the table or partition, ctid

_INTEGER = re.compile(r"-?[0-9]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One row that differs, by its places."""

    kind: Kind
    places: Mapping[str, Spot]
    copies: int = 1


def told(
    pair: Pair, matched: Matching, found: Sequence[Found], digests: Digests, shown: Shown
) -> tuple[LocatedRow, ...]:
    """Fetch what is shown of the rows found: the key, masked by the policy; their moment; which columns differ.

    Raises SideFailed.
    """
    listed = [shown.expression(matched.table, name) for name in matched.names]
    first, other = pair.each(lambda reader: _fetched(reader, matched, found, listed, digests))
    known = {pair.first.name: first, pair.other.name: other}
    rows = []
    for row in found:
        versions = [known[side][place] for side, place in row.places.items()]
        rows.append(
            LocatedRow(
                kind=row.kind,
                key=dict(zip(matched.names, versions[0].shown, strict=True)),
                columns=_changed(matched.columns, versions),
                copies=row.copies,
                moment=versions[-1].moment,
            )
        )
    return tuple(sorted(rows, key=_place_in_report))


def _place_in_report(row: LocatedRow) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    """Order rows as people look for them: by kind, then by key, numbers as numbers, NULL last."""
    values = (
        (2, 0, "") if value is None else (0, int(value), "") if _INTEGER.fullmatch(value) else (1, 0, value)
        for value in row.key.values()
    )
    return tuple(Kind).index(row.kind), tuple(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """A row as one side has it."""

    moment: datetime | None
    shown: tuple[str | None, ...]
    digests: tuple[int, ...]  # of each column


def _fetched(
    reader: Reader,
    matched: Matching,
    found: Sequence[Found],
    listed: Sequence[Composable],
    digests: Digests,
) -> dict[Spot, _Version]:
    """Fetch the rows found on one side by their places."""
    places = [row.places[reader.name] for row in found if reader.name in row.places]
    sources = {part.oid: part.source for part in matched.table.parts[reader.name]}
    hashed = [digests.half((column,), HALVES[0]) for column in matched.columns]
    tasks = [
        Task(
            key=oid,
            statement=SQL(
                'SELECT v."rehearse place", v."rehearse moment", v."rehearse shown", '
                "ARRAY[{}]::pg_catalog.int8[] FROM {}"
            ).format(
                SQL(", ").join(hashed),
                values(
                    matched.columns,
                    sources[oid],
                    (SQL("t.ctid = ANY ({}::pg_catalog.tid[])").format(_ctids(places, oid)),),
                    (
                        SQL('t.ctid::pg_catalog.text AS "rehearse place"'),
                        SQL('{} AS "rehearse moment"').format(_moment(matched.table)),
                        SQL('ARRAY[{}]::pg_catalog.text[] AS "rehearse shown"').format(SQL(", ").join(listed)),
                    ),
                ),
            ),
        )
        for oid in sorted({oid for oid, _ in places})
    ]
    return {
        (cast("int", oid), cast("str", ctid)): _Version(
            moment=_parsed(cast("str | None", moment)),
            shown=tuple(cast("list[str | None]", shown)),
            digests=tuple(cast("list[int]", hashes)),
        )
        for oid, answer in reader.ask(tasks).items()
        for ctid, moment, shown, hashes in answered(answer)
    }


def _ctids(places: Iterable[Spot], oid: int) -> Composable:
    quoted = ",".join(f'"{ctid}"' for found, ctid in places if found == oid)
    return sql.Literal("{" + quoted + "}")


def _moment(table: Table) -> Composable:
    if table.time_column is None:
        return SQL("NULL::pg_catalog.text")
    return SQL("t.{}::pg_catalog.timestamptz::pg_catalog.text").format(Identifier(table.time_column))


def _parsed(moment: str | None) -> datetime | None:
    """Return a moment as PostgreSQL writes it, None where Python has none: infinity, before Christ."""
    try:
        return None if moment is None else datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _changed(columns: Sequence[Canonical], versions: Sequence[_Version]) -> tuple[str, ...]:
    """Return the columns whose values differ between two versions of a row."""
    if len(versions) == 1:
        return ()
    pairs = zip(columns, versions[0].digests, versions[1].digests, strict=True)
    return tuple(column.name for column, first, other in pairs if first != other)
