"""SARIF 2.1.0, the format of static analysis results that code scanning and editors read."""

from __future__ import annotations

import json
from urllib.parse import quote

from rehearse import __version__
from rehearse.model.finding import Acceptance, Finding, Severity
from rehearse.model.json import JSON
from rehearse.model.report import Report, Verdict
from rehearse.model.rule import Rule
from rehearse.reports import unrehearsed, verdict
from rehearse.reports.annotations import UNDECIDED, Annotation, annotated
from rehearse.reports.places import Place

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.NOTE: "note"}
_FINGERPRINT = "rehearse/v1"
_OPEN: JSON = {
    "id": UNDECIDED,
    "shortDescription": {"text": "Something that could change the verdict was not established."},
    "help": {"text": "Close the open point as its sentence says and rehearse again."},
}


def render(report: Report) -> str:
    """Return one run: a result for each finding and each open point, a rule for each check."""
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}, indent=2, ensure_ascii=False)


def _run(report: Report) -> JSON:
    found = annotated(report)
    rules = _rules(report)
    return {
        "tool": {"driver": {"name": "rehearse", "version": __version__, "rules": list(rules.values())}},
        "automationDetails": {"id": "rehearse/"},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "results": [_result(each, list(rules)) for each in found],
        "properties": {"verdict": report.verdict.value},
    }


def _rules(report: Report) -> dict[str, JSON]:
    """Return every check that was asked; of one that nothing is known of, what its first finding says."""
    known: dict[str, JSON] = {rule.check: _rule(rule) for rule in report.rules}
    unknown = {found.check: _told_by(found) for found in reversed(report.findings) if found.check not in known}
    return {**known, **unknown, UNDECIDED: _OPEN}


def _rule(rule: Rule) -> JSON:
    return {
        "id": rule.check,
        "shortDescription": {"text": rule.condition},
        "fullDescription": {"text": rule.effect},
        "help": {"text": rule.remedy},
        "properties": {"tags": [rule.family.value]},
    }


def _told_by(found: Finding) -> JSON:
    return {"id": found.check, "help": {"text": found.remedy}, "properties": {"tags": [found.family.value]}}


def _invocation(report: Report) -> JSON:
    rehearsal = report.rehearsal
    level = "note" if report.verdict is Verdict.SAFE else "error"
    told = [(level, reason) for reason in verdict.reasons(report)]
    told += [("warning", sentence) for sentence in unrehearsed.sentences(rehearsal)]
    return {
        "executionSuccessful": report.verdict is not Verdict.UNDECIDED,
        "exitCode": report.verdict.exit_code,
        "startTimeUtc": f"{rehearsal.started_at:%Y-%m-%dT%H:%M:%SZ}",
        "toolExecutionNotifications": [{"level": level, "message": {"text": text}} for level, text in told],
    }


def _result(found: Annotation, rules: list[str]) -> JSON:
    do = (f"Do: {found.remedy}",) if found.remedy else ()
    result: dict[str, JSON] = {
        "ruleId": found.check,
        "ruleIndex": rules.index(found.check),
        "level": _LEVELS[found.severity],
        "message": {"text": "\n\n".join((found.message, *found.notes, *do))},
        "partialFingerprints": {_FINGERPRINT: found.fingerprint},
    }
    if found.place is not None:
        result["locations"] = [_location(found.place)]
    if found.acceptance is not None:
        result["suppressions"] = [_suppression(found.acceptance)]
    return result


def _location(place: Place) -> JSON:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(place.file), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": place.line},
        }
    }


def _suppression(found: Acceptance) -> JSON:
    who = f" ({found.owner})" if found.owner else ""
    until = f", until {found.expires}" if found.expires else ""
    return {"kind": "external", "status": "accepted", "justification": f"{found.reason}{who}{until}"}
