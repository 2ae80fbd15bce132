"""The tracer: event triggers and settings that make the stage tell what the migration does."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from rehearse.db.queries import query

TRIGGERS = {
    "_rehearse_start": "ddl_command_start",
    "_rehearse_end": "ddl_command_end",
    "_rehearse_rewrite": "table_rewrite",
}
# What the migrating role's sessions write to the log (manual 19.8 and F.3, auto_explain). Values stay out of it.
LOGGING = {
    "log_min_messages": "debug1",
    "log_min_error_statement": "error",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_duration": "off",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "default",
    "log_temp_files": "0",
    "log_lock_waits": "on",
    "deadlock_timeout": "20ms",  # waits are told from then on
}
PLANS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_buffers": "off",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "log",
    "auto_explain.log_verbose": "on",
    "auto_explain.log_nested_statements": "off",
    "auto_explain.log_parameter_max_length": "0",
    "auto_explain.log_triggers": "on",
    "auto_explain.log_wal": "on",
    "auto_explain.sample_rate": "1",
}


def install(admin: psycopg.Connection) -> None:
    """Put the tracer into the stage database, in place of one a killed run left behind."""
    uninstall(admin)
    admin.execute(query("watch/schema").encode())
    admin.execute(query("watch/watched").encode())
    admin.execute(query("watch/trace").encode())
    if explains(admin):
        admin.execute("ALTER FUNCTION _rehearse.trace() SET auto_explain.log_min_duration = -1")
    for name, event in TRIGGERS.items():
        admin.execute(
            sql.SQL("CREATE EVENT TRIGGER {} ON {} EXECUTE FUNCTION _rehearse.trace()").format(
                sql.Identifier(name), sql.Identifier(event)
            )
        )
        admin.execute(sql.SQL("ALTER EVENT TRIGGER {} ENABLE ALWAYS").format(sql.Identifier(name)))


def uninstall(admin: psycopg.Connection) -> None:
    """Take the tracer out of the stage database, as if it had never been there."""
    for name in TRIGGERS:
        admin.execute(sql.SQL("DROP EVENT TRIGGER IF EXISTS {}").format(sql.Identifier(name)))
    admin.execute("DROP SCHEMA IF EXISTS _rehearse CASCADE")


def stands(admin: psycopg.Connection) -> bool:
    """Say whether every trigger of the tracer is still in place and enabled."""
    found = admin.execute(query("watch/tracer_stands").encode()).fetchone()
    return found is not None and found[0] == len(TRIGGERS)


def explains(admin: psycopg.Connection) -> bool:
    """Say whether the server has auto_explain, which tells the rows every statement touched."""
    try:
        admin.execute("LOAD 'auto_explain'")
    except psycopg.Error:
        return False
    return True


def make_talk(admin: psycopg.Connection, role: str) -> dict[str, str]:
    """Make new sessions of a role in this database log everything; return the settings it had here."""
    before = settings(admin, role)
    _alter(admin, role, _wanted(admin))
    return before


def make_quiet(admin: psycopg.Connection, role: str, before: dict[str, str]) -> None:
    """Give a role back the settings `make_talk` found."""
    _alter(admin, role, {name: before.get(name) for name in _wanted(admin)})


def settings(admin: psycopg.Connection, role: str) -> dict[str, str]:
    """Return the settings of a role in this database."""
    found = admin.execute(query("watch/role_settings").encode(), {"role": role}).fetchall()
    return dict(setting.split("=", 1) for (setting,) in found)


def _wanted(admin: psycopg.Connection) -> dict[str, str]:
    """Return the settings this server knows: auto_explain may be missing, some came with later versions."""
    explains(admin)  # its settings are known once it is loaded
    known = {name for (name,) in admin.execute(query("watch/setting_names").encode())}
    return {name: value for name, value in {**LOGGING, **PLANS}.items() if name in known}


def _alter(admin: psycopg.Connection, role: str, changes: Mapping[str, str | None]) -> None:
    """Give a role settings in this database, all at once; None takes one away."""
    where = sql.SQL("ALTER ROLE {} IN DATABASE {} ").format(sql.Identifier(role), sql.Identifier(admin.info.dbname))
    admin.execute(
        sql.SQL("; ").join(
            where
            + (
                sql.SQL("RESET {}").format(_setting(name))
                if value is None
                else sql.SQL("SET {} = {}").format(_setting(name), sql.Literal(value))
            )
            for name, value in changes.items()
        )
    )


def _setting(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))
