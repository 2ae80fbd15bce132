"""Taking a snapshot: planning, sampling, masking, copying."""

from rehearse.snapshot.heads import read_heads
from rehearse.snapshot.rules import SanitiseRules
from rehearse.snapshot.take import take

__all__ = ["SanitiseRules", "read_heads", "take"]
