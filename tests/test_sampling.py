"""The sample holds what migrations fail at: shared keys, missing parents, rare values; and every row its parents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from test_counts import replica, wait_for

from rehearse.catalog import relations
from rehearse.db.queries import query
from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.errors import RequestError
from rehearse.model.environment import Environment
from rehearse.model.sampling import SampleRules, TableRule, VirtualKey
from rehearse.model.snapshot import Coverage, Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import duplicates, keys, links, orphans, sampling, searching, selection, take
from rehearse.snapshot.facts import table_facts

ITEMS = """
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b));
INSERT INTO parents SELECT n FROM generate_series(1, 3000) n;
INSERT INTO pairs SELECT n, n FROM generate_series(1, 20) n;
CREATE TABLE items (
    id int PRIMARY KEY, parent int, email text, login varchar(40) UNIQUE, code text, quantity text,
    pair_a int, pair_b int, leader int, note text
);
INSERT INTO items SELECT n, 1 + n % 2000, 'x' || n || '@example.org', 'login' || n, 'c' || n % 9, (n % 500)::text,
       1 + n % 20, 1 + n % 20, NULL, 'note' FROM generate_series(1, 20000) n;
UPDATE items SET parent = 2500 WHERE id = 7001;
UPDATE items SET parent = 2600 WHERE id BETWEEN 7100 AND 7150;
UPDATE items SET parent = 9999 WHERE id = 7002;
UPDATE items SET email = 'x1@example.org' WHERE id = 7003;
UPDATE items SET email = 'X5@Example.org ' WHERE id = 7004;
UPDATE items SET login = ' LOGIN9' WHERE id = 7005;
UPDATE items SET email = 'ÉTÉ@example.org' WHERE id = 7006;
UPDATE items SET email = 'été@example.org' WHERE id = 7007;
UPDATE items SET code = 'rare' WHERE id = 7008;
UPDATE items SET quantity = '12a' WHERE id = 7009;
UPDATE items SET pair_b = NULL WHERE id = 7010;
UPDATE items SET leader = id + 1 WHERE id BETWEEN 7020 AND 7024;
UPDATE items SET leader = id WHERE id = 7030;
UPDATE items SET leader = 7041 WHERE id = 7040;
UPDATE items SET leader = 7040 WHERE id = 7041;
UPDATE items SET note = 'note ' WHERE id = 7050;
UPDATE items SET login = NULL WHERE id IN (7060, 7061);
CLUSTER items USING items_pkey;
ALTER TABLE items ADD CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES parents NOT VALID;
ALTER TABLE items ADD CONSTRAINT to_pair FOREIGN KEY (pair_a, pair_b) REFERENCES pairs MATCH FULL NOT VALID;
ALTER TABLE items ADD CONSTRAINT to_leader FOREIGN KEY (leader) REFERENCES items;
ANALYZE;
"""


def snap(server: Server, database: str, directory: Path, rules: SampleRules) -> Snapshot:
    url = server.dsn(database)
    return take(url, directory / "snapshot", rules=rules, sanitise=SanitiseRules(), progress=lambda _: None)


def column(snapshot: Snapshot, table: str, name: str = "id") -> list[str]:
    sample = next(found for found in snapshot.manifest.samples if found.table == f"public.{table}")
    assert sample.file is not None
    place = sample.columns.index(f'"{name}"')
    return [line.split("\t")[place] for line in (snapshot.directory / sample.file).read_text().splitlines()]


def ids(snapshot: Snapshot, table: str) -> set[int]:
    return {int(value) for value in column(snapshot, table)}


def covered(snapshot: Snapshot, kind: str, name: str) -> Coverage:
    (found,) = (each for each in snapshot.manifest.coverage if (each.kind, each.name) == (kind, name))
    return found


@pytest.fixture
def items(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute(ITEMS)
    return database


def check_items(snapshot: Snapshot) -> None:
    kept, parents = ids(snapshot, "items"), ids(snapshot, "parents")
    assert {1, 7003} <= kept, "duplicates"
    assert {5, 7004} <= kept or {7006, 7007} <= kept, "case variants"
    assert {9, 7005} <= kept, "case variants of a unique key"
    assert {7060, 7061} <= kept, "two NULLs in a unique key"
    assert {7002, 7001, 7008, 7009, 7010, 7050} <= kept
    assert set(range(7020, 7026)) <= kept, "the chain"
    assert 7030 in kept, "its own parent"
    assert {2500, 2600} <= parents
    assert parents & {*range(2001, 2500), *range(2501, 2600), *range(2601, 3001)}, "childless"
    assert len(kept & set(range(7100, 7151))) >= 10
    assert len(kept) < 250


def test_duplicates_orphans_and_parents_by_their_children_are_in_the_sample(server: Server, items: str, tmp_path: Path):
    snapshot = snap(server, items, tmp_path, SampleRules(rows=100))

    check_items(snapshot)
    assert covered(snapshot, "key", "email").present == ("duplicates", "case variants", "duplicates of NULL")[:2]
    assert covered(snapshot, "key", "login").present == ("case variants", "duplicates of NULL")
    assert covered(snapshot, "foreign key", "to_parent").present == (
        "orphan", "no child", "one child", "many children",
    )  # fmt: skip
    assert covered(snapshot, "foreign key", "to_pair").absent[0] == "orphan"
    assert covered(snapshot, "key", "pair_a, pair_b").present == ("half NULL",)
    assert covered(snapshot, "foreign key", "to_leader").present[-2:] == ("row that is its own parent", "deepest chain")
    assert "each of 10 values" in covered(snapshot, "column", "code").present
    assert "not an integer" in covered(snapshot, "column", "quantity").present
    assert {"many children": "10 of 51"} in [dict(each.capped) for each in snapshot.manifest.coverage]


def test_an_older_source_is_searched_the_same(server15: Server, database15: str, tmp_path: Path):
    with psycopg.connect(server15.dsn(database15), autocommit=True) as connection:
        connection.execute(ITEMS)

    check_items(snap(server15, database15, tmp_path, SampleRules(rows=100)))


def test_a_reader_on_a_standby_is_enough_for_every_search(tmp_path: Path):
    binaries = resolve(None, use="embedded").binaries
    with (
        running(binaries, settings={"wal_level": "replica", "max_wal_senders": "4"}) as primary,
        replica(primary) as place,
    ):
        with primary.connect("template1") as connection:
            connection.execute(ITEMS)
            connection.execute(query("roles/reader").encode())
        wanted = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rehearse_reader')"
        wait_for(Environment(name="", url=f"postgresql://rehearse@/template1?host={place}"), wanted)
        url, rules = f"postgresql://rehearse_reader@/template1?host={place}", SampleRules(rows=100)

        snapshot = take(url, tmp_path / "s", rules=rules, sanitise=SanitiseRules(), progress=lambda _: None)

    check_items(snapshot)
    assert all(not each.not_sought for each in snapshot.manifest.coverage)


def test_searches_that_are_declined_are_not_run_and_said_to_be(server: Server, items: str, tmp_path: Path):
    snapshot = snap(server, items, tmp_path, SampleRules(rows=100, duplicates=False, orphans=False))

    assert covered(snapshot, "key", "email").not_sought["duplicates"] == "[snapshot] duplicates = false"
    assert covered(snapshot, "foreign key", "to_parent").not_sought["orphan"] == "[snapshot] orphans = false"
    assert not {1, 7003} <= ids(snapshot, "items")


def test_a_search_that_takes_too_long_is_given_up_and_said_to_be(
    server: Server, items: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(searching, "PER_SEARCH", searching.timedelta(milliseconds=3))

    snapshot = snap(server, items, tmp_path, SampleRules(rows=100))

    assert "it took longer than" in covered(snapshot, "key", "email").not_sought["duplicates"]
    assert len(ids(snapshot, "items")) >= 100


def test_searches_are_announced_with_their_cost_before_they_are_run(server: Server, items: str):
    with server.connect(items) as connection:
        announced = selection.searches(connection, source(connection)).announced(SampleRules(orphans=False))

    told = {(each.kind, each.table, each.name): each for each in announced}
    assert {name for kind, _, name in told if kind == "duplicates"} == {"email", "login"}
    assert {name for kind, _, name in told if kind == "orphans"} == {"to_parent", "to_pair", "to_leader"}
    assert 5 < told["duplicates", "public.items", "email"].scans <= 30
    assert not told["duplicates", "public.items", "email"].declined
    assert told["orphans", "public.items", "to_parent"].declined


def test_the_more_rows_refer_to_their_own_table_the_more_a_chain_is_said_to_cost(server: Server, items: str):
    with server.connect(items) as connection:
        connection.execute("UPDATE items SET leader = id WHERE num_nulls(pair_a, pair_b) <> 1; ANALYZE items")
        announced = selection.searches(connection, source(connection)).announced(SampleRules())
        connection.execute("UPDATE items SET leader = NULL WHERE num_nulls(pair_a, pair_b) <> 1; ANALYZE items")
        without = selection.searches(connection, source(connection)).announced(SampleRules())

    (many,) = (each.scans for each in announced if each.name == "to_leader")
    (none,) = (each.scans for each in without if each.name == "to_leader")
    assert none < 15
    assert many > none + 20


def source(connection: psycopg.Connection, rules: SampleRules | None = None) -> selection.Source:
    known, tables = relations.relations(connection), relations.tables(connection)
    sizes = sampling.Sizes.of(map(table_facts, tables))
    rules = rules or SampleRules(rows=100)
    return selection.Source(
        tables=tables,
        whole=sampling.whole_tables(tables, sizes, frozenset(), rules),
        relations=known,
        columns=relations.columns(connection, sorted(known)),
        foreign_keys=relations.foreign_keys(connection),
        sizes=sizes,
        rules=rules,
    )


class Overheard(psycopg.Cursor[Any]):
    """A cursor that notes every row that comes home."""

    told: ClassVar[list[Any]] = []

    def fetchone(self) -> Any:
        row = super().fetchone()
        Overheard.told.append(row)
        return row

    def fetchall(self) -> list[Any]:
        rows = super().fetchall()
        Overheard.told.extend(rows)
        return rows

    def __next__(self) -> Any:
        row = super().__next__()
        Overheard.told.append(row)
        return row


def flat(value: object) -> list[object]:
    return [inner for part in value for inner in flat(part)] if isinstance(value, list | tuple) else [value]


def test_choosing_rows_brings_no_value_home(server: Server, items: str):
    Overheard.told.clear()
    with server.connect(items) as connection:
        made = source(connection)
        asked = selection.searches(connection, made)
        connection.cursor_factory = Overheard

        for key in asked.keys:
            duplicates.seek(connection, key, sampling.admitted(TableRule()), searching.Patience())
        for link in asked.links:
            orphans.seek(connection, link, searching.Patience())
        selection.edges.seek_all(connection, made.sampled, made.columns, made.rules, lambda _: None)

    told = [value for value in flat(Overheard.told) if isinstance(value, str)]
    kinds = {"orphan", *links.OF_PARENTS, *links.OF_ITSELF}
    assert len(told) > 50
    assert [value for value in told if not re.fullmatch(r"\(\d+,\d+\)", value) and value not in kinds] == []


@pytest.mark.parametrize(
    ("type_", "values", "present"),
    [
        ("text", ("Ab ", "aB"), ("case variants",)),
        ("text", ("Ab", "ab", "ab", "aB"), ("duplicates", "case variants")),
        ("text", ("ÉTÉ", " été"), ("case variants",)),
        ("text", ("ab", "a b"), ()),
        ("varchar(9)", ("ab", "ab"), ("duplicates",)),
        ("char(9)", ("ab", "ab   "), ("duplicates",)),
        ("citext", ("Ab", "aB"), ("duplicates",)),
        ("bigint", ("7", "7"), ("duplicates",)),
        ("bigint", ("7", "-7"), ()),
        ("numeric", ("1.0", "1.00"), ("duplicates",)),
        ("float8", ("0", "-0"), ("duplicates",)),
        ("uuid", ("{00000000-0000-0000-0000-00000000000a}", "0000000000000000000000000000000A"), ("duplicates",)),
    ],
)
def test_rows_are_alike_as_their_type_says(
    server: Server, database: str, type_: str, values: tuple[str, ...], present: tuple[str, ...]
):
    with server.connect(database) as connection:
        connection.execute("CREATE EXTENSION citext")
        connection.execute(f"CREATE TABLE t (v {type_})")

        found = alike(connection, type_, values)

    assert found.present == present
    assert not found.not_sought


def test_rows_are_alike_as_their_collation_says(server15: Server, database15: str):
    with psycopg.connect(server15.dsn(database15), autocommit=True) as connection:
        connection.execute("CREATE COLLATION small (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
        connection.execute("CREATE TABLE t (v text COLLATE small)")

        found = alike(connection, "text", ("Ab", "aB"))

    assert found.present == ("duplicates",)


def alike(connection: psycopg.Connection, type_: str, values: tuple[str, ...]) -> Coverage:
    """Fill the column of a table, and search it."""
    connection.execute(f"INSERT INTO t SELECT v::{type_} FROM unnest(%s::text[]) AS v", [list(values)])
    made = source(connection)
    (table,) = made.tables
    key = keys.Key(table=table, columns=made.columns[table.oid])
    return duplicates.seek(connection, key, sampling.admitted(TableRule()), searching.Patience()).coverage


@pytest.mark.parametrize("indexed", [True, False])
def test_a_chain_is_found_with_an_index_of_children_and_without(server: Server, items: str, *, indexed: bool):
    with server.connect(items) as connection:
        if indexed:
            connection.execute("CREATE INDEX ON items (leader) WHERE leader IS NOT NULL")
        made = source(connection)
        (link,) = (each for each in selection.searches(connection, made).links if each.key.name == "to_leader")

        found = orphans.seek(connection, link, searching.Patience())

        kept = connection.execute(
            "SELECT id FROM items WHERE ctid = ANY (%s::tid[])", [list(found.rows[link.key.child])]
        )
        ids = {number for (number,) in kept}

    assert link.is_indexed == indexed
    assert found.coverage.present[-2:] == ("row that is its own parent", "deepest chain")
    assert {7020, 7030} <= ids


PARTITIONED = """
CREATE TABLE events (id int, at date NOT NULL, kind text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2030-01-01') PARTITION BY RANGE (id);
CREATE TABLE events_new_a PARTITION OF events_new FOR VALUES FROM (6002) TO (6003);
CREATE TABLE events_new_b PARTITION OF events_new DEFAULT;
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE events_never PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
CREATE TABLE marks (id int PRIMARY KEY, event int, at date, FOREIGN KEY (event, at) REFERENCES events);
INSERT INTO events SELECT n, '2020-01-01'::date + n % 100, 'b' FROM generate_series(1, 5000) n;
INSERT INTO events VALUES (6001, '2019-01-01', 'b'), (6002, '2021-01-01', 'a'), (6003, '2050-01-01', 'b');
INSERT INTO marks SELECT n, n, '2020-01-01'::date + n % 100 FROM generate_series(1, 5000) n;
ANALYZE;
"""


def test_every_partition_that_has_rows_is_there_with_one_and_parents_in_partitions_follow(
    server: Server, database: str, tmp_path: Path
):
    with server.connect(database) as connection:
        connection.execute(PARTITIONED)

    snapshot = snap(server, database, tmp_path, SampleRules(rows=50))

    kept = {sample.table: sample.rows for sample in snapshot.manifest.samples}
    assert kept["public.events_old"] == kept["public.events_new_a"] == kept["public.events_rest"] == 1
    assert kept["public.events_never"] == 0
    leaves = ("events_old", "events_new_a", "events_new_b", "events_rest")
    events = {
        pair for leaf in leaves for pair in zip(column(snapshot, leaf), column(snapshot, leaf, "at"), strict=True)
    }
    assert set(zip(column(snapshot, "marks", "event"), column(snapshot, "marks", "at"), strict=True)) <= events


VIRTUAL = """
CREATE TABLE posts (id bigint PRIMARY KEY, tag_ids int[], payload jsonb);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE photos (id bigint PRIMARY KEY);
CREATE TABLE comments (id int PRIMARY KEY, subject_type text, subject_id bigint);
INSERT INTO tags SELECT n FROM generate_series(1, 3000) n;
INSERT INTO photos SELECT n FROM generate_series(1, 3000) n;
INSERT INTO posts SELECT n, ARRAY[n, n + 1, NULL]::int[],
       jsonb_build_object('items', jsonb_build_array(jsonb_build_object('photo', n), jsonb_build_object('photo', 'x')))
  FROM generate_series(1, 2999) n;
INSERT INTO comments SELECT n, CASE WHEN n % 2 = 0 THEN 'Post' ELSE 'Photo' END, n FROM generate_series(1, 2999) n;
UPDATE comments SET subject_id = 77777 WHERE id = 1234;
UPDATE posts SET tag_ids = '{88888}' WHERE id = 1235;
ANALYZE;
"""
KEYS = (
    VirtualKey(
        child_columns=("public.comments.subject_id",),
        parent_columns=("public.posts.id",),
        where="subject_type = 'Post'",
    ),
    VirtualKey(child_columns=("public.posts.tag_ids",), parent_columns=("public.tags.id",)),
    VirtualKey(child_columns=("public.posts.payload",), parent_columns=("public.photos.id",), path="$.items[*].photo"),
)


def test_foreign_keys_of_the_configuration_close_the_sample_and_are_searched(
    server: Server, database: str, tmp_path: Path
):
    with server.connect(database) as connection:
        connection.execute(VIRTUAL)

    snapshot = snap(server, database, tmp_path, SampleRules(rows=50, foreign_keys=KEYS))

    comments, posts = ids(snapshot, "comments"), ids(snapshot, "posts")
    tags, photos = ids(snapshot, "tags"), ids(snapshot, "photos")
    assert {number for number in comments if number % 2 == 0 and number != 1234} <= posts
    assert {number for post in posts if post != 1235 for number in (post, post + 1)} <= tags
    assert posts <= photos
    assert 1234 in comments
    assert 1235 in posts
    (by_type,) = (each for each in snapshot.manifest.coverage if each.name.endswith("where subject_type = 'Post'"))
    assert by_type.present[0] == "orphan"


@pytest.mark.parametrize(
    ("child", "parent", "more", "words"),
    [
        ("public.comments.subject_idd", "public.posts.id", {}, 'Did you mean "public.comments.subject_id"?'),
        ("public.comments.subject_id", "public.posts.it", {}, 'there is no column "public.posts.it"'),
        ("public.comments.subject_type", "public.posts.id", {}, "operator does not exist"),
        ("public.comments.subject_id", "public.posts.id", {"where": "nothing = 1"}, 'column "nothing" does not exist'),
        ("public.comments.subject_id", "public.posts.id", {"path": "$.x"}, "path leads into json or jsonb"),
        ("public.posts.payload", "public.photos.id", {"path": "$.[["}, "PostgreSQL says"),
        ("public.comments.subject_id", "public.posts.id", {"where": "true); DROP TABLE posts; --"}, "PostgreSQL says"),
    ],
)
def test_a_foreign_key_that_means_nothing_is_refused_before_a_row_is_read(
    server: Server, database: str, tmp_path: Path, child: str, parent: str, more: dict[str, str], words: str
):
    with server.connect(database) as connection:
        connection.execute(VIRTUAL)
    key = VirtualKey(child_columns=(child,), parent_columns=(parent,), **more)

    with pytest.raises(RequestError) as refused:
        snap(server, database, tmp_path, SampleRules(foreign_keys=(key,)))

    assert words in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_condition_may_name_columns_as_the_searches_name_theirs(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE p (k1 int PRIMARY KEY, h int)")
        connection.execute("CREATE TABLE c (h int, e text, k1 int REFERENCES p, n int, leaf int, place int)")
        connection.execute("INSERT INTO p SELECT n, n FROM generate_series(1, 3000) n")
        connection.execute("INSERT INTO c SELECT n, 'e' || n, n, n, n, n FROM generate_series(1, 3000) n")
        connection.execute("ANALYZE")
    rule = TableRule(where="h > 10 AND k1 > 10")
    wanted = TableRule(where="h > 10 AND e > 'd' AND k1 > 10 AND n > 10 AND leaf > 10 AND place > 10")

    snapshot = snap(server, database, tmp_path, SampleRules(rows=20, tables={"public.p": rule, "public.c": wanted}))

    assert all(not each.not_sought for each in snapshot.manifest.coverage)
    assert {int(value) for value in column(snapshot, "c", "h")} <= set(range(11, 3001))


def test_rows_kept_anyway_count_towards_the_cover(server: Server, database: str):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE t AS SELECT n, n % 2 = 0 AS even FROM generate_series(1, 5000) n")
        connection.execute("ANALYZE")
        made = source(connection)
        (table,) = made.sampled
        every = selection.edges.seek(connection, table, made.columns[table.oid])

        again = selection.edges.seek(connection, table, made.columns[table.oid], already=every.ctids)

    assert 0 < len(every.ctids) <= 3
    assert again.ctids == frozenset()
    assert again.coverage == every.coverage
