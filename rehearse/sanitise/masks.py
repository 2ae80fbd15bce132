"""Masks: SQL expressions that replace a value inside the source's SELECT.

One mask is one file in sql/masks/, and the folder is the list. A file says what the mask keeps of a value, which types
it takes, which meanings it is chosen for ("anything": it is what the type gets by default) and whether it draws all
characters anew (no such line: a part stays), and then a SELECT that returns the value masked, as text that the
column's type can read, so that it can go straight into COPY. In it stand, as psycopg writes parameters, what is filled
in here:

    value              the value            plain            the value as text that compares by bytes
    representable      plain, with ? for what the database's encoding cannot be sure to know once it is masked
    mac                HMAC of the value    mac_of_COLUMN    of a text column of the SELECT
    draw               what a text draws in its domain: 32 bytes        draw_of_COLUMN
    rounds             a key of this domain, computed once a statement, for digests of halves of a text
    MASK_of_COLUMN     another mask of a column; MASK_of_value: of the value
    encoding           in which text becomes bytes          each1f           the byte 1FH seven times, a bigint
    anything else      what the type adds: its number of digits, its elements, its fields (treatments)

Every mask is keyed by HMAC-SHA-256, of the value or of its domain; the key's two pads arrive in the startup packet as
the settings rehearse.ip and rehearse.op, and show in no statement, log or view. NULL stays NULL. OFFSET 0 keeps the
planner from pulling a subquery up and computing its digest again wherever it is named.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType

from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.db.queries import names, query

Mask = Callable[[Composable, str], Composable]
Part = Composable | Mask  # what a type adds to a mask: some SQL, or a mask of its parts

_BLOCK = 64  # of HMAC-SHA-256
_HEADER = re.compile(r"^-- (keeps|types|meanings|draws): (.*)$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_SLOT = re.compile(r"%\((\w+)\)s")

# Text becomes bytes as UTF-8, so that equal values of two databases stay equal; SQL_ASCII holds bytes of any kind.
_ENCODING = SQL(
    "(SELECT CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)::pg_catalog.name"
)
_OUTER = SQL("(SELECT pg_catalog.decode(pg_catalog.current_setting('rehearse.op'), 'hex'))")
_INNER = SQL("pg_catalog.decode(pg_catalog.current_setting('rehearse.ip'), 'hex')")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One file of sql/masks/."""

    name: str
    keeps: tuple[str, ...]
    types: frozenset[str]  # without schema or modifiers, or "any"
    meanings: frozenset[str]
    draws_all: bool  # every character anew: the file says "draws: all"
    text: str

    def takes(self, type_: str) -> bool:
        return type_ in self.types or "any" in self.types


@cache
def templates() -> Mapping[str, Template]:
    """Return every mask by its name."""
    read = (_read(name) for name in names("masks"))
    return MappingProxyType({template.name: template for template in read})


def _read(name: str) -> Template:
    text = query(name)
    said = {field: tuple(word.strip() for word in words.split(",")) for field, words in _HEADER.findall(text)}
    return Template(
        name=name.rpartition("/")[2],
        keeps=said["keeps"],
        types=frozenset(said["types"]),
        meanings=frozenset(said["meanings"]),
        draws_all=said.get("draws") == ("all",),
        text=_COMMENT.sub("", text).strip(),
    )


def mask(name: str, parts: Mapping[str, Part] = MappingProxyType({})) -> Mask:
    """Return a mask by its name, filled in with what a type adds to it."""
    template = templates()[name]

    def masked(value: Composable, domain: str) -> Composable:
        return sql.Composed([SQL("("), *_filled(template, value, domain, parts), SQL(")")])

    return masked


def _filled(template: Template, value: Composable, domain: str, parts: Mapping[str, Part]) -> Iterator[Composable]:
    for number, piece in enumerate(_SLOT.split(template.text)):
        yield _part(piece, value, domain, parts) if number % 2 else SQL(piece)


def _part(slot: str, value: Composable, domain: str, parts: Mapping[str, Part]) -> Composable:
    name, _, of = slot.partition("_of_")
    column = value if of in ("", "value") else sql.Identifier(of)
    if name in parts:
        part = parts[name]
        return part if isinstance(part, Composable) else part(column, domain)
    if name in _SLOTS:
        return _SLOTS[name](column, domain)
    return mask(name)(column, domain)


def pads(key: bytes) -> dict[str, str]:
    """Return the settings that carry a key (RFC 2104: the key XOR ipad, the key XOR opad)."""
    short = hashlib.sha256(key).digest() if len(key) > _BLOCK else key
    padded = short.ljust(_BLOCK, b"\0")
    return {
        "rehearse.ip": bytes(byte ^ 0x36 for byte in padded).hex(),
        "rehearse.op": bytes(byte ^ 0x5C for byte in padded).hex(),
    }


def mac(value: Composable, domain: str) -> Composable:
    """Return the HMAC of a text value within a domain: 32 bytes."""
    return SQL("pg_catalog.sha256({} || pg_catalog.sha256({} || {}))").format(
        _OUTER, _inner(f"{domain}|"), _text_bytes(value)
    )


def _inner(domain: str) -> Composable:
    """Return what HMAC hashes before a value, computed once a statement."""
    return SQL("(SELECT {} || {})").format(_INNER, _bytes(domain))


def _bytes(text: str) -> Composable:
    return SQL("{}::pg_catalog.bytea").format(sql.Literal("\\x" + text.encode().hex()))


def _text_bytes(value: Composable) -> Composable:
    return SQL("pg_catalog.convert_to(({})::pg_catalog.text, {})").format(value, _ENCODING)


def code(values: tuple[str, ...], value: Composable, domain: str) -> Composable:
    """Keep the established codes, and mask whatever else turns up."""
    return SQL("CASE WHEN {text} = ANY ({codes}) THEN {text} ELSE {masked} END").format(
        text=_plain(value, domain), codes=sql.Literal(list(values)), masked=mask("letterwise")(value, domain)
    )


def _value(value: Composable, _domain: str) -> Composable:
    return SQL("({})").format(value)


def _plain(value: Composable, _domain: str) -> Composable:
    return SQL('(({})::pg_catalog.text COLLATE pg_catalog."C")').format(value)


def _representable(value: Composable, domain: str) -> Composable:
    """Return a text whose characters may be replaced by others of their blocks of 64, and stay within the encoding."""
    return SQL(
        "(CASE WHEN (SELECT pg_catalog.getdatabaseencoding() IN ('UTF8', 'LATIN1')) THEN {text} "
        "ELSE pg_catalog.regexp_replace({text}, '[^\\x01-\\x7f]', '?', 'g') END)"
    ).format(text=_plain(value, domain))


def _draw(value: Composable, domain: str) -> Composable:
    """Return what a text draws: a digest behind a key that HMAC gives its domain, once a statement.

    One digest instead of the two of an HMAC, and as good for texts: whoever knows it could compute that of a longer
    value only, and of one with the NUL of SHA-256's padding in it, which no text has.
    """
    return SQL("pg_catalog.sha256({} || {})").format(_key(f"{domain}|draw"), _text_bytes(value))


def _rounds(_value: Composable, domain: str) -> Composable:
    return _key(f"{domain}|rounds")


def _key(domain: str) -> Composable:
    """Return the key of a domain, computed once a statement."""
    return SQL("(SELECT pg_catalog.sha256({} || pg_catalog.sha256({} || {})))").format(_OUTER, _INNER, _bytes(domain))


def _any_number(_value: Composable, _domain: str) -> Composable:
    return sql.Literal(0)


def _no_keys(_value: Composable, _domain: str) -> Composable:
    return sql.Literal([""])


def _encoding(_value: Composable, _domain: str) -> Composable:
    return _ENCODING


def _sevenfold(byte: int, _value: Composable, _domain: str) -> Composable:
    return sql.Literal(byte * 0x01010101010101)


_SLOTS: Mapping[str, Mask] = MappingProxyType(
    {
        "value": _value,
        "plain": _plain,
        "representable": _representable,
        "mac": mac,
        "draw": _draw,
        "subject": mac,  # whose dates move together; a value's own, where nobody has been established
        "digits": _any_number,  # as many as a value of the type can have
        "keys": _no_keys,  # of documents: those that stay, where any have been established
        "rounds": _rounds,
        "encoding": _encoding,
        **{f"each{byte:02x}": partial(_sevenfold, byte) for byte in (0x80, 0x50, 0x46, 0x20, 0x1F, 0x05)},
    }
)
