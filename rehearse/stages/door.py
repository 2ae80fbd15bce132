"""The door to a stage on a server that others own: a unix socket behind which there is one database and one role.

Who comes in knows neither the server's address nor a password, and gets nowhere else on that server. With the socket
for an address a shared stage looks like one of our own: the migrating process stays without a network.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from rehearse.stages.hearing import Ear, Hearing
from rehearse.stages.scram import NotProven
from rehearse.stages.upstream import Refused, Upstream, exactly

PORT = 5432
_CANCEL, _ENCRYPTIONS = 80877102, (80877103, 80877104)  # manual 55.7: CancelRequest, SSLRequest, GSSENCRequest
_BLOCK = 1 << 16
_HEAD, _LARGEST_STARTUP = 8, 10_000  # bytes, as in the server itself
_AUTHENTICATED = b"R" + struct.pack("!ii", 8, 0)
_NO_AUTHORIZATION = "28000"
_CREDENTIALS = struct.Struct("3i")  # process, user and group: unix(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A door that stands open."""

    socket_dir: Path
    upstream: Upstream
    options: str  # settings every session begins with, as in a startup packet
    hearing: Hearing | None = None  # what is said through it is heard; None: it is only passed on

    @property
    def port(self) -> int:
        return PORT

    @property
    def dsn(self) -> str:
        """Return the conninfo of what is behind the door."""
        up = self.upstream
        return make_conninfo("", host=str(self.socket_dir), port=self.port, dbname=up.database, user=up.user)


@contextmanager
def opened(upstream: Upstream, options: str, hearing: Hearing | None = None) -> Iterator[Door]:
    """Open a door until the context is left; sessions that came in through it end with it."""
    with tempfile.TemporaryDirectory(prefix="rehearse-door-", ignore_cleanup_errors=True) as name:
        door = Door(socket_dir=Path(name), upstream=upstream, options=options, hearing=hearing)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(door.socket_dir / f".s.PGSQL.{PORT}"))
            listener.listen(64)
            links: set[socket.socket] = set()
            threading.Thread(target=_welcome, args=(listener, door, links), daemon=True).start()
            try:
                yield door
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                for link in tuple(links):
                    _shut(link)


def _welcome(listener: socket.socket, door: Door, links: set[socket.socket]) -> None:
    while True:
        try:
            guest, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(guest, door, links), daemon=True).start()


def _serve(guest: socket.socket, door: Door, links: set[socket.socket]) -> None:
    links.add(guest)
    with guest, contextlib.suppress(OSError, NotProven, struct.error, ValueError):
        try:
            link, ear = _let_in(guest, door)
        except Refused as refused:
            guest.sendall(refused.packet)
            return
        except OSError as error:
            guest.sendall(_complaint("08006", f"the stage's server cannot be reached: {error}"))
            raise
        if link is not None:
            links.add(link)
            with link:
                try:
                    guest.sendall(_AUTHENTICATED)
                    _relay(guest, link, ear)
                finally:
                    if ear is not None:
                        ear.end()
            links.discard(link)
    links.discard(guest)


def _let_in(guest: socket.socket, door: Door) -> tuple[socket.socket | None, Ear | None]:
    """Read how a session begins, and open it on the server; no socket where nothing is to follow."""
    while True:
        size, code = struct.unpack("!ii", exactly(guest, _HEAD))
        if not _HEAD <= size <= _LARGEST_STARTUP:
            return None, None
        body = exactly(guest, size - _HEAD)
        if code == _CANCEL:
            with door.upstream.connect() as link:
                link.sendall(struct.pack("!ii", size, code) + body)
            return None, None
        if code not in _ENCRYPTIONS:
            break
        guest.sendall(b"N")
    asked = _parameters(body)
    if (asked.pop("user", ""), asked.pop("database", "")) != (door.upstream.user, door.upstream.database):
        raise Refused(_complaint(_NO_AUTHORIZATION, "only the stage's database and its role can be reached here"))
    if asked.pop("replication", "false") not in ("false", "off", "no", "0"):
        raise Refused(_complaint(_NO_AUTHORIZATION, "nothing is replicated from a stage"))
    theirs = asked.pop("options", "")
    options = " ".join(filter(None, (door.options, theirs)))
    link = door.upstream.open({**asked, **({"options": options} if options else {})})
    if door.hearing is None:
        return link, None
    return link, door.hearing.listen({**asked, "options": theirs}, _process(guest))


def _process(guest: socket.socket) -> int | None:
    """Return the process at the other end of a unix socket, where the system tells it."""
    asking = getattr(socket, "SO_PEERCRED", None)
    if asking is None:
        return None
    pid: int = _CREDENTIALS.unpack(guest.getsockopt(socket.SOL_SOCKET, asking, _CREDENTIALS.size))[0]
    return pid


def _parameters(body: bytes) -> dict[str, str]:
    words = body.rstrip(b"\0").decode().split("\0")
    words += [""] * (len(words) % 2)
    return dict(zip(words[::2], words[1::2], strict=True))


def _relay(guest: socket.socket, link: socket.socket, ear: Ear | None) -> None:
    """Pass bytes on, either way, until one side ends; what one side cannot take yet stops the reading of the other."""
    waiting: dict[socket.socket, bytes] = {guest: b"", link: b""}
    other: Mapping[socket.socket, socket.socket] = {guest: link, link: guest}
    for each in waiting:
        each.setblocking(False)
    while True:
        ready = [each for each in waiting if isinstance(each, ssl.SSLSocket) and each.pending()]
        readable, writable, _ = select.select(
            [each for each in waiting if not waiting[other[each]]],
            [each for each in waiting if waiting[each]],
            [],
            0 if ready else None,
        )
        for each in {*readable, *(found for found in ready if not waiting[other[found]])}:
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                received = each.recv(_BLOCK)
                if not received:
                    return
                waiting[other[each]] = received if ear is None or each is guest else ear.from_server(received)
                writable.append(other[each])
                if ear is not None and each is guest:
                    ear.from_client(received)
        for each in writable:
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                waiting[each] = waiting[each][each.send(waiting[each]) :]
        if ear is not None:
            ear.rest()


def _complaint(sqlstate: str, said: str) -> bytes:
    """Return an ErrorResponse that ends the session (manual 55.8, Error and Notice Message Fields)."""
    fields = f"SFATAL\0VFATAL\0C{sqlstate}\0M{said}\0\0".encode()
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


def _shut(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
