"""Commands the tracer cannot see or sees too late: their locks and work, by what the text says.

Event triggers do not fire for TRUNCATE, LOCK TABLE, VACUUM, ANALYZE, CLUSTER, COPY, REASSIGN OWNED, and before
PostgreSQL 17 not for REINDEX; at the end of a CONCURRENTLY its locks are gone already (manual 13.3.1, 40.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from rehearse.model.timeline import LockMode, WorkKind
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.tokens import Token, parts, tokens
from rehearse.watch.words import Words

_MODES = {mode.name.replace("_", " "): mode for mode in LockMode}
_WITH_ROWS = ("r", "m")
_OWNED = (*_WITH_ROWS, "p", "v", "f")
_ONESELF = ("CURRENT_USER", "CURRENT_ROLE", "SESSION_USER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a command is known to do to one relation."""

    relation: Relation
    mode: LockMode
    kind: WorkKind | None = None
    detail: str = ""


_NESTED = ("TRUNCATE", "LOCK", "CLUSTER", "REINDEX")
_OPENERS = ("BEGIN", "THEN", "ELSE", "LOOP")


def known(sql: str, relations: Relations) -> tuple[Known, ...]:
    """Return what one command does to relations that existed before; nothing if the tracer sees it all."""
    words = Words(tokens(sql))
    if words.take("DO"):
        bodies = filter(None, (token.inside for token in tokens(sql)))
        return tuple(found for body in bodies for text in nested(body) for found in known(text, relations))
    for start, reader in _READERS.items():
        if words.take(*start):
            return tuple(reader(words, relations))
    return ()


def attempted(sql: str, relations: Relations) -> tuple[Known, ...]:
    """Return the locks of an ALTER TABLE that failed, for which no event trigger fires (manual, ALTER TABLE)."""
    words = Words(tokens(sql))
    if not words.take("ALTER", "TABLE"):
        return ()
    words.take("IF", "EXISTS")
    named = _tables(words.names(), relations)
    actions = words.split()
    if all(action.rest()[:1] in (("ATTACH",), ("DETACH",)) for action in actions):
        named = named[:1]  # the other partitions are left alone
    mode = max((_action_mode(action) for action in actions), key=lambda each: each.strength)
    found = [Known(relation=relations.by_oid[oid], mode=mode) for oid in named]
    for action in (each for each in actions if each.has("REFERENCES")):
        while not action.take("REFERENCES"):
            action.skip()
        parents = _tables(action.names(), relations)
        found += [Known(relation=relations.by_oid[oid], mode=LockMode.SHARE_ROW_EXCLUSIVE) for oid in parents]
    return tuple(found)


def _action_mode(action: Words) -> LockMode:
    """Return the lock one action of ALTER TABLE takes."""
    said = action.rest()
    is_light = said[:1] in (("VALIDATE",), ("ATTACH",), ("CLUSTER",)) or said[:3] == ("SET", "WITHOUT", "CLUSTER")
    tunes = said[:1] in (("SET",), ("RESET",), ("ALTER",)) and any(
        pair in (("SET", ""), ("RESET", ""), ("SET", "STATISTICS")) for pair in pairwise(said)
    )
    if is_light or tunes or (said[:1] == ("DETACH",) and "CONCURRENTLY" in said):
        return LockMode.SHARE_UPDATE_EXCLUSIVE
    adds_key = said[:1] == ("ADD",) and "FOREIGN" in said[1:4]
    switches_trigger = said[:1] in (("ENABLE",), ("DISABLE",)) and "TRIGGER" in said
    return LockMode.SHARE_ROW_EXCLUSIVE if adds_key or switches_trigger else LockMode.ACCESS_EXCLUSIVE


def is_executed(statement: list[Token]) -> bool:
    """Say whether a statement of code ends with a string that is a command, as it is."""
    return [token.word for token in statement[-2:-1]] == ["EXECUTE"] and statement[-1].inside is not None


def nested(code: str) -> Iterator[str]:
    """Yield the statements of a body of code that begin with a word we know, whether they were reached or not.

    >>> list(nested("BEGIN IF a THEN LOCK t; END IF; EXECUTE 'LOCK u IN SHARE MODE'; END"))
    ['LOCK t', 'LOCK u IN SHARE MODE']
    """
    for statement in parts(code):
        found = list(tokens(statement))
        for before, token in zip((None, *found), found, strict=False):
            if token.word in _NESTED and (before is None or before.word in _OPENERS):
                yield statement[token.start :]
            elif token is found[-1] and is_executed(found):
                yield from (each for each in nested(token.inside or "") if Words(tokens(each)).take("LOCK"))


def _truncate(words: Words, relations: Relations) -> Iterator[Known]:
    words.take("TABLE")
    named = _tables(words.names(), relations)
    for oid in relations.cascade(named) if words.has("CASCADE") else named:
        if oid in relations.by_oid:
            yield Known(
                relation=relations.by_oid[oid], mode=LockMode.ACCESS_EXCLUSIVE, kind=WorkKind.ROWS, detail="truncate"
            )


def _lock(words: Words, relations: Relations) -> Iterator[Known]:
    words.take("TABLE")
    named = _tables(words.names(), relations)
    words.take("IN")
    rest = words.rest()
    said = " ".join(rest[: rest.index("MODE")]) if "MODE" in rest else ""
    for oid in dict.fromkeys(found for view in named for found in relations.behind(view)):
        if oid in relations.by_oid:
            yield Known(relation=relations.by_oid[oid], mode=_MODES.get(said, LockMode.ACCESS_EXCLUSIVE))


def _vacuum(words: Words, relations: Relations) -> Iterator[Known]:
    options = words.options()
    full = "FULL" in options
    while word := next((word for word in ("FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE") if words.take(word)), ""):
        full = full or word == "FULL"
    mode = LockMode.ACCESS_EXCLUSIVE if full else LockMode.SHARE_UPDATE_EXCLUSIVE
    for relation in _maintained(words, relations):
        if relation.kind in _WITH_ROWS:
            kind, detail = (WorkKind.REWRITE, "VACUUM FULL") if full else (WorkKind.SCAN, "VACUUM")
            yield Known(relation=relation, mode=mode, kind=kind, detail=detail)
        else:
            yield Known(relation=relation, mode=mode)


def _analyze(words: Words, relations: Relations) -> Iterator[Known]:
    words.options()
    words.take("VERBOSE")
    for relation in _maintained(words, relations):
        yield Known(relation=relation, mode=LockMode.SHARE_UPDATE_EXCLUSIVE)


def _cluster(words: Words, relations: Relations) -> Iterator[Known]:
    words.options()
    words.take("VERBOSE")
    named = _tables(words.names(), relations)
    if words.take("ON"):  # CLUSTER index ON table, the form before 8.3
        named = _tables(words.names(), relations)
    for oid in named:
        relation = relations.by_oid[oid]
        work = WorkKind.REWRITE if relation.kind in _WITH_ROWS else None
        yield Known(relation=relation, mode=LockMode.ACCESS_EXCLUSIVE, kind=work, detail="CLUSTER")


def _refresh(words: Words, relations: Relations) -> Iterator[Known]:
    concurrently = words.take("CONCURRENTLY")
    for oid in _tables(words.names(), relations):
        yield Known(
            relation=relations.by_oid[oid],
            mode=LockMode.EXCLUSIVE if concurrently else LockMode.ACCESS_EXCLUSIVE,
            kind=WorkKind.ROWS if concurrently else WorkKind.REWRITE,
            detail="refresh",
        )


def _reindex(words: Words, relations: Relations) -> Iterator[Known]:
    """Yield locks only: the server says itself which indexes it builds."""
    concurrently = "CONCURRENTLY" in words.options()
    what = next((word for word in ("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM") if words.take(word)), "")
    concurrently = words.take("CONCURRENTLY") or concurrently
    shared = LockMode.SHARE_UPDATE_EXCLUSIVE if concurrently else LockMode.SHARE
    for relation in _reindexed(what, words, relations):
        exclusive = relation.is_index and not concurrently
        yield Known(relation=relation, mode=LockMode.ACCESS_EXCLUSIVE if exclusive else shared)


def _reindexed(what: str, words: Words, relations: Relations) -> Iterator[Relation]:
    """Yield the tables and the indexes; of a partitioned index only the one that is named is locked itself."""
    found = words.name()
    if what in ("INDEX", "TABLE"):
        named = relations.resolve(found[1], found[0]) if found else None
        members = [relations.by_oid[oid] for oid in (relations.tree(named.oid) if named else ())]
    else:
        named = None
        members = [
            relation
            for relation in relations.by_oid.values()
            if relation.kind in _WITH_ROWS and (what != "SCHEMA" or (found and relation.schema == found[1]))
        ]
    for member in members:
        yield relations.by_oid[member.table_oid]
        indexes = (member,) if member.is_index else relations.indexes(member.oid)
        yield from (index for index in indexes if index.kind == "i" or index == named)


def _create_index(words: Words, relations: Relations) -> Iterator[Known]:
    """Yield the lock, which at the end of a CONCURRENTLY is released already, and of one that fails is not told."""
    concurrently = words.take("CONCURRENTLY")
    words.take("IF", "NOT", "EXISTS")
    if not words.take("ON"):
        words.name()
        words.take("ON")
    for oid in _tables(words.names(), relations):
        yield Known(
            relation=relations.by_oid[oid], mode=LockMode.SHARE_UPDATE_EXCLUSIVE if concurrently else LockMode.SHARE
        )


def _drop_index(words: Words, relations: Relations) -> Iterator[Known]:
    if not words.take("CONCURRENTLY"):
        return
    words.take("IF", "EXISTS")
    for schema, name, _ in words.names():
        if (index := relations.resolve(name, schema)) and (table := relations.table(index.oid)):
            yield Known(relation=table, mode=LockMode.SHARE_UPDATE_EXCLUSIVE)
            yield Known(relation=index, mode=LockMode.SHARE_UPDATE_EXCLUSIVE)


def _reassign(words: Words, relations: Relations) -> Iterator[Known]:
    """Yield what the roles own, as far as they did before the migration."""
    roles = {relations.role if name.upper() in _ONESELF else name for _, name, _ in words.names()}
    for relation in relations.by_oid.values():
        if relation.owner in roles and relation.kind in _OWNED:
            yield Known(relation=relation, mode=LockMode.ACCESS_EXCLUSIVE)


def _copy(words: Words, relations: Relations) -> Iterator[Known]:
    found = words.name()
    while words.rest()[:1] not in ((), ("FROM",), ("TO",)):
        words.skip()
    if found and words.take("FROM"):
        yield from _write(found, relations)


def _change(words: Words, relations: Relations) -> Iterator[Known]:
    """Yield the lock on the table a statement names: taken before it is planned, whatever becomes of it."""
    words.take("ONLY")
    if found := words.name():
        yield from _write(found, relations)


def _write(found: tuple[str | None, str], relations: Relations) -> Iterator[Known]:
    if relation := relations.resolve(found[1], found[0]):
        yield Known(relation=relation, mode=LockMode.ROW_EXCLUSIVE)


_READERS: dict[tuple[str, ...], Callable[[Words, Relations], Iterator[Known]]] = {
    ("TRUNCATE",): _truncate,
    ("LOCK",): _lock,
    ("VACUUM",): _vacuum,
    ("ANALYZE",): _analyze,
    ("ANALYSE",): _analyze,
    ("CLUSTER",): _cluster,
    ("REFRESH", "MATERIALIZED", "VIEW"): _refresh,
    ("REINDEX",): _reindex,
    ("CREATE", "UNIQUE", "INDEX"): _create_index,
    ("CREATE", "INDEX"): _create_index,
    ("DROP", "INDEX"): _drop_index,
    ("REASSIGN", "OWNED", "BY"): _reassign,
    ("COPY",): _copy,
    ("INSERT", "INTO"): _change,
    ("UPDATE",): _change,
    ("DELETE", "FROM"): _change,
    ("MERGE", "INTO"): _change,
}


def _tables(names: Iterable[tuple[str | None, str, bool]], relations: Relations) -> tuple[int, ...]:
    """Return the tables that stand for the names, partitions and children included unless ONLY was said."""
    found: dict[int, None] = {}
    for schema, name, only in names:
        if relation := relations.resolve(name, schema):
            found.update(dict.fromkeys((relation.oid,) if only else relations.tree(relation.oid)))
    return tuple(oid for oid in found if oid in relations.by_oid)


def _maintained(words: Words, relations: Relations) -> tuple[Relation, ...]:
    """Return the tables VACUUM and ANALYZE mean: those named, or all."""
    found: dict[int, None] = {}
    for schema, name, only in _without_columns(words):
        if relation := relations.resolve(name, schema):
            found.update(dict.fromkeys((relation.oid,) if only else relations.maintained(relation.oid)))
    everything = (oid for oid, relation in relations.by_oid.items() if relation.kind in (*_WITH_ROWS, "p"))
    return tuple(relations.by_oid[oid] for oid in found or everything if oid in relations.by_oid)


def _without_columns(words: Words) -> Iterator[tuple[str | None, str, bool]]:
    """Yield the tables of a list in which each may be followed by column names in brackets."""
    while True:
        only = words.take("ONLY")
        found = words.name()
        if found is None:
            return
        yield (*found, only)
        words.options()
        if not words.symbol(","):
            return
