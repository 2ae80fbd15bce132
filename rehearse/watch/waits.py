"""Waits: who waited for which lock of a sibling, as the server's own lines tell (manual 19.8.3, log_lock_waits)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rehearse.model.timeline import Statement, Wait
from rehearse.watch.executions import Execution
from rehearse.watch.relations import Relations

_RELATION = re.compile(r"(?:tuple \S+ of )?relation (?P<oid>\d+) of database \d+")


def waits(accounts: Iterable[tuple[Statement, Execution]], relations: Relations) -> Iterator[Wait]:
    """Yield every wait that lasted longer than the tracer's deadlock_timeout."""
    told = tuple(accounts)
    sessions = {int(each.session.rpartition(".")[2], 16): each.session for _, each in told}
    for statement, execution in told:
        for each in execution.waits:
            yield Wait(
                session=execution.session,
                holders=tuple(sessions[pid] for pid in each.holders if pid in sessions),
                statement=statement.number,
                mode=each.mode,
                awaited=_awaited(each.awaited, relations),
                started=each.started,
                ended=each.ended,
                was_granted=each.was_granted,
            )


def _awaited(text: str, relations: Relations) -> str:
    match = _RELATION.fullmatch(text)
    table = relations.table(int(match["oid"])) if match else None
    return text if table is None else table.identity
