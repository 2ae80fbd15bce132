"""Snapshots past their retention go, and what killed takes left; nothing else ever does."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import builders
import pytest
from benchmarks import kill
from test_archive import CATALOG, MANIFEST
from tool import tool
from typer.testing import CliRunner

from rehearse import archive
from rehearse.archive import pruning
from rehearse.cli import application
from rehearse.engine.server import Server
from rehearse.errors import RequestError
from rehearse.model.retention import Retention

NOW = builders.NOON + timedelta(days=100)


def snapshot(directory: Path, days: float, source: str = "postgresql://me@db/shop") -> Path:
    """Write a snapshot that was taken so many days ago."""
    with archive.writing(directory) as writer:
        writer.schema_dump.write_bytes(b"a dump")
        writer.data_file(1)[1].write_bytes(b"1\n2\n")
        manifest = replace(MANIFEST, source=source, taken_at=NOW - timedelta(days=days))
        writer.finish(manifest, CATALOG, builders.facts())
    return directory


def leftover(directory: Path, *, hours: float, name: str = ".nightly.abcd_123") -> Path:
    made = directory / name
    for part in ("schema", "data"):
        (made / part).mkdir(parents=True)
    (made / "data" / "0001.copy.000003").write_bytes(b"1\n")
    then = (NOW - timedelta(hours=hours)).timestamp()
    for path in (*made.rglob("*"), made):
        os.utime(path, (then, then))
    return made


def named(found: tuple[pruning.Prunable, ...]) -> list[str]:
    return [each.path.name for each in found]


def test_the_newest_of_each_source_are_kept(tmp_path: Path):
    for days in (1, 2, 3):
        snapshot(tmp_path / f"shop{days}", days)
    snapshot(tmp_path / "wiki", 50, "postgresql://me@db/wiki")

    assert named(archive.prunable(tmp_path, Retention(keep=2), NOW)) == ["shop3"]
    assert named(archive.prunable(tmp_path, Retention(keep=3), NOW)) == []


def test_what_is_older_than_allowed_goes_the_oldest_first(tmp_path: Path):
    for days in (29.9, 30.1, 70):
        snapshot(tmp_path / f"shop{days}", days)

    found = archive.prunable(tmp_path, Retention(keep=5, max_age=timedelta(days=30)), NOW)

    assert [(each.path.name, each.why) for each in found] == [
        ("shop70", "taken 70 days ago"),
        ("shop30.1", "taken 30 days ago"),
    ]


@pytest.mark.parametrize(
    "stranger", ["photos", "manifest of another", "more in it", "a link", "links inside", "hidden"]
)
def test_what_is_not_surely_a_snapshot_stays(tmp_path: Path, stranger: str):
    path = tmp_path / "old"
    if stranger == "photos":
        path.mkdir()
        (path / "cat.jpg").write_bytes(b"")
    elif stranger == "manifest of another":
        path.mkdir()
        (path / "manifest.json").write_text(json.dumps({"name": "app", "files": {}}))
    elif stranger == "more in it":
        (snapshot(path, 90) / "notes.txt").write_text("mine")
    elif stranger == "a link":
        path.symlink_to(snapshot(tmp_path.parent / f"{tmp_path.name}-elsewhere", 90))
    elif stranger == "links inside":
        (snapshot(path, 90) / "data" / "more").symlink_to(tmp_path.parent)
    else:
        snapshot(path, 90).rename(tmp_path / ".old")

    assert archive.prunable(tmp_path, Retention(keep=1, max_age=timedelta(days=1)), NOW) == ()


def test_what_a_killed_take_left_goes_after_an_hour(tmp_path: Path):
    leftover(tmp_path, hours=1.1)
    leftover(tmp_path, hours=0.9, name=".nightly.efgh_456")
    (leftover(tmp_path, hours=9, name=".config.abcd_123") / "settings").write_text("mine")
    leftover(tmp_path, hours=9, name=".git")

    assert named(archive.prunable(tmp_path, Retention(keep=1), NOW)) == [".nightly.abcd_123"]


def test_what_is_being_written_stays_however_old(tmp_path: Path):
    with archive.writing(tmp_path / "nightly") as writer:
        for path in (*writer.making.rglob("*"), writer.making):
            os.utime(path, (0, 0))

        assert archive.prunable(tmp_path, Retention(keep=1), datetime.now(UTC)) == ()


def test_a_removed_snapshot_is_gone_as_a_whole(tmp_path: Path):
    snapshot(tmp_path / "old", 90)
    leftover(tmp_path, hours=9)

    for each in archive.prunable(tmp_path, Retention(max_age=timedelta(days=30)), NOW):
        archive.remove(each)

    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_a_wrong_request(tmp_path: Path):
    with pytest.raises(RequestError, match="is no directory"):
        archive.prunable(tmp_path / "nowhere", Retention(keep=1), NOW)


def prune(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return tool("snapshot", "--prune", *words, cwd=Path.cwd())


def test_the_command_says_what_it_removes_and_a_dry_run_removes_nothing(tmp_path: Path):
    snapshot(tmp_path / "old", 90)
    snapshot(tmp_path / "new", 80)

    tried = prune(tmp_path, "--keep", "1", "--dry-run")
    assert (tried.returncode, tried.stdout) == (
        0, f"Would remove {tmp_path / 'old'}: 1 newer ones of postgresql://me@db/shop stay.\n"
    )  # fmt: skip
    assert (tmp_path / "old").is_dir()

    done = prune(tmp_path, "--keep", "1")
    assert (done.returncode, done.stdout) == (0, tried.stdout.replace("Would remove", "Removed"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]

    again = prune(tmp_path, "--keep", "1")
    assert (again.returncode, again.stdout) == (0, f"Nothing to remove in {tmp_path}.\n")


def test_the_configuration_says_how_long_unless_a_flag_does(tmp_path: Path):
    written = tmp_path / "rehearse.toml"
    written.write_text('[snapshot]\nkeep = 1\nmax_age = "2000d"\n')
    snapshot(tmp_path / "s" / "old", 90)
    snapshot(tmp_path / "s" / "new", 80)

    assert "Nothing" in prune(tmp_path / "s", "--config", written, "--keep", "2").stdout
    assert "Removed" in prune(tmp_path / "s", "--config", written).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Nothing says how long snapshots are kept."),
        (("--older-than", "soon"), '"soon" is not a duration.'),
        (("--keep", "0"), "greater than or equal to 1"),
    ],
)
def test_a_wrong_request_is_exit_code_2(tmp_path: Path, words: tuple[str, ...], said: str):
    (tmp_path / "rehearse.toml").write_text("")

    done = prune(tmp_path, *words, "--config", tmp_path / "rehearse.toml")

    assert done.returncode == 2
    assert said in done.stderr


def test_a_killed_take_leaves_no_snapshot_and_nothing_that_stays(server: Server, database: str, tmp_path: Path):
    outcome = kill.kill(server, database, tmp_path, moments=3, seed=7)

    assert outcome.killed >= 1
    assert (outcome.accepted_partial, outcome.next_failed, outcome.left_after_prune) == (0, 0, 0)


def test_snapshot_needs_a_place_unless_it_prunes():
    done = CliRunner().invoke(application("snapshot"), ["snapshot", "postgresql:///x"])

    assert done.exit_code != 0
