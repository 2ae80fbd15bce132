"""Reading what servers say of themselves: every file under sql/parity/ is a topic."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from rehearse import archive
from rehearse.catalog.heads import version_tables
from rehearse.compare import side
from rehearse.compare.errors import reason
from rehearse.compare.parity_snapshot import read_snapshot
from rehearse.compare.scheduled_jobs import read_jobs, withheld
from rehearse.compare.together import together
from rehearse.db.connect import be_gentle, connect_untouched
from rehearse.db.queries import names, query
from rehearse.errors import RehearseError, RequestError
from rehearse.model.environment import Environment
from rehearse.model.facts import VersionTable
from rehearse.model.json import JSON
from rehearse.model.parity import Entry, Importance, Reading, importance_of
from rehearse.sanitise.settings import may_be_secret

FOLDER = "parity"
_SETTINGS = "setting"
_DIGEST = "_digest"
_AT_LEAST = 2
_SHOWN = 8  # hexadecimal digits of a digest that are shown


class OneSide(RequestError):
    """There is nothing to compare with."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is one side: a comparison needs another.", "Name two environments or more.")


def read_sides(environments: Sequence[Environment], key: bytes) -> tuple[Reading, ...]:
    """Read all environments at once, each in one READ ONLY, REPEATABLE READ transaction.

    What may be a secret is replaced by an HMAC under the key, which should be made for this one call. A side
    that fails says why; what was wrong with the request raises RequestError.
    """
    if len(environments) < _AT_LEAST:
        raise OneSide(environments[0].name)
    snapshots = {
        each.name: archive.read(Path(each.snapshot)) for each in environments if each.snapshot and not each.url
    }
    calls: dict[str, Callable[[], Reading]] = {}
    for each in environments:
        if each.name in snapshots:
            calls[each.name] = partial(read_snapshot, each.name, snapshots[each.name])
        else:
            calls[each.name] = partial(_read, each, key)
    answers = together(calls)
    return tuple(
        Reading(side=side.failed(each, answer)) if isinstance(answer, RehearseError) else answer
        for each, answer in zip(environments, answers.values(), strict=True)
    )


def _read(environment: Environment, key: bytes) -> Reading:
    assert environment.url is not None
    with closing(connect_untouched(environment.url)) as connection:
        if connection.info.parameter_status("client_encoding") == "SQL_ASCII":  # else texts would come as bytes
            connection.execute("SET LOCAL client_encoding = 'UTF8'")
        topics = _Topics(connection, key)
        topics.read(_SETTINGS)  # first: what comes next would show up among them
        be_gentle(connection)
        connection.execute(query("session/pinned", topics.major).encode())
        described = side.of_server(connection, environment)
        for name in names(FOLDER):
            if (topic := name.removeprefix(f"{FOLDER}/")) != _SETTINGS:
                topics.read(topic)
        topics.add("migration", _migrations)
        why = withheld(connection)
        if why is None:
            topics.add("job", read_jobs)
        return Reading(
            side=described, entries=tuple(topics.entries), failures=topics.failures, gaps={"job": why} if why else {}
        )


class _Topics:
    """The topics of one side: a topic that cannot be read does not take the others with it."""

    def __init__(self, connection: psycopg.Connection, key: bytes) -> None:
        self.major = connection.info.server_version // 10000
        self.entries: list[Entry] = []
        self.failures: dict[str, str] = {}
        self._connection = connection
        self._key = key

    def read(self, topic: str) -> None:
        """Read the topic of a query."""
        self.add(topic, lambda connection: _rows(connection, topic, self.major))

    def add(self, topic: str, reading: Callable[[psycopg.Connection], Iterable[Entry]]) -> None:
        """Add what a function reads, in a savepoint of its own."""
        try:
            with self._connection.transaction():
                self.entries.extend(_discreet(entry, self._key) for entry in reading(self._connection))
        except psycopg.Error as error:
            if self._connection.broken:
                raise
            self.failures[topic] = reason(error)


def _rows(connection: psycopg.Connection, topic: str, major: int) -> list[Entry]:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query(f"{FOLDER}/{topic}", major).encode()).fetchall()
    return [Entry(**{**row, "topic": topic, "importance": _importance(row)}) for row in found]


def _importance(row: Mapping[str, object]) -> Importance:
    """Return what a row says, or for a row about a setting what the setting changes."""
    told = row["told"]
    if row["importance"] is None and isinstance(told, dict):
        return importance_of(str(told["setting"]))
    return Importance(row["importance"])


def _discreet(entry: Entry, key: bytes) -> Entry:
    """Return the entry without what may be a secret: equal ones still look equal, within one call."""
    if entry.compared is None:
        return entry
    shown = dict(_shown(name, value, key) for name, value in entry.compared.items())
    value = shown.get("value")
    if isinstance(value, str) and may_be_secret(str(entry.told.get("setting", "")), value):
        shown["value"] = _hidden(value, key)
    return Entry(
        topic=entry.topic,
        name=entry.name,
        importance=entry.importance,
        compared=shown,
        expected=entry.expected,
        told=entry.told,
        remark=entry.remark,
    )


def _shown(name: str, value: JSON, key: bytes) -> tuple[str, JSON]:
    """Return an attribute; a plain digest could be found by trying, so it is digested again under the key."""
    if not name.endswith(_DIGEST):
        return name, value
    return name.removesuffix(_DIGEST), None if value is None else _hidden(str(value), key)


def _hidden(text: str, key: bytes) -> str:
    return f"(hidden, {hmac.digest(key, text.encode(), 'sha256').hex()[:_SHOWN]})"


def _migrations(connection: psycopg.Connection) -> tuple[Entry, ...]:
    return tuple(_heads(found) for found in version_tables(connection))


def _heads(found: VersionTable) -> Entry:
    """Return what a migration tool has recorded, as a property to compare."""
    return Entry(
        topic="migration",
        name=found.table,
        importance=Importance.RESULTS,
        compared={"tool": found.tool, "heads": list(found.heads)},
    )
