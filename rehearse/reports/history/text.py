"""The history as text."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.history import Entry, History
from rehearse.model.observation import Accuracy, Observation, StepTime
from rehearse.model.quantity import duration, listing

_MOST_CHANGES = 3


def render(history: History) -> str:
    """Return a block of lines for each run, the newest last, and how good the forecasts were."""
    return "\n".join([*(line for entry in history.entries for line in _entry(entry)), *_accuracy(history.accuracy), ""])


def observed(found: Observation) -> str:
    """Return what was seen of one release, a line for each of its steps."""
    head = f"Run {found.run} took {duration(found.took)} in production (by {_by(found)})."
    return "\n".join([head, *(f"  {_step(step)}" for step in found.steps), *(f"  {note}" for note in found.notes), ""])


def _entry(entry: Entry) -> Iterator[str]:
    run = entry.run
    findings = [f"{run.blocks} block" if run.blocks else "", f"{run.warnings} warn" if run.warnings else ""]
    told = f" ({', '.join(filter(None, findings))})" if any(findings) else ""
    steps = f"{len(run.steps)} {'step' if len(run.steps) == 1 else 'steps'}"
    played = f": {run.steps[0]} to {run.steps[-1]}" if len(run.steps) > 1 else f": {run.steps[0]}" if run.steps else ""
    yield f"{run.id}  {run.verdict.value}{told}  {steps}{played}  for {run.environment or run.source}"
    yield f"  rehearsed in {duration(run.took)}, with data of {run.data_taken_at:%Y-%m-%d %H:%M} UTC"
    if entry.moved:
        yield f"  production's schema moved since the run before: {_moves(entry.changes)}"
    if entry.observation is not None:
        yield f"  in production: {duration(entry.observation.took)} (by {_by(entry.observation)})"
        yield from (f"    {_step(step)}" for step in entry.observation.steps if step.forecast is not None)


def _moves(changes: tuple[str, ...]) -> str:
    return listing(changes, _MOST_CHANGES) or "in what a stage does not have"


def _by(found: Observation) -> str:
    return f"its log {found.source}" if found.by == "log" else f"what {found.source} recorded"


def _step(step: StepTime) -> str:
    names = listing(step.steps, 8)
    seen = "" if step.seen is None or step.seen == step.known else f" ({step.seen} of {step.known} statements)"
    if step.forecast is None:
        return f"{names}: {duration(step.took)}{seen}; no time was told"
    answer = "as told" if step.is_held else "not as told"
    return f"{names}: {duration(step.took)}{seen}; told were {step.forecast.told}: {answer}"


def _accuracy(found: Accuracy) -> Iterator[str]:
    if not found.told:
        return
    middle = "" if found.ratio is None else f"; the median took {found.ratio:.2f} times the middle of what was told"
    yield f"Forecasts: {found.held} of {found.told} held{middle}."
