"""Observing a migration on a stage: what the server says, put in order."""

from __future__ import annotations

from rehearse.watch.watch import Watch, watching

__all__ = ["Watch", "watching"]
