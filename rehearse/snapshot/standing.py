"""Read production once more: what it is, where it stands, what it holds. Read only, as gently as a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from psycopg.rows import dict_row

from rehearse import catalog
from rehearse.db.connect import connect_source, describe, redact
from rehearse.db.queries import query
from rehearse.db.said import said
from rehearse.db.system import system_identifier
from rehearse.errors import RehearseError
from rehearse.model.passes import Production, of_interest
from rehearse.model.quantity import duration
from rehearse.snapshot.facts import read_settings


class ProductionUnread(RehearseError):
    """Production answered, and did not let itself be read to the end."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"{place} could not be read: {reason}.", "Nothing is known of it: neither let through nor refused."
        )


class StandbyBehind(RehearseError):
    """What was read is a standby that does not say what production is now."""

    def __init__(self, place: str, lag: timedelta, most: timedelta) -> None:
        super().__init__(
            f"{place} is a standby, {duration(lag)} behind, more than {duration(most)} (snapshot.max_lag).",
            "Ask the primary, or wait until it has caught up.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Production now."""

    production: Production
    objects: Mapping[str, str]  # digests of what is in it


def read(url: str, max_lag: timedelta) -> Reading:
    """Return production as of one moment; raises SourceUnreachable, StandbyBehind and ProductionUnread."""
    try:
        with closing(connect_source(url)) as connection:
            return _read(connection, describe(url), max_lag)
    except psycopg.Error as error:
        raise ProductionUnread(describe(url), redact(said(error), url)) from None


def _read(connection: psycopg.Connection, place: str, max_lag: timedelta) -> Reading:
    with connection.cursor(row_factory=dict_row) as cursor:
        server = cursor.execute(query("facts/server").encode()).fetchone()
        moment = cursor.execute(query("counting/moment").encode()).fetchone()
    assert server is not None
    assert moment is not None
    if moment["lag"] is not None and moment["lag"] > max_lag:
        raise StandbyBehind(place, moment["lag"], max_lag)
    settings = of_interest(read_settings(connection))
    heads = catalog.read_heads(connection)
    described = catalog.read(connection, server["version_num"] // 10_000)
    production = Production(
        system_identifier=system_identifier(connection),
        database=server["database"],
        database_oid=server["oid"],
        server_major=server["version_num"] // 10_000,
        settings=settings,
        fingerprint=described.fingerprint,
        heads=heads,
        taken_at=server["taken_at"],
    )
    return Reading(production=production, objects=described.digests)
