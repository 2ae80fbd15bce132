"""Residue: rows the server counted, and files it wrote anew, that no plan and no command accounts for.

Functions called by SELECT, triggers, cascades and COPY write rows without a plan of their own in the log; a TRUNCATE
in a function, a move to another tablespace and a CLUSTER that names no table leave nothing but a new file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from rehearse.model.timeline import WorkKind
from rehearse.watch import tokens
from rehearse.watch.executions import Execution
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.work import Done

# by table: rows inserted, updated, deleted, read by sequential scans
Counters: TypeAlias = Mapping[int, tuple[int, int, int, int]]
Accounts: TypeAlias = tuple[tuple[Execution, tuple[Done, ...]], ...]
_VERBS = ("insert", "update", "delete")
_WRITERS = ("INSERT", "UPDATE", "DELETE", "MERGE")
_BLOCKS = ("DO", "CALL")
_NEW_FILE = ("truncate", "refresh")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The file of a table and the sizes of what belongs to it, in bytes."""

    file: int | None  # pg_relation_filenode
    table_bytes: int
    index_bytes: int
    toast_bytes: int


Files: TypeAlias = Mapping[int, File]  # by table


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the server counted before and after the migration."""

    before: Counters
    after: Counters
    files_before: Files
    files_after: Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """What was left over, and which statement, by its place, it was given to."""

    done: Mapping[int, tuple[Done, ...]]
    notes: tuple[str, ...]


def attribute(accounts: Accounts, counted: Counted, relations: Relations) -> Residue:
    """Give what nobody accounts for to the statement that most likely did it.

    Rows: first to a COPY of the table, then to a SELECT that calls a function, then (by a cascade) to a DELETE where
    rows are gone, then (by a trigger) to a statement that writes, then to a block of code. A new file: to the ALTER
    that names a tablespace, to a CLUSTER of all tables, then to a function or a block, as a TRUNCATE. Among several to
    the one that took longest, with a note.
    """
    found: dict[int, list[Done]] = defaultdict(list)
    notes = []
    for done in (*_left_over(accounts, counted, relations), *_moved(accounts, counted, relations)):
        identity, verb = done.relation.identity, done.detail or "read"
        places = _candidates(accounts, done, relations)
        if not places:
            notes.append(f"{done.rows:,} rows of {identity} counted as {verb} belong to no statement that was seen.")
            continue
        place = max(places, key=lambda each: accounts[each][0].ended - accounts[each][0].started)
        found[place].append(done)
        if len(places) > 1:
            notes.append(
                f"{done.rows:,} rows of {identity} ({verb}) were written by a function, a trigger or a COPY: "
                f"{len(places)} statements may have done it, and they are shown with the longest."
            )
    return Residue(done={place: tuple(done) for place, done in found.items()}, notes=tuple(notes))


def _left_over(accounts: Accounts, counted: Counted, relations: Relations) -> Iterator[Done]:
    booked: dict[tuple[int, str], int] = defaultdict(int)
    for _, done in accounts:
        for each in done:
            for oid in relations.tree(each.relation.oid):
                booked[oid, each.detail] += each.rows
    for oid, totals in sorted(counted.after.items()):
        relation = relations.by_oid.get(oid)
        if relation is None or not relation.is_table or relation.kind != "r":
            continue
        for verb, now, then in zip(_VERBS, totals, counted.before.get(oid, (0, 0, 0, 0)), strict=False):
            if (rows := now - then - booked[oid, verb]) > 0:
                yield Done(relation=relation, kind=WorkKind.ROWS, rows=rows, detail=verb)


def _moved(accounts: Accounts, counted: Counted, relations: Relations) -> Iterator[Done]:
    """Yield the tables that lie in another file than before, though nothing that was seen wrote them anew."""
    known = {
        oid
        for _, done in accounts
        for each in done
        if each.kind is WorkKind.REWRITE or each.detail in _NEW_FILE
        for oid in relations.tree(each.relation.oid)
    }
    for oid, file in sorted(counted.files_after.items()):
        relation, earlier = relations.by_oid.get(oid), counted.files_before.get(oid)
        if relation is None or earlier is None or earlier.file == file.file or oid in known or not relation.is_table:
            continue
        rows = relations.rows.get(oid, 0)
        why = next(filter(None, (_mover(execution, done, relation) for execution, done in accounts)), None)
        if why:
            yield Done(relation=relation, kind=WorkKind.REWRITE, rows=rows, detail=why)
        else:
            yield Done(relation=relation, kind=WorkKind.ROWS, rows=rows, detail="truncate")


def _mover(execution: Execution, done: tuple[Done, ...], relation: Relation) -> str | None:
    """Return why a statement may have given a table another file: it names a tablespace, or clusters all tables."""
    said = [token.word for token in tokens.tokens(execution.sql)]
    if "TABLESPACE" in said and any(each.relation == relation for each in done):
        return "tablespace"
    return "CLUSTER" if execution.tag == "CLUSTER" and not done else None


def _candidates(accounts: Accounts, done: Done, relations: Relations) -> list[int]:
    """Return the statements that may have done it unseen, of the likeliest kind there is.

    Rows that vanish do so by a cascade of a DELETE rather than by the trigger of another statement.
    """
    relation, verb = done.relation, done.detail
    if done.kind is WorkKind.REWRITE:
        return [place for place, (each, seen) in enumerate(accounts) if _mover(each, seen, relation) == verb]
    executions = [each for each, _ in accounts]
    copies = [place for place, each in enumerate(executions) if each.tag == "COPY" and _names(each, relation)]
    calls = [place for place, each in enumerate(executions) if each.tag == "SELECT" and _calls(each, relations)]
    writers = [place for place, each in enumerate(executions) if each.tag in _WRITERS or _writes(each)]
    deletions = [place for place in writers if verb == "delete" and executions[place].tag == "DELETE"]
    blocks = [place for place, each in enumerate(executions) if each.tag in _BLOCKS]
    if verb == "truncate":
        return calls or blocks or writers
    return copies or calls or deletions or writers or blocks


def _names(execution: Execution, relation: Relation) -> bool:
    return any(token.name == relation.name for token in tokens.tokens(execution.sql))


def _writes(execution: Execution) -> bool:
    """Say whether a query writes in its WITH."""
    words = [token.word for token in tokens.tokens(execution.sql)]
    return words[:1] == ["WITH"] and any(verb in words for verb in _WRITERS)


def _calls(execution: Execution, relations: Relations) -> bool:
    """Say whether a statement calls a function that is not PostgreSQL's own."""
    found = list(tokens.tokens(execution.sql))
    return any(
        one.name is not None and one.name not in relations.builtins and other.text == "("
        for one, other in pairwise(found)
    )
