"""Observing a migration on a stage: what the server says, put in order."""

from __future__ import annotations

from contextlib import AbstractContextManager

from rehearse.model.stage import Stage
from rehearse.watch import sampled, watch
from rehearse.watch.sampled import SampledWatch
from rehearse.watch.watch import Watch

__all__ = ["SampledWatch", "Watch", "watching"]


def watching(stage: Stage) -> AbstractContextManager[Watch | SampledWatch]:
    """Observe what the migrating role does in the stage database until the context is left.

    As exactly as the server tells it, or by samples where its log cannot be read.
    """
    return sampled.sampling(stage) if stage.observation == "sampled" else watch.watching(stage)
