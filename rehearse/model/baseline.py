"""A baseline: the findings of an earlier report, which a later one may have, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rehearse.model.finding import Family, Finding
from rehearse.model.json import JSON
from rehearse.model.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFinding:
    """A finding of the baseline, as far as it can be found again: in whatever step it stands."""

    check: str
    object: str
    severity: Severity
    lost: int | None  # rows or values, where that is what it says

    def is_again(self, finding: Finding) -> bool:
        """Say whether a finding is this one, and no worse."""
        if (self.check, self.object) != (finding.check, finding.object):
            return False
        return self.severity.weight >= finding.severity.weight and not _has_grown(self.lost, finding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The findings of the base branch."""

    place: str  # the file they were read from
    findings: tuple[KnownFinding, ...]

    def known(self, findings: tuple[Finding, ...]) -> tuple[bool, ...]:
        """Say of each finding whether the baseline has it; each of the baseline's stands for one."""
        left = list(self.findings)
        answers = []
        for finding in findings:
            same = next((entry for entry in left if entry.is_again(finding)), None)
            if same is not None:
                left.remove(same)
            answers.append(same is not None)
        return tuple(answers)


def lost(evidence: Mapping[str, JSON]) -> int | None:
    """Return how many rows or values a finding says are lost; None where it does not say.

    >>> lost({"before": 10, "after": 7}), lost({"changed": 1, "nulled": 2, "rows": 9}), lost({"values": 4}), lost({})
    (3, 3, 4, None)
    """
    before, after = evidence.get("before"), evidence.get("after")
    if isinstance(before, int) and isinstance(after, int):
        return before - after
    changed, nulled = evidence.get("changed"), evidence.get("nulled")
    if isinstance(changed, int) and isinstance(nulled, int):
        return changed + nulled
    found = evidence.get("values", evidence.get("rows"))
    return found if isinstance(found, int) else None


def _has_grown(before: int | None, finding: Finding) -> bool:
    now = lost(finding.evidence) if finding.family is Family.LOSS else None
    return before is not None and now is not None and now > before
