"""What policy, declarations and baseline say to the findings, as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.finding import Acceptance, Finding
from rehearse.model.fulfilment import Fulfilment
from rehearse.model.json import JSON
from rehearse.model.report import Report
from rehearse.model.severity import Override


def of_finding(found: Finding) -> Mapping[str, JSON]:
    """Return what is to be said of one finding beside what its check says."""
    return {
        "acceptance": None if found.acceptance is None else _acceptance(found.acceptance),
        "expired": [_acknowledgement(entry) for entry in found.expired],
        "override": None if found.override is None else _override(found, found.override),
    }


def of_expectation(found: Fulfilment) -> JSON:
    """Return one expectation, and whether it was kept (null: open, or not played)."""
    return {
        "step": found.expectation.step,
        "expected": found.expectation.said,
        "place": found.expectation.place,
        "object": found.object,
        "kept": found.holds,
        "told": found.sentence,
    }


def of_policy(report: Report) -> JSON:
    """Return where the policy comes from, and what of it covers nothing."""
    return {
        "from": report.policy.source,
        "environment": report.policy.environment,
        "baseline": None if report.baseline is None else report.baseline.place,
        "notes": list(report.policy.notes),
        "unused": [_acknowledgement(entry) for entry in report.unused],
    }


def _acceptance(found: Acceptance) -> JSON:
    return {
        "ground": found.ground.value,
        "reason": found.reason,
        "owner": found.owner,
        "expires": None if found.expires is None else found.expires.isoformat(),
        "place": found.place,
    }


def _acknowledgement(entry: Acknowledgement) -> JSON:
    return {
        "check": entry.check,
        "object": entry.object,
        "reason": entry.reason,
        "owner": entry.owner,
        "expires": None if entry.expires is None else entry.expires.isoformat(),
        "place": entry.place,
        "step": entry.step,
    }


def _override(found: Finding, entry: Override) -> JSON:
    return {
        "severity_of_check": None if found.severity_of_check is None else found.severity_of_check.value,
        "reason": entry.reason,
        "place": entry.place,
    }
