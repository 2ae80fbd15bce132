"""A catalog describes every object, the same wherever it stands."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rehearse.catalog import CatalogUnreadable, count_rows, count_values, read
from rehearse.diff.schema import differences
from rehearse.diff.sentences import sentences
from rehearse.engine.server import Server
from rehearse.model.catalog import Catalog, CatalogObject

RICH = (Path(__file__).parent / "rich_schema.sql").read_text(encoding="utf-8")
SUBSCRIPTION = (  # a database's own, though every database of a server sees it: no copy of the database has it
    "CREATE SUBSCRIPTION readers CONNECTION 'host=secret.example password=hunter3' PUBLICATION news, others "
    "WITH (connect = false, slot_name = NONE)"
)
KINDS = {path.stem for path in (Path(__file__).parents[1] / "sql" / "catalog").glob("*.sql") if "." not in path.stem}


def catalog_of(server: Server, database: str) -> Catalog:
    with server.connect(database) as connection:
        return read(connection, server.binaries.major)


def found(catalog: Catalog, kind: str, identity: str) -> CatalogObject:
    entry = catalog.find(kind, identity)
    assert entry is not None, f"no {kind} {identity}"
    return entry


@pytest.fixture
def rich(server: Server, database: str) -> Iterator[str]:
    with server.connect(database) as connection:
        connection.execute(RICH)
        connection.execute(SUBSCRIPTION)
    yield database
    with server.connect(database) as connection:
        connection.execute("DROP SUBSCRIPTION readers")


def test_every_kind_finds_its_object_in_a_rich_schema(server: Server, rich: str):
    catalog = catalog_of(server, rich)

    assert {entry.kind for entry in catalog.objects} == KINDS - {
        "security-label",  # whose providers are C libraries
        "setting",  # a script cannot name the database it runs in
    }


def test_an_empty_database_holds_its_public_schema_and_plpgsql(server: Server, database: str):
    catalog = catalog_of(server, database)

    assert [(entry.kind, entry.identity) for entry in catalog.objects] == [
        ("extension", "plpgsql"),
        ("grant", "schema public to PUBLIC"),
        ("schema", "public"),
    ]


def test_a_restored_dump_reads_the_same(server: Server, rich: str):
    dump_and_restore(server, server, rich, f"{rich}_copy")

    before, after = catalog_of(server, rich), catalog_of(server, f"{rich}_copy")

    assert sentences(differences(before, after)) == ()
    assert before.fingerprint == after.fingerprint


def test_fifteen_and_eighteen_agree_on_everything_but_the_wording_of_views(
    server15: Server, database15: str, server: Server
):
    with server15.connect(database15) as connection:
        connection.execute(RICH)
    dump_and_restore(server15, server, database15, f"{database15}_on_18")

    told = differences(catalog_of(server15, database15), catalog_of(server, f"{database15}_on_18"))

    assert {(change.kind, change.action, *sorted(change.before or ())) for change in told} <= {
        ("view", "altered", "definition"),
        ("materialized-view", "altered", "definition"),
        ("rule", "altered", "definition"),
        ("extension", "altered", "version"),
    }


def dump_and_restore(source: Server, target: Server, database: str, copy: str) -> None:
    with target.connect("template1") as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {copy}")
        connection.execute(f"CREATE DATABASE {copy} TEMPLATE template0")
    tools = target.binaries.bin_dir
    dump = subprocess.run(
        [tools / "pg_dump", "--format=custom", "--dbname", source.dsn(database)], check=True, stdout=subprocess.PIPE
    )
    subprocess.run(
        [tools / "pg_restore", "--exit-on-error", "--dbname", target.dsn(copy)], check=True, input=dump.stdout
    )


def test_a_column_tells_type_nullability_default_and_what_is_unusual(server: Server, rich: str):
    name = found(catalog_of(server, rich), "column", "shop.customers.name")

    assert name.table == "shop.customers"
    assert name.attributes == {
        "type": "character varying(80)",
        "not_null": False,
        "not_null_name": None,
        "not_null_validated": None,
        "not_null_inherited": None,
        "not_null_local": None,
        "default": "'no name'::character varying",
        "generated": None,
        "expression": None,
        "identity": None,
        "collation": 'pg_catalog."C"',
        "storage": "external",
        "compression": None,
        "statistics": 200,
        "options": None,
        "foreign_option_names": None,
    }


def test_names_are_quoted_as_postgresql_quotes_them(server: Server, rich: str):
    catalog = catalog_of(server, rich)

    column = found(catalog, "column", '"Odd ""Schema"""."My.Table"."Weird ""Col"""')

    assert column.table == '"Odd ""Schema"""."My.Table"'


def test_an_unvalidated_constraint_says_so_once(server: Server, rich: str):
    constraint = found(catalog_of(server, rich), "constraint", "shop.customers.unchecked")

    assert constraint.attributes["validated"] is False
    assert constraint.attributes["definition"] == "CHECK ((score >= (0)::numeric))"


def test_a_not_null_that_is_not_validated_yet_says_so(server: Server, rich: str):
    with server.connect(rich) as connection:
        connection.execute("ALTER TABLE shop.orders ADD CONSTRAINT note_set NOT NULL note NOT VALID")

    catalog = catalog_of(server, rich)

    assert found(catalog, "column", "shop.orders.note").attributes["not_null_validated"] is False
    assert found(catalog, "column", "shop.orders.note").attributes["not_null_name"] == "note_set"
    assert found(catalog, "column", "shop.orders.id").attributes["not_null_validated"] is None
    assert found(catalog, "column", "shop.orders.id").attributes["not_null_name"] is None
    assert catalog.find("constraint", "shop.orders.note_set") is None


def test_a_grant_is_told_where_it_is_not_the_default(server: Server, rich: str):
    catalog = catalog_of(server, rich)

    assert found(catalog, "grant", "table shop.orders to pg_monitor").attributes == {
        "privileges": ["INSERT", "SELECT"],
        "grantable": ["INSERT", "SELECT"],
    }
    assert found(catalog, "grant", "function shop.touch() to PUBLIC").attributes["privileges"] == []
    assert catalog.find("grant", "function shop.add(integer, integer) to PUBLIC") is None


def test_options_that_may_be_secrets_are_told_by_name_only(server: Server, rich: str):
    catalog = catalog_of(server, rich)

    assert found(catalog, "foreign-server", "away").attributes["option_names"] == ["host", "port"]
    assert "hunter2" not in str(catalog)
    assert "secret.example" not in str(catalog)


def test_a_setting_that_an_application_made_up_is_told_by_name_only(server: Server, database: str):
    with server.connect(database) as connection:
        connection.execute(f"ALTER DATABASE {database} SET app.key = 'hunter2'")
        connection.execute(f"ALTER DATABASE {database} SET work_mem = '5MB'")
        connection.execute(f"ALTER DATABASE {database} SET rehearse.token = 'ours'")

    told = [(entry.identity, entry.attributes) for entry in catalog_of(server, database).of_kind("setting")]

    assert told == [("database app.key", {"value": None}), ("database work_mem", {"value": "5MB"})]


def test_objects_of_extensions_and_of_the_tool_itself_are_left_out(server: Server, rich: str):
    before = catalog_of(server, rich)
    with server.connect(rich) as connection:
        connection.execute("CREATE SCHEMA _rehearse CREATE TABLE _rehearse.notes (id integer PRIMARY KEY)")
        connection.execute("COMMENT ON TABLE _rehearse.notes IS 'ours'")
        connection.execute("GRANT SELECT ON _rehearse.notes TO PUBLIC")

    after = catalog_of(server, rich)

    assert before == after
    assert not any("citext(" in entry.identity for entry in after.of_kind("function"))


def test_settings_of_the_session_change_no_wording(server: Server, rich: str):
    plain = catalog_of(server, rich)

    with server.connect(rich) as connection:
        connection.execute("SET search_path = shop; SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'")
        connection.execute("SET quote_all_identifiers = on")
        settled = read(connection, server.binaries.major)
        search_path = connection.execute("SHOW search_path").fetchone()

    assert settled == plain
    assert search_path == ("shop",)


def test_an_open_transaction_is_read_in_its_own_snapshot_and_stays_open(server: Server, rich: str):
    with psycopg.connect(server.dsn(rich)) as connection:
        connection.execute("CREATE TABLE shop.mine (id integer)")

        catalog = read(connection, server.binaries.major)

        assert catalog.find("table", "shop.mine") is not None
        assert connection.execute("SELECT 'shop.mine'::regclass::text").fetchone() == ("shop.mine",)
        connection.rollback()


def test_a_lock_that_cannot_be_had_is_a_sentence(server: Server, rich: str):
    with psycopg.connect(server.dsn(rich)) as blocker, server.connect(rich) as connection:
        blocker.execute("LOCK TABLE shop.customers IN ACCESS EXCLUSIVE MODE")
        connection.execute("SET lock_timeout = '100ms'")

        with pytest.raises(CatalogUnreadable, match="canceling statement due to lock timeout"):
            read(connection, server.binaries.major)

        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_rows_are_counted_exactly_and_a_root_is_the_sum_of_its_leaves(server: Server, rich: str):
    with server.connect(rich) as connection:
        connection.execute("INSERT INTO shop.base VALUES (1), (2)")
        connection.execute("INSERT INTO shop.child VALUES (1, 1)")
        connection.execute("INSERT INTO shop.events (id, at) VALUES (1, '2024-05-01'), (3, '2025-05-01')")

        counts = count_rows(connection)

    assert counts == {
        '"Odd ""Schema"""."My.Table"': 0,
        "shop.base": 2,
        "shop.cache": 0,
        "shop.child": 1,
        "shop.customers": 0,
        "shop.events": 2,
        "shop.events_2024": 1,
        "shop.events_2025_a": 0,
        "shop.events_2025_rest": 1,
        "shop.orders": 0,
    }


def test_values_of_columns_are_counted_without_nulls(server: Server, rich: str):
    with server.connect(rich) as connection:
        connection.execute("""INSERT INTO "Odd ""Schema\"""."My.Table" VALUES (1, 'x'), (2, NULL)""")

        counts = count_values(connection, {'"Odd ""Schema"""."My.Table"."select"': '"Odd ""Schema"""."My.Table"'})

    assert counts == {'"Odd ""Schema"""."My.Table"."select"': 1}
