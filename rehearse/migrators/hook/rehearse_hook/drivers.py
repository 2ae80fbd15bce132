"""The drivers: every way to open a connection passes the guard first."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from . import guard
from .target import parts_of


def _psycopg2(module: ModuleType) -> None:
    connect = module.connect

    @functools.wraps(connect)
    def guarded(dsn: str | None = None, *arguments: Any, **parameters: Any) -> Any:
        return connect(_libpq(dsn, parameters), *arguments, **parameters)

    module.connect = guarded  # type: ignore[attr-defined]  # a module is what it holds


def _psycopg(module: ModuleType) -> None:
    for kind in (module.Connection, module.AsyncConnection):
        _guard_connect_of(kind)
    module.connect = module.Connection.connect  # type: ignore[attr-defined]  # as psycopg itself binds it


def _guard_connect_of(kind: Any) -> None:
    connect: Any = kind.__dict__["connect"].__func__

    @functools.wraps(connect)
    def guarded(cls: type, conninfo: str = "", **parameters: Any) -> Any:
        return connect(cls, _libpq(conninfo, parameters) or "", **parameters)

    bound: Any = guarded
    kind.connect = classmethod(bound)


def _asyncpg(module: ModuleType) -> None:
    connect = module.connect

    @functools.wraps(connect)
    async def guarded(dsn: str | None = None, **parameters: Any) -> Any:
        given = parts_of(dsn) if dsn else {}
        given.update({name: value for name, value in parameters.items() if value is not None})
        if guard.admit({**given, "host": _joined(given.get("host")), "port": _joined(given.get("port"))}):
            return await connect(dsn, **parameters)
        guard.lead_to_stage(parameters, "database")
        return await connect(None, **parameters)

    module.connect = guarded  # type: ignore[attr-defined]  # a module is what it holds


def _libpq(dsn: str | None, parameters: dict[str, Any]) -> str | None:
    """Return the DSN to use; None where the parameters, led to the stage, replace it."""
    given: dict[str, Any] = dict(parts_of(dsn)) if dsn else {}
    given.update({name: value for name, value in parameters.items() if value is not None})
    if guard.admit(given):
        return dsn
    kept = {name: value for name, value in given.items() if name in ("application_name", "options", "connect_timeout")}
    parameters.update({name: value for name, value in kept.items() if name not in parameters})
    guard.lead_to_stage(parameters, "dbname")
    return None


def _joined(value: object) -> object:
    return ",".join(str(part) for part in value) if isinstance(value, (list, tuple)) else value


PATCHES = {"psycopg2": _psycopg2, "psycopg": _psycopg, "asyncpg.connection": _asyncpg}
