"""Residue: rows the server counted that no plan and no command accounts for.

Functions called by SELECT, triggers, cascades and COPY write rows without a plan of their own in the log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
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
_VERBS = ("insert", "update", "delete")
_WRITERS = ("INSERT", "UPDATE", "DELETE", "MERGE")
_BLOCKS = ("DO", "CALL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """What was left over, and which statement, by its place, it was given to."""

    done: Mapping[int, tuple[Done, ...]]
    notes: tuple[str, ...]


def attribute(
    accounts: tuple[tuple[Execution, tuple[Done, ...]], ...], before: Counters, after: Counters, relations: Relations
) -> Residue:
    """Give the rows nobody accounts for to the statement that most likely touched them.

    First to a COPY of the table, then to a SELECT that calls a function, then (by a cascade) to a DELETE where rows
    are gone, then (by a trigger) to a statement that writes, then to a block of code; among several to the one that
    took longest, with a note.
    """
    found: dict[int, list[Done]] = defaultdict(list)
    notes = []
    for relation, verb, rows in _left_over(accounts, before, after, relations):
        candidates = _candidates(accounts, relation, verb, relations)
        if not candidates:
            notes.append(
                f"{rows:,} rows of {relation.identity} counted as {verb} belong to no statement that was seen."
            )
            continue
        place = max(candidates, key=lambda each: accounts[each][0].ended - accounts[each][0].started)
        kind = WorkKind.SCAN if verb == "read" else WorkKind.ROWS
        found[place].append(Done(relation=relation, kind=kind, rows=rows, detail="" if verb == "read" else verb))
        if len(candidates) > 1:
            notes.append(
                f"{rows:,} rows of {relation.identity} ({verb}) were written by a function, a trigger or a COPY: "
                f"{len(candidates)} statements may have done it, and they are shown with the longest."
            )
    return Residue(done={place: tuple(done) for place, done in found.items()}, notes=tuple(notes))


def _left_over(
    accounts: tuple[tuple[Execution, tuple[Done, ...]], ...], before: Counters, after: Counters, relations: Relations
) -> list[tuple[Relation, str, int]]:
    booked: dict[tuple[int, str], int] = defaultdict(int)
    for _, done in accounts:
        for each in done:
            for oid in relations.tree(each.relation.oid):
                booked[oid, each.detail] += each.rows
    found = []
    for oid, counted in sorted(after.items()):
        relation = relations.by_oid.get(oid)
        if relation is None or not relation.is_table or relation.kind != "r":
            continue
        for verb, now, then in zip(_VERBS, counted, before.get(oid, (0, 0, 0, 0)), strict=False):
            if (rows := now - then - booked[oid, verb]) > 0:
                found.append((relation, verb, rows))
    return found


def _candidates(
    accounts: tuple[tuple[Execution, tuple[Done, ...]], ...], relation: Relation, verb: str, relations: Relations
) -> list[int]:
    """Return the statements that may have touched a table unseen, of the likeliest kind there is.

    Rows that vanish do so by a cascade of a DELETE rather than by the trigger of another statement.
    """
    executions = [each for each, _ in accounts]
    copies = [place for place, each in enumerate(executions) if each.tag == "COPY" and _names(each, relation)]
    calls = [place for place, each in enumerate(executions) if each.tag == "SELECT" and _calls(each, relations)]
    writers = [place for place, each in enumerate(executions) if each.tag in _WRITERS]
    deletions = [place for place in writers if verb == "delete" and executions[place].tag == "DELETE"]
    blocks = [place for place, each in enumerate(executions) if each.tag in _BLOCKS]
    return copies or calls or deletions or writers or blocks


def _names(execution: Execution, relation: Relation) -> bool:
    return any(token.name == relation.name for token in tokens.tokens(execution.sql))


def _calls(execution: Execution, relations: Relations) -> bool:
    """Say whether a statement calls a function that is not PostgreSQL's own."""
    found = list(tokens.tokens(execution.sql))
    return any(
        one.name is not None and one.name not in relations.builtins and other.text == "("
        for one, other in pairwise(found)
    )
