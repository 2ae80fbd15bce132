"""Production, as a project may know its way to it: a real server that writes down who comes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sources import free_port

from rehearse.engine.binaries import find_all, resolve
from rehearse.engine.server import Server, running

PASSWORD = "canary4711"
DATABASE = "shop"
_PATIENCE_SECONDS = 10
_TABLES = f"""
CREATE EXTENSION dblink;
CREATE EXTENSION postgres_fdw;
CREATE ROLE boss LOGIN PASSWORD '{PASSWORD}';
GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO boss;
GRANT CREATE ON DATABASE {DATABASE} TO boss;
SET ROLE boss;
CREATE SCHEMA app;
CREATE TABLE app.orders (id int PRIMARY KEY, note text);
INSERT INTO app.orders SELECT g, 'n' FROM generate_series(1, 20) AS g;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """A server that listens on a unix socket and on 127.0.0.1."""

    server: Server
    tcp_port: int

    @property
    def names(self) -> dict[str, str]:
        """Return what a project may have written down of it."""
        by_tcp = f"boss:{PASSWORD}@127.0.0.1:{self.tcp_port}/{DATABASE}"
        by_socket = f"boss:{PASSWORD}@/{DATABASE}?host={self.server.socket_dir}&port={self.tcp_port}"
        return {
            "tcp": by_tcp,
            "socket": by_socket,
            "port": str(self.tcp_port),
            "directory": str(self.server.socket_dir),
            "password": PASSWORD,
            "psql": str(self.server.binaries.bin_dir / "psql"),
            "python": "python",
        }

    def mark(self) -> int:
        """Return the length of the log so far; we visit and leave a word there, behind everything that came before."""
        word = uuid.uuid4().hex
        with self.server.connect() as connection:
            connection.execute(f"DO $$ BEGIN RAISE LOG 'a word: {word}'; END $$".encode())
        return self._await(word)

    def visits_since(self, mark: int) -> list[str]:
        """Return who came, by unix socket or by TCP, since a mark was made."""
        until = self.mark()
        assert self.server.log_file is not None
        lines = self.server.log_file.read_text().splitlines()[mark:until]
        came = [line for line in lines if "connection received" in line]
        assert came, "production does not even write down that we came ourselves"
        return came[:-1]

    def _await(self, word: str) -> int:
        assert self.server.log_file is not None
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            lines = self.server.log_file.read_text().splitlines()
            found = [number for number, line in enumerate(lines, start=1) if word in line]
            if found:
                return found[-1]
            time.sleep(0.01)
        raise AssertionError(f"production's log does not tell of {word}")


@contextmanager
def production() -> Iterator[Production]:
    """Start it, PostgreSQL 15 where that is installed; it trusts everybody, so that nothing but ours stops anybody."""
    found = next((each for each in find_all() if each.major == 15), None) or resolve(None, use="embedded").binaries
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "log_connections": "on",
    }
    with running(found, settings=settings) as started:
        server = replace(started, port=port)
        with server.connect() as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        with server.connect(DATABASE) as connection:
            connection.execute(_TABLES.encode())
        yield Production(server=server, tcp_port=port)
