"""Taking a snapshot: planning, sampling, copying."""

from rehearse.snapshot.take import take

__all__ = ["take"]
