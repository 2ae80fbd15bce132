"""Seclusion: a server without a network, from which the sockets of all other programs are hidden."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from rehearse.engine import namespaces

LAYERS = ("network namespace", "mount namespace")
_NAMES = {"net": LAYERS[0], "mnt": LAYERS[1]}
_ESCAPED = re.compile(r"\\([0-7]{3})")  # a blank in a path of /proc/PID/mountinfo


def sockets() -> tuple[str, ...]:
    """Return the unix sockets of other programs, to be hidden from a server that is about to start."""
    return tuple(namespaces.other_sockets(None)) if sys.platform == "linux" else ()


def entrance(hidden: Sequence[str]) -> Callable[[], None] | None:
    """Return what a new process does first to be secluded as far as the kernel grants it; None: it grants nothing."""
    if sys.platform != "linux":
        return None

    def enter() -> None:
        with suppress(OSError):
            granted = namespaces.enter((namespaces.NEWNET | namespaces.NEWNS, namespaces.NEWNET))
            if granted & namespaces.NEWNS:
                namespaces.hide(hidden)
            if granted:
                namespaces.raise_loopback()  # the statistics collector of PostgreSQL 14 talks to itself by UDP

    return enter


def layers(pid: int, hidden: Sequence[str]) -> tuple[str, ...]:
    """Return the layers that keep a process in, as seen from outside; a socket left open is none."""
    mounted = _mounted(pid)
    left_open = any(path not in mounted and Path(path).is_socket() for path in hidden)
    found = (name for kind, name in _NAMES.items() if _is_apart(pid, kind))
    return tuple(name for name in found if not (left_open and name == _NAMES["mnt"]))


def _is_apart(pid: int, kind: str) -> bool:
    try:
        return Path(f"/proc/{pid}/ns/{kind}").readlink() != Path(f"/proc/self/ns/{kind}").readlink()
    except OSError:
        return False


def _mounted(pid: int) -> set[str]:
    """Return where something is mounted for a process (proc_pid_mountinfo(5))."""
    try:
        lines = Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return set()
    return {_ESCAPED.sub(lambda found: chr(int(found[1], 8)), line.split()[4]) for line in lines}
