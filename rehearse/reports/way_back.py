"""The way back of the steps, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from rehearse.model.downgrade import Downgrade


def alike(downgrades: Sequence[Downgrade]) -> Iterator[tuple[Downgrade, ...]]:
    """Yield the revisions that follow one another and fared alike, together."""
    for _, group in groupby(downgrades, key=lambda found: replace(found, step="", took=timedelta(0))):
        yield tuple(group)


def head(group: Sequence[Downgrade]) -> str:
    """Say how revisions fared that fared alike: "0003, 0004: lossy, tried as one"."""
    return f"{', '.join(each.step for each in group)}: {group[0].way.value}{remark(group)}"


def remark(group: Sequence[Downgrade]) -> str:
    """Say what is to be said of their way beside its label: ", no downgrade is written"; often nothing."""
    found = group[0]
    reason = f", {found.reason}" if found.reason else ""
    return f"{reason}{', tried as one' if len(group) > 1 and found.together else ''}"


def losses(found: Downgrade) -> Iterator[str]:
    """Yield what is not what it was, a line each."""
    for loss in found.losses:
        yield f"{loss.told}{' after upgrading again' if loss.upgraded_again else ''}"
