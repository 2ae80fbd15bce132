"""Sources as people have them: a server with TLS and passwords, one behind PgBouncer."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from psycopg import conninfo, sql

from rehearse.engine.account import Account, account
from rehearse.engine.binaries import Binaries
from rehearse.engine.cluster import SUPERUSER
from rehearse.engine.residence import occupied
from rehearse.engine.server import Server, running

PASSWORD = "pa ss/w@rd:'%?#\\"  # every character that URLs, conninfo strings and .pgpass files treat in their own way
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")
_PATIENCE_SECONDS = 20
_TLS_FILES = {"cert": "server.crt", "key": "server.key", "ca": "authority.crt"}
_NEW = ("req", "-newkey", "rsa:2048", "-subj")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A server that listens on 127.0.0.1 and wants a password there; by its socket everybody is trusted."""

    server: Server
    port: int
    authority: Path | None = None  # certificate of who signed the server's, which is made out to localhost

    def place(self, database: str, **more: str | int) -> dict[str, str | int]:
        """Return where it is; without a password."""
        return {"host": "localhost", "port": self.port, "dbname": database, "user": SUPERUSER, **more}

    def url(self, database: str, **more: str | int) -> str:
        return conninfo.make_conninfo("", **self.place(database, **{"password": PASSWORD, **more}))


@contextmanager
def listening(binaries: Binaries, *, tls: bool = False) -> Iterator[Source]:
    """Start a server that is reached by TCP with a password, and if so wished by TLS only."""
    who = account()
    with occupied(who) as root:
        authority = certify(root, who) if tls else None
        kind = "hostssl" if tls else "host"
        entries = ["local all all trust", *([f"{kind} all by_certificate 127.0.0.1/32 cert"] if tls else [])]
        entries += [f"{kind} all all {addresses} scram-sha-256" for addresses in ("127.0.0.1/32", "::1/128")]
        placed(root / "hba", "".join(f"{entry}\n" for entry in entries), who)
        port = free_port()
        files = {f"ssl_{name}_file": str(root / file) for name, file in _TLS_FILES.items()}
        settings = {
            "listen_addresses": "127.0.0.1, ::1",
            "port": str(port),
            "hba_file": str(root / "hba"),
            **({"ssl": "on", **files} if tls else {}),
        }
        with running(binaries, settings=settings) as server:
            source = Source(server=replace(server, port=port), port=port, authority=authority)
            with source.server.connect() as connection:
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(SUPERUSER), PASSWORD))
            yield source


def certify(directory: Path, who: Account, *, name: str = "localhost") -> Path:
    """Make an authority, and a certificate of it for a server of this name; return the authority's certificate."""
    if OPENSSL is None:
        pytest.skip("needs the openssl program, to make a certificate")
    authority, key = directory / "authority.crt", directory / "authority.key"
    openssl(*_NEW, "/CN=an authority", "-nodes", "-x509", "-days", "2", "-out", authority, "-keyout", key)
    certificate, server_key = directory / "server.crt", directory / "server.key"
    openssl(*_NEW, f"/CN={name}", "-nodes", "-out", directory / "request", "-keyout", server_key)
    sign(directory, authority, certificate, f"subjectAltName=DNS:{name}\n")
    authority.chmod(0o644)
    for path in (certificate, server_key):
        path.chmod(0o600)
        who.own(path)
    return authority


def certify_client(directory: Path, authority: Path, role: str, *, phrase: str) -> tuple[Path, Path]:
    """Make a certificate for a role, and its key behind a pass phrase."""
    certificate, key = directory / "client.crt", directory / "client.key"
    openssl(*_NEW, f"/CN={role}", "-passout", f"pass:{phrase}", "-out", directory / "request", "-keyout", key)
    sign(directory, authority, certificate, "")
    key.chmod(0o600)
    return certificate, key


def sign(directory: Path, authority: Path, certificate: Path, extensions: str) -> None:
    """Have the request that lies in a directory signed."""
    (directory / "extensions").write_text(extensions)
    asked = ["-in", directory / "request", "-extfile", directory / "extensions", "-out", certificate, "-days", "2"]
    openssl("x509", "-req", "-CA", authority, "-CAkey", authority.with_suffix(".key"), "-CAcreateserial", *asked)


def openssl(*arguments: str | Path) -> None:
    assert OPENSSL is not None
    subprocess.run([OPENSSL, *arguments], check=True, capture_output=True)


@contextmanager
def pooled(server: Server, mode: str, settings: Mapping[str, str]) -> Iterator[dict[str, str | int]]:
    """Start a PgBouncer before a server; yield host and port. It refuses to run as root, as PostgreSQL does."""
    if PGBOUNCER is None:
        pytest.skip("needs PgBouncer (Debian: pgbouncer)")
    who = account()
    with occupied(who) as root:
        placed(root / "users", f'"{SUPERUSER}" ""\n', who)
        told = {
            "listen_addr": "",
            "unix_socket_dir": str(root),
            "listen_port": "6432",
            "auth_type": "trust",
            "auth_file": str(root / "users"),
            "pool_mode": mode,
            **settings,
        }
        lines = "".join(f"{name} = {value}\n" for name, value in told.items())
        databases = f"[databases]\n* = host={server.socket_dir} port={server.port}\n"
        placed(root / "pgbouncer.ini", f"{databases}[pgbouncer]\n{lines}", who)
        with (root / "log").open("wb") as log:
            process = who.launch([PGBOUNCER, root / "pgbouncer.ini"], log)
        try:
            wait_for(root / ".s.PGSQL.6432", process, root / "log")
            yield {"host": str(root), "port": 6432}
        finally:
            process.terminate()
            process.wait()


def placed(path: Path, text: str, who: Account) -> None:
    path.write_text(text, encoding="utf-8")
    who.own(path)


def wait_for(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not path.exists():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
