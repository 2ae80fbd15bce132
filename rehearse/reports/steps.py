"""What each step did, in the few words a table of steps has room for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearse.model.migration import StepRun
from rehearse.model.quantity import duration, rows, size
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import LockWindow, Outcome, SizeChange, WorkKind

_NOT_KNOWN = "not known"


def took(step: StepRun) -> str:
    """Say how long a step took, or why that says nothing: "0.4 s", "failed", "skipped"."""
    return duration(step.duration) if step.outcome is Outcome.APPLIED else step.outcome.value


def is_known(rehearsal: Rehearsal) -> bool:
    """Say whether what was not seen was not there: samples miss things, unless everything else told."""
    return rehearsal.fidelity.observation != "sampled" or rehearsal.timeline.complete


def nothing(rehearsal: Rehearsal, established: str) -> str:
    """Return how nothing is called, where it is established and where it is not."""
    return established if is_known(rehearsal) else _NOT_KNOWN


def work(rehearsal: Rehearsal, step: StepRun) -> tuple[str, ...]:
    """Return what a step did to rows of tables that were there before, a line each; never empty."""
    lines = tuple(f"{what}: {rows(number)}" for what, number in works(rehearsal, step).items())
    return lines or (nothing(rehearsal, "none"),)


def works(rehearsal: Rehearsal, step: StepRun) -> Mapping[str, int]:
    """Return the rows of a step's works, alike ones added up: {"rewrite public.orders": 1000}."""
    totals: dict[str, int] = {}
    for statement in rehearsal.timeline.statements:
        for found in statement.work if statement.step == step.id else ():
            counts = found.existed_before and found.kind is not WorkKind.METADATA
            if counts and found.object not in rehearsal.facts.history:
                verb = found.detail if found.kind is WorkKind.ROWS and found.detail else found.kind.value
                key = f"{verb} {found.object}"
                totals[key] = totals.get(key, 0) + found.rows
    return totals


def lock(rehearsal: Rehearsal, step: StepRun) -> str:
    """Say which lock of a step stops most traffic, what it stops and for how long it was held on the stage."""
    locks = blocking(rehearsal, step)
    if not locks:
        return nothing(rehearsal, "none that blocks")
    strongest = max(locks, key=lambda lock: (lock.mode.strength, lock.held))
    others = len({lock.object for lock in locks}) - 1
    more = f" (and {others} more)" if others else ""
    return f"{strongest.object}{more}: no {' or '.join(strongest.mode.blocks)}, {duration(strongest.held)}"


def blocking(rehearsal: Rehearsal, step: StepRun) -> tuple[LockWindow, ...]:
    """Return the locks a step took that make others wait to write, or to read."""
    return tuple(lock for lock in rehearsal.timeline.locks if lock.step == step.id and lock.mode.blocks_writes)


def sizes(rehearsal: Rehearsal, step: StepRun) -> tuple[str, ...]:
    """Return how the existing tables of which a step changed rows or files grew or shrank, a line each.

    Sizes are read before the first step and after the last, so a table that other steps worked on, too, says so.
    """
    return tuple(
        f"{found.object}: {difference(found)}{', together with other steps' if len(steps) > 1 else ''}"
        for found, steps in _writers(rehearsal)
        if step.id in steps
    )


def difference(found: SizeChange) -> str:
    """Say how much larger or smaller a table is: "+1.4 MB", "gone (-8 kB)"."""
    if found.after is None:
        return f"gone (-{size(found.before.total)})"
    octets = found.after.total - found.before.total
    return f"{'-' if octets < 0 else '+'}{size(abs(octets))}"


def _writers(rehearsal: Rehearsal) -> Iterator[tuple[SizeChange, frozenset[str]]]:
    """Yield each table whose size changed with the steps that changed it: that wrote it, or else altered it."""
    wrote: dict[str, set[str]] = {}
    altered: dict[str, set[str]] = {}
    for statement in rehearsal.timeline.statements:
        for found in statement.work:
            if statement.step is not None and found.kind is not WorkKind.SCAN:
                steps = altered if found.kind is WorkKind.METADATA else wrote
                steps.setdefault(found.object, set()).add(statement.step)
    for size_change in rehearsal.timeline.sizes:
        table = size_change.object
        if table not in rehearsal.facts.history:
            yield size_change, frozenset(wrote.get(table) or altered.get(table) or ())
