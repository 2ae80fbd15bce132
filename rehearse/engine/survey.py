"""What the engine finds on this machine, for people who ask why."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rehearse.engine import home
from rehearse.engine.account import account
from rehearse.engine.binaries import Binaries, Choice, find_all, resolve
from rehearse.engine.residence import sweep
from rehearse.engine.server import running
from rehearse.errors import RehearseError

_UNSHARE = "import ctypes, sys; sys.exit(ctypes.CDLL(None, use_errno=True).unshare(int(sys.argv[1])) != 0)"
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Binaries, the choice among them, and whether a server starts."""

    found: tuple[Binaries, ...]
    choice: Choice
    account: str  # servers run as
    cache: Path
    swept: tuple[Path, ...]  # left by tools that were killed, and removed now
    start_seconds: float | None  # None: it did not start
    failure: str | None
    isolation: bool  # the kernel lets a migration be shut in a network and mount namespace


def survey(source_major: int | None = None, *, use: str = "auto", bin_dir: Path | None = None) -> Survey:
    """Look for binaries and start a server of the chosen ones; raises what choosing raises."""
    swept, choice = sweep(), resolve(source_major, use=use, bin_dir=bin_dir)
    seconds, failure = _start(choice.binaries)
    return Survey(
        found=find_all(),
        choice=choice,
        account=account().name,
        cache=home.cache(),
        swept=swept,
        start_seconds=seconds,
        failure=failure,
        isolation=namespaces_work(),
    )


def _start(binaries: Binaries) -> tuple[float | None, str | None]:
    """Return how long a start took, or why there was none."""
    began = time.monotonic()
    try:
        with running(binaries):
            return time.monotonic() - began, None
    except RehearseError as error:
        return None, str(error)


def namespaces_work() -> bool:
    """Say whether a process may have a network and a mount namespace of its own (unshare(2))."""
    if not hasattr(ctypes.CDLL(None), "unshare"):
        return False
    flags = _CLONE_NEWNET | _CLONE_NEWNS | (0 if os.geteuid() == 0 else _CLONE_NEWUSER)
    done = subprocess.run([sys.executable, "-I", "-c", _UNSHARE, str(flags)], check=False, capture_output=True)
    return done.returncode == 0
