# ruff: noqa: PTH100, PTH118, PTH120, PTH123 -- it starts before every migrating process, and pathlib costs more than all the rest
"""Confine a command and run it: no network, no other database's socket, no process that outlives it.

Run as `python -I -S launcher.py SETTINGS COMMAND...`; standard library only. SETTINGS is a JSON
file: `socket` (the stage's, left reachable), `hide` (directories whose PostgreSQL sockets are hidden although no
process here listens on them), `status` (where to write what the kernel granted), `parent` (the pid of the tool).
namespaces(7), mount_namespaces(7), PR_SET_PDEATHSIG in prctl(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import threading
from typing import Any

sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3)))

from rehearse.engine import namespaces
from rehearse.engine.namespaces import NEWNET, NEWNS, NEWPID

_ATTEMPTS = (NEWNET | NEWNS | NEWPID, NEWNET | NEWNS, NEWNET)
_PDEATHSIG = 1
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_FOR_THE_COMMAND = (signal.SIGINT, signal.SIGTERM)
_FOR_PYTHON = signal.SIGUSR1  # stays ignored: a shell that died of it would take the Python it waits for along
_LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    for number in (*_FOR_THE_COMMAND, _FOR_PYTHON):  # all are in one process group
        signal.signal(number, signal.SIG_IGN)
    sockets = list(
        namespaces.other_sockets(settings["socket"], settings["hide"])
    )  # before the network namespace: it has a list of its own
    granted = namespaces.enter(_ATTEMPTS)
    _die_with(settings["parent"])
    inside = os.fork()
    if inside == 0:
        os._exit(_inside(settings, sys.argv[2:], granted, sockets))
    return _status(os.waitpid(inside, 0)[1])


def _inside(settings: dict[str, Any], command: list[str], granted: int, sockets: list[str]) -> int:
    """Finish the confinement, start the command and wait for it; with a process namespace, all ends with us."""
    _die_with(None)
    layers = []
    reachable = len(sockets)
    if granted & NEWNS:
        reachable = namespaces.hide(sockets)
        if granted & NEWPID and namespaces.mount("proc", "/proc", "proc", 0):  # else it sees us, and our variables
            layers.append("process namespace")
        layers.append("mount namespace")
    listener = None
    if granted & NEWNET:
        layers.append("network namespace")
        listener = _local_listener()
    told = {"layers": layers, "loopback": listener is not None, "reachable": reachable}
    _write(settings["status"], told)
    child = os.fork()
    if child == 0:
        os._exit(_execute(command))
    if listener is not None:
        threading.Thread(target=_forward, args=(listener, settings["socket"]), daemon=True).start()
    while True:
        pid, status = os.wait()
        if pid == child:
            if granted & NEWNET:
                with contextlib.suppress(OSError):
                    _write(settings["status"], {**told, "network": namespaces.attempts()})
            return _status(status)


def _execute(command: list[str]) -> int:
    for number in _FOR_THE_COMMAND:
        signal.signal(number, signal.SIG_DFL)
    _die_with(None)
    namespaces.renounce()
    try:
        os.execvp(command[0], command)  # noqa: S606 -- the command is what we are here for
    except FileNotFoundError:
        return _NOT_FOUND
    except OSError:
        return _NOT_EXECUTABLE


def _local_listener() -> socket.socket | None:
    """Listen on the empty namespace's loopback, where TCP-only tools look for PostgreSQL."""
    try:
        namespaces.raise_loopback()
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


def _write(path: str, content: dict[str, Any]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)


if __name__ == "__main__":
    sys.exit(main())
