"""The account that owned servers run as: PostgreSQL refuses root."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rehearse.engine.errors import NoAccount
from rehearse.engine.interrupts import held_back

_UNPRIVILEGED = ("postgres", "nobody")
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that exists; none is ever created."""

    uid: int
    gid: int
    name: str

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()

    def own(self, path: Path) -> None:
        """Give a file or directory of ours to the account."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def launch(
        self, command: Sequence[str | Path], output: int | IO[bytes], *, first: Callable[[], None] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program as this account, in a session of its own and with none of our environment's secrets.

        What is to be done `first` is done in the new process, while that still has our rights (Linux only).

        The terminal's Ctrl-C does not reach it, the end of the calling *thread* does: it gets SIGINT then
        (prctl(2), PR_SET_PDEATHSIG; Linux only). To be called with interrupts held back: with a preexec_fn Python
        runs its fork hooks, and an interrupt that comes inside one is swallowed.
        """
        return self._start(command, output, first, _ending_with(os.getpid()))

    def leave(
        self, command: Sequence[str | Path], output: int | IO[bytes], *, first: Callable[[], None] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program as `launch` does, which goes on when we end."""
        return self._start(command, output, first, None)

    def _start(
        self,
        command: Sequence[str | Path],
        output: int | IO[bytes],
        first: Callable[[], None] | None,
        last: Callable[[], None] | None,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"LC_ALL": "C", "TZ": "UTC", **{name: os.environ[name] for name in _PASSED_ON if name in os.environ}},
            start_new_session=True,
            preexec_fn=self._becoming(first, last),  # noqa: PLW1509 - prctl(2) has no other place
            user=self.uid if self.is_other and first is None else None,
            group=self.gid if self.is_other and first is None else None,
            extra_groups=[] if self.is_other and first is None else None,
        )

    def run(self, command: Sequence[str | Path]) -> tuple[int, str]:
        """Run a program to its end; return its exit code and what it said. Interrupted, it and its children end."""
        process = None
        try:
            with held_back():
                process = self.launch(command, subprocess.PIPE)
            said, _ = process.communicate()
        except BaseException:
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            raise
        return process.returncode, said.decode(errors="replace")

    def _becoming(self, first: Callable[[], None] | None, last: Callable[[], None] | None) -> Callable[[], None] | None:
        if first is None:
            return last

        def become() -> None:
            first()
            if self.is_other:
                os.setgroups([])
                os.setgid(self.gid)
                os.setuid(self.uid)
            if last is not None:
                last()

        return become


def account() -> Account:
    """Return the account servers run as: our own, or an unprivileged one when we are root; raises NoAccount."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid(), name=_name(os.geteuid()))
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=name)
    raise NoAccount


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _ending_with(parent: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None

    def wish() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:  # it ended before we could wish
            os._exit(1)

    return wish
