"""Which role plays the migration."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rehearse.model.facts import Facts, RoleFacts, VersionTable
from rehearse.stages import migrating_role
from rehearse.stages.errors import UnknownMigratingRole
from rehearse.stages.migrating_role import MigratingRole

OWNERS = {"public.a": "app", "public.b": "app", "public.alembic_version": "deployer", "audit.log": "auditor"}


def role(name: str, *, superuser: bool = False) -> RoleFacts:
    return RoleFacts(name=name, superuser=superuser, inherit=True, createrole=False, createdb=False, bypassrls=False)


def facts(*roles: RoleFacts, owner: str = "postgres", versions: tuple[str, ...] = ()) -> Facts:
    return Facts(
        taken_at=datetime(2026, 11, 24, tzinfo=UTC),
        database="shop",
        owner=owner,
        encoding="UTF8",
        collate="C",
        ctype="C",
        server_version_num=180006,
        server_version="18.6",
        connected_as_superuser=True,
        settings={},
        database_settings={},
        roles=roles,
        version_tables=tuple(VersionTable(table=table, tool="alembic", heads=()) for table in versions),
    )


ALL = (role("app"), role("auditor"), role("deployer"), role("postgres", superuser=True))


def test_the_role_asked_for_wins_and_acts_for_nobody_else():
    chosen = migrating_role.choose(facts(*ALL, versions=("public.alembic_version",)), OWNERS, "auditor")

    assert chosen == MigratingRole(name="auditor", reason="", known=True)
    assert not chosen.acts_for_everybody


def test_the_owner_of_the_version_table_comes_before_the_owner_of_most_tables():
    with_versions = migrating_role.choose(facts(*ALL, versions=("public.alembic_version",)), OWNERS)
    without = migrating_role.choose(facts(*ALL), OWNERS)

    assert (with_versions.name, with_versions.reason) == ("deployer", "owns the version table")
    assert (without.name, without.reason) == ("app", "owns most tables")


def test_equal_owners_are_decided_by_name():
    chosen = migrating_role.choose(facts(*ALL), {"public.a": "deployer", "public.b": "auditor"})

    assert chosen.name == "auditor"


def test_an_empty_database_is_migrated_by_its_owner():
    chosen = migrating_role.choose(facts(*ALL), {})

    assert chosen == MigratingRole(name="postgres", reason="owns the database", known=True, superuser=True)
    assert chosen.acts_for_everybody


def test_a_stand_in_is_made_where_no_role_could_migrate():
    chosen = migrating_role.choose(facts(role("pg_monitor"), role("migrator"), owner="gone"), {})

    assert (chosen.name, chosen.known) == ("migrator_", False)


def test_a_role_production_does_not_have_is_refused_with_those_it_has():
    with pytest.raises(UnknownMigratingRole) as refused:
        migrating_role.choose(facts(*ALL), OWNERS, "appp")

    assert str(refused.value) == (
        'The migrating role "appp" does not exist in production.\n'
        "Name one of its roles: app, auditor, deployer, postgres."
    )
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "member_of", "expected"),
    [
        ("postgres", (), True),
        ("app", (), False),
        ("app", ("auditor",), False),
        ("app", ("rds_superuser",), None),
        ("app", ("pg_execute_server_program",), None),
    ],
)
def test_what_production_lets_the_role_do(name: str, member_of: tuple[str, ...], expected: bool | None):
    given = facts(*(replace(found, member_of=member_of) if found.name == name else found for found in ALL))

    assert migrating_role.choose(given, OWNERS, name).may_in_production(given) is expected
