"""The tool as a process of its own, forked from one that has imported it already: that is half of what a run takes.

How it starts from nothing, its imports and Ctrl-C are tested with an interpreter of their own.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rehearse import cli
from rehearse.__main__ import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "rehearse.rehearsal.story",
        "rehearse.request.composition",
        *(f"{cli.__name__}.{found.name}" for found in pkgutil.iter_modules(cli.__path__)),
    ]
)


def tool(
    *words: str | Path, cwd: Path, environ: Mapping[str, str] | None = None, given: str = "", seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `rehearse` with these words, and what it is given to read, to its end; raises TimeoutExpired."""
    command = ["rehearse", *map(str, words)]
    with tempfile.TemporaryDirectory() as directory:
        streams = given_in, out, err = tuple(Path(directory) / name for name in ("in", "out", "err"))
        given_in.write_text(given)
        process = _FORKS.Process(target=_become, args=(command, cwd, dict(environ or os.environ), streams))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, seconds, out.read_bytes(), err.read_bytes())
        return subprocess.CompletedProcess(command, process.exitcode, out.read_text(), err.read_text())


def _become(command: list[str], cwd: Path, environ: Mapping[str, str], streams: tuple[Path, ...]) -> None:
    for descriptor, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = command
    main()
