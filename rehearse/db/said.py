"""What a server said when it refused something, as it may be shown."""

from __future__ import annotations

import re

import psycopg

from rehearse.model import wording


def said(error: psycopg.Error) -> str:
    """Return the primary message without the values it quotes, never its detail, context or hint.

    >>> said(psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly"))
    'consuming input failed: server closed the connection unexpectedly'
    """
    if error.diag.message_primary is None:
        return wording.without_values(str(error).strip())
    condition = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    return wording.message(error.diag.message_primary, error.sqlstate or "", condition)
