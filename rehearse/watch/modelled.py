"""Statements as a door heard them, with the events no tracer told: by their text, their tag and the server's messages.

PostgreSQL says at DEBUG1 which tables it rewrites and verifies and which indexes it builds, to whoever asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from rehearse.model.timeline import LockMode
from rehearse.watch import commands, definitions, strings
from rehearse.watch.commands import Known
from rehearse.watch.definitions import Ties
from rehearse.watch.executions import Ddl, Execution, Scans
from rehearse.watch.plans import Plan, Rows
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.tokens import Token, tokens
from rehearse.watch.words import Words

_REWRITING = re.compile(r'rewriting table "(?P<table>.*)"')
_NAMING = re.compile(r'(?:rewriting|verifying) table "(?P<table>.*)"|building index ".*" on table "(?P<indexed>.*)" .*')
_VALIDATING = re.compile(r'validating foreign key constraint "(?P<name>.*)"')
_WRITERS = {("INSERT", "INTO"): "insert", ("UPDATE",): "update", ("DELETE", "FROM"): "delete", ("COPY",): "insert"}
_TYPE, _DEFAULT, _PERSISTENCE = 4, 2, 1  # bits of pg_event_trigger_table_rewrite_reason(), manual 9.30.3
_NO_SCANS = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is known of statements beside their text; by the position of each."""

    ties: Ties = field(default_factory=Ties)
    rows: Mapping[int, int] = field(default_factory=dict)  # of the command tag
    sampled: Mapping[int, tuple[tuple[int, LockMode], ...]] = field(default_factory=dict)  # locks that were seen
    quiet: frozenset[int] = frozenset()  # where the server's messages are missing
    moved: frozenset[int] = frozenset()  # tables that lie in another file than before

    def read(self, execution: Execution, relations: Relations) -> tuple[Execution, tuple[Known, ...]]:
        """Return a statement with its events, and the locks and the work its text tells."""
        known = (
            *commands.known(execution.sql, relations),
            *definitions.known(execution.sql, relations, self.ties),
            *self._seen(execution, relations),
        )
        if execution.error is not None:
            return replace(execution, messages=()), known
        if strings.is_ddl(execution.sql):
            return self._defined(execution, known, relations), known
        if named := tuple(_named(execution, relations)):
            known += tuple(Known(relation=each, mode=_mode(execution, each)) for each in named)
            return self._defined(execution, known, relations), known
        return replace(execution, events=self._plans(execution, relations)), known

    def _seen(self, execution: Execution, relations: Relations) -> Iterator[Known]:
        for oid, mode in self.sampled.get(execution.position, ()):
            if oid in relations.by_oid:
                yield Known(relation=relations.by_oid[oid], mode=mode)

    def _plans(self, execution: Execution, relations: Relations) -> tuple[Plan, ...]:
        """Return what a plan would tell, as far as the command tag does."""
        rows = self.rows.get(execution.position)
        return (
            ()
            if rows is None
            else (_plan(execution, rows, tuple(_written(execution.sql, rows, relations)), relations),)
        )

    def _defined(self, execution: Execution, known: tuple[Known, ...], relations: Relations) -> Execution:
        """Return a statement with the one command it is, and what the server said moved to that."""
        tables = {relations.name(each): each for each in _tables(known)}
        rewritten = {match["table"] for match in filter(None, map(_REWRITING.fullmatch, execution.messages))}
        found = {tables[name].oid for name in rewritten if name in tables}
        if execution.position in self.quiet and strings.word(execution.sql) == "ALTER":
            found |= {each.oid for each in tables.values() if each.oid in self.moved}
        ddl = Ddl(
            tag=execution.tag,
            started=execution.started,
            ended=execution.ended,
            timeouts={},
            sql=None,
            locks=(),
            objects=tuple(_objects(execution.sql, known, relations)),
            scans=_validated(execution, known),
            rewrites=tuple((oid, _reason(execution.sql)) for oid in sorted(found)),
            messages=execution.messages,
            plans=self._plans(execution, relations),
        )
        return replace(execution, events=(ddl,), messages=())


def _plan(execution: Execution, rows: int, written: tuple[Rows, ...], relations: Relations) -> Plan:
    changed = (relations.resolve(each.table, each.schema) for each in written if each.verb != "insert")
    children = (relations.by_oid[oid] for table in changed if table for oid in relations.children.get(table.oid, ()))
    return Plan(
        at=execution.ended,
        text=execution.sql,
        written=written,
        read=(),
        targets=tuple((each.schema, relations.name(each)) for each in children),
        locking=(),
        fired=(),
        returned=rows,
        affected=rows,
    )


def _written(sql: str, rows: int, relations: Relations) -> Iterator[Rows]:
    """Yield the rows of a statement that names the one table it writes to; what a conflict does, counters tell."""
    words = Words(tokens(sql))
    verb = next((verb for start, verb in _WRITERS.items() if words.take(*start)), None)
    words.take("ONLY")
    found = words.name() if verb else None
    table = relations.resolve(found[1], found[0]) if found else None
    loads = strings.word(sql) != "COPY" or words.has("FROM")
    if rows and verb and table and table.kind != "v" and loads and not words.has("CONFLICT"):
        yield Rows(schema=table.schema, table=relations.name(table), verb=verb, rows=rows)


def _tables(known: tuple[Known, ...]) -> Iterator[Relation]:
    return (each.relation for each in known if each.relation.is_table)


def _named(execution: Execution, relations: Relations) -> Iterator[Relation]:
    """Yield the tables the server speaks of while code of the project's own runs."""
    names = {match["table"] or match["indexed"] for match in filter(None, map(_NAMING.fullmatch, execution.messages))}
    is_code = strings.is_block(execution.sql) or strings.word(execution.sql) in ("SELECT", "EXECUTE")
    for name in sorted(names) if is_code else ():
        if relation := relations.resolve(name, None):
            yield relation


def _mode(execution: Execution, relation: Relation) -> LockMode:
    """Return the least lock under which code, which cannot do it CONCURRENTLY, did what the server says of a table."""
    said = [each for each in execution.messages if f'table "{relation.name}"' in each]
    if any(each.startswith("rewriting") for each in said):
        return LockMode.ACCESS_EXCLUSIVE
    is_built = any(each.startswith("building") for each in said)
    return LockMode.SHARE if is_built else LockMode.SHARE_UPDATE_EXCLUSIVE


def _validated(execution: Execution, known: tuple[Known, ...]) -> Scans:
    """Return the tables whose rows a foreign key was proved by: the first that is named, with its partitions."""
    if not any(map(_VALIDATING.fullmatch, execution.messages)):
        return {}
    tables = [each for each in _tables(known) if each.kind in ("r", "p")]
    roots = tables[:1]
    found = [each for each in tables if roots and (each in roots or each.root_oid == roots[0].oid)]
    return {each.oid: _NO_SCANS for each in found if each.kind == "r"}


def _reason(sql: str) -> int:
    """Return why an ALTER TABLE writes a table anew, by the words that make it do so."""
    said = {token.word for token in tokens(sql)}
    return (
        (_TYPE if "TYPE" in said else 0)
        | (_DEFAULT if said & {"DEFAULT", "GENERATED", "SERIAL", "BIGSERIAL"} and "ADD" in said else 0)
        | (_PERSISTENCE if said & {"LOGGED", "UNLOGGED"} else 0)
    )


def _objects(sql: str, known: tuple[Known, ...], relations: Relations) -> Iterator[tuple[int, str]]:
    """Yield the relations a command makes or changes, as they are called afterwards."""
    words = list(tokens(sql))
    said = [token.word for token in words]
    if said[:1] == ["CREATE"] and "TABLE" in said[1:4]:
        place = Words(words[said.index("TABLE") + 1 :])
        place.take("IF", "NOT", "EXISTS")
        if found := place.name():
            yield 0, _identity(found[0] or next(iter(relations.search_path), "public"), found[1])
        return
    about = next((each.relation for each in known), None)
    if said[:1] != ["ALTER"] or about is None:
        return
    end: Token = words[-2] if words[-1].text == ";" else words[-1]
    if end.name is not None and said[words.index(end) - 2 : words.index(end)] == ["RENAME", "TO"]:
        yield about.oid, _identity(about.schema, end.name)
    elif end.name is not None and said[words.index(end) - 2 : words.index(end)] == ["SET", "SCHEMA"]:
        yield about.oid, _identity(end.name, relations.name(about))


def _identity(schema: str, name: str) -> str:
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in (schema, name))
