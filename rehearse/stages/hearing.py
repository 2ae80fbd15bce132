"""Hearing what is said through a door: who executed what, how it ended, and what the server said of it.

The protocol tells every statement of every client without any right on the server. Values that are bound to statements,
rows and the data of COPY are passed over and never kept.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import deque
from collections.abc import Mapping

from rehearse.model.conversation import Conversation
from rehearse.stages.dialogue import Dialogue, fields_of, is_debug, moment
from rehearse.stages.messages import WHOLE, Stream

# Makes the server say "rewriting table", "verifying table", "building index" to its client (manual 20.11.1). The door
# keeps those lines to itself.
TALKATIVE = {"client_min_messages": "debug1"}
_NAMES = 512  # bytes within which the names in a Bind stand
_FROM_CLIENT = {ord(kind): WHOLE for kind in "QP"} | {ord(kind): _NAMES for kind in "BCDEFScf"}
_FROM_SERVER = {ord(kind): WHOLE for kind in "ENS"} | {ord(kind): 64 for kind in "123TnCGIKVZs"}
_MANY, _MUCH = 256, 1 << 20  # blocks, and bytes, that may lie unread


class Hearing:
    """All conversations through one door."""

    def __init__(self) -> None:
        self._heard: list[Ear] = []
        self._lock = threading.Lock()

    def listen(self, asked: Mapping[str, str], process: int | None) -> Ear:
        """Begin to listen to a session, given the parameters it began with."""
        with self._lock:
            ear = Ear(number=len(self._heard) + 1, process=process, asked=asked)
            self._heard.append(ear)
        return ear

    def conversations(self) -> tuple[Conversation, ...]:
        """Return what was said so far."""
        with self._lock:
            return tuple(ear.conversation() for ear in self._heard)


class Ear:
    """Listens to one session."""

    def __init__(self, *, number: int, process: int | None, asked: Mapping[str, str]) -> None:
        self._number, self._process, self._name = number, process, asked.get("application_name", "")
        self._began = time.time()
        self._ended: float | None = None
        self._gap: str | None = None
        self._client = Stream(_FROM_CLIENT)
        self._server = Stream(_FROM_SERVER, withheld=ord("N"), refuses=self._is_ours)
        self._dialogue = Dialogue(asked)
        # what was not read yet: when it came, what the client said, or the messages of the server
        self._unread: deque[tuple[float, bytes, list[tuple[int, bytes]]]] = deque()
        self._unread_bytes = 0
        self._lock = threading.Lock()

    def from_client(self, block: bytes) -> None:
        """Take in what the client said, all of which goes on; it is read later."""
        self._unread.append((time.time(), block, []))
        self._unread_bytes += len(block)

    def from_server(self, block: bytes) -> bytes:
        """Take in what the server said; return what of it goes on."""
        passed, found = self._server.feed(block)
        if found:
            self._unread.append((time.time(), b"", found))
        return passed

    def rest(self) -> None:
        """Read what was taken in, if there is much of it: whoever waits at either side is served first."""
        if len(self._unread) > _MANY or self._unread_bytes > _MUCH:
            self.understand()

    def understand(self) -> None:
        """Read what was taken in. Never raises: what is not understood is a gap."""
        with self._lock:
            self._unread_bytes = 0
            while self._unread:
                at, block, answers = self._unread.popleft()
                if self._gap is None:
                    self._read(at, block, answers)

    def end(self) -> None:
        """Take in that the session has ended."""
        self.understand()
        with self._lock:
            self._ended = time.time()
            if self._gap is None:
                self._dialogue.end(self._ended)

    def conversation(self) -> Conversation:
        """Return what was said so far."""
        self.understand()
        with self._lock:
            return Conversation(
                number=self._number,
                pid=self._dialogue.pid,
                process=self._process,
                began=moment(self._began),
                ended=None if self._ended is None else moment(self._ended),
                application=self._name,
                exchanges=self._dialogue.exchanges(),
                gap=self._gap,
            )

    def _read(self, at: float, block: bytes, answers: list[tuple[int, bytes]]) -> None:
        try:
            for kind, body in self._client.feed(block)[1] if block else ():
                self._dialogue.say(chr(kind), body, at)
            for kind, body in answers:
                self._dialogue.answer(chr(kind), body, at)
        except (ValueError, IndexError, KeyError, struct.error) as error:
            self._gap = f"{type(error).__name__} at a message of the protocol"
        if self._client.is_broken or self._server.is_broken:
            self._gap = "what was sent is no protocol 3.0"

    def _is_ours(self, notice: bytes) -> bool:
        """Say whether the client did not ask for a message and must not see it."""
        self.understand()
        return not self._dialogue.is_quiet and is_debug(fields_of(notice))
