"""What the benchmarks have in common: measures taken in turns, their medians, and the limits these are held to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A measure may be at most so many times the smallest of others, and so much more."""

    measure: str
    times: float = 0
    against: tuple[str, ...] = ()
    plus: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    name: str
    take: Callable[[], float]
    unit: str = "s"
    rounds: int = sys.maxsize  # it takes part in so many at most


def measured(part: str, measures: Iterable[Measure], rounds: int) -> dict[str, float]:
    """Take the measures in turns, the quick ones once before, to warm the caches; return their medians."""
    taken: dict[Measure, list[float]] = {measure: [] for measure in measures}
    for measure in taken:
        if measure.rounds > rounds:
            measure.take()
    for turn in range(rounds):
        for measure, values in taken.items():
            if turn < measure.rounds:
                values.append(measure.take())
    for measure, values in taken.items():
        spread = f"{min(values):.2f} to {max(values):.2f}, {len(values)} times"
        print(f"{part:8} {measure.name:32} {median(values):8.2f} {measure.unit:2}  ({spread})", flush=True)
    return {measure.name: median(values) for measure, values in taken.items()}


def judged(limits: Iterable[Limit], medians: dict[str, float]) -> list[bool]:
    """Print how what was measured stands to its limits; return which of them hold."""
    return [_told(limit, medians) for limit in limits if {limit.measure, *limit.against} <= medians.keys()]


def timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def peak(command: Sequence[str], status: int) -> float:
    """Return the most memory, in MB, that a command had at any time; this process itself is smaller."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, waited, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(waited)
    if process.returncode != status:
        raise SystemExit(f"rehearse ended with status {process.returncode}: {' '.join(command)}")
    return usage.ru_maxrss / 1024


def _told(limit: Limit, medians: dict[str, float]) -> bool:
    value, plus = medians[limit.measure], f"{limit.plus:g}" if limit.plus else ""
    if not limit.against:
        print(f"{_verdict(value, limit.plus)} {limit.measure:28} {value:7.3f}, at most {plus}")
        return value <= limit.plus
    against = min(limit.against, key=medians.__getitem__)
    allowed = limit.times * medians[against] + limit.plus
    rule = " + ".join(filter(None, (f"at most {limit.times:g} x", plus)))
    times = value / medians[against]
    print(f"{_verdict(value, allowed)} {limit.measure:28} {times:7.3f} x {against:30} {rule} = {allowed:.2f}")
    return value <= allowed


def _verdict(value: float, allowed: float) -> str:
    return "ok   " if value <= allowed else "OVER "
