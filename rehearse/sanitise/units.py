"""Units: how a text is taken apart to be found again, by the source and here alike.

A unit has six characters or more: tokens (runs of letters and digits), words (runs without blanks, quotes, commas and
brackets, their punctuation dropped) and whole values (all punctuation dropped). "jane.doe@mail.com" is the word
janedoemailcom, "+44 20 7946 0000" the whole 442079460000. ASCII is folded to lower case, and 64 characters are as good
as all. Backslashes, with a letter that escapes a control character after them, are blanks: COPY and JSON write the
same text with different numbers of them.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

FINGERPRINT = 8  # bytes: a million units meet a hundred thousand canaries once in 10^8 snapshots
SHORTEST, FEWEST_DIGITS, LONGEST = 6, 9, 64  # characters; digits alone need nine
BLANKS = "\t\n\r\v\f\b "
BETWEEN_WORDS = "\"'`,;()[]{}<>|=\\"
WITHIN_WORDS = "!#$%&*+-./:?@^_~"
ESCAPED = r"\\+[bfnrtv]?"

_COUNTED_ONE_BY_ONE = 2_000
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


def units(values: Iterable[bytes]) -> set[bytes]:
    r"""Return the units of values as COPY, SQL or JSON writes them, without raw line breaks.

    >>> sorted(units([rb"Jane.Doe@mail.com", rb"a\nb: 020 7946 0000"]))
    [b'ab02079460000', b'janedoemailcom']
    """
    blob = _plain(values)
    found = set(_long_enough(blob.translate(_TOKENS).split()))
    found.update(_long_enough(blob.translate(_WORDS, _WITHIN).split()))
    found.update(_long_enough(blob.translate(_LOWER, _ALL_BUT_NEWLINE).split(b"\n")))
    return found if max(map(len, found), default=0) <= LONGEST else set(map(_cut, found))


def telling_units(lines: Iterable[bytes]) -> set[bytes]:
    """Return those units of a text written by people or programs that are no words of a language.

    Letters and digits mixed, many digits, or an e-mail address: what stands in a schema by chance of nobody.
    """
    blob = b"\n".join(lines)
    quoted = [one or other for one, other in _QUOTED.findall(blob)]
    words = _plain([blob]).translate(_WORDS).split() if b"@" in blob else []
    addresses = {word.translate(None, _WITHIN) for word in words if b"@" in word}
    wanted = set(map(_cut, _long_enough(addresses)))
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


class Fingerprints:
    """Keyed fingerprints, as the source computes them: SHA-256 of a secret and the unit, cut to eight bytes."""

    def __init__(self, secret: bytes) -> None:
        self._begun = hashlib.sha256(secret)

    def of(self, units: Iterable[bytes]) -> list[bytes]:
        """Return the fingerprints of units."""
        found, begun = [], self._begun.copy  # quicker than to begin anew
        for unit in units:
            hashed = begun()
            hashed.update(unit)
            found.append(hashed.digest()[:FINGERPRINT])
        return found


def _plain(values: Iterable[bytes]) -> bytes:
    blob = b"\n".join(values)
    return _ESCAPED.sub(b" ", blob) if b"\\" in blob else blob


def _long_enough(parts: Iterable[bytes]) -> list[bytes]:
    return [part for part in parts if len(part) >= SHORTEST and (len(part) >= FEWEST_DIGITS or not part.isdigit())]


def _is_mixed(unit: bytes) -> bool:
    length, letters = shape(unit)
    return length >= _TELLING_DIGITS if letters == 0 else letters < length and length >= _TELLING_MIXED


def _cut(unit: bytes) -> bytes:
    if len(unit) <= LONGEST:
        return unit
    return unit[:LONGEST] if unit.isascii() else unit.decode(errors="ignore")[:LONGEST].encode()
