"""Advise how to run each step that takes strong locks: with which lock_timeout, how often again, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rehearse.model.advice import Advice
from rehearse.model.evidence import Prediction
from rehearse.model.migration import StepRun
from rehearse.model.policy import Policy
from rehearse.model.quantity import listing, rows, size
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import LockWindow, Outcome, Statement

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
    steps = [step for step in rehearsal.migration.steps if step.outcome is Outcome.APPLIED]
    return tuple(advice for step in steps if (advice := _advice(rehearsal, predictions, policy, step)) is not None)


def _advice(rehearsal: Rehearsal, predictions: Sequence[Prediction], policy: Policy, step: StepRun) -> Advice | None:
    locks = [
        lock
        for lock in rehearsal.timeline.locks
        if lock.step == step.id and lock.mode.blocks_writes and not lock.on_index
    ]
    statements = [found for found in rehearsal.timeline.statements if found.step == step.id]
    concurrent = any(_builds_concurrently(found) for found in statements)
    if not locks:
        return _without_timeout(step) if concurrent else None
    under = [found for found in predictions if not found.is_nothing and any(_done_under(lock, found) for lock in locks)]
    quiet = _too_much(under, policy)
    timeout = _timeout(locks)
    again = _again(rehearsal, step, locks, statements)
    sentences = (
        f"Run it with lock_timeout = '{_setting(timeout)}', up to {TRIES} tries {_PAUSE.seconds} s apart{again}.",
        _when(locks, under, quiet=quiet),
        *((_CONCURRENT,) if concurrent else ()),
    )
    return Advice(
        step=step.id,
        lock_timeout=timeout,
        tries=TRIES,
        pause=_PAUSE,
        quiet_window=quiet,
        told=" ".join(sentences),
    )


def _builds_concurrently(statement: Statement) -> bool:
    return statement.tag in ("CREATE INDEX", "REINDEX") and "CONCURRENTLY" in statement.sql.upper()


def _without_timeout(step: StepRun) -> Advice:
    return Advice(step=step.id, lock_timeout=None, tries=1, pause=timedelta(0), quiet_window=False, told=_CONCURRENT)


def _done_under(lock: LockWindow, prediction: Prediction) -> bool:
    statement = prediction.statement
    return statement.transaction == lock.transaction and statement.number >= lock.statement


def _too_much(under: Sequence[Prediction], policy: Policy) -> bool:
    """Say whether the work done under locks is more than traffic may wait for."""
    allowances = [found.allowance for found in under]
    known = sum((spent for spent in allowances if spent is not None), timedelta(0))
    limit = min((policy.limit_on(found.work.object) for found in under), default=policy.max_blocking)
    return None in allowances or known > limit or (bool(under) and not limit)


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


def _again(rehearsal: Rehearsal, step: StepRun, locks: Sequence[LockWindow], statements: Sequence[Statement]) -> str:
    """Say what a new try repeats, unless it is just the step."""
    transactions = {lock.transaction for lock in locks}
    shared = {found.step for found in rehearsal.timeline.statements if found.transaction in transactions}
    others = tuple(found.id for found in rehearsal.migration.steps if found.id in shared and found.id != step.id)
    if others:
        return f" (each try repeats {listing(others)}, too: they share a transaction)"
    if len(transactions | {found.transaction for found in statements if found.work}) > 1:
        return ", from the statement that was refused: what came before it is committed"
    return ""


def _when(locks: Sequence[LockWindow], under: Sequence[Prediction], *, quiet: bool) -> str:
    if not under:
        return "No quiet window is needed: no row work is done under its strong locks."
    strongest = max(locks, key=lambda lock: lock.mode.strength)
    others = len({lock.object for lock in locks}) - 1
    blocked = f"no {' or '.join(strongest.mode.blocks)} of {strongest.object}{f' and {others} more' if others else ''}"
    need = "It wants a quiet window" if quiet else "No quiet window is needed"
    few = "" if quiet else "only "
    return f"{need}: {blocked} while {few}{_extent(under)} are worked on."


def _extent(under: Sequence[Prediction]) -> str:
    """Write how many rows that is in production; of several works the largest."""
    if any(found.production_rows is None for found in under):
        return "nobody knows how many rows"
    largest = max(under, key=lambda found: found.allowance or timedelta(0))
    octets = f" ({size(largest.production_bytes)})" if largest.production_bytes else ""
    more = "" if len(under) == 1 else " and more"
    return f"{rows(largest.production_rows or 0)}{octets}{more}"
