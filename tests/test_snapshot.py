"""A snapshot: true to the source's structure, closed over foreign keys, and silent about people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from test_counts import replica, wait_for

from rehearse.catalog import relations
from rehearse.db.queries import query
from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.errors import RequestError
from rehearse.model.environment import Environment
from rehearse.model.sampling import SampleRules, TableRule
from rehearse.model.snapshot import Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import copying, edges, pieces, take

SCHEMA = """
CREATE EXTENSION citext;
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TYPE pair AS (a text, b int);
CREATE TABLE countries (code char(2) PRIMARY KEY, label text NOT NULL);
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boss bigint REFERENCES people,
    country char(2) NOT NULL REFERENCES countries, email mail NOT NULL UNIQUE, nick citext, phone varchar(20),
    born date, salary numeric(10,2), tax_number bigint, mood mood, status text NOT NULL, tags text[], payload jsonb,
    secret bytea, seen_from inet, token uuid,anything pair,
    upper_status text GENERATED ALWAYS AS (upper(status)) STORED
);
CREATE TABLE orders (id int PRIMARY KEY, person bigint NOT NULL REFERENCES people, placed timestamptz NOT NULL)
    PARTITION BY RANGE (id);
CREATE TABLE orders_a PARTITION OF orders FOR VALUES FROM (1) TO (1001);
CREATE TABLE orders_b PARTITION OF orders DEFAULT;
CREATE TABLE lines (order_id int NOT NULL REFERENCES orders, line int NOT NULL, note text,
    PRIMARY KEY (order_id, line));
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('ae1027a6acf');
INSERT INTO countries SELECT chr(65 + n / 26) || chr(65 + n % 26), 'Country ' || n FROM generate_series(0, 249) n;
INSERT INTO people (boss, country, email, nick, phone, born, salary, tax_number, mood, status, tags, payload, secret,
                    seen_from, token, anything)
SELECT NULLIF(n / 7, 0), chr(65 + n % 250 / 26) || chr(65 + n % 250 % 26), 'Canary.Person' || n || '@example.org',
       'Canary' || n, '+44 20 7946 ' || n, date '1950-01-01' + n, 30000 + n, 1000000000 + n * 37, 'calm',
       (ARRAY['new', 'paid'])[1 + n % 2], ARRAY['canary tag', 'x'], jsonb_build_object('name', 'Canary' || n, 'n', n),
       convert_to('canary bytes', 'UTF8'), '192.168.7.9', gen_random_uuid(), ROW('canary pair', 1)::pair
  FROM generate_series(1, 1500) n;
INSERT INTO orders SELECT n, 1 + (n * 13) % 1500, now() - n * interval '1 minute' FROM generate_series(1, 2000) n;
INSERT INTO lines SELECT n, l, 'Canary note Zoëlle ' || n FROM generate_series(1, 2000) n, generate_series(1, 2) l;
ANALYZE;
"""

PAYLOAD = r'[{]"n": \d+, "name": "[A-Z][a-z]{5}\d+"[}]'  # a document keeps its keys and the shape of its leaves


@pytest.fixture
def shop(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute(SCHEMA)
        connection.execute("SELECT pg_stat_force_next_flush()")  # its own rows are counted now, not later
    return server.dsn(database)


def snap(url: str, directory: Path, *, rows: int = 250, rules: SanitiseRules | None = None) -> Snapshot:
    return take(
        url,
        directory / "snapshot",
        rules=SampleRules(rows=rows),
        sanitise=rules or SanitiseRules(),
        progress=lambda _: None,
    )


def copied(snapshot: Snapshot, table: str) -> list[dict[str, str]]:
    """Return the rows of a table's COPY file; values as COPY writes them."""
    sample = next(found for found in snapshot.manifest.samples if found.table == table)
    assert sample.file is not None
    names = [column.strip('"') for column in sample.columns]
    lines = (snapshot.directory / sample.file).read_text().splitlines()
    return [dict(zip(names, line.split("\t"), strict=True)) for line in lines]


def test_no_clear_value_reaches_the_disk(shop: str, tmp_path: Path):
    snapshot = snap(shop, tmp_path)

    for path in (snapshot.directory / "data").iterdir():
        assert not re.search(rb"canary|@example|20 7946|Zo\xc3\xablle", path.read_bytes(), re.IGNORECASE), path
    assert b"canary bytes".hex().encode() not in (snapshot.directory / "data").joinpath("0003.copy").read_bytes()


def test_small_tables_are_whole_and_large_ones_sampled(shop: str, tmp_path: Path):
    snapshot = snap(shop, tmp_path)

    whole = {sample.table: sample.whole for sample in snapshot.manifest.samples}
    assert whole["public.countries"]
    assert not whole["public.people"]
    assert not whole["public.orders_a"]
    assert {found.table: found.rows for found in snapshot.facts.tables}["public.people"] == 1500


def test_an_empty_table_is_whole_and_asked_for_nothing(
    server: Server, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE nothing (id int, email text UNIQUE)")
        connection.execute("CREATE TABLE something (id int, email text UNIQUE)")
        connection.execute("INSERT INTO something VALUES (1, 'canary.person@example.org')")
    asked: list[str] = []
    original = copying.statement

    def noted(table: relations.Table, *more: object) -> psycopg.sql.Composed:
        asked.append(table.identity)
        return original(table, *more)  # type: ignore[arg-type]  # handed on as they come

    monkeypatch.setattr(copying, "statement", noted)

    snapshot = snap(server.dsn(database), tmp_path)

    samples = {sample.table: (sample.rows, sample.whole) for sample in snapshot.manifest.samples}
    assert samples == {"public.nothing": (0, True), "public.something": (1, True)}
    assert asked == ["public.something"]


def test_every_row_has_its_parents(shop: str, tmp_path: Path):
    snapshot = snap(shop, tmp_path)

    people = {row["id"] for row in copied(snapshot, "public.people")}
    orders = {row["id"] for leaf in "ab" for row in copied(snapshot, f"public.orders_{leaf}")}
    assert {row["boss"] for row in copied(snapshot, "public.people")} - {r"\N"} <= people
    assert {row["person"] for leaf in "ab" for row in copied(snapshot, f"public.orders_{leaf}")} <= people
    assert {row["order_id"] for row in copied(snapshot, "public.lines")} <= orders
    assert len(people) < 1500


def test_natural_keys_still_join_and_stay_unique(shop: str, tmp_path: Path):
    snapshot = snap(shop, tmp_path)

    codes = [row["code"] for row in copied(snapshot, "public.countries")]
    assert len(set(codes)) == 250
    assert all(re.fullmatch("[A-Z]{2}", code) for code in codes)
    assert {row["country"] for row in copied(snapshot, "public.people")} <= set(codes)
    assert sorted(codes) != codes


def test_masks_keep_shape_length_and_uniqueness(shop: str, tmp_path: Path):
    people = copied(snap(shop, tmp_path), "public.people")

    assert all(re.fullmatch(r"[A-Za-z0-9]+@[A-Za-z0-9]+[.]test", row["email"]) for row in people)
    assert {len(row["email"]) for row in people} <= {len(f"Canary.Person{n}@example.org") for n in (1, 10, 100, 1000)}
    assert len({row["email"] for row in people}) == len(people)
    assert all(re.fullmatch(r"[+]\d\d \d\d \d{4} \d+", row["phone"]) for row in people)
    assert all(re.fullmatch(r"\d{5}[.]\d\d", row["salary"]) for row in people)
    assert all(re.fullmatch(r"\d{10}", row["tax_number"]) for row in people)
    assert all(re.fullmatch(PAYLOAD, row["payload"]) for row in people)
    assert all(len(row["secret"]) == len(r"\\x") + 2 * len(b"canary bytes") for row in people)
    assert all(row["seen_from"].startswith("10.") for row in people)
    assert all(re.fullmatch(r"[(][a-z]{6} [a-z]{4},\d[)]", row["anything"].replace('"', "")) for row in people)


def test_codes_keys_enums_dates_and_history_stay_clear(shop: str, tmp_path: Path):
    snapshot = snap(shop, tmp_path)

    people = copied(snapshot, "public.people")
    assert {row["status"] for row in people} == {"new", "paid"}
    assert {row["mood"] for row in people} == {"calm"}
    assert copied(snapshot, "public.alembic_version") == [{"version_num": "ae1027a6acf"}]
    assert snapshot.manifest.heads == {"public.alembic_version": ("ae1027a6acf",)}
    assert "upper_status" not in people[0]


def test_a_value_outside_the_established_codes_is_masked(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, kind text)")
        connection.execute(
            "INSERT INTO t SELECT n, CASE WHEN n = 7 THEN 'rare' ELSE 'common' END FROM generate_series(1, 99) n"
        )

    rows = copied(snap(server.dsn(database), tmp_path), "public.t")

    assert all(row["kind"] != "rare" for row in rows)


def test_two_snapshots_have_different_keys_and_a_given_key_repeats(shop: str, tmp_path: Path):
    def emails(name: str, key: bytes | None) -> set[str]:
        rules = SanitiseRules(key=key)
        return {row["email"] for row in copied(snap(shop, tmp_path / name, rules=rules), "public.people")}

    assert emails("a", None).isdisjoint(emails("b", None))
    assert emails("c", b"k" * 16) == emails("d", b"k" * 16)


def test_the_key_shows_in_no_log(server: Server, shop: str, tmp_path: Path):
    with server.connect() as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")

    key = b"never to be seen in any log"
    snap(shop, tmp_path, rules=SanitiseRules(key=key))

    with server.connect() as connection:
        connection.execute("ALTER SYSTEM RESET log_statement")
        connection.execute("SELECT pg_reload_conf()")
    log = server.log_file.read_text()
    assert "rehearse.ip" in log  # the statements are there, and name the setting
    assert bytes(byte ^ 0x36 for byte in key.ljust(64, b"\0")).hex() not in log


def test_the_source_is_only_read(server: Server, database: str, shop: str, tmp_path: Path):
    def written() -> tuple[object, ...]:
        with server.connect(database) as connection:
            connection.execute("SELECT pg_stat_force_next_flush()")
            row = connection.execute(
                "SELECT tup_inserted, tup_updated, tup_deleted, temp_files, "
                "(SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables) "
                "FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
            assert row is not None
            return tuple(row)

    before = written()
    snap(shop, tmp_path)

    assert written()[-1] == before[-1]
    assert written()[3] == before[3]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (lambda: SanitiseRules(columns={"public.people.emial": "text"}), 'Did you mean "public.people.email"?'),
        (lambda: SanitiseRules(columns={"public.people.email": "scramble"}), "is unknown"),
        (lambda: SanitiseRules(columns={"public.people.status": "null"}), "takes no NULL"),
        (lambda: SanitiseRules(unclassified="perhaps"), "perhaps"),
        (lambda: SanitiseRules(key=b"short"), "too short"),
        (lambda: SanitiseRules(unclassified="refuse"), "public.countries.label"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_and_nothing_stays(
    shop: str, tmp_path: Path, rules: Callable[[], SanitiseRules], words: str
):
    with pytest.raises(RequestError, match=re.escape(words)):
        snap(shop, tmp_path, rules=rules())

    assert list(tmp_path.iterdir()) == []


def test_a_configured_column_stays_clear(shop: str, tmp_path: Path):
    rules = SanitiseRules(columns={"public.people.nick": "keep", "public.*.note": "null"})

    snapshot = snap(shop, tmp_path, rules=rules)

    assert all(row["nick"].startswith("Canary") for row in copied(snapshot, "public.people"))
    assert {row["note"] for row in copied(snapshot, "public.lines")} == {r"\N"}


def test_masking_everything_spares_only_surrogate_keys(shop: str, tmp_path: Path):
    people = copied(snap(shop, tmp_path, rules=SanitiseRules(unclassified="mask-all")), "public.people")

    assert {row["status"] for row in people}.isdisjoint({"new", "paid"})
    assert all(int(row["id"]) <= 1500 for row in people)


def test_an_older_source_reads_the_same(server15: Server, database15: str, tmp_path: Path):
    with psycopg.connect(server15.dsn(database15), autocommit=True) as connection:
        connection.execute(SCHEMA)

    snapshot = snap(server15.dsn(database15), tmp_path)

    assert snapshot.facts.server_major == 15
    assert snapshot.catalog.find("table", "public.people") is not None
    assert len(copied(snapshot, "public.countries")) == 250


def test_a_least_privileged_reader_is_enough(server: Server, database: str, shop: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("DROP ROLE IF EXISTS rehearse_reader")
        connection.execute(query("roles/reader").encode())

    snapshot = snap(server.dsn(database, user="rehearse_reader"), tmp_path)

    assert len(copied(snapshot, "public.countries")) == 250


def test_a_standby_lends_all_but_the_rows_of_unlogged_tables(tmp_path: Path):
    binaries = resolve(None, use="embedded").binaries
    with (
        running(binaries, settings={"wal_level": "replica", "max_wal_senders": "4"}) as primary,
        replica(primary) as place,
    ):
        with primary.connect("template1") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS i")
            connection.execute("CREATE UNLOGGED TABLE fleeting (id serial, i int)")
            connection.execute("INSERT INTO fleeting VALUES (1, 1)")
        url = f"postgresql://rehearse@/template1?host={place}"
        wait_for(Environment(name="", url=url), "SELECT to_regclass('fleeting') IS NOT NULL")

        snapshot = snap(url, tmp_path)

    assert copied(snapshot, "public.kept") == [{"i": "1"}]
    assert snapshot.facts.in_recovery
    assert "public.fleeting came without data: unlogged, and a standby has no rows of it." in snapshot.manifest.notes


EDGES = """
CREATE TYPE mood AS ENUM ('calm', 'cross', 'never');
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE edges (id int PRIMARY KEY, parent int REFERENCES parents, note text, short varchar(40), n numeric,
    f float8, d date, b boolean, m mood, tags text[], payload jsonb, raw bytea);
INSERT INTO parents SELECT n FROM generate_series(1, 20000) n;
INSERT INTO edges SELECT n, n, 'note ' || n, 'abc', 5 + n, 1.5, date '2020-01-01' + n % 100, true, 'calm', '{a}',
       jsonb_build_object('n', n), 'abc' FROM generate_series(1, 20000) n;
UPDATE edges SET note = NULL WHERE id = 3001;
UPDATE edges SET note = '' WHERE id = 3002;
UPDATE edges SET note = repeat('x', 3000) WHERE id = 3003;
UPDATE edges SET note = '!' WHERE id = 3004;
UPDATE edges SET short = 'Zoë' WHERE id = 3005;
UPDATE edges SET n = -7 WHERE id = 3006;
UPDATE edges SET n = 0 WHERE id = 3007;
UPDATE edges SET n = 'NaN' WHERE id = 3008;
UPDATE edges SET f = 'Infinity' WHERE id = 3009;
UPDATE edges SET d = '1900-01-01' WHERE id = 3010;
UPDATE edges SET d = 'infinity' WHERE id = 3011;
UPDATE edges SET b = false WHERE id = 3012;
UPDATE edges SET m = 'cross' WHERE id = 3013;
UPDATE edges SET tags = '{}' WHERE id = 3014;
UPDATE edges SET payload = (SELECT jsonb_agg(n) FROM generate_series(1, 3000) n) WHERE id = 3015;
UPDATE edges SET raw = NULL WHERE id = 3016;
UPDATE edges SET parent = NULL WHERE id = 3017;
ANALYZE;
"""


@pytest.mark.parametrize("pages", [16, 100_000])
def test_a_row_of_every_kind_is_in_the_sample(
    server: Server, database: str, tmp_path: Path, pages: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pieces, "_FIRST", pages)
    with server.connect(database) as connection:
        connection.execute(EDGES)

    snapshot = snap(server.dsn(database), tmp_path, rows=100)

    kept = {int(row["id"]) for row in copied(snapshot, "public.edges")}
    assert set(range(3001, 3018)) <= kept
    assert len(kept) < 160
    assert {int(row["id"]) for row in copied(snapshot, "public.parents")} >= set(range(3001, 3017))
    found = {each.name: each for each in snapshot.manifest.coverage if each.kind == "column"}
    assert found["note"].present == ("null", "empty", "shortest", "longest", "longest in bytes")
    assert found["note"].absent == ("not ASCII", "blank at an end")
    assert (found["m"].present, found["m"].absent) == (("calm", "cross"), ("null", "never"))
    assert found["n"].absent == ("null", "infinite")
    assert found["f"].present == ("least", "greatest", "infinite")


def test_an_empty_table_has_no_edge_rows(server: Server, database: str):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE nothing (id int, note text)")
        (table,) = relations.tables(connection)

        found = edges.seek(connection, table, relations.columns(connection, [table.oid])[table.oid])

    assert found.ctids == frozenset()
    assert [each.present for each in found.coverage] == [(), ()]


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("_SOUGHT_UP_TO", 1024, "it is larger than 1 kB"),
        ("_PATIENCE", timedelta(seconds=-1), "others took"),
    ],
)
def test_a_table_that_is_not_searched_is_named(
    server: Server,
    database: str,
    tmp_path: Path,
    limit: str,
    value: object,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(edges, limit, value)
    with server.connect(database) as connection:
        connection.execute(EDGES)

    snapshot = snap(server.dsn(database), tmp_path, rows=100)

    assert {each.name: each.not_sought for each in snapshot.manifest.coverage if each.kind == "column"}.keys() >= {
        "note"
    }
    assert any(
        note.startswith(f"No edge rows were sought in public.edges: {reason}") for note in snapshot.manifest.notes
    )


def ruled(url: str, directory: Path, **tables: TableRule) -> Snapshot:
    named = {name.replace("__", "."): rule for name, rule in tables.items()}
    rules = SampleRules(rows=100, tables=named)
    return take(url, directory / "snapshot", rules=rules, sanitise=SanitiseRules(), progress=lambda _: None)


def test_tables_have_rules_of_their_own(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute(EDGES)
        connection.execute("CREATE TABLE logs AS SELECT n FROM generate_series(1, 5000) n")
        connection.execute(
            "CREATE TABLE events AS SELECT n, now() + n * interval '1 min' AS at FROM generate_series(1, 5000) n"
        )

    snapshot = ruled(
        server.dsn(database),
        tmp_path,
        public__edges=TableRule(rows=300, where="id % 2 = 0 AND note NOT LIKE '%9'"),
        public__events=TableRule(newest="at", rows=50),
        public__logs=TableRule(skip=True),
    )

    kept = [int(row["id"]) for row in copied(snapshot, "public.edges")]
    assert 300 <= len(kept) < 360
    assert all(number % 2 == 0 for number in kept)
    assert max(kept) - min(kept) > 15_000
    newest = {int(row["n"]) for row in copied(snapshot, "public.events")}
    assert set(range(4951, 5001)) <= newest
    assert len(newest) < 60
    assert "public.logs came without data: [snapshot.tables] skips it." in snapshot.manifest.notes


@pytest.mark.parametrize(
    ("pattern", "rule", "words"),
    [
        ("public.edgse", TableRule(rows=5), 'matches no table.\nDid you mean "public.edges"?'),
        (
            "public.edges",
            TableRule(where="nothing = 1"),
            'of public.edges: PostgreSQL says: column "nothing" does not exist',
        ),
        ("public.edges", TableRule(newest="nothing"), 'PostgreSQL says: column "nothing" does not exist'),
        (
            "public.edges",
            TableRule(where="true); COMMIT; DROP TABLE edges; SELECT (1"),
            "cannot insert multiple commands",
        ),
    ],
)
def test_a_rule_for_a_table_that_means_nothing_is_refused(
    server: Server, database: str, tmp_path: Path, pattern: str, rule: TableRule, words: str
):
    with server.connect(database) as connection:
        connection.execute(EDGES)

    with pytest.raises(RequestError) as refused:
        take(
            server.dsn(database),
            tmp_path / "s",
            rules=SampleRules(rows=9, tables={pattern: rule}),
            sanitise=SanitiseRules(),
            progress=str,
        )

    assert words in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_no_rule_withholds_which_migrations_have_been_applied(shop: str, tmp_path: Path):
    snapshot = ruled(shop, tmp_path, **{"*": TableRule(skip=True), "public.alembic_version": TableRule(where="false")})

    assert [sample.table for sample in snapshot.manifest.samples if sample.file] == ["public.alembic_version"]
    assert copied(snapshot, "public.alembic_version") == [{"version_num": "ae1027a6acf"}]


def test_a_condition_may_name_any_column_as_the_table_does(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE odd AS SELECT n AS x0, n AS x1 FROM generate_series(1, 3000) n")

    snapshot = ruled(server.dsn(database), tmp_path, public__odd=TableRule(where="x0 > 2500 AND x1 < 2600", rows=10))

    kept = {int(row["x0"]) for row in copied(snapshot, "public.odd")}
    assert {2501, 2599} <= kept
    assert all(2500 < number < 2600 for number in kept)


def test_a_condition_that_names_the_table_is_refused_before_a_row_is_read(
    server: Server, database: str, tmp_path: Path
):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE odd AS SELECT n FROM generate_series(1, 3000) n")

    with pytest.raises(RequestError, match='reference to FROM-clause entry for table "odd"'):
        ruled(server.dsn(database), tmp_path, public__odd=TableRule(where="odd.n > 5"))
