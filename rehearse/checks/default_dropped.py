"""A column loses its default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearse.model.catalog import CatalogObject
from rehearse.model.change import SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted, split
from rehearse.model.json import JSON
from rehearse.model.naming import naming
from rehearse.model.partitions import told_once

FAMILY = Family.CONTRACT
HAZARDS = ("A12", "B13")
CONDITION = (
    "A column that existed before had a default or was an identity and has neither afterwards, by DROP DEFAULT or "
    "because CASCADE took the sequence or function that its default called."
)
EFFECT = (
    "An INSERT of the release that runs meanwhile, which leaves the column out, fails where the column is NOT NULL, "
    "and stores NULL where it is not."
)
REMEDY = (
    "Release the code that always gives the value first, drop the default with the next release; what CASCADE took, "
    "put back with ALTER TABLE ... ALTER COLUMN ... SET DEFAULT."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning where INSERTs may fail, a block where nobody said the default should go."""
    columns = {column.identity: column for column in evidence.rehearsal.after.of_kind("column")}
    for change in told_once(evidence.rehearsal):
        if change.kind == "column" and change.action == "altered" and _given(change.before):
            column = columns.get(change.renamed_to or change.object)
            if column is not None and not _fills(column):
                yield _finding(evidence, change, column)


def _given(attributes: Mapping[str, JSON] | None) -> str:
    """Return what gave the column its value, the empty string if nothing did or that has not changed."""
    told = attributes or {}
    identity = told.get("identity")
    return str(told.get("default") or (f"GENERATED {str(identity).upper()} AS IDENTITY" if identity else ""))


def _fills(column: CatalogObject) -> bool:
    return any(column.attributes.get(way) for way in ("default", "identity", "generated"))


def _finding(evidence: Evidence, change: SchemaChange, column: CatalogObject) -> Finding:
    statement = naming(evidence.rehearsal, change.object, r"\b(?:DEFAULT|IDENTITY)\b")
    refused = column.attributes.get("not_null") is True
    given, name = _given(change.before), quoted(split(column.identity)[-1])
    way = "" if statement else ", which no statement says, so CASCADE took it"
    effect = "INSERTs that leave it out fail" if refused else "INSERTs that leave it out store NULL"
    return Finding(
        check="default-dropped",
        family=FAMILY,
        severity=_severity(refused=refused, said=statement is not None),
        step=statement.step if statement else None,
        object=change.object,
        message=f"{change.object} has lost its default {given}{way}: {effect}, also those of the running release.",
        remedy=f"If it should stay: ALTER TABLE {column.table} ALTER COLUMN {name} {_back(given)}; otherwise release "
        "code that always gives the value first, and drop the default a release later.",
        evidence={"sql": statement.sql if statement else None, "default": given, "not_null": refused},
    )


def _severity(*, refused: bool, said: bool) -> Severity:
    if refused:
        return Severity.WARN if said else Severity.BLOCK
    return Severity.NOTE if said else Severity.WARN


def _back(given: str) -> str:
    return f"ADD {given}" if given.startswith("GENERATED ") else f"SET DEFAULT {given}"
