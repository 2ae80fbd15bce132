"""Sessions on a server that others own, opened for somebody who knows neither its address nor its password."""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg

from rehearse.stages import scram

_PROTOCOL, _TLS = 196608, 80877103
_OK, _CLEAR, _MD5, _SASL, _SASL_CONTINUE, _SASL_FINAL = 0, 3, 5, 10, 11, 12
_SECONDS = 15.0


class Refused(Exception):
    """The server refused the session; `packet` is what it said, for whoever wanted it."""

    def __init__(self, packet: bytes) -> None:
        super().__init__("the server refused the session")
        self.packet = packet


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where the server is and who is to be there, as libpq found it."""

    host: str  # a directory for a unix socket
    port: int
    user: str
    database: str
    password: str = field(default="", repr=False)
    tls: Mapping[str, str] | None = None  # libpq's ssl parameters; None: the session is not encrypted

    @classmethod
    def of(cls, connection: psycopg.Connection, *, database: str, user: str, password: str) -> Upstream:
        """Return the way a connection went, to another database and for another role of the same server."""
        info = connection.info
        encrypted = bool(connection.pgconn.ssl_in_use)
        return cls(
            host=info.host,
            port=info.port,
            user=user,
            database=database,
            password=password,
            tls=info.get_parameters() if encrypted else None,
        )

    def open(self, parameters: Mapping[str, str]) -> socket.socket:
        """Open a session up to AuthenticationOk (manual 55.2.1, Start-up). Raises Refused and OSError."""
        link = self.connect()
        try:
            named = {"user": self.user, "database": self.database, **parameters}
            told = b"".join(f"{name}\0{value}\0".encode() for name, value in named.items())
            link.sendall(struct.pack("!ii", len(told) + 9, _PROTOCOL) + told + b"\0")
            self._authenticate(link)
        except BaseException:
            link.close()
            raise
        return link

    def connect(self) -> socket.socket:
        """Open a connection on which nothing has been said yet but TLS."""
        if self.host.startswith(("/", "@")):
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            link.settimeout(_SECONDS)
            link.connect(f"{self.host.replace('@', chr(0), 1)}/.s.PGSQL.{self.port}")
            return link
        link = socket.create_connection((self.host, self.port), timeout=_SECONDS)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link if self.tls is None else self._encrypted(link, self.tls)

    def _encrypted(self, link: socket.socket, asked: Mapping[str, str]) -> socket.socket:
        link.sendall(struct.pack("!ii", 8, _TLS))
        if link.recv(1) != b"S":
            raise OSError("the server offers no TLS any more")
        mode = asked.get("sslmode", "prefer")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = mode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if mode.startswith("verify") else ssl.CERT_NONE
        root = asked.get("sslrootcert")
        if context.verify_mode is ssl.CERT_REQUIRED:
            context.load_verify_locations(root) if root and root != "system" else context.load_default_certs()
        if asked.get("sslcert"):
            context.load_cert_chain(asked["sslcert"], asked.get("sslkey"), asked.get("sslpassword"))
        return context.wrap_socket(link, server_hostname=self.host)

    def _authenticate(self, link: socket.socket) -> None:
        exchange = scram.Client(password=self.password)
        while True:
            kind, body = message(link)
            if kind == b"E":
                raise Refused(kind + struct.pack("!i", len(body) + 4) + body)
            (method,), rest = struct.unpack_from("!i", body), body[4:]
            if method == _OK:
                return
            if method == _CLEAR:
                _answer(link, self.password.encode() + b"\0")
            elif method == _MD5:
                inner = hashlib.md5((self.password + self.user).encode(), usedforsecurity=False).hexdigest()
                digest = hashlib.md5(inner.encode() + rest, usedforsecurity=False).hexdigest()
                _answer(link, f"md5{digest}".encode() + b"\0")
            elif method == _SASL and scram.MECHANISM.encode() in rest.split(b"\0"):
                first = exchange.first()
                _answer(link, scram.MECHANISM.encode() + b"\0" + struct.pack("!i", len(first)) + first)
            elif method == _SASL_CONTINUE:
                _answer(link, exchange.final(rest))
            elif method == _SASL_FINAL:
                exchange.check(rest)
            else:
                raise OSError("the server asks for a way of authentication that cannot be passed on")


def message(link: socket.socket) -> tuple[bytes, bytes]:
    """Read one message of the protocol: its kind and its body."""
    head = exactly(link, 5)
    return head[:1], exactly(link, struct.unpack("!i", head[1:])[0] - 4)


def exactly(link: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = link.recv(size - len(found))
        if not part:
            raise ConnectionError("the connection ended")
        found += part
    return found


def _answer(link: socket.socket, body: bytes) -> None:
    link.sendall(b"p" + struct.pack("!i", len(body) + 4) + body)
