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


def read_jobs(connection: psycopg.Connection) -> tuple[Entry, ...]:
    """Return the jobs by name; those without one by database and command."""
    found = connection.execute(query("parity/pg_cron/table").encode()).fetchone()
    if found is None:
        return _elsewhere(connection)
    if not found[1]:
        return (_entry("*", None, _UNREADABLE),)
    with connection.cursor(row_factory=dict_row) as cursor:
        jobs = [_job(row["job"]) for row in cursor.execute(_JOBS)]
    return tuple(_unique(jobs))


def _elsewhere(connection: psycopg.Connection) -> tuple[Entry, ...]:
    """Say so where pg_cron runs and keeps its jobs in another database of the server."""
    found = connection.execute(query("parity/pg_cron/database").encode()).fetchone()
    if found is None or found[0] is None:
        return ()
    return (_entry("*", None, f"pg_cron keeps its jobs in the database {found[0]}: name that one to compare them"),)


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
        yield _entry(name if seen[name] == 1 else f"{name} ({seen[name]})", compared, None)


def _entry(name: str, compared: dict[str, JSON] | None, remark: str | None) -> Entry:
    return Entry(topic="job", name=name, importance=Importance.OTHER, compared=compared, remark=remark)
