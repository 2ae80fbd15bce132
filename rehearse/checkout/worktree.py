"""A worktree: the code of a commit, checked out beside the working tree for as long as it is needed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearse.checkout.base import Base, git, said
from rehearse.errors import RehearseError
from rehearse.model.quantity import listing

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


@contextmanager
def checked_out(base: Base) -> Iterator[Worktree]:
    """Check a commit out in a temporary directory, removed on leaving; the working tree stays as it is.

    Raises NoWorktree.
    """
    home = Path(tempfile.mkdtemp(prefix="rehearse-release-"))
    directory = home / base.root.name
    try:
        made = git(base.root, *_QUIETLY, "worktree", "add", "--quiet", "--detach", str(directory), base.commit)
        if made.returncode:
            raise NoWorktree(base, said(made))
        yield Worktree(base=base, directory=directory, remarks=tuple(_remarks(base, directory)))
    finally:
        git(base.root, "worktree", "remove", "--force", "--force", str(directory))
        shutil.rmtree(home, ignore_errors=True)
        git(base.root, "worktree", "prune")


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
