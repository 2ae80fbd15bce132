"""The releases that were let through without a rehearsal and are not in this production yet."""

from __future__ import annotations

from collections.abc import Sequence

from rehearse.model.rehearsal import Rehearsal


def sentences(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Return a sentence for each, the oldest first."""
    told = rehearsal.inputs.get("unrehearsed")
    return tuple(map(str, told)) if isinstance(told, Sequence) and not isinstance(told, str) else ()
