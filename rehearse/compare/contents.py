"""Compare tables by what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rehearse.compare import invariants, locating
from rehearse.compare.canonical import Digests
from rehearse.compare.content import Buckets, Summing, sums, total
from rehearse.compare.counting import OTHER_TABLES, does_not_apply
from rehearse.compare.matching import Matching, matching
from rehearse.compare.pair import Pair
from rehearse.compare.plan import Table
from rehearse.compare.reader import Problem, Reader
from rehearse.compare.shown import Shown
from rehearse.compare.sides import Sides
from rehearse.compare.spans import spans
from rehearse.model.counts import CONTENT, ROWS, Cell, Located, Row
from rehearse.model.quantity import listing

Summed = Mapping[str, Buckets | Problem]  # by side


def rows(sides: Sides, tables: Sequence[Table], digests: Digests, shown: Shown) -> Iterator[Row]:
    """Yield every table with its contents compared; if asked, with the rows that differ."""
    asked = sides.asked
    masked = [table for table in tables if asked.masked & set(table.sides)]
    compared = {table.identity: table for table in tables if table.sides and table not in masked}
    ends = spans(sides, compared.values()) if asked.locate else {}
    matched = {name: matching(table, asked, digests, ends.get(name)) for name, table in compared.items()}
    summings = {identity: found.summing(digests, found.bits) for identity, found in matched.items()}
    answers = sides.each(
        lambda reader: sums(
            reader, [summings[name] for name, table in compared.items() if reader.name in table.sides], asked, digests
        )
    )
    for table in tables:
        own = {name: found[table.identity] for name, found in answers.items() if table.identity in found}
        if table in masked:
            yield _by_invariants(sides, table, digests, shown)
        elif does_not_apply(own.values(), asked):
            yield sides.row(replace(table, skipped=OTHER_TABLES), {})
        else:
            row = sides.row(table, {name: _cell(matched[table.identity], name, found) for name, found in own.items()})
            yield _explained(sides, row, matched[table.identity], own, digests, shown) if own else row


def _cell(matched: Matching, side: str, found: Buckets | Problem) -> Cell:
    if isinstance(found, Problem):
        return Cell(problem=found.reason)
    added = total(found, distinct=bool(matched.key))
    (checksum,) = added.checksums
    lone = matched.table.lone_marks(side)
    return Cell(rows=added.rows, marks={CONTENT: checksum, **lone})


def _explained(sides: Sides, row: Row, matched: Matching, own: Summed, digests: Digests, shown: Shown) -> Row:
    """Add to a table that differs what is asked for: the rows, or at least the columns."""
    if CONTENT not in row.differs and ROWS not in row.differs:
        return row
    if sides.asked.locate:
        return replace(row, located=tuple(_located(sides, row, matched, own, digests, shown)))
    return row if ROWS in row.differs else _by_columns(sides, row, matched, digests)


def _located(
    sides: Sides, row: Row, matched: Matching, own: Summed, digests: Digests, shown: Shown
) -> Iterator[Located]:
    """Yield the rows that differ between the first side that was read and each other one."""
    good = {name: found for name, found in own.items() if not isinstance(found, Problem)}
    first, *others = [name for name in sides.names if name in good] or [""]
    for other in others:
        if row.cells[first].marks != row.cells[other].marks or row.cells[first].rows != row.cells[other].rows:
            yield locating.locate(
                Pair(first=sides.readers[first], other=sides.readers[other]),
                matched,
                (good[first], good[other]),
                sides.asked,
                digests,
                shown,
            )


def _by_columns(sides: Sides, row: Row, matched: Matching, digests: Digests) -> Row:
    """Name the columns that differ, where the numbers of rows are the same."""
    table = matched.table
    summing = Summing(table=table, columns=matched.columns, digests=tuple((column,) for column in matched.columns))
    answers = sides.each(
        lambda reader: (
            sums(reader, [summing], sides.asked, digests)[table.identity] if reader.name in table.sides else None
        )
    )
    cells = dict(row.cells)
    for name, found in answers.items():
        if found is not None and not isinstance(found, Problem):
            checksums = total(found, len(matched.columns)).checksums
            marks = dict(zip((column.name for column in matched.columns), checksums, strict=True))
            cells[name] = replace(cells[name], marks={**cells[name].marks, **marks})
    return sides.row(table, cells)


def _by_invariants(sides: Sides, table: Table, digests: Digests, shown: Shown) -> Row:
    """Compare masked sides with clear ones by what the masks promise to keep, and clear ones by every value."""
    masked = sides.asked.masked
    clear = [name for name in table.sides if name not in masked]
    names = tuple(versions[0].name for versions in table.common_columns)
    generated = tuple(versions[0].name for versions in table.common_columns if versions[0].generated)
    treatments = shown.treatments(table, names, clear[0] if clear else table.sides[0])
    if set(names) - set(generated) - set(treatments):
        undecided = "the policy could not be decided for its columns, so nothing is known of its values"
        return sides.row(table, {name: Cell(problem=undecided) for name in table.sides})
    if generated:  # worked out anew from masked values
        table = replace(table, note=f"generated and so not compared: {listing(generated)}")
    matched = matching(table, sides.asked, digests)

    def read(reader: Reader) -> Cell | None:
        if reader.name not in table.sides:
            return None
        found = invariants.cell(reader, table, treatments, sides.asked, digests)
        if found.problem is not None or reader.name in masked or len(clear) < 2:  # noqa: PLR2004 - two can be compared
            return found
        whole = sums(reader, [matched.summing(digests, 0)], sides.asked, digests)[table.identity]
        content = _cell(matched, reader.name, whole)
        return replace(found, problem=content.problem, marks={**found.marks, **content.marks})

    cells = sides.each(read)
    return sides.row(table, {name: cell for name, cell in cells.items() if cell is not None})
