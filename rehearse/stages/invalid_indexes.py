"""Indexes that are INVALID in production: pg_dump leaves them out, and IF NOT EXISTS finds them all the same."""

from __future__ import annotations

import re
from contextlib import suppress

import psycopg

from rehearse.db.queries import query
from rehearse.model.catalog import Catalog, CatalogObject

_INDEX = re.compile(r"(CREATE (?:UNIQUE )?INDEX) ")


def restore(connection: psycopg.Connection, catalog: Catalog) -> None:
    """Build the indexes that are INVALID in production, and make them so, as far as the role may.

    What cannot be built, or not be made INVALID, is left out: where the catalogs differ it is named.
    """
    if connection.info.parameter_status("is_superuser") != "on":
        return
    partitioned = {found.identity for found in catalog.of_kind("table") if found.attributes.get("partitioned_by")}
    for index in catalog.of_kind("index"):
        if index.attributes.get("valid") is False and index.table not in partitioned:
            _restore(connection, index)


def _restore(connection: psycopg.Connection, index: CatalogObject) -> None:
    with suppress(psycopg.Error):  # duplicates refuse it here as they did there, and leave it INVALID
        connection.execute(_INDEX.sub(r"\1 CONCURRENTLY ", index.text("definition"), count=1))
    connection.execute(
        query("stage/invalidate_index"), {"index": index.identity, "ready": index.attributes.get("ready") is True}
    )
