"""Seeds: rows of a new table that the migration itself writes out, as many in production as on the stage."""

from __future__ import annotations

import re
from functools import lru_cache

from rehearse.model.naming import mentioning
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.same import Same
from rehearse.model.timeline import Statement

_QUERY = re.compile(r"\b(?:SELECT|TABLE)\b", re.IGNORECASE)
_READS = ("SELECT", "FETCH", "COPY")


def seeded(rehearsal: Rehearsal, table: str) -> int:
    """Return how many rows INSERTs of nothing but values gave a table.

    Values that the migration may have read from rows of production's before are no seeds.
    """
    if _reads_a_sample(Same(rehearsal)):
        return 0
    return sum(found.rows or 0 for found in mentioning(rehearsal, table) if _writes_values(found))


@lru_cache(maxsize=2)
def _reads_a_sample(of: Same[Rehearsal]) -> bool:
    sampled = (found.table for found in of.value.row_counts if found.before and found.production != found.before)
    return any(found.tag.startswith(_READS) for table in sampled for found in mentioning(of.value, table))


def _writes_values(statement: Statement) -> bool:
    return statement.tag.startswith("INSERT") and not _QUERY.search(statement.sql)
