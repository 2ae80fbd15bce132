"""Addresses of databases, taken apart: without their passwords, and of another database of the same server."""

from __future__ import annotations

from urllib.parse import quote

from psycopg import conninfo

from rehearse.db.connect import normalise


def without_password(url: str) -> str:
    """Return a conninfo string without passwords."""
    parts = conninfo.conninfo_to_dict(normalise(url))
    return conninfo.make_conninfo("", **{name: value for name, value in parts.items() if "password" not in name})


def password_of(url: str) -> str | None:
    """Return the password in an address, None where there is none."""
    found = conninfo.conninfo_to_dict(normalise(url)).get("password")
    return str(found) if found else None


def beside(url: str, database: str) -> str:
    """Return the conninfo string of another database of a server; who connects waits five seconds at most."""
    return conninfo.make_conninfo(normalise(url), dbname=database, connect_timeout=5)


def url_beside(url: str, database: str) -> str:
    """Return the URL of another database of a server, without a password.

    >>> url_beside("postgresql://me:secret@db:5433/postgres", "shop")
    'postgresql://me@db:5433/shop'
    """
    parts = {name: str(value) for name, value in conninfo.conninfo_to_dict(normalise(url)).items()}
    user = f"{quote(parts['user'], safe='')}@" if "user" in parts else ""
    host, port, name = parts.get("host", ""), parts.get("port", ""), quote(database, safe="")
    if host.startswith("/"):
        return f"postgresql://{user}/{name}?host={quote(host, safe='')}{f'&port={port}' if port else ''}"
    return f"postgresql://{user}{host}{f':{port}' if port else ''}/{name}"
