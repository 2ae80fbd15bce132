"""Identities as PostgreSQL quotes them, taken apart."""

from __future__ import annotations

import re

from psycopg import sql

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_PART = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^."]+)')


def split(identity: str) -> tuple[str, ...]:
    """Return the names an identity is made of, unquoted.

    >>> split('public."We ""said"".so".note')
    ('public', 'We "said".so', 'note')
    """
    return tuple(
        match["plain"] if match["quoted"] is None else match["quoted"].replace('""', '"')
        for match in _PART.finditer(identity)
    )


def quoted(name: str) -> str:
    """Return a name as an identity has it; unlike quote_ident, without regard to key words.

    >>> quoted("citext"), quoted("uuid-ossp")
    ('citext', '"uuid-ossp"')
    """
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def identifier(identity: str) -> sql.Identifier:
    """Return an identity as an identifier for generated SQL."""
    return sql.Identifier(*split(identity))
