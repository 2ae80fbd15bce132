"""Collations the stage's server cannot provide: stood in by code point order."""

from __future__ import annotations

import re

import psycopg

from rehearse.db.queries import query
from rehearse.stages import dump as dumps
from rehearse.stages.deviation import Deviation
from rehearse.stages.dump import Dump

_USED = re.compile(r'COLLATE pg_catalog\.(?P<name>"(?:[^"]|"")+"|[a-z_][a-z0-9_]*)')
_MADE = re.compile(r"^CREATE COLLATION (?P<name>.+?) \((?P<options>provider = .+)\);$", re.MULTILINE)
_FIRST_BUILTIN_MAJOR = 17


def provide(connection: psycopg.Connection, dump: Dump) -> tuple[Dump, tuple[str, ...]]:
    """Create every collation the dump names, as a placeholder where this server lacks it.

    Returns the dump without what has been restored here, and the placeholders' identities.
    """
    major = connection.info.server_version // 10000
    schema = dumps.script(dump, dump.entries, major)
    known = {name for (name,) in connection.execute(query("stage/collations"))}
    used = {match["name"] for match in _USED.finditer(schema)}
    missing = sorted(name for name in used if name.strip('"').replace('""', '"') not in known)
    for name in missing:
        connection.execute(f"CREATE COLLATION pg_catalog.{name} {_placeholder(major)}")
    own = dump.select("COLLATION")
    if not own:
        return dump, tuple(missing)
    before = (*dump.select("SCHEMA"), *own)
    connection.execute(dumps.script(dump, dump.select("SCHEMA"), major))
    stood_in = [_create(connection, dumps.script(dump, [entry], major), major) for entry in own]
    left = dump.without(frozenset(entry.id for entry in before))
    return left, (*missing, *(name for name in stood_in if name))


def deviations(connection: psycopg.Connection, stood_in: tuple[str, ...]) -> tuple[Deviation, ...]:
    """Name the placeholders and the columns that sort by them."""
    if not stood_in:
        return ()
    connection.execute("SELECT pg_catalog.set_config('search_path', '', false)")
    columns = connection.execute(query("stage/columns_collated"), {"collations": list(stood_in)}).fetchall()
    names = ", ".join(stood_in)
    return (
        Deviation(
            sentence=f"The stage lacks the collations {names}: text sorts by code point, only identical text is equal.",
            touched=(*stood_in, *(str(column) for (column,) in columns)),
        ),
    )


def _create(connection: psycopg.Connection, definition: str, major: int) -> str | None:
    """Create one collation; return its identity if only a placeholder could be had."""
    try:
        connection.execute(definition)
    except psycopg.Error:
        made = _MADE.search(definition)
        if made is None:
            raise
        connection.execute(
            _MADE.sub(lambda match: f"CREATE COLLATION {match['name']} {_placeholder(major)};", definition)
        )
        return made["name"]
    return None


def _placeholder(major: int) -> str:
    if major >= _FIRST_BUILTIN_MAJOR:
        return "(provider = builtin, locale = 'C.UTF-8')"
    return "(provider = libc, locale = 'C')"
