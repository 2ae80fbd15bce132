"""What can go wrong on the way to a source."""

from __future__ import annotations

import re

from rehearse.errors import RehearseError, RequestError

# what servers, poolers and libpq say when `options` of a startup packet are not welcome: PgBouncer before and after
# 1.20, Amazon's RDS Proxy
_NO_OPTIONS = re.compile(r"startup parameter|command-line options")
_HINTS = (
    ("does not match host name", "With sslmode=verify-full the host must be written as its certificate names it."),
    ("certificate verify failed", "sslrootcert must name the authority that signed the server's certificate."),
    ("does not support SSL", "The server speaks no TLS where TLS was asked for: are host and port right?"),
    ("definition of service", "Services are defined in ~/.pg_service.conf, or in the file that PGSERVICEFILE names."),
    ("no password supplied", "Set PGPASSWORD, or write the password to ~/.pgpass or the file that PGPASSFILE names."),
    ("too many connections", "A snapshot takes three connections, a count four: raise CONNECTION LIMIT, or wait."),
    ("remaining connection slots", "All connections of the server are taken: raise max_connections, or wait."),
    ("session is read-only", "No host of the URL takes what target_session_attrs asks for."),
    ("server is in hot standby", "No host of the URL takes what target_session_attrs asks for."),
)


class NoSource(RequestError):
    """What was named leads to no database."""

    def __init__(self) -> None:
        super().__init__(
            "The source is neither a PostgreSQL URL, a conninfo string nor a service name.",
            "Write it as postgresql://user@host:5432/database or service=name; "
            "postgresql:// alone is what the variables PGHOST, PGDATABASE, ... say.",
        )


class PasswordNotEncoded(RequestError):
    """A URL came apart at a character of its password; it is not shown, for part of the password would be."""

    def __init__(self) -> None:
        super().__init__(
            "The URL of the source comes apart at an @ or a / that may belong to its password.",
            "Percent-encode it (@ is %40, / is %2F), or keep the password in PGPASSWORD or ~/.pgpass.",
        )


class SourceUnreachable(RehearseError):
    """The source did not accept a connection."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(
            f"Cannot connect to {source}: {reason}",
            next(
                (hint for cause, hint in _HINTS if cause in reason),
                "Check host, port, database, user and password, and that the server accepts connections from here.",
            ),
        )


class SourcePooled(RehearseError):
    """Something between us and the server hands out sessions that are not ours alone."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"{source} leads to a connection pooler (like PgBouncer or RDS Proxy): "
            "name host and port of PostgreSQL itself.",
            "Nothing was read. It drops the settings that a session begins with (read only, timeouts); an exported "
            "snapshot need not survive it, and pg_dump would leave its own settings to other clients.",
        )


def refusal(source: str, reason: str) -> RehearseError:
    """Return what a refused connection means.

    >>> type(refusal("postgresql:///shop", "FATAL:  unsupported startup parameter: options")).__name__
    'SourcePooled'
    """
    return SourcePooled(source) if _NO_OPTIONS.search(reason) else SourceUnreachable(source, reason)
