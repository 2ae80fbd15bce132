"""What a schema of 1,000 tables costs: `rehearse drift` beside pg_dump and rivals, and a stage beside pg_restore.

    python tests/benchmarks/schema.py [--only drift] [--rounds 5] [--scale 1] [--venv DIR] [--without-rivals]

An embedded server holds a company's schema twice, apart by forty statements, and once more with rows (700 MB at scale
1). In each round every command runs once, in turns; a slow rival sits out later rounds. Medians are compared with
the limits below; the exit status is 1 when one is exceeded. The three seconds are meant for two idle processors. A
stage also gathers statistics and is compared with production's catalog, which pg_restore does not: its parts are
measured one by one. The part `mutations` counts what each tool does not tell of the mutations under tests/mutations
that pg_dump tells apart. The rivals are installed by pip into a virtual
environment of their own, which the next run finds again.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from measures import Limit, Measure, judged, measured, peak, timed
from rivals import installed
from schema_data import LEFT, RIGHT, Place, drifted, serving
from schema_restore import Restore, Stage, content
from schema_rivals import ALEMBIC, DIRECTORY, MIGRA, PACKAGES, asked

from rehearse.compare.catalogs import catalogs
from rehearse.diff.drift import compare
from rehearse.model.environment import Environment

DUMPS = "two pg_dump -s, and diff"
DRIFT, IN_PROCESS, MEMORY = "rehearse drift", "catalogs and differences alone", "memory of rehearse drift"
RESTORED, PG_RESTORE = "a stage's schema and rows", "pg_restore -j2"
ANALYZED, PG_ANALYZED = "with statistics", "pg_restore and vacuumdb, -j2"
COMPARED, RAISED = "and compared with the catalog", "the whole stage"
DIFFERENT = 1  # the exit status when something differs
FEW = 2  # rounds for what is slow, and for what is the same each time

LIMITS = (
    Limit(measure=IN_PROCESS, plus=3),  # the command starts up, and prints, on top of it
    Limit(measure=DRIFT, times=6, against=(DUMPS,)),
    Limit(measure=MEMORY, plus=400),
    Limit(measure=RESTORED, times=1.1, against=(PG_RESTORE,)),
    Limit(measure=ANALYZED, times=1.1, against=(PG_ANALYZED,)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The server, what is asked for, and where the rivals are."""

    place: Place
    rounds: int
    scale: float
    bin_dir: Path | None
    directory: Path


def main(arguments: Sequence[str]) -> int:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed keeps its bytecode, ours and the rivals'
    given = _given(arguments)
    without = given.without_rivals or given.only == "restore"
    bin_dir = None if without else installed(PACKAGES, given.venv.absolute())
    held: list[bool] = []
    with serving() as place, tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        bench = Bench(place=place, rounds=given.rounds, scale=given.scale, bin_dir=bin_dir, directory=Path(directory))
        for part in [given.only] if given.only else list(PARTS):
            held += PARTS[part](bench)
    return 0 if all(held) else 1


def _drift(bench: Bench) -> list[bool]:
    print(f"The right schema differs by {drifted(bench.place)} statements.", flush=True)
    return judged(LIMITS, measured("drift", _of_drift(bench), bench.rounds))


def _of_drift(bench: Bench) -> Iterator[Measure]:
    left, right = bench.place.url(LEFT), bench.place.url(RIGHT)
    command = [sys.executable, "-m", "rehearse", "drift", left, right]
    yield Measure(name=DUMPS, take=lambda: timed(lambda: _dumps(bench)))
    yield Measure(name=DRIFT, take=lambda: timed(lambda: peak(command, DIFFERENT)))
    yield Measure(name=IN_PROCESS, take=lambda: timed(lambda: _compare(left, right)))
    yield Measure(name=MEMORY, take=lambda: peak(command, DIFFERENT), unit="MB", rounds=FEW)
    if bench.bin_dir:
        for name in (MIGRA, ALEMBIC):
            yield Measure(name=name, take=lambda name=name: timed(lambda: _rival(bench, name)), rounds=FEW)


def _mutations(bench: Bench) -> list[bool]:
    from schema_mutations import tell  # noqa: PLC0415 - pytest and the witness are needed for this part alone

    return [tell(bench.place, bench.bin_dir)]


def _restore(bench: Bench) -> list[bool]:
    same = content(bench.place, bench.directory, bench.scale)
    return judged(LIMITS, measured("restore", _of_restore(bench, Stage(content=same)), bench.rounds))


def _of_restore(bench: Bench, stage: Stage) -> Iterator[Measure]:
    """Yield the measures: what was raised or restored once is looked at in several of them."""
    rival = Restore(content=stage.content, place=bench.place)
    yield Measure(name=PG_RESTORE, take=rival.restore)
    yield Measure(name=PG_ANALYZED, take=rival.restored_with_statistics)
    yield Measure(name=RESTORED, take=stage.restore)
    yield Measure(name=ANALYZED, take=stage.restored_with_statistics)
    yield Measure(name=COMPARED, take=stage.restored_and_compared)
    yield Measure(name=RAISED, take=stage.raised)


PARTS: dict[str, Callable[[Bench], list[bool]]] = {"drift": _drift, "mutations": _mutations, "restore": _restore}


def _dumps(bench: Bench) -> None:
    """Dump both schemas at once, and compare the text."""
    files = [bench.directory / f"{name}.sql" for name in (LEFT, RIGHT)]
    pair = [
        subprocess.Popen([bench.place.bin_dir / "pg_dump", "-s", "-f", file, "-d", bench.place.url(file.stem)])
        for file in files
    ]
    assert [process.wait() for process in pair] == [0, 0]
    done = subprocess.run(["diff", *files], stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == DIFFERENT


def _compare(left: str, right: str) -> None:
    first, other = catalogs((Environment(name=LEFT, url=left), Environment(name=RIGHT, url=right)))
    assert compare(first, other).changes


def _rival(bench: Bench, name: str) -> None:
    """Ask a rival once, from its start on; it must have an answer."""
    assert bench.bin_dir is not None
    with asked(bench.bin_dir, name) as rival:
        answer = rival.compare(bench.place.url(LEFT), bench.place.url(RIGHT))
    if answer.crashed:
        raise SystemExit(f"{name}: {answer.crashed}")


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure drift and restoring on a schema of 1,000 tables.")
    parser.add_argument("--only", choices=list(PARTS), help="one part instead of all")
    parser.add_argument("--rounds", type=int, default=5, help="how often each command runs")
    parser.add_argument("--scale", type=float, default=1, help="of the rows to restore; the limits are meant for 1")
    parser.add_argument("--venv", type=Path, default=DIRECTORY, help="where the rivals are, or will be, installed")
    parser.add_argument(
        "--without-rivals", action="store_true", help="measure PostgreSQL's programs and rehearse alone"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
