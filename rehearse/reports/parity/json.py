"""The parity of servers as one JSON object; keys may be added, never lost or changed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rehearse.model.comparison import Side
from rehearse.model.json import JSON
from rehearse.model.parity import Compared, Entry, Importance, Parity, Remark

SCHEMA_VERSION = 1


def render(parity: Parity) -> str:
    """Return the JSON object as text, stable for equal servers but for its times and sizes."""
    return json.dumps(as_object(parity), indent=2, ensure_ascii=False)


def as_object(parity: Parity) -> Mapping[str, JSON]:
    """Return the answer in the published shape."""
    information = [found for found in parity.information if found.importance is Importance.INFORMATION]
    places = [found for found in parity.information if found.importance is Importance.PLACE]
    return {
        "schema_version": SCHEMA_VERSION,
        "status": parity.status.value,
        "sides": [_side(side) for side in parity.sides],
        "differences": [_compared(found) for found in parity.differences],
        "ignored": [_compared(found) for found in parity.ignored],
        "skipped": [_compared(found) for found in parity.skipped],
        "known_to_some_only": [_compared(found) for found in parity.alone],
        "remarks": [_remark(found) for found in parity.remarks],
        "unknown": [_remark(found) for found in parity.unknown],
        "gaps": [_remark(found) for found in parity.gaps],
        "equal": dict(parity.equal),
        "information": [_compared(found) for found in information],
        "places": [_compared(found) for found in places],
        "unused_ignore_rules": list(parity.unused_rules),
    }


def _side(side: Side) -> JSON:
    return {
        "name": side.name,
        "place": side.place,
        "server_version": side.server_version or None,
        "read_at": side.read_at.isoformat() if side.read_at else None,
        "in_recovery": side.in_recovery,
        "failure": side.failure,
    }


def _compared(found: Compared) -> JSON:
    return {
        "topic": found.topic,
        "name": found.name,
        "importance": found.importance.value,
        "status": found.status.value,
        "attributes": list(found.attributes),
        "values": {side: _value(entry) for side, entry in found.values.items()},
        "not_readable": dict(found.silent),
        "unknown_to": list(found.unaware),
    }


def _value(entry: Entry | None) -> JSON:
    if entry is None or entry.compared is None:
        return None
    return {**entry.told, **entry.compared}


def _remark(remark: Remark) -> JSON:
    return {"side": remark.side, "topic": remark.topic, "name": remark.name or None, "text": remark.text}
