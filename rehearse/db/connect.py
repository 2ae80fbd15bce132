"""Connections: to sources, read only and gently; to stages we own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import psycopg
from psycopg import conninfo, sql

from rehearse.errors import RehearseError, RequestError

# A source is only ever read, and never made to wait for us: a lock we cannot have at once is given up,
# a forgotten connection ends by itself (manual 20.11.1, Statement Behavior).
GENTLE = {
    "default_transaction_read_only": "on",
    "statement_timeout": "5min",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10min",
}
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+[a-z0-9_]+://")


class SourceUnreachable(RehearseError):
    """The source did not accept a connection."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(
            f"Cannot connect to {source}: {reason}",
            "Check host, port, database, user and password, and that the server accepts connections from here.",
        )


def normalise(url: str) -> str:
    """Return a conninfo string for a PostgreSQL URL, a conninfo or a `service=` name.

    A SQLAlchemy driver name is dropped. Raises RequestError when it is none of these.

    >>> normalise("postgresql+psycopg2://me@db/shop")
    'user=me dbname=shop host=db'
    """
    plain = _DRIVER.sub(r"\1://", url)
    try:
        parts = conninfo.conninfo_to_dict(plain)
    except psycopg.ProgrammingError:
        parts = {}
    if not parts:
        raise RequestError(
            "The source is neither a PostgreSQL URL, a conninfo string nor a service name.",
            "Write it as postgresql://user@host:5432/database or service=name.",
        )
    return conninfo.make_conninfo("", **parts)


def describe(url: str) -> str:
    """Return a URL for people: user, host and database, never a password.

    >>> describe("postgresql://me:secret@db:5433/shop")
    'postgresql://me@db:5433/shop'
    """
    parts = conninfo.conninfo_to_dict(normalise(url))
    if "service" in parts:
        return f"service={parts['service']}"
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{user}{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"


def database_of(url: str) -> str:
    """Return the name of the database a URL leads to, empty where the URL leaves it to the server or a service.

    >>> database_of("postgresql://me:secret@db:5433/shop")
    'shop'
    """
    return str(conninfo.conninfo_to_dict(normalise(url)).get("dbname") or "")


def connect_source(
    url: str, *, settings: Mapping[str, str] | None = None, timeout: timedelta = timedelta(seconds=10)
) -> psycopg.Connection:
    """Open a READ ONLY, REPEATABLE READ connection to a source, with every timeout set.

    `settings` travel in the startup packet beside the gentle ones: they show in no log, process list or
    other connection. Raises SourceUnreachable.
    """
    options = " ".join(f"-c {name}={_escape(value)}" for name, value in {**GENTLE, **(settings or {})}.items())
    given = f"{conninfo.conninfo_to_dict(normalise(url)).get('options') or ''} {options}".strip()
    return _open(url, timeout, {"options": given})


def connect_untouched(url: str, *, timeout: timedelta = timedelta(seconds=10)) -> psycopg.Connection:
    """Open a READ ONLY, REPEATABLE READ connection whose settings are those the server gives everybody.

    Nothing travels in the startup packet that would hide them: read pg_settings first, then `be_gentle`.
    Raises SourceUnreachable.
    """
    return _open(url, timeout, {})


def be_gentle(connection: psycopg.Connection) -> None:
    """Set every timeout of a source until the open transaction ends."""
    for name, value in GENTLE.items():
        if name != "default_transaction_read_only":  # the transaction is READ ONLY already
            connection.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))


def _open(url: str, timeout: timedelta, extra: Mapping[str, str]) -> psycopg.Connection:
    dsn = conninfo.make_conninfo(
        normalise(url), **extra, application_name="rehearse", connect_timeout=int(timeout.total_seconds())
    )
    try:
        connection = psycopg.connect(dsn, prepare_threshold=None)
    except psycopg.Error as error:
        raise SourceUnreachable(describe(url), redact(str(error).strip(), url)) from None
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


def connect_stage(dsn: str) -> psycopg.Connection:
    """Open an autocommit connection to a database on a server we own."""
    return psycopg.connect(dsn, autocommit=True, prepare_threshold=None, application_name="rehearse")


def redact(text: str, url: str) -> str:
    """Return a message without the password of the URL, in any of its spellings."""
    secret = conninfo.conninfo_to_dict(normalise(url)).get("password")
    return text.replace(str(secret), "***") if secret else text


def _escape(value: str) -> str:
    return re.sub(r"([\\ ])", r"\\\1", value)
