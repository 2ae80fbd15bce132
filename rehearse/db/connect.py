"""Connections: to sources, read only and gently; to stages we own."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import quote

import psycopg
from psycopg import conninfo, sql
from psycopg.rows import scalar_row

from rehearse.db.errors import NoSource, PasswordNotEncoded, SourcePooled, refusal
from rehearse.db.queries import query

# A source is only ever read, and never made to wait for us: a lock we cannot have at once is given up,
# a forgotten connection ends by itself (manual 20.11.1, Statement Behavior). Nor is it made to compile: masks look
# costly, and to compile them, for every statement anew, takes longer than to apply them (manual 32.2, When to JIT?).
GENTLE = {
    "statement_timeout": "5min",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10min",
    "jit": "off",
}
_MARK = "rehearse.session"
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+[a-z0-9_]+://")
_EMPTY = re.compile(r"^postgres(?:ql)?:///?$")
_SECRETS = ("password", "sslpassword")
_VARIABLES = {"user": "PGUSER", "host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE"}


def normalise(url: str) -> str:
    """Return a conninfo string for a PostgreSQL URL, a conninfo or a `service=` name.

    A SQLAlchemy driver name is dropped. `postgresql://` alone is what the PG* variables say, and libpq's own
    defaults (manual 32.15, Environment Variables). Raises NoSource and PasswordNotEncoded.

    >>> normalise("postgresql+psycopg2://me@db/shop")
    'user=me dbname=shop host=db'
    """
    plain = _DRIVER.sub(r"\1://", url)
    try:
        parts = conninfo.conninfo_to_dict(plain)
    except psycopg.ProgrammingError:
        parts = {}
    if not parts and not _EMPTY.match(plain):
        raise NoSource
    if _is_torn(plain, parts):
        raise PasswordNotEncoded
    return conninfo.make_conninfo("", **parts)


def describe(url: str) -> str:
    """Return a URL for people: user, host and database, never a password.

    >>> describe("postgresql://me:secret@db:5433/shop")
    'postgresql://me@db:5433/shop'
    """
    parts = _told(url)
    if "service" in parts:
        return f"service={parts['service']}"
    user = f"{parts['user']}@" if parts.get("user") else ""
    return f"postgresql://{user}{_hosts(parts)}/{parts.get('dbname', '')}"


def database_of(url: str) -> str:
    """Return the name of the database a URL leads to, empty where the URL leaves it to the server or a service.

    >>> database_of("postgresql://me:secret@db:5433/shop")
    'shop'
    """
    return _told(url).get("dbname", "")


def connect_source(
    url: str, *, settings: Mapping[str, str] | None = None, timeout: timedelta = timedelta(seconds=10)
) -> psycopg.Connection:
    """Open a READ ONLY, REPEATABLE READ connection to a source, with every timeout set.

    `settings` travel in the startup packet beside the gentle ones: they show in no log, process list or
    other connection. A mark travels with them, and is asked for: behind a pooler it is missing, or another's.
    Raises SourceUnreachable and SourcePooled.
    """
    # READ ONLY not in the startup packet: there libpq would take any server for a standby (target_session_attrs,
    # manual 32.1.2)
    return _open(url, timeout, {**GENTLE, **(settings or {})}, ("default_transaction_read_only", "on"))


def connect_untouched(url: str, *, timeout: timedelta = timedelta(seconds=10)) -> psycopg.Connection:
    """Open a READ ONLY, REPEATABLE READ connection whose settings are those the server gives everybody.

    Nothing travels in the startup packet that would hide them: read pg_settings first, then `be_gentle`.
    Raises SourceUnreachable and SourcePooled.
    """
    return _open(url, timeout, {}, ("rehearse.untouched", "on"))


def be_gentle(connection: psycopg.Connection) -> None:
    """Set every timeout of a source until the open transaction ends."""
    for name, value in GENTLE.items():
        connection.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))


def startup_options(url: str, settings: Mapping[str, str]) -> str:
    """Return the `options` of a startup packet: those of the URL, and settings that win over them.

    PGOPTIONS, which is meant for other programs, is not heeded.

    >>> startup_options("host=db options='-c geqo=off'", {"lock_timeout": "2s"})
    '-c geqo=off -c lock_timeout=2s'
    """
    given = conninfo.conninfo_to_dict(normalise(url)).get("options") or ""
    return " ".join([*([str(given)] if given else []), *(f"-c {name}={_escape(settings[name])}" for name in settings)])


def connect_stage(dsn: str) -> psycopg.Connection:
    """Open an autocommit connection to a database on a server we own."""
    return psycopg.connect(dsn, autocommit=True, prepare_threshold=None, application_name="rehearse")


def redact(text: str, url: str) -> str:
    """Return a message without the passwords of the URL, in any of their spellings."""
    parts = conninfo.conninfo_to_dict(normalise(url))
    for secret in (str(parts[name]) for name in _SECRETS if parts.get(name)):
        for spelling in (secret, quote(secret, safe=""), quote(secret)):
            text = text.replace(spelling, "***")
    return text


def _open(url: str, timeout: timedelta, settings: Mapping[str, str], then: tuple[str, str]) -> psycopg.Connection:
    """Open a connection with some settings, and with one that is set in the session once it is known to be ours."""
    mark = secrets.token_hex(8)
    dsn = conninfo.make_conninfo(
        normalise(url),
        options=startup_options(url, {**settings, _MARK: mark}),
        application_name="rehearse",
        connect_timeout=int(timeout.total_seconds()),
    )
    with ExitStack() as unless_ours:
        try:
            connection = psycopg.connect(dsn, prepare_threshold=None, autocommit=True)
            unless_ours.callback(connection.close)
            claimed = _claimed(connection, mark, then)
        except (psycopg.Error, UnicodeError) as error:  # the latter: a host name that is none
            raise refusal(describe(url), redact(str(error).strip(), url)) from None
        if not claimed:
            raise SourcePooled(describe(url))
        unless_ours.pop_all()
    connection.autocommit = False  # only now: the transaction begins when the caller wants it
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


def _claimed(connection: psycopg.Connection, mark: str, then: tuple[str, str]) -> bool:
    """Change a setting of a session; False where it is another one than was asked for."""
    setting, wanted = then
    with connection.cursor(row_factory=scalar_row) as cursor:
        cursor.execute(query("session/own").encode(), {"mark": mark, "setting": setting, "wanted": wanted})
        return cursor.fetchone() is not None


def _told(url: str) -> dict[str, str]:
    """Return what a URL says, and what the PG* variables add to it; only an empty one can mean PGSERVICE."""
    given = {name: str(value) for name, value in conninfo.conninfo_to_dict(normalise(url)).items() if value}
    variables = _VARIABLES if given else {**_VARIABLES, "service": "PGSERVICE"}
    return {**{name: os.environ[told] for name, told in variables.items() if os.environ.get(told)}, **given}


def _hosts(parts: Mapping[str, str]) -> str:
    """Return every host with its port, as a URL has them."""
    hosts = (parts.get("host") or parts.get("hostaddr", "")).split(",")
    ports = parts.get("port", "").split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    named = [f"[{host}]" if ":" in host else host for host in hosts]
    return ",".join(f"{host}:{port}" if port else host for host, port in zip(named, ports, strict=True))


def _is_torn(url: str, parts: Mapping[str, object]) -> bool:
    """Say whether the @ or / of a password was taken for the end of it: its rest is in the host or the database."""
    if "://" not in url:
        return False
    if "@" in str(parts.get("host") or "")[1:]:  # an abstract socket begins with one
        return True
    has_credentials = parts.get("user") or parts.get("password")
    return not has_credentials and "@" in str(parts.get("dbname") or "") and "@" in url.partition("?")[0]


def _escape(value: str) -> str:
    return re.sub(r"([\\ ])", r"\\\1", value)
