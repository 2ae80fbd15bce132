"""The plan of a snapshot, for a terminal: what would be kept, what it costs, what production is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from textwrap import wrap

from rehearse.model.plan import SearchPlan, SnapshotPlan, TablePlan
from rehearse.model.quantity import count, duration, size
from rehearse.reports.parity.table import columns

_WIDTH = 100
_HEADINGS = ("table", "keeps", "rows", "about", "reads", "time")


def render(plan: SnapshotPlan, *, width: int = _WIDTH) -> str:
    """Return the plan as text of a given width; the costliest tables first."""
    return "\n".join(_lines(plan, width)) + "\n"


def _lines(plan: SnapshotPlan, width: int) -> Iterator[str]:
    yield from wrap(_summary(plan), width)
    yield ""
    ordered = sorted(plan.tables, key=lambda table: (-table.time, table.table))
    yield from (f"  {line}" for line in columns([_HEADINGS, *map(_row, ordered)], width - 2))
    if plan.searches:
        yield "\nSearched for, each by itself and for a minute at most:"
        yield from (f"  {line}" for line in columns([*map(_search, plan.searches)], width - 2))
    yield f"\nProduction is sent, READ ONLY and as of one moment, over {plan.connections} connections:"
    for statement in plan.statements:
        if statement.sql is None:
            yield from _item(statement.purpose, width)
    for statement in plan.statements:
        if statement.sql is not None:
            yield f"\n-- {statement.purpose}\n{statement.sql};"


def _summary(plan: SnapshotPlan) -> str:
    kept = sum(table.kept_rows or 0 for table in plan.tables)
    octets = sum(table.kept_bytes or 0 for table in plan.tables)
    numbers = ", ".join(f"{len(plan.of(choice))} {choice}" for choice in ("whole", "sampled", "schema only"))
    return (
        f"A snapshot of {plan.source} would keep of {len(plan.tables)} tables {numbers}: about {count(kept)} rows, "
        f"{size(octets)}; it would take about {_time(plan.time)}. No row was read to say so."
    )


def _row(table: TablePlan) -> tuple[str, ...]:
    kept, known = ("?" if rows is None else count(rows) for rows in (table.kept_rows, table.rows))
    return (
        table.table,
        f"{table.choice}: {table.reason}" if table.reason else table.choice,
        kept if table.choice == "whole" else f"{kept} of {known}",
        "?" if table.kept_bytes is None else size(table.kept_bytes),
        size(table.read_bytes),
        _time(table.time),
    )


def _search(search: SearchPlan) -> tuple[str, ...]:
    cost = "declined" if search.declined else f"{search.scans:.0f} x count(*)"
    return search.kind, search.table, search.name, cost, "" if search.declined else _time(search.time)


def _time(time: timedelta) -> str:
    return "< 1 s" if time < timedelta(seconds=1) else duration(time)


def _item(text: str, width: int) -> Iterator[str]:
    yield from wrap(text, width, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)
