"""The migrating role: the one role of production that may log in to a stage, never a superuser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from rehearse.db.queries import query
from rehearse.model.facts import Facts
from rehearse.stages.deviation import Deviation
from rehearse.stages.errors import UnknownMigratingRole
from rehearse.stages.roles import OUTREACHING

# What managed servers call those who may do some of what elsewhere takes a superuser.
_ADMINISTRATORS = frozenset({
    "rds_superuser", "cloudsqlsuperuser", "alloydbsuperuser", "azure_pg_admin", "neon_superuser", "supabase_admin",
})  # fmt: skip
STAND_IN = "migrator"  # made where production has no role that could migrate


@dataclass(frozen=True, slots=True, kw_only=True)
class MigratingRole:
    """Who plays the migration, and why."""

    name: str
    reason: str  # completes "chosen because it ..."; empty: it was asked for
    known: bool  # one of production's roles, as opposed to a stand-in
    superuser: bool = False  # in production

    @property
    def acts_for_everybody(self) -> bool:
        """Say whether it must be able to act for other owners, as a superuser in production could."""
        return self.superuser or bool(self.reason)

    def may_in_production(self, facts: Facts) -> bool | None:
        """Say whether production lets it do what takes a superuser; None where that is not known.

        What the administrators of managed servers may, and those who may reach files and programs, is not told by
        their attributes.
        """
        if self.superuser:
            return True
        if not self.known or _groups(self.name, facts) & (_ADMINISTRATORS | OUTREACHING):
            return None
        return False


def choose(facts: Facts, owners: Mapping[str, str], asked: str | None = None) -> MigratingRole:
    """Choose who migrates; `owners` maps tables to their owners.

    First the role asked for, then the owner of the version tables, of most tables, of the database.
    Raises UnknownMigratingRole.
    """
    roles = {role.name: role for role in facts.roles if not role.name.startswith("pg_")}
    if asked is not None and asked not in roles:
        raise UnknownMigratingRole(asked, roles)
    versions = {found.table for found in facts.version_tables}
    candidates = [
        (asked, ""),
        (
            _most({table: owner for table, owner in owners.items() if table in versions}, roles),
            "owns the version table",
        ),
        (_most(owners, roles), "owns most tables"),
        (facts.owner, "owns the database"),
    ]
    for name, reason in candidates:
        if name is not None and name in roles:
            return MigratingRole(name=name, reason=reason, known=True, superuser=roles[name].superuser)
    free = next(f"{STAND_IN}{'_' * count}" for count in range(64) if f"{STAND_IN}{'_' * count}" not in roles)
    return MigratingRole(name=free, reason="stands in: no role of production owns anything here", known=False)


def admit(
    connection: psycopg.Connection, role: MigratingRole, facts: Facts, owners: Mapping[str, str]
) -> tuple[Deviation, ...]:
    """Let the role log in, and let it act for other owners where production's migrating role could."""
    name = sql.Identifier(role.name)
    if not role.known:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
    connection.execute(sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER").format(name))
    if role.superuser:
        connection.execute(sql.SQL("ALTER ROLE {} INHERIT CREATEROLE CREATEDB BYPASSRLS").format(name))
    if not role.acts_for_everybody:
        return ()
    all_roles = {found.name for found in facts.roles if not found.name.startswith("pg_")}
    others = (all_roles if role.superuser else set(owners.values()) & all_roles) - {role.name}
    refused = tuple(other for other in sorted(others) if not _join(connection, role.name, other))
    return (*_powers(role, others), *_refusals(role, refused))


def grant_create(connection: psycopg.Connection, role: MigratingRole) -> tuple[Deviation, ...]:
    """Let a role that acts for everybody create in every schema of this database."""
    if not role.acts_for_everybody:
        return ()
    closed = connection.execute(query("stage/schemas_closed_to"), {"role": role.name}).fetchall()
    for (schema,) in closed:
        grant = sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}")
        connection.execute(grant.format(sql.Identifier(schema), sql.Identifier(role.name)))
    if not closed or not role.known:
        return ()
    schemas = ", ".join(str(schema) for (schema,) in closed)
    return (
        Deviation(sentence=f'"{role.name}" was given CREATE in schemas where it lacks it in production: {schemas}.'),
    )


def _groups(name: str, facts: Facts) -> frozenset[str]:
    """Return a role and every role it is a member of, directly or not."""
    member_of = {role.name: role.member_of for role in facts.roles}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        group = waiting.pop()
        if group not in found:
            found.add(group)
            waiting.extend(member_of.get(group, ()))
    return frozenset(found)


def _most(owners: Mapping[str, str], roles: Mapping[str, object]) -> str | None:
    counts = Counter(owner for owner in owners.values() if owner in roles)
    return min(counts, key=lambda owner: (-counts[owner], owner), default=None)


def _join(connection: psycopg.Connection, member: str, group: str) -> bool:
    form = "GRANT {} TO {} WITH ADMIN OPTION"
    if connection.info.server_version >= 160000:  # noqa: PLR2004 - the version that has membership options
        form = "GRANT {} TO {} WITH ADMIN TRUE, INHERIT TRUE, SET TRUE"
    try:
        connection.execute(sql.SQL(form).format(sql.Identifier(group), sql.Identifier(member)))
    except psycopg.errors.InvalidGrantOperation:  # the other is a member of this one: circles are not allowed
        return False
    return True


def _powers(role: MigratingRole, others: set[str]) -> tuple[Deviation, ...]:
    if role.superuser:
        return (
            Deviation(
                sentence=f'The migration runs as "{role.name}", a superuser in production; on the stage it is a member '
                "of every role instead, and what only superusers may do is refused, but for what allow_superuser names."
            ),
        )
    if not others and role.known:
        return ()
    return (
        Deviation(
            sentence=f'The migration runs as "{role.name}", which {role.reason}; so that it can alter what others own '
            f"it was made a member of: {', '.join(sorted(others)) or 'nobody'}. Name the migrating role to change that."
        ),
    )


def _refusals(role: MigratingRole, refused: tuple[str, ...]) -> tuple[Deviation, ...]:
    return tuple(
        Deviation(
            sentence=f'"{other}" is a member of "{role.name}", so the migration cannot act for it as production could.',
            touched=(other,),
        )
        for other in refused
    )
