"""What stands in a stage's database at one moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from rehearse import catalog
from rehearse.db.connect import connect_stage
from rehearse.model.catalog import Catalog
from rehearse.model.proof import Proof
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.sequence import SequencePosition
from rehearse.model.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The stage's database at one moment."""

    catalog: Catalog
    counts: Mapping[str, int]
    heads: Mapping[str, tuple[str, ...]]


def state(stage: Stage) -> State:
    """Return what stands in the stage's database: its catalog, the rows of its tables, the heads recorded in it."""
    with connect_stage(stage.admin) as connection:
        return State(
            catalog=catalog.read(connection, stage.server_major),
            counts=catalog.count_rows(connection),
            heads=catalog.read_heads(connection),
        )


def sequences(dsn: str, state: State, tables: Collection[str]) -> tuple[SequencePosition, ...]:
    """Return where the sequences behind columns of some tables stand, in a database that is in this state."""
    with connect_stage(dsn) as connection:
        return catalog.read_sequences(connection, state.catalog, tables)


def sequences_before(
    untouched: str | None, before: State, after: tuple[SequencePosition, ...], stood: tuple[SequencePosition, ...]
) -> tuple[SequencePosition, ...]:
    """Return where the sequences that are behind now stood, by the database the stage was cloned from if it can be."""
    if untouched is None:
        return stood
    behind = {found.physical for found in after if found.is_behind}
    tables = {column.table or "" for column in before.catalog.of_kind("column") if column.physical in behind}
    return sequences(untouched, before, tables & before.counts.keys()) if tables else ()


def proofs(stage: Stage, rehearsal: Rehearsal) -> tuple[Proof, ...]:
    """Ask the stage about the constraints that the migration made and left for later to prove."""
    left = [found for found in rehearsal.created("constraint") if found.attributes.get("validated") is False]
    if not left:
        return ()
    with connect_stage(stage.admin) as connection:
        return catalog.prove(connection, left)
