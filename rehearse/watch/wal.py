"""The write-ahead log of statements: told where nobody else can have written to it meanwhile.

A query counts what it wrote itself. Of a command the tracer tells where the server's log stood when it began and when
it ended, so that whatever others wrote in between would be taken for its own. On a server of ours these are the other
sessions of the migration and checkpoints; autovacuum is off. What is left is the list of running transactions that
the background writer adds every 15 s: some 50 bytes, and 12 for each ACCESS EXCLUSIVE lock that is held.
"""

from __future__ import annotations

from datetime import timedelta

from rehearse.watch import strings
from rehearse.watch.executions import Ddl, Execution
from rehearse.watch.log import Checkpoint

_GRAIN = timedelta(milliseconds=1)  # of the moments in the log


def written(execution: Execution, *, is_alone: bool) -> int | None:
    """Return the bytes of a statement that is one query or one DDL command, those nested in it included."""
    if len(execution.events) != 1 or execution.error is not None or strings.is_block(execution.sql):
        return None
    (event,) = execution.events
    return None if isinstance(event, Ddl) and not is_alone else event.wal_bytes


def alone(executions: tuple[Execution, ...], checkpoints: tuple[Checkpoint, ...] | None) -> frozenset[int]:
    """Return the places of the statements during which nobody else wrote; nothing where `checkpoints` is None.

    Statements are compared by the places of their lines: a session is heard before a statement of it begins and after
    it has ended. One that ended with its transaction open may write until its end, which nobody hears.
    """
    if checkpoints is None:
        return frozenset()
    last = set({each.session: place for place, each in enumerate(executions)}.values())
    disturbed: set[int] = set()
    running: list[int] = []
    for place, each in sorted(enumerate(executions), key=lambda entry: entry[1].position):
        running = [one for one in running if not _has_ended(executions[one], each, is_last=one in last)]
        others = [one for one in running if executions[one].session != each.session]
        disturbed.update(others, [place] if others else ())
        running.append(place)
    return frozenset(
        place
        for place, each in enumerate(executions)
        if place not in disturbed
        and not any(one.began <= each.ended + _GRAIN and each.started - _GRAIN <= one.ended for one in checkpoints)
    )


def _has_ended(one: Execution, before: Execution, *, is_last: bool) -> bool:
    """Say whether all a statement writes is written before another begins."""
    return one.last is not None and one.last < before.position and not (is_last and one.open_after)
