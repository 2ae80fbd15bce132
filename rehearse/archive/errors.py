"""What can be wrong with a snapshot directory."""

from __future__ import annotations

from pathlib import Path

from rehearse.errors import RehearseError, RequestError

_AGAIN = "Take it again: rehearse snapshot SOURCE -o DIRECTORY."


class NotASnapshot(RequestError):
    """The path is no snapshot directory."""

    def __init__(self, directory: Path) -> None:
        what = "has no manifest.json" if directory.is_dir() else "does not exist"
        super().__init__(
            f"{directory} is not a snapshot: it {what}.",
            "Name a directory that `rehearse snapshot` wrote, or a PostgreSQL URL.",
        )


class SnapshotDamaged(RehearseError):
    """A file of the snapshot is missing, was changed, or is not of the snapshot."""

    def __init__(self, directory: Path, file: str, what: str) -> None:
        super().__init__(f"The snapshot {directory} is damaged: {file} {what}.", _AGAIN)


class SnapshotTooNew(RehearseError):
    """The snapshot was written by a later version of the tool."""

    def __init__(self, directory: Path, found: int, known: int) -> None:
        super().__init__(
            f"The snapshot {directory} has format {found}, and this version of rehearse knows formats up to {known}.",
            "Upgrade rehearse where the snapshot is read.",
        )


class SnapshotExists(RequestError):
    """The directory a snapshot is to be written to is there already."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} exists already.", "Name a directory that does not exist, or remove this one.")


class NothingToPrune(RequestError):
    """The directory of snapshots is not there."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} is no directory.", "Name the directory that holds the snapshots' directories.")


class SnapshotNotRemoved(RequestError):
    """The disk or its permissions did not let a snapshot be removed."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            f"The snapshot {directory} could not be removed: {reason}.", "Check who owns it, then prune again."
        )


class SnapshotNotWritten(RehearseError):
    """The disk or its permissions did not let the snapshot be written."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            f"The snapshot could not be written to {directory}: {reason}.",
            "Nothing of it was kept. Free some space or name another directory.",
        )
