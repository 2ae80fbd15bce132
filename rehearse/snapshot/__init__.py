"""Taking a snapshot: planning, sampling, copying."""

from rehearse.snapshot.planning import plan
from rehearse.snapshot.take import take

__all__ = ["plan", "take"]
