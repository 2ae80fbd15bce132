"""Reads: rows the server counted as read from end to end, given to the statements that may have read them.

Without a plan nobody tells which statement did; the counters tell how many rows of which table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rehearse.model.timeline import Outcome, Statement, Work, WorkKind
from rehearse.watch import strings, tokens
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.residue import Counters

_READING = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "CREATE", "REFRESH", "DECLARE", "FETCH")
_SOURCES = ("SELECT", "WITH", "TABLE")
_PROVING = "validating foreign key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Statements with what they read, and what the counters do not tell."""

    statements: tuple[Statement, ...]
    notes: tuple[str, ...]  # on tables of which several statements may have been the reader
    unclear: tuple[Relation, ...]  # tables of which nobody can tell which statement read all of them


def read(statements: tuple[Statement, ...], before: Counters, after: Counters, relations: Relations) -> Reads:
    """Give the rows that were read from end to end, beyond what other work explains, to who may have read them.

    Among several to the one that took longest, with a note, and then the table counts as unclear.
    """
    found, notes, unclear = {each.number: each for each in statements}, [], []
    for oid, relation in sorted(relations.by_oid.items()):
        if not relation.is_table or oid not in after:
            continue
        readers = [each for each in statements if may_read(each, relation, relations)]
        rows = _left(after[oid][3] - before.get(oid, (0, 0, 0, 0))[3], relation, statements, relations)
        if rows is None or (rows > 0 and len(readers) > 1):
            unclear.append(relation)
        if not rows or rows < 0 or not readers:
            continue
        reader = found[max(readers, key=lambda each: each.duration).number]
        if len(readers) > 1:
            notes.append(
                f"{rows:,} rows of {relation.identity} were read from end to end: {len(readers)} statements may have "
                "done it, and they are shown with the longest."
            )
            rows = min(rows, max(relations.rows.get(oid, 0), 1))
        found[reader.number] = _with(reader, relation, rows)
    return Reads(statements=tuple(found.values()), notes=tuple(notes), unclear=tuple(unclear))


def _left(total: int, relation: Relation, statements: Sequence[Statement], relations: Relations) -> int | None:
    """Return the rows read of a table beyond those of work that reads all of it; None: that is not certain.

    An index build reads rows that are dead, too, if others may still see them: work that follows changes may have read
    more than the table had. What is less than half the table is no reading of all of it.
    """
    explained = _Explained(relation, relations)
    for each in statements:
        if not explained.take(each):
            return None
    most = total - explained.rows
    half = max(1, relations.rows.get(relation.oid, 0) // 2)
    if not explained.is_built:
        return most
    if most < half:
        return 0
    least = most - explained.dead
    return least if least >= half else None


class _Explained:
    """How many rows of one table were read by work that reads all of it."""

    def __init__(self, relation: Relation, relations: Relations) -> None:
        self._relation = relation
        # those of its TOAST table have another schema
        indexes = [each for each in relations.indexes(relation.oid) if each.schema == relation.schema]
        self._indexes: int | None = len(indexes)  # None: not known any more
        self._changed = 0
        self.rows = 0
        self.dead = 0  # rows at most that were read beside those
        self.is_built = False

    def take(self, statement: Statement) -> bool:
        """Take in a statement; say whether it is known how often it read the table."""
        for work in (work for work in statement.work if work.object == self._relation.identity):
            if work.kind in (WorkKind.REWRITE, WorkKind.INDEX_BUILD):
                passes = _passes(statement, work, self._indexes)
                if passes is None:
                    return False
                self.is_built = True
                self.rows, self.dead = self.rows + passes * work.rows, self.dead + passes * self._changed
                if self._indexes is not None and work.kind is WorkKind.INDEX_BUILD:
                    self._indexes += 1
            elif work.kind is WorkKind.SCAN:
                self.rows += work.rows
        self._changed += written(statement, self._relation)
        if _drops(statement, self._relation):
            self._indexes = None  # it may have been an index, or taken one along
        has_failed = statement.outcome is Outcome.FAILED and strings.is_ddl(statement.sql)
        return not (has_failed and _names(statement, self._relation))  # how far that came is not told


def _names(statement: Statement, relation: Relation) -> bool:
    return any(token.name == relation.name for token in tokens.tokens(statement.sql))


def _drops(statement: Statement, relation: Relation) -> bool:
    is_drop = any(token.word == "DROP" for token in tokens.tokens(statement.sql))
    return is_drop and any(work.object == relation.identity for work in statement.work)


def _passes(statement: Statement, work: Work, indexes: int | None) -> int | None:
    """Return how often a table is read to build an index, or to write it anew with its indexes; None: not known."""
    is_concurrent = any(token.word == "CONCURRENTLY" for token in tokens.tokens(statement.sql))
    if work.kind is WorkKind.INDEX_BUILD:
        return 2 if is_concurrent else 1
    return None if indexes is None or strings.word(statement.sql) != "ALTER" else 1 + indexes


def written(statement: Statement, relation: Relation) -> int:
    """Return the rows of a table that a statement wrote."""
    return sum(work.rows for work in statement.work if work.object == relation.identity and work.kind is WorkKind.ROWS)


def may_read(statement: Statement, relation: Relation, relations: Relations) -> bool:
    """Say whether a statement may have read a table from end to end, by its text."""
    if statement.outcome is not Outcome.APPLIED:
        return False
    if _proof(statement):
        children = (relations.by_oid[oid].identity for oid in relations.referencing.get(relation.oid, ()))
        return bool({*children, relation.identity} & {work.object for work in statement.work})
    said = list(tokens.tokens(statement.sql))
    word = strings.word(statement.sql)
    if word == "ALTER":  # a column written anew has its foreign keys proved again
        is_anew = any(work.kind is WorkKind.REWRITE and work.object != relation.identity for work in statement.work)
        return is_anew and relation.identity in {work.object for work in statement.work}
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
