"""Owned servers: started from a cached cluster, reached by a unix socket only, and never left behind."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import conninfo

from rehearse.engine import home
from rehearse.engine.binaries import Binaries
from rehearse.engine.home import Account
from rehearse.errors import RehearseError

SUPERUSER = "rehearse"
_PREFIX = "rehearse-server-"
_PR_SET_PDEATHSIG = 1
_START_SECONDS = 60
_STOP_SECONDS = 20
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",  # with fsync off this still keeps committed tables when the postmaster dies
    "wal_level": "minimal",
    "max_wal_senders": "0",
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


class ServerFailed(RehearseError):
    """An owned server did not start."""

    def __init__(self, doing: str, output: str) -> None:
        last = "\n".join(output.strip().splitlines()[-8:])
        super().__init__(f"An embedded PostgreSQL could not {doing}: {last}", "`rehearse doctor` shows what was tried.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server of ours."""

    binaries: Binaries
    root: Path
    port: int = 5432

    @property
    def data_dir(self) -> Path:
        return self.root / "data"

    @property
    def socket_dir(self) -> Path:
        return self.root / "s"

    @property
    def log_file(self) -> Path:
        """Return the jsonlog, which every version from 15 on writes."""
        return self.root / "log" / "server.json"

    def dsn(self, database: str = "template1", user: str = SUPERUSER) -> str:
        return conninfo.make_conninfo("", host=str(self.socket_dir), port=self.port, dbname=database, user=user)

    def connect(self, database: str = "template1") -> psycopg.Connection:
        """Open an autocommit connection as the bootstrap superuser."""
        return psycopg.connect(self.dsn(database), autocommit=True, prepare_threshold=None)


@contextmanager
def running(binaries: Binaries, *, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server and stop it on leaving, whatever happens.

    To be entered from the main thread: the signal that ends the server with us follows the creating thread
    (prctl(2), PR_SET_PDEATHSIG). Raises ServerFailed.
    """
    sweep()
    who = home.account()
    root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_short_temporary()))
    with (root / "owner").open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)  # held by a living tool: sweep() takes what nobody holds
        process = None
        try:
            server = Server(binaries=binaries, root=root)
            programs = home.reachable(binaries, who)
            _prepare(server, programs, who)
            process = _start(server, programs, who, {**_SETTINGS, **_logging(server), **(settings or {})})
            _await(server, process)
            yield server
        finally:
            if process is not None:
                _stop(process)
            shutil.rmtree(root, ignore_errors=True)


def sweep() -> tuple[Path, ...]:
    """Remove what tools that were killed have left: stop their servers, delete their directories."""
    removed = []
    for root in _short_temporary().glob(f"{_PREFIX}*"):
        try:
            with (root / "owner").open("r+") as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _kill_postmaster(root / "data" / "postmaster.pid")
                shutil.rmtree(root, ignore_errors=True)
                removed.append(root)
        except OSError:  # locked by a living tool, somebody else's, or not finished being made
            continue
    return tuple(removed)


def _short_temporary() -> Path:
    """Return a temporary directory whose socket path fits the 107 bytes a unix socket may have."""
    preferred = Path(tempfile.gettempdir())
    length = len(os.fsencode(preferred / f"{_PREFIX}12345678" / "s" / ".s.PGSQL.5432"))
    return preferred if length <= 107 and os.access(preferred, os.X_OK) else Path("/tmp")  # noqa: S108, PLR2004 - sun_path


def _prepare(server: Server, programs: Path, who: Account) -> None:
    """Fill the server's directory from the cached cluster of its version."""
    template = _template(server.binaries, programs, who)
    server.root.chmod(0o755)
    for path in (server.socket_dir, server.root / "log"):
        path.mkdir(mode=0o755)
    subprocess.run(["cp", "-a", "--reflink=auto", template, server.data_dir], check=True, capture_output=True)
    if who.is_other:
        for path in (server.socket_dir, server.root / "log"):
            os.chown(path, who.uid, who.gid)


def _template(binaries: Binaries, programs: Path, who: Account) -> Path:
    """Return a cluster made by initdb once for each version and account."""
    path = home.cache() / f"cluster-{binaries.version}-{who.uid}"
    with home.locked(home.cache() / "cluster.lock"):
        if not path.is_dir():
            _initdb(binaries, programs, who, path)
    return path


def _initdb(binaries: Binaries, programs: Path, who: Account, path: Path) -> None:
    making = path.with_name(f"{path.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    if who.is_other:
        os.chown(making, who.uid, who.gid)
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if binaries.major >= 17  # noqa: PLR2004 - the builtin provider came with 17
        else ["--locale=C"]
    )
    checksums = ["--no-data-checksums"] if binaries.major >= 18 else []  # noqa: PLR2004 - on by default from 18
    done = subprocess.run(
        [programs / "initdb", "-D", making, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "-N", *locale, *checksums],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=who.other_uid,
        group=who.other_gid,
        extra_groups=who.no_groups,
    )
    if done.returncode:
        shutil.rmtree(making, ignore_errors=True)
        raise ServerFailed("initialise its data directory", done.stderr or done.stdout)
    making.rename(path)


def _logging(server: Server) -> dict[str, str]:
    where = {"log_directory": str(server.root / "log")}
    return {**where, "log_destination": "jsonlog"} if server.binaries.major >= 15 else where  # noqa: PLR2004 - jsonlog came with 15


def _start(server: Server, programs: Path, who: Account, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (server.root / "output").open("wb") as output:
        return subprocess.Popen(
            [programs / "postgres", "-D", server.data_dir, "-k", server.socket_dir, "-p", str(server.port), *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,  # the terminal's Ctrl-C is for us; we stop the server
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - prctl has no other place
            user=who.other_uid,
            group=who.other_gid,
            extra_groups=who.no_groups,
        )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until the postmaster that we started says it is ready."""
    pid_file = server.data_dir / "postmaster.pid"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerFailed("start", _output(server))
        try:
            lines = pid_file.read_text().splitlines()
        except OSError:
            lines = []
        if len(lines) >= 8 and lines[0].strip() == str(process.pid) and lines[7].strip() == "ready":  # noqa: PLR2004 - its eighth line
            return
        time.sleep(0.01)
    raise ServerFailed(f"start within {_START_SECONDS} s", _output(server))


def _output(server: Server) -> str:
    files = (server.root / "output", server.log_file, server.root / "log" / "server.log")
    return "\n".join(path.read_text(errors="replace") for path in files if path.is_file())


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


def _kill_postmaster(pid_file: Path) -> None:
    """Stop a postmaster whose tool is gone, if the process is still the one that wrote the file."""
    try:
        lines = pid_file.read_text().splitlines()
        pid = int(lines[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return
    if os.fsencode(pid_file.parent) in command:
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + _STOP_SECONDS
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
