"""The migration tried to reach something that is not the stage."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity

FAMILY = Family.HYGIENE
HAZARDS: tuple[str, ...] = ()  # the truth table is about migrations
CONDITION = (
    "The migrating process asked for a database that is neither the stage nor a declared environment (declared ones "
    "are given the stage instead)."
)
EFFECT = "A migration with an address of its own may one day run against the wrong database; here it was refused."
REMEDY = (
    "Let env.py take its URL from the configuration or from DATABASE_URL; if the address is one of yours, declare it "
    "under [environments] in rehearse.toml, and rehearse will give it the stage."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one block for each address that was refused."""
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
