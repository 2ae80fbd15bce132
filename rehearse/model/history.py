"""The history of a project's rehearsals."""

from __future__ import annotations

from dataclasses import dataclass

from rehearse.model.observation import Accuracy, Observation
from rehearse.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run, and what happened around it."""

    run: Run
    moved: bool | None  # production's schema is another than at the run before; None: there is none of that source
    changes: tuple[str, ...] = ()  # how it is another, in sentences
    observation: Observation | None = None  # of its release


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Runs, the oldest first, and how good their forecasts were."""

    entries: tuple[Entry, ...]
    accuracy: Accuracy
