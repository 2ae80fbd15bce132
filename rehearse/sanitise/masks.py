"""Masks: SQL expressions that replace a value inside the source's SELECT.

A mask is written over the text form of a value and returns text that the column's type can read, so
it can go straight into COPY. Every mask is keyed by HMAC-SHA-256; the key's two pads arrive in the
startup packet as the settings rehearse.ip and rehearse.op, and show in no statement, log or view.
NULL stays NULL. What a mask keeps is said in its docstring. OFFSET 0 keeps the planner from pulling a subquery
up and computing its HMAC again wherever it is named: without it a mask takes twelve times as long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from psycopg import sql
from psycopg.sql import SQL, Composable

_BLOCK = 64  # of HMAC-SHA-256
_FEISTEL_UP_TO = 24  # characters; longer values have room enough for a stream that is theirs alone

Mask = Callable[[Composable, str], Composable]


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
    return SQL(
        "pg_catalog.sha256((SELECT pg_catalog.decode(pg_catalog.current_setting('rehearse.op'), 'hex')) || "
        "pg_catalog.sha256((SELECT pg_catalog.decode(pg_catalog.current_setting('rehearse.ip'), 'hex')) || "
        "pg_catalog.convert_to({} || {}, 'UTF8')))"
    ).format(sql.Literal(f"{domain}|"), value)


def text(value: Composable, domain: str) -> Composable:
    """Replace letters by letters and digits by digits.

    Keeps the length (in characters and in UTF-8 bytes), the class of every character, ASCII punctuation,
    equality, and for values of up to 24 characters uniqueness: a keyed permutation (three Feistel rounds).
    """
    return SQL(
        "(SELECT CASE WHEN pg_catalog.length(x.v) <= {limit} THEN {short} ELSE {long} END "
        'FROM (SELECT ({value})::pg_catalog.text COLLATE pg_catalog."C" AS v OFFSET 0) AS x WHERE x.v IS NOT NULL)'
    ).format(limit=sql.Literal(_FEISTEL_UP_TO), short=_permuted(domain), long=_filled(domain), value=value)


def folded_text(value: Composable, domain: str) -> Composable:
    """Mask a text whose type ignores case: its equality is that of the lower-case form."""
    return text(SQL("pg_catalog.lower(({})::pg_catalog.text)").format(value), domain)


def _permuted(domain: str) -> Composable:
    """Permute x.v: the halves take turns in shifting one another."""
    left = SQL("pg_catalog.left(x.v, pg_catalog.length(x.v) / 2)")
    right = SQL("pg_catalog.substr(x.v, pg_catalog.length(x.v) / 2 + 1)")
    return SQL(
        "(SELECT r2.l || {third} FROM (SELECT {left} AS l, {right} AS r OFFSET 0) AS h, "
        "LATERAL (SELECT {first} AS r OFFSET 0) AS r1, LATERAL (SELECT {second} AS l OFFSET 0) AS r2)"
    ).format(
        left=left,
        right=right,
        first=_shifted(SQL("h.r"), mac(SQL("h.l"), f"{domain}|1")),
        second=_shifted(SQL("h.l"), mac(SQL("r1.r"), f"{domain}|2")),
        third=_shifted(SQL("r1.r"), mac(SQL("r2.l"), f"{domain}|3")),
    )


def _shifted(value: Composable, key: Composable) -> Composable:
    """Shift every character within its class by one byte of the key."""
    return SQL(
        "COALESCE((SELECT pg_catalog.string_agg(pg_catalog.chr(CASE "
        "WHEN c.a BETWEEN 65 AND 90 THEN 65 + (c.a - 65 + c.b) % 26 "
        "WHEN c.a BETWEEN 97 AND 122 THEN 97 + (c.a - 97 + c.b) % 26 "
        "WHEN c.a BETWEEN 48 AND 57 THEN 48 + (c.a - 48 + c.b) % 10 "
        "WHEN c.a < 128 THEN c.a ELSE c.a / 64 * 64 + (c.a % 64 + c.b) % 64 END), '' ORDER BY c.i) "
        "FROM (SELECT pg_catalog.ascii(u.ch) AS a, pg_catalog.get_byte(k.key, ((u.i - 1) % 32)::pg_catalog.int4) AS b, "
        "u.i FROM (SELECT {key} AS key OFFSET 0) AS k, "
        "pg_catalog.string_to_table({value}, NULL) WITH ORDINALITY AS u (ch, i)) "
        "AS c), '')"
    ).format(value=value, key=key)


def _filled(domain: str) -> Composable:
    """Fill x.v with characters of its classes, drawn from a stream that depends on the whole value."""
    return SQL(
        "(SELECT pg_catalog.string_agg(pg_catalog.chr(CASE "
        "WHEN c.a BETWEEN 65 AND 90 THEN 65 + c.b % 26 "
        "WHEN c.a BETWEEN 97 AND 122 THEN 97 + c.b % 26 "
        "WHEN c.a BETWEEN 48 AND 57 THEN 48 + c.b % 10 "
        "WHEN c.a < 128 THEN c.a ELSE c.a / 64 * 64 + c.b % 64 END), '' ORDER BY c.i) "
        "FROM (SELECT pg_catalog.ascii(u.ch) AS a, pg_catalog.get_byte(k.key, ((u.i - 1) % 64)::pg_catalog.int4) AS b, "
        "u.i FROM (SELECT s.key || pg_catalog.sha256(s.key) AS key "
        "FROM (SELECT {key} AS key OFFSET 0) AS s OFFSET 0) AS k, "
        "pg_catalog.string_to_table(x.v, NULL) WITH ORDINALITY AS u (ch, i)) AS c)"
    ).format(key=mac(SQL("x.v"), f"{domain}|fill"))


def number(digits: int) -> Mask:
    """Return a mask that replaces the digits of a number.

    Keeps sign, number of digits, scale, equality and uniqueness. Only integers with as many digits as the type can
    have (`digits`, 0 for no limit) may become equal: their first digit turns into 1, so that they stay within it.
    """

    def masked(value: Composable, domain: str) -> Composable:
        return SQL(
            "(SELECT CASE WHEN x.v ~ '^-?[0-9]+([.][0-9]+)?$' THEN x.s || {first} || x.m ELSE '0' END "
            "FROM (SELECT y.v, pg_catalog.regexp_replace(y.v, '[0-9].*$', '') AS s, "
            "pg_catalog.substr(pg_catalog.ltrim(y.v, '-'), 1, 1) AS f, "
            "pg_catalog.length(pg_catalog.ltrim(y.v, '-')) AS n, {rest} AS m "
            "FROM (SELECT ({value})::pg_catalog.text AS v OFFSET 0) AS y OFFSET 0) AS x WHERE x.v IS NOT NULL)"
        ).format(
            first=_first_digit(digits, domain),
            rest=SQL("COALESCE({}, '')").format(text(SQL("pg_catalog.regexp_replace(y.v, '^-?[0-9]', '')"), domain)),
            value=value,
        )

    return masked


def _first_digit(digits: int, domain: str) -> Composable:
    """Return x.f, the first digit of x.n, as another: zero stays, and nothing grows beyond the type."""
    return SQL(
        "CASE WHEN x.n = {digits} THEN '1' WHEN x.f = '0' AND x.n > 1 THEN x.f WHEN x.n = 1 THEN "
        "pg_catalog.chr(48 + (pg_catalog.ascii(x.f) - 48 + pg_catalog.get_byte({key}, 0)) % 10) ELSE "
        "pg_catalog.chr(49 + (pg_catalog.ascii(x.f) - 49 + pg_catalog.get_byte({key}, 0)) % 9) END"
    ).format(digits=sql.Literal(digits), key=mac(SQL("x.m"), f"{domain}|first"))


def date(value: Composable, domain: str) -> Composable:
    """Shift a date or timestamp by up to a year either way; keeps the time of day and equality."""
    return SQL(
        "(SELECT CASE WHEN pg_catalog.isfinite(x.d) THEN (x.d + pg_catalog.make_interval(days => "
        "(pg_catalog.get_byte(x.k, 0) * 256 + pg_catalog.get_byte(x.k, 1)) % 731 - 365))::pg_catalog.text "
        "ELSE x.d::pg_catalog.text END FROM (SELECT {value} AS d, {key} AS k OFFSET 0) AS x WHERE x.d IS NOT NULL)"
    ).format(value=value, key=mac(SQL("({})::pg_catalog.text").format(value), domain))


def uuid(value: Composable, domain: str) -> Composable:
    """Replace a uuid by another; keeps equality and uniqueness."""
    return _of_hex(SQL("pg_catalog.substr({hex}, 1, 32)"), value, domain)


def hashed(value: Composable, domain: str) -> Composable:
    """Replace a text by hexadecimal digits, no longer than it was; keeps equality."""
    return SQL("pg_catalog.left({}, pg_catalog.length(({})::pg_catalog.text))").format(
        _of_hex(SQL("{hex}"), value, domain), value
    )


def json(value: Composable, domain: str) -> Composable:
    """Replace a JSON document by one of the same JSON type that holds nothing of it."""
    return SQL(
        "(SELECT CASE pg_catalog.json_typeof(x.j::pg_catalog.json) "
        "WHEN 'object' THEN {object} || x.h || {end_object} WHEN 'array' THEN {array} || x.h || {end_array} "
        "WHEN 'string' THEN {quote} || x.h || {quote} WHEN 'number' THEN '0' WHEN 'boolean' THEN 'false' "
        "ELSE 'null' END "
        "FROM (SELECT {value} AS j, {hex} AS h OFFSET 0) AS x WHERE x.j IS NOT NULL)"
    ).format(
        object=sql.Literal('{"masked": "'),
        end_object=sql.Literal('"}'),
        array=sql.Literal('["'),
        end_array=sql.Literal('"]'),
        quote=sql.Literal('"'),
        value=value,
        hex=_of_hex(SQL("pg_catalog.substr({hex}, 1, 16)"), value, domain),
    )


def binary(value: Composable, domain: str) -> Composable:
    """Replace bytes by as many others."""
    return SQL(
        "(SELECT {prefix} || pg_catalog.left(pg_catalog.repeat({hex}, pg_catalog.octet_length(x.v) / 32 + 1), "
        "2 * pg_catalog.octet_length(x.v)) FROM (SELECT {value} AS v) AS x WHERE x.v IS NOT NULL)"
    ).format(
        prefix=sql.Literal("\\x"),
        value=value,
        hex=_hex(mac(SQL("pg_catalog.encode(x.v, 'hex')"), domain)),
    )


def address(value: Composable, domain: str) -> Composable:
    """Replace a network address by a private one; keeps the family and the length of the prefix."""
    return SQL(
        "(SELECT pg_catalog.set_masklen(CASE pg_catalog.family(x.v) WHEN 4 THEN ('10.' || pg_catalog.get_byte(x.k, 0) "
        "|| '.' || pg_catalog.get_byte(x.k, 1) || '.' || pg_catalog.get_byte(x.k, 2))::pg_catalog.inet "
        "ELSE ('fd' || pg_catalog.substr(x.h, 1, 2) || ':' || pg_catalog.substr(x.h, 3, 4) || '::' || "
        "pg_catalog.substr(x.h, 7, 4))::pg_catalog.inet END, pg_catalog.masklen(x.v))::pg_catalog.text "
        "FROM (SELECT s.v, s.k, pg_catalog.encode(s.k, 'hex') AS h "
        "FROM (SELECT {value} AS v, {key} AS k OFFSET 0) AS s OFFSET 0) AS x "
        "WHERE x.v IS NOT NULL)"
    ).format(value=SQL("({})::pg_catalog.inet").format(value), key=mac(_text(value), domain))


def network(value: Composable, domain: str) -> Composable:
    """Replace a network as an address is replaced, with no bit set beyond its prefix."""
    return SQL("pg_catalog.network(({})::pg_catalog.inet)::pg_catalog.text").format(address(value, domain))


def mac_address(value: Composable, domain: str) -> Composable:
    """Replace a hardware address by a locally administered one."""
    return _of_hex(SQL("'02' || pg_catalog.substr({hex}, 1, 10)"), value, domain)


def array(element: Mask, value: Composable, domain: str) -> Composable:
    """Mask each element of a one-dimensional array; others become empty."""
    return SQL(
        "(SELECT CASE WHEN pg_catalog.array_ndims(x.a) = 1 THEN (SELECT pg_catalog.array_agg({element} ORDER BY u.i) "
        "FROM pg_catalog.unnest(x.a) WITH ORDINALITY AS u (e, i))::pg_catalog.text ELSE {empty} END "
        "FROM (SELECT {value} AS a) AS x WHERE x.a IS NOT NULL)"
    ).format(element=element(SQL("u.e"), domain), empty=sql.Literal("{}"), value=value)


def label(value: Composable, domain: str) -> Composable:
    """Replace an enum's label by the one a keyed number of places further; keeps equality and uniqueness."""
    return SQL(
        "(SELECT (x.labels)[1 + (pg_catalog.array_position(x.labels, x.v) + pg_catalog.get_byte({key}, 0)) "
        "% pg_catalog.cardinality(x.labels)]::pg_catalog.text "
        "FROM (SELECT {value} AS v, pg_catalog.enum_range({value}) AS labels) AS x WHERE x.v IS NOT NULL)"
    ).format(value=value, key=mac(sql.Literal("label"), domain))


def null(_value: Composable, _domain: str) -> Composable:
    """Leave nothing."""
    return SQL("NULL")


def constant(replacement: str) -> Mask:
    """Return a mask that replaces every value by the same one."""

    def masked(value: Composable, _domain: str) -> Composable:
        return SQL("CASE WHEN {} IS NOT NULL THEN {} END").format(value, sql.Literal(replacement))

    return masked


def code(values: tuple[str, ...], value: Composable, domain: str) -> Composable:
    """Keep the established codes, and mask whatever else turns up."""
    return SQL("CASE WHEN {text} = ANY ({codes}) THEN {text} ELSE {masked} END").format(
        text=SQL('{} COLLATE pg_catalog."C"').format(_text(value)),
        codes=sql.Literal(list(values)),
        masked=text(value, domain),
    )


def _text(value: Composable) -> Composable:
    return SQL("({})::pg_catalog.text").format(value)


def _hex(key: Composable) -> Composable:
    return SQL("pg_catalog.encode({}, 'hex')").format(key)


def _of_hex(shape: SQL, value: Composable, domain: str) -> Composable:
    return SQL("CASE WHEN {} IS NOT NULL THEN {} END").format(value, shape.format(hex=_hex(mac(_text(value), domain))))
