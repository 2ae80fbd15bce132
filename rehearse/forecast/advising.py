"""Advise how to run each step that takes strong locks: with which lock_timeout, how often again, and when."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from itertools import chain
from typing import TypeVar

from rehearse.model.advice import Advice
from rehearse.model.evidence import Prediction
from rehearse.model.migration import StepRun
from rehearse.model.policy import Policy
from rehearse.model.quantity import listing, rows, size
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import LockWindow, Outcome, Statement

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
TRIES = 10
_TIMEOUT = timedelta(seconds=2)  # what everybody behind the request waits, at most
_LONGEST = timedelta(seconds=10)  # a timeout of the migration's own that is no longer is kept
_PAUSE = timedelta(seconds=30)
_CONCURRENT = (
    "Run CREATE INDEX and REINDEX CONCURRENTLY without a lock_timeout, when no long transaction is open: they wait for "
    "every older transaction of the database, and one that is cut off leaves an invalid index behind."
)


def advise(rehearsal: Rehearsal, predictions: Sequence[Prediction], policy: Policy) -> tuple[Advice, ...]:
    """Return advice for each applied step that took a strong lock or built an index concurrently, in their order.

    Whether traffic would wait for too long is decided by the policy's allowances at production's size.
    """
    played = _Played.of(rehearsal, predictions, policy)
    steps = [step for step in rehearsal.migration.steps if step.outcome is Outcome.APPLIED]
    return tuple(advice for step in steps if (advice := _advice(played, step)) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spent:
    """What several works on rows come to."""

    number: int  # of works
    allowance: timedelta | None  # None: nobody knows
    limit: timedelta  # the strictest of their tables
    largest: Prediction
    is_counted: bool  # how many rows each of them works on is known

    def __add__(self, other: _Spent) -> _Spent:
        known = None if self.allowance is None or other.allowance is None else self.allowance + other.allowance
        return _Spent(
            number=self.number + other.number,
            allowance=known,
            limit=min(self.limit, other.limit),
            largest=max(self.largest, other.largest, key=lambda found: found.allowance or timedelta(0)),
            is_counted=self.is_counted and other.is_counted,
        )

    @property
    def is_too_much(self) -> bool:
        """Say whether it is more than traffic may wait for."""
        return self.allowance is None or self.allowance > self.limit or not self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Works:
    """The works of one transaction, in order."""

    statements: Sequence[int]  # the number of the statement of each
    onwards: Sequence[_Spent]  # what each of them and all after it come to

    @classmethod
    def of(cls, predictions: Sequence[Prediction], policy: Policy) -> _Works:
        ordered = sorted(predictions, key=lambda found: found.statement.number)
        onwards: list[_Spent] = []
        for found in reversed(ordered):
            spent = _spent(found, policy)
            onwards.append(spent + onwards[-1] if onwards else spent)
        return cls(statements=[found.statement.number for found in ordered], onwards=onwards[::-1])

    def since(self, statement: int) -> Sequence[_Spent]:
        """Return what the works come to from the statement of a number on, or nothing where there are none."""
        return self.onwards[(place := bisect_left(self.statements, statement)) : place + 1]


def _spent(found: Prediction, policy: Policy) -> _Spent:
    return _Spent(
        number=1,
        allowance=found.allowance,
        limit=policy.limit_on(found.work.object),
        largest=found,
        is_counted=found.production_rows is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """What was played, by the step and by the transaction."""

    locks: Mapping[str | None, Sequence[LockWindow]]  # strong ones on tables, by the step
    statements: Mapping[str | None, Sequence[Statement]]  # by the step
    works: Mapping[str, _Works]  # on rows, by the transaction
    sharing: Mapping[str, tuple[str, ...]]  # the steps that a transaction has statements of, in order
    places: Mapping[str, int]  # of the steps, in order

    @classmethod
    def of(cls, rehearsal: Rehearsal, predictions: Sequence[Prediction], policy: Policy) -> _Played:
        strong = [lock for lock in rehearsal.timeline.locks if lock.mode.blocks_writes and not lock.on_index]
        places = {step.id: place for place, step in enumerate(rehearsal.migration.steps)}
        sharing: dict[str, set[str]] = defaultdict(set)
        for statement in rehearsal.timeline.statements:
            if statement.step in places:
                sharing[statement.transaction].add(statement.step)
        busy = _grouped((found.statement.transaction, found) for found in predictions if not found.is_nothing)
        return cls(
            locks=_grouped((lock.step, lock) for lock in strong),
            statements=_grouped((statement.step, statement) for statement in rehearsal.timeline.statements),
            works={transaction: _Works.of(found, policy) for transaction, found in busy.items()},
            sharing={
                transaction: tuple(sorted(found, key=places.__getitem__)) for transaction, found in sharing.items()
            },
            places=places,
        )

    def under(self, locks: Sequence[LockWindow]) -> _Spent | None:
        """Return what the works come to that are done in the transactions of locks from the first of these on."""
        first: dict[str, int] = {}
        for lock in locks:
            first[lock.transaction] = min(lock.statement, first.get(lock.transaction, lock.statement))
        parts = [
            spent
            for transaction, statement in first.items()
            if transaction in self.works
            for spent in self.works[transaction].since(statement)
        ]
        return reduce(_Spent.__add__, parts) if parts else None

    def beside(self, step: str, transactions: Collection[str]) -> tuple[str, ...]:
        """Return the other steps that have statements in these transactions, in order."""
        shares = [self.sharing[transaction] for transaction in transactions if transaction in self.sharing]
        shared = shares[0] if len(shares) == 1 else tuple(sorted({*chain(*shares)}, key=self.places.__getitem__))
        place = bisect_left(shared, self.places[step], key=self.places.__getitem__)
        return shared[:place] + shared[place + 1 if shared[place : place + 1] == (step,) else place :]


def _grouped(pairs: Iterable[tuple[_Key, _Value]]) -> Mapping[_Key, Sequence[_Value]]:
    found: dict[_Key, list[_Value]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _advice(played: _Played, step: StepRun) -> Advice | None:
    locks, statements = played.locks.get(step.id, ()), played.statements.get(step.id, ())
    concurrent = any(_builds_concurrently(found) for found in statements)
    if not locks:
        return _without_timeout(step) if concurrent else None
    under = played.under(locks)
    timeout = _timeout(locks)
    again = _again(played, step, locks, statements)
    sentences = (
        f"Run it with lock_timeout = '{_setting(timeout)}', up to {TRIES} tries {_PAUSE.seconds} s apart{again}.",
        _when(locks, under),
        *((_CONCURRENT,) if concurrent else ()),
    )
    return Advice(
        step=step.id,
        lock_timeout=timeout,
        tries=TRIES,
        pause=_PAUSE,
        quiet_window=under is not None and under.is_too_much,
        told=" ".join(sentences),
    )


def _builds_concurrently(statement: Statement) -> bool:
    return statement.tag in ("CREATE INDEX", "REINDEX") and "CONCURRENTLY" in statement.sql.upper()


def _without_timeout(step: StepRun) -> Advice:
    return Advice(step=step.id, lock_timeout=None, tries=1, pause=timedelta(0), quiet_window=False, told=_CONCURRENT)


def _timeout(locks: Sequence[LockWindow]) -> timedelta:
    """Return the longest timeout the step sets itself, where it always sets one that is not too long."""
    own = [lock.lock_timeout for lock in locks]
    kept = [timeout for timeout in own if timeout is not None and timedelta(0) < timeout <= _LONGEST]
    return max(kept) if len(kept) == len(own) else _TIMEOUT


def _setting(timeout: timedelta) -> str:
    """Write a timeout as PostgreSQL takes it.

    >>> _setting(timedelta(seconds=2)), _setting(timedelta(milliseconds=750))
    ('2s', '750ms')
    """
    milliseconds = round(timeout.total_seconds() * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def _again(played: _Played, step: StepRun, locks: Sequence[LockWindow], statements: Sequence[Statement]) -> str:
    """Say what a new try repeats, unless it is just the step."""
    transactions = {lock.transaction for lock in locks}
    others = played.beside(step.id, transactions)
    if others:
        return f" (each try repeats {listing(others)}, too: they share a transaction)"
    if len(transactions | {found.transaction for found in statements if found.work}) > 1:
        return ", from the statement that was refused: what came before it is committed"
    return ""


def _when(locks: Sequence[LockWindow], under: _Spent | None) -> str:
    if under is None:
        return "No quiet window is needed: no row work is done under its strong locks."
    strongest = max(locks, key=lambda lock: lock.mode.strength)
    others = len({lock.object for lock in locks}) - 1
    blocked = f"no {' or '.join(strongest.mode.blocks)} of {strongest.object}{f' and {others} more' if others else ''}"
    need = "It wants a quiet window" if under.is_too_much else "No quiet window is needed"
    few = "" if under.is_too_much else "only "
    return f"{need}: {blocked} while {few}{_extent(under)} are worked on."


def _extent(under: _Spent) -> str:
    """Write how many rows that is in production; of several works the largest."""
    if not under.is_counted:
        return "nobody knows how many rows"
    largest = under.largest
    octets = f" ({size(largest.production_bytes)})" if largest.production_bytes else ""
    more = "" if under.number == 1 else " and more"
    return f"{rows(largest.production_rows or 0)}{octets}{more}"
