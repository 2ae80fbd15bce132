"""The command line: exit codes, clear sentences, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from tool import tool
from typer.testing import CliRunner

from rehearse import registry
from rehearse.cli import application
from rehearse.engine.server import Server

SAFE = "SET lock_timeout = '2s';\nALTER TABLE customers ADD COLUMN note text;\n"


def rehearse(*words: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PRODUCTION_URL"}
    return tool(*words, cwd=cwd, environ={**environment, **variables})


@pytest.fixture
def shop(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL)")
        connection.execute("INSERT INTO customers SELECT n, 'Customer ' || n FROM generate_series(1, 500) AS n")
    return f"postgresql://rehearse@/{database}?host={server.socket_dir}"


def script(directory: Path, sql: str, name: str = "001.sql") -> Path:
    path = directory / name
    path.write_text(sql)
    return path


def alembic_project(directory: Path, *, env: str | None = None, revisions: int = 1) -> Path:
    (directory / "versions").mkdir(parents=True)
    (directory / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    (directory / "env.py").write_text(
        env
        or "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n"
        "url = os.environ['DATABASE_URL'].replace('postgresql://', 'postgresql+psycopg://', 1)\n"
        "with create_engine(url).connect() as connection:\n"
        "    context.configure(connection=connection)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n"
    )
    for number in range(1, revisions + 1):
        down = f"'000{number - 1}'" if number > 1 else "None"
        (directory / "versions" / f"000{number}_a.py").write_text(
            f"'''Revision {number}.'''\nfrom alembic import op\nrevision = '000{number}'\ndown_revision = {down}\n"
            "def upgrade():\n    op.execute(\"SET LOCAL lock_timeout = '2s'\")\n"
            f"    op.execute('ALTER TABLE customers ADD COLUMN c{number} int')\n"
            f"def downgrade():\n    op.execute('ALTER TABLE customers DROP COLUMN c{number}')\n"
        )
    return directory / "alembic.ini"


def test_a_safe_script_is_safe_and_silent(shop: str, tmp_path: Path):
    done = rehearse("run", "--from", shop, "--sql", script(tmp_path, SAFE), "--format", "json", cwd=tmp_path)

    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["findings"]) == (0, "safe", [])
    assert done.stderr == ""
    assert report["steps"][0]["outcome"] == "applied"
    assert {"action": "added", "kind": "column", "object": "public.customers.note"}.items() <= next(
        change for change in report["schema_changes"] if change["kind"] == "column"
    ).items()


def test_a_script_that_fails_is_unsafe(shop: str, tmp_path: Path):
    sql = "SET lock_timeout = '2s'; ALTER TABLE customers ADD CONSTRAINT few CHECK (id < 100);"

    done = rehearse("run", "--from", shop, "--sql", script(tmp_path, sql), "--format", "json", cwd=tmp_path)

    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (1, "unsafe")
    assert [found["check"] for found in report["findings"] if found["severity"] == "block"] == ["step-failed"]


def test_a_snapshot_is_taken_once_and_rehearsed_without_its_source(shop: str, tmp_path: Path):
    taken = rehearse("snapshot", shop, "-o", "snap", cwd=tmp_path)
    done = rehearse("run", "--from", "snap", "--sql", script(tmp_path, SAFE), cwd=tmp_path)

    assert taken.returncode == 0, taken.stderr
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "SAFE")


def test_alembic_nothing_pending_is_safe_and_says_so(server: Server, database: str, shop: str, tmp_path: Path):
    ini = alembic_project(tmp_path / "app")
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")

    done = rehearse("run", "--from", shop, "--alembic", ini, cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing is pending" in done.stdout


def test_alembic_without_revisions_is_undecided(shop: str, tmp_path: Path):
    ini = alembic_project(tmp_path / "app", revisions=0)

    done = rehearse("run", "--from", shop, "--alembic", ini, cwd=tmp_path)

    assert done.returncode == 3
    assert "No revisions were found" in done.stdout


def test_a_production_that_cannot_be_read_is_undecided_in_json_too(tmp_path: Path):
    words = ("run", "--format", "json", "--from", "postgresql://nobody:hush@127.0.0.1:1/shop", "--sql")

    failed = rehearse(*words, script(tmp_path, SAFE), cwd=tmp_path)
    wrong = rehearse(*words, "missing.sql", cwd=tmp_path)

    told = json.loads(failed.stdout)
    assert (failed.returncode, told["verdict"]) == (3, "undecided")
    assert told["reasons"][0].startswith("Cannot connect to postgresql://nobody@127.0.0.1:1/shop")
    assert "hush" not in failed.stdout + failed.stderr
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_a_configuration_file_is_enough(shop: str, tmp_path: Path):
    alembic_project(tmp_path, revisions=2)

    wrote = rehearse("init", cwd=tmp_path)
    done = rehearse("run", "--format", "json", cwd=tmp_path, PRODUCTION_URL=shop)

    assert wrote.returncode == 0
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "safe"), done.stderr
    assert [step["id"] for step in json.loads(done.stdout)["steps"]] == ["0001", "0002"]


def test_a_target_before_the_head_leaves_the_rest(shop: str, tmp_path: Path):
    ini = alembic_project(tmp_path / "app", revisions=3)

    done = rehearse("run", "--from", shop, "--alembic", ini, "--to", "0002", "--format", "json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert [step["id"] for step in json.loads(done.stdout)["steps"]] == ["0001", "0002"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--from", "postgresql://me:hush@127.0.0.1:1/shop", "--sql", "ok.sql"], 3, "Cannot connect"),
        (["--from", "{url}_missing", "--sql", "ok.sql"], 3, "Cannot connect"),
        (["--from", "postgresql://nobody:hush@/{name}?host={dir}", "--sql", "ok.sql"], 3, "nobody"),
        (["--from", "{url}", "--alembic", "nowhere/alembic.ini"], 2, "alembic.ini"),
        (["--from", "{url}", "--alembic", "app/alembic.ini", "--to", "beef"], 2, "beef"),
        (["--from", "{url}", "--alembic", "broken/alembic.ini"], 3, "boom"),
        (["--from", "{url}", "--sql", "nowhere.sql"], 2, "nowhere.sql"),
        (["--from", "{url}", "--sql", "app"], 2, "no .sql files"),
        (["--from", "{url}"], 2, "how to migrate"),
        (["--from", "nonsense", "--sql", "ok.sql"], 2, "no environment named"),
        (["--sql", "ok.sql"], 2, "no production"),
        (["--from", "{url}", "--sql", "ok.sql", "--alembic", "app/alembic.ini"], 2, "exclude"),
        (["--from", "{url}", "--sql", "ok.sql", "--to", "0001"], 2, "Alembic revision"),
        (["--from", "{url}", "--sql", "ok.sql", "--max-blocking", "soon"], 2, "not a duration"),
    ],
)
def test_bad_requests_get_a_sentence(
    server: Server, database: str, shop: str, tmp_path: Path, words: list[str], code: int, says: str
):
    script(tmp_path, SAFE, "ok.sql")
    alembic_project(tmp_path / "app")
    alembic_project(tmp_path / "broken", env="raise ValueError('boom')\n")
    filled = [word.format(url=shop, name=database, dir=server.socket_dir) for word in words]
    filled = [re.sub(r"/(t_\w+)\?(.*)_missing", r"/\1_missing?\2", word) for word in filled]

    done = rehearse("run", *filled, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr
    assert not list(tmp_path.glob(".*")), "something half-written"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[migration]\ntool = 'sql'\n", 'did you mean "migrations"?'),
        ("[policy]\nmax_blocking = 'long'\n", "not a duration"),
        ("[environments.production]\nurl = '${NOT_SET}'\n", "NOT_SET"),
        ("[environments.production]\nprovider = 'embedded'\n", "neither a url nor a snapshot"),
        ("[policy\n", "not TOML"),
        ("[[policy.acknowledge]]\ncheck = 'rows-lost'\nobject = '*'\n", "reason"),
    ],
)
def test_bad_configuration_gets_a_sentence(tmp_path: Path, toml: str, says: str):
    script(tmp_path, toml, "rehearse.toml")

    done = rehearse("run", "--sql", script(tmp_path, SAFE), cwd=tmp_path)

    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_snapshot_is_refused(shop: str, tmp_path: Path):
    rehearse("snapshot", shop, "-o", "snap", cwd=tmp_path)
    data = next((tmp_path / "snap" / "data").iterdir())
    data.write_text(data.read_text() + "501\tsomebody\n")

    done = rehearse("run", "--from", "snap", "--sql", script(tmp_path, SAFE), cwd=tmp_path)

    assert done.returncode == 3
    assert f"data/{data.name} was changed" in done.stderr


def test_a_snapshot_directory_is_never_overwritten(shop: str, tmp_path: Path):
    (tmp_path / "snap").mkdir()

    done = rehearse("snapshot", shop, "-o", "snap", cwd=tmp_path)

    assert done.returncode == 2
    assert "exists already" in done.stderr


def test_a_full_disk_leaves_nothing(shop: str, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20k", "none", disk], check=False).returncode
    ):
        pytest.skip("mounting a small disk needs root and a kernel that lets it")
    try:
        done = rehearse("snapshot", shop, "-o", "disk/snap", cwd=tmp_path)
        left = list(disk.iterdir())
    finally:
        subprocess.run(["umount", disk], check=True)

    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert left == []


THROWN_AWAY = """
import signal, time, weakref
from rehearse.cli import interrupts

class Referent: ...

interrupts.insist()
referent = Referent()
reference = weakref.ref(referent, lambda _: signal.raise_signal(signal.{}))
try:
    del referent
    time.sleep(20)
except KeyboardInterrupt:
    print("heard")
"""
IMPORTING = """
import sys
from rehearse.__main__ import main

class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Pressed())
main()
"""
WRAPPED = """
import rehearse.cli

class Odd:
    def __set_name__(self, owner, name):
        raise KeyboardInterrupt

def called():
    try:
        type("Made", (), {"odd": Odd()})
    except KeyboardInterrupt as interrupt:  # Python 3.12 and newer do not wrap it
        raise RuntimeError from interrupt

rehearse.cli.application = lambda only: called
rehearse.cli.main()
"""


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_that_python_throws_away_comes_again(name: str):
    done = run_python(THROWN_AWAY.format(name))

    assert (done.returncode, done.stdout, done.stderr) == (0, "heard\n", "")


def test_an_interrupt_that_was_wrapped_in_another_error_is_one():
    done = run_python(WRAPPED)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("rehearse: Interrupted: nothing was judged.")


def test_an_interrupt_while_the_tool_is_imported_is_one():
    done = run_python(IMPORTING)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("rehearse: Interrupted: nothing was judged.")


@pytest.mark.parametrize("delay", [0.3, 0.8, 1.3, 2.0, 2.6])
def test_ctrl_c_at_any_moment_leaves_no_server_and_no_file(shop: str, tmp_path: Path, delay: float):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    slow = script(tmp_path, "SELECT pg_sleep(30);")
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearse", "run", "--from", shop, "--sql", slow],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(delay)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (3, ""), err
    assert "Interrupted" in err
    assert list(temporary.iterdir()) == []
    assert (
        str(temporary) not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    )


def test_the_source_is_only_read_over_a_whole_run(server: Server, database: str, shop: str, tmp_path: Path):
    counters = (
        "SELECT tup_inserted + tup_updated + tup_deleted, xact_rollback >= 0, temp_files FROM pg_stat_database "
        "WHERE datname = current_database()"
    )
    with server.connect(database) as connection:
        while (before := connection.execute(counters).fetchone()) < (500,):  # the fixture's own rows are counted late
            time.sleep(0.02)
        locks = LockWitness(server.dsn(database))
        with locks:
            done = rehearse("run", "--from", shop, "--sql", script(tmp_path, SAFE), cwd=tmp_path)
        after = connection.execute(counters).fetchone()

    assert done.returncode == 0
    assert after == before
    assert locks.modes == {"AccessShareLock"}


class LockWitness:
    """Blocks nobody; collects the modes of relation locks of others until it is left."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.modes: set[str] = set()

    def __enter__(self) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def _watch(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            while not self.stop.wait(0.002):
                found = connection.execute(
                    "SELECT DISTINCT mode FROM pg_locks WHERE locktype = 'relation' AND pid <> pg_backend_pid() "
                    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
                self.modes |= {mode for (mode,) in found}


def test_an_older_production_on_a_newer_stage_says_so(server15: Server, database15: str, tmp_path: Path):
    with server15.connect(database15) as connection:
        connection.execute("CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL)")
    script(tmp_path, "[engine]\nuse = 'embedded'\n", "rehearse.toml")
    url = f"postgresql://rehearse@/{database15}?host={server15.socket_dir}"

    done = rehearse("run", "--from", url, "--sql", script(tmp_path, SAFE), "--format", "json", cwd=tmp_path)

    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (0, "safe")
    assert report["fidelity"]["versions_differ"] is True
    assert report["fidelity"]["stage_version"].startswith("18.")
    assert report["fidelity"]["source_version"].startswith("15.")


def test_every_check_is_listed(tmp_path: Path):
    assert set(registry.checks()) <= set(rehearse("checks", cwd=tmp_path).stdout.split())


@pytest.mark.parametrize("name", registry.checks())
def test_every_check_is_explained_with_its_sample(name: str):
    told = CliRunner().invoke(application("checks"), ["checks", name]).stdout

    assert all(word in told for word in ("Condition", "Effect", "Remedy", "unsafe:", "safe:"))


def test_help_names_every_command(tmp_path: Path):
    done = rehearse("--help", cwd=tmp_path)

    assert done.returncode == 0
    assert all(word in done.stdout for word in ("demo", "init", "run", "snapshot", "checks", "doctor"))


@pytest.mark.parametrize("words", [("run", "--from", "prodution"), ("snapshot", "prodution", "-o", "here")])
def test_a_misspelt_environment_is_taken_for_no_snapshot(tmp_path: Path, words: tuple[str, ...]):
    (tmp_path / "rehearse.toml").write_text('[environments.production]\nurl = "postgresql://db.example/shop"\n')

    done = rehearse(*words, cwd=tmp_path)

    assert done.returncode == 2
    assert 'There is no environment named "prodution"; did you mean "production"?' in done.stderr


def test_a_project_that_cannot_be_written_to_gets_a_sentence(tmp_path: Path):
    (tmp_path / "rehearse.toml").symlink_to(tmp_path / "nowhere" / "rehearse.toml")

    done = rehearse("init", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "rehearse: rehearse.toml could not be written: No such file or directory.",
        "Make the directory writable, or name another.",
    ]
