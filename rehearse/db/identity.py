"""Identities as PostgreSQL quotes them, for generated SQL."""

from __future__ import annotations

from psycopg import sql

from rehearse.model.identity import split


def identifier(identity: str) -> sql.Identifier:
    """Return an identity as an identifier for generated SQL."""
    return sql.Identifier(*split(identity))
