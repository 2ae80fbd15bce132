"""The release that is in production does not work on the migrated stage."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.own_check import Standing

FAMILY = Family.CONTRACT
HAZARDS: tuple[str, ...] = ()  # it decides none by itself: the old release's own tests do
CONDITION = (
    "The command that says whether the old release works (migrations.old_release_command, or --still-works), run from "
    "the code of --base against the migrated stage, ends with another status than 0."
)
EFFECT = (
    "Between the migration and the end of the roll-out, and after a roll-back of the code, the old release meets the "
    "new schema: what its own tests show is what its users would see."
)
REMEDY = (
    "Split the change: a migration both releases live with (add, write both ways), the new release, and in a later "
    "release the migration that takes away what the old one needed. Where the old release is stopped before the "
    "migration and never comes back, acknowledge it."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block if the old release's command failed."""
    found = evidence.rehearsal.old_release
    if found is None or found.run is None or found.standing is not Standing.FAILS:
        return
    said = f": {found.run.last_line.rstrip('.')}" if found.run.last_line else ""
    yield Finding(
        check="old-release-broken",
        family=FAMILY,
        severity=Severity.BLOCK,
        step=None,
        object=found.release,
        message=f"The old release {found.release} does not work on the migrated stage: {found.run.words} ended with "
        f"{found.run.told}{said}.",
        remedy=REMEDY,
        evidence={
            "command": found.run.words,
            "exit_status": found.run.exit_status,
            "output": found.run.output_tail,
        },
    )
