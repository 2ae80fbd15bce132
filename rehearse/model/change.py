"""Differences between before and after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rehearse.model.json import JSON

_AND = re.compile(r"\bAND\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """One object added, removed or altered; of an altered one, only what differs."""

    action: str  # "added", "removed", "altered"
    kind: str
    object: str  # identity before, or after if it was added
    table: str | None
    before: Mapping[str, JSON] | None
    after: Mapping[str, JSON] | None
    renamed_to: str | None = None  # proven by the same oid
    perhaps_renamed_to: str | None = None  # of what is removed: the only thing added that is like it


def not_null_in(constraint: SchemaChange) -> tuple[str, ...]:
    """Return the columns of which an added CHECK, valid or not, says by itself that they are not null."""
    told = constraint.after or {}
    columns = told.get("columns")
    if told.get("type") != "check" or not isinstance(columns, Sequence):
        return ()
    parts = _AND.split(str(told.get("definition", "")))
    return tuple(
        f"{constraint.table}.{column}" for column in columns if any(_is_not_null(part, str(column)) for part in parts)
    )


def _is_not_null(part: str, column: str) -> bool:
    """Say whether a part of a conjunction is `column IS NOT NULL`, whatever parentheses stand around it.

    >>> _is_not_null("CHECK ((note IS NOT NULL", "note"), _is_not_null("CHECK (note IS NOT NULL OR paid", "note")
    (True, False)
    """
    return re.fullmatch(rf"(?:CHECK)?[\s(]*{re.escape(column)} IS NOT NULL[\s)]*(?:NO INHERIT)?", part) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount:
    """Rows of one table, counted on the stage, and production's number beside it."""

    table: str
    before: int | None  # None: the table did not exist
    after: int | None  # None: it is gone
    production: int | None
    production_exact: bool
