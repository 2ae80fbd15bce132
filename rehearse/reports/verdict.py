"""Why the verdict is what it is, and what to do next, as every format says it."""

from __future__ import annotations

from rehearse.model.finding import Severity
from rehearse.model.quantity import listing
from rehearse.model.report import Report, Verdict

_NEXT = {
    Verdict.SAFE: "Promote it.",
    Verdict.UNSAFE: "Change the steps named above, or acknowledge a finding with its reason under "
    "[[policy.acknowledge]], then rehearse again.",
    Verdict.UNDECIDED: "Close the open points above and rehearse again: undecided is neither safe nor unsafe.",
}


def reasons(report: Report) -> tuple[str, ...]:
    """Return why, a sentence each; of what blocks the count suffices, the findings are told by themselves."""
    blocks = [found for found in report.findings if found.blocks]
    if blocks:
        checks = tuple(dict.fromkeys(found.check for found in blocks))
        noun = "finding blocks" if len(blocks) == 1 else "findings block"
        alone = report.rehearsal.settings and not report.rehearsal.migration.steps
        return (f"{len(blocks)} {noun} this {'change' if alone else 'migration'}: {listing(checks, 8)}.",)
    is_open = report.verdict is Verdict.UNDECIDED
    return tuple(f"open: {reason}" if is_open else reason for reason in report.reasons)


def open_besides(report: Report) -> tuple[str, ...]:
    """Return the reasons of an unsafe verdict that are no finding: what stayed open besides."""
    if report.verdict is not Verdict.UNSAFE:
        return ()
    messages = {found.message for found in report.findings}
    return tuple(reason for reason in report.reasons if reason not in messages)


def next_act(report: Report) -> str:
    """Say what to do with this verdict, in a sentence that stands below the findings."""
    warned = any(found.severity is Severity.WARN and found.acceptance is None for found in report.findings)
    if report.verdict is Verdict.SAFE and warned:
        return "Promote it, with the warnings above in mind."
    if report.verdict is Verdict.UNSAFE and not report.rehearsal.migration.steps and report.rehearsal.settings:
        return "Change the settings named above, then rehearse again."
    return _NEXT[report.verdict]
