"""What PostgreSQL Anonymizer was told: security labels of the provider "anon", taken as hints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from rehearse.catalog.relations import Column
from rehearse.db.queries import query

_NOT_MASKED = re.compile(r"^\s*NOT\s+MASKED\s*$", re.IGNORECASE)
_WITH_VALUE = re.compile(r"^\s*MASKED\s+WITH\s+VALUE\s+(?P<value>.+?)\s*$", re.IGNORECASE | re.DOTALL)
_WITH_FUNCTION = re.compile(
    r"^\s*MASKED\s+WITH\s+FUNCTION\s+(?:\"?\w+\"?\s*\.\s*)?\"?(?P<name>\w+)\"?\s*\(", re.IGNORECASE
)
_MASKED = re.compile(r"^\s*MASKED\b", re.IGNORECASE)
# parts of the names of its functions (documentation, Masking Functions): dummy_email, fake_city, random_phone, ...
_ANNOUNCED = (
    ("email", "email"), ("phone", "phone"), ("cell_number", "phone"), ("iban", "iban"), ("siret", "identity"),
    ("siren", "identity"), ("credit_card", "card"), ("bic", "finance"), ("isin", "finance"), ("first_name", "name"),
    ("last_name", "name"), ("username", "login"), ("company", "person"), ("title", "person"), ("name", "name"),
    ("address", "address"), ("city", "address"), ("street", "address"), ("post_code", "address"),
    ("postcode", "address"), ("zip", "address"), ("building", "address"), ("country", "address"),
    ("state", "address"), ("latitude", "geo"), ("longitude", "geo"), ("geo", "geo"), ("ip", "device"),
    ("mac_address", "device"), ("user_agent", "device"), ("token", "secret"), ("password", "secret"), ("url", "url"),
    ("domain", "url"), ("job", "person"), ("profession", "person"), ("sentence", "text"), ("paragraph", "text"),
    ("lorem", "text"), ("word", "text"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label."""

    masked: bool
    meaning: str | None = None  # that the masking function announces
    to_null: bool = False
    words: str = ""  # of the label that say so, without any value

    @classmethod
    def parse(cls, text: str) -> Label | None:
        """Return what a label means, None for one that is no matter of masking.

        >>> Label.parse("MASKED WITH FUNCTION anon.fake_email()").meaning, Label.parse("TABLESAMPLE SYSTEM (10)")
        ('email', None)
        >>> Label.parse("MASKED WITH VALUE NULL").to_null, Label.parse("NOT MASKED").masked
        (True, False)
        """
        if _NOT_MASKED.match(text):
            return cls(masked=False, words="NOT MASKED")
        if value := _WITH_VALUE.match(text):
            return cls(masked=True, to_null=value["value"].upper() == "NULL", words="MASKED WITH VALUE")
        if function := _WITH_FUNCTION.match(text):
            name = function["name"].lower()
            return cls(masked=True, meaning=_announced(name), words=f"MASKED WITH FUNCTION {name}")
        return cls(masked=True, words="MASKED") if _MASKED.match(text) else None


def _announced(function: str) -> str | None:
    return next((meaning for part, meaning in _ANNOUNCED if re.search(rf"(?:^|_){part}", function)), None)


def read(connection: psycopg.Connection, columns: Mapping[int, tuple[Column, ...]]) -> dict[tuple[int, str], Label]:
    """Return the labels of columns by table and name; a table's own counts for those of its columns that have none."""
    found: dict[tuple[int, str], Label] = {}
    for relation, name, text in connection.execute(query("facts/masking_labels").encode()):
        label = Label.parse(text)
        if label is not None:
            names = [name] if name is not None else [column.name for column in columns.get(relation, ())]
            found.update({(relation, each): label for each in names})
    return found
