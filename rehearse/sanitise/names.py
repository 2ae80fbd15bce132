"""What a column's name says about its values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehearse.sanitise.vocabulary import AMBIGUOUS, OF_A_THING, PEOPLE, STEMS, TELLING

_REFERENCES = ("id", "ids", "fk")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ALWAYS = frozenset(
    {"finance", "birth"}
)  # salary_count is no count of salaries that anybody keeps: in doubt it is money
_NAME = ("name", "names", "nom", "nombre", "nome", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a name announces."""

    meaning: str  # "email", "phone", ...
    confidence: str  # "high", "medium"
    word: str  # that tells


def semantic_class(column: str) -> str | None:
    """Return the class of personal or secret values that a name announces, None if it announces none.

    >>> [semantic_class(name) for name in ("EMailAddress", "user_email2", "birth_date", "status", "first_name")]
    ['email', 'email', 'birth', None, 'name']
    >>> [semantic_class(name) for name in ("dateofbirth", "customerphone", "page", "phone_id", "card_count")]
    ['birth', 'phone', None, None, None]
    >>> semantic_class("address_id"), semantic_class("tax_id")
    (None, 'identity')
    """
    found = announced(column)
    return None if found is None else found.meaning


def announced(column: str, table: str = "") -> Announced | None:
    """Return what a column's name announces; `table` is the name of its table, where a plain "name" needs one.

    >>> announced("name", "countries"), announced("name", "customers").meaning
    (None, 'name')
    """
    words = _words(column)
    if not words or (words[-1] in OF_A_THING and len(words) > 1 and not _is_of_a_person(words)):
        return None
    found = _by_words(words) or _by_stem(words)
    if found is None and words[-1] in _NAME and len(words) == 1 and _is_of_people(table):
        return Announced(meaning="name", confidence="medium", word=words[-1])
    return found


def pairs_of_degrees(columns: frozenset[str]) -> frozenset[str]:
    """Return the columns of a table that are latitude and longitude because both are there.

    >>> sorted(pairs_of_degrees(frozenset({"start_lat", "start_long", "x", "long"})))
    ['start_lat', 'start_long']
    """
    found: set[str] = set()
    for column in columns:
        *rest, last = _words(column) or [""]
        if last in ("lat", "latitude"):
            partners = {other for other in columns if _words(other)[:-1] == rest}
            longs = {other for other in partners if _words(other)[-1:] in (["long"], ["lon"], ["lng"], ["longitude"])}
            found |= longs and {column, *longs}
    return frozenset(found)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _PARTS.findall(_without_accents(name))]


def _without_accents(name: str) -> str:
    return name.translate(str.maketrans("áàâãäçéèêëíìîïñóòôõöúùûüÁÉÍÓÚÑÇ", "aaaaaceeeeiiiinooooouuuuAEIOUNC"))


def _is_of_a_person(words: list[str]) -> bool:
    found = _by_words(words[:-1]) or _by_stem(words[:-1])
    return found is not None and found.meaning in _ALWAYS


def _is_of_people(table: str) -> bool:
    """Say whether a table holds people, by its singular or plural name."""
    return any(word in PEOPLE or word.removesuffix("s") in PEOPLE for word in _words(table.rsplit(".", 1)[-1]))


def _by_words(words: list[str]) -> Announced | None:
    joined = ["".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)]
    if words and words[-1] in _REFERENCES:
        # address_id is a number that stands for an address, tax_id is the thing itself
        joined = [word for word in joined if word.endswith(_REFERENCES)]
    for word in sorted(joined, key=len, reverse=True):
        if word in TELLING:
            return Announced(meaning=TELLING[word], confidence="high", word=word)
        if word in AMBIGUOUS:
            return Announced(meaning=AMBIGUOUS[word], confidence="medium", word=word)
    return None


def _by_stem(words: list[str]) -> Announced | None:
    """Look inside words that were written together."""
    if words and words[-1] in _REFERENCES:
        return None
    whole = "".join(words)
    found = next(((stem, meaning) for stem, meaning in STEMS.items() if stem in whole), None)
    return None if found is None else Announced(meaning=found[1], confidence="medium", word=found[0])
