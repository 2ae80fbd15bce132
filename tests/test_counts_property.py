"""Whatever two tables hold: never equal when their rows differ, never different when they are the same.

The witness is COPY: the lines it writes for two tables, as multisets. The tables are generated: columns of any type,
keys or none, NULLs, duplicates, values that PostgreSQL holds equal although they read differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Identifier, Literal

from rehearse.compare import counts
from rehearse.compare.asked import Asked
from rehearse.compare.canonical import Hashing
from rehearse.compare.counts import compare
from rehearse.engine.server import Server
from rehearse.model.comparison import Status
from rehearse.model.counts import Counts, Kind
from rehearse.model.environment import Environment

TYPES = """
CREATE TYPE mood AS ENUM ('calm', 'cross', 'new');
CREATE TYPE pair AS (a numeric, b text);
CREATE DOMAIN price AS numeric(12,4);
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
"""
# values that lie close: each differs from its neighbours in what it reads as, some only in that
VALUES = {
    "smallint": ["0", "1", "-1", "32767"],
    "integer": ["0", "1", "-1", "2147483647"],
    "bigint": ["0", "1", "4294967296", "-1", "8589934594", "9223372036854775807", "-9223372036854775808"],
    "numeric": ["1", "1.0", "1.00", "-1", "0", "0.0", "NaN", "Infinity", "1e30", "123456789.123456789"],
    "price": ["1", "1.5", "-1"],
    "real": ["0", "-0", "NaN", "1.5", "-Infinity"],
    "double precision": ["0", "-0", "NaN", "0.1", "0.30000000000000004", "0.3"],
    "boolean": ["true", "false"],
    "text": ["", "a", "a ", "A", "\u00e9", "e\u0301", "\u1e9e", "a,b", "(a)", "NULL", "\\N", "a\nb", "\U0001f600"],
    "varchar(8)": ["", "a", "a ", "\u00e9"],
    "char(4)": ["", "a", "ab"],
    "citext": ["a", "A", "a "],
    "bytea": ["\\x", "\\x00", "\\x0000", "\\xff"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"],
    "date": ["2026-11-25", "0001-01-01 BC", "infinity", "5874897-12-31"],
    "time": ["00:00", "24:00", "00:00:00.000001"],
    "timetz": ["12:00+00", "13:00+01"],
    "timestamp": ["2026-11-25 12:00", "2026-11-25 12:00:00.000001", "2026-11-25 13:11:34.967297", "infinity"],
    "timestamptz": ["2026-11-25 12:00+00", "2026-11-25 12:00:00.000001+00", "-infinity", "0044-03-15 BC"],
    "interval": ["1 mon", "30 days", "24:00", "1 day", "-1 day"],
    "json": ['{"a": 1, "b": 2}', '{"b": 2, "a": 1}', '{"a":1}', "1", "1.0"],
    "jsonb": ['{"a": 1, "b": 2}', '{"b": 2, "a": 1}', '{"a":1}', "1", "1.0", '{"a": 1, "a": 2}', '{"a": 2}'],
    "hstore": ["a=>1,b=>2", "b=>2,a=>1", "a=>NULL"],
    "inet": ["10.0.0.1", "10.0.0.1/8", "::1"],
    "mood": ["calm", "cross"],
    "pair": ["(1,x)", "(1.0,x)", "(,)", "(1,)"],
    "integer[]": ["{}", "{1}", "{1,NULL}", "[0:0]={1}", "{{1}}"],
    "text[]": ["{}", '{""}', "{NULL}", '{"NULL"}', "{a,b}", '{"a,b"}'],
    "int4range": ["empty", "[1,3)", "[1,2]", "(,)"],
    "point": ["(0,0)", "(-0,0)"],
    "bit varying": ["", "1", "01", "10"],
    "money": ["1.00", "-1.00"],
    "tsvector": ["a b", "b a"],
}  # fmt: skip
TOGETHER = 8  # pairs of tables that are compared at once: to connect costs more than to compare
KEYABLE = ("bigint", "text", "uuid", "integer", "numeric", "timestamptz")


@dataclass(frozen=True)
class Pair:
    columns: tuple[str, ...]  # types
    key: tuple[int, ...]  # places of the columns that identify a row; none
    partitioned: bool
    left: tuple[tuple[str | None, ...], ...]
    right: tuple[tuple[str | None, ...], ...]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    keyed = draw(st.integers(0, 2))
    key = tuple(range(keyed))
    columns = (*(draw(st.sampled_from(KEYABLE)) for _ in key), *kinds)
    row = st.tuples(*(_value(kind, nullable=place not in key) for place, kind in enumerate(columns)))
    left = draw(st.lists(row, max_size=8))
    right = list(left)
    for change in draw(st.lists(st.sampled_from(("drop", "add", "edit", "copy", "swap")), max_size=2)):
        right = _changed(draw, right, row, change)
    draw(st.randoms(use_true_random=False)).shuffle(right)
    return Pair(
        columns=columns,
        key=key,
        partitioned=draw(st.booleans()) and not key,
        left=_unique(left, key),
        right=_unique(right, key),
    )


def _value(kind: str, *, nullable: bool) -> st.SearchStrategy[str | None]:
    known = st.sampled_from(VALUES[kind])
    return st.one_of(known, st.none()) if nullable else known


def _changed(draw: st.DrawFn, rows: list, row: st.SearchStrategy, change: str) -> list:
    if change == "add" or not rows:
        return [*rows, draw(row)]
    place = draw(st.integers(0, len(rows) - 1))
    others = rows[:place] + rows[place + 1 :]
    if change == "drop":
        return others
    if change == "copy":
        return [*rows, rows[place]]
    column = draw(st.integers(0, len(rows[0]) - 1))
    source = draw(row) if change == "edit" else rows[draw(st.integers(0, len(rows) - 1))]
    new = tuple(source[n] if n == column else value for n, value in enumerate(rows[place]))
    if change == "swap":  # the same values of each column, in other rows
        other = rows.index(source)
        swapped = tuple(rows[place][n] if n == column else value for n, value in enumerate(source))
        return [new if n == place else swapped if n == other else found for n, found in enumerate(rows)]
    return [*others, new]


def _unique(rows: list, key: tuple[int, ...]) -> tuple:
    return tuple({tuple(row[place] for place in key): row for row in rows}.values()) if key else tuple(rows)


@pytest.fixture(scope="module")
def sides(server: Server) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    names = ("property_left", "property_right")
    with server.connect() as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
    with server.connect(names[0]) as left, server.connect(names[1]) as right:
        for side in (left, right):
            side.execute(TYPES)
        yield left, right
    with server.connect() as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,
)
@pytest.mark.parametrize("hashing", Hashing)
@given(some=st.lists(pairs(), min_size=TOGETHER, max_size=TOGETHER))
def test_the_status_is_what_copy_says(
    server: Server, sides: tuple[psycopg.Connection, psycopg.Connection], hashing: Hashing, some: list[Pair]
):
    written = {}
    for number, pair in enumerate(some):
        contents = zip(sides, (pair.left, pair.right), strict=True)
        written[f"public.t{number}"] = (pair, *(_filled(side, f"t{number}", pair, rows) for side, rows in contents))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "_hashing", lambda _sides: hashing)
        found = {row.name: row for row in _compared(server, *written).rows}

    assert found.keys() == written.keys()
    for name, (pair, left, right) in written.items():
        event("the same" if left == right else "not the same")
        assert found[name].status is (Status.EQUAL if left == right else Status.DIFFERENT), (left, right)
        if left != right:
            (located,) = found[name].located
            assert located.complete
            assert located.problem is None
            assert _numbers(located.rows) == _expected(left, right, pair.key), (left, right)


def _filled(side: psycopg.Connection, name: str, pair: Pair, rows: tuple) -> Counter[tuple[str, ...]]:
    """Make the table; return what COPY writes of it."""
    try:
        return _made(side, name, pair, rows)
    except (psycopg.errors.UniqueViolation, psycopg.errors.DataError):
        return _made(side, name, pair, rows[:1])  # 1 and 1.0 are one key: then the table is shorter, on either side


def _made(side: psycopg.Connection, name: str, pair: Pair, rows: tuple) -> Counter[tuple[str, ...]]:
    side.execute(f"DROP TABLE IF EXISTS {name}")
    names = [f"c{place}" for place in range(len(pair.columns))]
    columns = [SQL("{} {}").format(Identifier(name), SQL(kind)) for name, kind in zip(names, pair.columns, strict=True)]
    key = (
        [SQL("PRIMARY KEY ({})").format(SQL(", ").join(Identifier(names[place]) for place in pair.key))]
        if pair.key
        else []
    )
    by = SQL(" PARTITION BY LIST ((c0 IS NULL))") if pair.partitioned else SQL("")
    side.execute(SQL("CREATE TABLE {} ({}){}").format(SQL(name), SQL(", ").join([*columns, *key]), by))
    if pair.partitioned:
        side.execute(f"CREATE TABLE {name}_0 PARTITION OF {name} FOR VALUES IN (false)")
        side.execute(f"CREATE TABLE {name}_1 PARTITION OF {name} FOR VALUES IN (true)")
    if rows:
        values = SQL(", ").join(SQL("({})").format(SQL(", ").join(map(Literal, row))) for row in rows)
        side.execute(SQL("INSERT INTO {} VALUES {}").format(SQL(name), values))
    with side.cursor().copy(f"COPY (SELECT * FROM {name}) TO STDOUT") as copied:
        lines = b"".join(copied).decode().splitlines()
    return Counter(tuple(line.split("\t")) for line in lines)


def _compared(server: Server, *tables: str) -> Counts:
    environments = tuple(
        Environment(name=name, url=f"postgresql://rehearse@/property_{name}?host={server.socket_dir}")
        for name in ("left", "right")
    )
    asked = Asked(environments=environments, tables=tables, content=True, locate=True, jobs=1, show_keys=True)
    return compare(asked, lambda _: None)


def _numbers(rows: tuple) -> dict[Kind, int]:
    return {kind: sum(row.copies for row in rows if row.kind is kind) for kind in Kind}


def _expected(left: Counter, right: Counter, key: tuple[int, ...]) -> dict[Kind, int]:
    missing, extra = left - right, right - left
    if not key:
        return {Kind.MISSING: missing.total(), Kind.EXTRA: extra.total(), Kind.CHANGED: 0}
    here, there = ({tuple(row[place] for place in key) for row in rows} for rows in (missing, extra))
    return {Kind.MISSING: len(here - there), Kind.EXTRA: len(there - here), Kind.CHANGED: len(here & there)}


def test_the_order_of_rows_and_of_columns_does_not_matter(
    server: Server, sides: tuple[psycopg.Connection, psycopg.Connection]
):
    rows = [(n, f"row {n}") for n in range(500)]
    for side, order in zip(sides, ("a bigint, b text", "b text, a bigint"), strict=True):
        side.execute("DROP TABLE IF EXISTS t")
        side.execute(f"CREATE TABLE t ({order})")
        rows.reverse()
        side.cursor().executemany("INSERT INTO t (a, b) VALUES (%s, %s)", rows)

    (row,) = _compared(server, "public.t").rows

    assert row.status is Status.EQUAL
