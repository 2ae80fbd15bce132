"""A new index does nothing that another one does not do."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.catalog import CatalogObject
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import split
from rehearse.model.index import Shape, valid_indexes

FAMILY = Family.HYGIENE
HAZARDS = ("D9",)
CONDITION = (
    "A new index has the same columns, method, operator classes and condition as another valid index of the table, or "
    "is a b-tree on the first columns of one, and promises nothing about unique values beyond it."
)
EFFECT = "Every write to the table maintains both, both take disk and memory, and queries gain nothing."
REMEDY = "Leave the new index out; if it is to replace the other one, drop that: DROP INDEX CONCURRENTLY."


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a note for each new index whose work another one does; of two new equals, for one."""
    new = {index.identity for index in evidence.rehearsal.created("index")}
    tables = {index.table for index in evidence.rehearsal.created("index") if index.table}
    for table in sorted(tables):
        indexes = tuple(valid_indexes(evidence.rehearsal.after, table))
        for index, shape in indexes:
            if index.identity not in new or index.attributes.get("partition_of"):
                continue
            others = (
                (other, wider)
                for other, wider in indexes
                if other is not index and wider.does_the_work_of(shape)
                if not (shape.does_the_work_of(wider) and other.identity in new and _rank(index) < _rank(other))
            )
            for other, wider in list(others)[:1]:
                yield _finding(evidence, index, other, shape, wider)


def _rank(index: CatalogObject) -> tuple[bool, str]:
    """Order equals: that of a constraint stays."""
    return (not index.text("constraint"), index.identity)


def _finding(evidence: Evidence, index: CatalogObject, other: CatalogObject, shape: Shape, wider: Shape) -> Finding:
    statement = evidence.statement_creating(index.identity)
    alike = "holds the same" if len(shape.keys) == len(wider.keys) else "begins with the same columns"
    drop = f"DROP INDEX CONCURRENTLY {index.identity}"
    if index.text("constraint"):
        drop = f"ALTER TABLE {index.table} DROP CONSTRAINT {split(index.identity)[-1]}"
    return Finding(
        check="duplicate-index",
        family=FAMILY,
        severity=Severity.NOTE,
        step=statement.step if statement else None,
        object=index.identity,
        message=f"{index.identity} ({', '.join(shape.keys)}) does nothing that {other.identity} "
        f"({', '.join(wider.keys)}) does not do: it {alike}, and every write to {index.table} maintains both.",
        remedy=f"Leave it out, or undo it: {drop};",
        evidence={"sql": statement.sql if statement else None, "other": other.identity},
    )
