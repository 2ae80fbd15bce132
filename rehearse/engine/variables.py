"""The PG* variables: they mean other servers than our own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import pq

# Our conninfo strings win over these.
_HARMLESS = {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGPASSFILE"}
_UNLISTED = {"PGTZ", "PGDATESTYLE", "PGGEQO", "PGREQUIRESSL"}  # libpq reads them, and has no parameters for them


def of_libpq() -> frozenset[str]:
    """Return the names of the variables that libpq reads (manual 32.15, Environment Variables)."""
    listed = (option.envvar for option in pq.Conninfo.get_defaults())
    return frozenset({*_UNLISTED, *(name.decode() for name in listed if name)})


@contextmanager
def put_away() -> Iterator[None]:
    """Take out of our environment what could divert a connection to a server of ours; on leaving it is there again.

    libpq completes every connection string by the variables: with PGHOSTADDR even one that names a socket would lead
    to another server, with PGSERVICE or PGOPTIONS to other settings.
    """
    away = {name: os.environ.pop(name) for name in of_libpq() - _HARMLESS if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(away)
