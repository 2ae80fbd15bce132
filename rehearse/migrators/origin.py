"""Whether a command is Python, which tells what it reads, or a program that does not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from rehearse.model.migration import MigrationPlan

_RUNNERS = ("env", "uv", "rye", "nice", "timeout")  # they read nothing that a migration is made of


def unseen(command: tuple[str, ...], plan: MigrationPlan) -> tuple[str, ...]:
    """Return the program of a command where it is neither Python nor only starts it."""
    name = Path(command[0]).name if command else ""
    if not name or name.startswith("python") or name in _RUNNERS:
        return ()
    places = [str(plan.python.parent)] if plan.python else []
    found = shutil.which(command[0], path=os.pathsep.join([*places, os.environ.get("PATH", os.defpath)]))
    path = Path(found) if found else plan.directory / command[0]
    try:
        with path.open("rb") as file:
            first = file.readline(200)
    except OSError:
        return (name,)
    return () if first.startswith(b"#!") and b"python" in first else (name,)
