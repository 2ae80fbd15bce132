"""A sequence does not fit the column it fills: it is behind its values, or ends before its type does."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.catalog import CatalogObject
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.index import valid_indexes
from rehearse.model.sequence import LIMITS, SequencePosition, sequence_columns

FAMILY = Family.HYGIENE
HAZARDS = ("F6",)
CONDITION = (
    "After the migration the next value of a sequence is one that its column has or has passed, and was not before; or "
    "the migration changed the type of a column or its sequence, and the sequence ends before the column's type, or "
    "goes beyond it."
)
EFFECT = (
    "The next INSERT fails on the unique key, or makes a duplicate where there is none; a sequence that runs out stops "
    "every INSERT of the table."
)
REMEDY = (
    "In the same migration: SELECT setval('sequence', max(column)) FROM table; with a column's type change the "
    "sequence's as well: ALTER SEQUENCE ... AS bigint."
)
_NEAR = 2  # a sequence past one part in so many of its range runs out within the life of the application


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for a value that is taken, a warning for what comes later."""
    yield from _behind(evidence)
    yield from _misfits(evidence)


def _behind(evidence: Evidence) -> Iterator[Finding]:
    before = {found.physical for found in evidence.rehearsal.sequences_before if found.is_behind}
    for found in evidence.rehearsal.sequences_after:
        if found.is_behind and found.physical not in before:
            yield _behind_finding(evidence, found)


def _behind_finding(evidence: Evidence, found: SequencePosition) -> Finding:
    table, name = found.table, found.column.removeprefix(f"{found.table}.")
    unique = any(shape.unique and shape.keys == (name,) for _, shape in valid_indexes(evidence.rehearsal.after, table))
    fails = found.is_taken and unique
    now = "fails on the unique key" if unique else "makes a duplicate"
    when = f"the next INSERT {now}" if found.is_taken else f"an INSERT {now} once the sequence gets there"
    advance = f"SELECT setval('{found.sequence}', {'max' if found.ascending else 'min'}({name}))"
    return Finding(
        check="sequence-misfit",
        family=FAMILY,
        severity=Severity.BLOCK if fails else Severity.WARN,
        step=_writing_step(evidence, table, found.sequence),
        object=found.sequence,
        message=f"{found.sequence} is behind its data: it gives {found.next_value} next, and {found.column} goes to "
        f"{found.furthest} already, so {when}.",
        remedy=f"After the rows are written: {advance} FROM {table};",
        evidence={"next_value": found.next_value, "furthest": found.furthest, "is_taken": found.is_taken},
    )


def _writing_step(evidence: Evidence, table: str, sequence: str) -> str | None:
    """Return the last step that wrote rows of the table or moved the sequence."""
    name = sequence.rpartition(".")[2].strip('"')
    steps = [
        found.step
        for found in evidence.rehearsal.timeline.statements
        if name in found.sql or any(work.object == table for work in found.work)
    ]
    return steps[-1] if steps else None


def _misfits(evidence: Evidence) -> Iterator[Finding]:
    """Yield what a changed column or sequence makes of the pair: the narrower of the two decides where it ends."""
    changed = {
        change.renamed_to or change.object
        for change in evidence.rehearsal.changes
        if change.kind in ("column", "sequence") and {"type", "maximum", "default"} & set(change.after or ())
    }
    for column, sequence in sequence_columns(evidence.rehearsal.after):
        is_endless = sequence.attributes.get("cycle") is True or int(sequence.text("increment")) < 0
        if not is_endless and changed.intersection((column.identity, sequence.identity)):
            ends, holds = int(sequence.text("maximum")), LIMITS[column.text("type")]
            stands = _position(evidence, sequence)
            severity = Severity.WARN if stands is not None and stands * _NEAR > min(ends, holds) else Severity.NOTE
            if ends < holds:
                yield _short(evidence, column, sequence, severity, stands)
            elif ends > holds and severity is Severity.WARN:
                yield _narrow(evidence, column, sequence, stands)


def _short(
    evidence: Evidence, column: CatalogObject, sequence: CatalogObject, severity: Severity, stands: int | None
) -> Finding:
    ends, type_ = int(sequence.text("maximum")), column.text("type")
    return _misfit(
        evidence,
        column,
        sequence,
        severity=severity,
        stands=stands,
        message=f"INSERTs into {column.table} stop at {ends}, where {sequence.identity} ends, though {column.identity} "
        f"is {type_} and has room for more",
        remedy=f"ALTER SEQUENCE {sequence.identity} AS {type_} MAXVALUE {LIMITS[type_]};",
    )


def _narrow(evidence: Evidence, column: CatalogObject, sequence: CatalogObject, stands: int | None) -> Finding:
    name, type_ = column.identity.removeprefix(f"{column.table}."), column.text("type")
    return _misfit(
        evidence,
        column,
        sequence,
        severity=Severity.WARN,
        stands=stands,
        message=f"INSERTs into {column.table} stop at {LIMITS[type_]}, as {column.identity} is {type_}, though "
        f"{sequence.identity} goes on",
        remedy=f"Keep the column wide: ALTER TABLE {column.table} ALTER COLUMN {name} TYPE {sequence.text('type')}; "
        "(it writes the table anew under a lock: leave out the change that made it narrow).",
    )


def _misfit(
    evidence: Evidence,
    column: CatalogObject,
    sequence: CatalogObject,
    *,
    severity: Severity,
    stands: int | None,
    message: str,
    remedy: str,
) -> Finding:
    statement = evidence.statement_altering(column.identity)
    place = "its position in production is not known" if stands is None else f"production's stands at {stands}"
    return Finding(
        check="sequence-misfit",
        family=FAMILY,
        severity=severity,
        step=statement.step if statement else None,
        object=sequence.identity,
        message=f"{message}; {place}.",
        remedy=remedy,
        evidence={"sql": statement.sql if statement else None, "stands": stands, "maximum": sequence.text("maximum")},
    )


def _position(evidence: Evidence, sequence: CatalogObject) -> int | None:
    """Return where production's sequence of this name, or of the same one before, stands."""
    before = {found.physical: found.identity for found in evidence.rehearsal.before.of_kind("sequence")}
    name = before.get(sequence.physical)
    return next((found.last_value for found in evidence.rehearsal.facts.sequences if found.sequence == name), None)
