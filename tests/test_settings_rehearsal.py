"""A change of configuration: read as PostgreSQL reads it, tried by PostgreSQL, shown beside production's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql
from tool import tool

from rehearse.config.fragment import FragmentMistaken, FragmentUnreadable, NotASetting, parse, wanted
from rehearse.db.connect import connect_source
from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.facts import Facts, RoleFacts
from rehearse.model.migration import MigrationPlan
from rehearse.model.report import Report, Verdict
from rehearse.model.setting import SettingChange, Standing, Trial
from rehearse.rehearsal.story import rehearse
from rehearse.request.request import Request
from rehearse.snapshot.facts import read_facts
from rehearse.stages import configuration

LINES = [
    ("work_mem = 8MB", "work_mem", "8MB"),
    ("work_mem 8MB", "work_mem", "8MB"),
    ("  WORK_MEM=8MB# more", "WORK_MEM", "8MB"),
    ("work_mem '8MB'\t# 'quoted'", "work_mem", "8MB"),
    ("search_path'a, \"B\"'", "search_path", 'a, "B"'),
    ("log_line_prefix = 'it''s # \\'%m\\' \\041\\t'", "log_line_prefix", "it's # '%m' !\t"),
    ("log_timezone = Europe/Berlin", "log_timezone", "Europe/Berlin"),
    ("random_page_cost = 1.1", "random_page_cost", "1.1"),
    ("vacuum_freeze_min_age = +0x10", "vacuum_freeze_min_age", "+0x10"),
    ("deadlock_timeout = -1", "deadlock_timeout", "-1"),
    ("synchronous_standby_names = ''", "synchronous_standby_names", ""),
    ("my.own_setting = on", "my.own_setting", "on"),
    ("datestyle = ISO\r", "datestyle", "ISO"),
]
MISTAKES = [
    "work_mem", "work_mem =", "work_mem = 8 MB", "work_mem = 1.5GB", "work_mem = '8MB", "= 8MB", "a.b.c = 1",
    "datestyle = ISO, DMY", "my.x = a.b", "work_mem == 8MB", "work-mem = 8MB", "8 = 8", "work_mem = 1; work_mem = 2",
    'search_path = "a"',
]  # fmt: skip


def silent(_doing: str) -> None:
    """Say nothing of what is being done."""


@pytest.mark.parametrize(("line", "name", "value"), LINES)
def test_a_line_is_read_as_postgresql_reads_it(line: str, name: str, value: str):
    found = list(parse(f"# a fragment\n\n{line}\n", Path("some/x.conf")))

    assert [(each.name, each.value, each.origin) for each in found] == [(name, value, "x.conf:3")]


@pytest.mark.parametrize("line", MISTAKES)
def test_a_line_postgresql_would_not_read_is_named(line: str):
    with pytest.raises(FragmentMistaken, match=r"x\.conf, line 2: this is not a setting"):
        list(parse(f"work_mem = 4MB\n{line}\n", Path("x.conf")))


def test_postgresql_reads_the_same_lines_and_no_others():
    def read_by(server: Server, line: str) -> list[tuple[str, str]]:
        (server.data_dir / "postgresql.auto.conf").write_text(f"{line}\n", encoding="utf-8", newline="")
        with server.connect() as connection:
            return connection.execute(
                "SELECT name, setting FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf' ORDER BY seqno"
            ).fetchall()

    with running(resolve(None, use="embedded").binaries) as server:
        read = [read_by(server, line) for line, _, _ in LINES]
        refused = [read_by(server, line) for line in MISTAKES]

    assert read == [[(name, value)] for _, name, value in LINES]
    assert [[name for name, _ in found if name] for found in refused if found] == [[]] * len(MISTAKES)


@pytest.mark.parametrize("name", ["include", "INCLUDE_IF_EXISTS", "include_dir"])
def test_includes_are_not_followed(name: str):
    with pytest.raises(FragmentMistaken, match=f"x.conf, line 1: {name} is not followed"):
        list(parse(f"{name} 'other.conf'", Path("x.conf")))


def test_a_later_setting_wins_and_a_flag_wins_over_the_file(tmp_path: Path):
    file = tmp_path / "x.conf"
    file.write_text("work_mem = 1MB\nWork_Mem = 2MB\nlock_timeout = 1s\n")

    found = wanted(file, ["LOCK_TIMEOUT=2s", "search_path=a=b", "synchronous_standby_names="])

    assert [(each.name, each.value, each.origin) for each in found] == [
        ("Work_Mem", "2MB", "x.conf:2"),
        ("LOCK_TIMEOUT", "2s", "--set"),
        ("search_path", "a=b", "--set"),
        ("synchronous_standby_names", "", "--set"),
    ]


@pytest.mark.parametrize("flag", ["work_mem", "=1", "work mem=secret", "1x=secret", ""])
def test_a_flag_that_is_no_setting_is_refused_without_its_value(flag: str):
    with pytest.raises(NotASetting) as refused:
        wanted(None, [flag])

    assert "secret" not in str(refused.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path):
    (tmp_path / "latin.conf").write_bytes(b"search_path = '\xe9'\n")

    for name, says in (("none.conf", "No such file"), ("latin.conf", "not UTF-8"), (".", "Is a directory")):
        with pytest.raises(FragmentUnreadable, match=says):
            wanted(tmp_path / name, ())


@pytest.fixture(params=[15, 18])
def production(request: pytest.FixtureRequest) -> Server:
    """A server of each major version."""
    found: Server = request.getfixturevalue("server15" if request.param == 15 else "server")
    return found


@pytest.fixture
def facts(production: Server) -> Facts:
    """The facts a snapshot of that production would hold."""
    with connect_source(production.dsn()) as connection:
        return read_facts(connection, ())[0]


def tried(facts: Facts, *flags: str) -> dict[str, SettingChange]:
    """Try settings, the same one more than once if that is asked for; return by flag what became of each."""
    settings = tuple(setting for flag in flags for setting in wanted(None, [flag]))
    return dict(zip(flags, configuration.try_out(settings, facts).changes, strict=True))


def test_what_postgresql_refuses_is_refused_in_its_words(facts: Facts):
    says = {
        "nonsense=1": 'unrecognized configuration parameter "nonsense"',
        "work_mem=1kB": "outside the valid range",
        "max_connections=-5": "outside the valid range",
        "work_mem=1XB": "Valid units for this parameter are",
        "statement_timeout=5MB": "Valid units for this parameter are",
        "wal_level=full": "Available values: minimal, replica, logical",
        "enable_seqscan=perhaps": "requires a Boolean value",
        "random_page_cost=cheap": "invalid value",
        "TimeZone=Mars/Olympus": "invalid value",
        "block_size=4096": "cannot be changed",
    }

    found = tried(facts, *says)

    assert {(change.standing, change.applied) for change in found.values()} == {(Standing.REFUSED, False)}
    assert [flag for flag in says if says[flag] not in (found[flag].error or "")] == []


def test_an_accepted_setting_is_shown_beside_productions(facts: Facts):
    expected = {
        "maintenance_work_mem=1048576kB": ("maintenance_work_mem", "64MB", "1GB", "reload", True),
        "WORK_MEM=4096": ("work_mem", "4MB", "4MB", "nothing", True),
        "intervalstyle=ISO_8601": ("IntervalStyle", "postgres", "iso_8601", "reload", True),
        "enable_hashjoin=no": ("enable_hashjoin", "on", "off", "reload", True),
        "lock_timeout=1ms": ("lock_timeout", None, "1ms", "reload", True),  # the reader's session has its own
        "max_connections=150": ("max_connections", "100", "150", "restart", False),
        "max_locks_per_transaction=2000": ("max_locks_per_transaction", "1024", "2000", "restart", True),
        "shared_buffers=64GB": ("shared_buffers", "128MB", "64GB", "restart", False),
        "autovacuum=on": ("autovacuum", "off", "on", "reload", False),
        "log_statement=none": ("log_statement", "none", "none", "nothing", False),
        "log_min_messages=error": ("log_min_messages", "warning", "error", "reload", False),
        "listen_addresses=*": ("listen_addresses", "", "*", "restart", False),
    }

    found = tried(facts, *expected)

    assert {change.standing for change in found.values()} == {Standing.ACCEPTED}
    assert expected == {
        flag: (change.name, change.production, change.new, change.needs, change.applied)
        for flag, change in found.items()
    }


def test_what_the_stage_must_not_run_with_is_validated_and_told(facts: Facts):
    says = {
        "autovacuum=on": "would disturb the observation",
        "log_min_messages=error": "would disturb the observation",
        "session_preload_libraries=auto_explain": "would disturb the observation",
        "auto_explain.log_min_duration=1s": "would disturb the observation",
        "max_worker_processes=16": "needs a restart; a server of the stage's version starts with it",
        "shared_buffers=64GB": "so much memory",
        "ssl_cert_file=/etc/x.crt": "belongs to production's machine",
    }

    found = tried(facts, *says, "work_mem=8MB")

    assert {change.standing for change in found.values()} == {Standing.ACCEPTED}
    assert [flag for flag, change in found.items() if change.applied] == ["work_mem=8MB"]
    assert [flag for flag in says if says[flag] not in (found[flag].remark or "")] == []
    assert found["work_mem=8MB"].remark is None


def test_settings_that_do_not_start_together_are_refused(facts: Facts):
    with_standbys = replace(facts, settings={"wal_level": "replica", "max_wal_senders": "10"})

    found = tried(with_standbys, "wal_level=minimal", "work_mem=8MB")

    assert [change.standing for change in found.values()] == [Standing.REFUSED, Standing.ACCEPTED]
    assert "the server does not start: WAL streaming" in (found["wal_level=minimal"].error or "")


def test_what_the_stage_cannot_know_is_open_and_not_applied(facts: Facts):
    found = tried(
        facts,
        "pg_stat_statements.max=100",
        "app.tenant=7",
        "shared_preload_libraries=not_there",
        "default_tablespace=fast",
        "lc_messages=xx_XX.UTF-8",
    )

    assert {(change.standing, change.applied) for change in found.values()} == {(Standing.OPEN, False)}
    assert all(change.error for change in found.values())


def test_a_setting_of_a_library_the_stage_has_is_validated(facts: Facts):
    (found,) = tried(facts, "auto_explain.log_min_duration=soon").values()

    assert (found.standing, "invalid value" in (found.error or "")) == (Standing.REFUSED, True)


def test_a_stage_of_another_version_proves_only_what_both_versions_know(server15: Server):
    with connect_source(server15.dsn()) as connection:
        facts = read_facts(connection, ())[0]
    flags = ["work_mem=1GB", "transaction_timeout=1s", "nonsense=1", "promote_trigger_file=x", "app.tenant=7"]

    found = configuration.try_out(wanted(None, flags), facts, use="embedded").changes

    assert [change.standing for change in found] == [Standing.ACCEPTED, *[Standing.OPEN] * 4]
    assert found[0].production == "default"


def test_who_does_not_see_the_new_value_is_told(server: Server):
    with connect_source(server.dsn()) as connection:
        facts = read_facts(connection, ())[0]
    role = RoleFacts(name="app", superuser=False, inherit=True, createrole=False, createdb=False, bypassrls=False)
    roles = (
        replace(role, settings={"work_mem": "8MB"}),
        replace(role, name="batch", database_settings={"Work_Mem": "9MB"}),
        replace(role, name="other", settings={"lock_timeout": "1s"}),
    )

    (found,) = tried(
        replace(facts, roles=roles, database="shop", database_settings={"work_mem": "7MB"}), "work_mem=1GB"
    ).values()

    assert found.overridden == (
        "in database shop by ALTER DATABASE",
        "for role app by ALTER ROLE",
        "for role batch in database shop by ALTER ROLE",
    )


def test_a_value_that_may_be_a_secret_is_never_shown(facts: Facts):
    flags = [
        "primary_conninfo=host=h password=hush",
        "archive_command=cp --key hush",
        "app.jwt_secret=hush",
        "ssl_passphrase_command=echo hush",
        "cluster_name=postgresql://me:hush@h/d",
        "auto_explain.password=hush",
        "work_mem=postgresql://me:hush@h/d",
    ]

    found: Trial = configuration.try_out(wanted(None, flags), facts)

    assert {(change.new, change.production) for change in found.changes} == {("***", None)}
    assert "hush" not in repr(found)
    assert found.on_stage == {}


def test_only_what_was_accepted_and_is_harmless_comes_to_the_stage(facts: Facts):
    flags = ["work_mem=1GB", "max_connections=150", "nonsense=1", "app.tenant=7", "autovacuum=on", "lock_timeout=1s"]

    found = configuration.try_out(wanted(None, flags), facts)

    assert found.on_stage == {"work_mem": "1GB", "lock_timeout": "1s"}


@pytest.fixture
def shop(production: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with a table, owned by an ordinary role."""
    name = request.getfixturevalue("database15" if production.binaries.major == 15 else "database")
    owner = sql.Identifier(f"owner_{name}")
    with production.connect(name) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(owner))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), owner))
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY)")
        connection.execute(sql.SQL("ALTER TABLE orders OWNER TO {}").format(owner))
    yield f"postgresql://rehearse@/{name}?host={production.socket_dir}"
    with production.connect(name) as connection:
        connection.execute(sql.SQL("DROP TABLE orders"))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO rehearse").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP ROLE {}").format(owner))


def played(shop: str, directory: Path, script: str, *flags: str) -> Report:
    path = directory / "1.sql"
    path.write_text(script)
    plan = MigrationPlan(tool="sql", directory=directory, files=(path,))
    return rehearse(Request(source=shop, plan=plan, settings=wanted(None, flags)), silent)


SHOWS = """DO $$BEGIN
    IF current_setting('{name}') <> '{value}' THEN RAISE 'it is %', current_setting('{name}'); END IF;
END$$;"""


@pytest.mark.parametrize(
    ("name", "value"), [("maintenance_work_mem", "1GB"), ("TimeZone", "Asia/Tokyo"), ("search_path", "app, public")]
)
def test_the_steps_are_played_under_the_new_settings(shop: str, tmp_path: Path, name: str, value: str):
    report = played(shop, tmp_path, SHOWS.format(name=name, value=value), f"{name}={value}")

    assert report.verdict is Verdict.SAFE, report.reasons
    assert report.reasons == ("1 pending step was played and 1 setting was accepted; no finding blocks.",)


def test_a_statement_timeout_stops_a_slow_step(shop: str, tmp_path: Path):
    slow = "SELECT pg_sleep(1);"

    report = played(shop, tmp_path, slow, "statement_timeout=100ms")

    assert [found.check for found in report.findings] == ["step-failed"]
    assert "statement timeout" in report.findings[0].message
    assert played(shop, tmp_path, slow, "statement_timeout=1min").verdict is Verdict.SAFE


def test_a_lock_timeout_stops_a_step_that_waits(shop: str, tmp_path: Path):
    program = tmp_path / "migrate.py"
    program.write_text(
        "import os, psycopg\n"
        "url = os.environ['DATABASE_URL']\n"
        "with psycopg.connect(url) as holder, psycopg.connect(url) as waiter:\n"
        "    holder.execute('LOCK TABLE orders')\n"
        "    waiter.execute('ALTER TABLE orders ADD COLUMN note text')\n"
    )
    plan = MigrationPlan(tool="command", directory=tmp_path, command=(sys.executable, str(program)))

    report = rehearse(Request(source=shop, plan=plan, settings=wanted(None, ["lock_timeout=50ms"])), silent)

    assert report.verdict is Verdict.UNSAFE
    assert [found.sqlstate for found in report.rehearsal.timeline.statements if found.sqlstate] == ["55P03"]


def command(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PRODUCTION_URL"}
    return tool("run", *words, cwd=cwd, environ=environment)


def test_settings_alone_are_rehearsed_and_safe_when_accepted(shop: str, tmp_path: Path):
    (tmp_path / "new.conf").write_text("maintenance_work_mem = 256MB\nwork_mem = 4MB\n")

    done = command("--from", shop, "--settings", "new.conf", "--set", "maintenance_work_mem=1GB", cwd=tmp_path)

    lines = [line.strip() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert "no migration was played" in done.stdout
    assert "maintenance_work_mem: 64MB -> 1GB (reload)" in lines
    assert "work_mem: 4MB in production already (no change)" in lines


def test_a_refused_setting_is_unsafe_and_told_to_machines(shop: str, tmp_path: Path):
    done = command("--from", shop, "--set", "work_mem=1XB", "--set", "max_connections=150", "--format", "json",
                   cwd=tmp_path)  # fmt: skip

    report = json.loads(done.stdout)
    refused, accepted = report["settings"]
    assert (done.returncode, report["verdict"], report["steps"]) == (1, "unsafe", [])
    assert [(found["check"], found["severity"], found["object"]) for found in report["findings"]] == [
        ("setting-refused", "block", "work_mem"),
        ("setting-needs-restart", "warn", "max_connections"),
    ]
    assert (refused["accepted"], refused["applied_on_stage"], accepted["accepted"]) == (False, False, True)
    assert accepted == {
        "name": "max_connections", "production": "100", "new": "150", "unchanged": False, "unit": None,
        "context": "postmaster", "needs": "restart", "accepted": True, "applied_on_stage": False, "error": None,
        "overridden": [], "origin": "--set",
    }  # fmt: skip
    assert report["inputs"]["settings"] == ["work_mem (--set)", "max_connections (--set)"]


def test_an_open_setting_is_undecided(shop: str, tmp_path: Path):
    done = command("--from", shop, "--set", "pg_stat_statements.max=100", cwd=tmp_path)

    assert (done.returncode, done.stdout.splitlines()[0]) == (3, "UNDECIDED")
    assert "Whether production accepts pg_stat_statements.max = 100 (--set) is open" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "work_mem"], '--set "work_mem" is not NAME=VALUE'),
        (["--settings", "none.conf"], "none.conf cannot be read"),
        (["--settings", "bad.conf"], "bad.conf, line 2: this is not a setting"),
        (["--settings", "including.conf"], "including.conf, line 1: include is not followed"),
    ],
)
def test_a_wrong_request_is_told_before_production_is_read(tmp_path: Path, words: list[str], says: str):
    (tmp_path / "bad.conf").write_text("work_mem = 4MB\nlock_timeout = 1 second\n")
    (tmp_path / "including.conf").write_text("include 'bad.conf'\n")

    done = command("--from", "postgresql://nobody@/nowhere?host=/nowhere", *words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_without_settings_a_run_without_a_migration_is_a_wrong_request(tmp_path: Path):
    done = command("--from", "postgresql://nobody@/nowhere?host=/nowhere", cwd=tmp_path)

    assert (done.returncode, "how to migrate" in done.stderr) == (2, True)


def test_what_our_own_sessions_could_not_live_with_reaches_the_migration_only(shop: str, tmp_path: Path):
    script = "\n".join(
        SHOWS.format(name=name, value=value) for name, value in (("DateStyle", "German, DMY"), ("exit_on_error", "on"))
    )
    flags = ["DateStyle=German", "IntervalStyle=iso_8601", "quote_all_identifiers=on", "exit_on_error=on"]

    report = played(shop, tmp_path, script, *flags, "idle_session_timeout=2s")

    assert report.verdict is Verdict.SAFE, report.reasons
    assert all(change.applied for change in report.rehearsal.settings)


def test_timeouts_too_short_to_be_asked_about_are_accepted(facts: Facts):
    found = tried(facts, "statement_timeout=1", "idle_session_timeout=1", "lock_timeout=1")

    assert {(change.standing, change.new) for change in found.values()} == {(Standing.ACCEPTED, "1ms")}
