"""The sections of the page, and the words and pictures that fill them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearse.model import quantity
from rehearse.model.report import Report
from rehearse.reports import (
    acts,
    calibration,
    findings,
    plain,
    production,
    rests,
    row_counts,
    sentences,
    settings,
    steps,
    verdict,
    way_back,
)
from rehearse.reports.html import bars, changes, folding, lanes, outlook, picture, words


def of(report: Report) -> Mapping[str, object]:
    """Return what the templates speak of: the report, what is made of it once, and the modules that word it."""
    rehearsal = report.rehearsal
    outlooks = outlook.outlooks(report)
    return {
        "report": report,
        "rehearsal": rehearsal,
        "timeline": rehearsal.timeline,
        "fidelity": rehearsal.fidelity,
        "sections": tuple(_sections(report)),
        "acts_next": acts.acts(report),
        "folds": tuple(folding.folds(findings.alike(report.findings))),
        "picture": picture.picture(rehearsal),
        "stops": lanes.Stops(rehearsal),
        "outlooks": outlooks,
        "forecast_of": {found.step: found for found in outlooks},
        "advice_of": {found.step: found for found in report.advice},
        "drawing": outlook.drawing(outlooks),
        "differing": row_counts.differing(rehearsal),
        "Stop": lanes.Stop,
        "bars": bars,
        "calibration": calibration,
        "changes": changes,
        "outlook": outlook,
        "plain": plain,
        "production": production,
        "quantity": quantity,
        "rests": rests,
        "row_counts": row_counts,
        "sentences": sentences,
        "settings": settings,
        "steps": steps,
        "verdicts": verdict,
        "way_back": way_back,
        "words": words,
    }


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    """Yield each section that has something to say: its template, which is its place on the page, and its heading."""
    rehearsal = report.rehearsal
    yield "next", "What to do next"
    if report.findings:
        yield "findings", "Findings"
    if rehearsal.migration.steps:
        yield "timeline", "Timeline"
        yield "steps", "Steps"
    if rehearsal.changes:
        yield "schema", "Schema changes"
    if rehearsal.row_counts:
        yield "rows", "Row counts"
    if report.fulfilments:
        yield "expectations", "Expectations"
    if rehearsal.downgrades:
        yield "way-back", "The way back"
    if rehearsal.failure is not None:
        yield "failure", "The failure"
    if rehearsal.settings:
        yield "settings", "Settings"
    if rehearsal.calibration is not None:
        yield "calibration", "Calibration"
    yield "fidelity", "What this rests on"
    yield "policy", "Policy"
    yield "inputs", "Inputs and timings"
