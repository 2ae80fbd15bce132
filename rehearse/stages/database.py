"""The databases of a stage: the untouched original, and its clone that the migration gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from rehearse.db.queries import query
from rehearse.model.facts import Facts
from rehearse.stages import grants, roles, settings
from rehearse.stages.deviation import Deviation
from rehearse.stages.migrating_role import MigratingRole

TOKEN = "rehearse.token"  # noqa: S105 - the name of a setting; its value proves that a database is the stage
_FIRST_WITH_PROVIDER = _FIRST_WITH_STRATEGY = 15
_FIRST_BUILTIN = 17
_FIRST_WITH_CLONE = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What CREATE DATABASE ... TEMPLATE loses and the original does not remember for its clones."""

    settings: Mapping[str, str]
    comment: str | None  # an SQL literal
    token: str
    migrating: MigratingRole


def create_original(connection: psycopg.Connection, facts: Facts, name: str) -> tuple[Deviation, ...]:
    """Create the empty database the snapshot is restored into, in production's encoding and locale where known here."""
    major = connection.info.server_version // 10000
    head = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {}").format(sql.Identifier(name), facts.encoding)
    try:
        connection.execute(head + _locale(facts, major))
    except psycopg.Error:  # the machine, or this build, does not have the locale
        builtin = major >= _FIRST_BUILTIN and facts.encoding == "UTF8"
        by_code_point = " LOCALE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if builtin else " LOCALE 'C'"
        connection.execute(head + sql.SQL(by_code_point))
    else:
        return ()
    sentence = (
        f"Text sorts by code point on the stage, in production by {_locale_name(facts)}, a locale its server does not "
        "have."
    )
    return (Deviation(sentence=sentence),)


def _locale(facts: Facts, major: int) -> sql.Composable:
    """Return production's locale; an older server refuses a provider it does not know."""
    found = facts.locale
    wanted = sql.SQL(" LC_COLLATE {} LC_CTYPE {}").format(facts.collate, facts.ctype)
    if major >= _FIRST_WITH_PROVIDER or found.provider != "libc":
        wanted += sql.SQL(" LOCALE_PROVIDER {}").format(sql.SQL(found.provider))
    if found.name is not None:
        wanted += sql.SQL(" {} {}").format(sql.SQL(f"{found.provider}_LOCALE"), found.name)
    if found.icu_rules is not None:
        wanted += sql.SQL(" ICU_RULES {}").format(found.icu_rules)
    return wanted


def _locale_name(facts: Facts) -> str:
    found = facts.locale
    return facts.collate if found.name is None else f"{found.name} of {found.provider}"


def grant_as_production(connection: psycopg.Connection, facts: Facts, name: str) -> tuple[Deviation, ...]:
    """Give the original production's owner and grants on the database; clones take them from there."""
    _own(connection, name, facts.owner)
    if facts.database_acl:
        _revoke_defaults(connection, name)
    return grants.as_production(connection, grants.DATABASE, name, facts.database_acl, called="the database")


def clone(connection: psycopg.Connection, original: str, facts: Facts, properties: Properties) -> tuple[Deviation, ...]:
    """Copy the original under production's name and put back what the copy loses; nobody may be connected to it."""
    name = sql.Identifier(facts.database)
    _copy(connection, sql.Identifier(original), name)
    _own(connection, facts.database, facts.owner)
    _copy_grants(connection, original, facts.database)
    found = _admit(connection, facts.database, properties.migrating)
    target = sql.SQL("ALTER DATABASE {}").format(name)
    found += settings.apply(connection, target, properties.settings, whose="Production's database")
    found += roles.apply_database_settings(connection, facts, facts.database)
    connection.execute(sql.SQL("{} SET {} = {}").format(target, sql.SQL(TOKEN), properties.token))
    if properties.comment is not None:
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.SQL(properties.comment)))
    return found


def drop(connection: psycopg.Connection, name: str) -> None:
    """Drop a database whoever is connected to it, a template too."""
    if connection.execute(query("stage/database"), {"name": name}).fetchone() is None:
        return
    connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
    connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _own(connection: psycopg.Connection, database: str, owner: str) -> None:
    known = owner if owner in roles.names(connection) else roles.SUPERUSER
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(known)))


def _copy(connection: psycopg.Connection, original: sql.Identifier, name: sql.Identifier) -> None:
    major = connection.info.server_version // 10000
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, original)
    if major >= _FIRST_WITH_STRATEGY:
        command += sql.SQL(" STRATEGY FILE_COPY")
    if major >= _FIRST_WITH_CLONE:
        try:
            connection.execute("SET file_copy_method = clone")
            connection.execute(command)
        except psycopg.Error:  # neither every build nor every file system can; another cause shows again below
            connection.execute("RESET file_copy_method")
        else:
            return
    connection.execute(command)


def _copy_grants(connection: psycopg.Connection, original: str, database: str) -> None:
    granted = connection.execute(query("stage/database_grants"), {"database": original}).fetchall()
    if granted:
        _revoke_defaults(connection, database)
    for grantee, privilege, option in granted:
        grants.grant(connection, grants.DATABASE, database, grantee, privilege, option)


def _revoke_defaults(connection: psycopg.Connection, database: str) -> None:
    for _, owner in connection.execute(query("stage/database"), {"name": database}).fetchall():
        revoke = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC, {}")
        connection.execute(revoke.format(sql.Identifier(database), sql.Identifier(owner)))


def _admit(connection: psycopg.Connection, database: str, migrating: MigratingRole) -> tuple[Deviation, ...]:
    """Let the migrating role in, and let it create schemas if it acts for everybody."""
    wanted = ("CONNECT", "CREATE", "TEMPORARY") if migrating.acts_for_everybody else ("CONNECT",)
    asked = {"database": database, "role": migrating.name, "privileges": list(wanted)}
    lacking = [str(privilege) for (privilege,) in connection.execute(query("stage/lacking_privileges"), asked)]
    for privilege in lacking:
        grants.grant(connection, grants.DATABASE, database, migrating.name, privilege)
    if not lacking or not migrating.known:
        return ()
    given = ", ".join(lacking)
    return (Deviation(sentence=f'"{migrating.name}" was given {given} on the database, which it lacks in production.'),)
