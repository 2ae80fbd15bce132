"""The project's own checks: asked read only before and after, commands secluded, and what is made of their answers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import evidence, migration, rehearsal, step
from tool import tool

from rehearse import judge
from rehearse.checks import old_release_broken, own_check_failed
from rehearse.config import ConfigurationError, load
from rehearse.engine.server import Server
from rehearse.model.finding import Severity
from rehearse.model.own_check import Answer, CommandRun, OldReleaseRun, OwnCheck, OwnCheckRun, Standing
from rehearse.model.report import Verdict
from rehearse.reports import json as as_json
from rehearse.reports import text

QUERY = OwnCheck(name="orders", sql="SELECT id FROM orders WHERE customer_id IS NULL")
MISSING = Answer(error='relation "orders" does not exist', sqlstate="42P01")
TIMED_OUT = Answer(error="canceling statement due to statement timeout", sqlstate="57014")
DENIED = Answer(error="permission denied for table orders", sqlstate="42501")


def ran(status: int = 0, *, stopped: str | None = None, printed: str = "1 failed, 3 passed") -> CommandRun:
    took = timedelta(seconds=2)
    return CommandRun(words="pytest", exit_status=status, output_tail=printed, took=took, stopped=stopped)


@pytest.mark.parametrize(
    ("before", "after", "standing"),
    [
        (Answer(rows=0), Answer(rows=0), Standing.HOLDS),
        (Answer(rows=3), Answer(rows=0), Standing.HOLDS),
        (MISSING, Answer(rows=0), Standing.HOLDS),
        (TIMED_OUT, Answer(rows=0), Standing.HOLDS),
        (Answer(rows=0), Answer(rows=1), Standing.FAILS),
        (Answer(rows=3), Answer(rows=4), Standing.FAILS),
        (MISSING, Answer(rows=1), Standing.FAILS),
        (Answer(rows=0), MISSING, Standing.FAILS),
        (Answer(rows=0), DENIED, Standing.FAILS),
        (Answer(rows=3), Answer(rows=3), Standing.WAS_BROKEN),
        (Answer(rows=3), Answer(rows=1), Standing.WAS_BROKEN),
        (TIMED_OUT, Answer(rows=1), Standing.OPEN),
        (Answer(rows=0), TIMED_OUT, Standing.OPEN),
        (MISSING, MISSING, Standing.OPEN),
        (Answer(rows=0), None, Standing.NOT_RUN),
    ],
)
def test_what_a_query_found_before_and_after_decides(before: Answer, after: Answer | None, standing: Standing):
    assert OwnCheckRun(check=QUERY, before=before, after=after).standing is standing


@pytest.mark.parametrize(
    ("run", "standing"),
    [
        (ran(), Standing.HOLDS),
        (ran(1), Standing.FAILS),
        (ran(143, stopped="doing nothing"), Standing.OPEN),
        (None, Standing.NOT_RUN),
    ],
)
def test_what_a_command_ended_with_decides(run: CommandRun | None, standing: Standing):
    assert OwnCheckRun(check=OwnCheck(name="smoke", command=("pytest",)), run=run).standing is standing
    assert OldReleaseRun(release="v1", run=run).standing is standing


def test_findings_name_check_counts_and_keys():
    found = rehearsal(
        own_checks=(
            OwnCheckRun(check=QUERY, before=Answer(rows=0), after=Answer(rows=2, keys=("id 4", "id 7"))),
            OwnCheckRun(check=QUERY, before=Answer(rows=2), after=Answer(rows=2)),
            OwnCheckRun(check=QUERY, before=Answer(rows=0), after=MISSING),
            OwnCheckRun(check=OwnCheck(name="smoke", command=("pytest",)), run=ran(1, printed="1 failed")),
            OwnCheckRun(check=QUERY, before=Answer(rows=2), after=Answer(rows=0)),
        ),
        old_release=OldReleaseRun(release="v1 (1a2b3c4d5e)", run=ran(2, printed="")),
    )

    findings = tuple(own_check_failed.findings(evidence(found)))
    old = tuple(old_release_broken.findings(evidence(found)))

    assert [(each.severity, each.message) for each in findings] == [
        (
            Severity.BLOCK,
            'The own check "orders" returns 2 rows after the migration, no row before (id 4 and id 7).',
        ),
        (
            Severity.WARN,
            'The own check "orders" was broken before: it returns 2 rows after the migration, 2 rows before.',
        ),
        (
            Severity.BLOCK,
            'The query of the own check "orders" fails after the migration: relation "orders" does not exist.',
        ),
        (
            Severity.BLOCK,
            'The own check "smoke" failed on the migrated stage: pytest ended with status 1 after 2.0 s: 1 failed.',
        ),
    ]
    assert [each.message for each in old] == [
        "The old release v1 (1a2b3c4d5e) does not work on the migrated stage: pytest ended with status 2 after 2.0 s."
    ]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"own_checks": (OwnCheckRun(check=QUERY, before=Answer(rows=0), after=TIMED_OUT),)},
            'The own check "orders" found no answer (canceling statement due to statement timeout) after',
        ),
        (
            {"own_checks": (OwnCheckRun(check=QUERY, before=MISSING, after=MISSING),)},
            "names what is there neither before the migration nor after it",
        ),
        (
            {"own_checks": (OwnCheckRun(check=QUERY, before=TIMED_OUT, after=Answer(rows=1)),)},
            "so whether its 1 row after it were there already is open.",
        ),
        (
            {"own_checks": (OwnCheckRun(check=OwnCheck(name="smoke"), run=ran(143, stopped="doing nothing")),)},
            'The own check "smoke" was stopped after 2.0 s; it was doing nothing.',
        ),
        (
            {"old_release": OldReleaseRun(release="v1", run=ran(143, stopped="doing nothing"))},
            "Whether the old release v1 works on the migrated stage is open",
        ),
    ],
)
def test_what_was_not_answered_is_undecided(fields: Mapping[str, Any], says: str):
    report = judge.judge(evidence(rehearsal(**fields)), (), (), date(2026, 11, 24))

    assert report.verdict is Verdict.UNDECIDED
    assert says in report.reasons[0]


def test_what_was_not_run_leaves_the_verdict_to_the_failure():
    failed = migration(step(), exit_status=1)
    found = rehearsal(migration=failed, own_checks=(OwnCheckRun(check=QUERY, before=Answer(rows=0)),))

    assert tuple(own_check_failed.findings(evidence(found))) == ()
    assert "orders: not run\n" in text.render(judge.judge(evidence(found), (), (), date(2026, 11, 24)))


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('[[checks]]\nname = "a"', "checks[0]: it needs one of sql"),
        ('[[checks]]\nname = "a"\nsql = "SELECT 1"\ncommand = "pytest"', "checks[0]: it needs one of sql"),
        ('[[checks]]\nname = "a"\ncommand = "pytest \'x"', "checks[0].command: No closing quotation"),
        ('[[checks]]\nname = "a"\nsql = "SELECT 1"\nmax_seconds = 0', "checks[0].max_seconds"),
        ('[[checks]]\nname = "a"\nsql = "x"\n[[checks]]\nname = "a"\nsql = "y"', 'checks: two checks are called "a"'),
        ('[[checks]]\nname = "a"\nsqll = "x"', 'checks[0].sqll: there is no such key; did you mean "sql"?'),
    ],
)
def test_a_check_that_is_no_check_is_refused(tmp_path: Path, toml: str, says: str):
    (tmp_path / "rehearse.toml").write_text(toml)

    with pytest.raises(ConfigurationError) as caught:
        load(None, tmp_path, {})

    assert says in str(caught.value)


# Real servers

SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, email text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers, total int NOT NULL, note text);
INSERT INTO customers SELECT n, 'jane' || n || '@example.org' FROM generate_series(1, 20) AS n;
INSERT INTO orders SELECT n, n, n FROM generate_series(1, 20) AS n;
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(server: Server, database: str, tmp_path: Path) -> Run:
    """Run rehearse on a shop, with a migration and [[checks]]."""
    with server.connect(database) as connection:
        connection.execute(SHOP)

    def rehearse(migration: str, checks: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "001.sql").write_text(f"SET lock_timeout = '2s';\n{migration}")
        (tmp_path / "rehearse.toml").write_text(checks)
        asked = ("run", "--from", server.dsn(database), "--sql", "001.sql", *words)
        return tool(*asked, cwd=tmp_path, environ={**os.environ, **variables})

    return rehearse


def unwrapped(done: subprocess.CompletedProcess[str]) -> str:
    """Return a report on one line."""
    return " ".join(done.stdout.split())


def sql_check(query: str, name: str = "own", more: str = "") -> str:
    return f'[[checks]]\nname = "{name}"\nsql = """{query}"""\n{more}\n'


def test_rows_after_and_none_before_are_unsafe_and_show_keys_only(run: Run):
    done = run(
        "INSERT INTO orders VALUES (21, 3, 5, 'to Jane'), (22, 4, 5, 'to John');",
        sql_check("SELECT id, customer_id, total, note FROM orders WHERE note LIKE 'to %' -- of the spring"),
    )

    assert done.returncode == 1, done.stderr
    assert 'The own check "own" returns 2 rows after the migration, no row before (id 21, customer_id 3 and id 22,' in (
        unwrapped(done)
    )
    assert "own: fails (no row before, 2 rows after)" in unwrapped(done)
    assert "Jane" not in done.stdout + done.stderr


def test_both_kinds_and_their_standing_are_in_the_json(run: Run):
    done = run(
        "UPDATE orders SET total = 0 WHERE id = 1;",
        sql_check("SELECT id FROM orders WHERE total > 18", "large")
        + sql_check("SELECT id FROM orders WHERE total < 0", "negative")
        + '[[checks]]\nname = "smoke"\ncommand = "true"\n',
        "--format",
        "json",
    )

    told = json.loads(done.stdout)
    assert done.returncode == 0, told["reasons"]
    assert [(each["name"], each["standing"]) for each in told["own_checks"]] == [
        ("large", "was broken before"),
        ("negative", "holds"),
        ("smoke", "holds"),
    ]
    assert told["own_checks"][0]["after"] == {"rows": 2, "more": False, "keys": ["id 19", "id 20"], "error": None}
    assert told["own_checks"][2]["command"]["exit_status"] == 0
    assert [(each["check"], each["severity"]) for each in told["findings"] if each["check"] == "own-check-failed"] == [
        ("own-check-failed", "warn")
    ]
    assert told["old_release"] is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELEC id FROM orders", 'cannot be asked: syntax error at or near "SELEC"'),
        ("DELETE FROM orders RETURNING id", "cannot be asked: cannot execute DELETE in a read-only transaction."),
        ("SELECT 1; DELETE FROM orders", "cannot be asked: cannot insert multiple commands into a prepared statement."),
        ("COMMIT", "is no query: its statement returns no rows at all."),
        ("COPY orders TO PROGRAM 'true'", "cannot be asked: permission denied to COPY to or from an external program."),
        ("SELECT pg_read_file('/etc/passwd')", "cannot be asked: permission denied for function pg_read_file."),
    ],
)
def test_a_query_that_cannot_be_asked_is_a_wrong_configuration(run: Run, query: str, says: str):
    done = run("SELECT 1;", sql_check(query))

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_migration_makes_and_what_it_takes_away(run: Run):
    made = run("ALTER TABLE orders ADD COLUMN paid int;", sql_check("SELECT id FROM orders WHERE paid < 0"))
    taken = run("ALTER TABLE orders RENAME COLUMN total TO amount;", sql_check("SELECT id FROM orders WHERE total < 0"))
    nowhere = run("SELECT 1;", sql_check("SELECT id FROM ordres"))

    assert (made.returncode, "own: holds" in made.stdout) == (0, True), made.stdout
    assert taken.returncode == 1
    assert 'fails after the migration: column "total" does not exist.' in unwrapped(taken)
    assert nowhere.returncode == 3
    assert "names what is there neither before the migration nor after it" in unwrapped(nowhere)


def test_a_query_that_takes_too_long_is_open(run: Run):
    done = run("SELECT 1;", sql_check("SELECT 1 WHERE pg_sleep(5) IS NULL", more="max_seconds = 0.2"))

    assert done.returncode == 3
    assert "found no answer (canceling statement due to statement timeout) after the migration" in unwrapped(done)


COMMAND = '[[checks]]\nname = "smoke"\ncommand = "{}"\n{}'
LOOK = """
import os, sys, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("SELECT count(paid) + 1 FROM orders").fetchone())
    connection.execute("DELETE FROM orders WHERE id = 1")
with psycopg.connect("") as connection:
    print(connection.execute("SELECT count(*) FROM orders").fetchone(), os.environ.get("SECRET"), os.environ["HOME"])
"""


def test_a_command_sees_the_migrated_stage_and_nothing_of_ours(run: Run, tmp_path: Path):
    (tmp_path / "look.py").write_text(f"{LOOK}sys.exit('cannot reach postgresql://me:hush@db/x')\n")

    done = run(
        "ALTER TABLE orders ADD COLUMN paid int;",
        COMMAND.format("python look.py", "") + sql_check("SELECT id FROM orders WHERE total < 0"),
        SECRET="of ours",
    )

    assert done.returncode == 1, done.stderr
    assert "| (1,)" in unwrapped(done)
    assert "| (19,) None " in unwrapped(done)
    assert "own: holds (no row before, no row after)" in unwrapped(done)
    assert "hush" not in unwrapped(done)
    assert "of ours" not in unwrapped(done)
    assert "20 tables hold" not in unwrapped(done)
    assert "tables hold as many rows as before" in unwrapped(done)  # what a check wrote is not the migration's


def test_a_command_reaches_no_other_database(run: Run, server: Server, tmp_path: Path):
    (tmp_path / "leave.py").write_text(f"import psycopg\npsycopg.connect({server.dsn('template1')!r})\n")

    done = run("SELECT 1;", COMMAND.format("python leave.py", ""))

    assert done.returncode == 1
    assert "it was refused a connection to" in unwrapped(done)


def test_a_command_that_takes_too_long_is_open_and_one_that_is_not_there_is_wrong(run: Run):
    slow = run("SELECT 1;", COMMAND.format("sleep 30", "max_seconds = 0.5"))
    missing = run("SELECT 1;", COMMAND.format("no-such-program --all", ""))

    assert slow.returncode == 3
    assert 'The own check "smoke" was stopped after' in unwrapped(slow)
    assert missing.returncode == 2
    assert "The command 'no-such-program' of the check \"smoke\" ([[checks]]) was not found" in missing.stderr


def test_nothing_is_run_after_a_migration_that_failed(run: Run, tmp_path: Path):
    done = run("SELECT 1/0;", COMMAND.format("touch ran", "") + sql_check("SELECT 1 WHERE false"))

    assert done.returncode == 1
    assert "smoke: not run" in unwrapped(done)
    assert "own: not run" in unwrapped(done)
    assert not (tmp_path / "ran").exists()


def test_the_machines_form_is_complete():
    found = rehearsal(
        own_checks=(OwnCheckRun(check=QUERY, before=Answer(rows=0), after=MISSING),),
        old_release=OldReleaseRun(release="v1", run=ran(2)),
    )

    told = as_json.as_object(judge.judge(evidence(found), (), (), date(2026, 11, 24)))

    assert told["own_checks"] == [
        {
            "name": "orders",
            "standing": "fails",
            "sql": QUERY.sql,
            "before": {"rows": 0, "more": False, "keys": [], "error": None},
            "after": {"rows": None, "more": False, "keys": [], "error": MISSING.error},
            "command": None,
        }
    ]
    assert told["old_release"] == {
        "release": "v1",
        "standing": "fails",
        "command": {
            "command": "pytest",
            "exit_status": 2,
            "seconds": 2.0,
            "stopped": None,
            "output": "1 failed, 3 passed",
            "refused": [],
            "isolation": [],
        },
    }
