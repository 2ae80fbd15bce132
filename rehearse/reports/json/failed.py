"""The JSON object where no rehearsal came about: undecided, with the reason, and every key of the contract."""

from __future__ import annotations

import json

from rehearse.errors import RehearseError
from rehearse.reports.json.report import SCHEMA_VERSION


def render_failure(error: RehearseError) -> str:
    """Return what stands on stdout where the source, the stage or the tool failed before anything could be judged."""
    told = {
        "schema_version": SCHEMA_VERSION,
        "run": None,
        "verdict": "undecided",
        "reasons": [error.sentence],
        "findings": [],
        "steps": [],
        "schema_changes": [],
        "row_counts": [],
        "fidelity": {},
        "inputs": {},
        "timings": {},
        "failed": {"message": error.sentence, "remedy": error.hint},
    }
    return json.dumps(told, indent=2, ensure_ascii=False)
