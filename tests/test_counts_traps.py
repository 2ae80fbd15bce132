"""Traps in which a count could call equal what it did not see, or show what it must not."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from rehearse.compare.asked import Asked, By
from rehearse.compare.by_hand import NotOnePiece, one_piece
from rehearse.compare.counts import compare
from rehearse.compare.reader import Answer, Problem, Reader, Task
from rehearse.engine.server import Server
from rehearse.model.comparison import Status
from rehearse.model.counts import Counts, Row
from rehearse.model.environment import Environment

Pair = tuple[Environment, Environment]


@pytest.fixture
def pair(server: Server, database: str) -> Iterator[Pair]:
    """Two empty databases, and a role that row security restricts."""
    names = (f"{database}_a", f"{database}_b")
    role = f"limited_{os.getpid()}"
    with server.connect() as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"GRANT pg_read_all_data TO {role}")
    yield environment(server, names[0], "production"), environment(server, names[1], "stage")
    with server.connect() as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE {role}")


def environment(server: Server, database: str, name: str) -> Environment:
    return Environment(name=name, url=f"postgresql://rehearse@/{database}?host={server.socket_dir}")


def limited(side: Environment) -> Environment:
    return replace(side, url=str(side.url).replace("rehearse@", f"limited_{os.getpid()}@"))


def sql(side: Environment, *statements: str) -> None:
    with psycopg.connect(str(side.url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def both(pair: Pair, *statements: str) -> None:
    for side in pair:
        sql(side, *statements)


def counted(*environments: Environment, **asked: object) -> Counts:
    return compare(Asked(environments=environments, **asked), lambda _: None)  # type: ignore[arg-type]  # named by the tests


def row(counts: Counts, name: str = "public.t") -> Row:
    return next(found for found in counts.rows if found.name == name)


def test_row_security_of_a_partition_is_noticed(pair: Pair):
    both(
        pair,
        "CREATE TABLE t (id int, v text) PARTITION BY RANGE (id)",
        "CREATE TABLE t_1 PARTITION OF t DEFAULT",
        "INSERT INTO t SELECT n, 'x' FROM generate_series(1, 9) AS n",
        "ALTER TABLE t_1 ENABLE ROW LEVEL SECURITY",
    )
    sql(pair[1], "UPDATE t SET v = 'y' WHERE id = 3")

    found = counted(*map(limited, pair), content=True)

    assert row(found).status is Status.DIFFERENT  # through the root its policies hold, and it has none


def test_a_view_that_hides_rows_by_row_security_is_unknown(pair: Pair):
    both(
        pair,
        "CREATE TABLE t (id int)",
        "INSERT INTO t VALUES (1)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE VIEW seen WITH (security_invoker) AS SELECT id FROM t",
    )
    sql(pair[1], "INSERT INTO t VALUES (2)")

    assert row(counted(*map(limited, pair), views=True), "public.seen").status is Status.UNKNOWN


@pytest.mark.parametrize("asked", [{}, {"content": True}, {"content": True, "locate": True}, {"by": By(column="v")}])
@pytest.mark.parametrize("change", ["TRUNCATE t", "ALTER TABLE t ALTER id TYPE bigint", "DROP TABLE t"])
def test_a_table_that_is_emptied_under_our_snapshot_is_unknown(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, asked: dict[str, object], change: str
):
    both(
        pair, "CREATE TABLE t (id int, v text)", "INSERT INTO t VALUES (1, 'x')", "CREATE TABLE other AS SELECT 1 AS v"
    )
    original = Reader.begin

    def emptying(self: Reader) -> None:
        original(self)
        sql(next(side for side in pair if side.name == self.name), change)

    monkeypatch.setattr(Reader, "begin", emptying)

    found = counted(*pair, jobs=1, **asked)

    assert row(found).status is Status.UNKNOWN
    assert row(found, "public.other").status is not Status.UNKNOWN


def test_a_table_of_which_nobody_knows_whether_it_was_emptied_is_unknown(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    both(pair, "CREATE TABLE t (id int)")
    original = Reader.ask

    def failing(self: Reader, tasks: Iterable[Task]) -> dict[Hashable, Answer]:
        listed = list(tasks)
        if "pg_relation_filenode" in str(listed[0].statement):
            return {task.key: Problem(reason="cancelled") for task in listed}
        return original(self, listed)

    monkeypatch.setattr(Reader, "ask", failing)

    assert row(counted(*pair)).status is Status.UNKNOWN
    assert row(counted(*pair, content=True)).status is Status.UNKNOWN


def test_a_cast_of_the_users_does_not_decide_what_is_equal(pair: Pair):
    both(
        pair,
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "CREATE FUNCTION told(mood) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
        "CREATE CAST (mood AS text) WITH FUNCTION told(mood)",
        "CREATE TYPE pair AS (a int, b mood)",
        "CREATE TABLE t (m mood, p pair)",
        "INSERT INTO t VALUES ('sad', (1, NULL))",
    )
    assert counted(*pair, content=True).status is Status.EQUAL
    sql(pair[1], "UPDATE t SET m = 'glad', p = (2, NULL)")

    assert row(counted(*pair, content=True)).differs == ("content", "m", "p")


def test_rows_whose_moment_is_unknown_are_not_left_out(pair: Pair):
    both(pair, "CREATE TABLE t (id int, created_at timestamptz)", "INSERT INTO t VALUES (1, '2020-01-01')")
    sql(pair[1], "INSERT INTO t VALUES (2, NULL)")

    assert counted(*pair, before=datetime.now(UTC) - timedelta(hours=1)).status is Status.DIFFERENT


def test_an_element_that_is_called_like_a_table_excuses_nothing(pair: Pair):
    both(pair, "CREATE TABLE t (id int)")
    sql(pair[1], "INSERT INTO t VALUES (1)")

    found = counted(*pair, elements={"public.t": "SELECT 1"}, recheck=timedelta(milliseconds=10))

    assert [(one.kind, one.status) for one in found.rows] == [("table", Status.DIFFERENT), ("element", Status.EQUAL)]


@pytest.mark.parametrize(
    "text",
    [
        "true)), ((SELECT 7 WHERE true",
        "1=1) OR (1=1",
        "a = 'x",
        'a = "x',
        "true; DROP TABLE t",
        "SELECT 1) AS x, (SELECT 2",
        "$$ a",
        "f(1",
        "1 /* */ )",
    ],
)
def test_a_predicate_cannot_leave_its_brackets(text: str):
    with pytest.raises(NotOnePiece):
        one_piece(text, "--where")


@pytest.mark.parametrize(
    "text", ["a IN (1, 2)", "b = 'it''s :)'", 'c = ")"', "d = $x$)$x$ -- )", "e /* ( */ > 1", "'\\' = e"]
)
def test_a_predicate_may_hold_whatever_brackets_it_quotes(text: str):
    assert one_piece(text, "--where") == text


def test_what_a_server_says_of_a_value_is_not_repeated(pair: Pair):
    both(pair, "CREATE TABLE t (email text)", "INSERT INTO t VALUES ('ada@secret.example')")

    found = counted(
        *pair, where="email::int > 1", elements={"all": "SELECT email::int FROM t", "one": "SELECT email FROM t"}
    )

    assert {one.status for one in found.rows} == {Status.UNKNOWN}
    assert "secret" not in str(found)
    assert "invalid text representation (SQLSTATE 22P02)" in row(found).reason


@pytest.mark.parametrize("text", ["COPY t TO PROGRAM 'true'", "LOCK TABLE t", "COMMIT", "SET search_path = x"])
def test_an_element_is_a_query_and_nothing_else(pair: Pair, text: str):
    both(pair, "CREATE TABLE t (id int)")

    found = counted(*pair, elements={"bad": text, "good": "SELECT count(*) FROM t"})

    assert [one.status for one in found.rows] == [Status.EQUAL, Status.UNKNOWN, Status.EQUAL]


def test_groups_are_what_values_read_as_whatever_the_type_holds_equal(pair: Pair):
    both(pair, "CREATE TABLE t (n numeric, j jsonb)")
    sql(pair[0], "INSERT INTO t VALUES (1.0, '1'), (1.00, '1.0')")
    sql(pair[1], "INSERT INTO t VALUES (1.00, '1.0'), (1.0, '1')")

    assert counted(*pair, by=By(column="n"), show_keys=True).status is Status.EQUAL
    assert counted(*pair, by=By(column="j")).status is Status.EQUAL


def test_groups_are_not_merged_by_what_hides_their_names(pair: Pair):
    both(pair, "CREATE TABLE t (a int, g text GENERATED ALWAYS AS ('v' || a) STORED, s interval, w text)")
    sql(pair[0], "INSERT INTO t (a, s, w) VALUES (1, '1 h', NULL), (2, '2 h', 'NULL')")
    sql(pair[1], "INSERT INTO t (a, s, w) VALUES (3, '1 h', NULL), (4, '3 h', NULL)")

    for column in ("g", "w"):
        assert counted(*pair, by=By(column=column)).status is Status.DIFFERENT
    found = counted(*pair, by=By(column="w"), show_keys=True)
    assert [(one.group, [cell.rows for cell in one.cells.values()]) for one in found.rows] == [
        ('"NULL"', [1, 0]),
        ("NULL", [1, 2]),
    ]


def test_a_personal_date_is_no_name_of_a_group(pair: Pair):
    both(pair, "CREATE TABLE t (birth_date date)", "INSERT INTO t VALUES ('1971-03-05')")

    (found,) = counted(*pair, by=By(column="birth_date")).rows

    assert found.status is Status.EQUAL
    assert "1971" not in str(found.group)


def test_a_masked_side_hides_no_column(pair: Pair):
    both(pair, "CREATE TABLE t (id int, name text, up text GENERATED ALWAYS AS (upper(name)) STORED)")
    both(pair, "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    sql(pair[1], "ALTER TABLE t ADD COLUMN extra int")
    asked = {"content": True, "masked": frozenset({"stage"})}

    found = row(counted(*pair, **asked))

    assert found.differs == ("column extra",)
    assert "generated and so not compared: up" in found.reason


def test_clear_sides_are_compared_value_by_value_beside_a_masked_one(
    server: Server, pair: Pair, request: pytest.FixtureRequest, database: str
):
    third = environment(server, database, "qa")
    for side in (*pair, third):
        sql(side, "CREATE TABLE t (id int, name text)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    sql(third, "UPDATE t SET name = 'c' WHERE id = 1")

    found = row(counted(*pair, third, content=True, masked=frozenset({"stage"})))

    assert found.differs == ("content",)


def test_a_pattern_that_names_nothing_is_told(pair: Pair):
    both(pair, 'CREATE TABLE t (id int); CREATE TABLE "odd[1]" (id int)')

    found = counted(*pair, tables=("t", "tt", "odd[1]"))

    assert found.notes == ('--tables "tt" names no table on any side.',)
    assert row(found, 'public."odd[1]"').status is Status.EQUAL


def test_an_infinite_element_is_no_number(pair: Pair):
    found = counted(*pair, elements={"endless": "SELECT 'Infinity'::float8", "none": "SELECT 'NaN'::numeric"})

    assert {one.status for one in found.rows} == {Status.UNKNOWN}
    assert all("not a whole number" in one.reason for one in found.rows)


def test_names_of_our_own_do_not_get_in_the_way(pair: Pair):
    both(pair, 'CREATE TABLE t (id int PRIMARY KEY, " place" int, v int, n int)', "INSERT INTO t VALUES (1, 2, 3, 4)")
    sql(pair[1], "UPDATE t SET v = 9")

    (located,) = row(counted(*pair, content=True, locate=True)).located

    assert [one.columns for one in located.rows] == [("v",)]
