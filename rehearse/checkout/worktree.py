"""A worktree: the code of a commit, checked out beside the working tree for as long as it is needed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rehearse.checkout.base import Base, git, said
from rehearse.errors import RehearseError
from rehearse.model.migration import MigrationPlan
from rehearse.model.quantity import listing

_PREFIX = "rehearse-release-"
_LINK, _SUBMODULE = "120000", "160000"  # modes of git (git-fast-import(1))
# No hook of the project runs, and the whole commit is there. Line ends are as in any checkout of this repository.
_QUIETLY = ("-c", "core.hooksPath=/dev/null", "-c", "core.sparseCheckout=false", "-c", "advice.detachedHead=false")


class NoWorktree(RehearseError):
    """Git could not provide the code of a commit."""

    def __init__(self, base: Base, reason: str) -> None:
        super().__init__(
            f"The code of {base.told} could not be checked out beside the working tree of {base.root}: {reason}.",
            "Rehearse in a clone that git may write to (git worktree add).",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Worktree:
    """The code of a commit."""

    base: Base
    directory: Path
    remarks: tuple[str, ...] = ()  # in what it is not as it was

    def path(self, path: Path) -> Path:
        """Return where a path of the working tree is in the worktree; one outside the repository stays."""
        within = self.base.within(path.absolute())
        return path if within is None else self.directory / within

    def today(self, path: Path) -> Path:
        """Return where a path of the worktree is in the working tree; one outside the worktree stays."""
        return self.base.root / path.relative_to(self.directory) if path.is_relative_to(self.directory) else path

    def named(self, plan: MigrationPlan) -> MigrationPlan:
        """Return a plan with its paths as they are in the working tree: the worktree is gone when they are read."""
        return replace(
            plan,
            config=None if plan.config is None else self.today(plan.config),
            folder=None if plan.folder is None else self.today(plan.folder),
            files=tuple(map(self.today, plan.files)),
        )


@contextmanager
def checked_out(base: Base) -> Iterator[Worktree]:
    """Check a commit out in a temporary directory, removed on leaving; the working tree stays as it is.

    What processes that were killed left of theirs is removed first. Raises NoWorktree.
    """
    for left in _left(base):
        _put_away(base, left)
    home = Path(tempfile.mkdtemp(prefix=_PREFIX))
    directory = home / base.root.name
    handle = _held(home)
    assert handle is not None
    try:
        made = git(base.root, *_QUIETLY, "worktree", "add", "--quiet", "--detach", str(directory), base.commit)
        if made.returncode:
            raise NoWorktree(base, said(made))
        yield Worktree(base=base, directory=directory, remarks=tuple(_remarks(base, directory)))
    finally:
        _put_away(base, directory)
        os.close(handle)


def _left(base: Base) -> Iterator[Path]:
    """Yield the worktrees of ours in a repository whose processes are gone.

    Those whose directory is gone, too, may be another machine's: git forgets them in time (gc.worktreePruneExpire).
    """
    listed = git(base.root, "worktree", "list", "--porcelain").stdout.decode(errors="surrogateescape")
    for line in listed.splitlines():
        directory = Path(line.removeprefix("worktree "))
        if line.startswith("worktree ") and directory.parent.name.startswith(_PREFIX):
            handle = _held(directory.parent)
            if handle is not None:
                yield directory
                os.close(handle)


def _held(home: Path) -> int | None:
    """Hold a directory for as long as this process lives or the handle is open; None: another one does, or has it."""
    try:
        handle = os.open(home, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _put_away(base: Base, directory: Path) -> None:
    """Remove a worktree; git's record of it goes even where a migration has damaged what it leads to."""
    shutil.rmtree(directory, ignore_errors=True)
    git(base.root, "worktree", "remove", "--force", "--force", str(directory))
    shutil.rmtree(directory.parent, ignore_errors=True)


def _remarks(base: Base, directory: Path) -> Iterator[str]:
    """Say in what a worktree is less than a checkout, or leads out of itself."""
    special = tuple(_special(base))
    if submodules := tuple(path for mode, path in special if mode == _SUBMODULE):
        yield f"Submodules are empty in the code of {base.told}: {listing(submodules)}."
    links = [path for mode, path in special if mode == _LINK]
    if outside := _leading_out(links, directory):
        yield f"Links of {base.told} lead out of the repository, to what is there today: {listing(outside)}."
    if plain := tuple(path for path in links if not (directory / path).is_symlink()):
        yield f"Links of {base.told} were checked out as plain files (core.symlinks): {listing(plain)}."


def _special(base: Base) -> Iterator[tuple[str, str]]:
    """Yield mode and path of the links and submodules of a commit."""
    listed = git(base.root, "ls-tree", "-r", "-z", "--full-tree", base.commit).stdout
    for entry in filter(None, listed.decode(errors="surrogateescape").split("\0")):
        about, _, path = entry.partition("\t")
        mode = about.split()[0]
        if mode in (_LINK, _SUBMODULE):
            yield mode, path


def _leading_out(links: Sequence[str], directory: Path) -> tuple[str, ...]:
    root = directory.resolve()
    return tuple(path for path in links if not (directory / path).resolve().is_relative_to(root))
