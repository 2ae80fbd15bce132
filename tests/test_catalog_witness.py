"""Catalogs are equal if and only if pg_dump writes the same: pg_dump is the witness, on every server there is.

Each mutation is applied to a copy of a rich schema. It changes what pg_dump writes, or, if it is a neutral one, it
does not; the catalogs must say the same.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings, strategies

from rehearse.catalog import read
from rehearse.diff.schema import differences
from rehearse.diff.sentences import sentences
from rehearse.engine.server import Server
from rehearse.model.catalog import Catalog

RICH = (Path(__file__).parent / "rich_schema.sql").read_text(encoding="utf-8")

SUBSCRIPTION = (  # a database's own, though every database of a server sees it: no copy of the database has it
    "CREATE SUBSCRIPTION readers CONNECTION 'host=secret.example password=hunter3' PUBLICATION news, others "
    "WITH (connect = false, slot_name = NONE)"
)
_HEADING = re.compile(r"^--\n-- .*\n--\n", re.MULTILINE)
_UNTOLD = re.compile(r"^(--.*|\\(un)?restrict .*)$", re.MULTILINE)
FEW = 12
EXAMPLES = int(os.environ.get("REHEARSE_EXAMPLES", FEW))  # more of them are drawn at random
MUTATIONS = Path(__file__).parent / "mutations"


def mutations(name: str) -> list[str]:
    """Return the mutations of a file, one a line, of one statement or more."""
    return (MUTATIONS / name).read_text(encoding="utf-8").splitlines()


ANY = mutations("told.sql") + mutations("neutral.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A server with the rich schema in a database to copy, and what is told of it."""

    server: Server
    admin: psycopg.Connection  # to no database that is copied
    catalog: Catalog
    dump: list[str]


@pytest.fixture(scope="module", params=["server", "server15"])
def base(request: pytest.FixtureRequest) -> Iterator[Base]:
    server: Server = request.getfixturevalue(request.param)
    with server.connect() as connection:
        connection.execute("CREATE ROLE rehearse_witness SUPERUSER")
        connection.execute("CREATE DATABASE witness TEMPLATE template0 STRATEGY FILE_COPY")
    with server.connect("witness") as connection:
        connection.execute(RICH)
        connection.execute(SUBSCRIPTION)
        catalog, dump = told(server, connection)
    with server.connect() as admin:
        yield Base(server=server, admin=admin, catalog=catalog, dump=dump)
    with server.connect("witness") as connection:
        connection.execute("DROP SUBSCRIPTION readers")
    with server.connect() as connection:
        connection.execute("DROP DATABASE witness WITH (FORCE)")
        connection.execute("DROP ROLE rehearse_witness")


def told(server: Server, connection: psycopg.Connection) -> tuple[Catalog, list[str]]:
    """Return the catalog of a database, and what pg_dump writes of it, an entry each, in no order."""
    program = server.binaries.bin_dir / "pg_dump"
    written = subprocess.run(
        [program, "--schema-only", "--dbname", server.dsn(connection.info.dbname)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return read(connection, server.binaries.major), entries(written)


def entries(written: str) -> list[str]:
    """Return what pg_dump wrote, an entry each, sorted, without remarks."""
    found = (_UNTOLD.sub("", entry).strip() for entry in _HEADING.split(written))
    return sorted(entry for entry in found if entry)


@pytest.mark.parametrize("mutation", mutations("told.sql"))
def test_what_pg_dump_tells_apart_the_catalog_tells_apart(base: Base, mutation: str):
    catalog, dump = mutated(base, mutation)

    assert dump != base.dump, "pg_dump writes the same: it belongs to the neutral ones"
    assert differences(base.catalog, catalog), mutation


@pytest.mark.parametrize("base", ["server"], indirect=True)
@pytest.mark.parametrize("mutation", mutations("told.pg18.sql"))
def test_what_only_the_newest_pg_dump_tells_apart_the_catalog_tells_apart(base: Base, mutation: str):
    catalog, dump = mutated(base, mutation)

    assert dump != base.dump, "pg_dump writes the same: it belongs to the neutral ones"
    assert differences(base.catalog, catalog), mutation


@pytest.mark.parametrize("mutation", mutations("neutral.sql"))
def test_what_pg_dump_does_not_tell_apart_the_catalog_does_not(base: Base, mutation: str):
    catalog, dump = mutated(base, mutation)

    assert dump == base.dump
    assert sentences(differences(base.catalog, catalog)) == ()


@pytest.mark.parametrize(
    ("mutation", "kind"),
    [
        (
            (
                "INSERT INTO shop.cache VALUES ('a', '1'), ('b', '2'); "
                "CREATE UNIQUE INDEX CONCURRENTLY twice ON shop.cache ((1))"
            ),
            "index",
        ),
        ("CREATE EXTENSION hstore VERSION '1.4'; ALTER EXTENSION hstore UPDATE", "extension"),
        (
            (
                "CREATE COLLATION shop.sorted (provider = libc, locale = 'C.utf8'); "
                "UPDATE pg_collation SET collversion = '2.31' WHERE collname = 'sorted'"
            ),
            "collation",
        ),
    ],
)
def test_what_pg_dump_leaves_out_the_catalog_tells(base: Base, mutation: str, kind: str):
    """An index left invalid by a failed build, and versions: of each the last statement is compared with the rest."""
    first, last = mutation.split("; ")
    with copied(base) as connection:
        connection.execute(first.encode())
        before, dump_before = told(base.server, connection)
        connection.execute("SET allow_system_table_mods = on")
        with suppress(psycopg.errors.UniqueViolation):
            connection.execute(last.encode())
        after, dump_after = told(base.server, connection)

    assert dump_after == dump_before
    assert {change.kind for change in differences(before, after)} == {kind}


@pytest.mark.parametrize("mutation", mutations("settings.sql"))
def test_settings_are_told_apart_as_pg_dumpall_tells_them(base: Base, mutation: str):
    try:
        with copied(base) as connection:
            before, dump_before = read(connection, base.server.binaries.major), told_of_settings(base.server)
            connection.execute(mutation.encode())
            after, dump_after = read(connection, base.server.binaries.major), told_of_settings(base.server)
    finally:
        base.admin.execute("ALTER ROLE rehearse_witness RESET ALL; ALTER ROLE ALL RESET ALL")

    assert (dump_before == dump_after) == (before == after)
    assert {change.kind for change in differences(before, after)} <= {"setting"}


def told_of_settings(server: Server) -> set[str]:
    """Return what pg_dumpall writes of the settings of roles, and pg_dump of those in the database that is mutated."""
    programs = server.binaries.bin_dir
    written = [
        subprocess.run([programs / name, *options], check=True, capture_output=True, text=True).stdout
        for name, *options in (
            ("pg_dumpall", "--roles-only", "--dbname", server.dsn()),
            ("pg_dump", "--schema-only", "--create", "--dbname", server.dsn("mutant")),
        )
    ]
    return set(re.findall(r"^ALTER (?:ROLE|DATABASE) .* SET .*$", "".join(written), re.MULTILINE))


@given(data=strategies.data())
@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == FEW, suppress_health_check=list(HealthCheck))
def test_any_sequence_of_mutations_is_told_as_pg_dump_tells_it(base: Base, data: strategies.DataObject):
    """The same mutations in another order may do the same or not: each side is a witness for the other."""
    chosen = data.draw(strategies.lists(strategies.sampled_from(ANY), min_size=2, max_size=8, unique=True))
    otherwise = data.draw(strategies.permutations(chosen))

    catalog, dump = mutated(base, *chosen)
    other, other_dump = mutated(base, *otherwise)

    assert (catalog.fingerprint == other.fingerprint) == (dump == other_dump), differences(catalog, other)
    assert (catalog.fingerprint == base.catalog.fingerprint) == (dump == base.dump)


def mutated(base: Base, *mutations: str) -> tuple[Catalog, list[str]]:
    """Return what is told of a copy after some mutations; of several, those that clash with earlier ones fail."""
    with copied(base) as connection:
        connection.execute(SUBSCRIPTION)
        connection.execute("SET allow_system_table_mods = on")
        for mutation in mutations:
            with suppress(*([psycopg.Error] if len(mutations) > 1 else [])):
                for statement in mutation.split("; "):
                    connection.execute(statement.encode())
        return told(base.server, connection)


@contextmanager
def copied(base: Base) -> Iterator[psycopg.Connection]:
    base.admin.execute("CREATE DATABASE mutant TEMPLATE witness STRATEGY FILE_COPY")
    try:
        with base.server.connect("mutant") as connection:
            try:
                yield connection
            finally:
                connection.execute("DROP SUBSCRIPTION IF EXISTS readers")
    finally:
        base.admin.execute("DROP DATABASE mutant WITH (FORCE)")
