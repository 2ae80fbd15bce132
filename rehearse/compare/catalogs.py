"""Reading the catalogs of environments."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from rehearse import archive
from rehearse.catalog import read
from rehearse.compare import side
from rehearse.compare.together import together
from rehearse.db.connect import connect_source
from rehearse.errors import RehearseError
from rehearse.model.catalog import Catalog
from rehearse.model.comparison import Side
from rehearse.model.environment import Environment


def catalogs(environments: Sequence[Environment]) -> tuple[tuple[Side, Catalog | None], ...]:
    """Read all environments at once, each as of one moment; a server that fails says why, and has no catalog.

    What is wrong with a snapshot directory is raised.
    """
    snapshots = {
        each.name: archive.read(Path(each.snapshot)) for each in environments if each.snapshot and not each.url
    }
    answers = together({each.name: partial(_read, each, each.url) for each in environments if each.url is not None})
    found: list[tuple[Side, Catalog | None]] = []
    for each in environments:
        if each.name in snapshots:
            snapshot = snapshots[each.name]
            found.append((side.of_snapshot(each.name, snapshot), snapshot.catalog))
        elif isinstance(answer := answers[each.name], RehearseError):
            found.append((side.failed(each, answer), None))
        else:
            found.append(answer)
    return tuple(found)


def _read(environment: Environment, url: str) -> tuple[Side, Catalog]:
    with closing(connect_source(url)) as connection:
        return side.of_server(connection, environment), read(connection, connection.info.server_version // 10_000)
