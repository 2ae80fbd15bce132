"""A changed setting is one PostgreSQL refuses."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.setting import SettingChange, Standing

FAMILY = Family.FAILING
HAZARDS: tuple[str, ...] = ()  # the truth table is about migrations
CONDITION = (
    "A setting to be changed is unknown to a server of production's version, its value is out of range or of the wrong "
    "kind, or a server with the changed settings does not start."
)
EFFECT = (
    "On reload PostgreSQL ignores the whole configuration file and keeps what it had; at the next restart, perhaps "
    "weeks later and in the middle of the night, it does not start."
)
REMEDY = "Correct the name or the value (the message says what is allowed), or leave the setting out; rehearse again."


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one block for each setting that was refused; what only the stage cannot tell is open, not refused."""
    for change in evidence.rehearsal.settings:
        if change.standing is Standing.REFUSED:
            yield _finding(change)


def _finding(change: SettingChange) -> Finding:
    return Finding(
        check="setting-refused",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=None,
        object=change.name,
        message=f"{change.name} = {change.new} ({change.origin}) is refused: {(change.error or '').rstrip('.')}.",
        remedy=REMEDY,
        evidence={"new": change.new, "production": change.production, "error": change.error},
    )
