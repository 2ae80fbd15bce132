"""Roles of production on a stage: without login, password or superuser, except the one that migrates."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from rehearse.db.queries import query
from rehearse.model.facts import Facts, RoleFacts
from rehearse.stages import settings
from rehearse.stages.deviation import Deviation

SUPERUSER = "rehearse"  # of every owned server; the watch runs as it
# Members of these reach past the stage: to files and programs of the machine it runs on (manual 21.5).
OUTREACHING = frozenset({"pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"})


def create(connection: psycopg.Connection, facts: Facts) -> tuple[Deviation, ...]:
    """Create every role with its attributes, memberships and settings, none able to log in.

    Production's superusers stay superusers until `demote`: only they may own event triggers and foreign data wrappers.
    """
    theirs = tuple(role for role in facts.roles if not _is_reserved(role.name))
    for role in theirs:
        connection.execute(_create(role))
    return tuple(deviation for role in theirs for deviation in _settle(connection, role))


def demote(connection: psycopg.Connection, facts: Facts) -> None:
    """Take superuser from the roles that had it in production, once everything they own is restored."""
    for role in facts.roles:
        if role.superuser and not _is_reserved(role.name):
            connection.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER").format(sql.Identifier(role.name)))


def apply_database_settings(connection: psycopg.Connection, facts: Facts, database: str) -> tuple[Deviation, ...]:
    """Apply what production's roles set in this one database."""
    found: list[Deviation] = []
    for role in facts.roles:
        if role.database_settings and not _is_reserved(role.name):
            target = sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role.name), sql.Identifier(database))
            whose = f'Production\'s role "{role.name}" in this database'
            found += settings.apply(connection, target, role.database_settings, whose=whose)
    return tuple(found)


def names(connection: psycopg.Connection) -> frozenset[str]:
    """Return the names of all roles of the server."""
    return frozenset(str(name) for (name,) in connection.execute(query("stage/roles")))


def reset_settings(connection: psycopg.Connection, facts: Facts) -> None:
    """Undo what a migration has set for roles in every database."""
    for role in facts.roles:
        if not _is_reserved(role.name):
            target = sql.SQL("ALTER ROLE {}").format(sql.Identifier(role.name))
            connection.execute(sql.SQL("{} RESET ALL").format(target))
            settings.apply(connection, target, role.settings, whose=role.name)


def drop_others(connection: psycopg.Connection, keep: Iterable[str]) -> None:
    """Drop the roles a migration has made."""
    for name in sorted(names(connection) - frozenset(keep)):
        connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))


def _is_reserved(name: str) -> bool:
    """Say whether a role is PostgreSQL's own."""
    return name.startswith("pg_")


def _create(role: RoleFacts) -> sql.Composed:
    attributes = {
        "SUPERUSER": role.superuser,
        "INHERIT": role.inherit,
        "CREATEROLE": role.createrole,
        "CREATEDB": role.createdb,
        "BYPASSRLS": role.bypassrls,
    }
    words = " ".join(word if has else f"NO{word}" for word, has in attributes.items())
    return sql.SQL("CREATE ROLE {} NOLOGIN PASSWORD NULL {}").format(sql.Identifier(role.name), sql.SQL(words))


def _settle(connection: psycopg.Connection, role: RoleFacts) -> list[Deviation]:
    found = []
    for group in role.member_of:
        if group in OUTREACHING:
            sentence = f'Production\'s role "{role.name}" is a member of {group}, on the stage it is not.'
            found.append(Deviation(sentence=sentence, touched=(role.name,)))
            continue
        try:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(role.name)))
        except psycopg.errors.UndefinedObject:
            sentence = f'Production\'s role "{role.name}" is a member of {group}, which the stage does not have.'
            found.append(Deviation(sentence=sentence, touched=(role.name,)))
    target = sql.SQL("ALTER ROLE {}").format(sql.Identifier(role.name))
    whose = f'Production\'s role "{role.name}"'
    return [*found, *settings.apply(connection, target, role.settings, whose=whose)]
