"""Annotations of a GitHub workflow: commands on its log, one a line, that mark lines of a pull request."""

from __future__ import annotations

from rehearse.model.finding import Severity
from rehearse.model.report import Report, Verdict
from rehearse.reports import markup, verdict
from rehearse.reports.annotations import Annotation, annotated

_COMMANDS = {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.NOTE: "notice"}


def render(report: Report) -> str:
    """Return the verdict as the first line, then a line for each open point and each finding.

    GitHub shows the first ten of a kind beside the code, and all of them in the log.
    """
    return "\n".join((_summary(report), *(_line(found) for found in annotated(report))))


def _summary(report: Report) -> str:
    command = "notice" if report.verdict is Verdict.SAFE else "error"
    reasons = verdict.reasons(report)
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return _command(command, {"title": f"rehearse: {report.verdict.value}"}, f"{reasons[0] if reasons else ''}{more}")


def _line(found: Annotation) -> str:
    place = {} if found.place is None else {"file": found.place.file, "line": str(found.place.line)}
    command = "notice" if found.acceptance is not None else _COMMANDS[found.severity]
    remedy = f"Do: {found.remedy}" if found.remedy and found.acceptance is None else ""
    told = "\n".join(part for part in (found.message, *found.notes, remedy) if part)
    return _command(command, {**place, "title": found.title}, told)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    r"""Write a workflow command.

    >>> _command("error", {"file": "a,b.py", "title": "50%: no"}, "one\ntwo")
    '::error file=a%2Cb.py,title=50%25%3A no::one%0Atwo'
    """
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    return "%0A".join(markup.shown(line).replace("%", "%25") for line in text.splitlines())


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
