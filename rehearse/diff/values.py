"""Which values to compare after a migration, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.downgrade import ColumnContents, TableContents
from rehearse.model.identity import split
from rehearse.model.partitions import parents, root
from rehearse.model.timeline import Timeline, WorkKind
from rehearse.model.values import ComparedColumn, ComparedTable, ValueChange

Hash = int | None  # of one value; None: NULL
Row = Sequence[Hash]  # of the columns, in order
_ONLY_REMOVES = ("delete", "truncate")
_NO_NULLS = "primary key"


def to_compare(
    before: Catalog, after: Catalog, timeline: Timeline, *, seen: bool, apart: AbstractSet[str]
) -> tuple[ComparedTable, ...]:
    """Return the tables of which rows were written or columns retyped, and those made anew under their name.

    Where not all was `seen`, every table. Tables named in `apart` are left out.
    """
    pairs = tuple(_pairs(before, after))
    above = parents(before)
    written = {root(table, above) for table in _written(timeline)}
    found = []
    for old, new in pairs:
        table = _compared(old, new, before, after)
        recreated = old.physical != new.physical
        retyped = any(column.is_retyped for column in table.columns)
        if old.identity not in apart and (old.identity in written or recreated or retyped or not seen):
            found.append(table)
    return tuple(found)


def _pairs(before: Catalog, after: Catalog) -> Iterator[tuple[CatalogObject, CatalogObject]]:
    """Yield each table that is no partition with what it is afterwards: the same, or one of its name."""
    same = {found.physical: found for found in after.of_kind("table")}
    named = {found.identity: found for found in after.of_kind("table")}
    for old in before.of_kind("table"):
        new = same.get(old.physical) or named.get(old.identity)
        if new is not None and old.attributes.get("partition_bound") is None:
            yield old, new


def with_roots(before: Catalog, contents: Mapping[str, TableContents]) -> Mapping[str, TableContents]:
    """Add, to what tables and leaves hold, what each partitioned table holds in all its leaves."""
    found = dict(contents)
    above = parents(before)
    for leaf in above.keys() & contents.keys():
        top = root(leaf, above)
        found[top] = _sum(found[top], contents[leaf]) if top in found else contents[leaf]
    return found


def _sum(one: TableContents, other: TableContents) -> TableContents:
    columns = {
        name: ColumnContents(
            values=one.columns[name].values + other.columns[name].values,
            checksum=one.columns[name].checksum + other.columns[name].checksum,
        )
        for name in one.columns.keys() & other.columns.keys()
    }
    return TableContents(rows=one.rows + other.rows, columns=columns, checksum=one.checksum + other.checksum)


def _written(timeline: Timeline) -> Iterator[str]:
    for statement in timeline.statements:
        for work in statement.work:
            if work.kind is WorkKind.REWRITE or (work.kind is WorkKind.ROWS and work.detail not in _ONLY_REMOVES):
                yield work.object


def _compared(old: CatalogObject, new: CatalogObject, before: Catalog, after: Catalog) -> ComparedTable:
    columns = {column.column: column for column in _columns(old, new, before, after)}
    return ComparedTable(
        table=old.identity,
        now=new.identity,
        has_leaves=old.attributes.get("partitioned_by") is not None,
        columns=tuple(columns.values()),
        key=next(_keys(old, before, columns), ()),
    )


def _columns(old: CatalogObject, new: CatalogObject, before: Catalog, after: Catalog) -> Iterator[ComparedColumn]:
    recreated = old.physical != new.physical
    now = {
        split(found.identity)[-1] if recreated else found.physical: found
        for found in after.of_kind("column")
        if found.table == new.identity and not found.attributes.get("generated")
    }
    for column in before.of_kind("column"):
        if column.table != old.identity or column.attributes.get("generated"):
            continue
        found = now.get(split(column.identity)[-1] if recreated else column.physical)
        if found is not None:
            yield ComparedColumn(
                column=column.identity,
                now=found.identity,
                before=split(column.identity)[-1],
                after=split(found.identity)[-1],
                old_type=column.text("type"),
                new_type=found.text("type"),
            )


def _keys(
    old: CatalogObject, before: Catalog, columns: Mapping[str, ComparedColumn]
) -> Iterator[tuple[ComparedColumn, ...]]:
    """Yield what tells the rows of a table apart, the primary key first."""
    never_null = {found.identity for found in before.of_kind("column") if found.attributes.get("not_null") is True}
    keys = [
        found
        for found in before.of_kind("constraint")
        if found.table == old.identity and found.text("type") in (_NO_NULLS, "unique")
    ]
    for key in sorted(keys, key=lambda found: found.text("type") != _NO_NULLS):
        names = key.attributes.get("columns")
        identities = [f"{old.identity}.{name}" for name in names] if isinstance(names, Sequence) else []
        if identities and all(identity in columns and identity in never_null for identity in identities):
            yield tuple(columns[identity] for identity in identities)


def by_sums(table: ComparedTable, before: TableContents, after: TableContents) -> tuple[ValueChange, ...]:
    """Tell from sums alone which columns hold other values; a column with more values than before was filled in."""
    found = []
    for column in table.columns:
        old, new = before.columns[column.before], after.columns[column.after]
        gone = max(0, before.rows - after.rows)
        nulled = max(0, old.values - new.values - gone)
        changed = int(old != new and old.values == new.values)
        if nulled or changed:
            found.append(_change(table, column, changed, nulled, before.rows, one_to_one=False, exact=False))
    return tuple(found)


def by_rows(
    table: ComparedTable,
    before: Mapping[int, Row],
    after: Mapping[int, Row],
    *,
    exact: bool,
) -> tuple[ValueChange, ...]:
    """Tell, row by row, what became of each column's values; rows go by the hash of their key.

    Where keys themselves have changed, rows cannot be told apart, and values count wherever they stand.
    """
    kept = before.keys() & after.keys()
    if len(kept) < len(before) and len(after) >= len(before):
        return by_values(table, tuple(before.values()), tuple(after.values()))
    found = []
    for place, column in enumerate(table.columns):
        pairs = Counter((before[key][place], after[key][place]) for key in kept if before[key][place] is not None)
        changed = sum(number for (old, new), number in pairs.items() if new is not None and new != old)
        nulled = sum(number for (_, new), number in pairs.items() if new is None)
        if changed or nulled:
            olds, news = {old for old, _ in pairs}, {new for _, new in pairs}
            one_to_one = len(olds) == len(news) == len(pairs)
            found.append(_change(table, column, changed, nulled, len(kept), one_to_one=one_to_one, exact=exact))
    return tuple(found)


def by_values(table: ComparedTable, before: Sequence[Row], after: Sequence[Row]) -> tuple[ValueChange, ...]:
    """Tell how many values of each column are not to be found any more, in whatever row; fewer rows explain as many."""
    found = []
    gone = max(0, len(before) - len(after))
    for place, column in enumerate(table.columns):
        old, new = Counter(row[place] for row in before), Counter(row[place] for row in after)
        lost = max(0, sum(number for value, number in (old - new).items() if value is not None) - gone)
        nulled = min(lost, max(0, new[None] - old[None]))
        if lost:
            alike = sorted(old.values()) == sorted(new.values()) and old[None] == new[None]
            found.append(_change(table, column, lost - nulled, nulled, len(before), one_to_one=alike, exact=False))
    return tuple(found)


def _change(
    table: ComparedTable, column: ComparedColumn, changed: int, nulled: int, rows: int, *, one_to_one: bool, exact: bool
) -> ValueChange:
    return ValueChange(
        column=column.column,
        now=column.now,
        table=table.table,
        changed=changed,
        nulled=nulled,
        rows=rows,
        one_to_one=one_to_one,
        exact=exact,
    )
