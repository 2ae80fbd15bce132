"""A stage is production's twin, and says where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from rehearse.db.connect import connect_stage
from rehearse.engine.binaries import find_all
from rehearse.engine.server import running
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take
from rehearse.stages.embedded import EmbeddedStage, raise_stage

DATABASE = "Shop's %{} db"
KEEP = {"public.customers.email": "keep", "public.logs.txt": "keep", "public.child.i": "keep"}
PRODUCTION = r"""
CREATE ROLE app LOGIN PASSWORD 'x' CREATEDB CREATEROLE;
CREATE ROLE "we.ird ""role%{}" NOINHERIT;
CREATE ROLE boss SUPERUSER LOGIN;
GRANT "we.ird ""role%{}" TO app;
GRANT pg_execute_server_program TO boss;
ALTER ROLE app SET log_min_duration_statement = 0;
ALTER ROLE app SET lock_timeout = '3s';
ALTER ROLE app SET search_path = '$user', 'Odd.Schéma', 'public';
ALTER DATABASE "Shop's %{} db" SET statement_timeout = '30s';
ALTER DATABASE "Shop's %{} db" SET log_statement = 'none';
ALTER ROLE app IN DATABASE "Shop's %{} db" SET work_mem = '5MB';
COMMENT ON DATABASE "Shop's %{} db" IS 'it''s a \ "shop"
of two lines';
REVOKE ALL ON DATABASE "Shop's %{} db" FROM PUBLIC;
ALTER DATABASE "Shop's %{} db" OWNER TO app;
GRANT CONNECT ON DATABASE "Shop's %{} db" TO "we.ird ""role%{}" WITH GRANT OPTION;
GRANT ALL ON SCHEMA public TO PUBLIC;
CREATE SCHEMA "Odd.Schéma" AUTHORIZATION app;
CREATE EXTENSION citext;
SET ROLE app;
SET search_path = public;
CREATE DOMAIN mail AS text CONSTRAINT "mail%ok" CHECK (VALUE LIKE '%@%');
COMMENT ON CONSTRAINT "mail%ok" ON DOMAIN mail IS 'an @';
CREATE TYPE mood AS ENUM ('ok', 'not {ok}');
CREATE TABLE customers (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gone int,
    email mail,
    name citext NOT NULL,
    shout text GENERATED ALWAYS AS (upper(email)) STORED,
    m mood DEFAULT 'ok'
);
ALTER TABLE customers DROP COLUMN gone;
CREATE UNIQUE INDEX customers_email ON customers (lower(email));
CREATE TABLE "Odd.Schéma"."Ta ble.""x%{}" ("co l%" int PRIMARY KEY, "b{}" int CONSTRAINT "pos%" CHECK ("b{}" > 0));
COMMENT ON CONSTRAINT "pos%" ON "Odd.Schéma"."Ta ble.""x%{}" IS 'positive';
CREATE TABLE a (id int PRIMARY KEY, b_id int);
CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE logs (at date NOT NULL, id int, txt text CONSTRAINT short CHECK (length(txt) < 5), PRIMARY KEY (at, id))
    PARTITION BY RANGE (at);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY LIST (id);
CREATE TABLE logs_2a PARTITION OF logs_2 DEFAULT;
CREATE VIEW v1 AS SELECT * FROM customers;
CREATE VIEW v2 AS SELECT id, name FROM customers GROUP BY id;
CREATE MATERIALIZED VIEW mv AS SELECT id FROM v2;
CREATE UNIQUE INDEX mv_id ON mv (id);
CREATE MATERIALIZED VIEW mv2 AS SELECT * FROM mv;
CREATE MATERIALIZED VIEW mv3 AS SELECT 1 AS x WITH NO DATA;
CREATE VIEW turns AS SELECT 1 AS x;
CREATE FUNCTION round_it() RETURNS SETOF turns LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE VIEW turns AS SELECT x FROM round_it();
CREATE TABLE parent (i int CONSTRAINT small CHECK (i < 100));
CREATE TABLE child (j int) INHERITS (parent);
CREATE TABLE known (k int PRIMARY KEY);
CREATE FUNCTION is_known(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM known); END';
CREATE TABLE needs (k int CHECK (is_known(k)));
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'a trigger fired'; END$$;
INSERT INTO customers (email, name) SELECT 'c' || i || '@x', 'n' || i FROM generate_series(1, 10) AS i;
CREATE TRIGGER refuse BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE customers ENABLE ALWAYS TRIGGER refuse;
INSERT INTO "Odd.Schéma"."Ta ble.""x%{}" VALUES (1, 1), (2, 2);
INSERT INTO logs VALUES ('2020-02-02', 1, 'abc'), ('2021-02-02', 2, 'abd');
BEGIN; INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1); COMMIT;
INSERT INTO child VALUES (1, 2);
INSERT INTO known VALUES (1);
INSERT INTO needs VALUES (1);
REFRESH MATERIALIZED VIEW mv;
REFRESH MATERIALIZED VIEW mv2;
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON customers FOR SELECT TO "we.ird ""role%{}" USING (id > 0);
GRANT SELECT (name) ON customers TO "we.ird ""role%{}";
ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
RESET ROLE;
RESET search_path;
CREATE TABLE public.ddl_log (tag text);
GRANT ALL ON public.ddl_log TO PUBLIC;
CREATE FUNCTION public.note_ddl() RETURNS event_trigger LANGUAGE plpgsql
    AS $$BEGIN INSERT INTO public.ddl_log VALUES (tg_tag); END$$;
CREATE TABLE public.owned_by_boss (id int);
ALTER TABLE public.owned_by_boss OWNER TO boss;
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'production.example', dbname 'x');
CREATE SERVER near FOREIGN DATA WRAPPER postgres_fdw;
CREATE USER MAPPING FOR app SERVER far OPTIONS (user 'u', password 'geheim');
CREATE PUBLICATION changes FOR TABLE public.a;
CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION public.note_ddl();
ALTER EVENT TRIGGER note_ddl OWNER TO boss;
"""


def silent(_: str) -> None:
    return


@contextmanager
def production(major: int, database: str, script: str, directory: Path) -> Iterator[Snapshot]:
    """A snapshot of a database on a server of its own: roles belong to whole servers."""
    binaries = next((found for found in find_all() if found.major == major), None)
    if binaries is None:
        pytest.skip(f"PostgreSQL {major} is not installed here")
    with running(binaries) as server:
        with server.connect("template1") as connection:
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(database)))
        with server.connect(database) as connection:
            connection.execute(script)
        rules = SanitiseRules(columns=KEEP if "customers" in script else {})
        yield take(
            server.dsn(database), directory / "snapshot", rules=SampleRules(rows=1000), sanitise=rules, progress=silent
        )


@pytest.fixture(
    scope="module",
    params=[(18, "auto"), (15, "auto"), (15, "embedded")],
    ids=["18 on 18", "15 on 15", "15 on 18"],
)
def snapshot_and_use(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    major, use = request.param
    with production(major, DATABASE, PRODUCTION, tmp_path_factory.mktemp("stage")) as taken:
        pass
    return taken, use


@pytest.fixture(scope="module")
def raised(snapshot_and_use: tuple[Snapshot, str]) -> Iterator[EmbeddedStage]:
    taken, use = snapshot_and_use
    with raise_stage(taken, silent, use=use) as stage:
        yield stage


def rows_of(dsn: str, query: str) -> list[tuple[object, ...]]:
    with connect_stage(dsn) as connection:
        return connection.execute(query).fetchall()


def test_every_row_of_the_snapshot_is_there(raised: EmbeddedStage, snapshot_and_use: tuple[Snapshot, str]):
    snapshot, _ = snapshot_and_use

    counts = {
        sample.table: rows_of(raised.stage.admin, f"SELECT count(*) FROM ONLY {sample.table}")[0][0]
        for sample in snapshot.manifest.samples
    }

    assert counts["public.customers"] == 10
    assert counts['"Odd.Schéma"."Ta ble.""x%{}"'] == 2
    assert {table: rows for table, rows in counts.items() if rows} == {
        sample.table: sample.rows for sample in snapshot.manifest.samples if sample.rows
    }


def test_the_migrating_role_works_under_productions_settings(raised: EmbeddedStage):
    found = rows_of(
        raised.stage.address.url,
        "SELECT current_user::text, current_database()::text, current_setting('is_superuser'), "
        "current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('work_mem'), "
        "current_setting('search_path'), current_setting('rehearse.token')",
    )

    path = '"$user", "Odd.Schéma", public'
    assert found == [("app", DATABASE, "off", "3s", "30s", "5MB", path, raised.stage.address.token)]


def test_what_would_silence_the_watch_is_left_out_and_named(raised: EmbeddedStage):
    found = rows_of(raised.stage.address.url, "SELECT current_setting('log_min_duration_statement')")

    assert found == [("-1",)]
    assert {
        'Production\'s role "app" sets log_min_duration_statement: left out, it would disturb the observation.',
        "Production's database sets log_statement: left out, it would disturb the observation.",
        'Production\'s role "boss" is a member of pg_execute_server_program, on the stage it is not.',
    } <= set(raised.stage.deviations)


def test_only_one_role_may_log_in_and_none_of_productions_is_superuser(raised: EmbeddedStage):
    found = rows_of(raised.stage.admin, "SELECT rolname::text FROM pg_roles WHERE rolcanlogin OR rolsuper ORDER BY 1")
    secrets = rows_of(raised.stage.admin, "SELECT rolname::text FROM pg_authid WHERE rolpassword IS NOT NULL")

    assert found == [("app",), ("rehearse",)]
    assert secrets == [("rehearse",)]


def test_nobody_gets_in_as_the_superuser_without_the_key(raised: EmbeddedStage):
    address = raised.stage.address.url

    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        connect_stage(make_conninfo(address, user="rehearse"))
    assert rows_of(raised.stage.admin, "SELECT current_user::text") == [("rehearse",)]


def test_no_operator_of_the_project_is_called_for_the_superuser(raised: EmbeddedStage):
    database = sql.Identifier(raised.facts.database)
    with connect_stage(raised.stage.address.url) as migration:
        migration.execute(sql.SQL("ALTER DATABASE {} SET search_path = public, pg_catalog").format(database))
        path = rows_of(raised.stage.admin, "SELECT current_setting('search_path')")
        raised.reset()

    assert path == [("pg_catalog, pg_temp",)]


def test_the_stage_points_nowhere(raised: EmbeddedStage):
    servers = rows_of(raised.stage.admin, "SELECT srvname::text, srvoptions::text[] FROM pg_foreign_server ORDER BY 1")
    links = rows_of(
        raised.stage.admin, "SELECT count(*) FROM pg_user_mapping UNION ALL SELECT count(*) FROM pg_publication"
    )

    assert servers == [("far", ["dbname=x", "host=rehearsal.invalid"]), ("near", ["host=rehearsal.invalid"])]
    assert links == [(0,), (0,)]
    assert {"far", "near", "changes"} <= set(raised.stage.touched)


def test_materialised_views_sequences_and_public_are_as_in_production(raised: EmbeddedStage):
    views = rows_of(
        raised.stage.admin, "SELECT relname::text, relispopulated FROM pg_class WHERE relkind = 'm' ORDER BY relname"
    )
    schema = rows_of(raised.stage.admin, "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'")
    next_id = rows_of(raised.stage.admin, "SELECT last_value, is_called FROM public.customers_id_seq")

    assert views == [("mv", True), ("mv2", True), ("mv3", False)]
    assert schema == [("{pg_database_owner=UC/pg_database_owner,=UC/pg_database_owner}",)]
    assert next_id == [(10, True)]


def test_the_applications_event_trigger_saw_nothing_of_the_restore(raised: EmbeddedStage):
    found = rows_of(raised.before, "SELECT count(*) FROM public.ddl_log WHERE tag NOT LIKE '%EVENT%'")
    owner = rows_of(raised.before, "SELECT pg_get_userbyid(evtowner)::text, evtenabled::text FROM pg_event_trigger")

    assert found == [(0,)]
    assert owner == [("boss", "O")]


def test_reset_brings_back_what_was_there_before_a_migration(raised: EmbeddedStage):
    properties = (
        "SELECT pg_get_userbyid(datdba)::text, datacl::text, shobj_description(oid, 'pg_database'), "
        "ARRAY(SELECT coalesce(r.rolname::text, '') || setconfig::text FROM pg_db_role_setting "
        "LEFT JOIN pg_roles AS r ON r.oid = setrole "
        "WHERE setdatabase = d.oid OR (setdatabase = 0 AND r.rolname = 'app') "
        "ORDER BY 1) FROM pg_database AS d WHERE datname = current_database()"
    )
    before = rows_of(raised.stage.admin, properties)
    with connect_stage(raised.stage.address.url) as migration:
        migration.execute("ALTER TABLE public.customers ADD note text")
        migration.execute("ALTER TABLE public.owned_by_boss ADD note text")
        migration.execute("CREATE SCHEMA made; CREATE TABLE public.made (i int)")
        migration.execute("CREATE ROLE made_here; GRANT SELECT ON public.made TO made_here")
        migration.execute("ALTER ROLE app SET work_mem = '1GB'")
        migration.execute("DROP TABLE public.b CASCADE")
        tags = migration.execute("SELECT count(*) FROM public.ddl_log WHERE tag = 'ALTER TABLE'").fetchone()

        raised.reset()

    after = rows_of(raised.stage.admin, properties)
    left = rows_of(
        raised.stage.admin,
        "SELECT to_regclass('public.made')::text, to_regclass('public.b')::text, "
        "(SELECT count(*) FROM pg_roles WHERE rolname = 'made_here'), (SELECT count(*) FROM public.ddl_log)",
    )
    assert tags == (2,)
    assert before == after
    assert before[0][:3] == (
        "app",
        '{app=CTc/app,"\\"we.ird \\"\\"role%{}\\"=c*/app"}',
        'it\'s a \\ "shop"\nof two lines',
    )
    assert left == [(None, "public.b", 0, 0)]


def test_versions_that_differ_are_named(raised: EmbeddedStage, snapshot_and_use: tuple[Snapshot, str]):
    snapshot, use = snapshot_and_use

    named = "The stage runs PostgreSQL 18, production 15." in raised.stage.deviations

    assert named == (use == "embedded")
    assert raised.stage.server_major == (18 if use == "embedded" else snapshot.facts.server_major)
    assert raised.stage.log_file is not None
    assert raised.stage.log_file.is_file()


def test_a_clean_snapshot_loses_nothing(raised: EmbeddedStage):
    lost = [sentence for sentence in raised.stage.deviations if "NOT VALID" in sentence or "empty" in sentence]

    assert lost == []
