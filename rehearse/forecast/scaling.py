"""Scale every work of the timeline by production's facts: rows, bytes, write-ahead log, time, and an allowance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from rehearse.forecast import sorting
from rehearse.forecast.bounds import Bounds
from rehearse.forecast.intervals import interval
from rehearse.forecast.seeds import seeded
from rehearse.model.catalog import Catalog
from rehearse.model.change import RowCount
from rehearse.model.evidence import Prediction
from rehearse.model.facts import TableFacts
from rehearse.model.identity import split
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.same import Same
from rehearse.model.timeline import Outcome, Statement, Work, WorkKind

_FOREIGN_KEY = "validating foreign key "


def predict(rehearsal: Rehearsal, policy: Policy) -> tuple[Prediction, ...]:
    """Return one prediction for each work on a relation that existed before the migration.

    Rows on the stage are multiplied by production's rows over the stage's rows before; work on a
    table created by the migration itself costs nobody anything and is left out, and so is the bookkeeping of
    the migration tool.
    """
    return tuple(_predictions(rehearsal, policy))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """How much larger a table is in production."""

    facts: TableFacts | None
    count: RowCount | None
    whole: bool  # the stage has every row

    @property
    def factor(self) -> float | None:
        """Return production's rows over the stage's; None where either is not known, or nothing stands on the stage."""
        if self.facts is None or self.facts.rows is None or self.count is None or not self.count.before:
            return None
        return self.facts.rows / self.count.before

    def rows(self, work: Work) -> int | None:
        if work.kind is WorkKind.ROWS and not work.rows and self._is_represented:
            return 0
        if self.facts is None or self.facts.rows is None:
            return None
        if self.factor is not None:
            return round(work.rows * self.factor)
        # nothing of it stands on the stage: whole-table work is as large as the table, rows touched are anyone's guess
        return self.facts.rows if work.kind is not WorkKind.ROWS or self.facts.rows == 0 else None

    @property
    def _is_represented(self) -> bool:
        """Say whether rows that a statement looks for in vain are a finding, and not just missing on the stage."""
        return self.count is not None and bool(self.count.before or self.whole)

    def octets(self, work: Work, rows: int | None) -> int | None:
        if self.facts is None or rows is None or not self.facts.rows:
            return None
        table = self.facts.total_bytes if work.kind is WorkKind.REWRITE else self.facts.heap_bytes
        return round(table * rows / self.facts.rows)


def _predictions(rehearsal: Rehearsal, policy: Policy) -> Iterator[Prediction]:
    counts = {row.table: row for row in rehearsal.row_counts}
    history = rehearsal.facts.history
    bounds = Bounds(rehearsal.timeline.statements, rehearsal.before)
    for statement in rehearsal.timeline.statements:
        works = [
            work
            for work in statement.work
            if work.existed_before and work.kind is not WorkKind.METADATA and work.object not in history
        ]
        scales = [_scale(rehearsal, counts, work.object) for work in works]
        numbers = [
            _at_most(rehearsal, work, _rows(bounds, statement, work, scale))
            for work, scale in zip(works, scales, strict=True)
        ]
        factors = [_factor(*each) for each in zip(works, scales, numbers, strict=True)]
        logged = _wal_bytes(statement, works, factors)
        for work, scale, rows in zip(works, scales, numbers, strict=True):
            found = _prediction(rehearsal, statement, work, scale, rows, factors, policy)
            yield replace(found, production_wal_bytes=logged)


def _scale(rehearsal: Rehearsal, counts: Mapping[str, RowCount], table: str) -> _Scale:
    return _Scale(facts=_facts_of(rehearsal, table), count=counts.get(table), whole=rehearsal.is_whole(table))


def _factor(work: Work, scale: _Scale, rows: int | None) -> float | None:
    """Return how much more work it is in production; as the table is larger, where none was done here."""
    if scale.factor is None or rows is None or not work.rows:
        return scale.factor
    return rows / work.rows


def _facts_of(rehearsal: Rehearsal, table: str) -> TableFacts | None:
    """Return the facts of a table; of a partitioned table, those of its leaves added up."""
    own = rehearsal.facts.table(table)
    leaves = [found for found in rehearsal.facts.under(table) if found.root == table and found.table != table]
    if not leaves:
        return own
    return TableFacts(
        table=table,
        rows=None if any(leaf.rows is None for leaf in leaves) else sum(leaf.rows or 0 for leaf in leaves),
        rows_exact=all(leaf.rows_exact for leaf in leaves),
        heap_bytes=sum(leaf.heap_bytes for leaf in leaves),
        index_bytes=sum(leaf.index_bytes for leaf in leaves),
        total_bytes=sum(leaf.total_bytes for leaf in leaves),
    )


def _at_most(rehearsal: Rehearsal, work: Work, rows: int | None) -> int | None:
    """Return the rows, but of a referenced table no more than there are rows that refer to it.

    The planner looks parents up by their key where that is less than reading them all. Where there are no more of them
    for each row that refers than there were here, it reads them all there as it did here.
    """
    name = work.detail.removeprefix(_FOREIGN_KEY)
    if name == work.detail:
        return rows
    children = _children(Same(rehearsal.after)).get((work.object, name), set())
    known = [_referring(rehearsal, child) for child in children if child != work.object]
    if not known or None in known:
        return rows
    asked = sum(number or 0 for number in known)
    if rows is None or not asked:
        return asked
    here = sum(row.after or 0 for child in children if child and (row := rehearsal.row_count(child)))
    reads_all = here > 0 and rows * here <= work.rows * asked
    return rows if reads_all else max(min(rows, asked), min(rows, work.rows))


@lru_cache(maxsize=2)
def _children(catalog: Same[Catalog]) -> Mapping[tuple[str, str], set[str]]:
    """Return the tables with a foreign key, by the table it refers to and its name."""
    found: dict[tuple[str, str], set[str]] = {}
    for constraint in catalog.value.of_kind("constraint"):
        if constraint.table is not None and constraint.text("references"):
            place = (constraint.text("references"), split(constraint.identity)[-1])
            found.setdefault(place, set()).add(constraint.table)
    return found


def _referring(rehearsal: Rehearsal, child: str) -> int | None:
    """Return how many rows a table has in production when a foreign key of it is proven; None: nobody knows."""
    facts, counted = _facts_of(rehearsal, child), rehearsal.row_count(child)
    if facts is not None:
        return facts.rows
    if counted is None or counted.before is not None or counted.after is None:
        return None
    return counted.after if counted.after <= seeded(rehearsal, child) else None


def _prediction(
    rehearsal: Rehearsal,
    statement: Statement,
    work: Work,
    scale: _Scale,
    rows: int | None,
    factors: list[float | None],
    policy: Policy,
) -> Prediction:
    octets = scale.octets(work, rows)
    sorts = work.kind is WorkKind.INDEX_BUILD
    return Prediction(
        statement=statement,
        work=work,
        production_rows=rows,
        production_bytes=octets,
        production_exact=scale.facts is not None and scale.facts.rows_exact,
        allowance=_allowance(work.kind, rows, octets, policy),
        factor=_factor(work, scale, rows),
        forecast=interval(statement.duration, factors) if statement.outcome is Outcome.APPLIED else None,
        sort_bytes=sorting.needed(rehearsal.timeline, work, rows, rehearsal.facts.server_major)
        if sorts and rows is not None
        else None,
        sort_memory=sorting.memory(rehearsal.facts) if sorts else None,
    )


def _rows(bounds: Bounds, statement: Statement, work: Work, scale: _Scale) -> int | None:
    """Return the rows the work has in production: as many more as there are, but what the statement bounds itself."""
    scaled = scale.rows(work)
    most = bounds.most(statement, work)
    if most is None:
        return scaled
    return max(work.rows, most if scaled is None else min(scaled, most))


def _wal_bytes(statement: Statement, works: list[Work], factors: list[float | None]) -> int | None:
    """Return the write-ahead log of the statement, as if all of it grew like the table that grows most.

    What only reads rows writes to catalogs alone: as much in production.
    """
    growing = [factor for work, factor in zip(works, factors, strict=True) if work.kind is not WorkKind.SCAN]
    known = [factor for factor in growing if factor is not None]
    if statement.wal_bytes is None or not growing:
        return statement.wal_bytes
    if len(known) < len(growing):
        return None
    return round(statement.wal_bytes * max(known))


def _allowance(kind: WorkKind, rows: int | None, octets: int | None, policy: Policy) -> timedelta | None:
    if rows is None:
        return None
    rate = policy.rates[kind]
    return timedelta(seconds=max(rows / rate.rows, (octets or 0) / rate.bytes))
