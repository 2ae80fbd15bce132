"""A base: the commit that a policy is read from, so that a change cannot excuse itself."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearse.errors import RequestError


class NoGit(RequestError):
    """There is no git to ask."""

    def __init__(self) -> None:
        super().__init__("--policy-from reads a commit, and git is not installed here.", "Install git.")


class NotARepository(RequestError):
    """A directory that git does not know, or does not want to."""

    def __init__(self, directory: Path, said: str) -> None:
        super().__init__(
            f"--policy-from reads a commit, and {directory} is in no git repository ({said}).",
            "Run it in a checkout of the project.",
        )


class UnknownCommit(RequestError):
    """A revision that the repository does not have."""

    def __init__(self, revision: str, root: Path) -> None:
        super().__init__(
            f'--policy-from: the repository {root} has no commit "{revision}".',
            "In CI a checkout may have one commit only: fetch the base branch first (git fetch origin main).",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A commit of a repository."""

    revision: str  # as it was named: "origin/main"
    commit: str
    root: Path  # of the repository

    @classmethod
    def of(cls, revision: str, directory: Path) -> Base:
        """Return the commit a revision names. Raises NoGit, NotARepository and UnknownCommit."""
        asked = _git(directory, "rev-parse", "--show-toplevel")
        if asked.returncode:
            raise NotARepository(directory, _said(asked))
        root = Path(asked.stdout.decode().rstrip("\n"))
        found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found.returncode:
            raise UnknownCommit(revision, root)
        return cls(revision=revision, commit=found.stdout.decode().strip(), root=root)

    @property
    def told(self) -> str:
        """Return how the commit is called: "origin/main (1a2b3c4)"."""
        short = self.commit[:10]
        return short if self.commit.startswith(self.revision) else f"{self.revision} ({short})"

    def content(self, path: Path) -> bytes | None:
        """Return what a file held at that commit, None where there was none."""
        place = path.parent.resolve() / path.name
        if not place.is_relative_to(self.root.resolve()):
            return None
        within = place.relative_to(self.root.resolve()).as_posix()
        found = _git(self.root, "cat-file", "blob", f"{self.commit}:{within}")
        return None if found.returncode else found.stdout


def _git(directory: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    asked: Sequence[str] = ("git", "-C", str(directory), *words)
    try:
        return subprocess.run(asked, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise NoGit from None


def _said(asked: subprocess.CompletedProcess[bytes]) -> str:
    """Return the first line of what git says, without its label."""
    lines = asked.stderr.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ").rstrip(".") if lines else "git gives no reason"
