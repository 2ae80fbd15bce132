"""How a step that failed left the database: what was undone, what stayed, what is neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rehearse.diff.sentences import sentence
from rehearse.model import wording
from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange
from rehearse.model.failure import Failure, Remnant, failed_statement, message_of
from rehearse.model.identity import split
from rehearse.model.quantity import rows
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, Statement, WorkKind

_DDL = ("CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE", "REINDEX", "SECURITY", "IMPORT", "SELECT INTO")
_BEGINS = ("BEGIN", "START TRANSACTION")
_INDEX = re.compile(r"index", re.IGNORECASE)


def account(rehearsal: Rehearsal) -> Failure | None:
    """Return the account of the step that failed, if one did.

    What alembic recorded says which steps stay, catalog and timeline what else does: an object that changed belongs
    to the steps that are not recorded if a statement of theirs which was committed names it, or its table.
    """
    failed = [step for step in rehearsal.migration.steps if step.outcome is Outcome.FAILED]
    if not failed:
        return None
    step = failed[-1]
    statement = failed_statement(rehearsal.timeline, step)
    kept = _recorded(rehearsal)
    began = tuple(found.id for found in rehearsal.migration.steps if found.outcome is not Outcome.SKIPPED)
    remnants = tuple(_remnants(rehearsal, frozenset(began) - kept))
    left = {remnant.step for remnant in remnants}
    is_stopped = step not in rehearsal.migration.failed  # then what the server says is about our own act
    said = None if is_stopped or statement is None else statement
    return Failure(
        step=step.id,
        sqlstate=said.sqlstate if said else step.sqlstate,
        message=(said.message if said else None) or message_of(step),
        statement=wording.statement(statement.sql) if statement else step.statement,
        location=step.location,
        undone=tuple(found for found in began if found not in kept | left),
        kept=tuple(found for found in began if found in kept),
        half_done=tuple(found for found in began if found in left),
        remnants=remnants,
        heads=dict(rehearsal.heads_after),
    )


def _recorded(rehearsal: Rehearsal) -> frozenset[str]:
    """Return the steps that stay: those below a recorded head, or, where nothing is recorded, those that succeeded."""
    steps = {step.id: step for step in rehearsal.migration.steps}
    if all(step.parents is None for step in steps.values()):
        return frozenset(step.id for step in steps.values() if step.outcome is Outcome.APPLIED)
    found: set[str] = set()
    todo = [head for heads in rehearsal.heads_after.values() for head in heads]
    while todo:
        revision = todo.pop()
        if revision in steps and revision not in found:
            found.add(revision)
            todo.extend(steps[revision].parents or ())
    return frozenset(found)


def _remnants(rehearsal: Rehearsal, lost: frozenset[str]) -> Iterator[Remnant]:
    versions = {*rehearsal.facts.history, *rehearsal.heads_after}
    stayed = [found for found in committed(rehearsal.timeline.statements) if _matters(found, versions)]
    theirs = [found for found in stayed if found.step in lost]
    others = [found for found in stayed if found.step not in lost]
    if not theirs:
        return
    for change in _apart(rehearsal.changes):
        by = None if {change.object, change.table} & versions else _left_by(change, theirs, others)
        if by is not None:
            invalid = change.kind == "index" and _is_invalid(rehearsal.after, change.object)
            yield Remnant(
                kind=change.kind,
                object=change.object,
                step=by.step or "",
                told=f"{sentence(change)}{', invalid' if invalid else ''}",
                invalid=invalid,
            )
    for found in theirs:
        for work in found.work:
            if work.kind is WorkKind.ROWS and work.rows and found.outcome is Outcome.APPLIED:
                told = f"{work.object}: {rows(work.rows)} ({work.detail or 'written'})"
                yield Remnant(kind="rows", object=work.object, step=found.step or "", told=told)


def idle(rehearsal: Rehearsal) -> frozenset[str]:
    """Return the steps whose statements changed nothing."""
    versions = {*rehearsal.facts.history, *rehearsal.heads_after}
    busy = {found.step for found in rehearsal.timeline.statements if _matters(found, versions)}
    return frozenset(step.id for step in rehearsal.migration.steps if step.id not in busy)


def committed(statements: Iterable[Statement]) -> list[Statement]:
    """Return the statements whose effect stayed, in order; an index built outside a transaction stays when it fails."""
    transactions: dict[str, list[Statement]] = {}
    for statement in statements:
        transactions.setdefault(statement.transaction, []).append(statement)
    found = [statement for parts in transactions.values() for statement in _of_transaction(parts)]
    return sorted(found, key=lambda statement: statement.number)


def _of_transaction(statements: Sequence[Statement]) -> list[Statement]:
    kept: list[Statement] = []
    saved: dict[str, int] = {}  # savepoint -> statements kept by then
    broken = False
    for statement in statements:
        words = statement.sql.upper().replace(";", " ").split()
        if statement.tag == "SAVEPOINT":
            saved[words[-1]] = len(kept)
        elif statement.tag == "ROLLBACK" and "TO" in words:
            kept, broken = kept[: saved.get(words[-1], 0)], False
        elif statement.tag == "ROLLBACK":
            return []
        elif statement.tag == "COMMIT":
            return [] if broken or statement.outcome is Outcome.FAILED else kept
        elif statement.outcome is Outcome.FAILED:
            broken = True
        elif statement.tag not in _BEGINS:
            kept.append(statement)
    if any(statement.tag in _BEGINS for statement in statements):
        return []
    return kept if not broken else [found for found in statements if len(statements) == 1 and _leaves_index(found)]


def _leaves_index(statement: Statement) -> bool:
    """Say whether a statement that failed by itself may have left an index: it took several transactions."""
    return "CONCURRENTLY" in statement.sql.upper() and _INDEX.search(statement.sql) is not None


def _matters(statement: Statement, versions: set[str]) -> bool:
    if statement.work and all(work.object in versions for work in statement.work):
        return False
    wrote = any(work.kind is WorkKind.ROWS and work.rows for work in statement.work)
    changed = any(work.kind in (WorkKind.METADATA, WorkKind.REWRITE, WorkKind.INDEX_BUILD) for work in statement.work)
    return wrote or changed or statement.tag.startswith(_DDL)


def _apart(changes: Sequence[SchemaChange]) -> Iterator[SchemaChange]:
    """Yield the changes but for those that go without saying: the parts of a table that came or went."""
    whole = {(found.action, found.object) for found in changes if found.kind == "table" and found.action != "altered"}
    for found in changes:
        if found.kind == "table" or (found.action, found.table) not in whole:
            yield found


def _left_by(change: SchemaChange, theirs: Sequence[Statement], others: Sequence[Statement]) -> Statement | None:
    """Return the statement of a step that is not recorded which made a change; None: a recorded one did."""
    for identity in filter(None, (change.renamed_to, change.object, change.table)):
        mine, other = _naming(identity, theirs), _naming(identity, others)
        if mine or other:
            return mine[-1] if mine and (not other or mine[-1].number > other[-1].number) else None
    return None if others else theirs[-1]


def _naming(identity: str, statements: Sequence[Statement]) -> list[Statement]:
    name = split(identity)[-1]
    return [found for found in statements if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", found.sql, re.IGNORECASE)]


def _is_invalid(catalog: Catalog, index: str) -> bool:
    found = catalog.find("index", index)
    return found is not None and found.attributes.get("valid") is False
