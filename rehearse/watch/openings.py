"""Open points: what statements may have done to tables that neither their text nor the server tells without a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rehearse.model import wording
from rehearse.model.timeline import LockWindow, Outcome, Statement, Timeline
from rehearse.watch import definitions, reads, strings, tokens
from rehearse.watch.heard import Heard
from rehearse.watch.relations import Relation, Relations

_CLOSED_BY = (
    "Rehearse on a server of rehearse's own (leave --into out), or as a superuser of a server that logs as jsonlog in "
    "UTC."
)
_SHOWN = 60  # characters of a statement


def points(
    timeline: Timeline, relations: Relations, told: Iterable[Heard], unclear: Iterable[Relation]
) -> Iterator[str]:
    """Yield a sentence for each thing that may have locked or read tables unseen.

    `unclear` are the tables of which counters do not tell whether a query read all of them.
    """
    applied = [each for each in timeline.statements if each.outcome is Outcome.APPLIED]
    yield from _code(applied, relations)
    yield from _silence(told)
    yield from _names(applied, relations)
    yield from _reads(timeline, relations, unclear)


def _code(statements: Iterable[Statement], relations: Relations) -> Iterator[str]:
    """Yield the steps that ran code of the project's own, or commands nobody wrote down."""
    found: dict[str | None, list[Statement]] = {}
    for each in statements:
        if not definitions.is_understood(each.sql, relations):
            found.setdefault(each.step, []).append(each)
    for step, those in found.items():
        more = f" and {len(those) - 1} more like it" if len(those) > 1 else ""
        yield (
            f"{_who(step)} ran {shown(those[0].sql)}{more}: which tables that locked and read is known as far as "
            f"samples saw it. {_CLOSED_BY}"
        )


def _silence(told: Iterable[Heard]) -> Iterator[str]:
    """Yield what the server might have told of, if the migration had not chosen what it is told."""
    silent = [each.execution.sql for each in told if each.is_quiet and _is_told_of(each.execution.sql)]
    if silent:
        yield (
            f"The migration sets client_min_messages, so the server did not tell whether {shown(silent[0])} rewrote "
            f"or verified tables or built indexes. Leave that setting alone. Or: {_CLOSED_BY}"
        )


def _is_told_of(sql: str) -> bool:
    words = {token.word for token in tokens.tokens(sql)}
    return strings.word(sql) in ("ALTER", "REINDEX") or {"CREATE", "INDEX"} <= words


def _names(statements: Iterable[Statement], relations: Relations) -> Iterator[str]:
    """Yield that names may mean other tables than was thought: a search_path was set, and names are not unique."""
    setting = next((each for each in statements if "search_path" in each.sql.lower()), None)
    places = Counter(each.name for each in relations.by_oid.values() if each.is_table and each.schema != "pg_toast")
    twice = sorted(name for name, number in places.items() if number > 1)
    if setting is not None and twice:
        yield (
            f"The migration sets search_path ({shown(setting.sql)}), and {twice[0]} is a table of several schemas: "
            f"which of them a statement means is not known. Name the schema in each statement. Or: {_CLOSED_BY}"
        )


def _reads(timeline: Timeline, relations: Relations, unclear: Iterable[Relation]) -> Iterator[str]:
    """Yield the reads under a blocking lock that counters do not tell: the table was written anew or indexed, too."""
    for relation in unclear:
        for each in timeline.statements:
            lock = _blocking(each, timeline)
            is_partial = reads.written(each, relation) < relations.rows.get(relation.oid, 0)
            if lock and is_partial and not strings.is_ddl(each.sql) and reads.may_read(each, relation, relations):
                what = f"{relation.identity} ({shown(each.sql)})"
                yield (
                    f"{_who(each.step)} may have read all of {what} while {lock.object} was locked: other statements "
                    "read that table, too, and the server's counters do not tell which did how often. "
                    f"{_CLOSED_BY}"
                )
                break


def _blocking(statement: Statement, timeline: Timeline) -> LockWindow | None:
    """Return a lock that stops traffic and that the transaction of a statement held when it ran."""
    held = (lock for lock in timeline.locks if lock.mode.blocks_writes and not lock.on_index)
    return next(
        (
            lock
            for lock in held
            if lock.transaction == statement.transaction
            and lock.statement < statement.number
            and lock.is_held_at(statement.number)
        ),
        None,
    )


def _who(step: str | None) -> str:
    return f"Step {step}" if step else "The migration"


def shown(sql: str) -> str:
    """Return the beginning of a statement, on one line and without passwords."""
    line = " ".join(wording.statement(sql).split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
