# ruff: noqa: PTH116, PTH118, PTH123, PTH207 -- it is read before every migrating process, and pathlib costs more than all the rest
"""Namespaces: a process without a network, from which other programs' sockets are hidden.

Standard library only: the launcher of migrations reads it under `python -I -S`. namespaces(7), mount_namespaces(7).
"""

from __future__ import annotations

import ctypes
import fcntl
import glob
import os
import socket
import stat
import struct
from collections.abc import Iterable, Iterator, Sequence

NEWNS, NEWPID, NEWNET = 0x00020000, 0x20000000, 0x40000000
_NEWUSER = 0x10000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_LISTENING, _PATH = 0x00010000, 7  # __SO_ACCEPTCON in the fourth column of /proc/net/unix, the path in its eighth
_USUAL = ("/run/postgresql", "/var/run/postgresql", "/tmp")  # noqa: S108 -- where PostgreSQL puts its sockets
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PR_CAPBSET_DROP, _CAP_SYS_ADMIN = 24, 21
_LIBC = ctypes.CDLL(None, use_errno=True)


def enter(attempts: Sequence[int]) -> int:
    """Enter the first set of namespaces that the kernel grants and return it; 0 is none.

    As another user than root, in a user namespace of our own.
    """
    uid, gid = os.getuid(), os.getgid()
    for wanted in attempts:
        flags = wanted | (_NEWUSER if uid != 0 else 0)
        if _LIBC.unshare(flags) == 0:
            if flags & _NEWUSER:
                _write_proc("setgroups", "deny")
                _write_proc("uid_map", f"{uid} {uid} 1")
                _write_proc("gid_map", f"{gid} {gid} 1")
            return wanted
    return 0


def hide(paths: Iterable[str]) -> int:
    """Put nothing in the place of files, in a mount namespace of our own; return how many of them stay open.

    One that is gone by now is not open.
    """
    mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    return sum(not mount("/dev/null", path, None, _MS_BIND) and os.path.lexists(path) for path in paths)


def mount(source: str | None, target: str, kind: str | None, flags: int) -> bool:
    names = [name if name is None else os.fsencode(name) for name in (source, target, kind)]
    return bool(_LIBC.mount(names[0], names[1], names[2], ctypes.c_ulong(flags), None) == 0)


def raise_loopback() -> None:
    """Bring the loopback of an empty network namespace up; raises OSError."""
    with socket.socket() as control:
        name = struct.pack("16sh22x", b"lo", 0)
        (flags,) = struct.unpack("16xh", fcntl.ioctl(control, _SIOCGIFFLAGS, name)[:18])
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def attempts() -> int:
    """Return how often something was sought in vain on an empty network, its loopback included; raises OSError."""
    with open("/proc/self/net/snmp", encoding="ascii") as file:  # a line of names, a line of numbers, in turns
        lines = [line.split() for line in file]
    counted = {
        f"{names[0]}{name}": int(number)
        for names, numbers in zip(lines[::2], lines[1::2], strict=True)
        for name, number in zip(names, numbers, strict=True)
        if name != names[0]
    }
    with open("/proc/self/net/snmp6", encoding="ascii") as file:
        counted.update((name, int(number)) for name, number in map(str.split, file))
    return sum(counted.get(name, 0) for name in ("Ip:OutNoRoutes", "Ip6OutNoRoutes", "Tcp:AttemptFails"))


def renounce() -> None:
    """Give up what undoes a confinement, mounts among it, for all that root executes from now on."""
    _LIBC.prctl(_PR_CAPBSET_DROP, _CAP_SYS_ADMIN)


def other_sockets(own: str | None, directories: Iterable[str] = ()) -> Iterator[str]:
    """Yield every unix socket somebody listens on, and every PostgreSQL socket in the usual places and `directories`.

    To be asked before a network namespace is entered: it has a list of its own.
    """
    listening = set()
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.rstrip("\n").split(None, _PATH)
            if fields[_PATH:] and fields[_PATH].startswith("/") and int(fields[3], 16) & _LISTENING:
                listening.add(fields[_PATH])
    for directory in (*_USUAL, *directories):
        listening.update(glob.glob(os.path.join(glob.escape(directory), ".s.PGSQL.*")))
    spared = own and os.path.realpath(own)
    for path in sorted({os.path.realpath(found) for found in listening}):
        if path != spared and _is_socket(path):
            yield path


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _write_proc(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
        file.write(text)
