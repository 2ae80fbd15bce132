"""The report as one JSON object, for machines; its keys may grow, never shrink or change."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rehearse.model.finding import Finding
from rehearse.model.json import JSON
from rehearse.model.report import Report
from rehearse.reports.json import demands, weighing
from rehearse.reports.json.calibration import of_calibration
from rehearse.reports.json.failures import of_stopped
from rehearse.reports.json.seen import of_connection, of_rebuilt_index, of_size_change, of_wait
from rehearse.reports.json.spans import seconds
from rehearse.reports.json.stage import of_change, of_fidelity, of_row_count, of_setting
from rehearse.reports.json.steps import of_statements, of_step
from rehearse.reports.places import Places

SCHEMA_VERSION = 1


def render(report: Report) -> str:
    """Return the JSON object as text, stable for equal evidence but for its times."""
    return json.dumps(as_object(report), indent=2, ensure_ascii=False)


def as_object(report: Report) -> Mapping[str, JSON]:
    """Return the report in the published shape."""
    rehearsal, places = report.rehearsal, Places.of(report)
    return {
        "schema_version": SCHEMA_VERSION,
        "run": rehearsal.id or None,
        "started_at": rehearsal.started_at.isoformat(),
        "verdict": report.verdict.value,
        "reasons": list(report.reasons),
        "findings": [_finding(found, places) for found in report.findings],
        "steps": [of_step(report, step) for step in rehearsal.migration.steps],
        "expectations": [weighing.of_expectation(found) for found in report.fulfilments],
        "policy": weighing.of_policy(report),
        "schema_changes": [of_change(change) for change in rehearsal.changes],
        "row_counts": [of_row_count(count) for count in rehearsal.row_counts],
        "settings": [of_setting(change) for change in rehearsal.settings],
        "fidelity": of_fidelity(rehearsal.fidelity, rehearsal.migration.notes),
        "inputs": dict(rehearsal.inputs),
        "timings": {name: seconds(span) for name, span in rehearsal.timings.items()},
        "waits": [of_wait(found) for found in rehearsal.timeline.waits],
        "sizes": [of_size_change(found) for found in rehearsal.timeline.sizes],
        "rebuilt_indexes": [of_rebuilt_index(found) for found in rehearsal.timeline.rebuilt],
        "outside_steps": of_statements(report, None),
        "calibration": None if rehearsal.calibration is None else of_calibration(rehearsal.calibration),
        "connections": [of_connection(found) for found in rehearsal.migration.connections],
        "stopped": None if rehearsal.migration.stopped is None else of_stopped(rehearsal.migration.stopped),
        "notes": [*rehearsal.timeline.notes, *rehearsal.migration.notes],
        "heads": {
            "before": {table: list(heads) for table, heads in rehearsal.heads_before.items()},
            "after": {table: list(heads) for table, heads in rehearsal.heads_after.items()},
            "targets": list(rehearsal.migration.targets),
        },
        "own_checks": demands.of_checks(rehearsal),
        "old_release": demands.of_old_release(rehearsal.old_release),
        "unrehearsed": rehearsal.inputs.get("unrehearsed", []),
    }


def _finding(found: Finding, places: Places) -> JSON:
    place = places.of_finding(found) if found.step else None
    return {
        "check": found.check,
        "family": found.family.value,
        "severity": found.severity.value,
        "step": found.step,
        "object": found.object,
        "message": found.message,
        "remedy": found.remedy,
        "evidence": dict(found.evidence),
        "acknowledged": found.acknowledged,
        "place": None if place is None else {"file": place.file, "line": place.line},
        **weighing.of_finding(found),
    }
