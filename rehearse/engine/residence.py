"""The private directory a running server lives in: gone with it, or swept up by the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from rehearse.engine import home
from rehearse.engine.account import Account, account
from rehearse.engine.errors import NoPlace
from rehearse.engine.interrupts import held_back

_PREFIX = "rehearse-server-"
_MAKING = "rehearse-making-"
LONGEST_SOCKET = 107  # bytes, of sockaddr_un.sun_path on Linux
_TEMPORARY = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - what lies there is made by mkdtemp, or checked
_STOP_SECONDS = 20


@contextmanager
def occupied(who: Account) -> Iterator[Path]:
    """Make a directory that only the account (and root) can enter; remove it on leaving."""
    root = owner = None
    try:
        with held_back():
            root, owner = _make(who)
        yield root
    finally:
        with held_back():
            if root is not None:
                shutil.rmtree(root, ignore_errors=True)
            if owner is not None:
                owner.close()


def sweep() -> tuple[Path, ...]:
    """Remove what tools that were killed have left: stop their servers, delete their directories."""
    with home.locked("servers"):
        return tuple(_sweep(account()))


def _make(who: Account) -> tuple[Path, IO[str]]:
    """Make a directory whose file `owner` is locked as long as we live: a directory nobody holds is a leftover.

    It gets its name once it is held, so that a tool with another cache, and so another lock, cannot take it for one.
    """
    with home.locked("servers"):
        for _left in _sweep(who):
            pass
        making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=_place(who)))
        owner = (making / "owner").open("w")
        fcntl.flock(owner, fcntl.LOCK_EX)
        who.own(making)
        return making.rename(making.with_name(making.name.replace(_MAKING, _PREFIX, 1))), owner


def _place(who: Account) -> Path:
    """Return the first directory that the account can reach and that is short enough for a socket inside."""
    for wanted in _places():
        socket = wanted / f"{_PREFIX}12345678" / "s" / ".s.PGSQL.5432"
        fits = len(os.fsencode(socket)) <= LONGEST_SOCKET
        if fits and os.access(wanted, os.W_OK | os.X_OK) and (not who.is_other or home.passable(wanted)):
            return wanted
    raise NoPlace(_places())


def _places() -> tuple[Path, ...]:
    """Return where servers may live: where we are told, on disk, and only then where memory is often meant."""
    told = os.environ.get("TMPDIR")
    return (*([Path(told).absolute()] if told else []), *_TEMPORARY)


def _sweep(who: Account) -> Iterator[Path]:
    for place in sorted(set(_places())):
        for root in sorted(place.glob(f"{_PREFIX}*")):
            if _is_left(root, who):
                stop_postmaster(root / "data")
                shutil.rmtree(root, ignore_errors=True)
                yield root


def _is_left(root: Path, who: Account) -> bool:
    """Say whether a directory is of ours, and no living tool holds it."""
    try:
        if root.lstat().st_uid not in {os.geteuid(), who.uid}:
            return False
        descriptor = os.open(root / "owner", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return True  # half removed: a directory has its name only once it has the file
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def stop_postmaster(data: Path) -> None:
    """Stop a postmaster whose tool is gone, if the process is still the one that wrote the file."""
    pid = _postmaster(data)
    if pid is None:
        return
    for number in (signal.SIGQUIT, signal.SIGKILL):
        if not _serves(pid, data):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + _STOP_SECONDS
        while _serves(pid, data) and time.monotonic() < deadline:
            time.sleep(0.02)


def _serves(pid: int, data: Path) -> bool:
    """Say whether a process is the postmaster of a cluster; one that has ended has no command line any more."""
    try:
        same_account = Path(f"/proc/{pid}").stat().st_uid == data.stat().st_uid
        return same_account and os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def serves(data: Path) -> bool:
    """Say whether the postmaster of a cluster runs."""
    pid = _postmaster(data)
    return pid is not None and _serves(pid, data)


def _postmaster(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
