"""What only the page says, and how much of it there is room for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from textwrap import dedent

from rehearse.model.advice import Advice
from rehearse.model.finding import Acceptance, Finding, Ground
from rehearse.model.fulfilment import Fulfilment
from rehearse.model.json import JSON
from rehearse.model.migration import StepRun
from rehearse.model.quantity import duration
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Report, Verdict
from rehearse.model.timeline import LockMode, Statement, WorkKind

# Signs that steer a terminal, end a line or let a name pass for another one, written as Python writes them.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_GROUNDS = {Ground.ACKNOWLEDGED: "acknowledged", Ground.EXPECTED: "expected", Ground.BASELINE: "in the baseline"}
_HEADLINES = {
    Verdict.SAFE: "Safe to promote",
    Verdict.UNSAFE: "Unsafe to promote",
    Verdict.UNDECIDED: "Undecided",
}
_INPUTS = {"max_blocking_ms": "max blocking, ms", "allow_superuser": "allowed as superuser", "rows": "rows a table"}
_MOST_STATEMENTS = 400  # on the whole page
_SQL_IN_ALL = 150_000  # characters
_EVIDENCE_IN_ALL = 150_000
MOST_ACTS = 20
MOST_WORKS = 5  # of a step, in its row
MOST_LOCKS = 300
MOST_CHANGES = 300
MOST_COUNTS = 400
MOST_MASKS = 400


class Told:
    """Remembers what was said, so that it is said once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def first(self, sentence: str) -> bool:
        """Say whether a sentence is said for the first time, which is now."""
        if sentence in self._said:
            return False
        self._said.add(sentence)
        return True


def headline(report: Report) -> str:
    """Return the verdict in the words of the page's first heading."""
    return _HEADLINES[report.verdict]


def shown(value: object) -> object:
    r"""Return what is written for a value: text without signs that a page may not hold or that deceive its reader.

    >>> shown("a\u202eb\nc"), shown(1)
    ('a\\u202eb\nc', 1)
    """
    if type(value) is not str:
        return value
    return _STEERING.sub(lambda found: repr(found[0])[1:-1], value)


def moment(found: datetime) -> str:
    """Write a moment to the minute.

    >>> moment(datetime(2026, 11, 28, 1, 57, 59, tzinfo=UTC))
    '2026-11-28 01:57 UTC'
    """
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def since(found: datetime, start: datetime) -> str:
    """Write how long after the beginning something was, or before it.

    >>> since(datetime(2026, 11, 28, 1, 1, 3), datetime(2026, 11, 28, 1, 0, 59))
    '+4.0 s'
    """
    return f"-{duration(start - found)}" if found < start else f"+{duration(found - start)}"


def mode(found: LockMode) -> str:
    """Write a lock mode as the manual does.

    >>> mode(LockMode.SHARE_UPDATE_EXCLUSIVE)
    'SHARE UPDATE EXCLUSIVE'
    """
    return found.name.replace("_", " ")


def advice(found: Advice) -> str:
    """Say how to run a step in a few words; the long form stands below the table."""
    limit = "no lock_timeout"
    if found.lock_timeout is not None:
        limit = f"lock_timeout {found.lock_timeout.total_seconds():g} s"
    tries = f", {found.tries} tries {found.pause.total_seconds():g} s apart" if found.tries > 1 else ""
    return f"{limit}{tries}{', quiet window' if found.quiet_window else ''}"


def timeout(found: timedelta | None) -> str:
    """Write a timeout that was in force."""
    if found is None:
        return "not observed"
    return duration(found) if found else "none"


def told(fulfilment: Fulfilment) -> str:
    """Return the word for what became of an expectation."""
    if fulfilment.holds is None:
        return "open" if fulfilment.was_played else "not played"
    return "kept" if fulfilment.holds else "missed"


def ground(found: Acceptance) -> str:
    return _GROUNDS[found.ground]


def works(statement: Statement) -> Iterator[str]:
    """Yield what a statement did to rows, a line each."""
    for found in statement.work:
        if found.kind is not WorkKind.METADATA:
            detail = f" ({found.detail})" if found.detail else ""
            yield f"{found.kind.value} {found.object}: {found.rows:,}{detail}"


def of_step(rehearsal: Rehearsal, step: StepRun) -> tuple[Statement, ...]:
    return tuple(found for found in rehearsal.timeline.statements if found.step == step.id)


def outside(rehearsal: Rehearsal) -> tuple[Statement, ...]:
    """Return the statements that belong to no step: before the first, between two, after the last."""
    return tuple(found for found in rehearsal.timeline.statements if found.step is None)


def statements_a_step(rehearsal: Rehearsal) -> int:
    """Return of how many statements of each step there is room to tell."""
    return max(10, _MOST_STATEMENTS // max(len(rehearsal.migration.steps), 1))


def sql_room(rehearsal: Rehearsal) -> int:
    """Return of how many characters of a statement there is room to tell."""
    return _room(_SQL_IN_ALL, min(len(rehearsal.timeline.statements), _MOST_STATEMENTS))


def evidence_room(report: Report) -> int:
    """Return of how many characters of one finding's evidence there is room to tell."""
    return _room(_EVIDENCE_IN_ALL, min(len(report.findings), 200))


def _room(in_all: int, number: int) -> int:
    return max(120, min(4_000, in_all // max(number, 1)))


def cut(text: str, room: int) -> str:
    """Return a text, cut where there is no room for it, with the number of characters that are missing.

    >>> cut("SELECT 1", 6), cut("SELECT 1", 8)
    ('SELECT ... (2 more characters)', 'SELECT 1')
    """
    if len(text) <= room:
        return text
    return f"{text[:room]} ... ({len(text) - room:,} more characters)"


def sql(statement: str, room: int) -> str:
    r"""Write a statement without the margin it has in its file, cut where there is no room for it.

    >>> sql("\n    SELECT 1\n      FROM t\n", 100)
    'SELECT 1\n  FROM t'
    """
    return cut(dedent(statement.replace("\r\n", "\n").strip("\n")).strip(), room)


def evidence(found: Finding) -> Iterator[tuple[str, str, bool]]:
    """Yield what a finding rests on: its name, its value, and whether that is a statement."""
    for name, value in found.evidence.items():
        if value is not None:
            yield _title(name), written(value), name == "sql"


def inputs(rehearsal: Rehearsal) -> Iterator[tuple[str, str]]:
    """Yield what was asked for, without what was left open."""
    for name, value in rehearsal.inputs.items():
        if value not in (None, "", [], (), {}):
            yield _INPUTS.get(name, _title(name)), written(value)


def written(value: JSON) -> str:
    """Write a value of JSON as people read it.

    >>> written(["a", 1]), written({"rehearse": "0.1.0"}), written(True), written(60_000)
    ('a, 1', 'rehearse 0.1.0', 'yes', '60,000')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {written(each)}" for name, each in value.items())
    if isinstance(value, Sequence):
        return ", ".join(map(written, value))
    return json.dumps(value)


def commit(rehearsal: Rehearsal) -> str | None:
    """Return the commit that was rehearsed, where the run knows it."""
    found = rehearsal.inputs.get("commit")
    return found if isinstance(found, str) else None


def version(rehearsal: Rehearsal) -> str:
    """Return the version of the tool that rehearsed."""
    found = rehearsal.inputs.get("versions")
    return written(found.get("rehearse", "")) if isinstance(found, Mapping) else ""


def _title(name: str) -> str:
    return name.replace("_", " ")
