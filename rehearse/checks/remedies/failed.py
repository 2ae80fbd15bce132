"""A failed statement, and what of the catalog it was about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehearse.model.catalog import CatalogObject
from rehearse.model.evidence import Evidence
from rehearse.model.identity import NAME, QUALIFIED, folded, last, quoted, split
from rehearse.model.timeline import Statement

_TABLE = re.compile(
    r"(?:\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?|\bON\s+(?:ONLY\s+)?"
    r"|^\s*(?:INSERT\s+INTO\s+|UPDATE\s+(?:ONLY\s+)?|DELETE\s+FROM\s+(?:ONLY\s+)?))"
    rf"(?P<name>{QUALIFIED})",
    re.IGNORECASE,
)
_TYPE = re.compile(
    rf"\bALTER\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>[\w ]+?(?:\([\d, ]+\))?)\s*"
    r"(?:\bUSING\b(?P<using>.*)|,|;|$)",
    re.IGNORECASE,
)
_CONSTRAINT = re.compile(r'constraint "([^"]+)"')
_COLUMN = re.compile(r'column "([^"]+)"')
_RELATION = re.compile(r'(?:relation|table|view) "([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Retyping:
    """ALTER COLUMN ... TYPE, as it was written."""

    column: str
    type: str
    using: str  # the rest of the statement after USING; empty: there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A failed statement beside the evidence."""

    evidence: Evidence
    statement: Statement

    @property
    def said(self) -> str:
        return self.statement.message or ""

    @property
    def is_ddl(self) -> bool:
        return self.statement.tag.startswith(("ALTER", "CREATE"))

    @property
    def table(self) -> str:
        """Return the identity of the table, by the statement or else by the message; a bare name if it is unknown."""
        written, told = _TABLE.search(self.statement.sql), _RELATION.search(self.said)
        names = ([folded(written["name"])] if written else []) + ([(told[1],)] if told else [])
        known = (self.evidence.rehearsal.before.named("table", name) for name in names)
        found = next((table.identity for table in known if table), None)
        return found or next((".".join(map(quoted, name)) for name in names), "the table")

    @property
    def column(self) -> str:
        """Return the column's name, quoted, by the message or else by the statement."""
        told, retyping = _COLUMN.search(self.said), self.retyping
        if told is None:
            return retyping.column if retyping else ""
        known = self.evidence.rehearsal.before.of_table("column", self.table)
        written = (last(each.identity) for each in known if split(each.identity)[-1] == told[1])
        return next(written, quoted(told[1]))

    @property
    def retyping(self) -> Retyping | None:
        found = _TYPE.search(self.statement.sql)
        if found is None:
            return None
        return Retyping(column=found["column"], type=found["type"], using=found["using"] or "")

    @property
    def constraint(self) -> CatalogObject | None:
        """Return the constraint that the message names, if the catalog knows it."""
        told = _CONSTRAINT.search(self.said)
        catalogs = (self.evidence.rehearsal.before, self.evidence.rehearsal.after)
        known = (found for catalog in catalogs for found in catalog.of_kind("constraint"))
        return next((found for found in known if told and split(found.identity)[-1] == told[1]), None)
