"""Open points: what statements may have done to tables that neither their text nor the server tells without a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rehearse.model import wording
from rehearse.model.timeline import Outcome, Statement, Timeline
from rehearse.watch import definitions, strings
from rehearse.watch.assembly import Observation
from rehearse.watch.heard import Heard

_CLOSED_BY = "Rehearse on a server of rehearse's own (leave --into out), or as a superuser of a server that logs as jsonlog in UTC."
_SHOWN = 60  # characters of a statement


def points(timeline: Timeline, observation: Observation, told: Iterable[Heard]) -> Iterator[str]:
    """Yield a sentence for each step whose statements may have locked or read tables unseen."""
    relations = observation.relations
    code: dict[str | None, list[Statement]] = {}
    for each in timeline.statements:
        if each.outcome is Outcome.APPLIED and not definitions.is_understood(each.sql, relations):
            code.setdefault(each.step, []).append(each)
    for step, statements in code.items():
        more = f" and {len(statements) - 1} more like it" if len(statements) > 1 else ""
        yield (
            f"{_step(step)} ran {_shown(statements[0].sql)}{more}: which tables it locked, and what it read there, is known "
            f"as far as samples saw it. {_CLOSED_BY}"
        )
    altering = [each for each in told if each.is_quiet and strings.word(each.execution.sql) == "ALTER"]
    if altering:
        yield (
            "The migration sets client_min_messages, so the server did not say whether "
            f"{_shown(altering[0].execution.sql)} verified rows. Leave that setting alone, or: {_CLOSED_BY}"
        )


def _step(step: str | None) -> str:
    return f"Step {step}" if step else "The migration"


def _shown(sql: str) -> str:
    line = " ".join(wording.statement(sql).split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
