"""Verify what masks promise on rows that will be copied, inside the source: only counts come home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier, Literal

from rehearse.catalog.relations import ForeignKey, Table
from rehearse.sanitise import treatments
from rehearse.sanitise.classify import Treatment
from rehearse.snapshot.moment import Moment
from rehearse.snapshot.promises import Condition, conditions
from rehearse.snapshot.sampling import chunks

Treated = Mapping[int, tuple[Treatment, ...]]

EXAMINED = 10_000  # rows of a table
_DRAWS = 3
_BARE = {"character": "pg_catalog.bpchar", "bit": "pg_catalog.varbit"}  # alone they would mean one character, one bit


class BrokenPromise(AssertionError):
    """A mask does not keep what its file says: an error of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The treatments to copy by, and what no mask could keep, in sentences."""

    treated: dict[int, tuple[Treatment, ...]]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    """A constraint that held on the clear rows and would not on the masked ones."""

    table: Table
    name: str
    columns: frozenset[str]


def verify(
    moment: Moment,
    tables: Iterable[Table],
    treated: Treated,
    chosen: Mapping[int, set[str]],
    keys: Iterable[ForeignKey],
) -> Verified:
    """Examine up to 10,000 rows of each masked table; where a constraint would break, draw again.

    `chosen` holds the ctids of tables that are not copied whole. A domain is drawn again for every column that shares
    it, up to three times; then a column that is in no key gets another mask. What breaks even so is told in a note.
    Raises BrokenPromise for a mask that does not keep what it says.
    """
    tables = tuple(tables)
    known = conditions(moment.lead, [table.oid for table in tables])
    current = dict(treated)
    broken = _examined(moment, tables, current, chosen, known)
    for draw in range(1, _DRAWS + 2):
        if not broken:
            break
        current, changed = _redrawn(current, broken, draw)
        again = [table for table in tables if table.oid in changed]
        kept = [found for found in broken if found.table.oid not in changed]
        broken = [*kept, *_examined(moment, again, current, chosen, known)]
    return Verified(treated=current, notes=(*map(_sentence, broken), *_parted(tables, current, keys)))


def _sentence(broken: _Broken) -> str:
    return f'Masked values of {broken.table.identity} ({", ".join(sorted(broken.columns))}) break "{broken.name}".'


def _redrawn(
    treated: Treated, broken: Iterable[_Broken], draw: int
) -> tuple[dict[int, tuple[Treatment, ...]], set[int]]:
    """Draw the domains of broken columns again, at last by another mask; return also which tables have changed."""
    at_fault = [
        found
        for fault in broken
        for found in treated[fault.table.oid]
        if found.mask is not None and found.column.name in fault.columns
    ]
    domains = {found.domain for found in at_fault}
    changed, drawn = set(), {}
    for oid, listed in treated.items():
        drawn[oid] = tuple(_again(found, draw) if found.domain in domains and found.mask else found for found in listed)
        if drawn[oid] != listed:
            changed.add(oid)
    return drawn, changed


def _again(found: Treatment, draw: int) -> Treatment:
    """Return a treatment with another draw of its domain: all columns of the domain choose alike."""
    fresh = replace(found, domain=f"{found.domain.partition('#')[0]}#{draw}")
    if draw <= _DRAWS:
        return fresh
    name = next(iter(treatments.others(found.column, found.record.mask)), None)
    other = None if name is None else treatments.by_name(name, found.column)
    if other is None or name is None:
        return fresh
    record = replace(found.record, mask=name, keeps=treatments.keeps(name, found.column))
    return replace(fresh, mask=other[1], record=record)


def _examined(
    moment: Moment,
    tables: Sequence[Table],
    treated: Treated,
    chosen: Mapping[int, set[str]],
    known: Mapping[int, tuple[Condition, ...]],
) -> list[_Broken]:
    def examine(connection: psycopg.Connection, table: Table) -> tuple[int, tuple[_Broken, ...]]:
        concerned = tuple(_concerned(treated[table.oid], known.get(table.oid, ())))
        return table.oid, tuple(_of_table(connection, table, treated[table.oid], chosen.get(table.oid), concerned))

    asked = [table for table in tables if chosen.get(table.oid) != set()]
    broken = dict(moment.share(asked, examine))
    return [found for table in asked for found in broken[table.oid]]


def _masked(listed: Iterable[Treatment]) -> list[Treatment]:
    return [each for each in listed if each.mask is not None and each.record.mask != "null"]


def _concerned(listed: Iterable[Treatment], known: Iterable[Condition]) -> Iterator[Condition]:
    """Yield the conditions that a mask could break."""
    names = {each.column.name for each in _masked(listed)}
    there = {each.column.name for each in listed}  # generated columns are not
    yield from (each for each in known if names & set(each.columns) and there >= set(each.columns))


def _of_table(
    connection: psycopg.Connection,
    table: Table,
    listed: tuple[Treatment, ...],
    ctids: set[str] | None,
    concerned: Sequence[Condition],
) -> Iterator[_Broken]:
    """Ask one statement about a table, and compare what it counts on clear rows with what it does on masked ones."""
    promised = [(each, word, count) for each in _masked(listed) for word, count in _promises(each)]
    counted = [each.violations(side) for each in concerned for side in ("clear", "masked")]
    if not promised and not counted:
        return
    asking = _question(table, listed, ctids, [count for _, _, count in promised], counted)
    row = connection.execute(asking).fetchone()
    assert row is not None
    kept = row[: len(promised)]
    for (each, word, _), missing in zip(promised, kept, strict=True):
        if missing and word == "uniqueness":
            yield _Broken(table=table, name=f"{each.column.name} is distinct", columns=frozenset({each.column.name}))
        elif missing:
            raise BrokenPromise(f"{each.record.mask} does not keep {word} of {each.record.identity}: {missing} rows")
    sides = row[len(promised) :]
    for condition, clear, after in zip(concerned, sides[::2], sides[1::2], strict=True):
        if after > clear:
            yield _Broken(table=table, name=condition.name, columns=frozenset(condition.columns))


def _question(
    table: Table,
    listed: Sequence[Treatment],
    ctids: set[str] | None,
    kept: Sequence[Composable],
    counted: Sequence[Composable],
) -> sql.Composed:
    """Return the statement: rows as they are, each beside itself masked once, and what is counted on the two sides."""
    return SQL(
        "WITH drawn AS MATERIALIZED (SELECT {values} "
        "FROM (SELECT {columns} FROM ONLY {table} AS t{where} LIMIT {most}) AS t), "
        "clear AS (SELECT {clear} FROM drawn AS d), masked AS (SELECT {masked} FROM drawn AS d), "
        "both_sides AS (SELECT {pairs} FROM drawn AS d) SELECT {counts}{sides}"
    ).format(
        values=SQL(", ").join(value for each in listed for value in _values(each)),
        columns=SQL(", ").join(SQL("t.{}").format(Identifier(each.column.name)) for each in listed),
        table=table.name,
        where=_chosen(ctids),
        most=Literal(EXAMINED),
        clear=_named(listed, _clear_place),
        masked=_named(listed, _place),
        pairs=SQL(", ").join(
            SQL("(d.{side})::pg_catalog.text AS {side}").format(side=Identifier(side))
            for each in _masked(listed)
            for side in (_clear_place(each), _place(each))
        ),
        counts=SQL(", ").join([*kept, *counted]),
        sides=SQL(" FROM both_sides AS b" if kept else ""),
    )


def _named(listed: Iterable[Treatment], place: Callable[[Treatment], str]) -> Composable:
    """Return the columns of one side under their own names: constraints know them by these."""
    return SQL(", ").join(
        SQL("d.{} AS {}").format(Identifier(place(each)), Identifier(each.column.name)) for each in listed
    )


def _chosen(ctids: set[str] | None) -> Composable:
    if ctids is None:
        return SQL("")
    listed = [chunk for chunk in islice(chunks(set(islice(sorted(ctids), EXAMINED))), 2) if chunk is not None]
    each = [SQL("t.ctid = ANY ({}::pg_catalog.tid[])").format(chunk) for chunk in listed]
    return SQL(" WHERE {}").format(SQL(" OR ").join(each))


def _typed(each: Treatment) -> Composable:
    """Return the masked value in its column's own type, without modifiers and domains, which are verified apart."""
    return SQL("({})::{}").format(each.expression, SQL(_BARE.get(each.column.base, each.column.base)))


def _values(each: Treatment) -> Iterator[Composable]:
    """Yield a column as it is, and masked where it is."""
    yield SQL("t.{} AS {}").format(Identifier(each.column.name), Identifier(_clear_place(each)))
    if each.mask is not None:
        yield SQL("{} AS {}").format(_typed(each), Identifier(_place(each)))


def _clear_place(each: Treatment) -> str:
    return f"c_{each.column.number}"


def _place(each: Treatment) -> str:
    """Return where a column is found as the copy will have it."""
    return _clear_place(each) if each.mask is None else f"m_{each.column.number}"


def _promises(each: Treatment) -> Iterator[tuple[str, Composable]]:
    """Yield what a mask says it keeps, with the count of rows that say otherwise."""
    sides = {
        "c": Identifier("b", _clear_place(each)),
        "m": Identifier("b", _place(each)),
    }
    if "null" in each.record.keeps:
        yield "null", SQL("pg_catalog.count(*) FILTER (WHERE ({c} IS NULL) <> ({m} IS NULL))").format(**sides)
    if "length" in each.record.keeps:
        unlike = "pg_catalog.count(*) FILTER (WHERE pg_catalog.length({c}) <> pg_catalog.length({m}))"
        yield "length", SQL(unlike).format(**sides)
    if "uniqueness" in each.record.keeps:
        fewer = "pg_catalog.count(DISTINCT {c}) - pg_catalog.count(DISTINCT {m})"
        yield "uniqueness", SQL(fewer).format(**sides)


def _parted(tables: Iterable[Table], treated: Treated, keys: Iterable[ForeignKey]) -> Iterator[str]:
    """Yield a sentence for every foreign key whose two sides are not masked alike."""
    identities = {table.oid: table.identity for table in tables}
    known = {(oid, each.column.name): each for oid, listed in treated.items() for each in listed}
    for key in keys:
        if key.child in identities and key.parent in identities:
            children = [_shown(known.get((key.child, name))) for name in key.child_columns]
            parents = [_shown(known.get((key.parent, name))) for name in key.parent_columns]
            if children != parents:
                yield f'The two sides of "{key.name}" of {identities[key.child]} are masked unlike and may not join.'


def _shown(each: Treatment | None) -> str | None:
    """Return what a treatment does, without the column's name: equal for both sides of a key."""
    if each is None or each.mask is None:
        return None
    return sql.Composed([each.mask(SQL("v"), each.domain)]).as_string()
