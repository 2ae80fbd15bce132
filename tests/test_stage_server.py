"""A stage on a server the team has: found or made there, put away or kept, and never production."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo
from sources import PASSWORD, Source, listening

from rehearse import watch
from rehearse.db.connect import connect_stage
from rehearse.engine import home
from rehearse.engine.account import account
from rehearse.engine.binaries import Binaries, find_all
from rehearse.engine.residence import occupied
from rehearse.engine.server import Server, running
from rehearse.migrators import sql
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.policy import Policy
from rehearse.model.report import Report, Verdict
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.model.timeline import LockMode, Statement, Timeline, WorkKind
from rehearse.rehearsal.story import rehearse
from rehearse.request.request import Request
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take
from rehearse.stages.database import TOKEN
from rehearse.stages.place import (
    MARK,
    IdentityUnknown,
    MayNotCreate,
    NotOurs,
    OtherRole,
    Place,
    ProductionIsNoStage,
    Reserved,
)
from rehearse.stages.server import ServerStage, raise_stage
from rehearse.stages.turn import StageTaken

PRODUCTION = """
CREATE EXTENSION pg_trgm;
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, note text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, total numeric);
CREATE INDEX customers_name ON customers USING gin (name gin_trgm_ops);
CREATE VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'a trigger fired'; END$$;
INSERT INTO customers SELECT n, 'Customer ' || n, 'x' FROM generate_series(1, 300) AS n;
INSERT INTO orders SELECT n, n, n FROM generate_series(1, 300) AS n;
CREATE TRIGGER refuse BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION note_ddl();
COMMENT ON EVENT TRIGGER note_ddl IS 'notes';
ALTER TABLE customers OWNER TO shop_owner;
GRANT SELECT ON customers TO shop_reader;
CREATE POLICY readers ON customers TO shop_reader USING (true);
"""
SAFE = "SET lock_timeout = '2s';\nALTER TABLE customers ADD COLUMN nick text;\n"


def binaries15() -> Binaries:
    found = next((binaries for binaries in find_all() if binaries.major == 15), None)
    if found is None:
        pytest.skip("PostgreSQL 15 is not installed here (Debian: postgresql-15)")
    return found


def silent(_: str) -> None:
    return


@pytest.fixture(scope="module")
def production() -> Iterator[Server]:
    """A PostgreSQL 15 that shares no data with the others: the clusters of a cache are copies of one another."""
    binaries = binaries15()
    with ExitStack() as stack:
        directory = stack.enter_context(occupied(account()))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(home, "cache", lambda: directory)
            started = stack.enter_context(running(binaries))
        yield started


@pytest.fixture(scope="module")
def snapshot(production: Server, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    with production.connect() as connection:
        connection.execute("CREATE ROLE shop_owner; CREATE ROLE shop_reader")
        connection.execute("ALTER ROLE shop_owner SET lock_timeout = '7s'")
        connection.execute("CREATE DATABASE shop OWNER shop_owner")
        connection.execute("ALTER DATABASE shop SET statement_timeout = '30s'")
    with production.connect("shop") as connection:
        connection.execute(PRODUCTION)
    rules = SanitiseRules(columns={"public.customers.*": "keep"})
    directory = tmp_path_factory.mktemp("server") / "snapshot"
    return take(production.dsn("shop"), directory, rules=SampleRules(rows=1000), sanitise=rules, progress=silent)


@contextmanager
def role(server: Server, attributes: str = "") -> Iterator[str]:
    name = f"r_{uuid.uuid4().hex[:8]}"
    with server.connect() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN {attributes}")
        yield name
        connection.execute(f"DROP ROLE {name}")


@pytest.fixture
def creator(server15: Server) -> Iterator[Place]:
    """A place whose role may create databases."""
    with role(server15, "CREATEDB") as name:
        yield Place(url=server15.dsn("template1", user=name))
        with server15.connect() as connection:
            connection.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")


@pytest.fixture
def owned(server15: Server, database15: str) -> Iterator[Place]:
    """A place whose role owns one database and nothing else."""
    with role(server15) as name:
        with server15.connect() as connection:
            connection.execute(f"ALTER DATABASE {database15} OWNER TO {name}")
        yield Place(url=server15.dsn(database15, user=name))
        with server15.connect() as connection:
            connection.execute(f"DROP DATABASE {database15} WITH (FORCE)")


@pytest.fixture
def superuser(server15: Server) -> Place:
    return Place(url=server15.dsn("template1"))


def rows_of(dsn: str, query: str) -> list[tuple[object, ...]]:
    with connect_stage(dsn) as connection:
        return connection.execute(query).fetchall()


def names(server: Server) -> set[str]:
    """Return databases and roles of the server."""
    query = "SELECT datname::text FROM pg_database UNION ALL SELECT rolname::text FROM pg_roles"
    return {str(name) for (name,) in rows_of(server.dsn(), query)}


def played(stage: ServerStage, directory: Path, script: str) -> Migration:
    path = directory / "001.sql"
    path.write_text(script)
    return sql.play(MigrationPlan(tool="sql", directory=directory, files=(path,)), stage.stage)


def rehearsed(snapshot: Snapshot, place: Place, directory: Path, script: str, policy: Policy | None = None) -> Report:
    path = directory / "001.sql"
    path.write_text(script)
    plan = MigrationPlan(tool="sql", directory=directory, files=(path,))
    return rehearse(Request(snapshot=snapshot.directory, plan=plan, policy=policy or Policy(), into=place), silent)


@pytest.mark.parametrize("who", ["creator", "superuser"])
def test_a_new_database_is_made_and_dropped_at_the_end(
    who: str, server15: Server, snapshot: Snapshot, request: pytest.FixtureRequest
) -> None:
    place = request.getfixturevalue(who)
    before = names(server15)

    with raise_stage(snapshot, silent, where=place) as raised:
        during = names(server15) - before
        counts = rows_of(raised.stage.admin, "SELECT count(*), count(DISTINCT customer_id) FROM orders")

    assert counts == [(300, 300)]
    assert raised.stage.address.database in during
    assert raised.stage.address.database.startswith("rehearse_")
    assert names(server15) == before


def test_the_migration_runs_as_no_superuser_under_productions_settings(snapshot: Snapshot, superuser: Place) -> None:
    query = (
        "SELECT current_setting('is_superuser'), current_setting('lock_timeout'), "
        "current_setting('statement_timeout'), current_setting('rehearse.token')"
    )

    with raise_stage(snapshot, silent, where=superuser) as raised:
        found = rows_of(raised.stage.address.url, query)

    assert found == [("off", "7s", "30s", raised.stage.address.token)]


def test_behind_the_door_there_is_one_database_and_one_role(
    server15: Server, snapshot: Snapshot, superuser: Place
) -> None:
    with raise_stage(snapshot, silent, where=superuser) as raised:
        for other in ({"dbname": "template1"}, {"user": "rehearse"}):
            with pytest.raises(psycopg.OperationalError, match="only the stage's database"):
                psycopg.connect(conninfo.make_conninfo(raised.stage.address.url, **other))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(raised.stage.address.url)


def test_what_is_not_productions_is_said(snapshot: Snapshot, creator: Place) -> None:
    with raise_stage(snapshot, silent, where=creator) as raised:
        stage = raised.stage

    said = "The stage's server does not have production's roles shop_owner, shop_reader."
    assert said in stage.deviations
    assert any(line.startswith('Everything on the stage belongs to "r_') for line in stage.deviations)
    assert {"shop_owner", "shop_reader", "note_ddl", "public.customers.readers"} <= set(stage.touched)
    assert "public.customers" not in stage.touched


def test_a_superuser_observes_exactly(snapshot: Snapshot, superuser: Place, tmp_path: Path) -> None:
    report = rehearsed(snapshot, superuser, tmp_path, SAFE)

    assert (report.verdict, report.reasons[1:]) == (Verdict.SAFE, ())
    assert report.rehearsal.fidelity.observation == "exact"
    (lock,) = report.rehearsal.timeline.locks
    assert (lock.object, lock.mode, lock.step) == ("public.customers", LockMode.ACCESS_EXCLUSIVE, "001.sql")


def test_a_superuser_sees_a_rewrite_block(snapshot: Snapshot, superuser: Place, tmp_path: Path) -> None:
    report = rehearsed(snapshot, superuser, tmp_path, "ALTER TABLE orders ALTER COLUMN id TYPE bigint;")

    statements = [each for each in report.rehearsal.timeline.statements if each.tag == "ALTER TABLE"]
    assert [(work.kind.value, work.object, work.rows) for work in statements[0].work][:1] == [
        ("rewrite", "public.orders", 300)
    ]


@pytest.mark.parametrize("who", ["creator", "owned"])
def test_a_migration_of_which_everything_is_known_is_safe_without_rights(
    who: str, snapshot: Snapshot, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = replace(request.getfixturevalue(who), replace=True)

    report = rehearsed(snapshot, place, tmp_path, SAFE)

    assert (report.verdict, report.reasons) == (Verdict.SAFE, ("1 pending step was played; no finding blocks.",))
    assert report.rehearsal.fidelity.observation == "sampled"
    assert "every statement was heard" in report.rehearsal.timeline.notes[0]
    (lock,) = report.rehearsal.timeline.locks
    assert (lock.object, lock.mode, lock.step) == ("public.customers", LockMode.ACCESS_EXCLUSIVE, "001.sql")
    assert "public.customers.nick" in {change.object for change in report.rehearsal.changes}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "DO $$BEGIN UPDATE customers SET note = 'y'; END$$;",
            "Step 001.sql ran DO .*: which tables that locked",
        ),
        ("SELECT refuse_nothing();", None),
        ("SET client_min_messages = warning; ALTER TABLE orders ADD CHECK (id > 0);", "sets client_min_messages"),
        ("SET client_min_messages = warning; CREATE TABLE fresh ();", None),
        ("CREATE SCHEMA a; SET search_path = a; CREATE TABLE fresh ();", None),
    ],
)
def test_what_text_and_server_do_not_tell_is_undecided(
    script: str, reason: str | None, snapshot: Snapshot, creator: Place, tmp_path: Path
) -> None:
    made = "CREATE FUNCTION refuse_nothing() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    is_code = "refuse_nothing" in script

    report = rehearsed(snapshot, creator, tmp_path, f"{made}{script}\n" if is_code else f"{script}\n")

    if reason is None and not is_code:
        assert (report.verdict, report.rehearsal.timeline.gaps) == (Verdict.SAFE, ())
    else:
        assert report.verdict is Verdict.UNDECIDED
        assert re.search(reason or "ran SELECT refuse_nothing", " ".join(report.rehearsal.timeline.gaps))


def test_a_rewrite_blocks_without_rights(snapshot: Snapshot, creator: Place, tmp_path: Path) -> None:
    script = "ALTER TABLE orders ALTER COLUMN total TYPE float;\n"

    policy = Policy(max_blocking=timedelta(0))
    report = rehearsed(snapshot, creator, tmp_path, f"DROP VIEW totals;\n{script}", policy)

    assert report.verdict is Verdict.UNSAFE
    assert [found.object for found in report.findings if found.check == "table-rewrite"] == ["public.orders"]


def test_nothing_pending_is_safe_without_rights(snapshot: Snapshot, creator: Place, tmp_path: Path) -> None:
    report = rehearse(
        Request(snapshot=snapshot.directory, plan=MigrationPlan(tool="none", directory=tmp_path), into=creator), silent
    )

    assert (report.verdict, report.rehearsal.fidelity.observation) == (Verdict.SAFE, "sampled")
    assert report.reasons == ("Nothing is pending: the database is at the target revision already.",)


def test_another_session_in_the_stage_is_an_open_point(
    server15: Server, snapshot: Snapshot, creator: Place, tmp_path: Path
) -> None:
    with raise_stage(snapshot, silent, where=creator) as raised, watch.watching(raised.stage) as watched:
        with server15.connect(raised.stage.address.database) as stranger, stranger.transaction():
            stranger.execute("LOCK TABLE orders")
            played(raised, tmp_path, "SELECT pg_sleep(0.1);\n")
        timeline = watched.timeline()

    assert any("did not come through rehearse's door" in gap for gap in timeline.gaps)


MIGRATION = """
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
SAVEPOINT one;
LOCK TABLE customers;
ROLLBACK TO SAVEPOINT one;
UPDATE orders SET note = 'x' WHERE id <= 100;
COMMIT;
CREATE INDEX CONCURRENTLY orders_note ON orders (note);
ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint \\; CREATE INDEX orders_customer ON orders (customer_id);
CREATE TABLE notes AS SELECT id, note FROM orders;
\\copy notes from stdin
1000\tmore
\\.
SELECT count(*) FROM notes;
TRUNCATE notes;
BEGIN;
DELETE FROM orders WHERE id = 5;
INSERT INTO customers SELECT 1 / 0, 'x', '';
"""


@pytest.mark.parametrize("who", ["creator", "owned"])
def test_a_migration_is_told_alike_with_all_rights_and_with_none(
    who: str, snapshot: Snapshot, superuser: Place, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = replace(request.getfixturevalue(who), replace=True)
    script = MIGRATION.replace("\\\\", "\\")

    exact, heard = (
        rehearsed(snapshot, each, tmp_path, f"DROP VIEW totals;\n{script}").rehearsal for each in (superuser, place)
    )

    assert (exact.fidelity.observation, heard.fidelity.observation) == ("exact", "sampled")
    assert told(heard.timeline, None) == told(exact.timeline, None)
    assert [each.rows for each in heard.timeline.statements if each.tag == "COPY"] == [1]
    known = [each.rows is not None for each in migrating(exact.timeline)]
    assert told(heard.timeline, known) == told(exact.timeline, known)
    assert blocking(heard.timeline) == blocking(exact.timeline)
    assert worked(heard.timeline) == worked(exact.timeline)
    (gap,) = heard.timeline.gaps
    assert "may have read all of public.orders (UPDATE orders SET note" in gap
    assert [mark.step for mark in heard.timeline.marks] == [mark.step for mark in exact.timeline.marks]
    assert (heard.failure and heard.failure.statement) == (exact.failure and exact.failure.statement)


def migrating(timeline: Timeline) -> list[Statement]:
    """Return the statements but for rehearse's own look at the stage's token."""
    return [each for each in timeline.statements if TOKEN not in each.sql]


def told(timeline: Timeline, with_rows: list[bool] | None) -> list[tuple[object, ...]]:
    """Return the statements without their moments; transactions as numbers, rows where they are asked for."""
    statements = migrating(timeline)
    transactions = list(dict.fromkeys(each.transaction for each in statements))
    return [
        (
            each.sql,
            each.tag,
            each.outcome,
            each.step,
            each.sqlstate,
            each.message,
            each.lock_timeout,
            each.statement_timeout,
            transactions.index(each.transaction),
            each.rows if with_rows and with_rows[place] else None,
        )
        for place, each in enumerate(statements)
    ]


def blocking(timeline: Timeline) -> dict[str, LockMode]:
    """Return the strongest lock on each table."""
    locks = sorted(timeline.locks, key=lambda each: each.mode.strength)
    return {each.object: each.mode for each in locks if each.mode.blocks_writes}


def worked(timeline: Timeline) -> list[tuple[object, ...]]:
    """Return the work on rows; which of many statements read all of a table is told by plans only."""
    return sorted(
        (statement.sql, each.kind.value, each.object, each.rows, each.detail)
        for statement in timeline.statements
        for each in statement.work
        if each.kind not in (WorkKind.METADATA, WorkKind.SCAN)
    )


@pytest.mark.parametrize("who", ["creator", "superuser"])
def test_another_role_than_the_one_connected_is_refused(
    who: str, snapshot: Snapshot, request: pytest.FixtureRequest
) -> None:
    place = replace(request.getfixturevalue(who), role="shop_owner")

    with (
        pytest.raises(OtherRole, match=r'migrations\.role names "shop_owner"') as caught,
        raise_stage(snapshot, silent, where=place),
    ):
        pass

    assert caught.value.exit_code == 2


def test_the_role_that_is_connected_may_be_named(snapshot: Snapshot, creator: Place) -> None:
    own = conninfo.conninfo_to_dict(creator.url)["user"]

    with raise_stage(snapshot, silent, where=replace(creator, role=str(own))) as raised:
        assert raised.stage.address.user == own


@pytest.mark.parametrize("who", ["creator", "owned"])
def test_values_that_are_lost_block_however_it_was_observed(
    who: str, snapshot: Snapshot, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = replace(request.getfixturevalue(who), replace=True)

    report = rehearsed(snapshot, place, tmp_path, "ALTER TABLE customers DROP COLUMN note;")

    assert report.verdict is Verdict.UNSAFE
    assert report.rehearsal.lost_values == {"public.customers.note": 300}
    assert "column-dropped" in {found.check for found in report.findings}


def test_samples_show_a_lock_that_is_held(snapshot: Snapshot, creator: Place, tmp_path: Path) -> None:
    script = "BEGIN;\nLOCK TABLE orders IN SHARE MODE;\nSELECT pg_sleep(0.3);\nCOMMIT;\n"

    with raise_stage(snapshot, silent, where=creator) as raised, watch.watching(raised.stage) as watched:
        played(raised, tmp_path, script)
        timeline = watched.timeline()

    held = [each for each in timeline.locks if each.mode is LockMode.SHARE]
    assert [(each.object, each.step) for each in held] == [("public.orders", "001.sql")]
    assert held[0].held.total_seconds() > 0.2
    assert held[0].is_modelled is False
    assert any("pg_sleep" in each.sql for each in timeline.statements)
    assert timeline.complete


@pytest.mark.parametrize("who", ["creator", "superuser"])
def test_a_named_database_stays_and_is_replaced_by_the_next(
    who: str, server15: Server, snapshot: Snapshot, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = f"stage_{uuid.uuid4().hex[:8]}"
    place = replace(request.getfixturevalue(who), database=name)
    before = names(server15)

    rehearsed(snapshot, place, tmp_path, SAFE)
    first = rows_of(server15.dsn(name), "SELECT count(nick), count(*) FROM customers")
    with server15.connect(name) as connection:
        connection.execute("CREATE TABLE left_over ()")
    rehearsed(snapshot, place, tmp_path, SAFE)

    assert first == [(0, 300)]
    assert rows_of(server15.dsn(name), "SELECT to_regclass('left_over')") == [(None,)]
    assert names(server15) - before == {name}
    with server15.connect() as connection:
        connection.execute(f"DROP DATABASE {name}")


def test_a_database_that_rehearse_did_not_make_is_left_alone(
    server15: Server, snapshot: Snapshot, creator: Place, database15: str
) -> None:
    with server15.connect(database15) as connection:
        connection.execute("CREATE TABLE precious ()")

    with (
        pytest.raises(NotOurs, match=database15),
        raise_stage(snapshot, silent, where=replace(creator, database=database15)),
    ):
        pass

    assert rows_of(server15.dsn(database15), "SELECT to_regclass('precious')::text") == [("precious",)]


def test_the_owner_of_one_database_is_asked_before_it_is_emptied(
    server15: Server, snapshot: Snapshot, owned: Place
) -> None:
    name = conninfo.conninfo_to_dict(owned.url)["dbname"]
    with connect_stage(owned.url) as connection:
        connection.execute("CREATE TABLE old (id int); CREATE SCHEMA more; CREATE EXTENSION citext SCHEMA more")

    with pytest.raises(NotOurs, match=name) as caught, raise_stage(snapshot, silent, where=owned):
        pass
    with raise_stage(snapshot, silent, where=replace(owned, replace=True)) as raised:
        found = rows_of(raised.stage.admin, "SELECT to_regclass('old'), to_regnamespace('more'), count(*) FROM orders")
    with raise_stage(snapshot, silent, where=owned) as again:
        comment = rows_of(again.stage.admin, "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
                          "WHERE datname = current_database()")  # fmt: skip

    assert "CREATEDB" in caught.value.hint
    assert (caught.value.exit_code, found, comment) == (2, [(None, None, 300)], [(MARK,)])


@pytest.mark.parametrize("who", ["creator", "owned", "superuser"])
def test_a_stage_is_put_back_to_what_it_was(
    who: str, snapshot: Snapshot, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = replace(request.getfixturevalue(who), replace=True)

    with raise_stage(snapshot, silent, where=place) as raised:
        migration = played(raised, tmp_path, "DROP TABLE orders CASCADE; CREATE TABLE made ();")
        raised.reset()
        found = rows_of(raised.stage.address.url, "SELECT to_regclass('made'), count(*) FROM orders")

    assert migration.exit_status == 0
    assert found == [(None, 300)]


def test_a_superuser_gets_the_stage_in_the_urls_own_database_where_that_is_named(
    server15: Server, snapshot: Snapshot, database15: str, tmp_path: Path
) -> None:
    place = Place(url=server15.dsn(database15), database=database15, replace=True)
    before = names(server15)

    report = rehearsed(snapshot, place, tmp_path, SAFE)

    assert (report.verdict, report.rehearsal.fidelity.observation) == (Verdict.SAFE, "exact")
    assert names(server15) == before
    assert rows_of(server15.dsn(database15), "SELECT count(*), count(nick) FROM customers") == [(300, 0)]
    assert rows_of(server15.dsn(database15), "SELECT tableowner::text FROM pg_tables WHERE tablename = 'orders'") == [
        ("rehearse",)
    ]


def test_a_place_that_cannot_be_is_refused_before_production_is_read(creator: Place, tmp_path: Path) -> None:
    (tmp_path / "001.sql").write_text(SAFE)
    plan = MigrationPlan(tool="sql", directory=tmp_path, files=(tmp_path / "001.sql",))
    asked = Request(
        source="postgresql://nobody@nowhere.invalid/shop", plan=plan, into=replace(creator, database="postgres")
    )

    with pytest.raises(Reserved):
        rehearse(asked, silent)


def test_one_rehearsal_at_a_time(snapshot: Snapshot, creator: Place) -> None:
    raised_later = threading.Event()

    def later() -> None:
        with raise_stage(snapshot, silent, where=replace(creator, wait=True)):
            raised_later.set()

    with raise_stage(snapshot, silent, where=creator):
        with (
            pytest.raises(StageTaken, match=r"rehearse of .+@.+ since \d{4}-"),
            raise_stage(snapshot, silent, where=creator),
        ):
            pass
        waiting = threading.Thread(target=later)
        waiting.start()
        came_early = raised_later.wait(1.5)
    waiting.join(60)

    assert (came_early, raised_later.is_set()) == (False, True)


@pytest.mark.parametrize("database", [None, "shop", "another"])
def test_production_is_refused_by_its_system_identifier(
    database: str | None, production: Server, snapshot: Snapshot
) -> None:
    place = Place(url=production.dsn("template1"), database=database, replace=True)
    before = names(production)

    with (
        pytest.raises(ProductionIsNoStage, match="system identifier") as caught,
        raise_stage(snapshot, silent, where=place),
    ):
        pass

    assert caught.value.exit_code == 2
    assert names(production) == before


def test_a_snapshot_that_does_not_know_production_is_refused(snapshot: Snapshot, creator: Place) -> None:
    unknown = replace(snapshot, facts=replace(snapshot.facts, system_identifier=None))

    with (
        pytest.raises(IdentityUnknown, match="of production is not known") as caught,
        raise_stage(unknown, silent, where=creator),
    ):
        pass

    assert caught.value.exit_code == 3


def test_a_declared_environment_is_refused(server15: Server, snapshot: Snapshot, creator: Place) -> None:
    declared = f"postgresql:///qa?host={server15.socket_dir}"
    place = replace(creator, database="qa", declared=(declared,), replace=True)

    with (
        pytest.raises(ProductionIsNoStage, match="/qa is declared to be another environment"),
        raise_stage(snapshot, silent, where=place),
    ):
        pass


def test_databases_of_every_server_are_no_stage(snapshot: Snapshot, creator: Place, owned: Place) -> None:
    with (
        pytest.raises(Reserved),
        raise_stage(snapshot, silent, where=replace(creator, database="postgres", replace=True)),
    ):
        pass
    with (
        pytest.raises(MayNotCreate, match="other"),
        raise_stage(snapshot, silent, where=replace(owned, database="other", replace=True)),
    ):
        pass


def test_what_a_killed_rehearsal_left_is_dropped_by_the_next(
    server15: Server, snapshot: Snapshot, creator: Place
) -> None:
    with connect_stage(creator.url) as connection:
        connection.execute("CREATE DATABASE rehearse_killed TEMPLATE template0")
        connection.execute(
            "COMMENT ON DATABASE rehearse_killed IS 'rehearse: a stage, dropped at the end of its rehearsal'"
        )

    with raise_stage(snapshot, silent, where=creator):
        found = names(server15)

    assert "rehearse_killed" not in found


@pytest.fixture(scope="module", params=[False, True], ids=["password", "TLS"])
def far(request: pytest.FixtureRequest) -> Iterator[Source]:
    """A PostgreSQL 15 that is reached by TCP with a password."""
    with listening(binaries15(), tls=request.param) as source:
        yield source


@pytest.mark.parametrize("attributes", ["SUPERUSER", "CREATEDB"])
def test_a_server_that_wants_a_password_is_reached_and_nobody_is_told_it(
    far: Source, attributes: str, snapshot: Snapshot, tmp_path: Path
) -> None:
    with role(far.server, f"{attributes} PASSWORD {sql_literal(PASSWORD)}") as name:
        verify = {"sslmode": "verify-full", "sslrootcert": str(far.authority)} if far.authority else {}
        place = Place(url=far.url("template1", user=name, **verify))

        with raise_stage(snapshot, silent, where=place) as raised:
            played(raised, tmp_path, "CREATE TABLE seen AS SELECT n FROM generate_series(1, 300000) AS n;\n")
            with connect_stage(raised.stage.address.url) as connection, connection.cursor() as cursor:
                with cursor.copy("COPY (SELECT n, repeat('x', 100) FROM seen) TO STDOUT") as copy:
                    size = sum(len(block) for block in copy)
                connection.execute("CREATE TABLE again (n int, x text)")
                with cursor.copy("COPY again FROM STDIN") as copy:
                    for _ in range(300):
                        copy.write("1\ty\n" * 10_000)
                loaded = cursor.rowcount
                encrypted = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()

        told = f"{raised.stage.address.url} {raised.stage.admin} {raised.before} {raised.stage.deviations}"
        assert size == sum(len(str(n)) for n in range(1, 300_001)) + 102 * 300_000
        assert loaded == 3_000_000
        assert encrypted == (far.authority is not None,)
        assert PASSWORD not in told


def test_a_statement_that_runs_behind_the_door_can_be_cancelled(snapshot: Snapshot, creator: Place) -> None:
    with raise_stage(snapshot, silent, where=creator) as raised, connect_stage(raised.stage.address.url) as connection:
        timer = threading.Timer(0.3, connection.cancel_safe)
        timer.start()

        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(20)")
        timer.join()


def sql_literal(text: str) -> str:
    return psycopg.sql.Literal(text).as_string()
