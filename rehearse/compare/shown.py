"""What of a table's values may be shown: the same masks as in a snapshot, decided once for all sides."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg.sql import SQL, Composable, Identifier

from rehearse.catalog import relations as catalog
from rehearse.catalog.heads import read_heads
from rehearse.compare.plan import Table
from rehearse.compare.reader import Reader
from rehearse.errors import RehearseError
from rehearse.sanitise import SanitiseRules, classify
from rehearse.sanitise.classify import Surroundings, Treatment


class Shown:
    """The treatments of columns, decided on the first side that has the table, so that equal values look equal."""

    def __init__(self, readers: Mapping[str, Reader], rules: SanitiseRules, *, clear: bool = False) -> None:
        self._readers = readers
        self._rules = rules
        self._clear = clear  # somebody who may see them has asked for the values as they are
        self._around: dict[str, Surroundings] = {}

    def expression(self, table: Table, column: str) -> Composable:
        """Return t.column as text: as it is where the policy lets it leave, masked where not, *** if nobody knows."""
        plain = SQL("t.{}::pg_catalog.text").format(Identifier(column))
        if self._clear:
            return plain
        found = self.treatments(table, (column,), table.sides[0]).get(column)
        if found is None:
            return SQL("'***'")
        return plain if found.mask is None else SQL("({})::pg_catalog.text").format(found.expression)

    def treatments(self, table: Table, names: tuple[str, ...], side: str) -> dict[str, Treatment]:
        """Return what the policy does to some columns of a table, as a side has it, but where it cannot decide."""
        connection = self._readers[side].leader
        columns = [column for column in table.columns[side] if column.name in names and not column.generated]
        try:
            with connection.transaction():
                around = self._around.setdefault(side, self._around.get(side) or self._surroundings(connection))
                treated = classify.treat(connection, _examined(table, side), columns, around)
        except (psycopg.Error, RehearseError):
            return {}
        return {found.column.name: found for found in treated}

    def _surroundings(self, connection: psycopg.Connection) -> Surroundings:
        known = catalog.relations(connection)
        return classify.surroundings(
            self._rules,
            catalog.foreign_keys(connection),
            known,
            catalog.columns(connection, sorted(known)),
            frozenset(read_heads(connection)),
        )


def _examined(table: Table, side: str) -> catalog.Table:
    """Return what is looked at to tell codes from names: the table, or its largest partition."""
    relation = table.relations[side]
    part = max(table.parts[side], key=lambda found: found.pages, default=relation)
    return catalog.Table(
        oid=part.oid,
        identity=part.identity,
        kind=part.kind,
        root=None if part is relation else table.identity,
        estimate=part.estimate,
        heap_bytes=part.pages * 8192,
        index_bytes=0,
        total_bytes=part.pages * 8192,
        readable=part.readable,
        row_security=part.row_security,
    )
