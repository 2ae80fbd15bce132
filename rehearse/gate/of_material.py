"""What of the files stands against a pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from rehearse.gate.presence import FileNow, Now
from rehearse.model.material import File, Part
from rehearse.model.passes import Pass, Refusal
from rehearse.model.quantity import listing

_AGAIN = "Rehearse again: rehearse run."
_WHAT = {
    Part.REVISION: "a step of the migration",
    Part.IMPORTED: "code the migration runs",
    Part.OPENED: "a file the migration reads",
    Part.CONFIGURATION: "its configuration",
}


def of_material(permit: Pass, now: Now) -> Iterator[Refusal]:
    """Yield what is not as it was rehearsed: project, plan, files, folders, commit."""
    yield from _of_project(permit, now)
    yield from _of_plan(permit, now)
    renamed = _renamed(permit, now)
    for file in permit.material.files:
        yield from _of_file(file, now.tree.files.get(file.path), renamed.get(file.path))
    for path in now.tree.added:
        if path not in renamed.values():
            yield Refusal(
                reason="file-added",
                sentence=f"{path} was added after the rehearsal, in a folder the migration searches.",
                remedy=_AGAIN,
                object=path,
            )
    for path, module in now.tree.shadowing.items():
        yield Refusal(
            reason="module-shadowed",
            sentence=f"{path} was added after the rehearsal: the migration would import it as {module}, and not "
            "what was rehearsed.",
            remedy="Take it away or give it another name; or rehearse again.",
            object=path,
        )
    yield from _of_folders(permit, now, renamed)
    yield from _of_commit(permit, now)


def _of_project(permit: Pass, now: Now) -> Iterator[Refusal]:
    origin = now.tree.checkout.origin
    if permit.origin is not None and origin is not None and permit.origin != origin:
        yield Refusal(
            reason="other-project",
            sentence=f"The pass of run {permit.run} is of another project: its history begins with "
            f"{permit.origin[:10]}, and this one's with {origin[:10]}.",
            remedy="Rehearse this one: rehearse run.",
        )
    if permit.project != now.tree.project:
        yield Refusal(
            reason="other-place",
            sentence=f"The pass of run {permit.run} is of the project in {permit.project}, and this is "
            f"{now.tree.project}.",
            remedy="Rehearse this one: rehearse run.",
        )


def _of_plan(permit: Pass, now: Now) -> Iterator[Refusal]:
    if now.played is not None and now.played != permit.played:
        yield Refusal(
            reason="other-migration",
            sentence=f"Run {permit.run} played {permit.played.told}, and the project is migrated by {now.played.told}.",
            remedy="Rehearse what [migrations] says: rehearse run, without --alembic, --sql and --command.",
        )
    if permit.target != now.target:
        there = "every head" if permit.target is None else permit.target
        here = "every head" if now.target is None else now.target
        yield Refusal(
            reason="other-target",
            sentence=f"Run {permit.run} went to {there}, and {here} is to be released.",
            remedy="Rehearse to where the release goes, or name its target with --to.",
        )


def _of_file(file: File, here: FileNow | None, renamed: str | None) -> Iterator[Refusal]:
    what = f"{file.path}, {_WHAT[file.part]},"
    if here is None:
        if renamed:
            yield _file("file-renamed", f"{what} was renamed to {renamed} after the rehearsal.", file)
        else:
            yield _file("file-gone", f"{what} is gone.", file)
        return
    if here.link != file.link:
        yield _file("link-moved", f"{what} leads to {here.link or 'itself'}, and led to {file.link or 'itself'}.", file)
    if here.sha256 == file.sha256:
        return
    if here.text == file.text:
        yield Refusal(
            reason="line-ends",
            sentence=f"{what} has other line ends than were rehearsed (CR LF for LF, or the reverse).",
            remedy="Check out with the same line ends (core.autocrlf, .gitattributes), or rehearse again.",
            object=file.path,
        )
        return
    outside = " It lies outside the project." if PurePosixPath(file.path).is_absolute() else ""
    yield _file("file-changed", f"{what} was changed after the rehearsal.{outside}", file)


def _file(reason: str, sentence: str, file: File) -> Refusal:
    return Refusal(reason=reason, sentence=sentence, remedy=_AGAIN, object=file.path)


def _renamed(permit: Pass, now: Now) -> Mapping[str, str]:
    """Return the files that are there under another name, by their old one."""
    new = {digest: path for path, digest in now.tree.added.items()}
    gone = (file for file in permit.material.files if now.tree.files.get(file.path) is None)
    return {file.path: new[file.sha256] for file in gone if file.sha256 in new}


def _of_folders(permit: Pass, now: Now, renamed: Mapping[str, str]) -> Iterator[Refusal]:
    """Yield what is gone from a folder without having been read, as what is applied no more."""
    read = {file.path for file in permit.material.files}
    for folder in permit.material.folders:
        names = now.tree.folders.get(folder.path)
        place = "" if folder.path == "." else f"{folder.path}/"
        if names is None:
            yield Refusal(
                reason="folder-gone",
                sentence=f"The folder {folder.path}, which the migration searches, is gone.",
                remedy=_AGAIN,
                object=folder.path,
            )
            continue
        for name in folder.names:
            path = f"{place}{name}"
            if name not in names and path not in read and path not in renamed:
                yield Refusal(
                    reason="file-gone",
                    sentence=f"{path} is gone from a folder the migration searches.",
                    remedy=_AGAIN,
                    object=path,
                )
        for name in folder.relevant(names):
            path = f"{place}{name}"
            if name not in folder.names and path not in now.tree.added:
                yield Refusal(
                    reason="file-added",
                    sentence=f"{path} was added after the rehearsal, to a folder the migration searches.",
                    remedy=_AGAIN,
                    object=path,
                )


def _of_commit(permit: Pass, now: Now) -> Iterator[Refusal]:
    here = now.tree.checkout
    unseen = permit.material.unseen
    if unseen and (here.tree != permit.tree or not here.is_clean):
        moved = listing((*here.changed, *here.untracked)) or f"the commit is {(here.commit or 'none')[:10]}"
        yield Refusal(
            reason="tree-moved",
            sentence=f"What {listing(unseen)} read was not seen, so the pass is for the commit "
            f"{(permit.commit or '')[:10]} as it was: {moved}.",
            remedy="Check that commit out, with nothing changed, or rehearse again.",
        )
    if not now.policy.admission.require_commit:
        return
    if permit.changed:
        yield Refusal(
            reason="rehearsed-dirty",
            sentence=f"Run {permit.run} was of files that were not committed: {listing(permit.changed)}.",
            remedy="Commit them, then rehearse again.",
        )
    if here.commit != permit.commit:
        yield Refusal(
            reason="commit-moved",
            sentence=f"Commit {(permit.commit or 'none')[:10]} was rehearsed, and {(here.commit or 'none')[:10]} is "
            "checked out (policy.require_commit).",
            remedy="Check out the commit that was rehearsed, or rehearse this one.",
        )
    if here.changed:
        yield Refusal(
            reason="dirty",
            sentence=f"Not everything is committed: {listing(here.changed)} (policy.require_commit).",
            remedy="Commit or undo the changes.",
        )
