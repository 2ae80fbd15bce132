"""How the steps grew with the sample, as JSON."""

from __future__ import annotations

from rehearse.model.calibration import Calibration, Line
from rehearse.model.json import JSON
from rehearse.reports.json.spans import seconds


def of_calibration(found: Calibration) -> JSON:
    """Return what the steps did to samples of three sizes."""
    return {
        "steps": [
            {
                "step": each.step,
                "samples": [
                    {"rows": point.rows, "work": point.work, "seconds": seconds(point.took)} for point in each.points
                ],
                "time": None if each.time is None else _line(each.time),
                "work": None if each.work is None else _line(each.work),
            }
            for each in found.steps
        ],
        "notes": list(found.notes),
    }


def _line(found: Line) -> JSON:
    return {"fixed": found.fixed, "per_row": found.per_row, "error": found.error}
