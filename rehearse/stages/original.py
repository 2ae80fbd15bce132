"""The original: the snapshot restored into a database nobody touches, of which the stage is a clone."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.db.shares import share
from rehearse.model.facts import Facts
from rehearse.model.snapshot import Snapshot
from rehearse.protocols import Progress
from rehearse.stages import collations, extensions, foreign_servers, invalid_indexes, late_items, rows, twin
from rehearse.stages import dump as dumps
from rehearse.stages.deviation import Deviation
from rehearse.stages.dump import Dump
from rehearse.stages.errors import StageFailed

_FIRST_WITH_EVENT_TRIGGERS_SETTING = 17
_LINK_COMMENTS = ("COMMENT - PUBLICATION ", "COMMENT - SUBSCRIPTION ")
_FOR_LACK_OF_RIGHTS = re.compile(r'permission denied|must be (superuser|owner)|role "?.*"? does not exist')
_DEFAULT_SEARCH_PATH = '"$user", public'


def restore(
    connection: psycopg.Connection, snapshot: Snapshot, dump: Dump, dsn: str, progress: Progress
) -> tuple[Deviation, ...]:
    """Fill an empty database from a snapshot: structure, rows, constraints and indexes, in this order.

    Raises StageFailed and RowsMissing.
    """
    facts = snapshot.facts
    _prepare(connection, facts)
    dump, found = extensions.leave_out_missing(connection, dump, facts)
    dump = _without_links(dump)
    dump, stood_in = collations.provide(connection, dump)
    progress("restoring the schema")
    failed = _unexplained(dump, dumps.restore(dump, "pre-data", dsn))
    _refuse(failed, connection.info.server_version // 10000, facts.server_major)
    found += collations.deviations(connection, stood_in)
    with connect_stage(dsn) as second:
        both = (connection, second)
        progress("loading the sample")
        for each in both:
            _prepare(each, facts)  # scripts of the dump leave their own settings behind
        found += rows.load(both, snapshot)
        progress("building indexes and constraints")
        failed = _unexplained(dump, dumps.restore(dump, "post-data", dsn, jobs=len(both)))
        found += late_items.restore(connection, dump, failed, facts.server_major)
        invalid_indexes.restore(connection, snapshot.catalog)
        _prepare(connection, facts)
        found += rows.set_sequences(connection, facts)
        found += rows.refresh_views(connection, facts)
        found += foreign_servers.disarm(connection)
        progress("gathering statistics")
        share([str(table) for (table,) in connection.execute(query("stage/to_analyze"))], both, _analyze)
    progress("comparing it with production's catalog")
    return (*found, *twin.deviations(connection, snapshot, found, owners=not dump.unowned))


def owners(connection: psycopg.Connection) -> dict[str, str]:
    """Return the owner of every table of production."""
    return {str(table): str(owner) for table, owner in connection.execute(query("stage/table_owners"))}


def read_dump(snapshot: Snapshot, bin_dirs: tuple[Path, ...]) -> Dump:
    """Read the contents of the snapshot's schema dump."""
    return dumps.read(snapshot.schema_dump, tuple(bin_dir / "pg_restore" for bin_dir in bin_dirs))


def _prepare(connection: psycopg.Connection, facts: Facts) -> None:
    """Keep triggers quiet, and names found where production's functions and checks find them."""
    connection.execute("RESET ALL")
    if connection.info.parameter_status("is_superuser") == "on":  # for others triggers come after the rows
        connection.execute("SET session_replication_role = replica")
        if connection.info.server_version // 10000 >= _FIRST_WITH_EVENT_TRIGGERS_SETTING:
            connection.execute("SET event_triggers = off")
    path = facts.database_settings.get("search_path") or facts.settings.get("search_path") or _DEFAULT_SEARCH_PATH
    connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", [path])


def _without_links(dump: Dump) -> Dump:
    """Leave out what ties to other servers: subscriptions, publications, users of foreign servers; and labels."""
    links = dump.select("USER MAPPING", "SUBSCRIPTION", "PUBLICATION", "SECURITY LABEL")
    comments = [entry for entry in dump.select("COMMENT") if entry.label.startswith(_LINK_COMMENTS)]
    return dump.without(frozenset(entry.id for entry in (*links, *comments)))


def _analyze(connection: psycopg.Connection, table: str) -> None:
    connection.execute(f"ANALYZE {table}")


def _unexplained(dump: Dump, failures: tuple[dumps.Failure, ...]) -> tuple[dumps.Failure, ...]:
    """Leave out what lesser rights or absent roles explain: where the catalogs differ it is named."""
    return tuple(each for each in failures if not (dump.unowned and _FOR_LACK_OF_RIGHTS.search(each.said)))


def _refuse(failures: tuple[dumps.Failure, ...], major: int, source_major: int) -> None:
    if not failures:
        return
    lines = [f"{failure.entry.label}: {failure.said}" for failure in failures]
    if major == source_major:
        raise StageFailed("the schema could not be restored.", lines)
    raise StageFailed(
        f"PostgreSQL {major} could not restore the schema of production's {source_major}.",
        lines,
        f"Use a server of production's version: engine.bin_dir, with PostgreSQL {source_major} installed.",
    )
