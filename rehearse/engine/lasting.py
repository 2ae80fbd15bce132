"""Where servers live that outlive the command that started them: one directory each, under the user's state."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from rehearse.engine import home, residence
from rehearse.engine.account import account
from rehearse.engine.errors import NoPlace, NotAStage

LONGEST_NAME = 40
_FOLDER = "stages"


def place() -> Path:
    """Return the folder of all of them, made if need be: $XDG_STATE_HOME/rehearse/stages or the nearest to it.

    Root's is one that the account its servers run as can reach. Raises NoPlace.
    """
    for candidate in _candidates():
        longest = candidate / _FOLDER / ("x" * LONGEST_NAME) / "s" / ".s.PGSQL.5432"
        if len(os.fsencode(longest)) <= residence.LONGEST_SOCKET and home.is_ours(candidate):
            (candidate / _FOLDER).mkdir(mode=0o755, exist_ok=True)
            return candidate / _FOLDER
    raise NoPlace(tuple(_candidates()))


def claim(name: str) -> Path:
    """Make the directory of a server, which nobody else can enter. Raises FileExistsError and NoPlace."""
    root = place() / name
    root.mkdir(mode=0o700)
    account().own(root)
    return root


def is_running(root: Path) -> bool:
    return residence.serves(root / "data")


def remove(root: Path) -> None:
    """Stop the server of a directory, if it runs, and remove the directory, if it is ours. Raises NotAStage."""
    found = root.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid in {os.geteuid(), account().uid}
    if not ours or root.parent != place():
        raise NotAStage(root)
    residence.stop_postmaster(root / "data")
    shutil.rmtree(root)


def boot() -> str:
    """Return what tells one start of the machine from another, empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _candidates() -> Iterator[Path]:
    told = os.environ.get("XDG_STATE_HOME")
    if told:
        yield Path(told) / "rehearse"
    if os.geteuid() == 0:
        yield Path("/var/lib/rehearse")
    elif os.environ.get("HOME"):
        yield Path(os.environ["HOME"]) / ".local" / "state" / "rehearse"
    yield Path(f"/var/tmp/rehearse-{os.geteuid()}-state")  # noqa: S108 - refused unless it is ours alone
