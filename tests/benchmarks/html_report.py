"""How large the HTML report of a large run is, and how long it takes to write.

    python tests/benchmarks/html_report.py [--tables 200] [--steps 40] [--statements 25] [--rounds 7] [-o report.html]

The run is made up: steps that lock, rewrite, index and update tables of long names, with findings by every check that
has something to say. The limits: 1.5 MB, and a second for the median of the rounds, each in one process that rendered
once before. The exit status is 1 when one is exceeded.

Whether a browser and axe-core have something to object to is seen with

    node tests/benchmarks/html_report_axe.js report.html

where puppeteer-core and axe-core are installed beside it or named by NODE_PATH, and a Chromium by CHROMIUM.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import evidence, facts, fidelity, migration, rehearsal, row_count, seconds, table

from rehearse import registry
from rehearse.judge import judge
from rehearse.model.change import SchemaChange
from rehearse.model.downgrade import Downgrade, Loss, Way
from rehearse.model.migration import StepRun
from rehearse.model.report import Report
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.timeline import (
    LockMode,
    LockWindow,
    Outcome,
    SizeChange,
    Statement,
    StepMark,
    TableSize,
    Timeline,
    Work,
    WorkKind,
)
from rehearse.reports import html

MOST_BYTES = 1_500_000
MOST_SECONDS = 1.0
_PRODUCTION = 3_000_000
_SAMPLE = 1_000
_SECTIONS = ("billing", "catalogue", "customers", "fulfilment", "ledger", "marketing", "returns", "warehouse")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--statements", type=int, default=25, help="of each step")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    report = large(asked.tables, asked.steps, asked.statements)
    page = html.render(report)
    took = []
    for _ in range(asked.rounds):
        started = time.perf_counter()
        html.render(report)
        took.append(time.perf_counter() - started)
    size, median = len(page.encode()), statistics.median(took)
    print(
        f"{asked.tables} tables, {asked.steps} steps, {len(report.rehearsal.timeline.statements)} statements, "
        f"{len(report.findings)} findings: {size:,} bytes (limit {MOST_BYTES:,}), "
        f"{median:.3f} s (median of {asked.rounds}, slowest {max(took):.3f}; limit {MOST_SECONDS:.0f})"
    )
    if asked.output:
        asked.output.write_text(page, encoding="utf-8")
    raise SystemExit(size > MOST_BYTES or median > MOST_SECONDS)


def large(tables: int, steps: int, statements: int) -> Report:
    """Return the report of a run of which every step works on several tables."""
    names = tuple(_name(number) for number in range(tables))
    runs = tuple(_step(number, statements) for number in range(steps))
    played = tuple(_statement(names, step, place, statements) for step in range(steps) for place in range(statements))
    given = rehearsal(
        facts=facts(*(table(_PRODUCTION * (1 + number % 7), name=name) for number, name in enumerate(names))),
        migration=migration(*runs, versions=(("alembic", "1.20.1"),)),
        timeline=Timeline(
            statements=played,
            locks=tuple(lock for statement in played for lock in _locks(statement)),
            marks=tuple(StepMark(step=run.id, started=run.started) for run in runs if run.started),
            sizes=tuple(_size(name, number) for number, name in enumerate(names[::2])),
        ),
        changes=tuple(_change(names, number) for number in range(steps * 5)),
        changes_told=tuple(f"{names[number % tables]}: column note_{number} text added" for number in range(steps * 5)),
        row_counts=tuple(
            row_count(_SAMPLE, _SAMPLE - number % 3 * number, _PRODUCTION * (1 + number % 7), name=name)
            for number, name in enumerate(names)
        ),
        fidelity=fidelity(
            tables_whole=tables // 5,
            tables_sampled=tables - tables // 5,
            sampled_fraction=0.0003,
            masked=tuple(
                ColumnTreatment(table=name, column="email", mask="email", reason="its name says email")
                for name in names
            ),
        ),
        downgrades=tuple(_downgrade(run.id, names[number], number) for number, run in enumerate(runs)),
        timings={"snapshot": timedelta(seconds=40), "migration": timedelta(seconds=steps)},
        inputs={"source": "postgresql://app@db:5432/shop", "tool": "alembic", "versions": {"rehearse": "0.1.0"}},
    )
    seen = evidence(given)
    found, crashed = registry.run_checks(seen)
    return judge(seen, found, crashed, given.started_at.date())


def _name(number: int) -> str:
    section = _SECTIONS[number % len(_SECTIONS)]
    return f"{section}.{section}_of_every_region_and_currency_that_is_traded_{number:04}"


def _step(number: int, statements: int) -> StepRun:
    return StepRun(
        id=f"{number:04x}{0xAE1027A6 + number * 7919:08x}",
        title=f"Step {number + 1} gives every table it names a note, and fills it for the rows that are there.",
        source=f"migrations/versions/{number:04}_notes.py",
        started=seconds(_at(number, 0, statements)),
        ended=seconds(_at(number + 1, 0, statements) - 0.01),
        outcome=Outcome.APPLIED,
    )


def _at(step: int, place: int, statements: int) -> float:
    """Return when a statement starts, in seconds: later steps are slower."""
    return step * (1 + step / 20) + place / statements


def _statement(names: tuple[str, ...], step: int, place: int, statements: int) -> Statement:
    name = names[(step * 5 + place) % len(names)]
    kind = (WorkKind.REWRITE, WorkKind.INDEX_BUILD, WorkKind.ROWS, WorkKind.METADATA)[place % 4]
    done = Work(kind=kind, object=name, rows=_SAMPLE, detail="update" if kind is WorkKind.ROWS else "")
    start = _at(step, place, statements)
    return Statement(
        number=step * statements + place + 1,
        session="a",
        transaction=f"a/{step}",
        step=_step(step, statements).id,
        sql=f"UPDATE {name} SET note_{place} = 'a longer text that somebody wrote' WHERE note_{place} IS NULL"
        if kind is WorkKind.ROWS
        else f"ALTER TABLE {name} ADD COLUMN note_{place} text DEFAULT gen_random_uuid()::text",
        tag="UPDATE" if kind is WorkKind.ROWS else "ALTER TABLE",
        started=seconds(start),
        ended=seconds(start + 0.6 / statements),
        outcome=Outcome.APPLIED,
        work=(done,),
    )


def _locks(statement: Statement) -> Iterator[LockWindow]:
    if statement.tag == "UPDATE":
        return
    yield LockWindow(
        object=statement.work[0].object,
        mode=LockMode.SHARE if statement.work[0].kind is WorkKind.INDEX_BUILD else LockMode.ACCESS_EXCLUSIVE,
        session="a",
        transaction=statement.transaction,
        step=statement.step,
        statement=statement.number,
        acquired=statement.started,
        released=statement.ended + timedelta(milliseconds=50),
        lock_timeout=timedelta(0),
    )


def _size(name: str, number: int) -> SizeChange:
    before = TableSize(table=8192 * 40, indexes=8192 * 12, toast=8192)
    return SizeChange(object=name, before=before, after=replace(before, table=8192 * (41 + number % 9)))


def _change(names: tuple[str, ...], number: int) -> SchemaChange:
    name = names[number % len(names)]
    return SchemaChange(
        action="added",
        kind="column",
        object=f"{name}.note_{number}",
        table=name,
        before=None,
        after={"type": "text", "not_null": True, "default": "gen_random_uuid()::text"},
    )


def _downgrade(step: str, name: str, number: int) -> Downgrade:
    if number % 3:
        return Downgrade(step=step, way=Way.LOSSLESS)
    lost = Loss(kind="values", object=f"{name}.note", table=name, told=f"{name}: column note: 1,000 values gone")
    return Downgrade(step=step, way=Way.LOSSY, losses=(lost,))


if __name__ == "__main__":
    main()
