"""The stack of every thread, written down when the migrator asks what a process is at; even while it waits in C."""

from __future__ import annotations

import faulthandler
import os
import signal
from typing import IO

from . import journal

_OPEN: list[IO[str]] = []  # the file has to stay open as long as the process lives


def tell_when_asked() -> None:
    """Let SIGUSR1, which the migrator sends before it ends a process, write a file named after the process."""
    directory = journal.settings().get("stacks")
    if directory is None:  # nobody will ask
        return
    place = os.path.join(directory, str(os.getpid()))  # noqa: PTH118 -- runs at every Python start
    try:
        _OPEN.append(open(place, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 -- as above
    except OSError:  # a process of another user: it is not located
        return
    faulthandler.register(signal.SIGUSR1, file=_OPEN[-1])
