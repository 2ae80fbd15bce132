"""The history as one JSON object; keys may be added, never lost or changed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rehearse.model.history import Entry, History
from rehearse.model.json import JSON
from rehearse.model.observation import Observation, StepTime

SCHEMA_VERSION = 1


def render(history: History) -> str:
    """Return the JSON object as text."""
    found = history.accuracy
    told = {"told": found.told, "held": found.held, "median_ratio": found.ratio}
    return _text(
        {"schema_version": SCHEMA_VERSION, "runs": [_entry(entry) for entry in history.entries], "forecasts": told}
    )


def observed(found: Observation) -> str:
    """Return one observation as text."""
    return _text({"schema_version": SCHEMA_VERSION, **_observation(found)})


def _text(found: Mapping[str, JSON]) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False)


def _entry(entry: Entry) -> JSON:
    run = entry.run
    return {
        "run": run.id,
        "verdict": run.verdict.value,
        "started_at": run.started_at.isoformat(),
        "seconds": run.took.total_seconds(),
        "blocks": run.blocks,
        "warnings": run.warnings,
        "steps": list(run.steps),
        "source": run.source,
        "environment": run.environment,
        "data_taken_at": run.data_taken_at.isoformat(),
        "production_fingerprint": run.production,
        "production_moved": entry.moved,
        "production_changes": list(entry.changes),
        "observation": None if entry.observation is None else _observation(entry.observation),
    }


def _observation(found: Observation) -> dict[str, JSON]:
    return {
        "run": found.run,
        "observed_at": found.observed_at.isoformat(),
        "source": found.source,
        "by": found.by,
        "seconds": found.took.total_seconds(),
        "steps": [_step(step) for step in found.steps],
        "notes": list(found.notes),
    }


def _step(step: StepTime) -> JSON:
    return {
        "steps": list(step.steps),
        "seconds": step.took.total_seconds(),
        "exact_to_seconds": step.exact_to.total_seconds(),
        "forecast_seconds": None if step.forecast is None else list(step.forecast.seconds),
        "held": step.is_held,
        "ratio": step.ratio,
        "statements_seen": step.seen,
        "statements_known": step.known,
    }
