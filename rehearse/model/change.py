"""Differences between before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rehearse.model.json import JSON


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount:
    """Rows of one table, counted on the stage, and production's number beside it."""

    table: str
    before: int | None  # None: the table did not exist
    after: int | None  # None: it is gone
    production: int | None
    production_exact: bool
