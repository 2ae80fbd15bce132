"""From records to a timeline: pure thought over what the server wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from rehearse.model import wording
from rehearse.model.addresses import UNREACHED
from rehearse.model.timeline import NestedCommand, Outcome, Statement, Timeline
from rehearse.watch import (
    aftermath,
    commands,
    disturbances,
    locks,
    steps,
    strings,
    timeouts,
    transactions,
    waits,
    wal,
    work,
)
from rehearse.watch.commands import Known
from rehearse.watch.executions import Execution, Executions
from rehearse.watch.locks import Request
from rehearse.watch.log import Checkpoint
from rehearse.watch.plans import Plan
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.residue import Counted, Counters, Files, Residue, attribute
from rehearse.watch.timeouts import Timeouts
from rehearse.watch.work import Ledger

Reader: TypeAlias = Callable[[Execution, Relations], tuple[Execution, tuple[Known, ...]]]


def as_told(execution: Execution, relations: Relations) -> tuple[Execution, tuple[Known, ...]]:
    """Return a statement as the log told it, and what its text adds to that."""
    known = commands.known(execution.sql, relations)
    return execution, known if execution.error is None else known + commands.attempted(execution.sql, relations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """All that was seen of one migration."""

    executions: Executions
    relations: Relations
    before: Counters = field(default_factory=dict)
    after: Counters = field(default_factory=dict)
    files_before: Files = field(default_factory=dict)
    files_after: Files = field(default_factory=dict)
    timeouts: Timeouts = timeouts.UNOBSERVED  # the migrating role's own
    relations_after: tuple[Relation, ...] = ()
    last_seen: Mapping[str, datetime] = field(default_factory=dict)  # sessions the sampler saw, and until when
    released: tuple[tuple[str, datetime], ...] = ()  # sessions it saw without locks while their statement still ran
    checkpoints: tuple[Checkpoint, ...] | None = None  # None: others may write to the server at any time
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    owner: str | None = None  # the role the watch belongs to, on a server of our own
    steps: frozenset[str] | None = None  # that there were; None: the migration names them
    reads: Reader = as_told  # what is known of each statement, given the relations as they are by then


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """One statement with what it did and took."""

    execution: Execution
    statement: Statement
    done: tuple[work.Done, ...]
    requests: tuple[Request, ...]
    in_force: Timeouts


def timeline(seen: Observation) -> Timeline:
    """Return the timeline of an observation."""
    executions = _in_transactions(
        piece
        for whole in seen.executions.statements
        for each in strings.apart(whole)
        for piece in transactions.apart(each)
    )
    undone = transactions.undone(executions)
    accounts = _accounts(executions, seen, undone)
    residue = attribute(
        tuple((each.execution, each.done) for each in accounts),
        Counted(before=seen.before, after=seen.after, files_before=seen.files_before, files_after=seen.files_after),
        seen.relations,
    )
    accounts = tuple(_with_residue(place, each, residue, seen.relations) for place, each in enumerate(accounts))
    kept = [each for each in accounts if steps.marker(each.execution) is None]
    gaps = (*seen.gaps, *_unreadable(seen.executions))
    return Timeline(
        statements=tuple(each.statement for each in kept),
        locks=locks.windows(
            ((each.statement, each.execution, each.requests) for each in kept),
            seen.relations,
            _ends(executions, seen),
            {place + 1: back + 1 for place, back in undone.items()},
        ),
        marks=steps.marks(executions),
        complete=not gaps,
        gaps=gaps,
        notes=(*seen.notes, *residue.notes),
        waits=tuple(waits.waits(((each.statement, each.execution) for each in kept), seen.relations)),
        disturbances=tuple(disturbances.disturbances(((each.statement, each.execution) for each in kept), seen.owner)),
        sizes=tuple(aftermath.sizes(seen.files_before, seen.files_after, seen.relations)),
        rebuilt=tuple(aftermath.rebuilt(seen.relations, seen.relations_after)),
    )


def _in_transactions(executions: Iterable[Execution]) -> tuple[Execution, ...]:
    """Give a ROLLBACK after an error, which is outside of any transaction for the server, back to the one it ends."""
    last: dict[str, str] = {}
    found = []
    for each in executions:
        vxid = last.get(each.session, each.vxid) if each.vxid.endswith("/0") else each.vxid
        last[each.session] = vxid
        found.append(replace(each, vxid=vxid, is_late=vxid != each.vxid))
    return tuple(found)


def _accounts(executions: tuple[Execution, ...], seen: Observation, undone: Mapping[int, int]) -> tuple[_Account, ...]:
    course = _Course(seen.relations)
    step_of = steps.steps(executions, seen.steps)
    in_force = timeouts.timeouts(executions, seen.timeouts, undone)
    alone = wal.alone(executions, seen.checkpoints)
    found = []
    for place, (told, step, timeout) in enumerate(zip(executions, step_of, in_force, strict=True)):
        relations, ledger = course.relations, course.ledger
        each, known = seen.reads(told, relations)
        done = work.done(each, known, relations, ledger)
        account = _Account(
            execution=each,
            statement=replace(
                _statement(each, place + 1, step, timeout),
                work=work.works(done),
                wal_bytes=wal.written(each, is_alone=place in alone),
                nested=tuple(_nested(each, relations, ledger)),
            ),
            done=done,
            requests=locks.requests(each, known, relations, timeout),
            in_force=timeout,
        )
        found.append(account)
        course.add(account)
        if place in undone:
            course.take_back(each.session, undone[place] + 1)
    return tuple(found)


class _Course:
    """What tables are called and how many rows they hold as the migration goes on; what is taken back never was."""

    def __init__(self, start: Relations) -> None:
        self._start = start
        self._past: list[_Account] = []
        self.relations = start
        self.ledger = Ledger(start.rows)

    def add(self, account: _Account) -> None:
        """Take in what a statement did."""
        self._past.append(account)
        for ddl in account.execution.ddl:
            self.relations = self.relations.after(ddl.objects)
        for done in account.done:
            self.ledger.book(done)

    def take_back(self, session: str, first: int) -> None:
        """Forget what a session did from the statement of this number on."""
        kept, has_changed = [], False
        for each in self._past:
            if each.statement.session != session or each.statement.number < first:
                kept.append(each)
            else:
                has_changed = has_changed or bool(each.done or each.execution.ddl)
        if not has_changed:
            return
        self._past, self.relations, self.ledger = [], self._start, Ledger(self._start.rows)
        for each in kept:
            self.add(each)


def _nested(execution: Execution, relations: Relations, ledger: Ledger) -> Iterator[NestedCommand]:
    if strings.is_ddl(execution.sql):
        return
    for command in execution.ddl:
        yield NestedCommand(
            tag=command.tag,
            sql=None if command.sql is None else wording.without_passwords(command.sql),
            started=max(command.started, execution.started),
            ended=min(command.ended, execution.ended),
            work=work.works(work.of_command(command, relations, ledger)),
        )


def _statement(execution: Execution, number: int, step: str | None, in_force: Timeouts) -> Statement:
    failed = execution.error is not None or execution.backend_gone
    return Statement(
        number=number,
        session=execution.session,
        transaction=_transaction(execution),
        step=step,
        sql=wording.without_passwords(execution.sql),
        tag=_tag(execution),
        started=execution.started,
        ended=execution.ended,
        outcome=Outcome.FAILED if failed else Outcome.APPLIED,
        sqlstate=execution.sqlstate,
        message=_message(execution),
        lock_timeout=in_force.lock,
        statement_timeout=in_force.statement,
        rows=_rows(execution),
        temp_bytes=execution.temp_bytes,
    )


def _rows(execution: Execution) -> int | None:
    """Return the rows of the command tag, of a statement that is one query or makes a table from one."""
    own = [event for event in execution.events if isinstance(event, Plan) or event.tag in work.READERS]
    if execution.error is not None or len(own) != len(execution.events) or strings.is_block(execution.sql):
        return None
    plans = [*execution.plans, *(plan for ddl in execution.ddl for plan in ddl.plans)]
    return plans[0].affected if len(plans) == 1 else None


def _message(execution: Execution) -> str | None:
    """Return the primary message without values; what a function raised loses more than what PostgreSQL says."""
    if execution.error is None:
        return None
    if (execution.sqlstate or "").startswith("P0"):
        return wording.raised(execution.error)
    cleaned = wording.of_output if execution.sqlstate in UNREACHED else wording.without_values  # numbers of an address
    return cleaned(execution.error.partition("\n")[0])


def _tag(execution: Execution) -> str:
    """Return the command tag; a statement that failed while it was parsed goes by its first word."""
    idle = execution.tag in ("PARSE", "BIND", "") or execution.tag.startswith("idle")
    return strings.tag(execution.sql) if idle else execution.tag


def _transaction(execution: Execution) -> str:
    return f"{execution.session}/{execution.vxid}"


def _with_residue(place: int, account: _Account, residue: Residue, relations: Relations) -> _Account:
    extra = residue.done.get(place, ())
    if not extra:
        return account
    done = work.merged((*account.done, *extra))
    return replace(
        account,
        statement=replace(account.statement, work=work.works(done)),
        done=done,
        requests=(
            *account.requests,
            *locks.of_work(account.execution, extra, relations, account.in_force),
        ),
    )


def _ends(executions: tuple[Execution, ...], seen: Observation) -> dict[str, datetime]:
    """Return when each transaction released its locks.

    That is with its last statement, or sooner where the sampler saw it without locks while it was removing files, or
    with the session that left the transaction open.
    """
    last: dict[str, Execution] = {}
    explicit: set[str] = set()
    for each in executions:
        transaction = _transaction(each)
        if not (each.is_late and transaction in last):
            last[transaction] = each
        if each.tag in ("BEGIN", "START TRANSACTION"):
            explicit.add(transaction)
    return {
        transaction: max(each.ended, seen.last_seen.get(each.session, each.ended))
        if each.open_after and transaction in explicit
        else _released(each, seen)
        for transaction, each in last.items()
    }


def _released(last: Execution, seen: Observation) -> datetime:
    moments = [at for session, at in seen.released if session == last.session and last.started < at < last.ended]
    return min(moments, default=last.ended)


def _unreadable(executions: Executions) -> tuple[str, ...]:
    if not executions.unreadable:
        return ()
    return (f"{executions.unreadable} lines of the server's log could not be read: what they said is not known.",)
