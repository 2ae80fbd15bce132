# ruff: noqa: PTH116, PTH118, PTH123, PTH207 -- it starts before every migrating process, and pathlib costs more than all the rest
"""Confine a command and run it: no network, no other database's socket, no process that outlives it.

Run as `python -I -S launcher.py SETTINGS COMMAND...`; standard library only, Python 3.8 syntax. SETTINGS is a JSON
file: `socket` (the stage's, left reachable), `hide` (directories whose PostgreSQL sockets are hidden although no
process here listens on them), `status` (where to write what the kernel granted), `parent` (the pid of the tool).
namespaces(7), mount_namespaces(7), PR_SET_PDEATHSIG in prctl(2).
"""

from __future__ import annotations

import ctypes
import fcntl
import glob
import json
import os
import signal
import socket
import stat
import struct
import sys
import threading
from collections.abc import Iterator
from typing import Any

_NEWNS, _NEWUSER, _NEWPID, _NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
_ATTEMPTS = (_NEWNET | _NEWNS | _NEWPID, _NEWNET | _NEWNS, _NEWNET, 0)
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_PDEATHSIG = 1
_LISTENING, _PATH = 0x00010000, 7  # __SO_ACCEPTCON in the fourth column of /proc/net/unix, the path in its eighth
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_FOR_THE_COMMAND = (signal.SIGINT, signal.SIGTERM)
_FOR_PYTHON = signal.SIGUSR1  # stays ignored: a shell that died of it would take the Python it waits for along
_LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    for number in (*_FOR_THE_COMMAND, _FOR_PYTHON):  # all are in one process group
        signal.signal(number, signal.SIG_IGN)
    sockets = list(_other_sockets(settings))  # before the network namespace: it has a list of its own
    granted = _unshare()
    _die_with(settings["parent"])
    inside = os.fork()
    if inside == 0:
        os._exit(_inside(settings, sys.argv[2:], granted, sockets))
    return _status(os.waitpid(inside, 0)[1])


def _inside(settings: dict[str, Any], command: list[str], granted: int, sockets: list[str]) -> int:
    """Finish the confinement, start the command and wait for it; with a process namespace, all ends with us."""
    _die_with(None)
    layers = ["process namespace"] if granted & _NEWPID else []
    if granted & _NEWNS:
        _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
        if granted & _NEWPID:
            _mount("proc", "/proc", "proc", 0)
        hidden = sum(_mount("/dev/null", path, None, _MS_BIND) for path in sockets)
        layers.append("mount namespace")
    else:
        hidden = 0
    listener = None
    if granted & _NEWNET:
        layers.append("network namespace")
        listener = _local_listener()
    failed = len(sockets) - hidden
    _write(settings["status"], {"layers": layers, "sockets": hidden, "reachable": failed})
    child = os.fork()
    if child == 0:
        os._exit(_execute(command))
    if listener is not None:
        threading.Thread(target=_forward, args=(listener, settings["socket"]), daemon=True).start()
    while True:
        pid, status = os.wait()
        if pid == child:
            return _status(status)


def _execute(command: list[str]) -> int:
    for number in _FOR_THE_COMMAND:
        signal.signal(number, signal.SIG_DFL)
    _die_with(None)
    try:
        os.execvp(command[0], command)  # noqa: S606 -- the command is what we are here for
    except FileNotFoundError:
        return _NOT_FOUND
    except OSError:
        return _NOT_EXECUTABLE


def _unshare() -> int:
    """Enter as many namespaces as the kernel grants; as another user than root, in a user namespace of our own."""
    uid, gid = os.getuid(), os.getgid()
    for wanted in _ATTEMPTS:
        flags = wanted | (_NEWUSER if wanted and uid != 0 else 0)
        if flags == 0 or _LIBC.unshare(flags) == 0:
            if flags & _NEWUSER:
                _write_proc("setgroups", "deny")
                _write_proc("uid_map", f"{uid} {uid} 1")
                _write_proc("gid_map", f"{gid} {gid} 1")
            return wanted
    return 0


def _other_sockets(settings: dict[str, Any]) -> Iterator[str]:
    """Yield every unix socket somebody listens on, and every PostgreSQL socket in the usual places, but the stage's."""
    own = os.path.realpath(settings["socket"])
    listening = set()
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.rstrip("\n").split(None, _PATH)
            if fields[_PATH:] and fields[_PATH].startswith("/") and int(fields[3], 16) & _LISTENING:
                listening.add(fields[_PATH])
    usual = ("/run/postgresql", "/var/run/postgresql", "/tmp")  # noqa: S108 -- where PostgreSQL puts its sockets
    for directory in (*usual, *settings["hide"]):
        listening.update(glob.glob(os.path.join(glob.escape(directory), ".s.PGSQL.*")))
    for path in sorted({os.path.realpath(found) for found in listening}):
        if path != own and _is_socket(path):
            yield path


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _mount(source: str | None, target: str, kind: str | None, flags: int) -> bool:
    names = [name if name is None else os.fsencode(name) for name in (source, target, kind)]
    return bool(_LIBC.mount(names[0], names[1], names[2], ctypes.c_ulong(flags), None) == 0)


def _local_listener() -> socket.socket | None:
    """Bring the empty namespace's loopback up and listen where TCP-only tools look for PostgreSQL."""
    try:
        with socket.socket() as control:
            name = struct.pack("16sh22x", b"lo", 0)
            (flags,) = struct.unpack("16xh", fcntl.ioctl(control, 0x8913, name)[:18])  # SIOCGIFFLAGS
            fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", b"lo", flags | 1))  # SIOCSIFFLAGS, IFF_UP
        return socket.create_server(("127.0.0.1", 5432))
    except OSError:
        return None


def _forward(listener: socket.socket, path: str) -> None:
    while True:
        client, _ = listener.accept()
        stage = socket.socket(socket.AF_UNIX)
        try:
            stage.connect(path)
        except OSError:
            client.close()
            continue
        for pair in ((client, stage), (stage, client)):
            threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()


def _die_with(parent: int | None) -> None:
    """Ask the kernel to kill us when our parent ends; entering a user namespace forgets an earlier wish."""
    _LIBC.prctl(_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:  # it ended before we asked
        os._exit(_NOT_EXECUTABLE)


def _status(status: int) -> int:
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _write_proc(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
        file.write(text)


def _write(path: str, content: dict[str, Any]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)


if __name__ == "__main__":
    sys.exit(main())
