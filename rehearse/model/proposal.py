"""What a project's own alembic proposes to make a database what the models are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rehearse.model.json import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing alembic would create, drop or change; names as they are, not quoted."""

    action: str  # "added", "removed", "altered"
    kind: str  # as the catalog calls it: "table", "column", "index", "constraint", "comment"
    schema: str
    table: str
    name: str | None  # of the object within or beside its table; None: the table, or a constraint without a name
    columns: tuple[str, ...] = ()  # of a constraint
    before: Mapping[str, JSON] | None
    after: Mapping[str, JSON] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Alembic's answer: nothing to do where there is no operation."""

    operations: tuple[Operation, ...]
    objects: int  # that the models declare
    tables: tuple[tuple[str, str], ...]  # schema and name of each that the models declare
    schemas: tuple[str, ...]  # that were compared: those the models use
    versions: tuple[tuple[str, str], ...]  # ("alembic", "1.18.4"), of the project's interpreter
    warnings: tuple[str, ...] = ()  # of alembic and SQLAlchemy, as they worded them


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Why there is no proposal."""

    sentence: str
    of_database: bool = False  # the database did not answer; else the models did not
