"""What a step did to data that existed before it: rows written, values changed, columns and tables dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rehearse.model.causes import origin
from rehearse.model.evidence import Evidence
from rehearse.model.quantity import rows
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, WorkKind

_DONE = {"insert": "inserted", "update": "updated", "delete": "deleted", "merge": "merged", "truncate": "truncated"}


def touched(evidence: Evidence, step: str) -> Mapping[str, tuple[str, ...]]:
    """Return the tables and columns whose data a step touched, with what it did, in words.

    The books of migration tools do not count, nor does what a failed statement did.
    """
    found: dict[str, tuple[str, ...]] = {}
    for identity, told in (*_rows(evidence.rehearsal, step), *_dropped(evidence, step)):
        found[identity] = (*found.get(identity, ()), told)
    for column, table, told in _values(evidence.rehearsal, step):
        if table not in found:
            found[column] = (told,)
    return found


def sees_rows(rehearsal: Rehearsal) -> bool:
    """Say whether the observation tells of every row that was written."""
    return rehearsal.fidelity.observation == "exact" and rehearsal.timeline.complete


def _rows(rehearsal: Rehearsal, step: str) -> Iterator[tuple[str, str]]:
    done: Counter[tuple[str, str]] = Counter()
    for statement in rehearsal.timeline.statements:
        if statement.step != step or statement.outcome is not Outcome.APPLIED:
            continue
        for work in statement.work:
            if work.kind is WorkKind.ROWS and work.existed_before and work.object not in rehearsal.facts.history:
                done[work.object, _DONE.get(work.detail, "written")] += work.rows
    for (table, verb), number in done.items():
        if number:
            yield table, f"{rows(number)} of {table} {'was' if number == 1 else 'were'} {verb}"


def _dropped(evidence: Evidence, step: str) -> Iterator[tuple[str, str]]:
    gone = {found.table: found.before for found in evidence.rehearsal.row_counts if found.after is None}
    for identity, lost in {**evidence.rehearsal.lost_values, **gone}.items():
        statement = evidence.statement_dropping(identity)
        if lost and statement is not None and statement.step == step:
            yield identity, f"{identity} was dropped with what {rows(lost)} held"


def _values(rehearsal: Rehearsal, step: str) -> Iterator[tuple[str, str, str]]:
    for change in rehearsal.value_changes:
        statement = origin(rehearsal, change).statement
        if statement is not None and statement.step == step:
            told = f"{change.column} holds another value in {rows(change.changed + change.nulled)}"
            yield change.column, change.table, told
