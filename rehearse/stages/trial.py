"""Trials of settings: PostgreSQL itself says what it accepts and whether it starts, on servers nothing else uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import class_row

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.engine import server
from rehearse.engine.binaries import Binaries
from rehearse.engine.errors import ServerFailed
from rehearse.engine.server import Server
from rehearse.model.setting import WantedSetting
from rehearse.stages import settings

_CUTTING_SHORT = frozenset({"statement_timeout", "transaction_timeout", "idle_session_timeout"})
_LAST_WORDS = re.compile(r"(?m)^(?:.*?\b(?:FATAL|PANIC|ERROR):|postgres:)\s+(?P<said>.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A setting as a server describes it; values as SHOW writes them."""

    name: str
    context: str
    unit: str | None
    value: str
    default_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server made of one setting."""

    wanted: WantedSetting
    known: Known | None  # None: it has no such setting
    sqlstate: str | None  # None: accepted
    said: str  # why it was refused

    @property
    def name(self) -> str:
        return self.known.name if self.known else self.wanted.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What became of a start."""

    values: Mapping[str, str] = field(default_factory=dict)  # name -> value as SHOW writes it
    failure: str | None = None  # the server's last words


def ask(
    binaries: Binaries, wanted: tuple[WantedSetting, ...], others: Iterable[str]
) -> tuple[tuple[Answer, ...], Mapping[str, Known]]:
    """Return what a server makes of each setting, and how it describes these and others, by name in lower case.

    ALTER SYSTEM checks name and value as the reading of postgresql.conf does (manual, ALTER SYSTEM).
    Raises ServerFailed where even a plain server does not start.
    """
    with server.running(binaries) as running, running.connect() as connection:
        for each in wanted:
            settings.load(connection, each.name)
        known = _described(connection, (*(each.name for each in wanted), *others))
        return tuple(_answer(connection, each, known.get(each.name.lower())) for each in wanted), known


def start(binaries: Binaries, given: Mapping[str, str]) -> Start:
    """Start a server with these settings, and stop it again."""
    try:
        with server.running(binaries, settings=given) as running:
            return Start(values=_values(running, given))
    except ServerFailed as error:
        said = [match["said"] for match in _LAST_WORDS.finditer(error.output)]
        return Start(failure=said[-1] if said else error.output.strip() or "it said nothing")


def _values(running: Server, given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings as SHOW writes them; none from a server that started and is done with us too soon."""
    cut_short = {name: text for name, text in given.items() if name in _CUTTING_SHORT}
    dsn = make_conninfo(running.dsn(), options=" ".join(f"-c {name}=0" for name in cut_short))
    try:
        with connect_stage(dsn) as connection:
            for name in given:
                settings.load(connection, name)
            found = {known.name: known.value for known in _described(connection, given).values()}
            return {**found, **{name: _shown(connection, name, text) for name, text in cut_short.items()}}
    except psycopg.OperationalError:
        return {}


def _shown(connection: psycopg.Connection, name: str, text: str) -> str:
    row = connection.execute(query("stage/shown_setting"), {"name": name, "value": text}).fetchone()
    return str(row[0]) if row else text


def _described(connection: psycopg.Connection, names: Iterable[str]) -> dict[str, Known]:
    with connection.cursor(row_factory=class_row(Known)) as cursor:
        asked = {"names": [name.lower() for name in names]}
        return {found.name.lower(): found for found in cursor.execute(query("stage/described_settings"), asked)}


def _answer(connection: psycopg.Connection, wanted: WantedSetting, known: Known | None) -> Answer:
    try:
        connection.execute(settings.system(known.name if known else wanted.name, wanted.value))
    except psycopg.errors.DatabaseError as error:
        parts = (error.diag.message_primary, error.diag.message_detail, error.diag.message_hint)
        said = ". ".join(part.rstrip(".") for part in parts if part)
        return Answer(wanted=wanted, known=known, sqlstate=error.sqlstate or "", said=said or str(error))
    return Answer(wanted=wanted, known=known, sqlstate=None, said="")
