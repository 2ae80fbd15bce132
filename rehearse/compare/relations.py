"""What one side holds that can be counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg.rows import class_row
from psycopg.sql import SQL, Composable, Identifier

from rehearse.compare.reader import Reader
from rehearse.db.queries import query

if TYPE_CHECKING:
    from rehearse.catalog.relations import Column

KINDS = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialised view",
    "f": "foreign table",
}
_ROW_SECURITY = "row level security hides rows from this role: count as one with BYPASSRLS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table, partition, view, materialised view or foreign table."""

    oid: int
    schema: str
    name: str
    identity: str
    kind: str  # pg_class.relkind
    root: int | None  # the partitioned table at the top, for a partition
    pages: int  # pg_class.relpages
    estimate: int | None  # pg_class.reltuples; None: never vacuumed or analysed
    readable: bool
    row_security: bool
    populated: bool
    file: int  # pg_class.relfilenode: another one when the table was truncated or written anew
    estimated_at: datetime | None = None  # when the estimate was made, where the server remembers

    @property
    def source(self) -> Composable:
        """Return what FROM takes: a partitioned table or a view as a whole, any other table by itself."""
        name = Identifier(self.schema, self.name)
        return name if self.kind in ("p", "v", "f") else SQL("ONLY {}").format(name)

    @property
    def problem(self) -> str | None:
        """Say why its rows cannot all be seen."""
        if self.kind == "f":
            return "a foreign table there: its rows are another server's"
        if not self.readable:
            return f"no permission to read {self.identity}: GRANT SELECT, or see sql/roles/reader.sql"
        if self.row_security:
            return _ROW_SECURITY
        return None if self.populated else "the materialised view was never refreshed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything one side holds, by identity and by oid."""

    by_identity: Mapping[str, Relation]  # whatever people name: no partitions
    leaves: Mapping[int, tuple[Relation, ...]]  # root -> partitions that hold rows
    keys: Mapping[int, tuple[str, ...]]  # columns that identify a row, by oid

    def parts(self, relation: Relation) -> tuple[Relation, ...]:
        """Return the relations whose rows make up this one's."""
        return self.leaves.get(relation.oid, ()) if relation.kind == "p" else (relation,)

    def problem(self, relation: Relation) -> str | None:
        """Say why the rows of a relation, or of a partition of it, cannot all be seen."""
        foreign = next((leaf for leaf in self.parts(relation) if leaf.kind == "f" and leaf is not relation), None)
        if foreign is not None:
            return f"its partition {foreign.identity} is a foreign table, which is not read"
        return relation.problem


def listing(reader: Reader, *, with_estimates: bool, with_keys: bool) -> Listing:
    """Read what a side holds."""
    with reader.leader.cursor(row_factory=class_row(Relation)) as cursor:
        found = cursor.execute(query("counting/relations").encode()).fetchall()
    if with_estimates:
        moments: dict[int, datetime | None] = dict(reader.leader.execute(query("counting/estimates").encode()))
        found = [replace(relation, estimated_at=moments.get(relation.oid)) for relation in found]
    leaves: dict[int, list[Relation]] = {}
    for relation in found:
        if relation.root is not None and relation.kind in ("r", "f"):
            leaves.setdefault(relation.root, []).append(relation)
    keys = reader.leader.execute(query("counting/keys").encode()).fetchall() if with_keys else []
    return Listing(
        by_identity={relation.identity: relation for relation in found if relation.root is None},
        leaves={root: tuple(below) for root, below in leaves.items()},
        keys={oid: tuple(names) for oid, names in keys},
    )


def columns_of(reader: Reader, relations: tuple[Relation, ...]) -> dict[str, tuple[Column, ...]]:
    """Return the columns of some relations, by identity."""
    from rehearse.catalog.relations import columns  # noqa: PLC0415 - a plain count is quick, and does not wait for it

    found = columns(reader.leader, [relation.oid for relation in relations])
    return {relation.identity: found[relation.oid] for relation in relations}
