"""What counting, comparing and locating cost: `rehearse counts` beside psql, reladiff and the data validator.

    python tests/benchmarks/comparing.py [--only counts] [--scale 0.1] [--rounds 5] [--venv DIR]
        [--without-rivals] [--without-rehearse] [--hold]

An embedded server with a production's settings holds two equal databases (5 M rows in forty tables, 4 M in one
more) and a third in which fifty rows of the big table are not the same. In each round every command runs once, in
turns; a slow rival sits out later rounds. Medians are compared with the limits below; the exit status is 1 when one
is exceeded. The rivals are installed by pip into a virtual environment of their own, which the next run finds again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from comparing_data import BIG, LEFT, MOVED, RIGHT, SMALL, Moves, Place, Table, loaded, moves, tables
from comparing_rivals import DIRECTORY, PACKAGES, Rivals
from measures import Limit, Measure, judged, measured, peak, timed
from rivals import installed

PSQL, COUNTS = "two psql, every table", "rehearse counts"
CONTENT = "rehearse counts --content"
PSQL_BIG, CONTENT_BIG = "two psql, the big table", "--content, the big table"
LOCATE = "rehearse counts --locate"
RELADIFF_EACH, RELADIFF_ONCE = "reladiff keys, a process each", "reladiff keys, one process"
RELADIFF_CONTENT, RELADIFF_ROWS = "reladiff columns, equal", "reladiff columns, moved"
VALIDATOR = "data-validation counts"
MEMORY, MEMORY_OF_SMALL = "memory of {}", "memory of {}, a quarter"
DIFFERENT = 1  # the exit status when something differs
FEW = 2  # rounds for what is slow, and for what is the same each time


LIMITS = (
    Limit(measure=COUNTS, times=1.15, against=(PSQL,), plus=0.4),
    Limit(measure=COUNTS, times=0.35, against=(RELADIFF_EACH, RELADIFF_ONCE)),
    Limit(measure=COUNTS, times=0.1, against=(VALIDATOR,)),
    Limit(measure=CONTENT, times=10, against=(PSQL,)),
    Limit(measure=CONTENT_BIG, times=0.6, against=(RELADIFF_CONTENT,)),
    Limit(measure=LOCATE, times=0.5, against=(RELADIFF_ROWS,)),
    Limit(measure=MEMORY.format("--content"), times=1.1, against=(MEMORY_OF_SMALL.format("--content"),)),
    Limit(measure=MEMORY.format("--locate"), times=1.1, against=(MEMORY_OF_SMALL.format("--locate"),)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The databases, and who is measured on them."""

    place: Place
    tables: tuple[Table, ...]
    rivals: Rivals | None
    rehearse: bool

    @property
    def moved(self) -> Moves:
        return moves(self.tables[-1].rows)


def main(arguments: Sequence[str]) -> int:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed keeps its bytecode, ours and the rivals'
    asked = _asked(arguments)
    parts = [asked.only] if asked.only else list(PARTS)
    held: list[bool] = []
    with _bench(asked, parts) as bench:
        for part in parts:
            held += judged(LIMITS, measured(part, PARTS[part](bench), asked.rounds))
        if asked.hold:
            _hold(bench.place)
    return 0 if all(held) else 1


def _counts(bench: Bench) -> Iterator[Measure]:
    names = [table.name for table in bench.tables]
    yield Measure(name=PSQL, take=lambda: timed(lambda: _psql_pair(bench.place, names)))
    if bench.rehearse:
        yield Measure(name=COUNTS, take=lambda: timed(lambda: _rehearse(bench.place, LEFT, RIGHT)))
    if bench.rivals:
        rivals = bench.rivals
        yield Measure(name=RELADIFF_ONCE, take=lambda: timed(rivals.reladiff_keys_at_once), rounds=FEW)
        yield Measure(name=RELADIFF_EACH, take=lambda: timed(rivals.reladiff_keys), rounds=FEW)
        yield Measure(name=VALIDATOR, take=lambda: timed(rivals.validator_counts), rounds=FEW)


def _content(bench: Bench) -> Iterator[Measure]:
    names = [table.name for table in bench.tables]
    yield Measure(name=PSQL, take=lambda: timed(lambda: _psql_pair(bench.place, names)))
    yield Measure(name=PSQL_BIG, take=lambda: timed(lambda: _psql_pair(bench.place, [BIG])))
    if bench.rehearse:
        big = ("--content", "--tables", f"public.{BIG}")
        yield Measure(name=CONTENT, take=lambda: timed(lambda: _rehearse(bench.place, LEFT, RIGHT, "--content")))
        yield Measure(name=CONTENT_BIG, take=lambda: timed(lambda: _rehearse(bench.place, LEFT, RIGHT, *big)))
    if bench.rivals:
        rivals = bench.rivals
        yield Measure(name=RELADIFF_CONTENT, take=lambda: timed(rivals.reladiff_content))


def _locate(bench: Bench) -> Iterator[Measure]:
    if bench.rehearse:
        yield Measure(name=LOCATE, take=lambda: _checked(lambda: _located(bench.place), _found_by_us, bench.moved))
    if bench.rivals:
        rivals = bench.rivals
        yield Measure(name=RELADIFF_ROWS, take=lambda: _checked(rivals.reladiff_rows, _found_by_reladiff, bench.moved))


def _memory(bench: Bench) -> Iterator[Measure]:
    if not bench.rehearse:
        return
    for option, other, status in (("--content", RIGHT, 0), ("--locate", MOVED, DIFFERENT)):
        for name, prefix in ((MEMORY_OF_SMALL, SMALL), (MEMORY, "")):
            command = _command(bench.place, prefix + LEFT, prefix + other, "--tables", f"public.{BIG}", option)
            yield Measure(
                name=name.format(option),
                take=lambda command=command, status=status: peak(command, status),
                unit="MB",
                rounds=FEW,
            )


PARTS: dict[str, Callable[[Bench], Iterator[Measure]]] = {
    "counts": _counts,
    "content": _content,
    "locate": _locate,
    "memory": _memory,
}


def _hold(place: Place) -> None:
    print("The databases stay until Enter is pressed:")
    input("".join(f"  {place.url(name)}\n" for name in (LEFT, RIGHT, MOVED)))


def _checked(run: Callable[[], str], found: Callable[[str], Moves], moved: Moves) -> float:
    """Return the seconds it took to find exactly the rows that moved."""
    began = time.perf_counter()
    said = run()
    seconds = time.perf_counter() - began
    if found(said) != moved:
        raise SystemExit(f"Not the fifty rows that differ: {found(said)} instead of {moved}")
    return seconds


def _psql_pair(place: Place, names: Sequence[str]) -> None:
    """Count the rows of the tables in both databases at once, a session for each."""
    queries = "".join(f"SELECT count(*) FROM public.{name};\n" for name in names)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(queries)
        script.flush()
        pair = [
            subprocess.Popen(
                [place.psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", script.name, "-d", place.url(database)],
                stdout=subprocess.PIPE,
            )
            for database in (LEFT, RIGHT)
        ]
        counts = [process.communicate()[0] for process in pair]
    assert counts[0] == counts[1]
    assert len(counts[0].split()) == len(names)


def _located(place: Place) -> str:
    options = ("--tables", f"public.{BIG}", "--locate", "--show-keys", "--format", "json")
    return _rehearse(place, LEFT, MOVED, *options, status=DIFFERENT)


def _rehearse(place: Place, left: str, right: str, *options: str, status: int = 0) -> str:
    command = _command(place, left, right, *options)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != status:
        raise SystemExit(f"rehearse counts ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _command(place: Place, left: str, right: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "rehearse", "counts", place.url(left), place.url(right), *options]


def _found_by_us(said: str) -> Moves:
    """Read the keys of the big table from `--format json`; there is one other side, so they were located once."""
    (table,) = [row for row in json.loads(said)["rows"] if row["located"]]
    (located,) = table["located"]
    kinds = ("changed", "missing", "extra")
    return Moves(**{kind: frozenset(int(row["key"]["id"]) for row in located[kind]) for kind in kinds})


def _found_by_reladiff(said: str) -> Moves:
    """Read the keys from its JSON lines: ["-", [key, ...]] is a row of the left side, ["+", ...] one of the right."""
    lines = [json.loads(line) for line in said.splitlines()]
    left, right = (frozenset(int(row[0]) for sign, row in lines if sign == side) for side in "-+")
    return Moves(changed=left & right, missing=left - right, extra=right - left)


@contextlib.contextmanager
def _bench(asked: argparse.Namespace, parts: Sequence[str]) -> Iterator[Bench]:
    bin_dir = None if asked.without_rivals else installed(PACKAGES, asked.venv.absolute())
    began = time.perf_counter()
    with loaded(asked.scale, small="memory" in parts) as place, tempfile.TemporaryDirectory() as directory:
        print(f"The databases were filled in {time.perf_counter() - began:.0f} s.", flush=True)
        filled = tables(asked.scale)
        rivals = bin_dir and Rivals(bin_dir=bin_dir, place=place, tables=filled, connections=Path(directory))
        if rivals:
            rivals.connect_validator()
        with contextlib.chdir(directory):  # for no rehearse.toml is found there, and earlier counts are kept there
            yield Bench(place=place, tables=filled, rivals=rivals or None, rehearse=not asked.without_rehearse)


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure rehearse counts beside psql and its rivals.")
    parser.add_argument("--only", choices=list(PARTS), help="one part instead of all")
    parser.add_argument("--scale", type=float, default=1, help="of all row counts; the limits are meant for 1")
    parser.add_argument("--rounds", type=int, default=5, help="how often each command runs")
    parser.add_argument("--venv", type=Path, default=DIRECTORY, help="where the rivals are, or will be, installed")
    parser.add_argument("--without-rivals", action="store_true", help="measure psql and rehearse alone")
    parser.add_argument("--without-rehearse", action="store_true", help="measure psql and the rivals alone")
    parser.add_argument("--hold", action="store_true", help="keep the databases after the measures, to try things on")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
