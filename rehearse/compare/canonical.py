"""One text, one number: when two values are the same, and how many of them are told apart quickly.

Two values are the same when their types' output functions write the same text under pinned settings. That is
stricter than PostgreSQL's own equality, under which 1.0 = 1.00, -0.0 = 0.0 and 1 mon = 30 days, so the hash functions
of the types (src/backend/access/hash/hashfunc.c) cannot be used but where equality and text agree; bigint's is not
used either, since it folds 64 bits to 32. A digest is 128 bits: two seeds, keyed, so that it says nothing about values.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.sql import SQL, Composable, Composed, Identifier

if TYPE_CHECKING:
    from rehearse.catalog.relations import Column  # a plain count is quick, and does not wait for the catalog

HALVES = (1, 2)  # of a digest, 64 bits each


class Form(Enum):
    """How a column's values are brought to be hashed."""

    INTEGER = "integer"
    BOOLEAN = "boolean"
    UUID = "uuid"
    TEXT = "text"


_FORMS = {
    "smallint": Form.INTEGER,
    "integer": Form.INTEGER,
    "bigint": Form.INTEGER,
    "boolean": Form.BOOLEAN,
    "uuid": Form.UUID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """One column in the form that all sides agreed on."""

    name: str
    form: Form
    nullable: bool
    by_output: bool  # a type of an extension or of the users': its cast to text may not be its output function

    @property
    def value(self) -> Composable:
        """Return the canonical value of t.column."""
        column = SQL("t.{}").format(Identifier(self.name))
        if self.form is Form.UUID:
            return column
        if self.form is Form.INTEGER:
            return SQL("{}::pg_catalog.int8").format(column)
        if self.form is Form.BOOLEAN:
            return SQL("{}::pg_catalog.int4::pg_catalog.int8").format(column)
        return text_of(column, by_output=self.by_output)


def text_of(column: Composable, *, by_output: bool) -> Composable:
    """Return a value as its type writes it."""
    if by_output:
        written = SQL("CASE WHEN {0} IS NOT NULL THEN pg_catalog.format('%s', {0}) END").format(column)
    else:
        written = SQL("{}::pg_catalog.text").format(column)
    return SQL('({}) COLLATE pg_catalog."C"').format(written)


def agreed(versions: Sequence[Column]) -> Canonical:
    """Return the form in which the same column of several sides can be compared: a fast one only if all share it."""
    forms = {_FORMS.get(column.base, Form.TEXT) for column in versions}
    return Canonical(
        name=versions[0].name,
        form=forms.pop() if len(forms) == 1 else Form.TEXT,
        nullable=not all(column.not_null for column in versions),
        by_output=any(column.category == "base" and "." in column.base for column in versions),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """Digests of rows, keys and columns, the same on every side of one comparison."""

    key: bytes
    portable: bool  # md5 of UTF-8 text: for servers whose hash functions or encodings differ

    def canonical(self, versions: Sequence[Column]) -> Canonical:
        found = agreed(versions)
        if not self.portable:
            return found
        return Canonical(name=found.name, form=Form.TEXT, nullable=found.nullable, by_output=found.by_output)

    def half(self, columns: Sequence[Canonical], half: int, label: str = "row") -> Composable:
        """Return one half of the digest of some columns, an int8, as an expression over values()."""
        if self.portable:
            return self._md5(columns, half, label)
        hashes = [self._hash(column, half, label) for column in columns]
        joined = reduce(lambda left, right: SQL("{} # {}").format(left, right), hashes, _number(self._seed(label)))
        return SQL("pg_catalog.hashint4extended({}, {})").format(sql.Literal(half), joined)

    def both(self, columns: Sequence[Canonical], label: str = "row") -> tuple[Composable, Composable]:
        first, second = (self.half(columns, half, label) for half in HALVES)
        return first, second

    def _hash(self, column: Canonical, half: int, label: str) -> Composable:
        place = f"{label}|{half}|{column.name}"
        value, seed = Identifier("v", column.name), _number(self._seed(place))
        if column.form is Form.UUID:
            hashed: Composable = SQL("pg_catalog.uuid_hash_extended({}, {})").format(value, seed)
        elif column.form is Form.TEXT:
            hashed = SQL("pg_catalog.hashtextextended({}, {})").format(value, seed)
        else:  # the value goes in where the seed does: that takes all of its 64 bits
            hashed = SQL("pg_catalog.hashint4extended({}, {} # {})").format(sql.Literal(half), value, seed)
        if not column.nullable:
            return hashed
        return SQL("COALESCE({}, {})").format(hashed, _number(self._seed(f"{place}|null")))

    def _md5(self, columns: Sequence[Canonical], half: int, label: str) -> Composable:
        written = [
            SQL("COALESCE(pg_catalog.length({0})::pg_catalog.text || ':' || {0}, '-')").format(
                Identifier("v", column.name)
            )
            for column in columns
        ]
        joined = SQL(" || ").join([sql.Literal(f"{self._seed(label)}|"), *written])
        side = SQL("left" if half == HALVES[0] else "right")
        return SQL(
            "('x' || pg_catalog.{}(pg_catalog.md5(pg_catalog.convert_to({}, 'UTF8')), 16))::bit(64)::pg_catalog.int8"
        ).format(side, joined)

    def _seed(self, place: str) -> int:
        return int.from_bytes(hmac.digest(self.key, place.encode(), hashlib.sha256)[:8], signed=True)


def values(
    columns: Iterable[Canonical], source: Composable, where: Sequence[Composable], also: Sequence[Composable] = ()
) -> Composed:
    """Return a subquery, v, of the canonical values of a relation's rows, each worked out once.

    OFFSET 0 keeps the planner from pulling it up: it would write every value out again for each half of a digest.
    """
    listed = [*(SQL("{} AS {}").format(column.value, Identifier(column.name)) for column in columns), *also]
    condition = SQL(" WHERE {}").format(SQL(" AND ").join(where)) if where else SQL("")
    return SQL("(SELECT {} FROM {} AS t{} OFFSET 0) AS v").format(SQL(", ").join(listed), source, condition)


def _number(value: int) -> Composable:
    """Return a bigint that reads the same whatever its sign and size."""
    return SQL("{}::pg_catalog.int8").format(sql.Literal(str(value)))
