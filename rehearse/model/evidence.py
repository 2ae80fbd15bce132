"""The evidence a check reads: the rehearsal, the policy and every work scaled to production's size."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from string import whitespace

from rehearse.model import refusal
from rehearse.model.advice import Advice
from rehearse.model.expectation import Expectation
from rehearse.model.finding import Severity
from rehearse.model.forecast import Interval
from rehearse.model.identity import split
from rehearse.model.json import JSON
from rehearse.model.masking import suspects
from rehearse.model.migration import StepRun
from rehearse.model.naming import doing
from rehearse.model.policy import Policy
from rehearse.model.quantity import count, listing, rows, shortened, size
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.standins import named
from rehearse.model.timeline import LockWindow, Outcome, Statement, Work, WorkKind
from rehearse.model.unproven import parent_is_sampled

_NO_LARGE_OBJECT = re.compile(r"large object \d+ does not exist")
_NO_EXTENSION = re.compile(
    r'extension "[^"]+" is not available|could not (open extension control|access) file'
    r'|security label provider "[^"]+" is not loaded',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One work of one statement, at production's size."""

    statement: Statement
    work: Work
    production_rows: int | None  # None: production's size is unknown, which counts as large
    production_bytes: int | None
    production_exact: bool
    allowance: timedelta | None  # by the policy's conservative rates; None: unknown, counts as large; never printed
    factor: float | None = None  # so many times the work that was measured; None: not known
    forecast: Interval | None = None  # of the whole statement; None: too far from what was measured to say
    production_wal_bytes: int | None = None  # written by the whole statement; None: not measured
    sort_bytes: int | None = None  # memory an index build would need to sort production's rows at once
    sort_memory: int | None = None  # production's maintenance_work_mem, of an index build

    @property
    def is_nothing(self) -> bool:
        """Say whether no row is worked on, neither here nor in production."""
        return self.work.rows == 0 and self.production_rows == 0

    def exceeds(self, limit: timedelta) -> bool:
        """Say whether the work is too much to do under a blocking lock; a limit of zero admits no row.

        An unknown size counts as large.
        """
        if self.is_nothing:
            return False
        return self.allowance is None or self.allowance > limit or limit == timedelta(0)

    @property
    def outgrows_memory(self) -> bool:
        """Say whether an index build sorts on disk in production, which it did not on the stage."""
        if self.sort_bytes is None or self.sort_memory is None or self.statement.temp_bytes:
            return False
        return self.sort_bytes > self.sort_memory

    @property
    def extent(self) -> str:
        """Say how much work it is, here and in production: "2,000 rows here, 212 M (48 GB) in production"."""
        here = f"{rows(self.work.rows)} here"
        if self.production_rows is None:
            return f"{here}, an unknown number in production"
        octets = f" ({size(self.production_bytes)})" if self.production_bytes else ""
        about = "" if self.production_exact else "about "
        return f"{here}, {about}{count(self.production_rows)}{octets} in production"

    def facts(self, lock: LockWindow) -> Mapping[str, JSON]:
        """Return the numbers a finding about this work under a lock rests on."""
        return {
            "sql": self.statement.sql,
            "lock": lock.mode.value,
            "held_ms": round(lock.held.total_seconds() * 1000, 1),
            "rows": self.work.rows,
            "production_rows": self.production_rows,
            "production_bytes": self.production_bytes,
            "forecast_seconds": None if self.forecast is None else list(self.forecast.seconds),
        }

    def severity(self, policy: Policy) -> Severity:
        """Block what is too much under a blocking lock, note what is not."""
        return Severity.BLOCK if self.exceeds(policy.limit_on(self.work.object)) else Severity.NOTE


def _sum(parts: Sequence[Prediction], table: str) -> Prediction:
    """Add up what one statement did to the partitions of a table."""
    details = {part.work.detail for part in parts}
    numbers = [part.production_rows for part in parts]
    octets = [part.production_bytes for part in parts]
    allowances = [part.allowance for part in parts]
    factors = [part.factor for part in parts]
    return replace(
        parts[0],
        work=replace(
            parts[0].work,
            object=table,
            rows=sum(part.work.rows for part in parts),
            detail=details.pop() if len(details) == 1 else "validating" if parts[0].work.proves else "",
        ),
        production_rows=None if None in numbers else sum(number or 0 for number in numbers),
        production_bytes=None if None in octets else sum(number or 0 for number in octets),
        production_exact=all(part.production_exact for part in parts),
        allowance=None if None in allowances else sum((span or timedelta(0) for span in allowances), timedelta(0)),
        factor=None if None in factors else max(factor or 0 for factor in factors),
        sort_bytes=max((part.sort_bytes or 0 for part in parts), default=0) or None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a check may look at."""

    rehearsal: Rehearsal
    policy: Policy
    predictions: tuple[Prediction, ...]
    advice: tuple[Advice, ...] = ()
    expectations: tuple[Expectation, ...] = ()  # what the steps declare that they change

    def of_kind(self, kind: WorkKind) -> tuple[Prediction, ...]:
        """Return the works of a kind; several partitions whose table was locked for them all are that table's.

        Traffic on any of the partitions waits for all of them, so it is their sum that counts.
        """
        roots = {facts.table: facts.root for facts in self.rehearsal.facts.tables if facts.root}
        blocked: dict[int, set[str]] = {}
        together: dict[tuple[int, str, bool], list[Prediction]] = {}
        for found in self.predictions:
            number, table = found.statement.number, found.work.object
            if found.work.kind is kind:
                if number not in blocked:
                    blocked[number] = self._blocked_during(found.statement)
                root = roots.get(table, table)
                key = (number, root if root in blocked[number] else table, found.work.proves)
                together.setdefault(key, []).append(found)
        return tuple(
            each
            for (_, table, _), parts in together.items()
            for each in (parts if len({part.work.object for part in parts}) == 1 else [_sum(parts, table)])
        )

    def _blocked_during(self, statement: Statement) -> set[str]:
        locks = self.locks_during(statement)
        return {lock.object for lock in locks if lock.mode.blocks_writes and not lock.on_index}

    def scaled(self, table: str, rows: int) -> int | None:
        """Return how many rows of a table that are in production, or None where its size there is not known."""
        found = self.rehearsal.row_count(table)
        if found is None or found.production is None or not found.before:
            return None
        return round(rows * found.production / found.before)

    def cause(self, statement: Statement | None, table: str) -> str:
        """Say which statement it was, in parentheses, where a table is none that its words name."""
        if statement is None or split(table)[-1] in statement.sql:
            return ""
        return f" (by {shortened(statement.sql.rstrip(';' + whitespace))})"

    def locks_during(self, statement: Statement) -> tuple[LockWindow, ...]:
        """Return the locks that were held while the statement ran, strongest first."""
        held = [
            lock
            for lock in self.rehearsal.timeline.locks_of(statement.transaction)
            if lock.is_held_at(statement.number)
        ]
        return tuple(sorted(held, key=lambda lock: (-lock.mode.strength, lock.object)))

    def table_locks(self, prediction: Prediction) -> tuple[LockWindow, ...]:
        """Return the locks held on the very table a work was done on, strongest first."""
        table = prediction.work.object
        return tuple(
            lock for lock in self.locks_during(prediction.statement) if lock.object == table and not lock.on_index
        )

    def strongest(self, lock: LockWindow) -> LockWindow:
        """Return the strongest lock the transaction of this one took on the same table."""
        same = [
            found
            for found in self.rehearsal.timeline.locks_of(lock.transaction)
            if found.object == lock.object and not found.on_index
        ]
        return max(same, key=lambda found: found.mode.strength)

    def statement_creating(self, identity: str) -> Statement | None:
        """Return the first statement that creates or adds something of an object's name, or of its table's."""
        made = doing(self.rehearsal, identity, "create", ("CREATE", "REINDEX", "DO"))
        return made or doing(self.rehearsal, identity, "add")

    def statement_altering(self, identity: str) -> Statement | None:
        """Return the first statement that alters something of an object's name, or of its table's."""
        return doing(self.rehearsal, identity, "alter")

    def statement_dropping(self, identity: str) -> Statement | None:
        """Return the first statement that drops something of an object's name, or of its table's."""
        return doing(self.rehearsal, identity, "drop")

    def statement_renaming(self, identity: str) -> Statement | None:
        """Return the first statement that renames something of an object's name, or of its table's."""
        return doing(self.rehearsal, identity, "rename")

    def last_deletion(self) -> Statement | None:
        """Return the last statement that deleted rows of any table: the likeliest origin of a cascade."""
        history = self.rehearsal.facts.history
        deleting = [
            found
            for found in self.rehearsal.timeline.statements
            if found.outcome is Outcome.APPLIED
            and found.tag.startswith(("DELETE", "TRUNCATE", "DO", "CALL"))
            and not {work.object for work in found.work} & history
        ]
        return deleting[-1] if deleting else None

    def stage_is_to_blame(self, step: StepRun, statement: Statement | None) -> str | None:
        """Say in a sentence why a failure is the stage's and proves nothing about production, or return None."""
        if any(not found.redirected for found in self.rehearsal.migration.connections):
            return None
        message = (statement.message if statement else None) or step.error or ""
        refused = refusal.because_of_the_stage(self.rehearsal, statement, message)
        if refused:
            return f"step {step.id} {refused}"
        server = "(set engine.bin_dir to a server like production's, or run that step's privileged part beforehand)"
        if _NO_EXTENSION.search(message):
            return f"step {step.id} needs an extension the stage's server does not have: {message} {server}"
        if self.rehearsal.facts.large_objects and _NO_LARGE_OBJECT.search(message):
            return (
                f"step {step.id} reads a large object, and the stage has none of production's, so whether it is there "
                f"is open: {message} (try that step on a copy of production)"
            )
        standins = tuple(named(f"{statement.sql if statement else ''}\n{message}", self.rehearsal.fidelity.touched))
        if standins:
            return (
                f"step {step.id} failed at {listing(standins)}, where the stage is not production's twin (see "
                f"fidelity), so whether it fails in production is open: {message} (set engine.bin_dir to a server like "
                "production's; what no stage has, try on a copy of production)"
            )
        parent = parent_is_sampled(self.rehearsal, statement)
        if parent:
            return (
                f"step {step.id} looks for parents in {parent}, of which the stage holds a sample, so whether "
                f"production has them is open: {message} (rehearse with more --rows to have the table whole)"
            )
        masked = suspects(self.rehearsal, step, statement)
        if masked:
            columns = listing(tuple(found.identity for found in masked))
            return (
                f"step {step.id} failed on values that are masked on the stage ({columns}), so whether production's "
                f"values fail, too, is open: {message} (keep the column clear if it may be: [sanitise.columns] "
                f"{masked[-1].rule_to_keep})"
            )
        return None
