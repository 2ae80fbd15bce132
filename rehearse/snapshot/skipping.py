"""Tables of which no row is taken, and why."""

from __future__ import annotations

from rehearse.catalog.relations import Table
from rehearse.model.sampling import SampleRules
from rehearse.snapshot import sampling

ROW_SECURITY = "row security hides rows from this role"


def reason_to_skip(table: Table, rules: SampleRules, history: frozenset[str]) -> str:
    """Return why no row of the table is taken; no rule withholds what migrations have been applied."""
    if table.kind == "f":
        return "foreign table"
    if sampling.rule_of(table, rules).skip and table.identity not in history:
        return "[snapshot.tables] skips it"
    if not table.readable:
        return "no SELECT privilege"
    if table.absent:
        return "unlogged, and a standby has no rows of it"
    return ROW_SECURITY if table.row_security else ""
