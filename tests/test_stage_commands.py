"""`rehearse stage`: stages that outlive the command, are listed whatever became of them, and go without a trace."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from tool import tool

from rehearse.engine.server import Server
from rehearse.model.sampling import SampleRules
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take
from rehearse.stages import turn

SAFE = "SET lock_timeout = '2s';\nALTER TABLE customers ADD COLUMN note text;\n"
SHOP = """
CREATE ROLE shopkeeper LOGIN;
CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL);
INSERT INTO customers SELECT n, 'someone' || n || '@example.org' FROM generate_series(1, 300) AS n;
ALTER TABLE customers OWNER TO shopkeeper;
"""


@dataclass(frozen=True)
class Desk:
    """Where stages are raised and listed: a project, and a state folder of its own."""

    project: Path
    state: Path
    snapshot: Path

    @property
    def stages(self) -> Path:
        return self.state / "rehearse" / "stages"

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "XDG_STATE_HOME": str(self.state)}

    def start(self, *words: str | Path, **more: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "rehearse", *map(str, words)],
            cwd=self.project,
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,  # type: ignore[call-overload]  # named by the tests
        )

    def run(self, *words: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
        return tool(*words, cwd=self.project, environ=self.environ, given=given)

    def up(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return self.run("stage", "up", "--from", self.snapshot, *words)

    def kept(self, *words: str | Path) -> str:
        """Keep a stage and return its URL."""
        done = self.up("--sql", self.project / "001.sql", "--keep", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[1]

    def left(self) -> list[str]:
        """Return what runs or lies in the state folder."""
        told = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        processes = [line for line in told.splitlines() if str(self.state) in line]
        return [*processes, *(path.name for path in self.stages.glob("*"))]


@pytest.fixture(scope="module")
def snapshot(server15: Server) -> Iterator[Path]:
    """A snapshot of a shop on PostgreSQL 15."""
    with server15.connect() as connection:
        connection.execute("CREATE DATABASE stage_shop")
    with server15.connect("stage_shop") as connection:
        connection.execute(SHOP)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "snapshot"
        take(server15.dsn("stage_shop"), path, rules=SampleRules(rows=1000), sanitise=SanitiseRules(), progress=silent)
        yield path
    with server15.connect() as connection:
        connection.execute("DROP DATABASE stage_shop WITH (FORCE)")
        connection.execute("DROP ROLE shopkeeper")


@pytest.fixture
def desk(snapshot: Path, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "001.sql").write_text(SAFE)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="st-") as state:
        Path(state).chmod(0o755)
        found = Desk(project=tmp_path, state=Path(state), snapshot=snapshot)
        yield found
        found.run("stage", "down", "--all")
        assert found.left() == []


def silent(_doing: str) -> None:
    """Tell nobody."""


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def postmaster(desk: Desk, name: str) -> int:
    return int((desk.stages / name / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_a_kept_stage_stands_masked_and_migrated_after_the_command_has_ended(desk: Desk):
    url = desk.kept("--name", "demo", "--for", "8h")

    listed = desk.run("stage", "list").stdout
    found = rows(url, "SELECT count(*), count(note), count(*) FILTER (WHERE email LIKE '%example%') FROM customers")
    assert found == [(300, 0, 0)]
    assert re.search(r"^demo: running, \d+ s old, until 20\d\d-", listed)
    assert "database stage_shop of postgresql://rehearse@" in listed
    assert "1 step played; " in listed
    assert re.search(r"; \d+(\.\d)? MB$", listed, re.MULTILINE)
    assert "@" in listed.split("raised by ")[1]
    assert url in listed
    assert (desk.stages / "demo").stat().st_mode & 0o777 == 0o700
    assert (desk.stages / "demo" / "stage.json").stat().st_mode & 0o777 == 0o600


def test_the_shell_is_a_psql_of_the_role_that_migrates(desk: Desk):
    desk.kept()

    done = desk.run(
        "stage", "shell", given="SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = USER);"
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"^ shopkeeper\s+\| f$", done.stdout, re.MULTILINE)


def test_down_takes_one_and_leaves_the_others(desk: Desk):
    desk.kept()
    other = desk.kept()

    done = desk.run("stage", "down", "stage-shop")

    assert (done.returncode, done.stdout) == (0, "Took down stage-shop.\n")
    assert rows(other, "SELECT count(*) FROM customers") == [(300,)]
    assert [path.name for path in desk.stages.iterdir()] == ["stage-shop-2"]


def test_without_migrate_it_is_as_production_is(desk: Desk):
    done = desk.up("--no-migrate", "--keep")

    url = done.stdout.splitlines()[1]
    assert "not migrated" in done.stdout
    assert rows(url, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'customers'") == [(2,)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_keep_it_stands_until_it_is_interrupted(desk: Desk, number: signal.Signals):
    process = desk.start("stage", "up", "--from", desk.snapshot, "--sql", "001.sql")
    assert process.stdout is not None
    process.stdout.readline()
    url, last = process.stdout.readline().strip(), process.stdout.readline()
    during = rows(url, "SELECT count(*) FROM customers")

    process.send_signal(number)
    out, err = process.communicate(timeout=60)

    assert during == [(300,)]
    assert (process.returncode, last, out) == (0, "Ctrl-C takes it down.\n", ""), err
    with pytest.raises(psycopg.OperationalError):
        rows(url, "SELECT 1")


def test_a_crashed_server_is_listed_as_such_and_can_be_taken_down(desk: Desk):
    desk.kept()
    os.kill(postmaster(desk, "stage-shop"), signal.SIGKILL)
    time.sleep(0.5)

    listed, entered = desk.run("stage", "list").stdout, desk.run("stage", "shell")
    down = desk.run("stage", "down")

    assert listed.startswith("stage-shop: crashed, ")
    assert entered.returncode == 2
    assert 'The stage "stage-shop" cannot be entered: crashed.' in entered.stderr
    assert down.returncode == 0, down.stderr
    assert desk.left() == []


def test_after_a_restart_of_the_machine_it_is_listed_and_can_be_taken_down(desk: Desk):
    desk.kept()
    os.kill(postmaster(desk, "stage-shop"), signal.SIGKILL)
    time.sleep(0.5)
    record = desk.stages / "stage-shop" / "stage.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "boot": "an earlier one"}))

    listed = desk.run("stage", "list").stdout

    assert listed.startswith("stage-shop: stopped, the machine was restarted, ")


def test_one_whose_time_is_over_goes_when_somebody_looks(desk: Desk):
    desk.kept("--for", "1s")
    time.sleep(1)

    done = desk.run("stage", "list")

    assert done.stdout == "No stage is kept here.\n"
    assert re.fullmatch(r"stage-shop stood until 20\S+ \S+ and was taken down\.\n", done.stderr)
    assert desk.left() == []


def test_a_migration_that_fails_leaves_no_stage(desk: Desk):
    (desk.project / "001.sql").write_text("ALTER TABLE missing ADD COLUMN x int;")

    done = desk.up("--sql", "001.sql", "--keep")

    assert (done.returncode, done.stdout) == (3, "")
    assert 'step 001.sql: relation "missing" does not exist); it was taken down.' in done.stderr
    assert desk.left() == []


@pytest.mark.parametrize("delay", [0.6, 1.0, 1.4, 1.8])
def test_an_interrupt_while_it_is_raised_leaves_nothing(desk: Desk, delay: float):
    (desk.project / "001.sql").write_text("SELECT pg_sleep(30);")
    process = desk.start("stage", "up", "--from", desk.snapshot, "--sql", "001.sql", "--keep")
    time.sleep(delay)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 3, err
    assert desk.left() == []


def test_one_whose_command_was_killed_is_listed_and_can_be_taken_down(desk: Desk):
    (desk.project / "001.sql").write_text("SELECT pg_sleep(30);")
    process = desk.start("stage", "up", "--from", desk.snapshot, "--sql", "001.sql", "--keep")
    deadline = time.monotonic() + 30
    while "pg_sleep" not in "".join(desk.left()) and not list(desk.stages.glob("*/s/.s.PGSQL.5432")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    raising = desk.run("stage", "list").stdout
    process.kill()
    process.communicate()

    listed, down = desk.run("stage", "list").stdout, desk.run("stage", "down")

    assert raising.startswith("stage-shop: being raised, ")
    assert listed.startswith("stage-shop: never finished, ")
    assert down.returncode == 0, down.stderr
    assert desk.left() == []


def test_a_record_that_cannot_be_read_is_listed_and_can_be_taken_down(desk: Desk):
    desk.kept()
    (desk.stages / "stage-shop" / "stage.json").write_text("{")

    listed, down = desk.run("stage", "list"), desk.run("stage", "down", "stage-shop")

    assert listed.stdout.startswith("stage-shop: never finished, ")
    assert down.returncode == 0, down.stderr


def test_down_removes_nothing_that_rehearse_did_not_make(desk: Desk):
    desk.kept()
    foreign = desk.project / "precious"
    foreign.mkdir()
    (desk.stages / "link").symlink_to(foreign)

    done = desk.run("stage", "down", "link")
    (desk.stages / "link").unlink()

    assert (done.returncode, foreign.is_dir()) == (2, True)
    assert 'There is no stage "link"' in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["up", "--name", "demo"], "--name and --for are for a stage that stays."),
        (["up", "--for", "1h"], "Add --keep."),
        (["up", "--keep", "--name", "../x"], '"../x" cannot be the name of a stage.'),
        (["up", "--keep", "--for", "soon"], "soon"),
        (["up", "--keep"], "There is no production to rehearse for."),
        (["shell"], "No stage is kept here."),
        (["down", "demo"], "No stage is kept here."),
        (["down", "demo", "--all"], "Name one stage, or say --all, not both."),
    ],
)
def test_bad_requests_get_a_sentence(desk: Desk, words: list[str], says: str):
    done = desk.run("stage", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_is_given_once(desk: Desk):
    desk.kept("--name", "demo")

    done = desk.up("--no-migrate", "--keep", "--name", "demo")
    mistyped = desk.run("stage", "down", "demon")

    assert done.returncode == 2
    assert 'A stage called "demo" is kept already.' in done.stderr
    assert 'did you mean "demo"?' in mistyped.stderr


@pytest.fixture
def team(server: Server, desk: Desk) -> Iterator[Desk]:
    """A desk whose project has its stage on a server of the team's; what was made there is gone afterwards."""
    (desk.project / "rehearse.toml").write_text(
        f'[environments.stage]\nprovider = "server"\nurl = "{server.dsn("template1")}"\n'
    )
    before = databases(server)
    yield desk
    desk.run("stage", "down", "--all")
    assert databases(server) == before


def databases(server: Server) -> set[str]:
    with server.connect() as connection:
        return {str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_on_a_server_of_the_team_it_stays_until_it_is_taken_down_and_no_rehearsal_replaces_it(
    server: Server, team: Desk
):
    before = databases(server)
    url = team.kept("--into", "stage", "--name", "demo")
    named = f'{(team.project / "rehearse.toml").read_text()}database = "rehearse_demo"\n'

    beside = team.run("run", "--from", team.snapshot, "--into", "stage", "--sql", "001.sql")
    (team.project / "rehearse.toml").write_text(named)
    over = team.run("run", "--from", team.snapshot, "--into", "stage", "--sql", "001.sql")
    listed, entered = (
        team.run("stage", "list").stdout,
        team.run("stage", "shell", given="SELECT count(*) FROM customers;"),
    )
    found = rows(url, "SELECT count(*), count(note) FROM customers")
    down = team.run("stage", "down")

    assert beside.returncode == 0, beside.stderr + beside.stdout
    assert over.returncode == 2
    assert re.search(r'The database "rehearse_demo" is a stage that is kept as demo by \S+ since 20', over.stderr)
    assert found == [(300, 0)]
    assert listed.startswith("demo: running, ")
    assert "300" in entered.stdout, entered.stderr
    assert (down.returncode, down.stdout) == (0, "Took down demo.\n"), down.stderr
    assert databases(server) == before


def test_it_waits_for_its_turn_on_a_server_of_the_team_and_rehearsals_wait_for_it(server: Server, team: Desk):
    with server.connect() as other, turn.taken(other, silent, wait=False):
        refused = team.up("--into", "stage", "--no-migrate", "--keep")
    process = team.start("stage", "up", "--from", team.snapshot, "--into", "stage", "--sql", "001.sql")
    assert process.stdout is not None
    process.stdout.readline()
    url = process.stdout.readline().strip()
    during = rows(url, "SELECT count(*) FROM customers")

    meanwhile = team.run("run", "--from", team.snapshot, "--into", "stage", "--sql", "001.sql")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert refused.returncode == 3
    assert "Another rehearsal is on the stage's server: rehearse of " in refused.stderr
    assert during == [(300,)]
    assert meanwhile.returncode == 3
    assert re.search(r"Another rehearsal is on the stage's server: rehearse of \S+ since 20", meanwhile.stderr)
    assert process.returncode == 0


def test_one_that_somebody_replaced_is_not_dropped_but_can_be_forgotten(server: Server, team: Desk):
    team.kept("--into", "stage", "--name", "demo")
    with server.connect() as connection:
        connection.execute("COMMENT ON DATABASE rehearse_demo IS 'ours now'")

    down, kept = team.run("stage", "down", "demo"), "rehearse_demo" in databases(server)
    forgotten = team.run("stage", "down", "--forget", "demo")
    with server.connect() as connection:
        connection.execute("DROP DATABASE rehearse_demo")

    assert (down.returncode, kept) == (2, True)
    assert 'The database "rehearse_demo" does not carry the mark' in down.stderr
    assert (forgotten.returncode, forgotten.stdout) == (0, "Forgot demo.\n")


def test_a_failing_migration_leaves_nothing_on_a_server_of_the_team(server: Server, team: Desk):
    (team.project / "001.sql").write_text("ALTER TABLE missing ADD COLUMN x int;")
    before = databases(server)

    done = team.up("--into", "stage", "--sql", "001.sql", "--keep")

    assert done.returncode == 3
    assert databases(server) == before
    assert team.left() == []
