"""Reading the catalogs of environments."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from psycopg.rows import dict_row

from rehearse import archive
from rehearse.catalog import read
from rehearse.compare.together import together
from rehearse.db.connect import connect_source, describe
from rehearse.db.queries import query
from rehearse.errors import RehearseError
from rehearse.model.catalog import Catalog
from rehearse.model.comparison import Side
from rehearse.model.environment import Environment


def catalogs(environments: Sequence[Environment]) -> tuple[tuple[Side, Catalog | None], ...]:
    """Read all environments at once, each as of one moment; a server that fails says why, and has no catalog.

    What is wrong with a snapshot directory is raised.
    """
    snapshots = {each.name: _recorded(each, each.snapshot) for each in environments if each.snapshot and not each.url}
    answers = together({each.name: partial(_read, each, each.url) for each in environments if each.url is not None})
    found: list[tuple[Side, Catalog | None]] = []
    for each in environments:
        answer = snapshots[each.name] if each.name in snapshots else answers[each.name]
        if isinstance(answer, RehearseError):
            failed = Side(name=each.name, place=describe(each.url or ""), failure=answer.sentence)
            found.append((failed, None))
        else:
            found.append(answer)
    return tuple(found)


def _recorded(environment: Environment, directory: str) -> tuple[Side, Catalog]:
    snapshot = archive.read(Path(directory))
    side = Side(
        name=environment.name,
        place=str(snapshot.directory),
        server_version=snapshot.facts.server_version.split()[0],
        read_at=snapshot.facts.taken_at,
    )
    return side, snapshot.catalog


def _read(environment: Environment, url: str) -> tuple[Side, Catalog]:
    with closing(connect_source(url)) as connection:
        with connection.cursor(row_factory=dict_row) as cursor:
            server = cursor.execute(query("facts/server").encode()).fetchone()
        assert server is not None
        side = Side(
            name=environment.name,
            place=describe(url),
            server_version=server["version"].split()[0],
            read_at=server["taken_at"],
            in_recovery=server["in_recovery"],
        )
        return side, read(connection, connection.info.server_version // 10_000)
