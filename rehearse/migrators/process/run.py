"""Running a command on the stage: confined, timed, and ended with its whole tree."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.errors import RehearseError, RequestError
from rehearse.migrators.hook.rehearse_hook.target import Target, parts_of, targets_of
from rehearse.migrators.process import variables
from rehearse.model.migration import MigrationPlan
from rehearse.model.stage import Stage

_LAUNCHER = Path(__file__).with_name("launcher.py")
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_GRACE_SECONDS = 2
_LAST_BYTES = 200_000


class NotTheStage(RehearseError):
    """The address of the stage leads to another database."""

    def __init__(self, database: str) -> None:
        super().__init__(
            f"The database {database} at the stage's address does not carry this stage's token: nothing was played.",
            "Raise the stage again.",
        )


class CommandNotFound(RequestError):
    """The command that is to migrate does not exist."""

    def __init__(self, program: str, directory: Path) -> None:
        super().__init__(
            f"The command {program!r} that is to migrate was not found or may not be executed (in {directory}).",
            "Give its path in migrations.command, or migrations.python, whose directory then comes first on PATH.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended."""

    status: int
    output: str  # its last lines, not redacted
    journal: tuple[Mapping[str, object], ...]  # the hook's events, in order
    timed_out: bool
    isolation: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where commands of one plan are run: the stage, and a private directory for home, journal and output."""

    plan: MigrationPlan
    stage: Stage
    private: Path
    environment: Mapping[str, str]
    declared: tuple[Target, ...]


@contextmanager
def ground(
    plan: MigrationPlan,
    stage: Stage,
    environ: Mapping[str, str],
    *,
    declared: tuple[str, ...] = (),
    interpreter: Path | None = None,
) -> Iterator[Ground]:
    """Make a private directory and the environment; raises NotTheStage and what `variables.scrubbed` raises."""
    _check_token(stage)
    with tempfile.TemporaryDirectory(prefix="rehearse-", ignore_cleanup_errors=True) as name:
        private = Path(name)
        environment = variables.scrubbed(
            environ, handed=plan.env, address=stage.address, private=private, interpreter=interpreter
        )
        targets = tuple(target for url in (*plan.declared, *declared) for target in targets_of(parts_of(url), {}))
        yield Ground(plan=plan, stage=stage, private=private, environment=environment, declared=targets)


def run(on: Ground, command: tuple[str, ...], *, limit: timedelta, extra: Mapping[str, str] | None = None) -> Ended:
    """Run a command to its end, or kill it and everything it started at the limit or on Ctrl-C.

    Raises CommandNotFound.
    """
    settings, hook = on.private / "confinement.json", on.private / "hook.json"
    status, journal, printed = on.private / "status.json", on.private / "journal", on.private / "output"
    for stale in (status, journal, printed):
        stale.unlink(missing_ok=True)
    settings.write_text(json.dumps(_confinement(on, status)), encoding="utf-8")
    hook.write_text(json.dumps(_hook_settings(on, journal)), encoding="utf-8")
    environment = {**on.environment, "REHEARSE_HOOK": str(hook), **(extra or {})}
    with printed.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(settings), *command],
            cwd=on.plan.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        exit_status, timed_out = _wait(process, limit)
    if exit_status in (_NOT_FOUND, _NOT_EXECUTABLE) and not printed.stat().st_size:
        raise CommandNotFound(command[0], on.plan.directory)
    isolation, notes = _granted(status)
    return Ended(
        status=exit_status,
        output=printed.read_bytes()[-_LAST_BYTES:].decode(errors="replace"),
        journal=_events(journal),
        timed_out=timed_out,
        isolation=("scrubbed environment", *isolation),
        notes=notes,
    )


def _check_token(stage: Stage) -> None:
    """Make sure that the address the project will be given is the stage's: by its token."""
    try:
        with connect_stage(stage.address.url) as connection:
            row = connection.execute(query("migrators/token", stage.server_major)).fetchone()
    except psycopg.Error as error:
        raise NotTheStage(stage.address.database) from error
    if row is None or row[0] != stage.address.token:
        raise NotTheStage(stage.address.database)


def _confinement(on: Ground, status: Path) -> dict[str, object]:
    address = on.stage.address
    return {
        "socket": str(address.socket_dir / f".s.PGSQL.{address.port}"),
        "hide": sorted({target.host for target in on.declared if target.host.startswith("/")}),
        "status": str(status),
        "parent": os.getpid(),
    }


def _hook_settings(on: Ground, journal: Path) -> dict[str, object]:
    address = on.stage.address
    return {
        "journal": str(journal),
        "stage": {
            "host": str(address.socket_dir),
            "port": address.port,
            "user": address.user,
            "database": address.database,
            "url": variables.stage_url(address),
        },
        "declared": [list(target) for target in on.declared],
    }


def _wait(process: subprocess.Popen[bytes], limit: timedelta) -> tuple[int, bool]:
    try:
        return process.wait(max(limit.total_seconds(), 0.01)), False
    except subprocess.TimeoutExpired:
        return _kill(process), True
    except BaseException:
        _kill(process)
        raise


def _kill(process: subprocess.Popen[bytes]) -> int:
    """Ask the process group to end, then kill the launcher: what it confined ends with it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_GRACE_SECONDS)
    return process.wait()


def _granted(status: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the layers the kernel granted, and a sentence for each that it refused."""
    try:
        told = json.loads(status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return (), ("It is not known how far the kernel confined the migrating process.",)
    missing = [
        name for name in ("network namespace", "mount namespace", "process namespace") if name not in told["layers"]
    ]
    notes = [f"The kernel granted no {name} for the migrating process." for name in missing]
    if told["reachable"]:
        notes.append(f"{told['reachable']} unix sockets of other programs stayed reachable for the migrating process.")
    return tuple(told["layers"]), tuple(notes)


def _events(journal: Path) -> tuple[Mapping[str, object], ...]:
    if not journal.is_file():
        return ()
    return tuple(json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines() if line.endswith("}"))
