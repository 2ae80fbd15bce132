"""A constraint is left NOT VALID that rows violate."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model import offenders
from rehearse.model.catalog import CatalogObject
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import split
from rehearse.model.proof import Proof

FAMILY = Family.FAILING
HAZARDS = ("C4",)
CONDITION = (
    "The migration made a constraint NOT VALID and left it so, and VALIDATE CONSTRAINT, tried on the stage afterwards, "
    "was refused for rows that violate it."
)
EFFECT = (
    "VALIDATE CONSTRAINT will fail in production, too. Until the rows are repaired, a CHECK refuses every UPDATE of "
    "one of them, whatever column it changes; a foreign key those of the referring columns."
)
REMEDY = "Repair the rows before the constraint is added, in batches, and VALIDATE it in the step after."


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for a CHECK, which refuses updates at once, a note for a foreign key or where there is doubt."""
    for proof in evidence.rehearsal.proofs:
        constraint = evidence.rehearsal.after.find("constraint", proof.constraint)
        if proof.is_refuted and constraint is not None:
            yield _finding(evidence, proof, constraint)


def _finding(evidence: Evidence, proof: Proof, constraint: CatalogObject) -> Finding:
    statement = evidence.statement_creating(constraint.identity)
    is_check = constraint.text("type") == "check"
    doubt = _doubt(evidence, constraint)
    until = ", and every UPDATE of such a row fails until then" if is_check else ""
    name = split(constraint.identity)[-1]
    return Finding(
        check="constraint-unproven",
        family=FAMILY,
        severity=Severity.WARN if is_check and not doubt else Severity.NOTE,
        step=statement.step if statement else None,
        object=constraint.identity,
        message=f"{name} of {proof.table} is left NOT VALID, and rows of the stage violate it: VALIDATE CONSTRAINT "
        f"fails on them{until}{doubt}.",
        remedy=f"Find the rows in production: {offenders.of_constraint(constraint, evidence.rehearsal.after)} Repair "
        f"them, then ALTER TABLE {proof.table} VALIDATE CONSTRAINT {name};",
        evidence={"sql": statement.sql if statement else None, "sqlstate": proof.sqlstate, "error": proof.message},
    )


def _doubt(evidence: Evidence, constraint: CatalogObject) -> str:
    """Say why the stage's rows may differ from production's in this very point."""
    names = {split(column)[-1] for column in offenders.columns_of(constraint)}
    masked = [
        found.identity
        for found in evidence.rehearsal.fidelity.masked
        if found.table == constraint.table and found.column in names
    ]
    if masked:
        return f" (here {masked[0]} is masked, so ask production)"
    parent = constraint.text("references")
    if parent and not evidence.rehearsal.is_whole(parent):
        return f" (the stage holds a sample of {parent}, so ask production)"
    return ""
