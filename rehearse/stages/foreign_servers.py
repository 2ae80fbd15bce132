"""Foreign servers: restored, but pointing nowhere."""

from __future__ import annotations

import psycopg
from psycopg import sql

from rehearse.db.queries import query
from rehearse.model.addresses import NOWHERE
from rehearse.stages.deviation import Deviation

_PLACES = frozenset({"host", "hostaddr", "service", "servername", "server", "address", "url", "uri", "dbserver"})
_WITHOUT_PLACE = frozenset({"file_fdw"})


def disarm(connection: psycopg.Connection) -> tuple[Deviation, ...]:
    """Point every foreign server to a host that does not exist."""
    found = []
    for name, identity, wrapper, options in connection.execute(query("stage/foreign_servers")).fetchall():
        if wrapper in _WITHOUT_PLACE:
            continue
        changes = [_change(str(option)) for option in options if option in _PLACES]
        if "host" not in options and wrapper == "postgres_fdw":  # without a host it means this machine
            changes.append(sql.SQL("ADD host {}").format(NOWHERE))
        if changes:
            command = sql.SQL("ALTER SERVER {} OPTIONS ({})").format(sql.Identifier(name), sql.SQL(", ").join(changes))
            connection.execute(command)
        found.append(
            Deviation(sentence=f"The foreign server {identity} points nowhere on the stage.", touched=(str(identity),))
        )
    return tuple(found)


def _change(option: str) -> sql.Composable:
    if option in ("hostaddr", "service"):
        return sql.SQL("DROP {}").format(sql.Identifier(option))
    return sql.SQL("SET {} {}").format(sql.Identifier(option), NOWHERE)
