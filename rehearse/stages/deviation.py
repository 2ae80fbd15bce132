"""A deviation: one thing in which a stage is not production's twin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """What differs, in a sentence, and the objects whose rehearsal it may distort."""

    sentence: str
    touched: tuple[str, ...] = ()  # identities: a step that touches one is undecided
