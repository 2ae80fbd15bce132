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


def _kind(found: Finding) -> tuple[object, ...]:
    return (found.severity, found.check, found.step, found.acceptance is None)
