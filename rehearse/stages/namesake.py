"""The namesake: a role of production that is called what the superuser of every owned server is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from psycopg import sql

from rehearse.db.connect import connect_stage
from rehearse.engine.server import Server
from rehearse.model.facts import Facts
from rehearse.stages.deviation import Deviation
from rehearse.stages.roles import SUPERUSER

_BACKSTAGE = "rehearse_backstage"  # what ours is called while the namesake's objects are restored
_PORTER = "rehearse_porter"  # nobody can rename the role they are logged in as
_NEW_NAME = "rehearse_production"


@contextmanager
def given_way(running: Server, facts: Facts) -> Iterator[str]:
    """Let production's role have its name while the snapshot is restored; yields our superuser's name meanwhile.

    Afterwards the namesake, with everything it owns, is called as `name_of` says.
    """
    if not _has_namesake(facts):
        yield SUPERUSER
        return
    with connect_stage(running.dsn()) as ours:
        ours.execute(sql.SQL("CREATE ROLE {} SUPERUSER LOGIN").format(sql.Identifier(_PORTER)))
    _rename(running, SUPERUSER, _BACKSTAGE)
    yield _BACKSTAGE
    _rename(running, SUPERUSER, name_of(facts))
    _rename(running, _BACKSTAGE, SUPERUSER)
    with connect_stage(running.dsn()) as ours:
        ours.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(_PORTER)))


def name_of(facts: Facts) -> str:
    """Return what the namesake is called on the stage."""
    taken = {role.name for role in facts.roles}
    return next(name for name in (f"{_NEW_NAME}{'_' * count}" for count in range(64)) if name not in taken)


def renamed(facts: Facts) -> Facts:
    """Return the facts as they hold on the stage, where the namesake is called differently."""
    if not _has_namesake(facts):
        return facts
    new = name_of(facts)
    roles = tuple(
        replace(
            role,
            name=new if role.name == SUPERUSER else role.name,
            member_of=tuple(new if group == SUPERUSER else group for group in role.member_of),
        )
        for role in facts.roles
    )
    return replace(facts, roles=roles, owner=new if facts.owner == SUPERUSER else facts.owner)


def deviations(facts: Facts) -> tuple[Deviation, ...]:
    if not _has_namesake(facts):
        return ()
    sentence = (
        f'Production\'s role "{SUPERUSER}" is called "{name_of(facts)}" on the stage, whose superuser has its name.'
    )
    return (Deviation(sentence=sentence, touched=(SUPERUSER,)),)


def _has_namesake(facts: Facts) -> bool:
    return any(role.name == SUPERUSER for role in facts.roles)


def _rename(running: Server, old: str, new: str) -> None:
    with connect_stage(running.dsn(user=_PORTER)) as porter:
        porter.execute(sql.SQL("ALTER ROLE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))
