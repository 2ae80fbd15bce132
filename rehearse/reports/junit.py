"""JUnit's XML, which every CI shows as tests: one for the verdict, one for each step, one for each check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from xml.etree import ElementTree as ET

from rehearse.model.finding import Finding
from rehearse.model.migration import StepRun
from rehearse.model.report import Report, Verdict
from rehearse.model.timeline import Outcome
from rehearse.reports import sentences, unrehearsed, verdict

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2 Characters


def render(report: Report) -> str:
    """Return the tests: what blocks is a failure, what stayed open an error, a step not played is skipped."""
    suites = [
        _suite("rehearse.verdict", [_verdict(report), _releases(report)]),
        _suite("rehearse.steps", list(_steps(report))),
        _suite("rehearse.checks", list(_checks(report))),
    ]
    root = ET.Element("testsuites", name="rehearse")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    return f"{_DECLARATION}\n{ET.tostring(root, encoding='unicode')}\n"


def _suite(name: str, cases: Sequence[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", name=name, tests=str(len(cases)))
    for total, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(sum(case.find(outcome) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    suite.extend(cases)
    return suite


def _verdict(report: Report) -> ET.Element:
    case = _case("rehearse.verdict", "nothing is open", sum(report.rehearsal.timings.values(), timedelta(0)))
    points = report.reasons if report.verdict is Verdict.UNDECIDED else verdict.open_besides(report)
    if points:
        _add(case, "error", "undecided", points)
    return case


def _releases(report: Report) -> ET.Element:
    """Return a test that is skipped for releases that skipped theirs; they have no part in the verdict."""
    case = _case("rehearse.verdict", "every release was rehearsed", timedelta(0))
    if told := unrehearsed.sentences(report.rehearsal):
        _add(case, "skipped", None, told)
    return case


def _steps(report: Report) -> Iterator[ET.Element]:
    for step in report.rehearsal.migration.steps:
        case = _case("rehearse.steps", f"{step.id} {step.title}".strip(), step.duration)
        found = [each for each in report.findings if each.step == step.id]
        _fill(case, found)
        if case.find("failure") is None:
            _left(case, step)
        yield case


def _left(case: ET.Element, step: StepRun) -> None:
    """Say that a step did not end, though nothing of it blocks."""
    if step.outcome is Outcome.SKIPPED:
        _add(case, "skipped", None, ("It was not played.",))
    if step.outcome is Outcome.FAILED:
        _add(case, "error", "failed", (step.error or "It failed.",))


def _checks(report: Report) -> Iterator[ET.Element]:
    names = {rule.check for rule in report.rules} | {found.check for found in report.findings}
    for name in sorted(names):
        case = _case("rehearse.checks", name, timedelta(0))
        _fill(case, [each for each in report.findings if each.check == name])
        yield case


def _fill(case: ET.Element, findings: Sequence[Finding]) -> None:
    """Put what blocks in as a failure, and the rest as what the test printed."""
    blocks = [found for found in findings if found.blocks]
    others = [found for found in findings if not found.blocks]
    if blocks:
        checks = dict.fromkeys(found.check for found in blocks)
        _add(case, "failure", ", ".join(checks), [_told(found) for found in blocks])
    if others:
        printed = ET.SubElement(case, "system-out")
        printed.text = _clean("\n\n".join(f"{found.severity.value}: {_told(found)}" for found in others))


def _told(found: Finding) -> str:
    return "\n".join((found.message, *sentences.weighed(found), f"Do: {found.remedy}"))


def _case(suite: str, name: str, took: timedelta) -> ET.Element:
    return ET.Element("testcase", classname=suite, name=_clean(name), time=f"{took.total_seconds():.3f}")


def _add(case: ET.Element, outcome: str, kind: str | None, told: Sequence[str]) -> None:
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    first, _, _ = told[0].partition("\n")
    added = ET.SubElement(case, outcome, message=_clean(f"{first}{more}"))
    if kind is not None:
        added.set("type", _clean(kind))
    added.text = _clean("\n\n".join(told))


def _clean(text: str) -> str:
    """Replace what no XML document may hold, however it is written."""
    return _NO_XML.sub("\ufffd", text)
