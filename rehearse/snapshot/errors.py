"""What can go wrong while a snapshot is taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rehearse.errors import RehearseError

_HINTS = (
    ("invalid connection option", "This pg_dump is older than that parameter: leave it out, or install a newer one."),
    ('root certificate file "system"', "This pg_dump is older than sslrootcert=system: name a file of authorities."),
    ("SSL support is not compiled in", "Install the driver with its own libpq (pip install 'psycopg[binary]')."),
    ("too many connections", "A snapshot takes three connections: raise the role's CONNECTION LIMIT, or wait."),
    ("remaining connection slots", "A snapshot takes three connections: raise max_connections, or wait."),
    ("canceling statement due to", "Somebody holds an ACCESS EXCLUSIVE lock: try again when it is over."),
)

_SHOWN = 20  # places of a residue


class SourceFailed(RehearseError):
    """The source refused a query, or the connection was lost."""

    def __init__(self, source: str, said: str) -> None:
        super().__init__(
            f"Reading {source} failed: {said}",
            "Nothing was kept. If a timeout or a lock stopped it, try again in a quieter hour or on a replica.",
        )


class SnapshotStopped(RehearseError):
    """Production would have suffered."""

    def __init__(self, why: str, limit: str) -> None:
        super().__init__(
            f"The snapshot was stopped: {why} (snapshot.{limit}).",
            f"Nothing was kept. Try again in a quieter hour or on a replica, or raise {limit} under [snapshot].",
        )


class RecoveryConflict(RehearseError):
    """A standby had to choose between the snapshot and the changes it was sent, again and again."""

    def __init__(self, source: str, attempts: int) -> None:
        super().__init__(
            f"{source} is a standby and ended the snapshot {attempts} times, as it got in the way of replication.",
            "Nothing was kept. Raise max_standby_streaming_delay there, turn on hot_standby_feedback, or try in a "
            "quieter hour.",
        )


class DumpFailed(RehearseError):
    """pg_dump could not read the schema."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"pg_dump could not read the schema of the source: {said}",
            next(
                (hint for cause, hint in _HINTS if cause in said),
                "The role needs SELECT on every table (pg_read_all_data), and nobody may hold ACCESS EXCLUSIVE locks.",
            ),
        )


class MappingsSeen(RehearseError):
    """pg_dump would write down the options of user mappings, passwords among them."""

    def __init__(self, mappings: tuple[str, ...]) -> None:
        super().__init__(
            f"This role sees the options of user mappings, and pg_dump would write them down: {', '.join(mappings)}.",
            "Take the snapshot with a role that owns neither the mappings nor their servers, or GRANT pg_read_all_data "
            "to this one: the schema is then read as that.",
        )


class NoTLS(RehearseError):
    """The source is reached by TLS, and the only pg_dump here does not speak it."""

    def __init__(self, bin_dir: Path) -> None:
        super().__init__(
            f"The source is reached by TLS, and the pg_dump in {bin_dir} was built without it.",
            "It borrows the libpq of psycopg's binary wheel: pip install 'psycopg[binary]', into a path without space "
            "or colon; or install the client programs of the source's version.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A table that pg_dump has to lock, and this role may not read."""

    role: str  # quoted where need be, as all names here
    table: str
    schema: str | None  # that the role lacks USAGE on
    selectable: bool  # it has SELECT on the table


class TablesWithheld(RehearseError):
    """The role may not read every table; a stage without them would be no twin."""

    def __init__(self, withheld: Iterable[Withheld]) -> None:
        listed = tuple(withheld)
        role = listed[0].role
        schemas = sorted({each.schema for each in listed if each.schema is not None})
        tables = [each.table for each in listed if not each.selectable]
        lacks = [f"SELECT on {', '.join(tables)}"] if tables else []
        lacks += [f"USAGE on schema {', '.join(schemas)}"] if schemas else []
        super().__init__(
            f"{role} may not read all of the source: it lacks {' and '.join(lacks)}. "
            "Without them the stage would not be what production is.",
            f"GRANT pg_read_all_data TO {role}; is enough, or these privileges; sql/roles/reader.sql makes a role.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the residual scan found in one place; never the values themselves."""

    file: str  # relative to the snapshot
    place: str  # "public.people.note", empty where the file has no columns
    what: str  # "clear values of public.people.email", "e-mail addresses"
    count: int

    def __str__(self) -> str:
        return f"{self.file}{f' ({self.place})' if self.place else ''}: {self.count:,} {self.what}"


class SearchFailed(RehearseError):
    """A process that was to search the snapshot for clear values gave no answer."""

    def __init__(self, how: str) -> None:
        super().__init__(
            f"A process that was to search the snapshot for clear values {how}, so nothing is proven and nothing was "
            "kept.",
            "Status -9 most often means that the machine had no memory left: try again where there is some.",
        )


class ResidueFound(RehearseError):
    """The snapshot held clear values of its source."""

    def __init__(self, found: Iterable[Found]) -> None:
        listed = tuple(found)
        shown = "".join(f"\n  {each}" for each in listed[:_SHOWN])
        more = f"\n  and {len(listed) - _SHOWN:,} places more" if len(listed) > _SHOWN else ""
        super().__init__(
            f"The snapshot held clear values of its source and was removed:{shown}{more}",
            'Under [sanitise.columns], mask the column they are in ("hash", "null"), or "keep" the column they come '
            "from if its values may leave production; what stands in comments and defaults is changed there.",
        )
        self.found = listed
