"""What can go wrong on one side of a comparison."""

from __future__ import annotations

import psycopg
from psycopg import errors

from rehearse.errors import RehearseError


class SideFailed(RehearseError):
    """One side could not be read, or not to the end; what the others said still stands."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, "Look at that server, then compare again.")


def reason(error: psycopg.Error) -> str:
    """Say why a server did not answer, without its detail: that may quote values.

    >>> reason(psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly"))
    'the connection was lost'
    """
    said = error.diag.message_primary
    if said is None:
        return "the connection was lost"
    if isinstance(error, errors.QueryCanceled):
        return f"cancelled by the server: {said}"
    return said
