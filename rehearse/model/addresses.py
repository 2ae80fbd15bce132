"""Addresses that libpq names when a connection fails: in what a program printed, or in what the server's log says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NOWHERE = "rehearsal.invalid"  # where restored foreign servers point; it never resolves (RFC 2606)
UNREACHED = frozenset({"08000", "08001", "08006"})  # SQLSTATEs of a server that could not connect to another
_OF_SERVER = ("DETAIL:", "ERROR:  ")  # of lines in which the stage's server speaks, which its log tells better
_FAILED = re.compile(
    r"(?:^psql:(?P<place>.+?:\d+): )?.*?\b"
    r"(?:connection to server (?:at \"(?P<host>[^\"]+)\"(?: \([^)]*\))?, port (?P<port>\d+)"
    r"|on socket \"(?P<directory>[^\"]*)/\.s\.PGSQL\.(?P<number>\d+)\") failed:(?P<why>.*)"
    r"|could not translate host name \"(?P<name>[^\"]+)\" to address)"
)
_REFUSED = re.compile(
    r"no pg_hba\.conf entry for host .*, user \"(?P<user>[^\"]*)\", database \"(?P<database>[^\"]*)\""
    r"|password authentication failed for user \"(?P<whom>[^\"]*)\"|no password supplied|only the stage's database"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A server that somebody tried to connect to, in vain."""

    host: str  # a name, an address or the directory of a socket
    port: str = ""
    place: str | None = None  # "script.sql:3", where psql says so
    refused: str | None = None  # the database, or the user, that the server did not admit

    @property
    def target(self) -> str:
        if not self.host.startswith("/"):
            return f"postgresql://{self.host}{f':{self.port}' if self.port else ''}"
        return f"postgresql:///{self.refused or ''}?host={self.host}&port={self.port}"


def unreached(text: str, *, passed_on: bool = False) -> Iterator[Unreached]:
    """Yield the servers a text names as not reached; what a program only passed on from its server on demand.

    >>> [found.target for found in unreached('connection to server at "db" (10.0.0.1), port 5432 failed: timeout')]
    ['postgresql://db:5432']
    """
    for line in text.splitlines():
        found = _FAILED.match(line)
        if found is None or (not passed_on and any(word in line for word in _OF_SERVER)):
            continue
        refusal = _REFUSED.search(found["why"] or "")
        yield Unreached(
            host=found["host"] or found["directory"] or found["name"],
            port=found["port"] or found["number"] or "",
            place=found["place"],
            refused=(refusal["database"] or refusal["whom"] or "") if refusal else None,
        )
