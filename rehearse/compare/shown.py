"""What of a table's values may be shown: the same masks as in a snapshot, decided once for all sides."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier

from rehearse.catalog import relations as catalog
from rehearse.catalog.heads import read_heads
from rehearse.compare.plan import Table
from rehearse.compare.reader import Reader
from rehearse.errors import RehearseError
from rehearse.sanitise import SanitiseRules, classify
from rehearse.sanitise.classify import Surroundings, Treatment
from rehearse.sanitise.masks import mac
from rehearse.sanitise.treatments import TEXTS, base_name

_LONGEST = 200  # characters of a value that are shown


class Shown:
    """The treatments of columns, decided on the first side that has the table, so that equal values look equal."""

    def __init__(self, readers: Mapping[str, Reader], rules: SanitiseRules, *, clear: bool = False) -> None:
        self._readers = readers
        self._rules = rules
        self._clear = clear  # somebody who may see them has asked for the values as they are
        self._around: dict[str, Surroundings] = {}

    def expression(self, table: Table, column: str) -> Composable:
        """Return t.column as text that is not too long: as it is where the policy lets it leave, masked where not."""
        plain = SQL("t.{}::pg_catalog.text").format(Identifier(column))
        found = self._treatment(table, column)
        if not self._clear and found is None:
            return SQL("'***'")
        shown = plain if self._clear or found is None or found.mask is None else found.expression
        return SQL("pg_catalog.left(({})::pg_catalog.text, {})").format(shown, sql.Literal(_LONGEST))

    def label(self, table: Table, column: str, value: Composable) -> Composable:
        """Return what a group of equal values is called, given the value as text: other values, other names.

        A mask that may make two values one is no name for either: there a keyed digest is.
        """
        found = self._treatment(table, column)
        if self._clear or (found is not None and found.mask is None):
            return value
        if found is not None and found.mask is not None and base_name(found.column.base) in TEXTS:
            return SQL("({})::pg_catalog.text").format(found.mask(value, found.domain))
        digest = mac(SQL("({})").format(value), f"group|{table.identity}.{column}")
        return SQL("'***' || pg_catalog.left(pg_catalog.encode({}, 'hex'), 12)").format(digest)

    def is_clear(self, table: Table, column: str) -> bool:
        """Say whether the values may be shown as they are."""
        found = self._treatment(table, column)
        return self._clear or (found is not None and found.mask is None)

    def _treatment(self, table: Table, column: str) -> Treatment | None:
        return None if self._clear else self.treatments(table, (column,), table.sides[0]).get(column)

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
