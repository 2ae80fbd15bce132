"""Alembic's compare_metadata, asked how databases differ: two URLs a line in, JSON out; for the rivals' interpreter.

It compares a database with a description by SQLAlchemy, so the first one of each pair is reflected, in all schemas.
"""

from __future__ import annotations

import json
import sys
import warnings
from functools import cache

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.pool import NullPool

_OPTIONS = {"compare_type": True, "compare_server_default": True, "include_schemas": True}


def main() -> None:
    warnings.simplefilter("ignore")  # of what it does not reflect
    for line in sys.stdin:
        print(json.dumps(_answer(*line.split())), flush=True)


def _answer(before: str, after: str) -> dict[str, object]:
    try:
        with create_engine(after, poolclass=NullPool).connect() as connection:
            context = MigrationContext.configure(connection, opts=_OPTIONS)
            return {"told": sorted(_names(compare_metadata(context, _reflected(before))))}
    except Exception as error:  # noqa: BLE001 - whatever it is, that is its answer
        return {"crashed": f"{type(error).__name__}: {error}".splitlines()[0]}


@cache
def _reflected(url: str) -> MetaData:
    metadata = MetaData()
    engine = create_engine(url, poolclass=NullPool)
    for schema in inspect(engine).get_schema_names():
        if schema != "information_schema":
            metadata.reflect(engine, schema=None if schema == "public" else schema)
    return metadata


def _names(differences: list[object]) -> list[str]:
    """Return what it calls each difference: several of one column come as a list of their own."""
    told = [each for found in differences for each in (found if isinstance(found, list) else [found])]
    return [" ".join(str(part) for part in each if isinstance(part, str)) for each in told]


if __name__ == "__main__":
    main()
