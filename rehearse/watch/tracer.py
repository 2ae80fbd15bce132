"""The tracer: event triggers and settings that make the stage tell what the migration does."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from rehearse.db.queries import query

SCHEMA = "_rehearse"
TRIGGERS = {
    "_rehearse_start": "ddl_command_start",
    "_rehearse_end": "ddl_command_end",
    "_rehearse_rewrite": "table_rewrite",
}
# What sessions in the stage database write to the log (manual 19.8 and F.3, auto_explain). Values stay out of it.
LOGGING = {
    "log_min_messages": "debug1",
    "log_min_error_statement": "error",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_duration": "off",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "verbose",  # with where in the server a line was said, which no code can feign
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
# The watch's own sessions keep quiet.
_QUIET = {
    "log_min_messages": "warning",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_temp_files": "-1",
    "log_lock_waits": "off",
    "auto_explain.log_min_duration": "-1",
}
_EVERYBODY = ""

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracer:
    """The tracer as it stands: equal as long as nobody touched it."""

    triggers: int  # that fire always
    versions: str | None  # of what it consists of
    superusers: str | None  # who may change it


def install(admin: psycopg.Connection) -> Tracer:
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
    return read(admin)


def uninstall(admin: psycopg.Connection) -> None:
    """Take the tracer out of the stage database, as if it had never been there."""
    for name in TRIGGERS:
        admin.execute(sql.SQL("DROP EVENT TRIGGER IF EXISTS {}").format(sql.Identifier(name)))
    admin.execute("DROP FUNCTION IF EXISTS _rehearse.trace()")
    admin.execute("DROP TABLE IF EXISTS _rehearse.watched")
    with suppress(psycopg.errors.DependentObjectsStillExist):  # what a migration is allowed is the stage's business
        admin.execute("DROP SCHEMA IF EXISTS _rehearse")


def read(admin: psycopg.Connection) -> Tracer:
    """Return the tracer as it stands now."""
    with admin.cursor(row_factory=class_row(Tracer)) as cursor:
        return cursor.execute(query("watch/tracer").encode()).fetchall()[0]


def explains(admin: psycopg.Connection) -> bool:
    """Say whether the server has auto_explain, which tells the rows every statement touched."""
    try:
        admin.execute("LOAD 'auto_explain'")
    except psycopg.Error:
        return False
    return True


def make_talk(admin: psycopg.Connection, role: str) -> Mapping[str, Settings]:
    """Make new sessions in this database log everything, but for the watch's own; return the settings that were there.

    The role that migrates is told by itself, because what is set for a role in a database beats everything else, and
    so is everybody: a role the migration makes is heard from its first statement on.
    """
    talk = _known(admin, {**LOGGING, **PLANS})
    wanted = {_EVERYBODY: talk, role: talk, admin.info.user: _known(admin, _QUIET)}
    before = {who: settings(admin, who) for who in wanted}
    for who, values in wanted.items():
        _alter(admin, who, values)
    return before


def make_quiet(admin: psycopg.Connection, before: Mapping[str, Settings]) -> None:
    """Give everybody back the settings `make_talk` found."""
    for who, found in before.items():
        _alter(admin, who, {name: found.get(name) for name in _known(admin, {**LOGGING, **PLANS})})


def settings(admin: psycopg.Connection, role: str) -> Settings:
    """Return the settings of a role in this database."""
    found = admin.execute(query("watch/role_settings").encode(), {"role": role}).fetchall()
    return dict(setting.split("=", 1) for (setting,) in found)


def _known(admin: psycopg.Connection, wanted: Settings) -> Settings:
    """Return the settings this server knows: auto_explain may be missing, some came with later versions."""
    explains(admin)  # its settings are known once it is loaded
    known = {name for (name,) in admin.execute(query("watch/setting_names").encode())}
    return {name: value for name, value in wanted.items() if name in known}


def _alter(admin: psycopg.Connection, role: str, values: Mapping[str, str | None]) -> None:
    """Set or reset what a role, or everybody, begins with in this database, all at once."""
    database = sql.Identifier(admin.info.dbname)
    target = sql.SQL("ALTER DATABASE {}").format(database)
    if role != _EVERYBODY:
        target = sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), database)
    changes = (
        sql.SQL("{} RESET {}").format(target, _setting(name))
        if value is None
        else sql.SQL("{} SET {} = {}").format(target, _setting(name), sql.Literal(value))
        for name, value in values.items()
    )
    admin.execute(sql.SQL("; ").join(changes))


def _setting(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))
