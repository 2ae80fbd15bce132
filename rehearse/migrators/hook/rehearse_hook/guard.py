"""The guard: a connection reaches the stage, is redirected there, or is refused. Nothing else is contacted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from . import journal, places
from .target import Target, targets_of

_STOOD_DOWN: list[bool] = []  # holds something once the guard has stood down


class ConnectionRefusedByRehearse(BaseException):
    """The migration asked for a database that is not the stage; no `except Exception` may swallow that."""


def stand_down() -> None:
    """Admit every connection from now on: the project's own code has had its turn."""
    _STOOD_DOWN.append(True)


def has_stood_down() -> bool:
    return bool(_STOOD_DOWN)


def admit(parts: Mapping[str, object]) -> bool:
    """Say whether a connection may be opened as asked (True) or has to be led to the stage (False).

    Raises ConnectionRefusedByRehearse, having reported it, for anything that is neither the stage nor declared.
    """
    if _STOOD_DOWN:
        return True
    stage = journal.settings()["stage"]
    asked = targets_of(parts, os.environ)
    here = Target(os.path.realpath(stage["host"]), stage["port"], stage["database"])
    if all(target == here for target in asked):
        return bool((parts.get("user") or stage["user"]) == stage["user"])
    literal = targets_of(parts, {})  # without our PGHOST: what the same parameters mean in production
    declared = {Target(*target) for target in journal.settings()["declared"]}
    ours = {here, Target("localhost", here.port, here.database)}
    if {target for target in asked if target not in ours} <= declared or set(literal) <= declared | ours:
        _report("redirected", literal, parts)
        return False
    _refuse(asked, parts)
    return False


def refuse_others(parts: Mapping[str, object], environ: Mapping[str, str], *, trusts_loopback: bool) -> None:
    """Refuse what cannot be led to the stage, a program or a plain socket, unless it asks for the stage by itself.

    Where the loopback is trusted, the stage is all there is on it. Raises ConnectionRefusedByRehearse.
    """
    stage = journal.settings()["stage"]
    places_of_stage = {(os.path.realpath(stage["host"]), stage["port"])}
    if trusts_loopback:
        places_of_stage.add(("localhost", stage["port"]))
    asked = targets_of(parts, environ)
    if not all(
        (target.host, target.port) in places_of_stage and target.database in ("", stage["database"]) for target in asked
    ):
        _refuse(asked, parts)


def refuse_other_dialects(dialect: Any, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
    """Refuse what SQLAlchemy opens with a driver that has no patch of its own (`do_connect` listener)."""
    name, driver = dialect.name, dialect.driver
    if name == "postgresql":
        if driver not in ("psycopg", "psycopg_async", "psycopg2", "asyncpg") and not admit(parameters):
            lead_to_stage(parameters, "database")
        return
    asked = str(parameters.get("database") or parameters.get("db") or parameters.get("host") or "")
    if name == "sqlite" and "memory" in asked + str(_arguments):
        return
    journal.write("connection", verdict="refused", target=f"{name}+{driver}", location=places.of_caller())
    raise ConnectionRefusedByRehearse(f"rehearse refused a connection of {name}+{driver}: it is not the stage.")


# fmt: off
_SECRETS_AND_PLACES = frozenset((
    "host", "hostaddr", "port", "user", "password", "dbname", "database", "dsn", "service", "servicefile", "passfile",
    "ssl", "sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslcrldir", "sslcompression",
    "sslsni", "sslnegotiation", "sslcertmode", "requirepeer", "channel_binding", "require_auth",
    "target_session_attrs", "load_balance_hosts", "gssencmode", "gsslib", "gssdelegation", "krbsrvname", "direct_tls"
))
# fmt: on


def lead_to_stage(parameters: dict[str, Any], database: str) -> None:
    """Put the stage into connection parameters in place of every address and credential."""
    stage = journal.settings()["stage"]
    for name in _SECRETS_AND_PLACES & set(parameters):
        del parameters[name]
    parameters.update(
        {"host": stage["host"], "port": stage["port"], "user": stage["user"], database: stage["database"]}
    )


def _refuse(asked: tuple[Target, ...], parts: Mapping[str, object]) -> None:
    _report("refused", asked, parts)
    raise ConnectionRefusedByRehearse(f"rehearse refused a connection to {asked[0]}: it is not the stage.")


def _report(verdict: str, asked: tuple[Target, ...], parts: Mapping[str, object]) -> None:
    target = str(asked[0])
    if parts.get("user") and not asked[0].service:
        target = target.replace("://", f"://{parts['user']}@", 1)
    journal.write("connection", verdict=verdict, target=target, location=places.of_caller())


def _listen(module: ModuleType) -> None:
    module.event.listen(module.engine.Engine, "do_connect", refuse_other_dialects)


PATCHES = {"sqlalchemy": _listen}
