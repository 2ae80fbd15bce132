"""Findings weighed: what the policy, the steps themselves and the baseline say to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase

from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.baseline import Baseline
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Acceptance, Finding, Ground
from rehearse.model.fulfilment import Fulfilment, accepted_by, is_of
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal


def weighed(
    findings: Sequence[Finding],
    evidence: Evidence,
    judged: Sequence[Fulfilment],
    baseline: Baseline | None,
    today: date,
) -> tuple[Finding, ...]:
    """Return the findings with the severity the policy gives them, and accepted where there is a ground for it."""
    found = tuple(_overridden(finding, evidence.policy) for finding in findings)
    found = tuple(_expected(finding, evidence, judged) for finding in found)
    found = tuple(_acknowledged(finding, evidence, today) for finding in found)
    if baseline is None:
        return found
    known = baseline.known(found)
    return tuple(
        _in_baseline(finding, baseline) if is_known and finding.acceptance is None else finding
        for finding, is_known in zip(found, known, strict=True)
    )


def unused(findings: Sequence[Finding], evidence: Evidence, today: date) -> tuple[Acknowledgement, ...]:
    """Return the acknowledgements that cover no finding, of the steps that were played and of the policy."""
    rehearsal = evidence.rehearsal
    played = {step.id for step in rehearsal.migration.steps if step.started is not None}
    return tuple(
        entry
        for entry in evidence.policy.acknowledgements
        if not entry.has_expired(today) and entry.step in (None, *played)
        if not any(_covers(entry, finding, rehearsal) for finding in findings)
    )


def _overridden(finding: Finding, policy: Policy) -> Finding:
    entry = policy.override_of(finding.check, finding.object, finding.severity)
    if entry is None or entry.severity is finding.severity:
        return finding
    return replace(finding, severity=entry.severity, override=entry, severity_of_check=finding.severity)


def _expected(finding: Finding, evidence: Evidence, judged: Sequence[Fulfilment]) -> Finding:
    meant = accepted_by(finding, evidence, judged)
    if meant is None:
        return finding
    reason = f"{meant.said}, as step {meant.step} declares"
    return replace(finding, acceptance=Acceptance(ground=Ground.EXPECTED, reason=reason, place=meant.place))


def _acknowledged(finding: Finding, evidence: Evidence, today: date) -> Finding:
    if finding.acceptance is not None:
        return finding
    covering = [entry for entry in evidence.policy.acknowledgements if _covers(entry, finding, evidence.rehearsal)]
    valid = next((entry for entry in covering if not entry.has_expired(today)), None)
    if valid is None:
        return replace(finding, expired=tuple(covering))
    return replace(
        finding,
        acceptance=Acceptance(
            ground=Ground.ACKNOWLEDGED,
            reason=valid.reason,
            owner=valid.owner,
            expires=valid.expires,
            place=valid.place,
        ),
    )


def _covers(entry: Acknowledgement, finding: Finding, rehearsal: Rehearsal) -> bool:
    if entry.check != finding.check or not fnmatchcase(finding.object, entry.object):
        return False
    return entry.step is None or is_of(entry.step, finding, rehearsal)


def _in_baseline(finding: Finding, baseline: Baseline) -> Finding:
    acceptance = Acceptance(ground=Ground.BASELINE, reason="already in the baseline", place=baseline.place)
    return replace(finding, acceptance=acceptance)
