"""What a migration is allowed: a superuser's rights for the statements that were declared, and for nothing else.

Its role is no superuser on a stage, so that it cannot disturb the watch. For commands that fire event triggers, one
lends it a superuser's rights from their start to their end; for settings PostgreSQL has privileges (manual 5.8).
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from rehearse.db.queries import query
from rehearse.db.said import said
from rehearse.model.allowance import COMMANDS, SET, SYSTEM
from rehearse.stages import settings
from rehearse.stages.acceptance import reaches_out
from rehearse.stages.deviation import Deviation

FIRST_MAJOR = 15  # the first server with privileges on settings
_EVENTS = {"_rehearse_lend": "ddl_command_start", "_rehearse_take_back": "ddl_command_end"}


def grant(inside: psycopg.Connection, role: str, allowed: tuple[str, ...]) -> tuple[Deviation, ...]:
    """Give a role what was declared, in this database and every clone of it; say what cannot be given."""
    _lend(inside, tuple(name for name in COMMANDS if name in allowed))
    found = []
    names = [each.removeprefix(SET) for each in allowed if each.startswith(SET)]
    if inside.info.server_version // 10000 < FIRST_MAJOR and (names or SYSTEM in allowed):
        return (Deviation(sentence=f"Settings cannot be allowed on a stage older than PostgreSQL {FIRST_MAJOR}."),)
    for name in names:
        if settings.silences_the_watch(name) and name != settings.REPLICATION_ROLE:
            found.append(Deviation(sentence=f"SET {name} was not allowed: it would disturb the observation."))
        else:
            found += _permit(inside, "SET", (name,), role)
    if SYSTEM in allowed:
        known = [str(name) for (name,) in inside.execute(query("stage/allowance/settings"))]
        fit = tuple(name for name in known if not settings.silences_the_watch(name) and not reaches_out(name))
        found += _permit(inside, SYSTEM, fit, role)
        reload = sql.SQL("GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO {}")
        inside.execute(reload.format(sql.Identifier(role)))
    return tuple(found)


def _lend(inside: psycopg.Connection, commands: tuple[str, ...]) -> None:
    if not commands:
        return
    for part in ("schema", "lent", "lend"):
        inside.execute(query(f"stage/allowance/{part}").encode())
    tags = sql.SQL(", ").join(map(sql.Literal, commands))
    for name, event in _EVENTS.items():
        trigger = sql.SQL("CREATE EVENT TRIGGER {} ON {} WHEN TAG IN ({}) EXECUTE FUNCTION _rehearse.lend()")
        inside.execute(trigger.format(sql.Identifier(name), sql.Identifier(event), tags))
        inside.execute(sql.SQL("ALTER EVENT TRIGGER {} ENABLE ALWAYS").format(sql.Identifier(name)))


def _permit(inside: psycopg.Connection, privilege: str, names: tuple[str, ...], role: str) -> tuple[Deviation, ...]:
    command = sql.SQL("GRANT {} ON PARAMETER {} TO {}").format(
        sql.SQL(privilege), sql.SQL(", ").join(map(settings.identifier, names)), sql.Identifier(role)
    )
    try:
        inside.execute(command)
    except psycopg.Error as error:
        return (Deviation(sentence=f"{privilege} {names[0]} cannot be allowed: {said(error)}"),)
    return ()
