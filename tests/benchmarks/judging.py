"""What a long migration costs to judge: the forecast, the advice and all checks, of ever more changes.

    python tests/benchmarks/judging.py [--changes 1000 5000] [--rounds 3]

The run is made up: every change is of a table of its own, in turns an index that is built, a foreign key that is
proven, a table that is written anew and rows that are written; once with a step and a transaction for each, once with
a step for each in one transaction, once all in one step. Medians of processor time; the exit status is 1 where the
most changes take more than twice what is their share of the time of the fewest.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import evidence, facts, lock, migration, rehearsal, row_count, statement, step, table, timeline, work

from rehearse import forecast, registry
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import LockWindow, Statement, WorkKind

LAYOUTS: Mapping[str, Callable[[int], tuple[str, str]]] = {  # step and transaction of a change
    "a transaction each": lambda number: (f"{number:04}", f"a/{number}"),
    "one transaction": lambda number: (f"{number:04}", "a/1"),
    "one step": lambda number: ("0001", f"a/{number}"),
}
SQUARE = "one transaction"  # every lock is held during all work after it: so many pairs there are for checks to tell
_MOST = 2.0  # times its share
_LEAST = 0.02  # seconds; what takes less is not held to anything
_SAMPLE, _PRODUCTION = 1_000, 3_000_000
_KINDS = (WorkKind.INDEX_BUILD, WorkKind.SCAN, WorkKind.REWRITE, WorkKind.ROWS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, nargs="+", default=[1_000, 5_000])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    held = True
    for layout in LAYOUTS:
        taken = {number: _measured(layout, number, asked.rounds) for number in asked.changes}
        few, many = min(taken), max(taken)
        for part in taken[few]:
            ratio = taken[many][part] / taken[few][part]
            holds = ratio <= many / few * _MOST or taken[many][part] < _LEAST
            held = held and holds
            times = "".join(f"{found[part]:10.3f} s" for found in taken.values())
            print(f"{layout:20}{part:10}{times}  {ratio:6.1f} times {'' if holds else 'TOO SLOW'}", flush=True)
    return 0 if held else 1


def _measured(layout: str, changes: int, rounds: int) -> Mapping[str, float]:
    """Return the median seconds of each part; what is kept of a run helps none of the others."""
    policy = Policy()
    taken: dict[str, list[float]] = {"predict": [], "advise": [], "checks": []}
    for _ in range(rounds):
        given, again = long(layout, changes), long(layout, changes)
        seen = evidence(given)
        taken["predict"].append(_busy(lambda again=again: forecast.predict(again, policy)))
        taken["advise"].append(_busy(lambda seen=seen: forecast.advise(seen.rehearsal, seen.predictions, policy)))
        if layout != SQUARE:
            taken["checks"].append(_busy(lambda seen=seen: registry.run_checks(seen)))
    return {part: statistics.median(values) for part, values in taken.items() if values}


def _busy(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def long(layout: str, changes: int) -> Rehearsal:
    """Return a run of so many changes."""
    places = [LAYOUTS[layout](1 + number) for number in range(changes)]
    names = [_name(number) for number in range(changes)]
    played = [_statement(number, *place) for number, place in enumerate(places)]
    return rehearsal(
        facts=facts(*(table(_PRODUCTION, name=name) for name in names)),
        migration=migration(*(step(identifier) for identifier in dict.fromkeys(step for step, _ in places))),
        timeline=timeline(*played, *(_lock(number, *place) for number, place in enumerate(places))),
        row_counts=tuple(row_count(_SAMPLE, _SAMPLE, _PRODUCTION, name=name) for name in names),
        after=Catalog(objects=tuple(_key(number) for number in range(changes))),
    )


def _name(number: int) -> str:
    return f"public.t_{number}"


def _statement(number: int, step: str, transaction: str) -> Statement:
    kind = _KINDS[number % len(_KINDS)]
    details = {WorkKind.SCAN: f"validating foreign key fk_{number}", WorkKind.ROWS: "update"}
    return statement(
        1 + number,
        sql=f"ALTER TABLE t_{number} ADD FOREIGN KEY (other) REFERENCES t_{number + 1}",
        work=(work(kind, _SAMPLE, name=_name(number + 1), detail=details.get(kind, f"i_{number}")),),
        transaction=transaction,
        step=step,
    )


def _lock(number: int, step: str, transaction: str) -> LockWindow:
    return replace(lock(name=_name(number), statement=1 + number, transaction=transaction), step=step)


def _key(number: int) -> CatalogObject:
    return CatalogObject(
        kind="constraint",
        identity=f"{_name(number)}.fk_{number}",
        table=_name(number),
        physical=str(number),
        attributes={"type": "foreign key", "references": _name(number + 1)},
    )


if __name__ == "__main__":
    sys.exit(main())
