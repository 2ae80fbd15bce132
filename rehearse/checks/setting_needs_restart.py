"""A changed setting takes effect only when production is restarted."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.setting import Standing

FAMILY = Family.HYGIENE
HAZARDS: tuple[str, ...] = ()  # the truth table is about migrations
CONDITION = (
    "A setting to be changed can only be set at server start (pg_settings.context is postmaster), and its new value is "
    "not known to be production's already."
)
EFFECT = (
    "A reload leaves the old value in force and says so only in the log; the restart ends every connection, and "
    "standbys may need the new value first."
)
REMEDY = (
    "Plan the restart, or leave the setting for a maintenance window; afterwards pg_settings.pending_restart says "
    "whether one is still due."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one warning for each accepted setting that a reload does not change."""
    for change in evidence.rehearsal.settings:
        if change.standing is Standing.ACCEPTED and change.needs == "restart":
            before = change.production or "a value that is not known"
            yield Finding(
                check="setting-needs-restart",
                family=FAMILY,
                severity=Severity.WARN,
                step=None,
                object=change.name,
                message=f"{change.name} goes from {before} to {change.new} at the next restart of production, "
                "and not before.",
                remedy=REMEDY,
                evidence={"new": change.new, "production": change.production, "context": change.context},
            )
