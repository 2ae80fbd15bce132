"""A target: the host, port and database a connection asks for, as libpq would read it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

_LOCAL = {"localhost": "localhost", "127.0.0.1": "localhost", "::1": "localhost", "": "localhost"}
_PAIR = re.compile(r"(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))")


class Target(NamedTuple):
    """One database, or the name of a service; without user and password."""

    host: str
    port: int
    database: str
    service: str = ""

    def __str__(self) -> str:
        if self.service:
            return f"service={self.service}"
        if self.host.startswith(("/", "@")):
            return f"postgresql:///{self.database}?host={self.host}&port={self.port}"
        return f"postgresql://{self.host}:{self.port}/{self.database}"


def parts_of(dsn: str) -> dict[str, str]:
    """Return the parameters of a PostgreSQL URL (a driver name is ignored) or a conninfo string.

    >>> parts_of("postgresql+psycopg2://me:secret@db:5433/shop?sslmode=require")["host"]
    'db'
    >>> parts_of("host=db dbname='my shop'")
    {'host': 'db', 'dbname': 'my shop'}
    """
    if not is_postgresql(dsn):
        return {name: quoted or plain for name, quoted, plain in _PAIR.findall(dsn)}
    split = urlsplit(dsn)
    credentials, _, hosts = split.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    pairs = [_host_and_port(host) for host in hosts.split(",")]
    found = {
        "user": unquote(user),
        "password": unquote(password),
        "host": ",".join(host for host, _ in pairs),
        "port": ",".join(port for _, port in pairs),
        "dbname": unquote(split.path.lstrip("/")),
    }
    return {**{name: value for name, value in found.items() if value.strip(",")}, **dict(parse_qsl(split.query))}


def is_postgresql(text: str) -> bool:
    """Say whether a text is a PostgreSQL URL, with or without a SQLAlchemy driver name.

    >>> is_postgresql("postgresql+asyncpg://db/shop"), is_postgresql("sqlite:///shop.db")
    (True, False)
    """
    return re.match(r"postgres(ql)?(\+\w+)?://", text) is not None


def targets_of(parts: Mapping[str, object], defaults: Mapping[str, str]) -> tuple[Target, ...]:
    """Return every target the parameters name: several where several hosts are given."""
    given = {name: str(value) for name, value in parts.items() if value not in (None, "")}
    service = given.get("service", defaults.get("PGSERVICE", ""))
    if service:
        return (Target("", 0, "", service),)
    address = given.get("hostaddr") or defaults.get("PGHOSTADDR")  # wins over every host
    hosts = (address or given.get("host") or defaults.get("PGHOST", "")).split(",")
    ports = (given.get("port") or defaults.get("PGPORT", "") or "5432").split(",")
    database = given.get("dbname") or given.get("database") or defaults.get("PGDATABASE", "")
    return tuple(
        Target(_canonical(host), _port(ports[min(number, len(ports) - 1)]), database)
        for number, host in enumerate(hosts)
    )


def _canonical(host: str) -> str:
    plain = unquote(host).strip("[]")
    return os.path.realpath(plain) if plain.startswith("/") else _LOCAL.get(plain.lower(), plain.lower())


def _host_and_port(text: str) -> tuple[str, str]:
    match = re.match(r"(\[[^]]*\]|[^:]*)(?::(\d*))?$", text)
    return (unquote(match[1]), match[2] or "") if match else (text, "")


def _port(text: str) -> int:
    return int(text) if text.isdigit() else 5432
