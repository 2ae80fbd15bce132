"""A lock that stops traffic is requested with nothing to stop the waiting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity

FAMILY = Family.HYGIENE
HAZARDS = ("A8", "B13", "C6", "C9", "C10", "D7", "E8", "E12", "E13", "F7")
CONDITION = (
    "SHARE or a stronger lock was requested on a table that existed before while lock_timeout was 0 "
    "(the role, the database and the migration itself may set it)."
)
EFFECT = (
    "Behind one long-running query or idle transaction the request waits for ever, and every later query on the table, "
    "reads included, queues up behind the request."
)
REMEDY = (
    "Set a limit before the statement and try again when it fails: SET lock_timeout = '2s' (Alembic: op.execute at the "
    "top of the revision, or connect_args={'options': '-c lock_timeout=2s'} in env.py)."
)
# It locks the partition alone, when no query reaches it by its table any more, and must be let wait until then
_DETACHES = re.compile(r"\bDETACH\s+PARTITION\b.*\bCONCURRENTLY\b", re.IGNORECASE | re.DOTALL)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one warning for each step and table, partitions counted as one.

    A lock whose timeout was not observed raises none.
    """
    roots = {facts.table: facts.root for facts in evidence.rehearsal.facts.tables if facts.root}
    seen: set[tuple[str | None, str]] = set()
    for lock in evidence.rehearsal.timeline.locks:
        if not lock.mode.blocks_writes or lock.on_index or lock.lock_timeout != timedelta(0):
            continue
        table = roots.get(lock.object, lock.object)
        statement, blocks = evidence.rehearsal.timeline.statement(lock.statement), evidence.strongest(lock).mode.blocks
        if (lock.step, table) in seen or (statement is not None and _DETACHES.search(statement.sql)):
            continue
        seen.add((lock.step, table))
        yield Finding(
            check="lock-timeout-missing",
            family=FAMILY,
            severity=Severity.WARN,
            step=lock.step,
            object=table,
            message=f"A lock on {table} that blocks {' and '.join(blocks)} was requested without a "
            f"lock_timeout{evidence.cause(statement, table)}: behind one slow query it would wait without end, and all "
            "traffic on the table behind it.",
            remedy=REMEDY,
            evidence={"lock": lock.mode.value, "sql": statement.sql if statement else None},
        )
