"""The shapes of what changed on the stage, and of how far it was production's twin."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from rehearse.model.json import JSON


class SchemaChange(TypedDict):
    """One object that is not described as before."""

    action: Literal["added", "removed", "altered"]
    kind: str
    object: str
    before: dict[str, JSON] | None
    after: dict[str, JSON] | None
    renamed_to: str | None


class RowCount(TypedDict):
    """Rows of a table on the stage before and after, and in production; null: there was no such table."""

    table: str
    before: int | None
    after: int | None
    production: int | None
    production_exact: bool


class Setting(TypedDict):
    """A changed setting beside production's; `accepted` is null where that is open."""

    name: str
    production: str | None
    new: str
    unchanged: bool
    unit: str | None
    context: str | None
    needs: str | None
    accepted: bool | None
    applied_on_stage: bool
    error: str | None
    overridden: list[str]
    origin: str


class Fidelity(TypedDict):
    """How far the stage was production's twin."""

    observation: Literal["exact", "sampled"]
    source_version: str
    stage_version: str
    versions_differ: bool
    data_taken_at: str
    tables_whole: int
    tables_sampled: int
    tables_schema_only: int
    sampled_fraction: float | None
    masked_columns: list[str]
    deviations: list[str]
    isolation: list[str]
    migrating_role: str
    superuser_in_production: bool | None
    allow_superuser: list[str]
    notes: list[str]
