"""What watching costs: one history of revisions played by plain Alembic, with and without the watch.

    python tests/benchmarks/watch_overhead.py [revisions] [repetitions]

Each revision holds three DDL commands on tables of a database that already has sixty. Plain and watched
runs alternate on one embedded server, each in a fresh database; the medians are compared. Last, one string of 500
commands (26 kB): what it leaves in the log.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import psycopg
from alembic import command
from alembic.config import Config

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.stage import Stage, StageAddress
from rehearse.watch import watching

ROLE = "migrator"
ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=context.config.attributes["each"])
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
from alembic import op
revision, down_revision = "r{number}", {previous}
def upgrade():
    op.execute("CREATE TABLE made_{number} (id int PRIMARY KEY, name text)")
    op.execute("ALTER TABLE old_{old} ADD COLUMN c_{number} int")
    op.execute("CREATE INDEX ON made_{number} (name)")
"""
OLD_TABLES = 60
SLOW = (
    "UPDATE big SET a = a + 1",
    "ALTER TABLE big ALTER a TYPE bigint",
    "CREATE INDEX ON big (b)",
    "DELETE FROM big WHERE id % 2 = 0",
    "ALTER TABLE big ADD CHECK (a > -1)",
)


STRING = ";".join(f"CREATE TABLE made_{number:03} (id int, name text, at date)" for number in range(500))


def main(revisions: int = 100, repetitions: int = 5) -> None:
    with tempfile.TemporaryDirectory() as directory, running(resolve(None, use="embedded").binaries) as server:
        with server.connect() as admin:
            admin.execute(f"CREATE ROLE {ROLE} LOGIN")
        project = _project(Path(directory), revisions)
        for each, name in ((False, "one transaction"), (True, "a transaction for each revision")):
            plain, watched = _compare(server, repetitions, lambda stage, each=each: _upgrade(project, stage, each=each))
            statements = revisions * (6 if each else 4)  # three commands, the version row, BEGIN and COMMIT
            print(
                f"{name}: {statements} statements, plain {plain:.2f} s, watched {watched:.2f} s: "
                f"{(watched - plain) / statements * 1000:+.2f} ms a statement, {(watched / plain - 1) * 100:+.0f} %"
            )
        plain, watched = _compare(server, repetitions, _slow)
        print(
            f"slow statements: {len(SLOW)} of {plain / len(SLOW) * 1000:.0f} ms each: "
            f"{(watched / plain - 1) * 100:+.1f} %"
        )
        plain, watched = _compare(server, repetitions, _string)
        with _stage(server) as stage, watching(stage):
            before = _log_bytes(server)
            _string(stage)
            written = _log_bytes(server) - before
        print(
            f"a string of 500 commands, {len(STRING) / 1000:.0f} kB: plain {plain:.2f} s, watched {watched:.2f} s, "
            f"{written / 1e6:.1f} MB of log"
        )


def _compare(server: Server, repetitions: int, play: Callable[[Stage], None]) -> tuple[float, float]:
    """Return the median seconds of playing it plain and watched, in turns."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(repetitions):
        for watched, spent in seconds.items():
            with _stage(server) as stage, watching(stage) if watched else contextlib.nullcontext():
                began = time.perf_counter()
                play(stage)
                spent.append(time.perf_counter() - began)
    return median(seconds[False]), median(seconds[True])


def _upgrade(project: Path, stage: Stage, *, each: bool) -> None:
    config = Config()
    config.set_main_option("script_location", str(project))
    config.set_main_option(
        "sqlalchemy.url", stage.address.url.replace("postgresql://", "postgresql+psycopg://").replace("%", "%%")
    )
    config.attributes["each"] = each
    command.upgrade(config, "head")


def _slow(stage: Stage) -> None:
    with psycopg.connect(stage.address.url, autocommit=True) as connection:
        for statement in SLOW:
            connection.execute(statement)


def _string(stage: Stage) -> None:
    with psycopg.connect(stage.address.url, autocommit=True) as connection:
        connection.execute(STRING.encode())


def _log_bytes(server: Server) -> int:
    """Return the size of the server's log once nobody has written to it for a moment."""
    assert server.log_file is not None
    size = -1
    while size != (size := server.log_file.stat().st_size):
        time.sleep(0.3)
    return size


def _project(directory: Path, revisions: int) -> Path:
    versions = directory / "versions"
    versions.mkdir()
    (directory / "env.py").write_text(ENV)
    for number in range(revisions):
        text = REVISION.format(
            number=number, previous=repr(f"r{number - 1}") if number else None, old=number % OLD_TABLES
        )
        (versions / f"r{number}.py").write_text(text)
    return directory


@contextlib.contextmanager
def _stage(server: Server) -> Iterator[Stage]:
    name = "bench"
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0 STRATEGY FILE_COPY")
    address = StageAddress(socket_dir=server.socket_dir, port=server.port, database=name, user=ROLE, token="")
    with psycopg.connect(address.url, autocommit=True) as connection:
        for number in range(OLD_TABLES):
            connection.execute(f"CREATE TABLE old_{number} (id int PRIMARY KEY, name text)")
        connection.execute("CREATE TABLE big (id int PRIMARY KEY, a int, b text)")
        connection.execute("INSERT INTO big SELECT g, g, 'x' || g FROM generate_series(1, 100000) AS g")
        connection.execute("VACUUM ANALYZE")
    yield Stage(
        provider="embedded",
        address=address,
        admin=server.dsn(name),
        log_file=server.log_file,
        server_version_num=server.binaries.major * 10000,
        server_version=server.binaries.version,
    )
    with server.connect() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
