"""Steps: which statement ran in which step of the migration."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from rehearse.model.timeline import StepMark
from rehearse.watch.executions import Execution

_PREFIX = "rehearse:"
_MARKER = re.compile(
    r"\s*SET\s+(?:SESSION\s+)?application_name\s*(?:=|TO)\s*'rehearse:(?P<step>(?:[^']|'')*)'\s*;?\s*", re.IGNORECASE
)
CONTROL = ("BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PREPARE TRANSACTION")


def marker(execution: Execution) -> str | None:
    """Return the step a marker statement announces; None for any other statement."""
    match = _MARKER.fullmatch(execution.sql)
    return None if match is None else match["step"].replace("''", "'")


def marks(executions: Iterable[Execution]) -> tuple[StepMark, ...]:
    """Return when each step began: by its marker, or by the first statement of a session named after it."""
    found: dict[str, StepMark] = {}
    for each in executions:
        step = marker(each) or _named(each)
        if step is not None and step not in found:
            found[step] = StepMark(step=step, started=each.started)
    return tuple(sorted(found.values(), key=lambda mark: mark.started))


def steps(executions: Iterable[Execution], known: Container[str] | None = None) -> tuple[str | None, ...]:
    """Return the step of each statement, in the order given.

    `known` are the steps there were; None: the migration names them itself. Whoever names another begins none.
    A statement belongs to the last step that has begun, in whatever session; BEGIN and COMMIT belong
    to the step of the statements their transaction holds.
    """
    ordered = tuple(executions)
    current: str | None = None
    by_time: list[str | None] = []
    for each in ordered:
        step = marker(each) or _named(each)
        if step is not None and (known is None or step in known):
            current = step
        by_time.append(current)
    inside = _inside(ordered, by_time)
    return tuple(
        inside[each.session, each.vxid][each.tag not in _OPENING] if _is_control(each, inside) else step
        for each, step in zip(ordered, by_time, strict=True)
    )


_OPENING = ("BEGIN", "START TRANSACTION")


def _is_control(execution: Execution, inside: dict[tuple[str, str], list[str | None]]) -> bool:
    return execution.tag in CONTROL and (execution.session, execution.vxid) in inside


def _inside(ordered: tuple[Execution, ...], by_time: list[str | None]) -> dict[tuple[str, str], list[str | None]]:
    """Return the first and the last step of each transaction that holds more than its BEGIN and COMMIT."""
    found: dict[tuple[str, str], list[str | None]] = {}
    for each, step in zip(ordered, by_time, strict=True):
        if each.tag not in CONTROL and marker(each) is None:
            found.setdefault((each.session, each.vxid), [step, step])[1] = step
    return found


def _named(execution: Execution) -> str | None:
    """Return the step a session is named after: the marker itself changes the name for what follows."""
    name = execution.application
    return name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else None
