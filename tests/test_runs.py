"""Runs that were kept: whole or not at all, opened again without a database, judged again."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import evidence, rehearsal
from test_cli import alembic_project, rehearse, script

from rehearse import judge, runs
from rehearse.engine.server import Server
from rehearse.model.report import Report
from rehearse.model.retention import Retention

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
UNSAFE = "SET lock_timeout = '2s';\nALTER TABLE customers DROP COLUMN name CASCADE;\n"


def report(number: int = 0, **fields: object) -> Report:
    at = NOON + timedelta(minutes=number)
    found = rehearsal(id=runs.new_id(at), started_at=at, **fields)
    return judge.judge(evidence(found), (), (), at.date(), None)


@pytest.fixture
def shop(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('calm')")
        connection.execute("CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, mood mood, paid numeric)")
        connection.execute("CREATE VIEW names AS SELECT name FROM customers")
        connection.execute("INSERT INTO customers SELECT n, 'Customer ' || n FROM generate_series(1, 3000) AS n")
    return f"postgresql://rehearse@/{database}?host={server.socket_dir}"


def test_what_was_kept_is_what_was_judged(tmp_path: Path):
    kept = report()

    run, found = runs.load(runs.keep(kept, tmp_path))

    assert found == kept
    assert (run.id, run.verdict, run.started_at) == (kept.rehearsal.id, kept.verdict, NOON)


@pytest.mark.parametrize("name", ["report.json", "evidence.json.gz", "migration.log"])
@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_damaged_run_is_refused(name: str, damage: str, tmp_path: Path):
    directory = runs.keep(report(), tmp_path)
    if damage == "gone":
        (directory / name).unlink()
    else:
        (directory / name).write_bytes((directory / name).read_bytes() + b" ")

    with pytest.raises(runs.RunDamaged, match=name):
        runs.load(directory)


def test_runs_are_found_by_id_by_its_beginning_by_path_and_as_the_last(tmp_path: Path):
    first, last = (runs.keep(report(number), tmp_path) for number in (0, 1))

    assert [run.id for run in runs.runs(tmp_path)] == [first.name, last.name]
    assert runs.directory_of("last", tmp_path) == last
    assert runs.directory_of(first.name, tmp_path) == first
    assert runs.directory_of(first.name[:13], tmp_path) == first
    assert runs.directory_of(str(first), tmp_path / "elsewhere") == first
    with pytest.raises(runs.UnknownRun, match="has no run"):
        runs.directory_of("2026", tmp_path)  # both begin so
    with pytest.raises(runs.NoRuns):
        runs.directory_of("last", tmp_path / "elsewhere")


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path):
    (tmp_path / "runs").write_text("a file where the folder should be")

    with pytest.raises(runs.RunNotKept, match="could not be kept"):
        runs.keep(report(), tmp_path)


def test_a_run_of_a_later_version_is_refused(tmp_path: Path):
    directory = runs.keep(report(), tmp_path)
    told = json.loads((directory / "run.json").read_text())
    (directory / "run.json").write_text(json.dumps({**told, "format": 99}))

    with pytest.raises(runs.RunTooNew, match="format 99"):
        runs.load(directory)


def test_every_run_is_kept_beside_the_configuration_and_read_without_a_database(
    server: Server, database: str, shop: str, tmp_path: Path
):
    alembic_project(tmp_path)
    (tmp_path / "rehearse.toml").write_text(f'[environments.production]\nurl = "{shop}"\n')
    (tmp_path / "below").mkdir()

    ran = rehearse("run", "--format", "json", "--no-downgrade", cwd=tmp_path / "below")
    with server.connect() as connection:
        connection.execute(f"ALTER DATABASE {database} RENAME TO {database}_away")
    again = rehearse("report", "--format", "json", cwd=tmp_path)
    with server.connect() as connection:
        connection.execute(f"ALTER DATABASE {database}_away RENAME TO {database}")

    told = json.loads(ran.stdout)
    directory = tmp_path / ".rehearse" / "runs" / told["run"]
    assert (ran.returncode, again.returncode, ran.stderr, again.stderr) == (0, 0, "", "")
    assert json.loads(again.stdout) == told == json.loads((directory / "report.json").read_text())
    assert b"ALTER TABLE customers ADD COLUMN c1" in gzip.decompress((directory / "evidence.json.gz").read_bytes())
    assert (tmp_path / ".rehearse" / ".gitignore").read_text().splitlines()[-2:] == [".gitignore", "runs/"]


def test_a_run_is_judged_again_by_another_policy(shop: str, tmp_path: Path):
    ran = rehearse("run", "--from", shop, "--sql", script(tmp_path, UNSAFE), "--format", "json", cwd=tmp_path)
    policy = tmp_path / "other.toml"
    policy.write_text(
        '[[policy.acknowledge]]\ncheck = "column-dropped"\nobject = "public.customers.name"\nreason = "unused"\n'
        '[[policy.acknowledge]]\ncheck = "dropped-along"\nobject = "*"\nreason = "unused"\n'
    )

    told = json.loads(ran.stdout)
    same = rehearse("report", told["run"], "--format", "json", cwd=tmp_path)
    other = rehearse("report", told["run"], "--policy", policy, "--format", "json", cwd=tmp_path)

    assert told["verdict"] == "unsafe"
    assert (same.returncode, json.loads(same.stdout)) == (0, told)
    reasons = {found["acknowledged"] for found in json.loads(other.stdout)["findings"] if found["severity"] == "block"}
    assert (reasons, other.returncode) == ({"unused"}, 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("report",), "No run is kept in"),
        (("report", "20200101"), "No run is kept in"),
        (("report", "--format", "papyrus"), "There is no report format named 'papyrus'"),
        (("report", "--config", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_bad_requests_get_a_sentence(words: tuple[str, ...], says: str, tmp_path: Path):
    done = rehearse(*words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_file_is_written_whole_or_not_at_all(tmp_path: Path):
    runs.keep(report(), tmp_path / ".rehearse")

    done = rehearse("report", "--format", "json", "-o", tmp_path / "report.json", cwd=tmp_path)
    refused = rehearse("report", "-o", tmp_path / "no" / "such" / "folder.txt", cwd=tmp_path)

    assert (done.returncode, done.stdout, refused.returncode) == (0, "", 2)
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "safe"
    assert "could not be written" in refused.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [".rehearse", "report.json"]


def old(home: Path, days: float, *, environment: str | None = None, passes: bool = False) -> Path:
    """Keep a run that was rehearsed so many days before noon."""
    kept = report(round(-days * 24 * 60), inputs={"source": "shop", "environment": environment})
    return runs.keep(kept, home, **({"pass.json": b"{}"} if passes else {}))


def prunable(home: Path, retention: Retention) -> list[str]:
    return [found.path.name for found in runs.prunable(home, retention, timedelta(days=1), NOON)]


def test_runs_past_their_retention_go_the_oldest_first(tmp_path: Path):
    three, two, one = (old(tmp_path, days) for days in (3, 2, 1))

    assert prunable(tmp_path, Retention(keep=1)) == [three.name, two.name]
    assert prunable(tmp_path, Retention(keep=5, max_age=timedelta(days=2.5))) == [three.name]
    assert prunable(tmp_path, Retention(keep=3, max_age=timedelta(days=4))) == []
    assert one.is_dir()


def test_no_run_goes_whose_pass_may_still_be_asked_for(tmp_path: Path):
    superseded = old(tmp_path, 9, environment="production", passes=True)
    old(tmp_path, 8, environment="production", passes=True)  # the newest of production
    old(tmp_path, 7, environment="qa", passes=True)
    without = old(tmp_path, 6, environment="qa")
    old(tmp_path, 0.9, environment="dev", passes=True)  # as young as a pass may be
    old(tmp_path, 0.1, environment="dev", passes=True)
    old(tmp_path, 0)

    assert prunable(tmp_path, Retention(keep=1)) == [superseded.name, without.name]


def test_a_run_that_was_removed_halfway_or_written_halfway_is_none_and_goes_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    gone = old(tmp_path, 5)
    old(tmp_path, 0)
    strange = tmp_path / "runs" / ".of-somebody"
    strange.mkdir()
    with monkeypatch.context() as stopped:
        stopped.setattr(shutil, "rmtree", lambda _: (_ for _ in ()).throw(OSError(5, "the disk failed")))
        with pytest.raises(runs.RunNotRemoved, match="the disk failed"):
            runs.remove(runs.prunable(tmp_path, Retention(keep=1), timedelta(days=1), NOON)[0])
    (half,) = (path for path in (tmp_path / "runs").iterdir() if path.name.startswith(f".{gone.name}."))

    listed = [run.id for run in runs.runs(tmp_path)]
    left = []
    for seconds in (3500, 3700):
        for path in (*half.iterdir(), half, strange):
            os.utime(path, (NOON.timestamp() - seconds, NOON.timestamp() - seconds))
        left.append(prunable(tmp_path, Retention(keep=1)))

    assert gone.name not in listed
    assert len(listed) == 1
    assert left == [[], [half.name]]


def test_pruning_by_command_says_what_goes_keeps_the_register_and_has_a_generous_default(tmp_path: Path):
    home = tmp_path / ".rehearse"
    for days in (3, 2):
        runs.enter(report(), home)
        old(home, days)
    (tmp_path / "rehearse.toml").write_text('[runs]\nmax_age = "1d"\n')

    configured = rehearse("history", "--prune", "--dry-run", cwd=tmp_path)
    (tmp_path / "rehearse.toml").write_text("")
    default = rehearse("history", "--prune", cwd=tmp_path)
    flag = rehearse("history", "--prune", "--keep", "1", cwd=tmp_path)
    again = rehearse("history", "--prune", "--keep", "1", cwd=tmp_path)

    assert [each.returncode for each in (configured, default, flag, again)] == [0, 0, 0, 0]
    assert configured.stdout.count("Would remove ") == 2
    assert default.stdout == again.stdout == f"Nothing to remove in {home / 'runs'}.\n"
    assert flag.stdout.count("Removed ") == 1
    assert flag.stdout.endswith(": 1 newer ones of shop stay.\n")
    assert len(runs.register(home / "runs").entries) == 2
