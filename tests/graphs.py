"""Databases of random tables that refer to each other: cycles, composite keys, self references, partitions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from rehearse.catalog import relations
from rehearse.catalog.relations import ForeignKey
from rehearse.model.sampling import SampleRules
from rehearse.snapshot import sampling, selection
from rehearse.snapshot.facts import table_facts

Rows = dict[int, set[str] | None]  # table or leaf -> ctids; None: every row


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The shape of a database."""

    tables: int
    rows: int
    references: int
    partitioned: float  # share of the tables
    seed: int


def build(connection: psycopg.Connection, graph: Graph) -> None:
    """Make the tables, fill them and let them refer to each other; every reference holds."""
    chance = random.Random(graph.seed)  # noqa: S311 - no secret
    for number in range(graph.tables):
        for statement in _table(number, graph, partitioned=chance.random() < graph.partitioned):
            connection.execute(statement)
    for number in range(graph.references):
        child, parent = chance.randrange(graph.tables), chance.randrange(graph.tables)
        for statement in _reference(number, child, parent, graph, chance):
            connection.execute(statement)
    connection.execute("ANALYZE")


def _table(number: int, graph: Graph, *, partitioned: bool) -> Iterator[str]:
    keys = "id int PRIMARY KEY, a int, b text, UNIQUE (id, a, b)"
    yield f"CREATE TABLE t{number} ({keys}){' PARTITION BY RANGE (id)' if partitioned else ''}"
    if partitioned:
        third = graph.rows // 3
        yield f"CREATE TABLE t{number}_low PARTITION OF t{number} FOR VALUES FROM (MINVALUE) TO ({third})"
        middle = f"FOR VALUES FROM ({third}) TO ({2 * third}) PARTITION BY RANGE (id)"
        yield f"CREATE TABLE t{number}_mid PARTITION OF t{number} {middle}"
        yield f"CREATE TABLE t{number}_mid_rest PARTITION OF t{number}_mid DEFAULT"
        yield f"CREATE TABLE t{number}_rest PARTITION OF t{number} DEFAULT"
    yield f"INSERT INTO t{number} SELECT n, n % 7, 'k' || n % 5 FROM generate_series(1, {graph.rows}) n"


def _reference(number: int, child: int, parent: int, graph: Graph, chance: random.Random) -> Iterator[str]:
    """Add columns to a child that refer to a parent, some of them NULL or half NULL, and the foreign key."""
    composite, full = chance.random() < 0.5, chance.random() < 0.3
    step, nulls = chance.randrange(1, 97), chance.choice([2, 3, 11])
    to = f"(id * {step} + {chance.randrange(97)}) % {graph.rows} + 1"
    key = f"r{number}"
    if not composite:
        yield f"ALTER TABLE t{child} ADD {key} int"
        yield f"UPDATE t{child} SET {key} = CASE WHEN id % {nulls} > 0 THEN {to} END"
        yield f"ALTER TABLE t{child} ADD CONSTRAINT {key} FOREIGN KEY ({key}) REFERENCES t{parent} (id)"
        return
    half = "NULL" if full else f"{key}"
    yield f"ALTER TABLE t{child} ADD {key} int, ADD {key}_a int, ADD {key}_b text"
    yield f"UPDATE t{child} SET {key} = {to}"
    yield (
        f"UPDATE t{child} AS c SET {key}_a = p.a, {key}_b = p.b FROM t{parent} AS p "
        f"WHERE p.id = c.{key} AND c.id % {nulls} > 0"
    )
    yield f"UPDATE t{child} SET {key} = {half} WHERE {key}_a IS NULL"
    yield (
        f"ALTER TABLE t{child} ADD CONSTRAINT {key} FOREIGN KEY ({key}, {key}_a, {key}_b) "
        f"REFERENCES t{parent} (id, a, b){' MATCH FULL' if full else ''}"
    )


def selected(connection: psycopg.Connection, rules: SampleRules) -> Rows:
    """Return the rows that a snapshot would keep."""
    known, tables = relations.relations(connection), relations.tables(connection)
    sizes = sampling.Sizes.of(map(table_facts, tables))
    tables = tuple(table for table in tables if table.kind == "r")
    whole = sampling.whole_tables(tables, sizes, frozenset(), rules)
    source = selection.Source(
        tables=tables,
        whole=whole,
        relations=known,
        columns=relations.columns(connection, sorted(known)),
        foreign_keys=relations.foreign_keys(connection),
        sizes=sizes,
        rules=rules,
    )
    return {**selection.select(connection, source, lambda _: None).ctids, **dict.fromkeys(whole)}


def quoted(ctid: str) -> str:
    return f'"{ctid}"'


def dangling(connection: psycopg.Connection, rows: Rows) -> int:
    """Count kept rows whose key is in the source, but not among the kept rows; asked another way than the closure."""
    known = relations.relations(connection)
    leaves = {oid: [leaf for leaf in rows if oid == leaf or oid in known[leaf].ancestors] for oid in known}

    def keys(oid: int, names: tuple[str, ...], kept: Rows) -> set[tuple[object, ...]]:
        listed = ", ".join('"' + name + '"' for name in names)
        found: set[tuple[object, ...]] = set()
        for leaf in leaves[oid]:
            asked, ctids = f"SELECT {listed} FROM ONLY {known[leaf].identity}", kept[leaf]
            some = "" if ctids is None else f" WHERE ctid = ANY ('{{{','.join(map(quoted, ctids))}}}'::tid[])"
            answer = connection.execute(asked + some)
            found |= set(answer)
        return found

    def lost(key: ForeignKey) -> int:
        here = keys(key.parent, key.parent_columns, rows)
        referred = {row for row in keys(key.child, key.child_columns, rows) if None not in row}
        missing = referred - here
        return len(missing & keys(key.parent, key.parent_columns, dict.fromkeys(rows))) if missing else 0

    return sum(lost(key) for key in relations.foreign_keys(connection))
