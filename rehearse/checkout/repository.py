"""What git knows of a checkout; a project without git has none of it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

_OURS = ":(exclude,glob)**/.rehearse/**"  # what we keep there changes no migration


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A working tree at one moment."""

    root: Path
    commit: str | None = None  # None: no git, or nothing committed
    tree: str | None = None  # of that commit: what it holds, whoever wrote it when
    origin: str | None = None  # the first commit of all; None: a shallow clone does not have it
    changed: tuple[str, ...] = ()  # files that are not as they were committed
    untracked: tuple[str, ...] = ()  # files that were never added, nor are they ignored

    @property
    def is_clean(self) -> bool:
        return not self.changed and not self.untracked


def root_of(directory: Path) -> Path:
    """Return the root of the repository a directory is in, else the directory itself."""
    found = _git(directory, "rev-parse", "--show-toplevel")
    if found is None:
        return directory.absolute()
    root = Path(found.rstrip("\n"))
    # git follows links; the paths people use are named by the one they came by
    here, real = directory.absolute(), directory.resolve()
    if here != real and real.is_relative_to(root):
        depth = len(real.relative_to(root).parts)
        above = here if depth == 0 else here.parents[depth - 1]
        return above if above.resolve() == root else root
    return root


def checkout(root: Path) -> Checkout:
    """Ask git about the working tree at a root."""
    here = of_commit(root, "HEAD")
    if here.commit is None:
        return here
    status = _git(root, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", ".", _OURS)
    entries = [entry for entry in (status or "").split("\0") if entry]
    return replace(
        here,
        changed=tuple(sorted(entry[3:] for entry in entries if not entry.startswith("??"))),
        untracked=tuple(sorted(entry[3:] for entry in entries if entry.startswith("??"))),
    )


def of_commit(root: Path, revision: str) -> Checkout:
    """Ask git about a commit as it would be checked out at a root: nothing of it is changed."""
    named = (_git(root, "rev-parse", revision, f"{revision}^{{tree}}") or "").split()
    if len(named) != 2:  # noqa: PLR2004 - the two that were asked for
        return Checkout(root=root)
    shallow = (_git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    firsts = "" if shallow else _git(root, "rev-list", "--max-parents=0", revision) or ""
    return Checkout(root=root, commit=named[0], tree=named[1], origin=min(firsts.split(), default=None))


def _git(directory: Path, *words: str) -> str | None:
    """Return what git prints; None where there is no git or it has no answer."""
    command = ["git", "-C", str(directory), "--no-optional-locks", *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    return None if done.returncode else done.stdout.decode(errors="surrogateescape")
