"""An index is left behind that no query can use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.catalog import CatalogObject
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.index import concurrently

FAMILY = Family.HYGIENE
HAZARDS = ("D3", "D10")
CONDITION = (
    "An index is INVALID after the migration and was not before: CREATE INDEX or REINDEX CONCURRENTLY was refused or "
    "cut short, or an index of a partitioned table lacks those of its partitions. Or an index was built CONCURRENTLY "
    "and production runs PostgreSQL 14.0 to 14.3, where that can leave rows out (release notes of 14.4)."
)
EFFECT = (
    "Every write maintains it, no query uses it, a unique one guarantees nothing; CREATE INDEX IF NOT EXISTS finds its "
    "name taken and succeeds without building it."
)
REMEDY = "Drop it with DROP INDEX CONCURRENTLY, remove what refused it (duplicates, a short timeout), build it again."
_LEFTOVER = re.compile(r"_cc(?:new|old)\d*\"?$")
_CONCURRENTLY = re.compile(
    r"\b(?:CREATE\s+(?:UNIQUE\s+)?INDEX|REINDEX\b.*)\s+CONCURRENTLY\b", re.IGNORECASE | re.DOTALL
)
_LEAVES_ROWS_OUT = range(14_00_00, 14_00_04)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each unusable index; a note where only partitions are still to come."""
    rehearsal = evidence.rehearsal
    earlier = [index for index in rehearsal.before.of_kind("index") if _is_invalid(index)]
    known = {key for index in earlier for key in (index.identity, index.physical)}
    if rehearsal.migration.stopped is None:  # what a limit of ours cut short proves nothing
        for index in rehearsal.after.of_kind("index"):
            if _is_invalid(index) and not known.intersection((index.identity, index.physical)):
                yield _unattached(evidence, index) if _is_of_partitioned(evidence, index) else _left(evidence, index)
    if rehearsal.facts.server_version_num in _LEAVES_ROWS_OUT:
        yield from _untrustworthy(evidence)


def _is_invalid(index: CatalogObject) -> bool:
    return index.attributes.get("valid") is False


def _is_of_partitioned(evidence: Evidence, index: CatalogObject) -> bool:
    table = evidence.rehearsal.after.find("table", index.table or "")
    return table is not None and table.attributes.get("partitioned_by") is not None


def _left(evidence: Evidence, index: CatalogObject) -> Finding:
    doubt = _doubt(evidence, index)
    unique = ", which is UNIQUE and keeps no duplicate out," if index.attributes.get("unique") else ""
    drop = f"DROP INDEX CONCURRENTLY {index.identity};"
    again = concurrently(index.text("definition"))
    if _LEFTOVER.search(index.identity):
        again = "and look whether the index it was to replace is still there."
    return _finding(
        evidence,
        index,
        severity=Severity.WARN if doubt else Severity.BLOCK,
        message=f"{index.identity} is INVALID after the migration: no query uses this index of {index.table}{unique} "
        f"while every write maintains it, and CREATE INDEX IF NOT EXISTS will take it for built.{doubt}",
        remedy=f"{drop} then, once what refused it is repaired: {again}",
    )


def _doubt(evidence: Evidence, index: CatalogObject) -> str:
    """Say why its build may have failed on the stage only."""
    statement = evidence.statement_creating(index.identity)
    steps = (step for step in evidence.rehearsal.migration.steps if statement and step.id == statement.step)
    blame = next((evidence.stage_is_to_blame(step, statement) for step in steps), None)
    return f" But {blame}." if blame else ""


def _unattached(evidence: Evidence, index: CatalogObject) -> Finding:
    return _finding(
        evidence,
        index,
        severity=Severity.NOTE,
        message=f"{index.identity} stays INVALID until an index of every partition of {index.table} is attached to it; "
        "until then partitions that are added get none that counts.",
        remedy="For each partition: CREATE INDEX CONCURRENTLY ... ON the partition, then "
        f"ALTER INDEX {index.identity} ATTACH PARTITION it.",
    )


def _untrustworthy(evidence: Evidence) -> Iterator[Finding]:
    rehearsal = evidence.rehearsal
    created = [found.identity for found in rehearsal.created("index")]
    names = sorted({*created, *(found.object for found in rehearsal.timeline.rebuilt)})
    for index in filter(None, (rehearsal.after.find("index", name) for name in names)):
        statement = evidence.statement_creating(index.identity)
        if statement is not None and _CONCURRENTLY.search(statement.sql):
            yield _finding(
                evidence,
                index,
                severity=Severity.BLOCK,
                message=f"{index.identity} is built CONCURRENTLY, and production runs PostgreSQL "
                f"{rehearsal.facts.server_version}, where rows updated meanwhile can be missing from it for good.",
                remedy="Upgrade production to 14.4 or newer first, which needs a restart and nothing else; an index "
                f"built earlier is checked by bt_index_check('{index.identity}', true) of amcheck.",
            )


def _finding(evidence: Evidence, index: CatalogObject, *, severity: Severity, message: str, remedy: str) -> Finding:
    statement = evidence.statement_creating(index.identity)
    return Finding(
        check="invalid-index",
        family=FAMILY,
        severity=severity,
        step=statement.step if statement else None,
        object=index.identity,
        message=message,
        remedy=remedy,
        evidence={"sql": statement.sql if statement else None, "definition": index.text("definition")},
    )
