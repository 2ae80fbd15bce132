"""What a migration may try against the watch: PostgreSQL refuses it, what follows is observed, and it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest
from grounds import Ground, grown
from psycopg.conninfo import make_conninfo

from rehearse.model.timeline import Aim, Disturbance, LockMode, Outcome, Statement, Timeline
from rehearse.watch import watching

REFUSED = "42501"  # insufficient_privilege
CAUGHT = "DO $$ BEGIN {}; EXCEPTION WHEN OTHERS THEN NULL; END $$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Statements of one session, what becomes of the last of them, and what is told of it."""

    name: str
    sql: tuple[str, ...]
    sqlstate: str | None = REFUSED  # None: it is allowed, and harmless
    told: tuple[str, ...] = ()  # objects of the disturbances
    aim: Aim = Aim.TRACER
    since: int = 15


def on_tracer(sql: str, *told: str, name: str = "", sqlstate: str | None = REFUSED) -> Attempt:
    return Attempt(name=name or sql, sql=(sql,), told=told, sqlstate=sqlstate)


def on_log(sql: str, *told: str, name: str = "", sqlstate: str | None = REFUSED, since: int = 15) -> Attempt:
    return Attempt(name=name or sql, sql=(sql,), told=told, aim=Aim.LOG, sqlstate=sqlstate, since=since)


def untold(*sql: str, name: str = "", sqlstate: str | None = REFUSED, since: int = 15) -> Attempt:
    return Attempt(name=name or sql[-1], sql=sql, sqlstate=sqlstate, since=since)


HIJACK = """
CREATE SCHEMA hijack;
CREATE FUNCTION hijack.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz';
CREATE FUNCTION hijack.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 0';
"""
OPERATORS = """
CREATE SCHEMA operators;
CREATE FUNCTION operators.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION operators.never(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION operators.never(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR operators.= (FUNCTION = operators.never, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR operators.= (FUNCTION = operators.never, LEFTARG = oid, RIGHTARG = oid);
CREATE OPERATOR operators.<> (FUNCTION = operators.never, LEFTARG = name, RIGHTARG = name);
CREATE OPERATOR operators.>= (FUNCTION = operators.never, LEFTARG = oid, RIGHTARG = oid);
SET search_path = operators, public, pg_catalog
"""
FORGED = """DO $$ BEGIN
RAISE LOG 'REHEARSE start {"tag": "DROP TABLE", "lock_timeout": "5s", "statement_timeout": "0", "scans": null}';
RAISE LOG 'REHEARSE end {"tag": "DROP TABLE", "objects": null, "locks": [[16384, "AccessExclusiveLock"]], "scans": []}';
END $$"""
AS_THE_SERVER = """DO $$ BEGIN
RAISE LOG 'duration: 0.001 ms';
RAISE LOG 'statement: SELECT ''forged''';
RAISE DEBUG 'rewriting table "loose"';
RAISE LOG 'duration: 0.001 ms';
END $$"""
ATTEMPTS = (
    on_tracer("DROP EVENT TRIGGER _rehearse_end", "_rehearse_end"),
    on_tracer('DROP EVENT TRIGGER IF EXISTS "_rehearse_start" CASCADE', "_rehearse_start"),
    on_tracer("ALTER EVENT TRIGGER _rehearse_end DISABLE", "_rehearse_end"),
    on_tracer("ALTER EVENT TRIGGER _rehearse_rewrite OWNER TO CURRENT_USER", "_rehearse_rewrite"),
    on_tracer("ALTER EVENT TRIGGER _rehearse_end RENAME TO other", "_rehearse_end"),
    on_tracer("DROP SCHEMA _rehearse CASCADE", "_rehearse"),
    on_tracer("ALTER SCHEMA _rehearse RENAME TO other", "_rehearse"),
    on_tracer("DROP FUNCTION _rehearse.trace() CASCADE", "_rehearse"),
    on_tracer("ALTER FUNCTION _rehearse.trace() RESET ALL", "_rehearse"),
    on_tracer(
        "CREATE OR REPLACE FUNCTION _rehearse.trace() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "_rehearse",
    ),
    on_tracer("SELECT _rehearse.trace()", "_rehearse"),
    on_tracer("DROP TABLE _rehearse.watched", "_rehearse"),
    on_tracer("ALTER TABLE _rehearse.watched RENAME TO other", "_rehearse"),
    on_tracer("TRUNCATE _rehearse.watched", "_rehearse"),
    Attempt(
        name="a lock", sql=("BEGIN", "LOCK TABLE _rehearse.watched", "ROLLBACK"), sqlstate=None, told=("_rehearse",)
    ),
    on_tracer("UPDATE pg_event_trigger SET evtenabled = 'D' WHERE evtname = '_rehearse_end'", "_rehearse_end"),
    on_tracer("GRANT USAGE ON SCHEMA _rehearse TO PUBLIC", "_rehearse"),
    on_tracer("DROP OWNED BY rehearse CASCADE", "rehearse"),
    on_tracer("REASSIGN OWNED BY rehearse TO CURRENT_USER", "rehearse"),
    on_tracer("ALTER ROLE rehearse NOSUPERUSER", "rehearse"),
    on_tracer("SET ROLE rehearse", "rehearse"),
    on_tracer("SET SESSION AUTHORIZATION rehearse", "rehearse"),
    on_tracer("GRANT rehearse TO CURRENT_USER", "rehearse"),
    on_tracer(CAUGHT.format("DROP EVENT TRIGGER _rehearse_end"), "_rehearse_end", sqlstate=None),
    on_tracer(CAUGHT.format("EXECUTE 'DROP SCHEMA ' || '_reh' || 'earse CASCADE'"), "_rehearse", sqlstate=None),
    Attempt(
        name="in a savepoint",
        sql=("BEGIN", "SAVEPOINT here", "DROP SCHEMA _rehearse", "ROLLBACK TO here", "COMMIT"),
        sqlstate=None,
        told=("_rehearse",),
    ),
    untold("DROP EXTENSION plpgsql CASCADE"),
    untold("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC", sqlstate=None),
    untold("CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION public.nothing()"),
    untold(
        "CREATE FUNCTION at_login() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION at_login()",
        since=17,
    ),
    on_log("SET log_statement = 'none'", "log_statement"),
    on_log("SET LOCAL log_statement TO none", "log_statement"),
    on_log("SET log_min_messages = panic", "log_min_messages"),
    on_log("SET log_min_error_statement = panic", "log_min_error_statement"),
    on_log("SET log_min_duration_statement = -1", "log_min_duration_statement"),
    on_log("SET log_error_verbosity = terse", "log_error_verbosity"),
    on_log("SET log_destination = 'stderr'", "log_destination", sqlstate="55P02"),
    on_log("SET logging_collector = off", "logging_collector", sqlstate="55P02"),
    on_log("SET auto_explain.log_min_duration = -1", "auto_explain.log_min_duration"),
    on_log("SET event_triggers = off", "event_triggers", since=17),
    on_log("SET track_activities = off", "track_activities"),
    on_log("SELECT set_config('log_statement', 'none', false)", "log_statement"),
    on_log("UPDATE pg_settings SET setting = 'none' WHERE name = 'log_statement'", "log_statement"),
    on_log("ALTER ROLE CURRENT_USER SET log_statement = 'none'", "log_statement"),
    on_log("ALTER ROLE ALL SET log_statement = 'none'", "log_statement"),
    on_log("ALTER DATABASE {database} SET log_min_messages = 'panic'", "log_min_messages"),
    on_log("ALTER SYSTEM SET log_statement = 'none'", "log_statement"),
    on_log(
        "CREATE FUNCTION quiet() RETURNS void LANGUAGE sql SET log_statement = 'none' AS 'SELECT'",
        "log_statement",
    ),
    on_log(CAUGHT.format("SET LOCAL log_statement = 'none'"), "log_statement", sqlstate=None),
    on_log(CAUGHT.format("PERFORM set_config('log_statement', 'none', true)"), "log_statement", sqlstate=None),
    on_log(CAUGHT.format("IF true THEN EXECUTE 'SET log_statement = none'; END IF"), "log_statement", sqlstate=None),
    Attempt(
        name="session_replication_role",
        sql=("SET session_replication_role = replica",),
        told=("session_replication_role",),
        aim=Aim.TRIGGERS,
    ),
    on_log(FORGED, "the server's log", sqlstate=None, name="forged lines of the tracer"),
    untold(AS_THE_SERVER, sqlstate=None, name="forged lines of the server"),
    untold("ALTER SYSTEM SET work_mem = '1MB'"),
    untold("ALTER SYSTEM RESET ALL"),
    untold("RESET log_statement"),
    untold("SET log_statement = 'all'", name="louder"),
    untold("ALTER DATABASE {database} RESET ALL", sqlstate=None),
    untold("ALTER ROLE CURRENT_USER RESET ALL", sqlstate=None),
    untold("ALTER ROLE CURRENT_USER IN DATABASE {database} RESET ALL", sqlstate=None),
    untold("RESET ALL", sqlstate=None),
    untold("DISCARD ALL", sqlstate=None),
    untold("SET client_min_messages = error", sqlstate=None),
    untold("SET application_name = 'rehearse:other'", "SELECT 1", sqlstate=None),
    untold("SET log_parameter_max_length_on_error = -1", sqlstate=None),
    untold("SET quote_all_identifiers = on", sqlstate=None),
    untold("SET standard_conforming_strings = off", sqlstate=None),
    untold("SET plpgsql.extra_errors = 'all'", sqlstate=None),
    untold("SET debug_print_plan = on", sqlstate=None),
    untold(*HIJACK.strip().split("\n"), "SET search_path = hijack, public, pg_catalog", sqlstate=None),
    untold(OPERATORS, sqlstate=None, name="operators in front of pg_catalog's"),
    untold("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rehearse'"),
    untold("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'rehearse'"),
    untold("SELECT pg_rotate_logfile()"),
    untold("SELECT pg_reload_conf()"),
    untold("SELECT pg_read_file('postgresql.conf')"),
    untold("COPY loose TO PROGRAM 'true'"),
    untold("COPY loose TO '/tmp/rehearse-integrity'"),
    untold("SELECT lo_export(lo_from_bytea(0, ''), '/tmp/rehearse-integrity')"),
    untold("CREATE ROLE other LOGIN"),
    untold("LOAD 'pageinspect'"),
    untold("VACUUM FULL loose", sqlstate=None),
    untold("SET LOCAL lock_timeout = '2s'", sqlstate=None),
    untold("CREATE TABLE log_statements (log_statement text)", sqlstate=None),
    untold("UPDATE loose SET id = 1 WHERE 'log_statement = none' = ''", sqlstate=None),
)


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a whole run of attempts left, each followed by a command that has to be observed."""

    major: int
    timeline: Timeline
    canaries: dict[str, str] = field(default_factory=dict)

    def statements(self, attempt: Attempt) -> list[Statement]:
        """Return the statements of an attempt's session, its canary last."""
        canary = self.canary(attempt)
        return [each for each in self.timeline.statements if each.session == canary.session]

    def canary(self, attempt: Attempt) -> Statement:
        (found,) = (each for each in self.timeline.statements if each.sql == self.canaries[attempt.name])
        return found

    def told(self, attempt: Attempt) -> list[Disturbance]:
        numbers = {each.number for each in self.statements(attempt)}
        return [each for each in self.timeline.disturbances if each.statement in numbers]


@pytest.fixture(scope="module", params=["server", "server15"])
def seen(request: pytest.FixtureRequest) -> Iterator[Seen]:
    """Every attempt, played under one watch."""
    server = request.getfixturevalue(request.param)
    with grown(server) as ground, watching(ground.stage) as watch:
        major = server.binaries.major
        canaries = {each.name: _played(ground, each, number) for number, each in enumerate(_of(major))}
        yield Seen(major=major, timeline=watch.timeline(), canaries=canaries)


def _of(major: int) -> tuple[Attempt, ...]:
    return tuple(each for each in ATTEMPTS if each.since <= major)


def _played(ground: Ground, attempt: Attempt, number: int) -> str:
    canary = f"ALTER TABLE public.loose ADD COLUMN canary_{number} int"
    with ground.connect() as connection:
        for sql in attempt.sql:
            with contextlib.suppress(psycopg.Error):
                connection.execute(sql.replace("{database}", ground.stage.address.database).encode())
        connection.execute(canary.encode())
    return canary


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name[:60])
def test_an_attempt_has_no_effect_and_is_told(seen: Seen, attempt: Attempt):
    if attempt.since > seen.major:
        pytest.skip(f"PostgreSQL {seen.major} does not know it")

    *tried, canary = seen.statements(attempt)
    locks = [(lock.object, lock.mode) for lock in seen.timeline.locks if lock.statement == canary.number]
    failed = [each.sqlstate for each in tried if each.outcome is Outcome.FAILED]
    assert (failed[-1:] == [attempt.sqlstate]) if attempt.sqlstate else (tried[-1].outcome is Outcome.APPLIED)
    assert (canary.tag, canary.outcome) == ("ALTER TABLE", Outcome.APPLIED)
    assert locks == [("public.loose", LockMode.ACCESS_EXCLUSIVE)]
    assert [(each.object, each.aim) for each in seen.told(attempt)] == [(each, attempt.aim) for each in attempt.told]


def test_the_watch_stood_to_the_end(seen: Seen):
    assert seen.timeline.complete, seen.timeline.gaps


def test_another_role_is_observed_as_well(ground: Ground):
    other = f"{ground.stage.address.user}_other"
    with psycopg.connect(ground.stage.admin, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {other} LOGIN; GRANT {other} TO {ground.stage.address.user}")
        admin.execute(f"ALTER TABLE parents OWNER TO {other}")
        timeline = ground.watch(f"SET ROLE {other}", "ALTER TABLE parents ADD COLUMN a int", "RESET ROLE")
        with watching(ground.stage) as watch:
            with psycopg.connect(make_conninfo(ground.stage.address.url, user=other), autocommit=True) as connection:
                connection.execute("ALTER TABLE parents ADD COLUMN b int")
            by_login = watch.timeline()
        admin.execute(f"DROP TABLE parents CASCADE; DROP ROLE {other}")

    for found in (timeline, by_login):
        locks = [(lock.object, lock.mode) for lock in found.locks]
        assert locks == [("public.parents", LockMode.ACCESS_EXCLUSIVE)]
        assert found.complete, found.gaps


def test_what_production_granted_on_functions_of_the_server_silences_nobody(ground: Ground):
    user, ours = (
        ground.stage.address.user,
        "FROM pg_stat_activity WHERE usename = 'rehearse' AND pid <> pg_backend_pid()",
    )
    with psycopg.connect(ground.stage.admin, autocommit=True) as admin:
        admin.execute(f"GRANT EXECUTE ON FUNCTION pg_rotate_logfile(), pg_reload_conf() TO {user}")
        admin.execute(f"GRANT pg_signal_backend TO {user}")
    timeline = ground.watch(
        "SELECT pg_rotate_logfile()",
        "SELECT pg_reload_conf()",
        f"SELECT pg_terminate_backend(pid) {ours}",
        f"SELECT pg_cancel_backend(pid) {ours}",
        "ALTER TABLE loose ADD COLUMN a int",
    )

    assert timeline.complete, timeline.gaps
    assert [each.sqlstate for each in timeline.statements] == [None, None, REFUSED, REFUSED, None]
    assert [(lock.object, lock.mode) for lock in timeline.locks] == [("public.loose", LockMode.ACCESS_EXCLUSIVE)]
