"""The snapshot on disk."""

from rehearse.archive.errors import NotASnapshot, SnapshotDamaged, SnapshotExists, SnapshotNotWritten, SnapshotTooNew
from rehearse.archive.pruning import Prunable, prunable, remove
from rehearse.archive.reading import read
from rehearse.archive.writing import Writer, writing

__all__ = [
    "NotASnapshot",
    "Prunable",
    "SnapshotDamaged",
    "SnapshotExists",
    "SnapshotNotWritten",
    "SnapshotTooNew",
    "Writer",
    "prunable",
    "read",
    "remove",
    "writing",
]
