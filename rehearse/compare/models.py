"""Comparing a database with the models of the project that owns it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from rehearse.catalog import read
from rehearse.catalog.heads import version_tables
from rehearse.compare import side
from rehearse.compare.errors import SideFailed, reason
from rehearse.db.connect import connect_source
from rehearse.db.queries import query
from rehearse.diff import models as diff
from rehearse.diff.drift import told
from rehearse.errors import RehearseError, RequestError
from rehearse.model.comparison import Side
from rehearse.model.drift import Drift
from rehearse.model.environment import Environment
from rehearse.model.proposal import Proposal, Unanswered

# What a connection asks for beyond the server it has found: the service is looked up, the password is known by now.
_SETTLED = ("service", "servicefile", "passfile", "load_balance_hosts", "target_session_attrs")

Ask = Callable[[Mapping[str, str]], Proposal | Unanswered]  # of a database's connection parameters


class SnapshotNotAsked(RequestError):
    """Models are compared with a database that answers."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is a snapshot, and SQLAlchemy cannot ask it.",
            "Name a database, or an environment with a url, to compare with --models.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Database:
    side: Side
    known: diff.Known
    parameters: Mapping[str, str]


def compare(environment: Environment, models: str, directory: Path, ask: Ask, ignore: Sequence[str] = ()) -> Drift:
    """Return how the models differ from the database; `directory` is where they are imported from.

    A database or a project that does not answer says why on its side. Raises SnapshotNotAsked.
    """
    if environment.url is None:
        raise SnapshotNotAsked(environment.name)
    declared = Side(name=f"models {models}", place=str(directory))
    try:
        database = _read(environment, environment.url)
    except RehearseError as error:
        return Drift(sides=(side.failed(environment, error), declared), changes=())
    except psycopg.Error as error:
        return Drift(sides=(side.failed(environment, SideFailed(reason(error))), declared), changes=())
    proposal = ask(database.parameters)
    if isinstance(proposal, Unanswered):
        return Drift(sides=_failed(database.side, declared, proposal), changes=())
    found = diff.changes(proposal, database.known)
    return told(
        (database.side, declared),
        found,
        ignore,
        objects=diff.objects(proposal, found),
        notes=diff.notes(proposal, database.known),
    )


def _failed(database: Side, declared: Side, unanswered: Unanswered) -> tuple[Side, Side]:
    if unanswered.of_database:
        return replace(database, failure=unanswered.sentence), declared
    return database, replace(declared, failure=unanswered.sentence)


def _read(environment: Environment, url: str) -> _Database:
    with closing(connect_source(url)) as connection:
        known = diff.Known(
            catalog=read(connection, connection.info.server_version // 10_000),
            version_tables={found.table for found in version_tables(connection)},
            quoted_words={word for (word,) in connection.execute(query("session/keywords").encode())},
        )
        return _Database(side=side.of_server(connection, environment), known=known, parameters=_parameters(connection))


def _parameters(connection: psycopg.Connection) -> dict[str, str]:
    """Return what leads another driver to the same server in the same gentle way, as libpq's parameters.

    What was looked up on the way (a service, a password file, one of several hosts) is written out; what libpq
    does by itself is left out, since an older one may not know its name.
    """
    asked = {
        option.keyword.decode(): option.val.decode()
        for option in connection.pgconn.info
        if option.val is not None and option.val != option.compiled
    }
    info = connection.info
    settled = {
        "host": info.host,
        "port": str(info.port),
        "dbname": info.dbname,
        "user": info.user,
        "options": f"{info.options} -c default_transaction_read_only=on",
    }
    if "hostaddr" in asked:
        settled["hostaddr"] = info.hostaddr
    if info.password:
        settled["password"] = info.password
    return {**{name: value for name, value in asked.items() if name not in _SETTLED}, **settled}
