"""The snapshot on disk."""
