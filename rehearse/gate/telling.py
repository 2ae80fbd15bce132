"""What the gate says, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from rehearse.gate.asking import Answer
from rehearse.model.json import JSON
from rehearse.model.quantity import duration

SCHEMA_VERSION = 1


def passed(answer: Answer) -> str:
    """Say in one line what is let through."""
    assert answer.found is not None
    permit = answer.found.permit
    age = duration(max(answer.at - permit.issued_at, timedelta(0)))
    return (
        f"PASSED: run {permit.run} for {answer.place}, rehearsed {age} ago, {answer.signed}; "
        f"audit: {answer.audit.told}."
    )


def refused(answer: Answer) -> str:
    """Say every reason, each with what to do next."""
    run = f" (run {answer.found.permit.run})" if answer.found else ""
    lines = [f"REFUSED: {answer.place}{run}."]
    for refusal in answer.refusals:
        lines += (f"- {refusal.sentence}", f"  Do: {refusal.remedy}")
    return "\n".join(lines)


def emergency(answer: Answer, reason: str, skipped: tuple[str, ...]) -> str:
    """Say loudly what happened."""
    head = (
        f"EMERGENCY: an unrehearsed release goes to {answer.place}: {reason}\n"
        f"It is entry {answer.audit.count} of the audit, head {answer.audit.hash[:12]}; every report shows it until a "
        "run rehearses from a production that contains it."
    )
    return "\n".join([head, *(f"- skipped: {sentence}" for sentence in skipped)])


def as_json(answer: Answer, verdict: str, *, reason: str | None = None, skipped: tuple[str, ...] = ()) -> str:
    """Return the answer as one JSON object; its keys may grow, never shrink or change."""
    permit = answer.found.permit if answer.found else None
    told: Mapping[str, JSON] = {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict,
        "environment": answer.place,
        "run": permit.run if permit else None,
        "issued_at": permit.issued_at.isoformat() if permit else None,
        "age_seconds": (answer.at - permit.issued_at).total_seconds() if permit else None,
        "signed": bool(permit and permit.signature),
        "pass": answer.found.place if answer.found else None,
        "refusals": [
            {
                "reason": refusal.reason,
                "object": refusal.object,
                "message": refusal.sentence,
                "remedy": refusal.remedy,
            }
            for refusal in answer.refusals
        ],
        "emergency": None if reason is None else {"reason": reason, "skipped": list(skipped)},
        "audit": {"count": answer.audit.count, "hash": answer.audit.hash},
    }
    return json.dumps(told, indent=2, ensure_ascii=False)
