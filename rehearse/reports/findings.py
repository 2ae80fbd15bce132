"""Findings as every format groups them: those of one check in one step stand together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rehearse.model.finding import Finding


def alike(findings: Sequence[Finding]) -> Iterator[tuple[Finding, ...]]:
    """Yield the findings in order, those that follow one another and are of one check in one step together."""
    for _, group in groupby(findings, key=_kind):
        yield tuple(group)


def head(group: Sequence[Finding]) -> str:
    """Name a group: "table-rewrite in step 0002 (3)"."""
    found = group[0]
    step = f" in step {found.step}" if found.step else ""
    return f"{found.check}{step}{f' ({len(group)})' if len(group) > 1 else ''}"


def apart(group: Sequence[Finding], most: int) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return those findings of a group that say something of their own, up to a number, and the objects of the rest."""
    said: dict[tuple[str, str], Finding] = {}
    for found in group:
        said.setdefault((found.message.replace(found.object, "#"), found.remedy.replace(found.object, "#")), found)
    full = tuple(said.values())[:most]
    return full, tuple(found.object for found in group if found not in full)


def _kind(found: Finding) -> tuple[object, ...]:
    return (found.severity, found.check, found.step, found.acceptance is None)
