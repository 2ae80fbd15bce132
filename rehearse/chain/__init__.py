"""Chained files: they only grow, and each line holds the hash of the one before."""

from rehearse.chain.reading import Chain, Unreadable, read
from rehearse.chain.writing import append

__all__ = ["Chain", "Unreadable", "append", "read"]
