"""A snapshot directory as a side: what it knows of the database it was taken of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rehearse import archive
from rehearse.model.comparison import Side
from rehearse.model.counts import Cell
from rehearse.model.environment import Environment
from rehearse.model.facts import Facts, TableFacts


def read(environment: Environment) -> tuple[Side, Mapping[str, Cell]]:
    """Return the side and its counts, by identity; raises what the archive raises.

    The numbers are those of the source when the snapshot was taken, not of the sample.
    """
    assert environment.snapshot is not None
    snapshot = archive.read(Path(environment.snapshot))
    facts = snapshot.facts
    side = Side(
        name=environment.name,
        place=str(snapshot.directory),
        server_version=facts.server_version,
        read_at=facts.taken_at,
        in_recovery=facts.in_recovery,
    )
    roots: dict[str, list[TableFacts]] = {}
    for table in facts.tables:
        roots.setdefault(table.root or table.table, []).append(table)
    return side, {identity: _cell(parts, facts) for identity, parts in roots.items()}


def _cell(parts: list[TableFacts], facts: Facts) -> Cell:
    numbers = [part.rows for part in parts if part.rows is not None]
    if len(numbers) < len(parts):
        return Cell(problem="the snapshot has neither a count nor an estimate of it")
    exact = all(part.rows_exact for part in parts)
    return Cell(rows=sum(numbers), exact=exact, estimated_at=None if exact else facts.taken_at)
