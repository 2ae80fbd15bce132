"""Clear values that must not have left: how a text is taken apart, fingerprinted and, when found again, judged.

The source and this module take texts apart alike, into units of six characters or more: tokens (runs of letters and
digits), words (runs without blanks, quotes, commas and brackets, their punctuation dropped) and whole values (all
punctuation dropped). "jane.doe@mail.com" is the word janedoemailcom, "+44 20 7946 0000" the whole 442079460000.
ASCII is folded to lower case, and 64 characters are as good as all. Backslashes, with a letter that escapes a control
character after them, are blanks: COPY and JSON write the same text with different numbers of them.

A masked value may equal another row's clear value by chance. A mask that keeps classes of characters draws from
26 letters and 10 digits; of N canaries and M masked units of one shape N * M / 2^bits are expected to meet. Masks
that keep a part (the country of a phone number, the bank of an IBAN) are taken to leave half of the bits free.
Hits are a leak where so many are explained by chance once in a thousand million times, shape by shape: a snapshot
has some hundred shapes, so one in ten million snapshots raises a false alarm.
"""

from __future__ import annotations

import hashlib
import math
import re
import string
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from rehearse.sanitise.masks import pads

DOMAIN = "residue"  # of the fingerprints: no mask has it
FINGERPRINT = 8  # bytes: a million units meet a hundred thousand canaries once in 10^8 snapshots
SHORTEST, FEWEST_DIGITS, LONGEST = 6, 9, 64  # characters; digits alone need nine
BLANKS = "\t\n\r\v\f\b "
BETWEEN_WORDS = "\"'`,;()[]{}<>|=\\"
WITHIN_WORDS = "!#$%&*+-./:?@^_~"
ESCAPED = r"\\+[bfnrtv]?"
# what masks and reserved domains (RFC 2606) write themselves
OURS = ("example", "examplecom", "exampleorg", "examplenet", "invalid", "masked", "localhost")

_COUNTED_ONE_BY_ONE = 2_000
_FALSE_ALARM = 1e-9  # of one shape
# masks that keep no part of a value; of any other half of the bits are taken to be drawn
_FREELY_DRAWN = frozenset(
    {"text", "fill", "letterwise", "name", "address", "digits", "number", "hash", "secret", "uuid", "bytea", "null"}
)
_LETTER_BITS, _DIGIT_BITS = math.log2(26), math.log2(10)
_SEPARATORS = (BLANKS + BETWEEN_WORDS + WITHIN_WORDS).encode()
_LOWER = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_TOKENS = bytes.maketrans(
    _SEPARATORS + string.ascii_uppercase.encode(), b" " * len(_SEPARATORS) + string.ascii_lowercase.encode()
)
_SPLITTING = (BLANKS + BETWEEN_WORDS).encode()
_WORDS = bytes.maketrans(
    _SPLITTING + string.ascii_uppercase.encode(), b" " * len(_SPLITTING) + string.ascii_lowercase.encode()
)
_WITHIN = WITHIN_WORDS.encode()
_ALL_BUT_NEWLINE = _SEPARATORS.replace(b"\n", b"")
_ESCAPED = re.compile(ESCAPED.encode())
_QUOTED = re.compile(rb"'([^']{6,300})'|\"([^\"\\]{6,300})\"")
_TELLING_MIXED, _TELLING_DIGITS, _TELLING_DISTINCT = 10, 12, 5

Shape = tuple[int, int]  # characters, and how many of them are no digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """Fingerprints of clear values of masked columns; never the values."""

    places: tuple[str, ...] = ()  # "public.people.email"
    found: Mapping[bytes, tuple[int, Shape]] = field(default_factory=dict, repr=False)  # -> number of the place
    notes: tuple[str, ...] = ()  # what they do not cover


class Fingerprints:
    """Keyed fingerprints of units, as the source computes them.

    The inner half of the masks' HMAC, SHA-256 of a secret block, a domain of its own and the unit, cut to eight
    bytes: what the outer half is for, that nobody can extend a known hash, is prevented by the cut. It costs half.
    """

    def __init__(self, key: bytes) -> None:
        self._secret = bytes.fromhex(pads(key)["rehearse.ip"]) + f"{DOMAIN}|".encode()

    def of(self, units: Iterable[bytes]) -> set[bytes]:
        secret, sha256 = self._secret, hashlib.sha256
        return {sha256(secret + unit).digest()[:FINGERPRINT] for unit in units}


def units(values: Iterable[bytes]) -> set[bytes]:
    r"""Return the units of values as COPY, SQL or JSON writes them, without raw line breaks.

    >>> sorted(units([rb"Jane.Doe@mail.com", rb"a\nb: 020 7946 0000"]))
    [b'ab02079460000', b'janedoemailcom']
    """
    blob = _plain(values)
    found = set(blob.translate(_TOKENS).split())
    found.update(blob.translate(_WORDS, _WITHIN).split())
    found.update(blob.translate(_LOWER, _ALL_BUT_NEWLINE).split(b"\n"))
    return {_cut(unit) for unit in found if _is_long_enough(unit)}


def telling_units(lines: Iterable[bytes]) -> set[bytes]:
    """Return those units of a text written by people or programs that are no words of a language.

    Letters and digits mixed, many digits, or an e-mail address: what stands in a schema by chance of nobody.
    """
    blob = b"\n".join(lines)
    quoted = [one or other for one, other in _QUOTED.findall(blob)]
    words = _plain([blob]).translate(_WORDS).split() if b"@" in blob else []
    addresses = {word.translate(None, _WITHIN) for word in words if b"@" in word}
    wanted = {_cut(unit) for unit in addresses if _is_long_enough(unit)}
    wanted.update(filter(_is_mixed, units([*blob.split(b"\n"), *quoted])))
    return {unit for unit in wanted if len(set(unit)) >= _TELLING_DISTINCT}


def shape(unit: bytes) -> Shape:
    """Return how long a unit is and how many of its characters are no digits."""
    digits = len(unit) - len(unit.translate(None, b"0123456789"))
    length = len(unit) if unit.isascii() else len(unit.decode(errors="replace"))
    return length, length - digits


def shapes(units: Collection[bytes]) -> Iterator[tuple[Shape, int]]:
    """Yield the shapes of units with their numbers; of very many one in eight is looked at, and counts for eight."""
    weight = 1 if len(units) < _COUNTED_ONE_BY_ONE else 8
    for found, number in Counter(map(shape, islice(units, 0, None, weight))).items():
        yield found, number * weight


def bits(found: Shape, mask: str) -> float:
    """Return how many bits of a masked unit were drawn anew, at the least.

    >>> round(bits((10, 10), "text")), round(bits((12, 0), "phone"))
    (47, 20)
    """
    length, letters = found
    whole = letters * _LETTER_BITS + (length - letters) * _DIGIT_BITS
    return whole if mask in _FREELY_DRAWN else whole / 2


def is_leak(hits: int, canaries: int, scanned: int, drawn_bits: float) -> bool:
    """Say whether hits among masked units of one shape are more than chance explains.

    >>> is_leak(1, 1000, 1000, 33.0), is_leak(3, 1000, 1000, 33.0), is_leak(1, 1000, 1000, 56.0)
    (False, True, True)
    """
    expected = canaries * scanned * 2.0**-drawn_bits
    return hits > expected and _tail(hits, expected) < _FALSE_ALARM


def _tail(hits: int, expected: float) -> float:
    """Return at most how likely a Poisson variable is to reach `hits`, more than expected (Chernoff's bound)."""
    if expected == 0:
        return 0.0
    # P(X >= 1) is exactly 1 - e^-expected, smaller than the bound for a single hit
    bound = math.exp(hits - expected + hits * math.log(expected / hits))
    return min(bound, -math.expm1(-expected))


def _plain(values: Iterable[bytes]) -> bytes:
    blob = b"\n".join(values)
    return _ESCAPED.sub(b" ", blob) if b"\\" in blob else blob


def _is_long_enough(unit: bytes) -> bool:
    return len(unit) >= (FEWEST_DIGITS if unit.isdigit() else SHORTEST)


def _is_mixed(unit: bytes) -> bool:
    length, letters = shape(unit)
    return length >= _TELLING_DIGITS if letters == 0 else letters < length and length >= _TELLING_MIXED


def _cut(unit: bytes) -> bytes:
    if len(unit) <= LONGEST:
        return unit
    return unit[:LONGEST] if unit.isascii() else unit.decode(errors="ignore")[:LONGEST].encode()
