"""Settings of production: which may come along to a stage, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from time import monotonic, sleep

import psycopg
from psycopg import sql

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.db.said import said
from rehearse.stages.deviation import Deviation

# A role's or a database's own settings beat the server's command line: these would silence the watch,
# translate the messages it reads, or lead the server away from what the stage provides.
_SILENCING = re.compile(
    r"^(log_.*|event_triggers|session_replication_role|(session|local|shared)_preload_libraries|lc_messages"
    r"|track_.*|debug_.*|extension_control_path|dynamic_library_path|jit_provider|rehearse\..*)$"
)
# What a migration's outcome depends on. Taken from production's server, if it is not the default there.
_OUTCOME = frozenset({
    "timezone", "datestyle", "intervalstyle", "timezone_abbreviations", "search_path", "statement_timeout",
    "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "idle_session_timeout",
    "deadlock_timeout", "default_toast_compression", "default_text_search_config", "default_transaction_isolation",
    "default_transaction_read_only", "default_transaction_deferrable", "default_table_access_method",
    "standard_conforming_strings", "backslash_quote", "escape_string_warning", "array_nulls", "bytea_output",
    "extra_float_digits", "xmlbinary", "xmloption", "transform_null_equals", "row_security", "check_function_bodies",
    "createrole_self_grant", "gin_fuzzy_search_limit", "lo_compat_privileges", "lc_monetary", "lc_numeric", "lc_time",
    "password_encryption",
})  # fmt: skip
# Fixed at server start, whole numbers: a migration over thousands of relations needs the lock table of production.
_AT_START = frozenset({"max_locks_per_transaction", "max_prepared_transactions"})
# PostgreSQL's own list of settings stored as a list of quoted identifiers (variable_is_guc_list_quote).
_LISTS = frozenset({
    "search_path", "temp_tablespaces", "unix_socket_directories", "local_preload_libraries",
    "session_preload_libraries", "shared_preload_libraries",
})  # fmt: skip
_LISTS_OF_NAMES = frozenset({"search_path", "temp_tablespaces"})  # in lower case unless quoted
_LIST_ITEM = re.compile(r'"((?:[^"]|"")*)"|([^\s,"]+)')
REPLICATION_ROLE = "session_replication_role"  # event triggers that always fire do so whatever it is
_PATIENCE = timedelta(seconds=10)  # with a server that was told to read its settings again
# The superuser of the stage is not bound by what production sets for everybody.
_OURS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "default_tablespace": "",
    "search_path": "pg_catalog, pg_temp",  # whatever its owner sets for the database
    "row_security": "on",
    "standard_conforming_strings": "on",
    "check_function_bodies": "on",
    "client_min_messages": "notice",
    "client_encoding": "UTF8",
    "DateStyle": "ISO",  # the order of day and month stays production's
    "IntervalStyle": "postgres",
    "quote_all_identifiers": "off",
}


def silences_the_watch(name: str) -> bool:
    """Say whether a setting of a role or database must not come along.

    >>> silences_the_watch("log_min_duration_statement"), silences_the_watch("work_mem")
    (True, False)
    """
    return _SILENCING.match(name.lower()) is not None


def at_start(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of production that a server can only be started with."""
    return {name: value for name, value in sorted(settings.items()) if name in _AT_START and value.isdigit()}


def value(name: str, text: str) -> sql.Composable:
    """Return a stored setting as ALTER ... SET reads it: lists item by item, the rest as one literal."""
    if name.lower() not in _LISTS:
        return sql.Literal(text)
    plainly = str.lower if name.lower() in _LISTS_OF_NAMES else str
    items = [quoted.replace('""', '"') if quoted else plainly(plain) for quoted, plain in _LIST_ITEM.findall(text)]
    return sql.SQL(", ").join(sql.Literal(item) for item in items or [""])


def of_outcome(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of production's server that a migration's outcome depends on."""
    return {name: text for name, text in settings.items() if name.lower() in _OUTCOME}


def of_a_session(
    connection: psycopg.Connection, settings: Mapping[str, str]
) -> tuple[Mapping[str, str], tuple[Deviation, ...]]:
    """Return the settings that a session of this role may begin with; each of the others is a deviation."""
    given: dict[str, str] = {}
    found = []
    for name, text in sorted(settings.items()):
        if silences_the_watch(name):
            found.append(Deviation(sentence=f"Production sets {name}: left out, it would disturb the observation."))
            continue
        try:
            connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, text])
        except psycopg.Error as error:
            sentence = f"Production sets {name} = {text}: left out, the stage says: {said(error)}"
            found.append(Deviation(sentence=sentence))
        else:
            given[name] = text
    return given, tuple(found)


def apply(
    connection: psycopg.Connection, target: sql.Composable, settings: Mapping[str, str], *, whose: str
) -> tuple[Deviation, ...]:
    """Apply stored settings to a target such as `ALTER ROLE x`; what cannot or must not come along is a deviation."""
    found = []
    for name, text in sorted(settings.items()):
        if silences_the_watch(name):
            found.append(Deviation(sentence=f"{whose} sets {name}: left out, it would disturb the observation."))
            continue
        command = sql.SQL("{} SET {} = {}").format(target, identifier(name), value(name, text))
        try:
            connection.execute(command)
        except psycopg.Error as error:
            found.append(Deviation(sentence=f"{whose} sets {name} = {text}: left out, the stage says: {said(error)}"))
    return tuple(found)


def apply_to_server(
    connection: psycopg.Connection, settings: Mapping[str, str], *, extension_path: str | None
) -> tuple[Deviation, ...]:
    """Give the server production's settings that decide outcomes, and free its superuser from them."""
    found = apply(connection, sql.SQL("ALTER SYSTEM"), of_outcome(settings), whose="Production's server")
    if extension_path:
        connection.execute(sql.SQL("ALTER SYSTEM SET extension_control_path = {}").format(extension_path))
    known = {name for (name,) in connection.execute(query("stage/settings"))}
    own = {name: text for name, text in _OURS.items() if name in known}
    apply(connection, sql.SQL("ALTER ROLE CURRENT_USER"), own, whose="rehearse")
    return found


def change(connection: psycopg.Connection, changed: Mapping[str, str], dsn: str) -> None:
    """Give the server settings it is known to accept, over production's; new sessions have them."""
    for name, text in changed.items():
        load(connection, name)
        connection.execute(system(name, text))
    if changed:
        reload(connection, dsn)


def system(name: str, text: str) -> sql.Composed:
    """Return the command that sets it for the whole server, as a postgresql.conf would."""
    return sql.SQL("ALTER SYSTEM SET {} = {}").format(identifier(name), value(name, text))


def identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def load(connection: psycopg.Connection, name: str) -> None:
    """Make a setting of a library known to this session, if the server has a library of that name."""
    library, dot, _ = name.partition(".")
    if dot:
        with suppress(psycopg.errors.Error):
            connection.execute(sql.SQL("LOAD {}").format(library))


def reload(connection: psycopg.Connection, dsn: str) -> None:
    """Have the server read its settings again and return once new connections see them."""
    before = connection.execute(query("stage/configuration_age")).fetchone()
    connection.execute(query("stage/reload"))
    until = monotonic() + _PATIENCE.total_seconds()
    while monotonic() < until:
        with connect_stage(dsn) as fresh:
            now = fresh.execute(query("stage/configuration_age")).fetchone()
        if now and before and now[0] >= before[1]:
            return
        sleep(0.005)
