"""The migration tried to reach something that is not the stage."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.addresses import NOWHERE, UNREACHED, unreached
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.timeline import Statement

FAMILY = Family.HYGIENE
HAZARDS: tuple[str, ...] = ()  # the truth table is about migrations
CONDITION = (
    "The migrating process asked for a database that is neither the stage nor a declared environment (declared ones "
    "are given the stage instead), or SQL asked the stage's server to connect to another."
)
EFFECT = "A migration with an address of its own may one day run against the wrong database; here it was refused."
REMEDY = (
    "Let env.py take its URL from the configuration or from DATABASE_URL; if the address is one of yours, declare it "
    "under [environments] in rehearse.toml, and rehearse will give it the stage."
)
_REMEDY_IN_SQL = (
    "What SQL fetches from another server cannot be rehearsed: load it beforehand, or try that step on a copy of "
    "production that may reach the other one."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one block for each address that was refused, and for each that SQL asked for in vain."""
    refused = dict.fromkeys(
        (found.target, found.location) for found in evidence.rehearsal.migration.connections if not found.redirected
    )
    for target, location in refused:
        where = f" ({location})" if location else ""
        yield Finding(
            check="stage-left",
            family=FAMILY,
            severity=Severity.BLOCK,
            step=None,
            object=target,
            message=f"The migration tried to connect to {target}{where}; it was refused and nothing was contacted.",
            remedy=REMEDY,
            evidence={"location": location},
        )
    tried = {
        (statement.step, statement.message): statement
        for statement in evidence.rehearsal.timeline.statements
        if statement.sqlstate in UNREACHED and NOWHERE not in (statement.message or "")
    }
    yield from map(_from_inside, tried.values())


def _from_inside(statement: Statement) -> Finding:
    message = statement.message or ""
    target = next((found.target for found in unreached(message, passed_on=True)), "another server")
    return Finding(
        check="stage-left",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=statement.step,
        object=target,
        message=f"Step {statement.step or '?'} had the stage's server connect to {target}, in vain: {message}.",
        remedy=_REMEDY_IN_SQL,
        evidence={"sqlstate": statement.sqlstate, "sql": statement.sql},
    )
