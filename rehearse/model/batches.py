"""Batches: how many rows code that commits as it goes writes in one transaction, however large the table is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from rehearse.model.identity import split
from rehearse.model.naming import text
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, Statement, WorkKind

CODE = ("CALL", "DO")
_NUMBER = re.compile(r"\b\d+\b")
_LIMIT = re.compile(r"\bLIMIT\s+(\d+)\s*(?:FOR\b[^()]*)?\)", re.IGNORECASE)
_LEAST = 3  # transactions that tell an even size, of which the last may be smaller
_NEAR = 1  # BETWEEN first AND first + 499


def most(rehearsal: Rehearsal, statement: Statement, table: str) -> int | None:
    """Return how many rows of a table each transaction of a CALL or DO writes at most; None: as the table grows.

    It takes two witnesses: the code, and several of its transactions that were seen. Either every UPDATE and DELETE
    of the table has a LIMIT that is written out, and no transaction wrote more. Or all but the last wrote equally
    many, by a number written out in the code. A tenth of the table is written evenly, too, so a number that also
    counts the transactions tells nothing, and then, as wherever the two do not agree, all of it is taken to grow.
    """
    rounds = _rounds(rehearsal, statement, table) if statement.tag.startswith(CODE) else ()
    words = text(rehearsal, statement)
    limit = _limit(words, table)
    if limit is not None and len(rounds) > 1:
        return limit if max(rounds) <= limit else None
    full = tuple(each for each in rounds if each)
    full = full[:-1] if full and full[-1] < full[0] else full
    if len(full) < _LEAST or len(set(full)) > 1 or not full[0]:
        return None
    near = [int(each) for each in _NUMBER.findall(words) if abs(int(each) - full[0]) <= _NEAR]
    counts = any(abs(each - number) <= _NEAR for each in near for number in (len(full), len(rounds)))
    return full[0] if near and not counts else None


def _rounds(rehearsal: Rehearsal, statement: Statement, table: str) -> Sequence[int]:
    """Return how many rows each transaction of the code wrote, in order; that it found none left is a round, too."""
    roots: Mapping[str, str] = {facts.table: facts.root for facts in rehearsal.facts.tables if facts.root}
    found: dict[str, int] = defaultdict(int)
    for each in rehearsal.timeline.statements:
        if (each.session, each.sql, each.step, each.outcome) != (
            statement.session,
            statement.sql,
            statement.step,
            Outcome.APPLIED,
        ):
            continue
        for work in each.work:
            if work.kind is WorkKind.ROWS and roots.get(work.object, work.object) == table:
                found[each.transaction] += work.rows
    return tuple(found.values())


def _limit(words: str, table: str) -> int | None:
    """Return the largest LIMIT of what writes a table; None where something that writes it has none.

    >>> _limit("UPDATE t SET x = 1 WHERE id IN (SELECT id FROM t LIMIT 500);", "public.t")
    500
    >>> _limit("UPDATE t SET x = 1; DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 500)", "public.t")
    """
    name = re.escape(split(table)[-1])
    writes = re.findall(
        rf'\b(?:UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+(?:ONLY\s+)?(?:[\w$"]+\.)?"?{name}"?(?![\w$])[^;]*',
        words,
        re.IGNORECASE,
    )
    limits = [_LIMIT.findall(each) for each in writes]
    if not limits or any(len(each) != 1 for each in limits):
        return None
    return max(int(each[0]) for each in limits)
