"""A sequence hands out numbers again that it has handed out before."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.naming import naming
from rehearse.model.values import SequenceMove

FAMILY = Family.LOSS
CONDITION = (
    "A sequence, or the one that took its place, stands before the position it had (RESTART, setval, DROP and CREATE, "
    "serial turned into an identity), and its column holds numbers it will come to again."
)
EFFECT = (
    "The next INSERT gets a number that a row has already: it fails on the primary key, again and again until the "
    "sequence has caught up, or, where nothing is unique, two rows share a number."
)
REMEDY = (
    "Carry the position over in the same transaction: SELECT setval('sequence', (SELECT max(column) FROM table)); for "
    "an identity the name of its sequence is pg_get_serial_sequence('table', 'column')."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block where rows hold the numbers to come, a warning where nobody knows, a note where none does."""
    for move in evidence.rehearsal.sequence_moves:
        yield _finding(evidence, move)


def _finding(evidence: Evidence, move: SequenceMove) -> Finding:
    statement = naming(evidence.rehearsal, move.sequence) or (
        naming(evidence.rehearsal, move.column) if move.column else None
    )
    severity, consequence = _weighed(move)
    return Finding(
        check="sequence-moved",
        family=FAMILY,
        severity=severity,
        step=statement.step if statement else None,
        object=move.sequence,
        message=f"{_subject(move)} hands out {move.new_next:,} next, not {move.old_next:,}: {consequence}.",
        remedy=_remedy(move),
        evidence={
            "sql": statement.sql if statement else None,
            "old_next": move.old_next,
            "new_next": move.new_next,
            "highest": move.highest,
        },
    )


def _subject(move: SequenceMove) -> str:
    return move.sequence if move.now == move.sequence else f"{move.now}, in place of {move.sequence},"


def _weighed(move: SequenceMove) -> tuple[Severity, str]:
    if move.column is None:
        return Severity.WARN, "numbers that are in use somewhere come again"
    if move.highest is None:
        return Severity.NOTE, f"{move.column} holds no number, so those of rows that are gone come again"
    rising = move.new_next < move.old_next
    if (move.highest < move.new_next) if rising else (move.highest > move.new_next):
        return Severity.NOTE, f"no row of {move.column} holds it, so numbers of rows that are gone come again"
    return Severity.BLOCK, f"{move.column} goes up to {move.highest:,}, so new rows get numbers that rows have"


def _remedy(move: SequenceMove) -> str:
    if move.column is None:
        return f"Carry the position over: SELECT setval('{move.now}', {move.old_next}, false)."
    return (
        f"Leave the sequence alone, or append, in the same transaction: SELECT setval('{move.now}', ...) with the "
        f"furthest number that {move.column} holds by then."
    )
