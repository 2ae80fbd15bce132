"""Parity finds what differs between servers, stays silent about the rest, and shows no secret."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from tool import tool

from rehearse.cli import parity as command
from rehearse.compare.parity import OneSide, read_sides
from rehearse.config import load
from rehearse.db.queries import SQL, names
from rehearse.diff.parity import compare
from rehearse.engine.binaries import Binaries, find_all, resolve
from rehearse.engine.server import Server, running
from rehearse.model.comparison import Side, Status
from rehearse.model.environment import Environment
from rehearse.model.json import JSON
from rehearse.model.parity import Compared, Entry, Importance, Parity, Reading
from rehearse.reports.parity import json as json_report
from rehearse.reports.parity import text

KEY = b"of this test only"
SECRET = "hunter2hunter2"
REPLICATING = {"wal_level": "logical", "max_wal_senders": "4", "max_replication_slots": "4"}

# What both sides of every pair hold. The job table looks like pg_cron's.
SHARED = """
CREATE ROLE app LOGIN;
CREATE ROLE readers;
CREATE ROLE writers;
CREATE ROLE editors;
GRANT writers TO app;
CREATE EXTENSION pg_trgm;
CREATE TABLE orders (id int PRIMARY KEY, note text);
CREATE SEQUENCE numbers;
CREATE FUNCTION total() RETURNS int LANGUAGE sql RETURN 1;
CREATE TYPE mood AS ENUM ('fine');
CREATE COLLATION names (provider = libc, locale = 'C.UTF-8');
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0013');
CREATE SCHEMA cron;
CREATE TABLE cron.job (jobid int, schedule text, command text, nodename text, nodeport int, database text,
                       username text, active bool, jobname text);
INSERT INTO cron.job VALUES (1, '0 3 * * *', 'VACUUM', 'localhost', 5432, 'shop', 'app', true, 'nightly');
INSERT INTO cron.job VALUES (2, '0 4 * * *', 'ANALYZE', 'localhost', 5432, 'shop', 'app', true, NULL);
CREATE FOREIGN DATA WRAPPER files;
CREATE SERVER archive FOREIGN DATA WRAPPER files OPTIONS (host 'one');
CREATE USER MAPPING FOR app SERVER archive;
CREATE PUBLICATION changes FOR TABLE orders;
CREATE SUBSCRIPTION feed CONNECTION 'host=one' PUBLICATION p WITH (connect = false, slot_name = NONE)
"""
READER = (SQL / "roles/reader.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One difference, planted on one side."""

    name: str
    sql: str  # statements, separated by lines
    finds: str  # "topic.name"
    importance: str
    besides: tuple[str, ...] = ()  # what it entails
    reader: bool = True  # a least-privileged reader finds it too


def plant(name: str, sql: str, finds: str, importance: str, *besides: str, reader: bool = True) -> Plant:
    return Plant(name=name, sql=sql, finds=finds, importance=importance, besides=besides, reader=reader)


PLANTS = (
    plant("time zone", "ALTER SYSTEM SET timezone = 'Asia/Tokyo'", "setting.TimeZone", "results"),
    plant("date style", "ALTER SYSTEM SET datestyle = 'German, DMY'", "setting.DateStyle", "results"),
    plant(
        "isolation",
        "ALTER SYSTEM SET default_transaction_isolation = 'serializable'",
        "setting.default_transaction_isolation",
        "results",
    ),
    plant("memory", "ALTER SYSTEM SET work_mem = '64MB'", "setting.work_mem", "plans"),
    plant("page cost", "ALTER SYSTEM SET random_page_cost = 1.1", "setting.random_page_cost", "plans"),
    plant("hash joins", "ALTER SYSTEM SET enable_hashjoin = off", "setting.enable_hashjoin", "plans"),
    plant(
        "statistics", "ALTER SYSTEM SET default_statistics_target = 500", "setting.default_statistics_target", "plans"
    ),
    plant("lock timeout", "ALTER SYSTEM SET lock_timeout = '3s'", "setting.lock_timeout", "locks", reader=False),
    plant("deadlocks", "ALTER SYSTEM SET deadlock_timeout = '7s'", "setting.deadlock_timeout", "locks"),
    plant(
        "pending restart",
        "ALTER SYSTEM SET max_prepared_transactions = 10",
        "setting.max_prepared_transactions",
        "locks",
    ),
    plant(
        "libraries after a restart",
        "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain'",
        "setting.shared_preload_libraries",
        "results",
        reader=False,
    ),
    plant("command", f"ALTER SYSTEM SET restore_command = 'get {SECRET}'", "setting.restore_command", "other"),
    plant("log", "ALTER SYSTEM SET log_min_duration_statement = 250", "setting.log_min_duration_statement", "other"),
    plant(
        "database setting",
        "ALTER DATABASE shop SET statement_timeout = '30s'",
        "database-setting.statement_timeout",
        "locks",
        "setting.statement_timeout",
    ),
    plant(
        "secret of the application",
        f"ALTER DATABASE shop SET app.jwt_secret = '{SECRET}'",
        "database-setting.app.jwt_secret",
        "other",
    ),
    plant("role setting", "ALTER ROLE app SET search_path = 'legacy'", "role-setting.app.search_path", "results"),
    plant(
        "role setting in the database",
        "ALTER ROLE app IN DATABASE shop SET work_mem = '1GB'",
        "role-setting.app.work_mem in this database",
        "plans",
    ),
    plant(
        "setting of all roles",
        "ALTER ROLE ALL SET idle_in_transaction_session_timeout = '9s'",
        "role-setting.ALL.idle_in_transaction_session_timeout",
        "locks",
        "setting.idle_in_transaction_session_timeout",
    ),
    plant("role", "CREATE ROLE auditor", "role.auditor", "access"),
    plant("role attribute", "ALTER ROLE app CREATEDB", "role.app", "access"),
    plant("role's end", "ALTER ROLE readers VALID UNTIL '2030-01-01'", "role.readers", "access"),
    plant("membership", "GRANT readers TO app", "membership.app in readers", "access"),
    plant("admin option", "GRANT writers TO app WITH ADMIN OPTION", "membership.app in writers", "access"),
    plant("membership revoked", "GRANT pg_monitor TO editors", "membership.editors in pg_monitor", "access"),
    plant(
        "grant on a table",
        "GRANT SELECT ON orders TO readers",
        "privilege.table public.orders to readers",
        "access",
    ),
    plant(
        "grant option",
        "GRANT INSERT ON alembic_version TO app WITH GRANT OPTION",
        "privilege.table public.alembic_version to app",
        "access",
    ),
    plant(
        "grant on a column",
        "GRANT UPDATE (note) ON orders TO app",
        "privilege.table column public.orders.note to app",
        "access",
    ),
    plant(
        "grant on a sequence",
        "GRANT USAGE ON SEQUENCE numbers TO app",
        "privilege.sequence public.numbers to app",
        "access",
    ),
    plant(
        "execution revoked",
        "REVOKE EXECUTE ON FUNCTION total() FROM PUBLIC",
        "privilege.function public.total() to PUBLIC",
        "access",
    ),
    plant("usage revoked", "REVOKE USAGE ON TYPE mood FROM PUBLIC", "privilege.type public.mood to PUBLIC", "access"),
    plant("grant on a schema", "GRANT CREATE ON SCHEMA public TO app", "privilege.schema public to app", "access"),
    plant("grant on the database", "GRANT CREATE ON DATABASE shop TO app", "privilege.database to app", "access"),
    plant(
        "default privileges",
        "ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA public GRANT SELECT ON TABLES TO readers",
        "default-privilege.app in public on tables",
        "access",
    ),
    plant(
        "grant on a setting",
        "GRANT SET ON PARAMETER log_statement TO app",
        "parameter-privilege.log_statement to app",
        "access",
    ),
    plant("owner", "ALTER DATABASE shop OWNER TO editors", "database.owner", "access"),
    plant("connection limit", "ALTER DATABASE shop CONNECTION LIMIT 50", "database.connection_limit", "locks"),
    plant(
        "collation version of the database",
        "UPDATE pg_database SET datcollversion = '2.31' WHERE datname = 'shop'",
        "database.collation_version",
        "results",
    ),
    plant(
        "collation version",
        "UPDATE pg_collation SET collversion = '2.31' WHERE collname = 'names'",
        "collation.public.names",
        "results",
    ),
    plant(
        "extension version",
        "DROP EXTENSION pg_trgm\nCREATE EXTENSION pg_trgm VERSION '1.5'",
        "extension.pg_trgm",
        "results",
    ),
    plant(
        "collation version of the system",
        "UPDATE pg_collation SET collversion = '2.31' WHERE collname = 'C.utf8'",
        "collation.unused libc",
        "results",
    ),
    plant(
        "grant on a function of the system",
        "GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO app",
        "privilege.function pg_catalog.pg_ls_dir(pg_catalog.text) to app",
        "access",
    ),
    plant(
        "user mapping",
        f"CREATE USER MAPPING FOR readers SERVER archive OPTIONS (password '{SECRET}')",
        "user-mapping.readers on archive",
        "access",
    ),
    plant("extension", "CREATE EXTENSION citext", "extension.citext", "results"),
    plant("language", "CREATE LANGUAGE plother HANDLER plpgsql_call_handler", "language.plother", "other"),
    plant(
        "tablespace",
        "SET allow_in_place_tablespaces = on\nCREATE TABLESPACE fast LOCATION ''",
        "tablespace.fast",
        "other",
    ),
    plant(
        "tablespace option",
        "ALTER TABLESPACE pg_default SET (random_page_cost = 2)",
        "tablespace.pg_default",
        "other",
    ),
    plant(
        "migration head",
        "UPDATE alembic_version SET version_num = '0014'",
        "migration.public.alembic_version",
        "results",
    ),
    plant("publication", "ALTER PUBLICATION changes SET (publish = 'insert')", "publication.changes", "other"),
    plant(
        "subscription",
        "CREATE SUBSCRIPTION other CONNECTION 'host=one password=hunter2hunter2' PUBLICATION p"
        " WITH (connect = false, slot_name = NONE)",
        "subscription.other",
        "other",
    ),
    plant(
        "replication slot",
        "SELECT pg_create_physical_replication_slot('standby_1')",
        "replication-slot.standby_1",
        "other",
    ),
    plant(
        "job's time",
        "UPDATE cron.job SET schedule = '0 5 * * *' WHERE jobname = 'nightly'",
        "job.nightly",
        "other",
        reader=False,
    ),
    plant(
        "job's command",
        f"UPDATE cron.job SET command = 'SELECT ''{SECRET}''' WHERE jobname IS NULL",
        "job.unnamed, 0 4 * * *",
        "other",
        reader=False,
    ),
    plant(
        "foreign server",
        "CREATE SERVER elsewhere FOREIGN DATA WRAPPER files OPTIONS (password 'hunter2hunter2')",
        "foreign-server.elsewhere",
        "other",
    ),
)

# What is written in another way on one side, or differs always and means nothing; by topic.
SILENT = {
    "setting": "ALTER SYSTEM SET maintenance_work_mem = '65536kB'",
    "setting that says where": "ALTER SYSTEM SET syslog_ident = 'other'",
    "role": f"ALTER ROLE app PASSWORD '{SECRET}'",
    "role comment": "COMMENT ON ROLE app IS 'the application'",
    "privilege of the owner": "GRANT ALL ON orders TO rehearse",
    "privilege of everybody": "GRANT EXECUTE ON FUNCTION total() TO PUBLIC",
    "default-privilege": "ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
    "database-setting": "ALTER DATABASE shop SET jit = off\nALTER DATABASE shop RESET jit",
    "database": "COMMENT ON DATABASE shop IS 'a copy'",
    "database beside": "CREATE DATABASE beside",
    "role-setting elsewhere": "ALTER ROLE app IN DATABASE postgres SET work_mem = '9MB'",
    "extension": "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "collation": "COMMENT ON COLLATION names IS 'for names'",
    "migration": "INSERT INTO alembic_version SELECT '0013' WHERE false",
    "subscription": f"ALTER SUBSCRIPTION feed CONNECTION 'host=two password={SECRET}'",
    "foreign-server": "ALTER SERVER archive OPTIONS (SET host 'two')",
    "user-mapping": f"ALTER USER MAPPING FOR app SERVER archive OPTIONS (ADD password '{SECRET}')",
    "job": "UPDATE cron.job SET jobid = jobid + 100, nodename = 'two'",
    "publication": "ALTER PUBLICATION changes ADD TABLE alembic_version\nALTER PUBLICATION changes DROP TABLE "
    "alembic_version",
    "size": "INSERT INTO orders SELECT n, 'note' FROM generate_series(1, 5000) AS n",
    "replication-slot": "SELECT pg_create_physical_replication_slot('passing', true, true)",
    "membership": "GRANT writers TO editors\nREVOKE writers FROM editors",
    "tablespace": "ALTER TABLESPACE pg_default SET (seq_page_cost = 1)\n"
    "ALTER TABLESPACE pg_default RESET (seq_page_cost)",
    "language": "COMMENT ON LANGUAGE plpgsql IS 'the usual'",
    "parameter-privilege": "GRANT SET ON PARAMETER work_mem TO app\nREVOKE SET ON PARAMETER work_mem FROM app",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two servers, alike but for their versions, and then with everything planted on one."""

    first: Server
    planted: Server
    before: Parity
    silent: Parity  # after what must stay silent
    after: Parity


@contextmanager
def server_of(binaries: Binaries) -> Iterator[Server]:
    with running(binaries, settings=REPLICATING) as started:
        with started.connect() as connection:
            connection.execute(
                "CREATE DATABASE shop TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc"
                " LOCALE 'C.UTF-8' CONNECTION LIMIT 20"
            )
        execute(started, READER, *SHARED.split(";"))
        yield started


def execute(server: Server, *statements: str, database: str = "shop") -> None:
    with server.connect(database) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("SELECT pg_reload_conf()")


def plant_on(server: Server, *plants: str) -> None:
    execute(server, *(statement for sql in plants for statement in sql.split("\n")))
    with server.connect("shop") as connection:  # the postmaster has told its sessions, and marked what must wait
        for _ in range(100):
            row = connection.execute("SELECT bool_or(pending_restart) FROM pg_settings").fetchone()
            if row == (True,):
                return
            connection.execute("SELECT pg_sleep(0.02)")


def url(server: Server, user: str = "rehearse", database: str = "shop") -> str:
    return f"postgresql://{user}@/{database}?host={server.socket_dir}"


def environment(name: str, place: str) -> Environment:
    return Environment(name=name, url=place)


def parity(*places: str, ignore: tuple[str, ...] = ()) -> Parity:
    names_ = ("production", "stage", "qa")
    sides = [environment(name, place) for name, place in zip(names_, places, strict=False)]
    return compare(read_sides(sides, KEY), ignore)


def keys(found: tuple[Compared, ...]) -> set[str]:
    return {item.key for item in found}


@pytest.fixture(scope="module")
def first() -> Iterator[Server]:
    with server_of(resolve(None, use="embedded").binaries) as started:
        yield started


@pytest.fixture(scope="module", params=[18, 15], ids=["18 and 18", "18 and 15"])
def pair(request: pytest.FixtureRequest, first: Server) -> Iterator[Pair]:
    found = [found for found in find_all() if found.major == request.param]
    if not found:
        pytest.skip(f"PostgreSQL {request.param} is not installed here")
    with server_of(found[0]) as planted:
        before = parity(url(first), url(planted))
        plant_on(planted, *SILENT.values())
        silent = parity(url(first), url(planted))
        plant_on(planted, *(each.sql for each in PLANTS))
        yield Pair(first=first, planted=planted, before=before, silent=silent, after=parity(url(first), url(planted)))


@pytest.mark.parametrize("planted", PLANTS, ids=lambda planted: planted.name)
def test_a_planted_difference_is_found(pair: Pair, planted: Plant):
    found = {item.key: item for item in pair.after.differences}

    assert planted.finds not in keys(pair.before.differences)
    assert planted.finds in found
    assert found[planted.finds].importance.value == planted.importance


def test_nothing_else_is_found(pair: Pair):
    expected = {key for planted in PLANTS for key in (planted.finds, *planted.besides)}

    assert keys(pair.after.differences) - keys(pair.before.differences) == expected


@pytest.mark.parametrize("topic", SILENT)
def test_what_means_nothing_stays_silent(pair: Pair, topic: str):
    assert keys(pair.silent.differences) == keys(pair.before.differences), SILENT[topic]


def test_servers_of_one_version_that_are_alike_are_equal(first: Server, pair: Pair):
    if pair.planted.binaries.major != first.binaries.major:
        pytest.skip("they differ in version")

    assert pair.before.status is Status.EQUAL
    assert keys(pair.before.differences) == set()
    assert pair.before.equal["setting"] > 300


def test_versions_differ_by_version_and_not_by_what_the_older_does_not_know(first: Server, pair: Pair):
    if pair.planted.binaries.major == first.binaries.major:
        pytest.skip("they have one version")

    assert "server.version" in keys(pair.before.differences)
    assert {"setting.io_method", "setting.force_parallel_mode"} <= keys(pair.before.alone)
    assert not keys(pair.before.alone) & keys(pair.before.differences)
    assert {item.topic for item in pair.before.differences} <= {"collation", "server", "setting"}


def test_a_least_privileged_reader_finds_what_it_may_see_and_says_what_it_may_not(pair: Pair):
    expected = {planted.finds for planted in PLANTS if planted.reader}

    found = parity(url(pair.first), url(pair.planted, user="rehearse_reader"))

    assert found.unknown == ()
    assert expected <= keys(found.differences)
    assert {"setting.lock_timeout", "setting.shared_preload_libraries"} <= keys(found.skipped)
    assert not {"setting.lock_timeout", "setting.shared_preload_libraries"} & keys(found.differences)


def test_no_secret_is_shown(pair: Pair):
    shown = text.render(pair.after) + json_report.render(pair.after)

    assert "jwt_secret" in shown
    assert "restore_command" in shown
    assert SECRET not in shown


def test_a_setting_comes_with_its_source_and_whether_it_waits_for_a_restart(pair: Pair):
    report = json.loads(json_report.render(pair.after))
    found = {f"{item['topic']}.{item['name']}": item["values"] for item in report["differences"]}

    assert found["setting.work_mem"]["stage"] == {
        "setting": "work_mem",
        "source": "configuration file",
        "value": "64MB",
        "pending_restart": False,
    }
    assert found["setting.work_mem"]["production"]["source"] == "default"
    assert found["setting.max_prepared_transactions"]["stage"]["pending_restart"] is True
    assert found["setting.max_prepared_transactions"]["stage"]["value"] == "0"


def test_a_restart_that_waits_is_told_for_its_side(pair: Pair):
    waiting = {(found.side, found.name) for found in pair.after.remarks if "restart" in found.text}

    assert waiting == {("stage", "max_prepared_transactions"), ("stage", "shared_preload_libraries")}


@pytest.fixture
def other(server: Server, database: str) -> str:
    return f"postgresql://rehearse@/{database}?host={server.socket_dir}"


def test_databases_of_other_encodings_and_locales_differ(server: Server, other: str):
    with server.connect() as connection:
        connection.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'")
    try:
        found = parity(other, url(server, database="latin"))
    finally:
        with server.connect() as connection:
            connection.execute("DROP DATABASE latin")

    assert {"database.encoding", "database.locale_provider", "database.locale"} <= keys(found.differences)


def test_a_database_without_an_encoding_can_be_read(server: Server, other: str):
    with server.connect() as connection:
        connection.execute(
            "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    try:
        found = parity(other, url(server, database="bytes"))
    finally:
        with server.connect() as connection:
            connection.execute("DROP DATABASE bytes")

    assert found.unknown == ()
    assert "database.encoding" in keys(found.differences)


def test_a_collation_whose_library_changed_is_told_even_where_all_sides_agree(server: Server, other: str):
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE COLLATION sorted (provider = builtin, locale = 'C.UTF-8')")
        connection.execute("UPDATE pg_collation SET collversion = '0.9' WHERE collname = 'sorted'")

    found = parity(other, f"{other}&application_name=again")

    assert found.status is Status.EQUAL
    assert [(remark.side, remark.name) for remark in found.remarks] == [
        ("production", "public.sorted"),
        ("stage", "public.sorted"),
    ]
    assert "REINDEX" in found.remarks[0].text


def test_the_connection_does_not_hide_the_servers_own_timeouts(other: str):
    found = read_sides((environment("production", other), environment("stage", other)), KEY)[0]

    told = {entry.name: entry for entry in found.entries if entry.topic == "setting"}
    assert told["statement_timeout"].compared == {"value": "0", "pending_restart": False}
    assert told["default_transaction_read_only"].compared == {"value": "off", "pending_restart": False}
    assert told["lock_timeout"].told["source"] == "default"


def test_what_a_connection_sets_itself_is_never_equal(other: str):
    own = f"{other}&options=-c%20work_mem%3D4MB"

    found = parity(own, other)

    assert "setting.work_mem" in keys(found.skipped)
    assert "setting.work_mem" not in keys(found.differences)


def test_a_side_that_fails_is_told_and_the_others_are_compared(server: Server, other: str):
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET work_mem = '5MB'")

    found = parity(other, "postgresql://me:hush@127.0.0.1:1/x", url(server, database="postgres"))

    assert found.status is Status.UNKNOWN
    assert "database-setting.work_mem" in keys(found.differences)
    assert [side.failure is None for side in found.sides] == [True, False, True]
    assert "hush" not in text.render(found)
    assert "Connection refused" in (found.sides[1].failure or "")


def test_a_topic_that_may_not_be_read_is_unknown(server: Server, other: str):
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE ROLE barred LOGIN")
        connection.execute("REVOKE SELECT ON pg_subscription FROM PUBLIC")
        connection.execute("REVOKE SELECT (subname) ON pg_subscription FROM PUBLIC")
    try:
        found = parity(other, other.replace("rehearse@", "barred@"))
    finally:
        with server.connect() as connection:
            connection.execute("DROP ROLE barred")

    assert [(remark.side, remark.topic) for remark in found.unknown] == [("stage", "subscription")]
    assert found.status is Status.UNKNOWN


def test_a_history_that_may_not_be_read_is_not_taken_for_none(server: Server, other: str):
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32))")
        connection.execute("CREATE ROLE stranger LOGIN")
    try:
        found = parity(other, other.replace("rehearse@", "stranger@"))
    finally:
        with server.connect() as connection:
            connection.execute("DROP ROLE stranger")

    assert "migration.public.alembic_version" in keys(found.skipped)


def test_jobs_behind_row_security_are_not_taken_for_all(server: Server, other: str):
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA cron CREATE TABLE job (jobid int, schedule text, command text, jobname text)")
        connection.execute("INSERT INTO cron.job VALUES (1, '0 3 * * *', 'VACUUM', 'nightly')")
        connection.execute("ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY")
        connection.execute("CREATE ROLE scheduler LOGIN IN ROLE pg_read_all_data")
    try:
        found = parity(other, other.replace("rehearse@", "scheduler@"))
    finally:
        with server.connect() as connection:
            connection.execute("DROP ROLE scheduler")

    assert [(gap.side, gap.topic) for gap in found.gaps] == [("stage", "job")]
    assert (found.unknown, found.status, found.differences) == ((), Status.EQUAL, ())
    assert "job.nightly" in keys(found.skipped)


def test_jobs_kept_in_another_database_are_not_taken_for_none(other: str):
    elsewhere = f"{other}&options=-c%20cron.database_name%3Dmain"

    found = parity(other, elsewhere)

    assert [(gap.side, gap.topic, "main" in gap.text) for gap in found.gaps] == [("stage", "job", True)]


def test_one_side_is_no_comparison(other: str):
    with pytest.raises(OneSide):
        read_sides((environment("production", other),), KEY)


# The comparison itself, without a server.


def entry(name: str = "work_mem", *, expected: bool = True, remark: str | None = None, **compared: JSON) -> Entry:
    return Entry(
        topic="setting",
        name=name,
        importance=Importance.PLANS,
        compared=compared or None,
        expected=expected,
        remark=remark,
    )


def reading(name: str, *entries: Entry, failure: str | None = None, **failures: str) -> Reading:
    return Reading(side=Side(name=name, place=name, failure=failure), entries=entries, failures=failures)


@pytest.mark.parametrize(
    ("values", "differing"),
    [
        (("4MB", "4MB", "4MB"), 0),
        (("4MB", "4MB", "8MB"), 1),
        (("8MB", "4MB", "4MB"), 1),
    ],
)
def test_one_of_three_sides_is_enough_to_differ(values: tuple[str, ...], differing: int):
    sides = [reading(str(number), entry(value=value)) for number, value in enumerate(values)]

    assert len(compare(sides).differences) == differing


def test_what_a_side_lacks_is_different_but_for_what_its_server_does_not_know():
    lacking = compare([reading("a", entry(value="x")), reading("b")])
    unaware = compare([reading("a", entry(value="x", expected=False)), reading("b")])

    assert (lacking.status, unaware.status) == (Status.DIFFERENT, Status.EQUAL)
    assert keys(unaware.alone) == {"setting.work_mem"}
    assert "setting" not in unaware.equal


def test_attributes_that_only_newer_versions_know_are_no_difference():
    found = compare([reading("a", entry(admin=True)), reading("b", entry(admin=True, inherit=True))])

    assert found.status is Status.EQUAL


def test_what_may_not_be_read_is_neither_equal_nor_different():
    found = compare([reading("a", entry(value="x")), reading("b", entry(remark="hidden"))])

    assert (keys(found.skipped), dict(found.equal)) == ({"setting.work_mem"}, {})
    assert found.skipped[0].silent == {"b": "hidden"}


def test_a_failed_topic_does_not_make_its_properties_different():
    found = compare([reading("a", entry(value="x")), reading("b", setting="permission denied")])

    assert (found.status, found.differences) == (Status.UNKNOWN, ())


def test_unknown_outranks_different():
    sides = [reading("a", entry(value="x")), reading("b", entry(value="y")), reading("c", failure="gone")]

    found = compare(sides)

    assert (found.status, len(found.differences)) == (Status.UNKNOWN, 1)


def test_rules_take_differences_away_and_a_rule_without_use_is_told():
    sides = [reading("a", entry(value="x"), entry("jit", value="on")), reading("b", entry(value="y"))]

    found = compare(sides, ["setting.work_*", "role.*"])

    assert (keys(found.differences), keys(found.ignored)) == ({"setting.jit"}, {"setting.work_mem"})
    assert found.unused_rules == ("role.*",)
    assert 'The ignore rule "role.*" matches nothing here.' in text.render(found)


def test_a_rule_for_a_topic_takes_its_failure_away():
    sides = [reading("a", entry(value="x")), reading("b", setting="permission denied")]

    assert compare(sides, ["setting.*"]).status is Status.EQUAL


def test_the_text_puts_values_side_by_side_and_says_what_to_do():
    sides = [
        reading(name, entry(value=value)) for name, value in (("production", "4MB"), ("qa", "8MB"), ("dev", "1GB"))
    ]

    lines = text.render(compare(sides)).splitlines()

    assert lines[0] == "DIFFERENT"
    assert "                    production  qa   dev" in lines
    assert "  setting work_mem  4MB         8MB  1GB" in lines
    assert any(line.startswith("Next: Align what differs") for line in lines)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_text_keeps_its_width(pair: Pair, width: int):
    assert [line for line in text.render(pair.after, width=width).splitlines() if len(line) > width] == []


def test_json_has_every_published_key():
    found = json.loads(json_report.render(compare([reading("a", entry(value="x")), reading("b")])))

    assert found["schema_version"] == 1
    assert found["status"] == "different"
    assert {"sides", "differences", "ignored", "equal", "skipped", "unknown", "remarks"} <= set(found)
    assert found["differences"][0]["values"] == {"a": {"value": "x"}, "b": None}


def test_every_topic_is_planted():
    planted = {each.finds.split(".")[0] for each in PLANTS}
    queried = {name.removeprefix("parity/") for name in names("parity")}

    assert queried - planted == {"replication", "server", "size"}  # a standby, a version, and no difference


# The command.


def rehearse(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return tool("parity", *words, cwd=cwd, seconds=60)


def test_the_command_says_equal_with_exit_code_0(server: Server, other: str, tmp_path: Path):
    done = rehearse(other, url(server, database="postgres"), cwd=tmp_path)

    assert (done.returncode, done.stdout.splitlines()[0], done.stderr) == (0, "EQUAL", "")


def test_the_command_says_different_with_exit_code_1_until_it_is_ignored(server: Server, other: str, tmp_path: Path):
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET work_mem = '5MB'")
    stage = url(server, database="postgres")
    (tmp_path / "rehearse.toml").write_text(
        f'[environments.production]\nurl = "{other}"\n[environments.stage]\nurl = "{stage}"\n'
    )

    different = rehearse("production", "stage", "--format", "json", cwd=tmp_path)
    flagged = rehearse("production", "stage", "--ignore", "*setting.work_mem", cwd=tmp_path)
    with (tmp_path / "rehearse.toml").open("a") as file:
        file.write('[parity]\nignore = ["*.work_mem"]\n')
    configured = rehearse("production", "stage", "--format", "json", cwd=tmp_path)

    assert (different.returncode, json.loads(different.stdout)["status"]) == (1, "different")
    assert (flagged.returncode, flagged.stderr) == (0, "")
    assert configured.returncode == 0
    assert [found["name"] for found in json.loads(configured.stdout)["ignored"]] == ["work_mem", "work_mem"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["{url}"], 2),
        (["{url}", "nowhere"], 2),
        (["{url}", "mysql://me@db/shop"], 2),
        (["{url}", "{url}"], 2),
        (["{url}", "postgresql://me:hush@127.0.0.1:1/x"], 3),
    ],
)
def test_the_command_never_takes_a_failure_for_an_answer(other: str, tmp_path: Path, words: list[str], code: int):
    done = rehearse(*(word.format(url=other) for word in words), cwd=tmp_path)

    assert done.returncode == code
    assert "hush" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_snapshot_can_be_a_side(other: str, tmp_path: Path):
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    taken = tool("snapshot", other, "-o", "snap", cwd=tmp_path)
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("DROP EXTENSION pg_trgm")

    done = rehearse(other, "snap", "--format", "json", cwd=tmp_path)

    report = json.loads(done.stdout)
    assert (taken.returncode, done.returncode) == (0, 1)
    assert [found["name"] for found in report["differences"]] == ["pg_trgm"]
    assert "privilege" in {gap["topic"] for gap in report["gaps"]}
    assert "privilege" not in report["equal"]


def test_rules_are_read_from_the_configuration(tmp_path: Path):
    (tmp_path / "rehearse.toml").write_text('[parity]\nignore = ["role.*"]\n')

    assert load(None, tmp_path, {}).parity.ignore == ("role.*",)
    assert command.command.__doc__
