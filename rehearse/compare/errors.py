"""What can go wrong on one side of a comparison."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from rehearse.errors import RehearseError

# Classes whose messages may quote a value: data exceptions, violated constraints, RAISE in PL/pgSQL, internal errors
_QUOTING = ("22", "23", "P0", "XX")


class SideFailed(RehearseError):
    """One side could not be read, or not to the end; what the others said still stands."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, "Look at that server, then compare again.")


def reason(error: psycopg.Error) -> str:
    """Say why a server did not answer, without its detail, and without a message that may quote values.

    >>> reason(psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly"))
    'the connection was lost'
    """
    said, state = error.diag.message_primary, error.sqlstate or ""
    if said is None:
        return "the connection was lost" if isinstance(error, psycopg.OperationalError) else "it returns no rows"
    if state.startswith(_QUOTING):
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
        return f"the server could not work with a value: {words} (SQLSTATE {state})"
    if isinstance(error, errors.QueryCanceled):
        return f"cancelled by the server: {said}"
    return said
