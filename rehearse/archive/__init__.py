"""The snapshot on disk."""

from rehearse.archive.errors import NotASnapshot, SnapshotDamaged, SnapshotExists, SnapshotNotWritten, SnapshotTooNew
from rehearse.archive.reading import read
from rehearse.archive.writing import Writer, writing

__all__ = [
    "NotASnapshot",
    "SnapshotDamaged",
    "SnapshotExists",
    "SnapshotNotWritten",
    "SnapshotTooNew",
    "Writer",
    "read",
    "writing",
]
