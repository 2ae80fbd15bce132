"""A base: a commit that a policy or code is read from, so that a change cannot excuse itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearse.errors import RequestError

_OF_ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")  # git sets them in hooks; they outrank -C


class NoGit(RequestError):
    """There is no git to ask."""

    def __init__(self, flag: str) -> None:
        super().__init__(f"{flag} reads a commit, and git is not installed here.", "Install git.")


class NotARepository(RequestError):
    """A directory that git does not know, or does not want to."""

    def __init__(self, directory: Path, said: str, flag: str) -> None:
        super().__init__(
            f"{flag} reads a commit, and {directory} is in no git repository ({said}).",
            "Run it in a checkout of the project.",
        )


class UnknownCommit(RequestError):
    """A revision that the repository does not have."""

    def __init__(self, revision: str, root: Path, flag: str, *, shallow: bool) -> None:
        hint = (
            "It is a shallow clone, which lacks tags and history: git fetch --unshallow --tags (in CI: a checkout of "
            "full depth), or fetch that one: git fetch origin REVISION."
            if shallow
            else "In CI a checkout may have one commit only: fetch the base branch first (git fetch origin main)."
        )
        super().__init__(f'{flag}: the repository {root} has no commit "{revision}".', hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A commit of a repository."""

    revision: str  # as it was named: "origin/main"
    commit: str
    root: Path  # of the repository
    worktree: Path | None = None  # where its files lie, too: the code of another commit, while that is rehearsed

    @classmethod
    def of(cls, revision: str, directory: Path, flag: str = "--policy-from") -> Base:
        """Return the commit a revision names, which `flag` asked for.

        Raises NoGit, NotARepository and UnknownCommit.
        """
        try:
            asked = git(directory, "rev-parse", "--show-toplevel")
        except FileNotFoundError:
            raise NoGit(flag) from None
        if asked.returncode:
            raise NotARepository(directory, said(asked), flag)
        root = Path(asked.stdout.decode().rstrip("\n"))
        found = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found.returncode:
            shallow = git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
            raise UnknownCommit(revision, root, flag, shallow=shallow)
        return cls(revision=revision, commit=found.stdout.decode().strip(), root=root)

    @property
    def told(self) -> str:
        """Return how the commit is called: "origin/main (1a2b3c4)"."""
        short = self.commit[:10]
        return short if self.commit.startswith(self.revision) else f"{self.revision} ({short})"

    def within(self, path: Path) -> Path | None:
        """Return a path as the repository knows it, None for one outside."""
        place = path.parent.resolve() / path.name
        roots = [root.resolve() for root in (self.root, self.worktree) if root is not None]
        return next((place.relative_to(root) for root in roots if place.is_relative_to(root)), None)

    def content(self, path: Path) -> bytes | None:
        """Return what a file held at that commit, None where there was none."""
        place = self.within(path)
        if place is None:
            return None
        found = git(self.root, "cat-file", "blob", f"{self.commit}:{place.as_posix()}")
        return None if found.returncode else found.stdout


def git(directory: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a directory, whatever repository a hook that we run in is about. Raises FileNotFoundError."""
    asked: Sequence[str] = ("git", "-C", str(directory), *words)
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER}
    return subprocess.run(asked, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=environment)


def said(asked: subprocess.CompletedProcess[bytes]) -> str:
    """Return the first line of what git says, without its label."""
    lines = asked.stderr.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ").rstrip(".") if lines else "git gives no reason"
