"""When two values are the same, and how many of them are told apart quickly.

Two values are the same when their types' output functions write the same text under pinned settings. That is
stricter than PostgreSQL's own equality, under which 1.0 = 1.00, -0.0 = 0.0 and 1 mon = 30 days; the hash functions of
such types cannot tell them apart (src/backend/utils/adt/numeric.c, float.c, timestamp.c), and that of bigint folds 64
bits to 32 (src/backend/access/hash/hashfunc.c). So of most types the text is hashed, and of the few whose
representation is as good as their text, that. NULL becomes a value that nothing else has.

A digest is 128 bits: two chains, each a hash that is the seed of the next column's. What chooses the first seed needs
no hash of its own: a row's booleans and one bigint, joined by XOR to keyed constants. A digest says nothing about
values to those who have not the key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.sql import SQL, Composable, Composed, Identifier

if TYPE_CHECKING:
    from rehearse.catalog.relations import Column  # a plain count is quick, and does not wait for the catalog

HALVES = (1, 2)  # of a digest, 64 bits each
Place = Callable[["Canonical"], Composable]  # where a column's canonical value is found


class Hashing(Enum):
    """What all sides of one comparison hash with."""

    PORTABLE = "md5 of UTF-8 text"  # servers whose hash functions or encodings differ
    TEXT = "hashtextextended"
    BYTES = "hashbyteaextended"  # too, where there is one: since PostgreSQL 18


class Form(Enum):
    """What of a value is hashed."""

    BOOLEAN = "boolean"  # chooses the seed of the row: no hash at all
    INT4 = "int4"
    INT8 = "int8"
    UUID = "uuid"
    SENT = "sent"  # what its send function writes: as unambiguous as its text, and quicker written
    SENT_IN_HEX = "sent, in hex"
    TEXT = "text"


_FORMS = {
    "boolean": Form.BOOLEAN,
    "smallint": Form.INT4,
    "integer": Form.INT4,
    "bigint": Form.INT8,
    "uuid": Form.UUID,
    "date": Form.SENT_IN_HEX,
    "timestamp without time zone": Form.SENT_IN_HEX,
    "timestamp with time zone": Form.SENT_IN_HEX,
}
_SEND = {
    "date": SQL("pg_catalog.date_send"),
    "timestamp without time zone": SQL("pg_catalog.timestamp_send"),
    "timestamp with time zone": SQL("pg_catalog.timestamptz_send"),
    "numeric": SQL("pg_catalog.numeric_send"),  # with its scale; in hex it is slower than its text
}
_FUNCTIONS = {
    Form.INT4: SQL("hashint4extended"),
    Form.UUID: SQL("uuid_hash_extended"),
    Form.SENT: SQL("hashbyteaextended"),
}
INTEGERS = frozenset({"smallint", "integer", "bigint"})
_NO_SMALLINT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """One column in the form that all sides agreed on."""

    name: str
    base: str  # the type, beneath domains; of sides that differ the first
    form: Form
    by_output: bool  # a type of an extension or of the users': its cast to text may not be its output function
    null: str | None  # what stands for NULL: a text that only who has the key can guess; None: it takes no NULL

    @property
    def value(self) -> Composable:
        """Return the canonical value of t.column; NULL only for a boolean, whose NULL chooses a seed, too."""
        written = self._written(SQL("t.{}").format(Identifier(self.name)))
        if self.null is None or self.form is Form.BOOLEAN:
            return written
        return SQL("COALESCE({}, {})").format(written, self._instead_of_null(self.null))

    def _written(self, column: Composable) -> Composable:
        match self.form:
            case Form.BOOLEAN | Form.UUID:
                return column
            case Form.INT4:
                return SQL("{}::pg_catalog.int4").format(column)
            case Form.INT8:
                return SQL("{}::pg_catalog.int8").format(column)
            case Form.SENT:
                return SQL("{}({})").format(_SEND[self.base], column)
            case Form.SENT_IN_HEX:
                return SQL("pg_catalog.encode({}({}), 'hex') COLLATE pg_catalog.\"C\"").format(_SEND[self.base], column)
            case Form.TEXT:
                return text_of(column, by_output=self.by_output)

    def _instead_of_null(self, null: str) -> Composable:
        written = sql.Literal(null)
        match self.form:
            case Form.INT4:
                return sql.Literal(_NO_SMALLINT)
            case Form.INT8:
                return number(int(null[:16], 16) - (1 << 63))
            case Form.UUID:
                return SQL("{}::pg_catalog.uuid").format(written)
            case Form.SENT:
                return SQL("{}::pg_catalog.bytea").format(written)
            case _:
                return written


def worked_out(column: Canonical) -> Composable:
    """Return a column's canonical value as values() has worked it out."""
    return Identifier("v", column.name)


def in_place(column: Canonical) -> Composable:
    """Return a column's canonical value as it is worked out from t, to filter rows by."""
    return column.value


def text_of(column: Composable, *, by_output: bool) -> Composable:
    """Return a value as its type writes it."""
    if by_output:
        written = SQL("CASE WHEN pg_catalog.num_nulls({0}) = 0 THEN pg_catalog.format('%s', {0}) END").format(column)
    else:
        written = SQL("{}::pg_catalog.text").format(column)
    return SQL('({}) COLLATE pg_catalog."C"').format(written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """Digests of rows, keys and columns, the same on every side of one comparison."""

    key: bytes
    hashing: Hashing

    def canonical(self, versions: Sequence[Column]) -> Canonical:
        """Return the form in which one column of several sides can be compared: a quick one only if it is one type."""
        first, bases = versions[0], {version.base for version in versions}
        nullable = not all(version.never_null for version in versions)
        return Canonical(
            name=first.name,
            base=first.base,
            form=_agreed(bases, self.hashing, nullable=nullable),
            by_output=any("." in version.base for version in versions),
            null=self._keyed(f"null|{first.name}").hex() if nullable else None,
        )

    def half(self, columns: Sequence[Canonical], half: int, label: str = "row", of: Place = worked_out) -> Composable:
        """Return one half of the digest of some columns, an int8, as an expression over values(), or over t itself."""
        if self.hashing is Hashing.PORTABLE:
            return self._md5(columns, half, label, of)
        booleans = [column for column in columns if column.form is Form.BOOLEAN]
        bigints = [column for column in columns if column.form is Form.INT8]
        others = [column for column in columns if column.form not in (Form.BOOLEAN, Form.INT8)]
        chain = self._start(booleans, half, label, of)
        if bigints and others:  # the hash that follows keeps its bits from meeting those of the next bigint
            chain = SQL("({} # {})").format(chain, of(bigints.pop(0)))
        for column in [*others, *bigints]:
            chain = _hashed(column, of(column), chain, half)
        return chain

    def both(self, columns: Sequence[Canonical], label: str = "row") -> tuple[Composable, Composable]:
        first, second = (self.half(columns, half, label) for half in HALVES)
        return first, second

    def _start(self, booleans: Sequence[Canonical], half: int, label: str, of: Place) -> Composable:
        """Return the seed of the first hash, which a row's booleans choose."""
        chosen = [
            SQL("CASE {} WHEN true THEN {} WHEN false THEN {} ELSE {} END").format(
                of(column), *(number(self._seed(f"{label}|{half}|{column.name}|{one}")) for one in (True, False, None))
            )
            for column in booleans
        ]
        match chosen:
            case []:
                return number(self._seed(f"{label}|{half}"))
            case [one]:
                return one
            case _:  # what XOR makes of several is hashed: alone it would be the same for values that swapped rows
                return SQL("pg_catalog.hashint4extended({}, {})").format(sql.Literal(half), SQL(" # ").join(chosen))

    def _md5(self, columns: Sequence[Canonical], half: int, label: str, of: Place) -> Composable:
        written = [
            SQL("pg_catalog.octet_length(pg_catalog.convert_to({0}, 'UTF8'))::pg_catalog.text || ':' || {0}").format(
                of(column)
            )
            for column in columns
        ]
        joined = SQL(" || ").join([sql.Literal(f"{self._seed(label)}|"), *written])
        side = SQL("left" if half == HALVES[0] else "right")
        return SQL(
            "('x' || pg_catalog.{}(pg_catalog.md5(pg_catalog.convert_to({}, 'UTF8')), 16))::bit(64)::pg_catalog.int8"
        ).format(side, joined)

    def _seed(self, place: str) -> int:
        return int.from_bytes(self._keyed(place)[:8], signed=True)

    def _keyed(self, place: str) -> bytes:
        return hmac.digest(self.key, place.encode(), hashlib.sha256)[:16]


def _agreed(bases: set[str], hashing: Hashing, *, nullable: bool) -> Form:
    """Return the quickest form that all versions of a column can take."""
    if hashing is Hashing.PORTABLE:
        return Form.TEXT
    if bases == {"integer"} and nullable:  # it has no value to spare for NULL
        return Form.INT8
    if len(bases) > 1:
        return Form.INT8 if bases <= INTEGERS else Form.TEXT
    (base,) = bases
    return Form.SENT if hashing is Hashing.BYTES and base in _SEND else _FORMS.get(base, Form.TEXT)


def _hashed(column: Canonical, value: Composable, seed: Composable, half: int) -> Composable:
    """Return the hash of a value under a seed; an int8 goes in where the seed does, which takes all of its bits."""
    if column.form is Form.INT8:
        return SQL("pg_catalog.hashint4extended({}, {} # {})").format(sql.Literal(half), seed, value)
    return SQL("pg_catalog.{}({}, {})").format(_FUNCTIONS.get(column.form, SQL("hashtextextended")), value, seed)


def values(
    columns: Iterable[Canonical], source: Composable, where: Sequence[Composable], also: Sequence[Composable] = ()
) -> Composed:
    """Return a subquery, v, of the canonical values of a relation's rows, each worked out once.

    OFFSET 0 keeps the planner from pulling it up: it would write every value out again for each half of a digest.
    """
    listed = [*(SQL("{} AS {}").format(column.value, Identifier(column.name)) for column in columns), *also]
    condition = SQL(" WHERE {}").format(SQL(" AND ").join(where)) if where else SQL("")
    return SQL("(SELECT {} FROM {} AS t{} OFFSET 0) AS v").format(SQL(", ").join(listed), source, condition)


def number(value: int) -> Composable:
    """Return a bigint that reads the same whatever its sign and size."""
    return SQL("{}::pg_catalog.int8").format(sql.Literal(str(value)))
