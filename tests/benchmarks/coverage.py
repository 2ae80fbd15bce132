"""Whether the sample of 5 M rows holds the one offending row of each of 21 kinds, and what finding them costs.

    python tests/benchmarks/coverage.py [--rounds 3] [--rows 5000000]

Where the rows lie is drawn anew in every round. The limits, in a cached count(*) by one process: 60 for the passes over
the columns, 30 a candidate key, 10 a foreign key; no statement over a second but those of the two last. The exit status
is 1 when a row is missing or a limit is exceeded.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg
from measures import timed

from rehearse.catalog import relations
from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
from rehearse.model.sampling import SampleRules
from rehearse.snapshot import duplicates, edges, orphans, sampling, selection
from rehearse.snapshot.facts import read_facts

# one row of each: what its column holds instead of what all others hold
OFFENDING = {
    "null": ("email", "NULL"),
    "duplicate": ("email", "'x' || (n - 1) || '@example.org'"),
    "case variant": ("email", "'X' || (n - 1) || '@Example.org'"),
    "orphan": ("parent", "100999"),
    "too long": ("name", "repeat('x', 300)"),
    "bad cast": ("quantity", "'12a'"),
    "negative": ("amount", "-5"),
    "zero": ("amount", "0"),
    "not a number": ("share", "'NaN'"),
    "infinite": ("share", "'Infinity'"),
    "not ASCII": ("name", "'Zoë ' || n"),
    "empty": ("name", "''"),
    "trailing blank": ("name", "'name ' || n || ' '"),
    "rare label": ("mood", "'cross'"),
    "rare code": ("code", "'zz'"),
    "far future": ("day", "'9999-12-31'"),
    "before Christ": ("day", "'0044-03-15 BC'"),
    "half NULL": ("pair_b", "NULL"),
    "child of many": ("parent", "100001"),
    "end of the chain": ("leader", "n - 1"),
}
TABLE = """
CREATE TYPE mood AS ENUM ('calm', 'glad', 'cross');
CREATE TABLE parents (id bigint PRIMARY KEY);
CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b));
INSERT INTO parents SELECT n FROM generate_series(1, 100001) n;
INSERT INTO parents VALUES ({childless});
INSERT INTO pairs SELECT n, n % 7 FROM generate_series(0, 999) n;
CREATE TABLE items AS
SELECT n::bigint AS id, {email} AS email, {name} AS name, {parent}::bigint AS parent, {quantity} AS quantity,
       ({amount})::numeric(10, 2) AS amount, ({share})::float8 AS share, ({mood})::mood AS mood, {code} AS code,
       ({day})::date AS day, n % 1000 AS pair_a, ({pair_b})::int AS pair_b, ({leader})::bigint AS leader
  FROM generate_series(1, {rows}) n;
ALTER TABLE items ADD PRIMARY KEY (id),
    ADD CONSTRAINT to_parents FOREIGN KEY (parent) REFERENCES parents NOT VALID,
    ADD CONSTRAINT to_pairs FOREIGN KEY (pair_a, pair_b) REFERENCES pairs NOT VALID,
    ADD CONSTRAINT to_leader FOREIGN KEY (leader) REFERENCES items NOT VALID;
"""
USUAL = {
    "email": "'x' || n || '@example.org'",
    "name": "'name ' || n",
    "parent": "1 + n % 100000",
    "quantity": "(n % 1000)::text",
    "amount": "1 + n % 7",
    "share": "n * 1.5",
    "mood": "CASE WHEN n % 2 = 0 THEN 'calm' ELSE 'glad' END",
    "code": "'c' || n % 9",
    "day": "date '2000-01-01' + n % 5000",
    "pair_b": "n % 1000 % 7",
    "leader": "NULL",
}
CHILDLESS, CHAIN, MANY = 100_500, 6, 200


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Look for the offending rows of a large table.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=5_000_000)
    asked = parser.parse_args(arguments)
    with running(resolve(None, use="embedded").binaries) as server, server.connect() as connection:
        kept = [held(connection, asked.rows, number) for number in range(asked.rounds)]
    return 0 if all(kept) else 1


def held(connection: psycopg.Connection, rows: int, number: int) -> bool:
    """Make the table, select from it, and print what is missing and what it cost."""
    where = placed(connection, rows, random.Random(number))  # noqa: S311 - no secret
    connection.execute("SET max_parallel_workers_per_gather = 0")
    counts = [timed(lambda: connection.execute("SELECT count(*) FROM items")) for _ in range(5)]
    took: dict[str, list[tuple[str, float, float]]] = {"passes": [], "keys": [], "links": []}
    connection.cursor_factory = Timed
    with noted(took):
        ids = selected(connection)
    connection.cursor_factory = psycopg.Cursor
    counts += [timed(lambda: connection.execute("SELECT count(*) FROM items")) for _ in range(5)]
    count = statistics.median(counts)  # before and after: the machine may have other things to do
    missing = [kind for kind, wanted in where.items() if not wanted <= ids]
    print(
        f"round {number + 1}: {len(where) - len(missing)} of {len(where)} kinds; missing: {missing or 'none'}",
        flush=True,
    )
    good = not missing
    for part, limit in (("passes", 60), ("keys", 30), ("links", 10)):
        for name, seconds, longest in took[part]:
            good &= seconds <= limit * count and (part != "passes" or longest <= 1)
            print(
                f"  {part:7} {name:24} {seconds:6.2f} s: {seconds / count:5.1f} x a count(*) of {count:.2f} s, "
                f"at most {limit} x; longest statement {longest:.2f} s",
                flush=True,
            )
    return good


def placed(connection: psycopg.Connection, rows: int, chance: random.Random) -> dict[str, set[int]]:
    """Make the table; return the ids that must be found, by kind."""
    places = dict(zip(OFFENDING, chance.sample(range(1000, rows - 1000, 20), len(OFFENDING)), strict=True))
    expressions = dict(USUAL)
    for kind, (column, value) in OFFENDING.items():
        more = {"child of many": MANY, "end of the chain": CHAIN}.get(kind, 1)
        condition = f"n >= {places[kind]} AND n < {places[kind] + more}"
        expressions[column] = f"CASE WHEN {condition} THEN {value} ELSE {expressions[column]} END"
    connection.execute("DROP TABLE IF EXISTS items, parents, pairs; DROP TYPE IF EXISTS mood")
    connection.execute(TABLE.format(rows=rows, childless=CHILDLESS, **expressions))
    connection.execute("VACUUM ANALYZE")
    wanted = {kind: {place} for kind, place in places.items() if kind != "child of many"}
    wanted["duplicate"].add(places["duplicate"] - 1)
    wanted["case variant"].add(places["case variant"] - 1)
    wanted["end of the chain"] = {places["end of the chain"] + step for step in range(-1, CHAIN)}
    return {**wanted, "childless parent": {-CHILDLESS}, "parent of many": {-100_001}}


def selected(connection: psycopg.Connection) -> set[int]:
    """Return the ids of the rows kept, negative those of parents."""
    known = relations.relations(connection)
    tables = relations.tables(connection)
    facts, _ = read_facts(connection, tables)
    rules, sizes = SampleRules(), sampling.Sizes.of(facts.tables)
    source = selection.Source(
        tables=tables,
        whole=sampling.whole_tables(tables, sizes, frozenset(), rules),
        relations=known,
        columns=relations.columns(connection, sorted(known)),
        foreign_keys=relations.foreign_keys(connection),
        sizes=sizes,
        rules=rules,
    )
    chosen = selection.select(connection, source, lambda _: None)
    named = {table.oid: table.identity.removeprefix("public.") for table in tables}
    print(f"  {sum(map(len, chosen.ctids.values())):,} rows kept: {[len(found) for found in chosen.ctids.values()]}")
    ids: set[int] = set()
    for oid, ctids in chosen.ctids.items():
        sign = -1 if named[oid] == "parents" else 1
        if named[oid] in ("parents", "items"):
            asking = f"SELECT id FROM {named[oid]} WHERE ctid = ANY (%s::tid[])"
            ids |= {sign * int(found) for (found,) in connection.execute(asking, [list(ctids)])}
    return ids


class Timed(psycopg.Cursor[Any]):
    """A cursor that notes how long statements take."""

    seconds: ClassVar[list[float]] = []

    def execute(self, *given: Any, **more: Any) -> Timed:
        began = time.monotonic()
        super().execute(*given, **more)
        Timed.seconds.append(time.monotonic() - began)
        return self


@contextmanager
def noted(took: dict[str, list[tuple[str, float, float]]]) -> Iterator[None]:
    """Note what each search takes, and its longest statement."""
    plain: list[tuple[Any, str, Callable[..., Any]]] = [
        (duplicates, "seek", duplicates.seek),
        (orphans, "seek", orphans.seek),
    ]
    plain.append((edges, "seek", edges.seek))

    def wrapped(part: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def timing(connection: Any, subject: Any, *given: Any, **more: Any) -> Any:
            Timed.seconds.clear()
            began = time.monotonic()
            answer = run(connection, subject, *given, **more)
            name = subject.identity if part == "passes" else getattr(subject, "name", "") or subject.key.name
            if part != "passes" or subject.identity == "public.items":
                took[part].append((name, time.monotonic() - began, max(Timed.seconds, default=0)))
            return answer

        return timing

    try:
        for (module, name, run), part in zip(plain, ("keys", "links", "passes"), strict=True):
            setattr(module, name, wrapped(part, run))
        yield
    finally:
        for module, name, run in plain:
            setattr(module, name, run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
