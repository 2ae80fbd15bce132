"""The drift of two schemas as one JSON object; keys may be added, never lost or changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from rehearse.model.change import SchemaChange
from rehearse.model.comparison import Side
from rehearse.model.drift import Drift
from rehearse.model.json import JSON

SCHEMA_VERSION = 1


def render(drift: Drift) -> str:
    """Return the JSON object as text, stable for equal schemas but for its times."""
    return json.dumps(as_object(drift), indent=2, ensure_ascii=False)


def as_object(drift: Drift) -> Mapping[str, JSON]:
    """Return the answer in the published shape."""
    return {
        "schema_version": SCHEMA_VERSION,
        "status": drift.status.value,
        "sides": [_side(side) for side in drift.sides],
        "objects": drift.objects,
        "changes": _changes(drift.changes),
        "ignored": _changes(drift.ignored),
        "unused_ignore_rules": list(drift.unused_rules),
        "notes": list(drift.notes),
    }


def _side(side: Side) -> JSON:
    return {
        "name": side.name,
        "place": side.place,
        "server_version": side.server_version or None,
        "read_at": side.read_at.isoformat() if side.read_at else None,
        "failure": side.failure,
    }


def _changes(changes: Iterable[SchemaChange]) -> list[JSON]:
    return [
        {
            "action": change.action,
            "kind": change.kind,
            "object": change.object,
            "table": change.table,
            "before": change.before,
            "after": change.after,
            "perhaps_renamed_to": change.perhaps_renamed_to,
        }
        for change in changes
    ]
