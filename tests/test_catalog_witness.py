"""Catalogs are equal if and only if pg_dump writes the same: pg_dump is the witness, on every server there is.

Each mutation is applied to a copy of a rich schema. It changes what pg_dump writes, or, if it is a neutral one, it
does not; the catalogs must say the same.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

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
MUTATIONS = Path(__file__).parent / "mutations"


def mutations(name: str) -> list[str]:
    """Return the mutations of a file, one a line, of one statement or more."""
    return (MUTATIONS / name).read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A server with the rich schema in a database to copy, and what is told of it."""

    server: Server
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
    catalog, dump = told(server, "witness")
    yield Base(server=server, catalog=catalog, dump=dump)
    with server.connect("witness") as connection:
        connection.execute("DROP SUBSCRIPTION readers")
    with server.connect() as connection:
        connection.execute("DROP DATABASE witness WITH (FORCE)")
        connection.execute("DROP ROLE rehearse_witness")


def told(server: Server, database: str) -> tuple[Catalog, list[str]]:
    """Return a catalog, and what pg_dump writes, an entry each, in no order."""
    with server.connect(database) as connection:
        catalog = read(connection, server.binaries.major)
    program = server.binaries.bin_dir / "pg_dump"
    written = subprocess.run(
        [program, "--schema-only", "--dbname", server.dsn(database)], check=True, capture_output=True, text=True
    ).stdout
    entries = (_UNTOLD.sub("", entry).strip() for entry in _HEADING.split(written))
    return catalog, sorted(entry for entry in entries if entry)


@pytest.mark.parametrize("mutation", mutations("told.sql"))
def test_what_pg_dump_tells_apart_the_catalog_tells_apart(base: Base, mutation: str):
    catalog, dump = mutated(base, mutation)

    assert dump != base.dump, "pg_dump writes the same: it belongs to the neutral ones"
    assert differences(base.catalog, catalog), mutation


@pytest.mark.parametrize("mutation", mutations("neutral.sql"))
def test_what_pg_dump_does_not_tell_apart_the_catalog_does_not(base: Base, mutation: str):
    catalog, dump = mutated(base, mutation)

    assert dump == base.dump
    assert sentences(differences(base.catalog, catalog)) == ()


def mutated(base: Base, mutation: str) -> tuple[Catalog, list[str]]:
    with copied(base.server) as connection:
        connection.execute(SUBSCRIPTION)
        connection.execute("SET allow_system_table_mods = on")
        for statement in mutation.split("; "):
            connection.execute(statement.encode())
        return told(base.server, "mutant")


@contextmanager
def copied(server: Server) -> Iterator[psycopg.Connection]:
    with server.connect() as connection:
        connection.execute("CREATE DATABASE mutant TEMPLATE witness STRATEGY FILE_COPY")
    try:
        with server.connect("mutant") as connection:
            yield connection
    finally:
        with server.connect("mutant") as connection:
            connection.execute("DROP SUBSCRIPTION IF EXISTS readers")
        with server.connect() as connection:
            connection.execute("DROP DATABASE mutant WITH (FORCE)")
