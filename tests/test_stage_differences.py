"""What masked rows break, and what the stage's server lacks, is replaced and named; the rest is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from test_stage_embedded import production, rows_of, silent

from rehearse.db.connect import connect_stage
from rehearse.model.snapshot import Snapshot
from rehearse.stages.embedded import raise_stage
from rehearse.stages.errors import RowsMissing, StageFailed, UnknownMigratingRole

BREAKABLE = """
CREATE ROLE app;
CREATE SCHEMA s AUTHORIZATION app;
SET ROLE app;
SET search_path = s;
CREATE DOMAIN short AS text CONSTRAINT short CHECK (length(VALUE) < 5);
COMMENT ON CONSTRAINT short ON DOMAIN short IS 'not long';
CREATE TABLE parts (at date, n int CONSTRAINT positive CHECK (n > 0)) PARTITION BY RANGE (at);
COMMENT ON CONSTRAINT positive ON parts IS 'as it was';
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE names (name short UNIQUE, id int PRIMARY KEY);
CREATE TABLE refers (id int CONSTRAINT points REFERENCES names);
CREATE TABLE refers_by_name (name short CONSTRAINT points_by_name REFERENCES names (name));
CREATE TABLE doubled (x int CONSTRAINT twice UNIQUE);
CREATE TABLE known (k int);
CREATE FUNCTION is_known(int) RETURNS bool LANGUAGE plpgsql
    AS 'BEGIN RETURN EXISTS (SELECT FROM s.known WHERE k = $1); END';
CREATE TABLE asks (k int CONSTRAINT is_known CHECK (s.is_known(k)), note text);
"""


def with_rows(snapshot: Snapshot, table: str, *lines: str, counted: bool = True) -> Snapshot:
    """The snapshot with more rows in a table, as if masking had made them what they are."""
    sample = next(found for found in snapshot.manifest.samples if found.table == table)
    file = sample.file or "data/added.copy"
    with (snapshot.directory / file).open("a") as rows:
        rows.writelines(f"{line}\n" for line in lines)
    grown = replace(sample, file=file, rows=sample.rows + (len(lines) if counted else 0))
    samples = tuple(grown if found is sample else found for found in snapshot.manifest.samples)
    return replace(snapshot, manifest=replace(snapshot.manifest, samples=samples))


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    with production(18, "shop", BREAKABLE, tmp_path_factory.mktemp("breakable")) as taken:
        return taken


@pytest.fixture
def breakable(taken: Snapshot, tmp_path: Path) -> Snapshot:
    """A copy of the snapshot, to be broken."""
    shutil.copytree(taken.directory, tmp_path / "copy")
    return replace(taken, directory=tmp_path / "copy")


def test_a_broken_check_is_put_back_not_valid_where_it_was_declared(breakable: Snapshot):
    broken = with_rows(breakable, "s.parts_1", "2020-02-02\t1", "2020-02-02\t-1")
    broken = with_rows(broken, "s.names", "longer\t1")

    with raise_stage(broken, silent) as raised:
        found = rows_of(
            raised.stage.admin,
            "SELECT conname::text, coalesce(conrelid::regclass::text, ''), coninhcount::int, convalidated, "
            "obj_description(oid, 'pg_constraint') FROM pg_constraint "
            "WHERE conname IN ('positive', 'short') ORDER BY 1, 3 DESC",
        )
        rows = rows_of(raised.stage.admin, "SELECT count(*), (SELECT count(*) FROM s.names) FROM s.parts")

    # not only the broken partition's: a CHECK is dropped and put back as one object of the whole tree
    assert [row[:3] + row[4:] for row in found] == [
        ("positive", "s.parts_1", 1, None),
        ("positive", "s.parts", 0, "as it was"),
        ("short", "-", 0, "not long"),
    ]
    assert [row[3] for row in found][1:] == [False, False]
    assert rows == [(2, 1)]
    assert {
        "Masked rows break s.parts.positive: it is NOT VALID on the stage.",
        "Masked rows break s.short.short: it is NOT VALID on the stage.",
    } <= set(raised.stage.deviations)
    assert {"s.parts.positive", "s.short.short"} <= set(raised.stage.touched)


def test_a_foreign_key_that_rows_break_is_not_valid(breakable: Snapshot):
    broken = with_rows(breakable, "s.refers", "7")

    with raise_stage(broken, silent) as raised:
        found = rows_of(raised.stage.admin, "SELECT convalidated FROM pg_constraint WHERE conname = 'points'")

    assert found == [(False,)]
    assert raised.stage.touched == ("rehearse", "s.refers.points")


def test_uniqueness_that_rows_break_is_missing_with_what_needs_it(breakable: Snapshot):
    broken = with_rows(breakable, "s.names", "a\t1", "a\t2")
    broken = with_rows(broken, "s.doubled", "1", "1")

    with raise_stage(broken, silent) as raised:
        found = rows_of(
            raised.stage.admin,
            "SELECT conname::text FROM pg_constraint WHERE conname IN ('names_name_key', 'names_pkey', 'points', "
            "'points_by_name', 'twice') ORDER BY 1",
        )

    assert found == [("names_pkey",), ("points",)]
    assert raised.stage.touched == (
        "rehearse",
        "s.doubled",
        "s.doubled.twice",
        "s.names",
        "s.names.names_name_key",
        "s.names_name_key",
        "s.refers_by_name",
        "s.refers_by_name.points_by_name",
        "s.twice",
    )


def test_rows_outside_their_partition_leave_it_empty_and_named(breakable: Snapshot):
    broken = with_rows(breakable, "s.parts_1", "2022-02-02\t1")

    with raise_stage(broken, silent) as raised:
        found = rows_of(raised.stage.admin, "SELECT count(*) FROM s.parts")

    assert found == [(0,)]
    assert "s.parts_1" in raised.stage.touched
    assert any(
        sentence.startswith("The table s.parts_1 is empty on the stage:") for sentence in raised.stage.deviations
    )


def test_a_check_that_asks_another_table_is_kept_whichever_is_loaded_first(breakable: Snapshot):
    filled = with_rows(breakable, "s.asks", f"7\t{'the larger one comes first' * 20}")
    filled = with_rows(filled, "s.known", "7")

    with raise_stage(filled, silent) as raised:
        found = rows_of(raised.stage.admin, "SELECT convalidated FROM pg_constraint WHERE conname = 'is_known'")

    assert found == [(True,)]
    assert not [sentence for sentence in raised.stage.deviations if "s.asks" in sentence]


def test_a_row_too_many_is_refused(breakable: Snapshot):
    broken = with_rows(breakable, "s.doubled", "1", counted=False)

    with pytest.raises(RowsMissing) as refused, raise_stage(broken, silent):
        pass

    assert refused.value.sentence == "s.doubled holds 1 rows on the stage, the snapshot promises 0."
    assert refused.value.exit_code == 3


def test_a_dump_nobody_can_read_is_refused(breakable: Snapshot):
    breakable.schema_dump.write_bytes(b"PGDMP\x63\x63")

    with pytest.raises(StageFailed) as refused, raise_stage(breakable, silent):
        pass

    assert "no pg_restore here can read its schema dump." in refused.value.sentence


def test_the_migrating_role_may_be_named_and_stays_as_weak_as_in_production(breakable: Snapshot):
    with pytest.raises(UnknownMigratingRole), raise_stage(breakable, silent, migrating_role="nobody"):
        pass

    with raise_stage(breakable, silent, migrating_role="app") as raised:
        found = rows_of(raised.stage.admin, "SELECT count(*) FROM pg_auth_members WHERE member = 'app'::regrole")

    assert (raised.stage.address.user, found) == ("app", [(0,)])


@pytest.mark.parametrize("database", ["postgres", "template1", "rehearse_before", "UPPER.case 'q\" é%s{}"])
def test_any_name_of_a_database_will_do(database: str, tmp_path: Path):
    script = "CREATE ROLE app; CREATE TABLE public.t (i int); ALTER TABLE public.t OWNER TO app"
    with production(18, database, script, tmp_path) as taken:
        pass

    with raise_stage(taken, silent) as raised:
        raised.reset()
        found = rows_of(raised.stage.address.url, "SELECT current_database()::text, to_regclass('public.t')::text")

    assert found == [(database, "t")]


def test_a_production_whose_owner_is_called_as_our_superuser_can_be_migrated(tmp_path: Path):
    with production(18, "shop", "CREATE TABLE public.t (i int)", tmp_path) as taken:
        pass

    with raise_stage(taken, silent) as raised:
        with connect_stage(raised.stage.address.url) as migration:
            migration.execute("ALTER TABLE public.t ADD j int")
        found = rows_of(raised.stage.address.url, "SELECT current_user::text, current_setting('is_superuser')")

    assert found == [("rehearse_production", "off")]


def test_extensions_and_collations_the_stage_lacks_are_stood_in(tmp_path: Path):
    script = """
        CREATE ROLE app; CREATE EXTENSION pgcrypto; CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION sslinfo;
        GRANT ALL ON FUNCTION public.crypt(text, text) TO app;
        CREATE SCHEMA s AUTHORIZATION app; SET ROLE app; SET search_path = s, public;
        CREATE COLLATION folded (provider = icu, deterministic = false, locale = 'und-u-ks-level2');
        COMMENT ON COLLATION folded IS 'case does not count';
        CREATE TABLE t (
            id uuid DEFAULT public.uuid_generate_v4(), name text COLLATE folded, other text COLLATE "en-x-icu",
            hashed bytea GENERATED ALWAYS AS (public.digest('abc'::text, 'sha1')) STORED
        );
        INSERT INTO t (other) VALUES ('b');
        CREATE INDEX ON t (encode(public.hmac('what do ya want for nothing?'::text, 'Jefe', 'sha256'), 'hex'));
        CREATE VIEW over_tls AS SELECT public.ssl_is_used() AS used;
        CREATE VIEW above AS SELECT * FROM over_tls;
    """
    with production(15, "shop", script, tmp_path) as taken:
        pass

    with raise_stage(taken, silent, use="embedded") as raised:
        values = rows_of(
            raised.stage.admin,
            "SELECT encode(hashed, 'hex'), public.uuid_generate_v5(public.uuid_ns_dns(), 'www.example.com')::text, "
            "encode(public.hmac('what do ya want for nothing?'::text, 'Jefe', 'sha256'), 'hex'), "
            "length(public.gen_random_bytes(33)) FROM s.t",
        )
        gone = rows_of(raised.stage.admin, "SELECT to_regclass('s.over_tls')::text, to_regclass('s.above')::text")
        with connect_stage(raised.stage.admin) as connection, pytest.raises(Exception, match="cannot do crypt"):
            connection.execute("SELECT public.crypt('a', 'b')")

    assert values == [
        (
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "2ed6657d-e927-568b-95e1-2665a8aea6a2",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            33,
        )
    ]
    assert gone == [(None, None)]
    assert {"pgcrypto", '"uuid-ossp"', "sslinfo", "s.folded", "s.t.name", "s.t.other"} <= set(raised.stage.touched)
    assert {
        "The extension sslinfo cannot be had on the stage: left out, and with it what needs it: 2 objects.",
        "Not as in production: s.above: view removed.",
        "Not as in production: s.over_tls: view removed.",
    } <= set(raised.stage.deviations)
