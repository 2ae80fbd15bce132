"""Read the facts about a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import psycopg
from psycopg.rows import class_row, dict_row

from rehearse.catalog.heads import version_tables
from rehearse.catalog.relations import Table
from rehearse.db.queries import query
from rehearse.db.system import system_identifier
from rehearse.model.facts import (
    ExtensionFacts,
    Facts,
    LocaleFacts,
    RoleFacts,
    SequenceFacts,
    TableFacts,
    TablespaceFacts,
)
from rehearse.sanitise.settings import may_be_secret


def read_facts(connection: psycopg.Connection, tables: Iterable[Table]) -> tuple[Facts, tuple[str, ...]]:
    """Return the facts, and sentences about what this role may not read; numbers of rows are PostgreSQL's estimates."""
    with connection.cursor(row_factory=dict_row) as cursor:
        server = cursor.execute(query("facts/server").encode()).fetchone()
    assert server is not None
    settings = _role_settings(connection)
    sequences, notes = _sequences(connection)
    facts = Facts(
        taken_at=server["taken_at"],
        database=server["database"],
        database_oid=server["oid"],
        owner=server["owner"],
        encoding=server["encoding"],
        collate=server["collate"],
        ctype=server["ctype"],
        locale=LocaleFacts(**server["locale"]),
        server_version_num=server["version_num"],
        server_version=server["version"],
        connected_as_superuser=server["superuser"],
        in_recovery=server["in_recovery"],
        system_identifier=system_identifier(connection),
        large_objects=server["large_objects"],
        settings=read_settings(connection),
        known_settings=_known_settings(connection),
        database_settings=settings.get((None, True), {}),
        database_acl=_column(connection, "facts/database_acl"),
        tables=tuple(table_facts(table) for table in tables if table.kind != "f"),
        sequences=sequences,
        extensions=_extensions(connection),
        roles=_roles(connection, settings),
        tablespaces=_tablespaces(connection),
        version_tables=version_tables(connection),
        populated_views=_column(connection, "facts/populated_views"),
    )
    return facts, (*notes, *_hidden_settings(connection))


def table_facts(table: Table) -> TableFacts:
    """Return what the system catalogs say of a table."""
    return TableFacts(
        table=table.identity,
        rows=table.estimate,
        rows_exact=False,
        heap_bytes=table.heap_bytes,
        index_bytes=table.index_bytes,
        total_bytes=table.total_bytes,
        root=table.root,
    )


def read_settings(connection: psycopg.Connection) -> dict[str, str]:
    """Return the settings that differ from their default, without what may hold a secret."""
    found = connection.execute(query("facts/settings").encode()).fetchall()
    return {name: value for name, value in found if not may_be_secret(name, value)}


def _known_settings(connection: psycopg.Connection) -> dict[str, bool]:
    return dict(connection.execute(query("facts/known_settings").encode()).fetchall())


def _role_settings(connection: psycopg.Connection) -> Mapping[tuple[str | None, bool], dict[str, str]]:
    """Return settings by role (None: the database's) and whether they are for this database only."""
    found: dict[tuple[str | None, bool], dict[str, str]] = {}
    for role, in_database, entry in connection.execute(query("facts/role_settings").encode()):
        name, _, value = entry.partition("=")
        if not may_be_secret(name, value):
            found.setdefault((role, in_database), {})[name] = value
    return found


def _roles(
    connection: psycopg.Connection, settings: Mapping[tuple[str | None, bool], dict[str, str]]
) -> tuple[RoleFacts, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return tuple(
            RoleFacts(
                **{**row, "member_of": tuple(row["member_of"])},
                settings=settings.get((row["name"], False), {}),
                database_settings=settings.get((row["name"], True), {}),
            )
            for row in cursor.execute(query("facts/roles").encode())
        )


def _extensions(connection: psycopg.Connection) -> tuple[ExtensionFacts, ...]:
    with connection.cursor(row_factory=class_row(ExtensionFacts)) as cursor:
        return tuple(cursor.execute(query("facts/extensions").encode()))


def _tablespaces(connection: psycopg.Connection) -> tuple[TablespaceFacts, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query("facts/tablespaces").encode())
        return tuple(TablespaceFacts(**{**row, "acl": tuple(row["acl"])}) for row in found)


def _sequences(connection: psycopg.Connection) -> tuple[tuple[SequenceFacts, ...], tuple[str, ...]]:
    found, notes = [], []
    for name, last, start, readable in connection.execute(query("facts/sequences").encode()):
        if readable:
            found.append(
                SequenceFacts(sequence=name, last_value=start if last is None else last, is_called=last is not None)
            )
        else:
            notes.append(
                f"The position of sequence {name} may not be read; on the stage it stands at its start "
                "(GRANT SELECT helps)."
            )
    return tuple(found), tuple(notes)


def _hidden_settings(connection: psycopg.Connection) -> tuple[str, ...]:
    names = _column(connection, "facts/hidden_settings")
    return (f"This role may not see {' and '.join(names)} (GRANT pg_read_all_settings helps).",) if names else ()


def _column(connection: psycopg.Connection, name: str) -> tuple[str, ...]:
    return tuple(str(value) for (value,) in connection.execute(query(name).encode()))
