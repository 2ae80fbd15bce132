"""The migration needs disk, or writes WAL, on the scale of the database itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.facts import Facts
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import listing, size
from rehearse.model.timeline import SizeChange, WorkKind

FAMILY = Family.HYGIENE
HAZARDS = ("F17",)
CONDITION = (
    "What tables and indexes grew by on the stage, and the WAL written, at production's size: a note from 1 GB on, a "
    "warning beyond half of what all tables of the database take today, or where the WAL exceeds "
    "max_slot_wal_keep_size. The old file of a table that is written anew stays until commit and counts."
)
EFFECT = (
    "A disk that runs full stops the server and everything on it; standbys and logical subscribers fall behind by the "
    "WAL, and a replication slot that falls too far behind is lost."
)
REMEDY = (
    "Look at the free disk of production, its standbys and the WAL archive before; split the work into batches with "
    "pauses, and watch pg_stat_replication and pg_replication_slots meanwhile."
)
_WORTH_SAYING = 1 << 30
_SHARE = 2  # a warning beyond one part in so many of the database: free disk is rarely more than that
_AMOUNT = re.compile(r"(\d+)\s*(kB|MB|GB|TB|)")
_UNITS = {"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "": 1 << 20}  # a bare number is in megabytes
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """What one table takes in production, in bytes."""

    table: str
    step: str | None
    growth: int  # that stays
    old: int  # of a file that stays until commit beside the new one
    transaction: str  # that writes it anew
    files: int  # that go through the WAL as they are written, of statements of which it was not measured
    written: Mapping[int, int]  # WAL by statement: of one that is about several tables, as if all were like this one

    @property
    def wal(self) -> int:
        return self.files + sum(self.written.values())

    @property
    def disk(self) -> int:
        return self.growth + self.old


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield one finding for the whole migration, if it is worth saying."""
    needs = sorted(_needs(evidence), key=lambda need: (-need.disk, -need.wal, need.table))
    olds: dict[str, int] = defaultdict(int)
    for need in needs:
        olds[need.transaction] += need.old
    disk = sum(need.growth for need in needs) + max(olds.values(), default=0)
    written: dict[int, int] = {}
    for need in needs:
        written |= {number: max(octets, written.get(number, 0)) for number, octets in need.written.items()}
    wal = sum(need.files for need in needs) + sum(written.values())
    if max(disk, wal) >= _WORTH_SAYING:
        yield _finding(evidence, needs, disk, wal)


def _needs(evidence: Evidence) -> Iterator[_Need]:
    sizes = {change.object: change for change in evidence.rehearsal.timeline.sizes}
    work: dict[str, list[Prediction]] = defaultdict(list)
    for prediction in evidence.predictions:
        if prediction.work.kind is not WorkKind.SCAN:
            work[prediction.work.object].append(prediction)
    for table, parts in work.items():
        change = sizes.get(table)
        if change is None or change.after is not None:
            yield _need(evidence, table, parts, change)


def _need(evidence: Evidence, table: str, work: list[Prediction], change: SizeChange | None) -> _Need:
    before, after = (change.before.total, change.after.total) if change and change.after else (0, 0)
    ratio = _ratio(evidence, table, before)
    rewrite = next((found for found in work if found.work.kind is WorkKind.REWRITE), None)
    old = _production_bytes(evidence, table, before * ratio) if rewrite else 0
    growth = max(round((after - before) * ratio), -old)
    measured = {found.statement.number: found.statement.wal_bytes for found in work}
    return _Need(
        table=table,
        step=(rewrite or work[0]).statement.step,
        growth=growth,
        old=old,
        transaction=rewrite.statement.transaction if rewrite else "",
        files=_files(work, old, growth),
        written={number: round(octets * ratio) for number, octets in measured.items() if octets is not None},
    )


def _files(work: list[Prediction], old: int, growth: int) -> int:
    """Return the bytes of the new files whose WAL was not measured."""
    kinds = {found.work.kind for found in work if found.statement.wal_bytes is None}
    if WorkKind.REWRITE in kinds:
        return old + growth
    return growth if WorkKind.INDEX_BUILD in kinds else 0


def _ratio(evidence: Evidence, table: str, octets: int) -> float:
    """Return how many times as large as the stage's table production's is."""
    count = evidence.rehearsal.row_count(table)
    if count is not None and count.before and count.production is not None:
        return count.production / count.before
    return _production_bytes(evidence, table, octets) / octets if octets else 1.0


def _production_bytes(evidence: Evidence, table: str, otherwise: float) -> int:
    facts = evidence.rehearsal.facts.table(table)
    return round(otherwise) if facts is None else facts.total_bytes


def _finding(evidence: Evidence, needs: list[_Need], disk: int, wal: int) -> Finding:
    facts = evidence.rehearsal.facts
    present = sum(found.total_bytes for found in facts.tables)
    kept = _slot_limit(facts)
    lost = f", more than max_slot_wal_keep_size ({size(kept)}) keeps for a standby" if kept and wal > kept else ""
    parts = tuple(f"{need.table} {size(max(need.disk, need.wal))}" for need in needs)
    return Finding(
        check="disk-headroom",
        family=FAMILY,
        severity=Severity.WARN if lost or disk * _SHARE > present else Severity.NOTE,
        step=needs[0].step,
        object=needs[0].table,
        message=f"In production the migration needs about {size(max(disk, 0))} of disk on top of the {size(present)} "
        f"that the tables use today, and writes about {size(wal)} of WAL{lost} ({listing(parts, _MOST_NAMED)}).",
        remedy=f"Have {size(max(disk, 0))} free on production and every standby before, and room for {size(wal)} of "
        "WAL there and in the archive; or split the work into batches with pauses, and watch pg_stat_replication and "
        "pg_replication_slots meanwhile.",
        evidence={"disk_bytes": disk, "wal_bytes": wal, "present_bytes": present, "slot_limit_bytes": kept},
    )


def _slot_limit(facts: Facts) -> int | None:
    """Return how much WAL production keeps for a slot, in bytes; None: without limit, or not known."""
    amount = _AMOUNT.fullmatch(facts.settings.get("max_slot_wal_keep_size", ""))
    return int(amount[1]) * _UNITS[amount[2]] if amount else None
