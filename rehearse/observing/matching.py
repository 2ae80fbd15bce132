"""Find a run's statements in production's log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from rehearse.model.observation import Observation, StepTime
from rehearse.model.report import Report
from rehearse.model.timeline import Outcome, Statement
from rehearse.observing.errors import NothingToObserve, NotInTheLog
from rehearse.observing.logs import Logged

# Every transaction says these, the application's as well: by them no step is recognised, and they take no time.
_COMMON = frozenset(
    {"BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "RESET", "SHOW"}
)
_EXACT_TO = timedelta(microseconds=1)


def by_log(report: Report, logged: Iterable[Logged], name: str) -> Observation:
    """Return what the steps of a run took by a log of production's.

    A step's time is that of the statements a forecast was made for; without one, of all of its statements that are in
    the log. Those of one session count, of the latest that has most of them: what applications say is not counted.
    Raises NothingToObserve and NotInTheLog.
    """
    known = [found for found in report.rehearsal.timeline.statements if _is_of_a_step(found)]
    if not known:
        raise NothingToObserve(report.rehearsal.id, "no statement of a step was seen on the stage")
    sessions: defaultdict[str, list[Logged]] = defaultdict(list)
    for found in logged:
        sessions[found.session].append(found)
    newest_first = reversed(sessions.values())
    matched = max((tuple(_matched(known, said)) for said in newest_first), key=len, default=())
    if not matched:
        raise NotInTheLog(name, report.rehearsal.id)
    return Observation(
        run=report.rehearsal.id,
        observed_at=datetime.now(UTC),
        source=name,
        by="log",
        steps=tuple(_steps(report, known, matched)),
        notes=tuple(_notes(known, matched, name)),
    )


def _is_of_a_step(found: Statement) -> bool:
    return found.step is not None and found.outcome is Outcome.APPLIED and found.tag not in _COMMON


def _matched(known: Sequence[Statement], said: Iterable[Logged]) -> Iterator[tuple[Statement, timedelta]]:
    """Yield the statements that one session said in the run's order; one that is said more often counts each time.

    A loop over batches makes more of them in production than on a stage.
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, found in enumerate(known):
        places[_plain(found.sql)].append(place)
    reached = -1
    for logged in said:
        at = places.get(_plain(logged.sql), [])
        coming = [place for place in at if place > reached]
        again = [place for place in at if reached >= 0 and known[place].step == known[reached].step]
        for place in (*coming, *again)[:1]:
            reached = max(reached, place)
            yield known[place], logged.took


def _steps(
    report: Report, known: Sequence[Statement], matched: Sequence[tuple[Statement, timedelta]]
) -> Iterator[StepTime]:
    of_stage = Counter(found.step for found in known)
    forecast = {found.statement.number for found in report.predictions}
    for step in dict.fromkeys(found.step for found, _ in matched):
        assert step is not None
        of_step = [(found, took) for found, took in matched if found.step == step]
        scaled = [took for found, took in of_step if found.number in forecast]
        yield StepTime(
            steps=(step,),
            took=sum(scaled or (took for _, took in of_step), timedelta(0)),
            exact_to=_EXACT_TO,
            forecast=report.forecast_of(step) if scaled else None,
            seen=len({found.number for found, _ in of_step}),
            known=of_stage[step],
        )


def _notes(known: Sequence[Statement], matched: Sequence[tuple[Statement, timedelta]], name: str) -> Iterator[str]:
    missing = len(known) - len({found.number for found, _ in matched})
    if missing:
        yield f"{missing} of {len(known)} statements are not in {name}, and their time is missing."


def _plain(sql: str) -> str:
    return " ".join(sql.split()).removesuffix(";").rstrip()
