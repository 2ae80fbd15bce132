"""GitLab's code quality report: a list that the merge request shows beside the code."""

from __future__ import annotations

import json

from rehearse.model.finding import Severity
from rehearse.model.json import JSON
from rehearse.model.report import Report
from rehearse.reports.annotations import Annotation, annotated
from rehearse.reports.places import Place

_SEVERITIES = {Severity.BLOCK: "blocker", Severity.WARN: "minor", Severity.NOTE: "info"}
_NOWHERE = Place(file="rehearse.toml", line=1)  # GitLab wants a place of everything


def render(report: Report) -> str:
    """Return the list as JSON; what is accepted is information only."""
    return json.dumps([_entry(found) for found in annotated(report)], indent=2, ensure_ascii=False)


def _entry(found: Annotation) -> JSON:
    place = found.place or _NOWHERE
    severity = Severity.NOTE if found.acceptance is not None else found.severity
    return {
        "description": " ".join((found.message, *(f"({note})" for note in found.notes))),
        "check_name": found.check,
        "fingerprint": found.fingerprint,
        "severity": _SEVERITIES[severity],
        "location": {"path": place.file, "lines": {"begin": place.line}},
    }
