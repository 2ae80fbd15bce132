"""A statement may be cut short by the time limit it runs under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import duration
from rehearse.model.timeline import Outcome, Statement

FAMILY = Family.HYGIENE
HAZARDS = ("D4", "F8")
CONDITION = (
    "A statement ran under a statement_timeout that the policy's rates give its work at production's size no time for; "
    "or an index was built, rebuilt or dropped, or a partition detached, CONCURRENTLY under a lock_timeout of a minute "
    "or less."
)
EFFECT = (
    "The step fails in production and not on the stage. CONCURRENTLY waits for every transaction in the database that "
    "is older, whatever its table, and lock_timeout counts for that: what is cut short leaves an INVALID index."
)
REMEDY = (
    "Lift the limit for this statement: SET statement_timeout = 0 before it, and for CONCURRENTLY, which blocks nobody "
    "while it waits, SET lock_timeout = 0; set both back afterwards."
)
_SHORT = timedelta(minutes=1)  # a report, a dump or an autovacuum of a large table is open for longer
_CONCURRENTLY = re.compile(
    r"^\s*(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX\b.*?|ALTER\s+TABLE\b.*?\bDETACH\s+PARTITION\b.*?)"
    r"\s+CONCURRENTLY\b",
    re.IGNORECASE | re.DOTALL,
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one warning for each statement and limit."""
    for statement in evidence.rehearsal.timeline.statements:
        limit = statement.lock_timeout
        if limit and limit <= _SHORT and statement.outcome is Outcome.APPLIED and _CONCURRENTLY.match(statement.sql):
            yield _waiting(evidence, statement, limit)
    told: set[int] = set()
    for prediction in evidence.predictions:
        limit = prediction.statement.statement_timeout
        if limit and prediction.statement.number not in told and prediction.exceeds(limit):
            told.add(prediction.statement.number)
            yield _working(prediction, limit)


def _waiting(evidence: Evidence, statement: Statement, limit: timedelta) -> Finding:
    work = next((found.object for found in statement.work), None)
    target = work or next((lock.object for lock in evidence.locks_during(statement)), statement.tag)
    return Finding(
        check="timeout-too-short",
        family=FAMILY,
        severity=Severity.WARN,
        step=statement.step,
        object=target,
        message=f"{statement.tag} CONCURRENTLY on {target} runs under a lock_timeout of {duration(limit)}: any "
        "transaction of the database that is open for longer ends it, and an INVALID index is left behind.",
        remedy="SET lock_timeout = 0; before it (nobody waits behind CONCURRENTLY), and the old value after it.",
        evidence={"sql": statement.sql, "lock_timeout_ms": limit.total_seconds() * 1000},
    )


def _working(prediction: Prediction, limit: timedelta) -> Finding:
    statement, table = prediction.statement, prediction.work.object
    return Finding(
        check="timeout-too-short",
        family=FAMILY,
        severity=Severity.WARN,
        step=statement.step,
        object=table,
        message=f"{statement.tag} on {table} runs under a statement_timeout of {duration(limit)}, which may end it in "
        f"production: {prediction.extent}.",
        remedy="SET statement_timeout = 0; before it and the old value after it, or do the work in batches.",
        evidence={
            "sql": statement.sql,
            "statement_timeout_ms": limit.total_seconds() * 1000,
            "production_rows": prediction.production_rows,
        },
    )
