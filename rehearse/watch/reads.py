"""Reads: rows the server counted as read from end to end, given to the statements that may have read them.

Without a plan nobody tells which statement did; the counters tell how many rows of which table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rehearse.model.timeline import Outcome, Statement, Work, WorkKind
from rehearse.watch import strings, tokens
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.residue import Counters

_READING = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "CREATE", "REFRESH", "DECLARE", "FETCH")
_SOURCES = ("SELECT", "WITH", "TABLE")
_PROVING = "validating foreign key"
_WHOLE = (WorkKind.REWRITE, WorkKind.SCAN, WorkKind.INDEX_BUILD)


def with_reads(
    statements: tuple[Statement, ...], before: Counters, after: Counters, relations: Relations
) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """Return the statements with what they read, and a note on each table of which several may have been the reader."""
    found, notes = {each.number: each for each in statements}, []
    for oid, relation in sorted(relations.by_oid.items()):
        rows = _left(oid, relation, statements, before, after)
        readers = [each for each in statements if may_read(each, relation, relations)] if rows > 0 else []
        if not readers:
            continue
        reader = found[max(readers, key=lambda each: each.duration).number]
        found[reader.number] = _with(reader, relation, rows)
        if len(readers) > 1:
            notes.append(
                f"{rows:,} rows of {relation.identity} were read from end to end: {len(readers)} statements may have "
                "done it, and they are shown with the longest."
            )
    return tuple(found.values()), tuple(notes)


def is_built_on(relation: Relation, statements: Sequence[Statement]) -> bool:
    """Say whether a table was written anew or indexed: how often it was read for that is not told."""
    return any(
        work.object == relation.identity and work.kind in (WorkKind.REWRITE, WorkKind.INDEX_BUILD)
        for each in statements
        for work in each.work
    )


def written(statement: Statement, relation: Relation) -> int:
    """Return the rows of a table that a statement wrote."""
    return sum(work.rows for work in statement.work if work.object == relation.identity and work.kind is WorkKind.ROWS)


def _left(oid: int, relation: Relation, statements: Sequence[Statement], before: Counters, after: Counters) -> int:
    """Return the rows read of a table beyond those of work that reads all of it."""
    if not relation.is_table or oid not in after or is_built_on(relation, statements):
        return 0
    works = [work for each in statements for work in each.work if work.object == relation.identity]
    read = after[oid][3] - before.get(oid, (0, 0, 0, 0))[3]
    return read - sum(work.rows for work in works if work.kind in _WHOLE)


def may_read(statement: Statement, relation: Relation, relations: Relations) -> bool:
    """Say whether a statement may have read a table from end to end, by its text."""
    if statement.outcome is not Outcome.APPLIED:
        return False
    if _proof(statement):
        children = (relations.by_oid[oid].identity for oid in relations.referencing.get(relation.oid, ()))
        return bool({*children, relation.identity} & {work.object for work in statement.work})
    said = list(tokens.tokens(statement.sql))
    word = strings.word(statement.sql)
    if word == "CREATE" and not strings.is_made_from_query(statement.sql):
        is_partition = any(
            token.word == "PARTITION" for token in said
        )  # rows of the default partition may belong to it
        return is_partition and relation.identity in {work.object for work in statement.work}
    if word == "INSERT":  # what it writes to it does not read
        start = next((place for place, token in enumerate(said) if token.word in _SOURCES), len(said))
        said = said[start:]
    places = {relations.by_oid[oid].name for oid in _above(relation, relations)}
    return word in ("REFRESH", "FETCH") or (word in _READING and bool({token.name for token in said} & places))


def _proof(statement: Statement) -> str:
    return next((work.detail for work in statement.work if work.detail.startswith(_PROVING)), "")


def _above(relation: Relation, relations: Relations) -> Iterator[int]:
    """Yield the names under which a table's rows are read: its own, its parents', those of views of it."""
    yield relation.oid
    for parent in relations.children:
        if relation.oid in relations.tree(parent):
            yield parent
    for view in relations.views:
        if relation.oid in relations.behind(view):
            yield view


def _with(statement: Statement, relation: Relation, rows: int) -> Statement:
    if rows <= written(statement, relation):
        return statement
    word = strings.word(statement.sql)
    is_made = strings.is_made_from_query(statement.sql) or (word == "SELECT" and strings.is_ddl(statement.sql))
    why = "reading" if word == "REFRESH" or is_made else "validating"
    detail = _proof(statement) or (why if strings.is_ddl(statement.sql) else "")
    work = Work(kind=WorkKind.SCAN, object=relation.identity, rows=rows, detail=detail)
    return replace(statement, work=(*statement.work, work))
