"""Scale every work of the timeline by production's facts, and turn it into an allowance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rehearse.model.change import RowCount
from rehearse.model.evidence import Prediction
from rehearse.model.facts import TableFacts
from rehearse.model.identity import split
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Statement, Work, WorkKind

_FOREIGN_KEY = "validating foreign key "


def predict(rehearsal: Rehearsal, policy: Policy) -> tuple[Prediction, ...]:
    """Return one prediction for each work on a relation that existed before the migration.

    Rows on the stage are multiplied by production's rows over the stage's rows before; work on a
    table created by the migration itself costs nobody anything and is left out, and so is the bookkeeping of
    the migration tool.
    """
    return tuple(_predictions(rehearsal, policy))


def _predictions(rehearsal: Rehearsal, policy: Policy) -> Iterator[Prediction]:
    counts = {row.table: row for row in rehearsal.row_counts}
    history = rehearsal.facts.history
    for statement in rehearsal.timeline.statements:
        for work in statement.work:
            if work.existed_before and work.kind is not WorkKind.METADATA and work.object not in history:
                facts = _facts_of(rehearsal, work.object)
                rows = _scaled_rows(work, counts.get(work.object), facts)
                yield _prediction(statement, work, _at_most(rehearsal, work, rows), facts, policy)


def _facts_of(rehearsal: Rehearsal, table: str) -> TableFacts | None:
    """Return the facts of a table; of a partitioned table, those of its leaves added up."""
    own = rehearsal.facts.table(table)
    leaves = [found for found in rehearsal.facts.tables if found.root == table and found.table != table]
    if not leaves:
        return own
    return TableFacts(
        table=table,
        rows=None if any(leaf.rows is None for leaf in leaves) else sum(leaf.rows or 0 for leaf in leaves),
        rows_exact=all(leaf.rows_exact for leaf in leaves),
        heap_bytes=sum(leaf.heap_bytes for leaf in leaves),
        index_bytes=sum(leaf.index_bytes for leaf in leaves),
        total_bytes=sum(leaf.total_bytes for leaf in leaves),
    )


def _at_most(rehearsal: Rehearsal, work: Work, rows: int | None) -> int | None:
    """Return the rows, but of a referenced table no more than there are rows that refer to it.

    The planner looks parents up by their key where that is less than reading them all.
    """
    name = work.detail.removeprefix(_FOREIGN_KEY)
    if name == work.detail:
        return rows
    children = {
        found.table
        for found in rehearsal.after.of_kind("constraint")
        if found.text("references") == work.object and split(found.identity)[-1] == name
    }
    known = [_facts_of(rehearsal, child) for child in children if child is not None and child != work.object]
    if not known or any(facts is None or facts.rows is None for facts in known):
        return rows
    asked = sum(facts.rows or 0 for facts in known if facts is not None)
    return asked if rows is None else min(rows, asked)


def _prediction(
    statement: Statement, work: Work, rows: int | None, facts: TableFacts | None, policy: Policy
) -> Prediction:
    octets = _scaled_bytes(work, rows, facts)
    return Prediction(
        statement=statement,
        work=work,
        production_rows=rows,
        production_bytes=octets,
        production_exact=facts is not None and facts.rows_exact,
        allowance=_allowance(work.kind, rows, octets, policy),
    )


def _scaled_rows(work: Work, count: RowCount | None, facts: TableFacts | None) -> int | None:
    if work.is_constant:
        return work.rows
    if facts is None or facts.rows is None:
        return None
    if count is None or not count.before:
        # nothing of it stands on the stage: whole-table work is as large as the table, rows touched are anyone's guess
        return facts.rows if work.kind is not WorkKind.ROWS or facts.rows == 0 else None
    return round(work.rows * facts.rows / count.before)


def _scaled_bytes(work: Work, rows: int | None, facts: TableFacts | None) -> int | None:
    if facts is None or rows is None or not facts.rows:
        return None
    table = facts.total_bytes if work.kind is WorkKind.REWRITE else facts.heap_bytes
    return round(table * rows / facts.rows)


def _allowance(kind: WorkKind, rows: int | None, octets: int | None, policy: Policy) -> timedelta | None:
    if rows is None:
        return None
    rate = policy.rates[kind]
    return timedelta(seconds=max(rows / rate.rows, (octets or 0) / rate.bytes))
