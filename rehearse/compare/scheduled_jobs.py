"""The jobs of pg_cron: when they run, as whom, and whether they are the same; never what they execute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from rehearse.db.queries import query
from rehearse.model.json import JSON
from rehearse.model.parity import Entry, Importance

# Columns are read by name from the row as JSON: jobname came with pg_cron 1.3.
_JOBS = sql.SQL("SELECT pg_catalog.to_jsonb(j) AS job FROM {} AS j ORDER BY j.jobid").format(
    sql.Identifier("cron", "job")
)
_UNREADABLE = "only a superuser, or a role with SELECT on cron.job and BYPASSRLS, sees every job"


def withheld(connection: psycopg.Connection) -> str | None:
    """Say why not every job is to be seen from here; None where all are, or where there is no pg_cron."""
    table = connection.execute(query("parity/pg_cron/table").encode()).fetchone()
    if table is not None:
        return None if table[1] else _UNREADABLE
    elsewhere = connection.execute(query("parity/pg_cron/database").encode()).fetchone()
    if elsewhere is None or elsewhere[0] is None:
        return None
    return f"pg_cron keeps its jobs in the database {elsewhere[0]}, to be named as a side of its own"


def read_jobs(connection: psycopg.Connection) -> tuple[Entry, ...]:
    """Return the jobs by name; those without one by their schedule."""
    if connection.execute(query("parity/pg_cron/table").encode()).fetchone() is None:
        return ()
    with connection.cursor(row_factory=dict_row) as cursor:
        jobs = [_job(row["job"]) for row in cursor.execute(_JOBS)]
    return tuple(_unique(jobs))


def _job(row: dict[str, JSON]) -> tuple[str, dict[str, JSON]]:
    digest = hashlib.sha256(str(row.get("command")).encode()).hexdigest()
    name = row.get("jobname") or f"unnamed, {row.get('schedule')}"
    compared: dict[str, JSON] = {
        "schedule": row.get("schedule"),
        "command_digest": digest,
        "role": row.get("username"),
        "active": row.get("active", True),
    }
    return str(name), compared


def _unique(jobs: Iterable[tuple[str, dict[str, JSON]]]) -> Iterable[Entry]:
    """Yield the jobs; those of the same name numbered, in the order of their commands."""
    seen: dict[str, int] = {}
    for name, compared in sorted(jobs, key=lambda job: (job[0], str(job[1]["command_digest"]))):
        seen[name] = seen.get(name, 0) + 1
        numbered = name if seen[name] == 1 else f"{name} ({seen[name]})"
        yield Entry(topic="job", name=numbered, importance=Importance.OTHER, compared=compared)
