"""What a snapshot would take: read from the system catalogs alone, no row of any table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rehearse.catalog import relations
from rehearse.catalog.relations import Table
from rehearse.db.connect import connect_source, describe
from rehearse.db.queries import query
from rehearse.model.facts import TableFacts
from rehearse.model.plan import PlannedStatement, SnapshotPlan, TablePlan
from rehearse.model.quantity import size
from rehearse.model.reading import ReadingLimits
from rehearse.model.sampling import SampleRules
from rehearse.snapshot import sampling
from rehearse.snapshot.counting import COUNTED_UP_TO
from rehearse.snapshot.dump import check_readable
from rehearse.snapshot.facts import table_facts
from rehearse.snapshot.skipping import reason_to_skip

# What one connection does in a second: tests/benchmarks/edge_rows.py and tests/benchmarks/throughput.py. Production
# may be slower, and busy.
_COUNTED = 400 * 1024 * 1024  # bytes of heap
_SEARCHED = 3_000_000  # values, in both passes for edge rows together
_COPIED = 400_000  # values, masked


def plan(url: str, rules: SampleRules, limits: ReadingLimits) -> SnapshotPlan:
    """Return what a snapshot would keep and cost.

    Raises what `connect_source` raises, TablesWithheld and BadTableRule.
    """
    with connect_source(url) as connection:
        check_readable(connection)
        found = tuple(table for table in relations.tables(connection) if table.kind != "m")
        sampling.check_rules(connection, rules, (table for table in found if table.kind == "r"))
        columns = relations.columns(connection, [table.oid for table in found])
        history = frozenset(str(row[0]) for row in connection.execute(query("facts/version_tables").encode()))
        planner = _Planner(rules=rules, history=history, facts=tuple(map(table_facts, found)))
        planned = tuple(planner.of(table, len(columns[table.oid])) for table in found)
        return SnapshotPlan(
            source=describe(url),
            connections=max(3, limits.jobs + 1),
            tables=planned,
            searches=(),
            statements=tuple(_statements(planned)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planner:
    """What a table's plan depends on besides the table."""

    rules: SampleRules
    history: frozenset[str]
    facts: Sequence[TableFacts]

    def of(self, table: Table, width: int) -> TablePlan:
        """Return what is kept of a table of so many columns."""
        skipped = reason_to_skip(table, self.rules, self.history)
        if skipped:
            return _planned(table, "schema only", skipped, kept=0, read=0, seconds=0)
        quota = sampling.quota(table, self.facts, self.rules)
        kept = None if table.estimate is None else min(quota, table.estimate)
        counted = table.heap_bytes if table.heap_bytes <= COUNTED_UP_TO else 0
        seconds = counted / _COUNTED + (kept or 0) * width / _COPIED
        if table.identity in self.history or (kept is not None and kept == table.estimate):
            why = "migration history" if table.identity in self.history else ""
            return _planned(table, "whole", why, kept=table.estimate, read=counted + table.heap_bytes, seconds=seconds)
        seconds += (table.estimate or 0) * width / _SEARCHED
        why = "never analysed, whole if it is small" if table.estimate is None else ""
        return _planned(table, "sampled", why, kept=kept, read=counted + 2 * table.heap_bytes, seconds=seconds)


def _planned(table: Table, choice: str, reason: str, *, kept: int | None, read: int, seconds: float) -> TablePlan:
    octets = None
    if kept is not None:
        octets = table.heap_bytes * kept // table.estimate if table.estimate else 0
    return TablePlan(
        table=table.identity,
        choice=choice,
        reason=reason,
        rows=table.estimate,
        kept_rows=kept,
        kept_bytes=octets,
        read_bytes=read,
        time=timedelta(seconds=seconds),
    )


def _statements(tables: Sequence[TablePlan]) -> Iterator[PlannedStatement]:
    copied = [table for table in tables if table.choice != "schema only"]
    sampled = [table for table in copied if table.choice == "sampled"]
    yield PlannedStatement(
        purpose="the files of sql/session, sql/facts, sql/catalog and sql/snapshot: system catalogs, positions of "
        "sequences, what migration tools have recorded"
    )
    yield PlannedStatement(purpose="pg_dump --schema-only, which takes ACCESS SHARE on every table")
    yield PlannedStatement(
        purpose=f"count(*) of tables up to {size(COUNTED_UP_TO)}, in pieces of about half a second, like all below"
    )
    yield PlannedStatement(purpose=f"up to 20,000 rows of each of {len(copied)} tables are classified where they are")
    if sampled:
        yield PlannedStatement(
            purpose=f"edge rows of {len(sampled)} tables, in two passes over each; rows drawn by TABLESAMPLE; the "
            "parents of chosen rows, by their keys"
        )
    yield PlannedStatement(purpose=f"COPY (SELECT ..., masked) TO STDOUT of {len(copied)} tables: whole, or by ctid")
