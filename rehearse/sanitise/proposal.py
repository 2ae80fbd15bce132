"""The block of [sanitise.columns] that decides columns as they were classified, to be reviewed by somebody."""

from __future__ import annotations

import json
from collections.abc import Iterable

from rehearse.model.snapshot import ColumnTreatment
from rehearse.sanitise import treatments

_UNCLASSIFIED = "unclassified"
_CONFIDENCE = ("low", "medium", "high", "")


def in_order_of_need(columns: Iterable[ColumnTreatment]) -> tuple[ColumnTreatment, ...]:
    """Return columns by how much they need a decision: kept though personal, unclassified, doubtful, the rest."""
    return tuple(sorted(columns, key=lambda found: (_need(found), found.table, found.column)))


def _need(found: ColumnTreatment) -> int:
    if found.is_clear and found.proven:
        return 0
    if found.reason == _UNCLASSIFIED:
        return 1
    return 2 + (_CONFIDENCE.index(found.confidence) if not found.is_clear else 4 + (found.mask == "keep"))


def needs_decision(found: ColumnTreatment) -> bool:
    return _need(found) <= 1


def block(columns: Iterable[ColumnTreatment]) -> str:
    """Return TOML: a line for each column, with the reason; those that need a decision first.

    Codes are left to be found again each time, and keys to be followed: their lines are comments.
    """
    lines = ["[sanitise.columns]"]
    seen: set[str] = set()
    for found in in_order_of_need(columns):
        if found.identity not in seen:
            seen.add(found.identity)
            lines.append(_line(found))
    return "\n".join(lines) + "\n"


def _line(found: ColumnTreatment) -> str:
    rule = found.mask if found.mask in treatments.KNOWN else "mask"
    told = f"{_key(found.identity)} = {json.dumps(rule)}"
    remark = f"{found.meaning or 'no meaning'}, {found.confidence or 'certain'}: {found.reason}".replace("\n", " ")
    if found.mask == "code":
        return f'# {_key(found.identity)} = "keep"  # {remark}'
    if found.reason == _UNCLASSIFIED:
        return f"{told}  # DECIDE: nothing says what it holds ({found.type})"
    if found.is_clear and found.proven:
        return f"{told}  # DECIDE: kept, and holds {', '.join(found.found)}"
    return f"{'# ' if found.is_clear and found.reason != 'configured' else ''}{told}  # {remark}"


def _key(identity: str) -> str:
    """Return a quoted key; json and TOML escape basic strings alike, but for DEL, which TOML does not take bare."""
    return json.dumps(identity, ensure_ascii=False).replace("\x7f", "\\u007f")
