"""What can go wrong while a catalog is read."""

from __future__ import annotations

import psycopg

from rehearse.db.said import said
from rehearse.errors import RehearseError


class CatalogUnreadable(RehearseError):
    """The server did not answer one of the catalog's queries."""

    def __init__(self, query: str, error: psycopg.Error) -> None:
        reason = said(error)
        super().__init__(
            f"The catalog could not be read: sql/{query}.sql failed: {reason}",
            "Nothing was changed. If an object was locked or dropped meanwhile, run it again; "
            "if a permission is missing, ask the database's owner for it.",
        )


class RowsNotCounted(RehearseError):
    """The rows of the stage's tables could not be counted."""

    def __init__(self, error: psycopg.Error) -> None:
        reason = said(error)
        super().__init__(
            f"The rows of the stage could not be counted: {reason}",
            "Look whether the stage is still up and whether another session holds a lock on it.",
        )
