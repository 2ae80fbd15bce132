"""Counts of several environments: true, and never more than was established."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from rehearse.compare import cuts, locating
from rehearse.compare.asked import Asked, By
from rehearse.compare.counts import compare
from rehearse.compare.earlier import against, earlier, keep
from rehearse.engine.account import account
from rehearse.engine.binaries import resolve
from rehearse.engine.home import reachable
from rehearse.engine.residence import occupied
from rehearse.engine.server import Server, running
from rehearse.model.comparison import Status
from rehearse.model.counts import Counts, Kind, Row, Tolerance
from rehearse.model.environment import Environment
from rehearse.model.sampling import SampleRules
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take

SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL, tenant int NOT NULL, active boolean NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint NOT NULL REFERENCES customers, status text NOT NULL,
                     amount numeric(12,2), created_at timestamptz NOT NULL);
CREATE TABLE visits (at timestamptz NOT NULL, page text) PARTITION BY RANGE (at);
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visits_2026 PARTITION OF visits DEFAULT;
CREATE TABLE empty (id int PRIMARY KEY);
CREATE VIEW active_customers AS SELECT id FROM customers WHERE active;
CREATE MATERIALIZED VIEW totals AS SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer;
INSERT INTO customers SELECT n, 'person' || n || '@example.org', n % 3, n % 2 = 0 FROM generate_series(1, 100) AS n;
INSERT INTO orders SELECT n, 1 + n % 100, (ARRAY['new', 'paid', 'sent'])[1 + n % 3], n,
                          timestamptz '2026-11-01 00:00+00' + n * interval '1 hour' FROM generate_series(1, 500) AS n;
INSERT INTO visits SELECT timestamptz '2025-07-01 00:00+00' + n * interval '1 day', 'page'
  FROM generate_series(1, 400) AS n;
REFRESH MATERIALIZED VIEW totals;
ANALYZE;
"""
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def template(server: Server) -> Iterator[str]:
    """A shop, made once; every test clones it."""
    with server.connect() as connection:
        connection.execute("CREATE DATABASE counts_template TEMPLATE template0 STRATEGY FILE_COPY")
    with server.connect("counts_template") as connection:
        connection.execute(SHOP)
    yield "counts_template"
    with server.connect() as connection:
        connection.execute("DROP DATABASE counts_template WITH (FORCE)")


@pytest.fixture
def cloned(server: Server, template: str, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Environment]]:
    """A function that makes one more environment with the shop in it."""
    made: list[str] = []

    def clone(name: str, *, database: str | None = None) -> Environment:
        database = database or f"c{os.getpid()}_{len(made)}_{name}"
        with server.connect() as connection:
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE {template} STRATEGY FILE_COPY')
        made.append(database)
        return Environment(name=name, url=f"postgresql://rehearse@/{database}?host={server.socket_dir}")

    yield clone
    with server.connect() as connection:
        for database in made:
            connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


@pytest.fixture
def pair(cloned: Callable[[str], Environment]) -> tuple[Environment, Environment]:
    return cloned("production"), cloned("stage")


def sql(environment: Environment, *statements: str) -> None:
    assert environment.url is not None
    with psycopg.connect(environment.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def counted(*environments: Environment, **asked: object) -> Counts:
    return compare(Asked(environments=environments, **asked), lambda _: None)  # type: ignore[arg-type]  # named by the tests


def row(counts: Counts, name: str, group: str | None = None) -> Row:
    return next(found for found in counts.rows if (found.name, found.group) == (name, group))


def numbers(found: Row) -> tuple[int | None, ...]:
    return tuple(cell.rows for cell in found.cells.values())


def test_two_environments_with_the_same_rows_are_equal(pair: tuple[Environment, Environment]):
    found = counted(*pair)

    assert found.status is Status.EQUAL
    assert {name.name: numbers(name) for name in found.with_status(Status.EQUAL)} == {
        "public.customers": (100, 100),
        "public.empty": (0, 0),
        "public.orders": (500, 500),
        "public.visits": (400, 400),
    }


def test_one_row_less_is_different_and_the_others_stay_equal(pair: tuple[Environment, Environment]):
    sql(pair[1], "DELETE FROM orders WHERE id = 7")

    found = counted(*pair)

    assert found.status is Status.DIFFERENT
    assert [name.name for name in found.with_status(Status.DIFFERENT)] == ["public.orders"]
    assert numbers(row(found, "public.orders")) == (500, 499)


def test_a_table_that_one_side_lacks_is_different_even_if_it_is_empty(pair: tuple[Environment, Environment]):
    sql(pair[1], "DROP TABLE empty", "CREATE TABLE extra ()")

    found = counted(*pair)

    assert row(found, "public.empty").status is Status.DIFFERENT
    assert row(found, "public.extra").status is Status.DIFFERENT
    assert [cell.absent for cell in row(found, "public.empty").cells.values()] == [False, True]


def test_three_environments_differ_if_any_two_do(cloned: Callable[[str], Environment]):
    sides = [cloned("dev"), cloned("stage"), cloned("qa")]
    sql(sides[2], "DELETE FROM orders WHERE id = 7")

    found = counted(*sides)

    assert numbers(row(found, "public.orders")) == (500, 500, 499)
    assert row(found, "public.orders").status is Status.DIFFERENT
    assert row(found, "public.customers").status is Status.EQUAL


def test_views_are_compared_on_request_only(pair: tuple[Environment, Environment]):
    sql(pair[1], "UPDATE customers SET active = false WHERE id = 2")

    without, with_views = counted(*pair), counted(*pair, views=True)

    assert row(without, "public.active_customers").status is Status.SKIPPED
    assert without.status is Status.EQUAL
    assert numbers(row(with_views, "public.active_customers")) == (50, 49)
    assert numbers(row(with_views, "public.totals")) == (100, 100)


def test_tables_are_chosen_and_left_out_by_patterns(pair: tuple[Environment, Environment]):
    chosen = counted(*pair, tables=("public.*s", "empty"), exclude=("visits",))

    assert [name.name for name in chosen.rows if name.status is not Status.SKIPPED] == [
        "public.customers",
        "public.empty",
        "public.orders",
    ]


def test_comparing_nothing_is_never_equal(pair: tuple[Environment, Environment]):
    assert counted(*pair, tables=("no_such_table",)).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("tolerance", "status"),
    [
        (Tolerance(rows=4), Status.DIFFERENT),
        (Tolerance(rows=5), Status.EQUAL),
        (Tolerance(share=0.0099), Status.DIFFERENT),  # type: ignore[arg-type]  # any number does
        (Tolerance(share=0.01), Status.EQUAL),  # type: ignore[arg-type]
    ],
)
def test_a_tolerance_admits_up_to_its_limit_and_says_so(
    pair: tuple[Environment, Environment], tolerance: Tolerance, status: Status
):
    sql(pair[1], "DELETE FROM orders WHERE id <= 5")

    found = row(counted(*pair, tolerance=tolerance), "public.orders")

    assert found.status is status
    assert ("within the tolerance" in found.reason) == (status is Status.EQUAL)


def test_elements_are_what_the_project_counts(pair: tuple[Environment, Environment]):
    sql(pair[1], "UPDATE customers SET active = false WHERE id IN (2, 4)")
    elements = {
        "active customers": "select count(*) from customers where active",
        "paid": "SELECT count(*) FROM orders WHERE status = 'paid'",
        "several": "SELECT id FROM customers",
        "broken": "SELECT nonsense",
        "writing": "WITH gone AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM gone",
        "locking": "LOCK TABLE orders",
        "a share": "SELECT 0.5",
    }

    found = counted(*pair, elements=elements)

    assert numbers(row(found, "active customers")) == (50, 48)
    assert row(found, "active customers").status is Status.DIFFERENT
    assert row(found, "paid").status is Status.EQUAL
    for name, says in (
        ("several", "no single number"),
        ("broken", "nonsense"),
        ("writing", "must be at the top level"),
        ("a share", "not a whole number"),
    ):
        assert row(found, name).status is Status.UNKNOWN
        assert says in row(found, name).reason
    assert row(found, "public.orders").status is Status.EQUAL


def test_groups_are_counted_by_status_and_by_day(pair: tuple[Environment, Environment]):
    sql(pair[1], "UPDATE orders SET status = 'paid' WHERE id = 2", "DELETE FROM orders WHERE id = 47")

    by_status = counted(*pair, by=By(column="status"))
    by_day = counted(*pair, by=By(column="created_at"))

    assert {found.group: numbers(found) for found in by_status.rows if found.group} == {
        "new": (166, 166),
        "paid": (167, 168),
        "sent": (167, 165),
    }
    assert row(by_status, "public.customers").status is Status.SKIPPED
    assert [found.group for found in by_day.with_status(Status.DIFFERENT)] == ["2026-11-02"]


def test_groups_of_personal_values_are_masked_alike_on_both_sides(pair: tuple[Environment, Environment]):
    sql(pair[1], "INSERT INTO customers VALUES (101, 'person101@example.org', 1, true)")

    masked = counted(*pair, by=By(column="email"), tables=("customers",))
    clear = counted(*pair, by=By(column="email"), tables=("customers",), show_keys=True)

    assert not any("person" in (found.group or "") for found in masked.rows)
    assert len(masked.with_status(Status.EQUAL)) == 100
    assert [found.group for found in clear.with_status(Status.DIFFERENT)] == ["person101@example.org"]


def test_a_predicate_limits_the_tables_that_have_its_columns(pair: tuple[Environment, Environment]):
    sql(pair[1], "DELETE FROM orders WHERE id = 7")

    same = counted(*pair, where="customer <> 8 -- not the one that lost an order")
    differing = counted(*pair, where="customer = 8")

    assert row(same, "public.orders").status is Status.EQUAL
    assert numbers(row(differing, "public.orders")) == (5, 4)
    assert row(same, "public.visits").status is Status.SKIPPED
    assert same.status is Status.EQUAL


def test_a_predicate_that_is_none_leaves_everything_unknown(pair: tuple[Environment, Environment]):
    found = counted(*pair, where="customer =")

    assert found.status is Status.UNKNOWN
    assert "syntax error" in row(found, "public.orders").reason


def test_rows_written_since_a_moment_are_left_out(pair: tuple[Environment, Environment]):
    sql(pair[1], "INSERT INTO orders VALUES (501, 1, 'new', 1, '2026-11-25 11:59+00')")

    found = counted(*pair, before=NOW - timedelta(minutes=10))

    assert row(found, "public.orders").status is Status.EQUAL
    assert "no time column" in row(found, "public.customers").reason
    assert counted(*pair, before=NOW).status is Status.DIFFERENT


def test_estimates_never_prove_anything_equal(pair: tuple[Environment, Environment]):
    sql(pair[1], "ANALYZE orders", "CREATE TABLE fresh AS SELECT 1 AS n")
    sql(pair[0], "CREATE TABLE fresh AS SELECT 1 AS n")

    found = counted(*pair, estimate=True)

    assert found.status is Status.UNKNOWN
    assert numbers(row(found, "public.orders")) == (500, 500)
    assert row(found, "public.orders").status is Status.UNKNOWN
    assert all(cell.exact is False for cell in row(found, "public.orders").cells.values())
    assert row(found, "public.orders").cells["stage"].estimated_at is not None
    assert "stage: an estimate of 20" in row(found, "public.orders").reason
    assert "production: an estimate of unknown age" in row(found, "public.orders").reason
    assert "never vacuumed or analysed" in row(found, "public.fresh").reason


def test_a_snapshot_directory_says_what_its_source_held(pair: tuple[Environment, Environment], tmp_path: Path):
    directory = tmp_path / "snap"
    assert pair[0].url is not None
    take(pair[0].url, directory, rules=SampleRules(rows=50), sanitise=SanitiseRules(), progress=lambda _: None)
    sql(pair[1], "DELETE FROM orders WHERE id = 7")
    snapshot = Environment(name="nightly", snapshot=str(directory))

    found = counted(snapshot, pair[1])

    assert numbers(row(found, "public.orders")) == (500, 499)
    assert row(found, "public.visits").status is Status.EQUAL
    assert counted(snapshot, pair[1], where="true").status is Status.UNKNOWN
    assert row(counted(snapshot, snapshot), "public.orders").status is not Status.DIFFERENT


def test_rows_hidden_from_a_role_are_unknown_not_equal(server: Server, pair: tuple[Environment, Environment]):
    with server.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS counts_reader")
        connection.execute("CREATE ROLE counts_reader LOGIN")
    for side in pair:
        sql(side, "GRANT SELECT ON customers, orders TO counts_reader", "ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
    as_reader = [replace(side, url=str(side.url).replace("rehearse@", "counts_reader@")) for side in pair]

    found = counted(*as_reader)

    assert row(found, "public.customers").status is Status.EQUAL
    assert "row level security" in row(found, "public.orders").reason
    assert "no permission to read public.empty" in row(found, "public.empty").reason
    assert found.status is Status.UNKNOWN
    for side in pair:
        sql(side, "DROP OWNED BY counts_reader")
    with server.connect() as connection:
        connection.execute("DROP ROLE counts_reader")


def test_a_side_that_cannot_be_reached_leaves_the_others_compared(pair: tuple[Environment, Environment]):
    sql(pair[1], "DELETE FROM orders WHERE id = 7")
    gone = Environment(name="qa", url="postgresql://rehearse:secret@127.0.0.1:1/none")

    found = counted(*pair, gone)

    assert found.status is Status.UNKNOWN
    assert found.sides[2].failure is not None
    assert "secret" not in str(found)
    assert numbers(row(found, "public.orders")) == (500, 499, None)
    assert row(found, "public.orders").differs == ("rows",)
    assert row(found, "public.customers").differs == ()


@pytest.mark.parametrize("ending", ["pg_terminate_backend", "pg_cancel_backend"])
def test_a_side_that_is_stopped_midway_is_unknown(server: Server, pair: tuple[Environment, Environment], ending: str):
    sql(pair[1], "CREATE VIEW slow AS SELECT WHERE pg_sleep(20) IS NOT NULL")
    sql(pair[0], "CREATE VIEW slow AS SELECT WHERE pg_sleep(0) IS NOT NULL")

    with stopping(server, str(pair[1].url), ending):
        found = counted(*pair, views=True, jobs=1)

    assert found.status is Status.UNKNOWN
    assert row(found, "public.slow").status is Status.UNKNOWN
    assert row(found, "public.slow").cells["production"].rows == 1
    assert row(found, "public.orders").cells["production"].rows == 500
    assert (found.sides[1].failure is not None) == (ending == "pg_terminate_backend")


@contextmanager
def stopping(server: Server, url: str, ending: str) -> Iterator[None]:
    """Stop whoever sleeps in the database of a URL."""
    database = url.split("@/")[1].split("?", maxsplit=1)[0]
    done = threading.Event()

    def stop() -> None:
        with server.connect() as connection:
            while not done.wait(0.02):
                connection.execute(
                    f"SELECT {ending}(pid) FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'",
                    [database],
                )

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_lock_that_is_not_had_is_a_problem_of_that_table_only(pair: tuple[Environment, Environment]):
    with psycopg.connect(str(pair[1].url)) as connection:
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")

        found = counted(*pair)

    assert "lock timeout" in row(found, "public.orders").reason
    assert row(found, "public.customers").status is Status.EQUAL


def test_production_is_only_read(server: Server, pair: tuple[Environment, Environment]):
    counters = (
        "SELECT sum(tup_inserted + tup_updated + tup_deleted), sum(temp_files) FROM pg_stat_database "
        "WHERE datname = ANY (%s)"
    )
    databases = [str(side.url).split("@/")[1].split("?")[0] for side in pair]
    with server.connect() as connection:
        before = connection.execute(counters, [databases]).fetchone()
        counted(*pair, locate=True, content=True)
        after = connection.execute(counters, [databases]).fetchone()

    assert after == before


def test_two_names_of_one_database_are_noticed(pair: tuple[Environment, Environment]):
    found = counted(pair[0], replace(pair[0], name="stage"))

    assert "production and stage are one database" in found.notes[0]


def test_contents_are_compared_value_by_value(pair: tuple[Environment, Environment]):
    sql(
        pair[1],
        "UPDATE orders SET amount = 7.00 WHERE id = 7",  # as it was
        "UPDATE customers SET email = email || ' ' WHERE id = 3",
        "UPDATE visits SET page = 'other' WHERE at = '2026-01-05 00:00+00'",
    )

    found = counted(*pair, content=True)

    assert row(found, "public.orders").status is Status.EQUAL
    assert row(found, "public.customers").differs == ("content", "email")
    assert row(found, "public.visits").differs == ("content", "page")


def test_values_that_swap_rows_are_different_contents(pair: tuple[Environment, Environment]):
    sql(pair[1], "UPDATE customers SET tenant = CASE id WHEN 1 THEN 2 ELSE 1 END WHERE id IN (1, 2)")

    found = row(counted(*pair, content=True), "public.customers")

    assert found.status is Status.DIFFERENT
    assert found.differs == ("content",)  # each column holds the values that it held


def test_nulls_that_a_not_null_has_not_kept_out_are_seen(pair: tuple[Environment, Environment]):
    for side in pair:
        sql(
            side,
            "CREATE DOMAIN code AS int NOT NULL",
            "CREATE TABLE t (c code, d int)",
            "INSERT INTO t VALUES ((SELECT c FROM t WHERE false), NULL), (1, 2)",
            "ALTER TABLE t ADD CONSTRAINT d_there NOT NULL d NOT VALID",
        )
    same = row(counted(*pair, content=True), "public.t")
    sql(pair[1], "UPDATE t SET c = 5, d = 7 WHERE d IS NULL")

    other = row(counted(*pair, content=True), "public.t")

    assert same.status is Status.EQUAL
    assert other.differs == ("content", "c", "d")


def test_a_column_that_one_side_lacks_is_a_difference(pair: tuple[Environment, Environment]):
    sql(pair[1], "ALTER TABLE orders ADD COLUMN note text")

    found = row(counted(*pair, content=True), "public.orders")

    assert found.status is Status.DIFFERENT
    assert found.differs == ("column note",)


def test_the_same_rows_on_an_older_server_are_equal(
    server15: Server, database15: str, pair: tuple[Environment, Environment]
):
    older = Environment(name="older", url=f"postgresql://rehearse@/{database15}?host={server15.socket_dir}")
    sql(older, SHOP, "UPDATE orders SET status = 'lost' WHERE id = 9")

    found = counted(pair[0], older, content=True, locate=True)

    assert row(found, "public.customers").status is Status.EQUAL
    assert row(found, "public.visits").status is Status.EQUAL
    assert [(one.kind, one.key, one.columns) for one in row(found, "public.orders").located[0].rows] == [
        (Kind.CHANGED, {"id": "9"}, ("status",))
    ]


def test_other_encodings_are_compared_by_portable_checksums(server: Server, database: str):
    latin = f"{database}_latin"
    with server.connect() as connection:
        connection.execute(
            f"CREATE DATABASE {latin} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc "
            "STRATEGY FILE_COPY"
        )
    sides = [
        Environment(name=name, url=f"postgresql://rehearse@/{name}?host={server.socket_dir}")
        for name in (database, latin)
    ]
    for side in sides:
        sql(
            side,
            "CREATE TABLE words (id int PRIMARY KEY, word text, at timestamptz)",
            "INSERT INTO words SELECT n, 'caf' || chr(233), '2026-11-25 12:00+00' FROM generate_series(1, 9) AS n",
        )

    same = counted(*sides, content=True)
    sql(sides[1], "UPDATE words SET word = 'cafe' WHERE id = 4")
    other = counted(*sides, content=True, locate=True)

    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {latin} WITH (FORCE)")
    assert same.status is Status.EQUAL
    assert "md5" in same.notes[0]
    assert [one.key for one in row(other, "public.words").located[0].rows] == [{"id": "4"}]


KEYS = {
    "composite": ("a int, b text, v text, PRIMARY KEY (a, b)", "n % 10, 'k' || n, 'v' || n", {"a": "7", "b": "k7"}),
    "text": ("k text PRIMARY KEY, v text", "'k' || n, 'v' || n", {"k": "k7"}),
    "uuid": (
        "k uuid PRIMARY KEY, v text",
        "('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 'v' || n",
        {"k": "00000000-0000-0000-0000-000000000007"},
    ),
    "unique": ("k int NOT NULL UNIQUE, v text", "n, 'v' || n", {"k": "7"}),
}


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_rows_are_located_by_keys_of_any_type(pair: tuple[Environment, Environment], kind: str):
    columns, values, key = KEYS[kind]
    for side in pair:
        sql(side, f"CREATE TABLE t ({columns})", f"INSERT INTO t SELECT {values} FROM generate_series(1, 3000) AS n")
    sql(
        pair[1],
        "UPDATE t SET v = 'other' WHERE v = 'v7'",
        "DELETE FROM t WHERE v IN ('v8', 'v9')",
        f"INSERT INTO t SELECT {values} FROM generate_series(3001, 3003) AS n",
    )

    (found,) = row(counted(*pair, content=True, locate=True, show_keys=True, tables=("t",)), "public.t").located

    assert {one: len(found.of_kind(one)) for one in Kind} == {Kind.MISSING: 2, Kind.EXTRA: 3, Kind.CHANGED: 1}
    assert found.complete
    assert [(one.key, one.columns) for one in found.of_kind(Kind.CHANGED)] == [(key, ("v",))]


NUMBERED = {
    "even": "n",
    "from below zero": "n - 5000",
    "the widest": "CASE n WHEN 1 THEN -9223372036854775808 WHEN 10000 THEN 9223372036854775807 ELSE n END",
    "crowded at one end": "CASE WHEN n < 9990 THEN n ELSE n * 900 END",
    "one number for many": "n / 1000",
}


@pytest.mark.parametrize("sparse", [0, 1_000], ids=["by digest", "by ranges"])
@pytest.mark.parametrize("key", sorted(NUMBERED))
def test_rows_are_located_however_finely_they_must_be_cut(
    pair: tuple[Environment, Environment], monkeypatch: pytest.MonkeyPatch, key: str, sparse: int
):
    monkeypatch.setattr(cuts, "_SPARSE", sparse)
    monkeypatch.setattr(locating, "_FETCHED_AT_ONCE", 50)
    for side in pair:
        sql(
            side,
            "CREATE TABLE t (k bigint, n int, v text, PRIMARY KEY (k, n)) PARTITION BY RANGE (n)",
            "CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (5000)",
            "CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (5000) TO (20000)",
            f"INSERT INTO t SELECT {NUMBERED[key]}, n, 'v' FROM generate_series(1, 10000) AS n",
            "ANALYZE t, t_1, t_2",
        )
    sql(
        pair[1],
        "UPDATE t SET v = 'other' WHERE n IN (1, 77, 78, 79, 4999, 10000)",
        "DELETE FROM t WHERE n IN (2, 3000, 5000, 9999)",
        "INSERT INTO t VALUES (-10000, 10001, 'v'), (40, 10002, NULL), (40, 10003, NULL)",
    )

    (found,) = row(counted(*pair, content=True, locate=True, show_keys=True, tables=("t",)), "public.t").located

    assert {kind: [one.key["n"] for one in found.of_kind(kind)] for kind in Kind} == {
        Kind.MISSING: ["2", "3000", "5000", "9999"],
        Kind.EXTRA: ["10001", "10002", "10003"],
        Kind.CHANGED: ["1", "77", "78", "79", "4999", "10000"],
    }
    assert found.complete


def test_what_does_not_differ_is_not_read_again(pair: tuple[Environment, Environment], server: Server):
    for side in pair:
        sql(
            side,
            "CREATE TABLE t (id int PRIMARY KEY, v text)",
            "INSERT INTO t SELECT n, 'v' FROM generate_series(1, 100000) AS n",
            "VACUUM ANALYZE t",
        )
    sql(pair[1], "UPDATE t SET v = 'other' WHERE id = 70000")

    def rows_read() -> tuple[int, int]:
        with psycopg.connect(pair[0].url or "", autocommit=True) as connection:
            connection.execute("SELECT pg_stat_force_next_flush()")
            read = connection.execute(
                "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 't'"
            ).fetchone()
        assert read is not None
        return read

    before = rows_read()
    (found,) = row(counted(*pair, content=True, locate=True, show_keys=True, tables=("t",)), "public.t").located
    after = rows_read()

    assert [one.key for one in found.rows] == [{"id": "70000"}]
    assert after[0] - before[0] <= 100_000
    assert after[1] - before[1] < 2_000


def test_a_table_without_a_key_is_a_multiset(pair: tuple[Environment, Environment]):
    for side, times in zip(pair, (3, 5), strict=True):
        sql(
            side,
            "CREATE TABLE t (a int UNIQUE, b text)",  # a may be NULL, so it identifies nothing
            "INSERT INTO t SELECT n, 'x' FROM generate_series(1, 100) AS n",
            f"INSERT INTO t SELECT NULL, 'y' FROM generate_series(1, {times}) AS n",
        )
    sql(pair[1], "UPDATE t SET b = NULL WHERE a = 1")

    (found,) = row(counted(*pair, content=True, locate=True, show_keys=True, tables=("t",)), "public.t").located

    assert [(one.kind, one.key, one.copies) for one in found.rows] == [
        (Kind.MISSING, {"a": "1", "b": "x"}, 1),
        (Kind.EXTRA, {"a": "1", "b": None}, 1),
        (Kind.EXTRA, {"a": None, "b": "y"}, 2),
    ]


def test_copies_of_one_row_are_counted_where_they_lie(pair: tuple[Environment, Environment]):
    for side, times in zip(pair, (30_000, 30_002), strict=True):
        sql(
            side,
            "CREATE TABLE t (a text)",
            f"INSERT INTO t SELECT 'same' FROM generate_series(1, {times})",
            "ANALYZE t",
        )

    (found,) = row(counted(*pair, content=True, locate=True, show_keys=True, tables=("t",)), "public.t").located

    assert [(one.kind, one.key, one.copies) for one in found.rows] == [(Kind.EXTRA, {"a": "same"}, 2)]
    assert found.complete


def test_rows_of_partitions_are_located_through_their_root(pair: tuple[Environment, Environment]):
    sql(
        pair[1],
        "DELETE FROM visits WHERE at = '2026-01-05 00:00+00'",
        "DELETE FROM visits WHERE at = '2025-08-01 00:00+00'",
    )

    (found,) = row(counted(*pair, content=True, locate=True, show_keys=True), "public.visits").located

    assert sorted(one.key["at"] or "" for one in found.of_kind(Kind.MISSING)) == [
        "2025-08-01 00:00:00+00",
        "2026-01-05 00:00:00+00",
    ]


def test_more_differences_than_the_cap_are_told_as_incomplete(pair: tuple[Environment, Environment]):
    sql(pair[1], "UPDATE orders SET amount = 0")

    (found,) = row(counted(*pair, content=True, locate=True, cap=10), "public.orders").located

    assert len(found.rows) == 10
    assert not found.complete
    (whole,) = row(counted(*pair, content=True, locate=True, cap=500), "public.orders").located
    assert (len(whole.rows), whole.complete) == (500, True)


def test_keys_that_say_who_somebody_is_are_masked_unless_asked_for(pair: tuple[Environment, Environment]):
    for side in pair:
        sql(side, "ALTER TABLE customers ADD UNIQUE (email)", "ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey",
            "ALTER TABLE customers DROP CONSTRAINT customers_pkey")  # fmt: skip
    sql(pair[1], "UPDATE customers SET tenant = 9 WHERE id = 3")

    masked = row(counted(*pair, content=True, locate=True), "public.customers").located[0].rows[0].key["email"]
    clear = row(counted(*pair, content=True, locate=True, show_keys=True), "public.customers").located[0].rows[0].key

    assert clear == {"email": "person3@example.org"}
    assert masked is not None
    assert (len(masked), masked.count("@"), masked[-5:]) == (19, 1, ".test")
    assert "person" not in masked


def test_where_the_differences_lie_tells_lag_from_loss(pair: tuple[Environment, Environment]):
    for side in pair:
        sql(side, "INSERT INTO orders VALUES (900, 1, 'new', 1, now() - interval '3 min')")
    sql(pair[1], "DELETE FROM orders WHERE id = 900")

    recent = row(counted(*pair, content=True, locate=True), "public.orders").located[0].where
    sql(pair[1], "DELETE FROM orders WHERE id IN (1, 400)")
    spread = row(counted(*pair, content=True, locate=True), "public.orders").located[0].where

    assert "replication lag" in recent
    assert "not a matter of lag" in spread


def test_a_masked_stage_is_compared_by_what_masks_keep(pair: tuple[Environment, Environment]):
    sql(pair[1], "UPDATE customers SET email = md5(email)")  # other values, as distinct as they were
    asked = {"content": True, "masked": frozenset({"stage"})}

    same = counted(*pair, **asked)
    sql(pair[1], "UPDATE customers SET email = (SELECT email FROM customers WHERE id = 1) WHERE id = 2")
    merged = row(counted(*pair, **asked), "public.customers")
    sql(pair[1], "UPDATE customers SET tenant = 9 WHERE id = 3")
    clear = row(counted(*pair, **asked), "public.customers")

    assert same.status is Status.EQUAL
    assert any("holds masked values" in note for note in same.notes)
    assert merged.differs == ("email",)
    assert clear.differs == ("email", "tenant")


def test_rows_in_flight_are_told_from_real_differences_by_counting_again(pair: tuple[Environment, Environment]):
    sql(pair[1], "DELETE FROM orders WHERE id = 7", "INSERT INTO customers VALUES (101, 'x', 1, true)")
    arriving = threading.Timer(0.7, sql, [pair[1], "INSERT INTO orders SELECT 7, 1, 'new', 7, now()"])
    arriving.start()

    found = counted(*pair, recheck=timedelta(seconds=2))

    arriving.join()
    assert row(found, "public.orders").status is Status.EQUAL
    assert "in flight" in row(found, "public.orders").reason
    assert row(found, "public.customers").status is Status.DIFFERENT
    assert "by the same numbers" in row(found, "public.customers").reason


def test_what_changed_since_the_last_count_is_told(pair: tuple[Environment, Environment], tmp_path: Path):
    keep(tmp_path, counted(*pair))
    sql(pair[0], "DELETE FROM orders WHERE id = 7", "DROP TABLE empty")

    now = counted(pair[0])
    found = against(earlier(tmp_path, "last", Asked(environments=(pair[0],))), now)

    assert now.status is Status.SKIPPED
    assert found.status is Status.DIFFERENT
    assert found.since is not None
    assert [(change.side, change.label, change.before, change.after) for change in found.since.changes] == [
        ("production", "public.empty", 0, None),
        ("production", "public.orders", 500, 499),
    ]


@pytest.fixture
def standby() -> Iterator[tuple[Environment, Environment]]:
    """A primary and a streaming standby of it."""
    binaries = resolve(None, use="embedded").binaries
    with (
        running(binaries, settings={"wal_level": "replica", "max_wal_senders": "4"}) as primary,
        replica(primary) as place,
    ):
        yield (
            Environment(name="primary", url=f"postgresql://rehearse@/template1?host={primary.socket_dir}"),
            Environment(name="replica", url=f"postgresql://rehearse@/template1?host={place}"),
        )


@contextmanager
def replica(primary: Server) -> Iterator[Path]:
    """Start a standby of a server; yield where its socket is."""
    who = account()
    with occupied(who) as root:
        programs = reachable(primary.binaries, who)
        copied = [programs / "pg_basebackup", "-h", primary.socket_dir, "-U", "rehearse", "-D", root / "data", "-R"]
        code, said = who.run([*copied, "-c", "fast"])
        assert code == 0, said
        (root / "s").mkdir()
        who.own(root / "s")
        told = {"listen_addresses": "", "unix_socket_permissions": "0777", "max_locks_per_transaction": "1024",
                "max_wal_senders": "4", "wal_level": "replica"}  # fmt: skip
        settings = [part for name, value in told.items() for part in ("-c", f"{name}={value}")]
        process = who.launch(
            [programs / "postgres", "-D", root / "data", "-k", root / "s", *settings], subprocess.DEVNULL
        )
        try:
            wait_for(Environment(name="", url=f"postgresql://rehearse@/template1?host={root / 's'}"), "SELECT true")
            yield root / "s"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def wait_for(environment: Environment, claim: str) -> None:
    """Wait until a query is answered with true."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with psycopg.connect(str(environment.url), autocommit=True) as connection:
                if connection.execute(claim).fetchone() == (True,):
                    return
        except psycopg.OperationalError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"never true: {claim}")


def test_a_standby_that_lags_leaves_its_differences_unknown(standby: tuple[Environment, Environment]):
    primary, replica = standby
    sql(primary, "CREATE TABLE t AS SELECT 1 AS n", "CREATE TABLE same AS SELECT 1 AS n")
    wait_for(replica, "SELECT count(*) = 2 FROM pg_class WHERE relname IN ('t', 'same')")
    in_step = counted(primary, replica)
    sql(replica, "SELECT pg_wal_replay_pause()")
    sql(primary, "INSERT INTO t VALUES (2)")
    time.sleep(1.2)

    lagging = counted(primary, replica, max_lag=timedelta(seconds=1))

    assert in_step.status is Status.EQUAL
    assert in_step.sides[1].in_recovery
    assert in_step.sides[1].lag is None
    assert row(lagging, "public.t").status is Status.UNKNOWN
    assert "behind" in row(lagging, "public.t").reason
    assert row(lagging, "public.same").status is Status.EQUAL
    assert lagging.sides[1].lag is not None
