"""A failure: the account of a step that ended in an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rehearse.model.migration import StepRun
from rehearse.model.timeline import Outcome, Statement, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Remnant:
    """Something that is there, or is so, although no step that did it is recorded as applied."""

    kind: str  # of the object: "index", "column"; "rows" for rows that were written
    object: str  # quoted identity
    step: str  # that left it
    told: str  # the same in a sentence's words
    invalid: bool = False  # an index that no query uses and every write maintains


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What failed, where, and how the database was left."""

    step: str
    sqlstate: str | None  # None: the error was not the server's, or the server was not heard
    message: str  # primary, values redacted
    statement: str | None
    location: str | None  # "versions/ae10_x.py:31"
    undone: tuple[str, ...] = ()  # steps of whose work nothing is left
    kept: tuple[str, ...] = ()  # steps whose work stays: they are recorded as applied
    half_done: tuple[str, ...] = ()  # steps of whose work something is left, and which are not recorded
    remnants: tuple[Remnant, ...] = ()
    heads: Mapping[str, tuple[str, ...]] | None = None  # version table -> what it holds now; None: not read


def failed_statement(timeline: Timeline, step: StepRun) -> Statement | None:
    """Return the statement a step failed at; None where the project's own code failed, or none was seen."""
    if step.is_of_code:
        return None
    failed = [found for found in timeline.statements if found.step == step.id and found.outcome is Outcome.FAILED]
    same = [found for found in failed if step.sqlstate in (None, found.sqlstate)]
    return same[-1] if same else None


def message_of(step: StepRun) -> str:
    """Return a driver's message without the class of its exception; of the project's own, the class says something."""
    told = step.error or "no error message"
    return told if step.sqlstate is None else told.partition(": ")[2] or told
