"""Owned servers: started from a cached cluster, reached by a unix socket only, and never left behind."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import conninfo

from rehearse.engine import cluster, home, seclusion, variables
from rehearse.engine.account import Account, account
from rehearse.engine.binaries import Binaries
from rehearse.engine.cluster import SUPERUSER
from rehearse.engine.errors import ServerFailed
from rehearse.engine.interrupts import held_back
from rehearse.engine.residence import occupied
from rehearse.model.wording import without_values

_START_SECONDS = 60
_STOP_SECONDS = 20
_JSONLOG_SINCE = 15
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",  # with fsync off this still keeps committed tables when the postmaster dies
    "wal_level": "replica",  # as production: under minimal what is written anew leaves no log
    "max_wal_senders": "0",
    "checkpoint_timeout": "1d",  # what a checkpoint writes would be taken for the migration's
    "checkpoint_completion_target": "0",  # and be spread over all it does
    "log_checkpoints": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_locks_per_transaction": "1024",
    "max_worker_processes": "0",  # parallel workers would hide tuples read from the counters
    "autovacuum": "off",
    "track_counts": "on",
    "jit": "off",
    "logging_collector": "on",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_file_mode": "0644",
    "log_timezone": "UTC",
    "log_filename": "server.log",
}

# Given on the command line, which beats every file: nothing set later changes them.
FIXED = frozenset({*_SETTINGS, "log_directory", "log_destination", "unix_socket_directories", "port"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server of ours."""

    binaries: Binaries
    root: Path
    port: int = 5432
    passfile: Path | None = None  # with the superuser's password, where one is asked for
    layers: tuple[str, ...] = ()  # what keeps its processes in: "network namespace", ...

    @property
    def data_dir(self) -> Path:
        return self.root / "data"

    @property
    def socket_dir(self) -> Path:
        return self.root / "s"

    @property
    def hba_file(self) -> Path:
        """Return the file that says who is admitted to a secluded server."""
        return self.root / "hba"

    @property
    def log_file(self) -> Path | None:
        """Return the jsonlog, which every version from 15 on writes."""
        return self.root / "log" / "server.json" if self.binaries.major >= _JSONLOG_SINCE else None

    def dsn(self, database: str = "template1", user: str = SUPERUSER) -> str:
        """Return the conninfo of a database; the empty password keeps PGPASSWORD from outranking the file."""
        place = conninfo.make_conninfo("", host=str(self.socket_dir), port=self.port, dbname=database, user=user)
        if self.passfile is None:
            return place
        return conninfo.make_conninfo(place, passfile=str(self.passfile), password="")

    def connect(self, database: str = "template1") -> psycopg.Connection:
        """Open an autocommit connection as the bootstrap superuser."""
        return psycopg.connect(self.dsn(database), autocommit=True, prepare_threshold=None)


@contextmanager
def running(binaries: Binaries, *, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server and stop it on leaving, whatever happens; the directory it lived in goes with it.

    Meanwhile PG* variables, which mean other servers, divert no connection of this process or its children.
    To be entered from the main thread: the signal that ends the server with us follows the creating thread.
    Raises ServerFailed, NoAccount, NoCache and NoPlace.
    """
    who = account()
    with variables.put_away(), occupied(who) as root:
        server = Server(binaries=binaries, root=root)
        with _postmaster(server, who, settings or {}):
            yield server


@contextmanager
def secluded(binaries: Binaries, *, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server as `running` does, out of whose processes nothing leads, as far as the kernel grants it.

    dblink, foreign tables, subscriptions and languages that know sockets connect from there. Everybody is trusted
    until `hba_file` says otherwise; the superuser's password is then to be found in `passfile`.
    """
    who = account()
    with variables.put_away(), occupied(who) as root:
        server, told = _closable(binaries, root, who, settings or {})
        hidden = seclusion.sockets()
        with _postmaster(server, who, told, first=seclusion.entrance(hidden)) as pid:
            yield replace(server, layers=seclusion.layers(pid, hidden))


@contextmanager
def lasting(binaries: Binaries, *, root: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server as `secluded` does, in a directory of the account's; it goes on when the context is left.

    Where an error leaves it, the server is stopped, and the directory stays.
    """
    who, process = account(), None
    with variables.put_away():
        server, told = _closable(binaries, root, who, settings or {})
        hidden = seclusion.sockets()
        try:
            programs = _prepare(server, who)
            with held_back():
                process = _launch(server, programs, who.leave, told, seclusion.entrance(hidden))
            _await(server, process)
            yield replace(server, layers=seclusion.layers(process.pid, hidden))
        except BaseException:
            if process is not None:
                with held_back():
                    _stop(process)
            raise


def _closable(
    binaries: Binaries, root: Path, who: Account, settings: Mapping[str, str]
) -> tuple[Server, Mapping[str, str]]:
    """Return a server that admits everybody until its `hba_file` says otherwise, and its settings."""
    server = Server(binaries=binaries, root=root, passfile=root / "passfile")
    server.hba_file.write_text("local all all trust\n", encoding="utf-8")
    who.own(server.hba_file)
    return server, {**settings, "hba_file": str(server.hba_file)}


@contextmanager
def _postmaster(
    server: Server, who: Account, settings: Mapping[str, str], *, first: Callable[[], None] | None = None
) -> Iterator[int]:
    process = None
    try:
        programs = _prepare(server, who)
        with held_back():
            process = _launch(server, programs, who.launch, settings, first)
        _await(server, process)
        yield process.pid
    except psycopg.Error as error:
        if crash := _crash(server):
            raise ServerFailed("go on", crash) from error
        raise
    finally:
        if process is not None:
            with held_back():
                _stop(process)


def _prepare(server: Server, who: Account) -> Path:
    """Fill the server's directory; return where its programs are."""
    try:
        for path in (server.socket_dir, server.root / "log"):
            path.mkdir(mode=0o755)
            who.own(path)
        programs = home.reachable(server.binaries, who)
        cluster.copy(server.binaries, programs, who, server.data_dir)
    except (OSError, shutil.Error, subprocess.SubprocessError) as error:
        raise ServerFailed("be prepared", str(error)) from error
    return programs


def _launch(
    server: Server,
    programs: Path,
    launch: Callable[..., subprocess.Popen[bytes]],
    settings: Mapping[str, str],
    first: Callable[[], None] | None,
) -> subprocess.Popen[bytes]:
    log = {
        "log_directory": str(server.root / "log"),
        "log_destination": "jsonlog" if server.log_file else "stderr",
    }
    told = {**_SETTINGS, **log, **settings}
    options = [part for name, value in told.items() for part in ("-c", f"{name}={value}")]
    place: list[str | Path] = ["-D", server.data_dir, "-k", server.socket_dir, "-p", str(server.port)]
    try:
        with (server.root / "output").open("wb") as output:
            return launch([programs / "postgres", *place, *options], output, first=first)
    except (OSError, subprocess.SubprocessError) as error:
        raise ServerFailed("start", str(error)) from error


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until the postmaster that we started says it is ready (manual 19.3; the last line of its pid file)."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerFailed("start", _last_words(server))
        if _is_ready(server.data_dir / "postmaster.pid", process.pid):
            return
        time.sleep(0.005)
    raise ServerFailed(f"start within {_START_SECONDS} s", _last_words(server))


def _is_ready(pid_file: Path, pid: int) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return bool(lines) and lines[0] == str(pid) and lines[-1].strip() == "ready"  # an old file may say ready, too


def _last_words(server: Server) -> str:
    """Return what the server said before it ended: plain until its log collector ran, in the log from then on."""
    said = [_read(server.root / "output"), _read(server.root / "log" / "server.log")]
    if server.log_file:
        entries = [json.loads(line) for line in _read(server.log_file).splitlines() if line.endswith("}")]
        said += [f"{entry.get('error_severity')}:  {entry.get('message')}" for entry in entries]
    return "\n".join(filter(None, said))


def _crash(server: Server) -> str:
    """Return what a server said when it broke down; nothing where it did not."""
    return "\n".join(
        without_values(line)
        for line in _last_words(server).splitlines()
        if line.startswith("PANIC:") or "was terminated by signal" in line
    )


def _read(path: Path) -> str:
    return path.read_text(errors="replace").strip() if path.is_file() else ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server: a fast shutdown, an immediate one if that takes too long."""
    for sent in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(sent)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
