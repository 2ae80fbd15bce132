"""Commands that define, by what their text says: the locks that event traces would tell where there are none.

The modes are those of manual 13.3.1 and of the commands' own pages, as they are on PostgreSQL 14 to 18.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from rehearse.model.timeline import LockMode
from rehearse.watch import commands, strings
from rehearse.watch.commands import Known
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.tokens import tokens
from rehearse.watch.words import Words

_QUALIFIERS = ("OR", "REPLACE", "TEMP", "TEMPORARY", "GLOBAL", "LOCAL", "UNLOGGED", "UNIQUE", "RECURSIVE", "CONSTRAINT")
_TABLES = ("TABLE", "VIEW", "MATERIALIZED", "FOREIGN")
# What else there is to define: nothing of it locks a table that existed before, unless others hang on it.
_APART = (
    "ACCESS", "AGGREGATE", "CAST", "COLLATION", "CONVERSION", "DATABASE", "DEFAULT", "EXTENSION", "FUNCTION", "GROUP",
    "LANGUAGE", "LARGE", "OPERATOR", "PROCEDURE", "ROLE", "ROUTINE", "SCHEMA", "SEQUENCE", "SERVER", "TEXT",
    "TRANSFORM", "USER",
)  # fmt: skip
_HARMLESS = (
    "", "ABORT", "BEGIN", "CHECKPOINT", "CLOSE", "COMMIT", "COPY", "DEALLOCATE", "DECLARE", "DELETE", "DISCARD", "END",
    "FETCH", "GRANT", "INSERT", "LISTEN", "LOAD", "MERGE", "MOVE", "NOTIFY", "PREPARE", "RELEASE", "RESET", "REVOKE",
    "ROLLBACK", "SAVEPOINT", "SET", "SHOW", "START", "UNLISTEN", "UPDATE",
)  # fmt: skip
_BY_COMMANDS = ("ANALYSE", "ANALYZE", "CLUSTER", "LOCK", "REFRESH", "REINDEX", "TRUNCATE", "VACUUM")
_QUERIES = ("SELECT", "WITH", "VALUES", "TABLE", "(")
_SHARED = LockMode.SHARE_UPDATE_EXCLUSIVE
_WRITING = LockMode.SHARE_ROW_EXCLUSIVE
_ALL = LockMode.ACCESS_EXCLUSIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key that existed before."""

    table: int
    name: str
    columns: tuple[str, ...]
    other: int  # the table it references
    other_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """What ties tables to others, beside what every watch knows of them."""

    keys: tuple[ForeignKey, ...] = ()
    defaults: Mapping[int, int] = field(default_factory=dict)  # by partitioned table: its default partition


def known(sql: str, relations: Relations, ties: Ties) -> tuple[Known, ...]:
    """Return the locks a command takes on relations that existed before."""
    words = Words(tokens(sql))
    if words.take("COMMENT"):
        return tuple(_comment(words, relations))
    verb = next((verb for verb in ("CREATE", "ALTER", "DROP") if words.take(verb)), "")
    replaces = verb == "CREATE" and words.rest()[:2] == ("OR", "REPLACE")
    while verb == "CREATE" and words.rest()[:1] and words.rest()[0] in _QUALIFIERS:
        words.skip()
    for kind, reader in _READERS.items():
        if words.take(*kind):
            return tuple(reader(_Command(verb=verb, words=words, sql=sql, replaces=replaces), relations, ties))
    return ()


def is_understood(sql: str, relations: Relations) -> bool:
    """Say whether text, command tag and the server's messages tell all a statement does to tables.

    They do not where it runs code of the project's own, nor of commands nobody wrote down here.
    """
    words = [token.word for token in tokens(sql)]
    first = strings.word(sql)
    if first in _QUERIES:
        return not _calls(sql, relations)
    if first == "EXPLAIN":
        return "ANALYZE" not in words
    if first == "COMMENT" or first in _HARMLESS or first in _BY_COMMANDS:
        return True
    if first not in ("CREATE", "ALTER", "DROP"):
        return False
    rest = [word for word in words[1:] if word not in _QUALIFIERS]
    kind, said = (rest[0] if rest else ""), set(rest)
    if first == "ALTER" and "CASCADE" in said:
        return False
    if kind in ("TYPE", "DOMAIN"):
        return first == "CREATE" or (not said & {"ATTRIBUTE", "CASCADE"} and not (kind == "DOMAIN" and _proves(said)))
    if kind in _APART:
        return "CASCADE" not in said and not (first == "ALTER" and kind == "EXTENSION")
    return kind in (*_TABLES, "INDEX", "TRIGGER", "RULE", "POLICY", "STATISTICS")


def _proves(said: set[str]) -> bool:
    """Say whether an ALTER DOMAIN looks at the rows of every table that has a column of the domain."""
    return bool(said & {"ADD", "VALIDATE"} or {"SET", "NULL"} <= said) and not {"NOT", "VALID"} <= said


def _calls(sql: str, relations: Relations) -> bool:
    """Say whether a query calls a function that is not PostgreSQL's own."""
    return any(
        one.name is not None and one.name not in relations.builtins and other.text == "("
        for one, other in pairwise(tokens(sql))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """A command, read up to what it is about."""

    verb: str
    words: Words  # behind the kind of object
    sql: str
    replaces: bool


def _table(command: _Command, relations: Relations, ties: Ties) -> Iterator[Known]:
    if command.verb == "DROP":
        yield from _drop(command, relations, ties)
    elif command.verb == "CREATE":
        yield from _create(command, relations, ties)
    else:
        yield from commands.attempted(command.sql, relations)
        yield from _partners(command, relations, ties)


def _create(command: _Command, relations: Relations, ties: Ties) -> Iterator[Known]:
    """Yield the parents of a new table: by foreign key, as a partition of them, by inheritance."""
    words = command.words
    while words.rest():
        if words.take("REFERENCES"):
            yield from _locked(words, relations, _WRITING)
        elif words.take("PARTITION", "OF"):
            for parent in tuple(_locked(words, relations, _ALL)):
                yield parent
                yield from _on(relations.by_oid.get(ties.defaults.get(parent.relation.oid, 0)), _ALL)
        elif words.take("INHERITS"):
            words.symbol("(")
            for schema, name, _ in words.names():
                yield from _on(relations.resolve(name, schema), _SHARED)
        else:
            words.skip()


def _drop(command: _Command, relations: Relations, ties: Ties) -> Iterator[Known]:
    """Yield what is dropped, and the tables at the other end of its foreign keys, whose triggers go."""
    command.words.take("IF", "EXISTS")
    for schema, name, _ in tuple(command.words.names()):
        found = relations.resolve(name, schema)
        for parent, members in relations.children.items():
            if found and found.oid in members and relations.by_oid[parent].kind == "p":
                yield from _on(relations.by_oid[parent], _ALL)
        for oid in relations.tree(found.oid) if found else ():
            yield from _on(relations.by_oid.get(oid), _ALL)
            for key in ties.keys:
                if oid in (key.table, key.other):
                    yield from _on(relations.by_oid.get(key.other if oid == key.table else key.table), _ALL)


def _partners(command: _Command, relations: Relations, ties: Ties) -> Iterator[Known]:
    """Yield the other tables an ALTER TABLE locks."""
    words = command.words
    words.take("IF", "EXISTS")
    words.take("ONLY")
    found = words.name()
    table = relations.resolve(found[1], found[0]) if found else None
    words.symbol("*")
    for action in words.split():
        if action.take("ATTACH", "PARTITION"):
            yield from _locked(action, relations, _ALL)
            yield from _on(relations.by_oid.get(ties.defaults.get(table.oid, 0) if table else 0), _ALL)
        elif action.take("DETACH", "PARTITION"):
            yield from _locked(action, relations, _ALL)
        elif action.take("INHERIT"):
            yield from _locked(action, relations, _SHARED)
        elif table:
            for oid in _tied(action, table, ties):
                yield from _on(relations.by_oid.get(oid), _ALL)


def _tied(action: Words, table: Relation, ties: Ties) -> Iterator[int]:
    """Yield the tables at the other end of the foreign keys one action of ALTER TABLE drops or makes anew."""
    drops = action.take("DROP")
    if not drops and not action.take("ALTER"):
        return
    is_constraint = action.take("CONSTRAINT")
    action.take("COLUMN")
    action.take("IF", "EXISTS")
    name = (action.name() or (None, ""))[1]
    if not drops and action.rest()[:1] != ("TYPE",) and action.rest()[:3] != ("SET", "DATA", "TYPE"):
        return
    for key in ties.keys:
        if key.table == table.oid and (name == key.name if is_constraint else name in key.columns):
            yield key.other
        if key.other == table.oid and not is_constraint and name in key.other_columns:
            yield key.table


def _view(command: _Command, relations: Relations, ties: Ties) -> Iterator[Known]:
    if command.verb == "DROP":
        yield from _drop(command, relations, ties)
    elif command.verb == "ALTER" or command.replaces:
        command.words.take("IF", "EXISTS")
        yield from _locked(command.words, relations, _ALL)


def _index(command: _Command, relations: Relations, _: Ties) -> Iterator[Known]:
    """Yield the index and its table; what CREATE INDEX and CONCURRENTLY lock is told among the other commands."""
    words = command.words
    if command.verb == "CREATE" or words.rest()[:1] == ("CONCURRENTLY",):
        return
    words.take("IF", "EXISTS")
    if command.verb == "ALTER":
        found = words.name()
        light = words.rest()[:1] in (("RENAME",), ("ALTER",)) or words.rest()[:2] in (("SET", ""), ("RESET", ""))
        yield from _on(relations.resolve(found[1], found[0]) if found else None, _SHARED if light else _ALL)
        return
    for schema, name, _only in words.names():
        if index := relations.resolve(name, schema):
            for oid in relations.tree(index.table_oid):
                yield from _on(relations.by_oid.get(oid), _ALL)
            yield from _on(index, _ALL)


def _upon(
    made: tuple[str, LockMode], changed: tuple[str, LockMode]
) -> Callable[[_Command, Relations, Ties], Iterator[Known]]:
    """Return a reader of commands about something a table has: behind which word the table stands, and its lock."""

    def read(command: _Command, relations: Relations, _: Ties) -> Iterator[Known]:
        word, mode = made if command.verb == "CREATE" else changed
        while command.words.rest() and not command.words.take(word):
            command.words.skip()
        yield from _locked(command.words, relations, mode)

    return read


def _comment(words: Words, relations: Relations) -> Iterator[Known]:
    words.take("ON")
    if any(words.take(kind) for kind in ("TABLE", "VIEW", "INDEX")) or words.take("MATERIALIZED", "VIEW"):
        yield from _locked(words, relations, _SHARED)
    elif words.take("COLUMN"):
        schema, table, _column = (None, None, None, *words.path())[-3:]
        if table is not None:
            yield from _on(relations.resolve(table, schema), _SHARED)
    elif any(words.take(kind) for kind in ("CONSTRAINT", "TRIGGER", "RULE", "POLICY")):
        words.name()
        words.take("ON")
        yield from _locked(words, relations, _SHARED)


_READERS: dict[tuple[str, ...], Callable[[_Command, Relations, Ties], Iterator[Known]]] = {
    ("TABLE",): _table,
    ("FOREIGN", "TABLE"): _table,
    ("VIEW",): _view,
    ("MATERIALIZED", "VIEW"): _view,
    ("INDEX",): _index,
    ("TRIGGER",): _upon(("ON", _WRITING), ("ON", _ALL)),
    ("POLICY",): _upon(("ON", _ALL), ("ON", _ALL)),
    ("RULE",): _upon(("TO", _ALL), ("ON", _ALL)),
    ("STATISTICS",): _upon(("FROM", _SHARED), ("FROM", _SHARED)),
}


def _locked(words: Words, relations: Relations, mode: LockMode) -> Iterator[Known]:
    """Yield the relation that is named next."""
    if found := words.name():
        yield from _on(relations.resolve(found[1], found[0]), mode)


def _on(relation: Relation | None, mode: LockMode) -> Iterator[Known]:
    if relation is not None:
        yield Known(relation=relation, mode=mode)
