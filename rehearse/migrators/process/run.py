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
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.errors import RehearseError, RequestError
from rehearse.migrators.hook.rehearse_hook.target import Target, parts_of, targets_of
from rehearse.migrators.process import activity, variables
from rehearse.migrators.process.limits import Exceeded, Limits, Pace
from rehearse.model.addresses import unreached
from rehearse.model.migration import ForeignConnection, MigrationPlan, Stopped
from rehearse.model.stage import Stage

_LAUNCHER = Path(__file__).with_name("launcher.py")
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_GRACE_SECONDS = 2
_LOOK_SECONDS = 0.1
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
    ended_at: datetime
    stopped: Stopped | None  # at a limit
    isolation: tuple[str, ...]
    notes: tuple[str, ...]
    connections: tuple[ForeignConnection, ...]  # that the hook did not see and libpq complained of


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
        given = variables.searching(environ, plan.search)
        environment = variables.scrubbed(
            given, handed=plan.env, address=stage.address, private=private, interpreter=interpreter
        )
        targets = tuple(target for url in (*plan.declared, *declared) for target in targets_of(parts_of(url), {}))
        yield Ground(plan=plan, stage=stage, private=private, environment=environment, declared=targets)


def run(on: Ground, command: tuple[str, ...], limits: Limits, *, extra: Mapping[str, str] | None = None) -> Ended:
    """Run a command to its end, or end it and everything it started at a limit or on Ctrl-C.

    Raises CommandNotFound.
    """
    settings, hook = on.private / "confinement.json", on.private / "hook.json"
    status, journal, printed = on.private / "status.json", on.private / "journal", on.private / "output"
    for stale in (status, journal, printed):
        stale.unlink(missing_ok=True)
    _stacks(on).mkdir(exist_ok=True)
    settings.write_text(json.dumps(_confinement(on, status)), encoding="utf-8")
    hook.write_text(json.dumps(_hook_settings(on, journal, status)), encoding="utf-8")
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
        exit_status, stopped = _wait(process, Pace(limits=limits, journal=journal, step=limits.step), on)
    if exit_status in (_NOT_FOUND, _NOT_EXECUTABLE) and not printed.stat().st_size:
        raise CommandNotFound(command[0], on.plan.directory)
    isolation, notes = _granted(status)
    said = printed.read_bytes()[-_LAST_BYTES:].decode(errors="replace")
    return Ended(
        status=exit_status,
        output=said,
        journal=_events(journal),
        ended_at=datetime.now(UTC),
        stopped=stopped,
        isolation=("scrubbed environment", *isolation),
        notes=notes,
        connections=tuple(dict.fromkeys(_unreached(said, on))),
    )


def _unreached(said: str, on: Ground) -> Iterator[ForeignConnection]:
    """Yield what programs without a hook (psql, pg_dump, what is written in C) say they could not connect to."""
    address = on.stage.address
    stage = {(str(address.socket_dir), str(address.port)), *((host, "5432") for host in ("127.0.0.1", "localhost"))}
    for found in unreached(said):
        if (found.host, found.port) not in stage or found.refused is not None:
            place = found.place and os.path.relpath(on.plan.directory / found.place, on.plan.directory)
            yield ForeignConnection(target=found.target, redirected=False, location=place)


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


def _hook_settings(on: Ground, journal: Path, status: Path) -> dict[str, object]:
    address = on.stage.address
    return {
        "journal": str(journal),
        "confinement": str(status),
        "stacks": str(_stacks(on)),
        "root": str(on.plan.root or on.plan.directory),
        "stage": {
            "host": str(address.socket_dir),
            "port": address.port,
            "user": address.user,
            "database": address.database,
            "url": variables.stage_url(address),
        },
        "declared": [list(target) for target in on.declared],
    }


def _stacks(on: Ground) -> Path:
    return on.private / "stacks"


def _wait(process: subprocess.Popen[bytes], pace: Pace, on: Ground) -> tuple[int, Stopped | None]:
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_LOOK_SECONDS), None
            if exceeded := pace.exceeded():
                return _stop(process, exceeded, on)
    except BaseException:
        _kill(process)
        raise


def _stop(process: subprocess.Popen[bytes], exceeded: Exceeded, on: Ground) -> tuple[int, Stopped]:
    """End a command at a limit, with its backends, having asked what it was at."""
    busy_with = activity.of_backends(on.stage)
    location = activity.of_processes(process.pid, _stacks(on), on.plan.directory, exceeded.path)
    status = _kill(process)
    activity.end_backends(on.stage)
    return status, Stopped(
        step=exceeded.step, limit=exceeded.limit, after=exceeded.after, busy_with=busy_with, location=location
    )


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
    if reachable := told["reachable"]:
        sockets = (
            "A unix socket of another program" if reachable == 1 else f"{reachable} unix sockets of other programs"
        )
        notes.append(f"{sockets} stayed reachable for the migrating process.")
    if looked := told.get("network"):
        times = "once" if looked == 1 else f"{looked} times"
        notes.append(f"The migrating process sought something on a network {times}; it has none, and found nothing.")
    return tuple(told["layers"]), tuple(notes)


def _events(journal: Path) -> tuple[Mapping[str, object], ...]:
    if not journal.is_file():
        return ()
    return tuple(json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines() if line.endswith("}"))
