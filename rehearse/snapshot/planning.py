"""What a snapshot would take: read from the system catalogs alone, no row of any table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

import psycopg
from psycopg.sql import SQL

from rehearse.catalog import relations
from rehearse.catalog.relations import Table
from rehearse.db.connect import connect_source, describe
from rehearse.db.queries import query
from rehearse.model.plan import PlannedStatement, SearchPlan, SnapshotPlan, TablePlan
from rehearse.model.quantity import count, size
from rehearse.model.reading import ReadingLimits
from rehearse.model.sampling import SampleRules
from rehearse.sanitise import classify, documents, examined, labels
from rehearse.sanitise.rules import SanitiseRules
from rehearse.snapshot import canaries, references, sampling, selection, verifying
from rehearse.snapshot.copying import statement
from rehearse.snapshot.counting import COUNTED_UP_TO
from rehearse.snapshot.dump import check_readable
from rehearse.snapshot.facts import table_facts
from rehearse.snapshot.sampling import Sizes
from rehearse.snapshot.searching import PER_SEARCH, Search
from rehearse.snapshot.selection import Source
from rehearse.snapshot.skipping import reason_to_skip

# What one connection does in a second: tests/benchmarks/coverage.py and tests/benchmarks/throughput.py. Production
# may be slower, and busy.
_COUNTED = 400 * 1024 * 1024  # bytes of heap
_SEARCHED = 3_000_000  # values, in both passes for edge rows together
_COPIED = 400_000  # values, masked


def plan(
    url: str, rules: SampleRules, limits: ReadingLimits, sanitise: SanitiseRules, *, worded: bool = False
) -> SnapshotPlan:
    """Return what a snapshot would keep and cost; `worded`: with each COPY as it would be sent.

    Raises what `connect_source` raises, TablesWithheld and BadTableRule.
    """
    with connect_source(url) as connection:
        check_readable(connection)
        found = tuple(table for table in relations.tables(connection) if table.kind != "m")
        sampling.check_rules(connection, rules, (table for table in found if table.kind == "r"))
        history = frozenset(str(row[0]) for row in connection.execute(query("facts/version_tables").encode()))
        source = _source(connection, found, rules, history)
        tables = tuple(_table(table, source, history) for table in found)
        copies = tuple(_copies(connection, source, sanitise, history)) if worded else ()
        return SnapshotPlan(
            source=describe(url),
            connections=max(3, limits.jobs + 1),
            tables=tables,
            searches=tuple(_searches(selection.searches(connection, source).announced(rules), source)),
            statements=(*_statements(tables), *copies),
        )


def _source(
    connection: psycopg.Connection, tables: Sequence[Table], rules: SampleRules, history: frozenset[str]
) -> Source:
    known, sizes = relations.relations(connection), Sizes.of(map(table_facts, tables))
    columns = relations.columns(connection, sorted(known))
    copied = tuple(table for table in tables if not reason_to_skip(table, rules, history))
    return Source(
        tables=copied,
        whole=sampling.whole_tables(copied, sizes, history, rules),
        relations=known,
        columns=columns,
        foreign_keys=(*relations.foreign_keys(connection), *references.resolve(connection, rules, known, columns)),
        sizes=sizes,
        rules=rules,
    )


def _table(table: Table, source: Source, history: frozenset[str]) -> TablePlan:
    """Return what is kept of a table."""
    skipped = reason_to_skip(table, source.rules, history)
    if skipped:
        return _planned(table, "schema only", skipped, kept=0, read=0, seconds=0)
    width = len(source.columns[table.oid])
    counted = table.heap_bytes if table.heap_bytes <= COUNTED_UP_TO else 0
    if table.oid in source.whole:
        why = "migration history" if table.identity in history else ""
        seconds = counted / _COUNTED + (table.estimate or 0) * width / _COPIED
        return _planned(table, "whole", why, kept=table.estimate, read=counted + table.heap_bytes, seconds=seconds)
    kept = None if table.estimate is None else min(sampling.quota(table, source.sizes, source.rules), table.estimate)
    why = "never analysed, whole if it is small" if table.estimate is None else ""
    seconds = counted / _COUNTED + (table.estimate or 0) * width / _SEARCHED + (kept or 0) * width / _COPIED
    return _planned(table, "sampled", why, kept=kept, read=counted + 2 * table.heap_bytes, seconds=seconds)


def _searches(announced: Iterable[Search], source: Source) -> Iterator[SearchPlan]:
    scan = {table.identity: timedelta(seconds=table.heap_bytes / _COUNTED) for table in source.tables}
    for search in announced:
        time = min(search.scans * scan.get(search.table, timedelta(0)), PER_SEARCH)
        yield SearchPlan(
            kind=search.kind,
            table=search.table,
            name=search.name,
            scans=search.scans,
            time=time,
            declined=search.declined,
        )


def _copies(
    connection: psycopg.Connection, source: Source, sanitise: SanitiseRules, history: frozenset[str]
) -> Iterator[PlannedStatement]:
    """Yield the COPY of each table, as if no value told anything: what turns out to be codes will stay clear."""
    joining = [key for key in source.foreign_keys if key.joins_columns]
    hints = labels.read(connection, source.columns)
    around = classify.surroundings(sanitise, joining, source.relations, source.columns, history, hints)
    for table in source.tables:
        treated = classify.foreseen(table, source.columns[table.oid], around)
        rows = SQL("true") if table.oid in source.whole else SQL("t.ctid = ANY ('...')")
        yield PlannedStatement(
            purpose=f"the rows of {table.identity}", sql=statement(table, treated, rows).as_string(connection)
        )


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
    yield PlannedStatement(
        purpose=f"classification, where the rows are: {_at_most(examined.ROWS, [table.rows for table in copied])}"
    )
    if sampled:
        yield PlannedStatement(
            purpose=f"edge rows of {len(sampled)} tables, in two passes over each; rows drawn by TABLESAMPLE; the "
            "parents of chosen rows, by their keys"
        )
    kept = [table.kept_rows for table in copied]
    yield PlannedStatement(
        purpose=f"keys that documents share: up to {documents.EXAMINED:,} rows of each column of json, jsonb or hstore"
    )
    yield PlannedStatement(
        purpose=f"verification of what masks keep, among the rows to copy: {_at_most(verifying.EXAMINED, kept)}; "
        "where a constraint would break, those of its table again"
    )
    yield PlannedStatement(
        purpose=f"fingerprints, for the search for clear values: {_at_most(canaries.ROWS, kept)}, of the rows to copy"
    )
    yield PlannedStatement(purpose=f"COPY (SELECT ..., masked) TO STDOUT of {len(copied)} tables: whole, or by ctid")


def _at_most(limit: int, rows: Sequence[int | None]) -> str:
    """Say how many rows of tables are read at most: of one never analysed, as many as are allowed."""
    total = sum(limit if known is None else min(known, limit) for known in rows)
    return f"up to {limit:,} rows of each of {len(rows)} tables, about {count(total)} in all"
