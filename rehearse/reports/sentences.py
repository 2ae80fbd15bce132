"""What policy, declarations and baseline say to the findings, as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rehearse.model.finding import Finding, Ground
from rehearse.model.fulfilment import Fulfilment
from rehearse.model.quantity import listing
from rehearse.model.report import Report

_MOST_NAMED = 5
_GROUNDS = {Ground.ACKNOWLEDGED: "acknowledged: ", Ground.EXPECTED: "expected: ", Ground.BASELINE: ""}


def weighed(found: Finding) -> Iterator[str]:
    """Yield why a finding weighs what it weighs, a line each."""
    accepted = found.acceptance
    if accepted is not None:
        where = _where(accepted.owner, accepted.expires, accepted.place)
        yield f"{_GROUNDS[accepted.ground]}{accepted.reason}{where}"
    for entry in found.expired:
        where = _where(entry.owner, None, entry.place)
        yield f"acknowledged until {entry.expires}, which has passed: {entry.reason}{where}"
    if found.override is not None and found.severity_of_check is not None:
        said = f"{found.override.reason}{_where(None, None, found.override.place)}"
        yield f"{found.severity.value} by policy, {found.severity_of_check.value} by the check: {said}"


def expected(found: Fulfilment) -> str:
    """Say what became of an expectation."""
    said = found.expectation
    head = f"{said.step}: {said.said} ({said.place})"
    if found.holds:
        return f"{head}: kept"
    if found.holds is None:
        return f"{head}: {'open' if found.was_played else 'not played'}"
    return f"{head}: missed, {found.told}"


def uncovered(report: Report) -> Iterator[str]:
    """Yield which acknowledgements cover no finding, if there are any."""
    entries = tuple(f"{entry.check} {entry.object}{_where(None, None, entry.place)}" for entry in report.unused)
    if entries:
        yield f"Acknowledged, though nothing of the kind was found: {listing(entries, _MOST_NAMED)}."


def _where(owner: str | None, expires: date | None, place: str) -> str:
    """Write who answers for it, until when, and where it stands: " (anna, until 2027-01-31, rehearse.toml:12)"."""
    parts = [owner or "", f"until {expires}" if expires else "", place]
    said = ", ".join(part for part in parts if part)
    return f" ({said})" if said else ""
