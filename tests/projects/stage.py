"""A stage for migrators: a database with a token and a migrating role, without snapshot or restore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rehearse.engine.server import Server
from rehearse.model.stage import Stage, StageAddress


@contextmanager
def raised(server: Server, database: str) -> Iterator[Stage]:
    """Yield the database as a stage, owned by a role of its own that is dropped afterwards."""
    role, token = f"owner_{database}", f"token-{database}"
    with server.connect(database) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"ALTER DATABASE {database} OWNER TO {role}")
        connection.execute(f"ALTER DATABASE {database} SET rehearse.token = '{token}'")
        number = connection.info.server_version
    address = StageAddress(socket_dir=server.socket_dir, port=server.port, database=database, user=role, token=token)
    yield Stage(
        provider="embedded",
        address=address,
        admin=server.dsn(database),
        log_file=server.log_file,
        server_version_num=number,
        server_version=server.binaries.version,
    )
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
        connection.execute(f"DROP ROLE {role}")
