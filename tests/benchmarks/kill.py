"""A snapshot killed at random moments: is a part of one ever taken for one, and is what is left put away?

    python tests/benchmarks/kill.py [moments] [seed]

`rehearse snapshot` is started in a process group of its own, the group is killed with SIGKILL after a random part of
the time a whole run takes, and every directory that is left is offered to `archive.read`. After each kill the command
is run to its end under the same name, and `--prune` has to remove what the kill left once it is old enough.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rehearse import archive
from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.errors import RehearseError

SCHEMA = """
CREATE TABLE people (id int PRIMARY KEY, name text, email text, payload jsonb);
CREATE TABLE orders (id int PRIMARY KEY, person int REFERENCES people, note text);
INSERT INTO people SELECT n, 'Name' || n, 'm' || n || '@corp.com', jsonb_build_object('k', 'v' || n)
  FROM generate_series(1, 20000) n;
INSERT INTO orders SELECT n, 1 + n % 20000, 'note of ' || n FROM generate_series(1, 40000) n;
ANALYZE;
"""
_BEYOND = 1.3  # of a run that was measured once: the last phases must be met on a busy machine, too
LONG_AGO = 6 * 3600  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the kills."""

    whole_seconds: float  # of a run that nobody kills
    killed: int  # before it was done
    finished: int  # was quicker than its kill
    left: int  # directories under a temporary name
    accepted_partial: int  # directories that `archive.read` took although the run was killed
    next_failed: int
    left_after_prune: int


def main(moments: int = 30, seed: int = 1) -> None:
    with tempfile.TemporaryDirectory() as directory, running(resolve(None, use="embedded").binaries) as server:
        with server.connect() as admin:
            admin.execute("CREATE DATABASE killed TEMPLATE template0 STRATEGY FILE_COPY")
        print(kill(server, "killed", Path(directory), moments=moments, seed=seed))


def kill(server: Server, database: str, directory: Path, *, moments: int, seed: int) -> Outcome:
    """Kill a snapshot of a database at some moments of its run."""
    with server.connect(database) as connection:
        connection.execute(SCHEMA)
    url, chance = server.dsn(database), random.Random(seed)  # noqa: S311 - moments, no secrets
    whole = _whole_seconds(url, directory / "whole")
    killed = finished = left = accepted = failed = remained = 0
    for number in range(moments):
        place = directory / f"kill{number}"
        place.mkdir()
        # spread over the whole run, so that few kills do not all meet the same phase
        done = _killed_after(url, place / "s", _BEYOND * whole * (number + chance.random()) / moments)
        killed, finished = killed + (not done), finished + done
        left += len(hidden := [path for path in place.iterdir() if path.name.startswith(".")])
        accepted += sum(_is_accepted(path) for path in hidden)
        accepted += (place / "s").exists() and not _is_accepted(place / "s")
        failed += (not done and not (place / "s").exists()) and bool(_run(url, place / "s").wait())
        _age(hidden)
        _prune(place)
        remained += len([path for path in place.iterdir() if path.name.startswith(".")])
        failed += not _is_accepted(place / "s")
    return Outcome(
        whole_seconds=whole, killed=killed, finished=finished, left=left, accepted_partial=accepted,
        next_failed=failed, left_after_prune=remained,
    )  # fmt: skip


def _run(url: str, directory: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "rehearse", "snapshot", url, "-o", directory, "--rows", "5000"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet)


def _whole_seconds(url: str, directory: Path) -> float:
    began = time.monotonic()
    assert _run(url, directory).wait() == 0
    return time.monotonic() - began


def _killed_after(url: str, directory: Path, seconds: float) -> bool:
    """Start a run and kill its group; say whether it was done by then."""
    process = _run(url, directory)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return process.returncode == 0


def _is_accepted(directory: Path) -> bool:
    try:
        archive.read(directory)
    except RehearseError:
        return False
    return True


def _age(directories: list[Path]) -> None:
    then = time.time() - LONG_AGO
    for directory in directories:
        for path in (*directory.rglob("*"), directory):
            os.utime(path, (then, then))


def _prune(directory: Path) -> None:
    command = [sys.executable, "-m", "rehearse", "snapshot", "--prune", directory, "--keep", "5"]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
