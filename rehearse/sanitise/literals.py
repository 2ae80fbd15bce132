"""Literals in definitions: defaults, comments, conditions and bodies leave a source in clear, with its schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.json import JSON
from rehearse.model.quantity import listing
from rehearse.sanitise.names import announced
from rehearse.sanitise.validators import find

_WORDS = {
    "email": "an e-mail address", "iban": "an IBAN", "card": "a payment card number", "phone": "a phone number",
    "identity": "a social security number", "secret": "a secret",
}  # fmt: skip
# name = 'literal', name := 'literal', name => 'literal', also with a cast
_ASSIGNED = re.compile(
    r"\"?(?P<name>[A-Za-z_]\w*)\"?(?:\)?::[\w ]+|(?:\s+CONSTANT)?\s+(?:text|varchar|character varying)(?:\(\d+\))?)?"
    r"\s*(?::=|=>|=|DEFAULT)\s*\(?'(?P<value>(?:[^']|''){4,})'",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"'(?:[^']|''){4,}'")
_NOT_SCANNED = frozenset({"grant", "default-privilege", "security-label"})  # labels do not leave with the schema


def notes(catalog: Catalog) -> tuple[str, ...]:
    """Say which objects have personal data or secrets in their definitions, and of what kind; never which."""
    return tuple(
        f"The definition of {entry.kind.replace('-', ' ')} {_name(entry)} holds {listing(kinds)} in clear, and leaves "
        "the source with its schema."
        for entry in catalog.objects
        if entry.kind not in _NOT_SCANNED and (kinds := tuple(sorted({_WORDS[kind] for kind in _kinds(entry)})))
    )


def _name(entry: CatalogObject) -> str:
    """Return what an object is called, unless its name itself says too much."""
    return "(its name holds it, too)" if any(find(entry.identity)) else entry.identity


def _kinds(entry: CatalogObject) -> Iterator[str]:
    for text in _texts(entry.attributes.values()):
        yield from (found.kind for found in find(text))
        yield from _secrets(text)
    if entry.kind == "column":
        yield from _default(entry)


def _secrets(text: str) -> Iterator[str]:
    for match in _ASSIGNED.finditer(text):
        named = announced(match["name"])
        if named is not None and named.meaning == "secret":
            yield "secret"


def _default(column: CatalogObject) -> Iterator[str]:
    """Yield what the default of a column is that is called password, for one, and has a literal as its default."""
    named = announced(column.identity.rsplit(".", 1)[-1])
    if named is not None and named.meaning == "secret" and _LITERAL.search(column.text("default")):
        yield "secret"


def _texts(values: Iterable[JSON]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(value.values())
            yield from value
        elif isinstance(value, list | tuple):
            yield from _texts(value)
