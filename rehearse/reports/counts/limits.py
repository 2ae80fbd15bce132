"""What was asked, as it limits what the answer means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from rehearse.model.counts import Counts
from rehearse.model.json import JSON
from rehearse.model.quantity import listing
from rehearse.reports.counts import figures

_FEW = 12  # patterns named in one sentence


def limits(counts: Counts) -> Iterator[str]:
    """Yield a sentence for each limit."""
    asked = counts.asked
    if asked.get("estimate"):
        yield "Only the planner's estimates were read."
    elif len(counts.sides) > 1 and not asked.get("content"):
        yield "Only numbers were compared: equal ones may hide different contents, which --content compares."
    if asked.get("tables"):
        yield f"Only what matches {listing(_texts(asked['tables']), _FEW)} was asked for."
    if asked.get("exclude"):
        yield f"What matches {listing(_texts(asked['exclude']), _FEW)} was left out."
    if asked.get("where"):
        yield f"Only rows of which this holds: {asked['where']}."
    if asked.get("before"):
        yield f"Only rows written before {figures.moment(datetime.fromisoformat(str(asked['before'])))}."
    if asked.get("tolerance", "0") != "0":
        yield f"Numbers that lie {_tolerance(str(asked['tolerance']))} apart or less pass as equal."
    if any(found.rows for row in counts.rows for found in row.located) and not asked.get("keys_shown"):
        yield "Keys are masked where the policy says so; --show-keys shows them."


def _tolerance(said: str) -> str:
    return f"{int(said):,} row{'' if said == '1' else 's'}" if said.isdigit() else said


def _texts(names: JSON) -> tuple[str, ...]:
    return tuple(str(name) for name in cast("list[JSON]", names))
