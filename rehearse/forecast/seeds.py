"""Seeds: rows of a new table that the migration itself writes out, as many in production as on the stage."""

from __future__ import annotations

import re

from rehearse.model.naming import mentions
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, Statement

_QUERY = re.compile(r"\b(?:SELECT|TABLE)\b", re.IGNORECASE)
_READS = ("SELECT", "FETCH", "COPY")


def seeded(rehearsal: Rehearsal, table: str) -> int:
    """Return how many rows INSERTs of nothing but values gave a table.

    Values that the migration may have read from rows of production's before are no seeds.
    """
    rows = 0
    sampled = [found.table for found in rehearsal.row_counts if found.before and found.production != found.before]
    for statement in rehearsal.timeline.statements:
        if statement.outcome is not Outcome.APPLIED:
            continue
        if statement.tag.startswith(_READS) and any(mentions(statement.sql, source) for source in sampled):
            return 0
        if _writes_values(statement) and mentions(statement.sql, table):
            rows += statement.rows or 0
    return rows


def _writes_values(statement: Statement) -> bool:
    return statement.tag.startswith("INSERT") and not _QUERY.search(statement.sql)
