"""Differences between before and after."""

from rehearse.diff.rows import row_counts
from rehearse.diff.schema import changes, differences
from rehearse.diff.sentences import sentence, sentences

__all__ = ["changes", "differences", "row_counts", "sentence", "sentences"]
