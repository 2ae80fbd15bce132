"""Lookouts: processes that share the work of looking through a snapshot's rows."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from rehearse.sanitise.lookout import Block, Layout, Lookout, Seen
from rehearse.snapshot.errors import SearchFailed

_PROCESSES = 2  # at most: each needs 25 to 50 MB
_WORTH_IT = 16 << 20  # bytes: to start the processes is no gain for fewer


class Looking(Protocol):
    """One lookout, or several that share the work."""

    def look(self, layout: Layout, blocks: Iterable[Block]) -> Iterator[Seen]:
        """Yield what each block held, in their order."""


@contextmanager
def looking(lookout: Lookout, size: int) -> Iterator[Looking]:
    """Offer whoever is to look through so many bytes. Looking raises SearchFailed if a process ends before its time."""
    processes = min(_PROCESSES, os.cpu_count() or 1)
    if processes == 1 or size < _WORTH_IT:
        yield lookout
        return
    with ExitStack() as running:
        yield _Lookouts([running.enter_context(_started(lookout)) for _ in range(processes)])


class _Lookouts:
    """Processes that are asked in turns; none is asked again before it has answered."""

    def __init__(self, processes: list[subprocess.Popen[bytes]]) -> None:
        self._idle = deque(processes)

    def look(self, layout: Layout, blocks: Iterable[Block]) -> Iterator[Seen]:
        asked: deque[subprocess.Popen[bytes]] = deque()
        for block in blocks:
            if not self._idle:
                yield from self._answer(asked)
            process = self._idle.popleft()
            _tell(process, (layout, block))
            asked.append(process)
        while asked:
            yield from self._answer(asked)

    def _answer(self, asked: deque[subprocess.Popen[bytes]]) -> list[Seen]:
        process = asked.popleft()
        assert process.stdout is not None
        try:
            seen: list[Seen] = pickle.load(process.stdout)  # noqa: S301 - a process of our own wrote it
        except (EOFError, pickle.UnpicklingError):
            raise _ended(process) from None
        self._idle.append(process)
        return seen


@contextmanager
def _started(lookout: Lookout) -> Iterator[subprocess.Popen[bytes]]:
    # finds the package where this process found it; the program's own beginning is not run again
    program = f"import sys; sys.path[:] = {sys.path!r}; from rehearse.sanitise.lookout import serve; serve()"
    try:
        process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as error:
        raise SearchFailed(f"could not be started ({error.strerror})") from None
    with process:
        try:
            _tell(process, (lookout.secret, b"".join(lookout.canaries)))
            yield process
        except BaseException:
            process.kill()
            process.communicate()
            raise


def _tell(process: subprocess.Popen[bytes], what: object) -> None:
    assert process.stdin is not None
    try:
        pickle.dump(what, process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
    except BrokenPipeError:
        raise _ended(process) from None


def _ended(process: subprocess.Popen[bytes]) -> SearchFailed:
    return SearchFailed(f"ended with status {process.wait()}")
