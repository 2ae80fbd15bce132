"""A stage with a few tables, to watch statements on."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from rehearse.engine.server import Server
from rehearse.model.stage import Stage, StageAddress
from rehearse.model.timeline import Timeline
from rehearse.watch import watching

TABLES = """
CREATE TABLE parents (id int PRIMARY KEY, name text);
INSERT INTO parents SELECT g, 'p' || g FROM generate_series(1, 300) AS g;
CREATE TABLE "Items" (id int PRIMARY KEY, parent_id int, size int, code varchar(20), note text);
INSERT INTO "Items" SELECT g, 1 + g % 300, g, 'c' || g, 'n' FROM generate_series(1, 2000) AS g;
CREATE TABLE children (id int PRIMARY KEY, item_id int REFERENCES "Items" (id));
INSERT INTO children SELECT g, g FROM generate_series(1, 500) AS g;
CREATE TABLE loose (id int);
INSERT INTO loose SELECT generate_series(1, 40);
CREATE MATERIALIZED VIEW summary AS SELECT id FROM loose;
CREATE TABLE measures (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE measures_1 PARTITION OF measures FOR VALUES FROM (0) TO (100);
CREATE TABLE measures_2 (id int, at int);
INSERT INTO measures SELECT g, g FROM generate_series(1, 90) AS g;
INSERT INTO measures_2 SELECT g, 150 FROM generate_series(1, 70) AS g;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A stage with tables, and what was seen on it."""

    stage: Stage

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection:
        return psycopg.connect(self.stage.address.url, autocommit=autocommit)

    def watch(self, *statements: str) -> Timeline:
        """Run statements one by one in autocommit mode; errors are the server's business."""
        with watching(self.stage) as watch:
            with self.connect() as connection:
                for statement in statements:
                    with contextlib.suppress(psycopg.Error):
                        connection.execute(statement.encode())
            return watch.timeline()


@contextlib.contextmanager
def grown(server: Server) -> Iterator[Ground]:
    """Make a stage with the tables, in a database and with a role of its own."""
    name = f"w_{uuid.uuid4().hex[:12]}"
    with server.connect() as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN")
        admin.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 STRATEGY FILE_COPY")
    stage = Stage(
        provider="embedded",
        address=StageAddress(socket_dir=server.socket_dir, port=server.port, database=name, user=name, token=""),
        admin=server.dsn(name),
        log_file=server.log_file,
        server_version_num=server.binaries.major * 10000,
        server_version=server.binaries.version,
    )
    with psycopg.connect(stage.address.url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
        connection.execute("ANALYZE")
    yield Ground(stage=stage)
    with server.connect() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute(f"DROP ROLE {name}")
