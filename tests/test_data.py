"""What became of values, found out from the database there was before: on both servers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import psycopg
import pytest

from rehearse import catalog
from rehearse.diff.schema import changes
from rehearse.engine.server import Server
from rehearse.model.stage import Stage, StageAddress
from rehearse.model.timeline import Timeline
from rehearse.stages import data
from rehearse.stages.data import DataChanges

NOTHING = Timeline(statements=(), locks=())
FROM_1_TO_20 = "FROM generate_series(1, 20) AS n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One table t_NAME: how its column v is filled, what is done to it, and what must be told of v."""

    name: str
    column: str
    value: str
    act: str
    told: tuple[int, int, bool] | None  # changed, nulled, one to one; None: nothing


CASES = (
    Case(name="untouched", column="integer", value="n", act="SELECT 1", told=None),
    Case(
        name="filled", column="integer", value="nullif(n % 2, 0)", act="UPDATE {t} SET v = 7 WHERE v IS NULL", told=None
    ),
    Case(name="overwritten", column="integer", value="n", act="UPDATE {t} SET v = 0 WHERE id > 15", told=(5, 0, False)),
    Case(name="emptied", column="integer", value="n", act="UPDATE {t} SET v = NULL WHERE id > 15", told=(0, 5, False)),
    Case(name="swapped", column="boolean", value="n % 2 = 0", act="UPDATE {t} SET v = NOT v", told=(20, 0, True)),
    Case(name="composed", column="pair", value="ROW(n, NULL)", act="UPDATE {t} SET v = NULL", told=(0, 20, False)),
    Case(name="fewer", column="integer", value="n", act="DELETE FROM {t} WHERE id > 15", told=None),
    Case(name="rekeyed", column="integer", value="n", act="UPDATE {t} SET id = id + 100", told=None),
    Case(name="wider", column="integer", value="n", act="ALTER TABLE {t} ALTER v TYPE bigint", told=None),
    Case(
        name="scale",
        column="numeric(8,2)",
        value="n + 0.25",
        act="ALTER TABLE {t} ALTER v TYPE numeric(12,4)",
        told=None,
    ),
    Case(
        name="cut",
        column="numeric(8,4)",
        value="n + 0.0625",
        act="ALTER TABLE {t} ALTER v TYPE numeric(8,2)",
        told=(20, 0, True),
    ),
    Case(
        name="merged",
        column="numeric(8,2)",
        value="n * 0.1",
        act="ALTER TABLE {t} ALTER v TYPE numeric(8,0)",
        told=(18, 0, False),
    ),
    Case(
        name="double",
        column="double precision",
        value="n * 1.1",
        act="ALTER TABLE {t} ALTER v TYPE real",
        told=(16, 0, True),
    ),
    Case(
        name="precise", column="real", value="n * 0.1", act="ALTER TABLE {t} ALTER v TYPE double precision", told=None
    ),
    Case(
        name="short",
        column="text",
        value="repeat('x', n)",
        act="ALTER TABLE {t} ALTER v TYPE varchar(18) USING left(v, 18)",
        told=(2, 0, False),
    ),
    Case(
        name="json", column="json", value='\'{"b": 1,  "a": 2}\'', act="ALTER TABLE {t} ALTER v TYPE jsonb", told=None
    ),
    Case(
        name="uuid",
        column="text",
        value="upper(gen_random_uuid()::text)",
        act="ALTER TABLE {t} ALTER v TYPE uuid USING v::uuid",
        told=None,
    ),
    Case(
        name="zip",
        column="text",
        value="lpad(n::text, 2, '0')",
        act="ALTER TABLE {t} ALTER v TYPE integer USING v::integer",
        told=(9, 0, True),
    ),
    Case(
        name="numeral",
        column="text",
        value="n || '.50'",
        act="ALTER TABLE {t} ALTER v TYPE numeric(8,2) USING v::numeric",
        told=None,
    ),
    Case(
        name="zone",
        column="timestamp",
        value="timestamp '2026-01-01 12:00' + n * interval '1 h'",
        act="SET TimeZone = 'Asia/Tokyo'; ALTER TABLE {t} ALTER v TYPE timestamptz",
        told=(20, 0, True),
    ),
    Case(
        name="utc",
        column="timestamp",
        value="timestamp '2026-01-01 12:00'",
        act="SET TimeZone = 'UTC'; ALTER TABLE {t} ALTER v TYPE timestamptz",
        told=None,
    ),
    Case(
        name="seconds",
        column="timestamptz",
        value="timestamptz '2026-01-01 12:00:00.5Z' + n * interval '1 h'",
        act="ALTER TABLE {t} ALTER v TYPE timestamptz(0)",
        told=(20, 0, True),
    ),
    Case(name="enum", column="text", value="'a'", act="ALTER TABLE {t} ALTER v TYPE letter USING v::letter", told=None),
    Case(
        name="mapped",
        column="integer",
        value="n % 2",
        act="ALTER TABLE {t} ALTER v TYPE letter USING CASE v WHEN 0 THEN 'a' ELSE 'b' END::letter",
        told=(20, 0, True),
    ),
    Case(
        name="keyless",
        column="integer",
        value="n % 4",
        act="ALTER TABLE {t} DROP CONSTRAINT {t}_pkey; UPDATE {t} SET v = 9 WHERE v = 0",
        told=(5, 0, True),
    ),
    Case(
        name="remade",
        column="numeric(8,4)",
        value="n + 0.0625",
        act="CREATE TABLE spare (id integer PRIMARY KEY, v numeric(8,2)); INSERT INTO spare SELECT * FROM {t}; "
        "DROP TABLE {t}; ALTER TABLE spare RENAME TO {t}",
        told=(20, 0, True),
    ),
    Case(
        name="renamed",
        column="integer",
        value="n",
        act="ALTER TABLE {t} RENAME v TO w; ALTER TABLE {t} RENAME TO {t}_old; UPDATE {t}_old SET w = 0",
        told=(20, 0, False),
    ),
)

SETUP = """
CREATE TYPE letter AS ENUM ('a', 'b');
CREATE TYPE pair AS (one integer, other integer);
CREATE TABLE parted (id integer, v integer, PRIMARY KEY (id, v)) PARTITION BY LIST (v);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
INSERT INTO parted SELECT n, 1 FROM generate_series(1, 20) AS n;
CREATE TABLE books (id integer PRIMARY KEY, v integer); INSERT INTO books VALUES (1, 1);
CREATE TABLE dropped (id integer PRIMARY KEY, gone integer, stays integer);
INSERT INTO dropped VALUES (1, 1, NULL), (2, NULL, 2);
"""
ACTS = """
UPDATE parted SET v = 2 WHERE id > 10; UPDATE books SET v = 2;
ALTER TABLE dropped DROP gone;
UPDATE dropped SET stays = 0 WHERE stays IS NULL; ALTER TABLE dropped ALTER stays SET NOT NULL;
"""


def changed(server: Server, *, keeps: bool) -> DataChanges:
    """Play every case in one database, with or without a copy of what was before."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        stage = _stage(server, name)
        play(server, name, SETUP, *(made(case) for case in CASES))
        if keeps:
            admin.execute(f"CREATE DATABASE {name}_before TEMPLATE {name}")
        before_catalog = described(stage)
        before = data.remember(stage, server.dsn(f"{name}_before") if keeps else None, before_catalog)
        play(server, name, ACTS, *(case.act.format(t=f"t_{case.name}") for case in CASES))
        after = described(stage)
        found = data.compare(
            stage, before, after, changes(before_catalog, after), NOTHING, apart=frozenset({"public.books"})
        )
        for database in (name, f"{name}_before"):
            admin.execute(f"DROP DATABASE IF EXISTS {database}")
        return found


def made(case: Case) -> str:
    table = f"t_{case.name}"
    return (
        f"CREATE TABLE {table} (id integer PRIMARY KEY, v {case.column}); "
        f"INSERT INTO {table} SELECT n, ({case.value})::{case.column} {FROM_1_TO_20}"
    )


def play(server: Server, database: str, *scripts: str) -> None:
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        for script in scripts:
            connection.execute(script.encode())


def described(stage: Stage) -> catalog.Catalog:
    with psycopg.connect(stage.admin) as connection:
        return catalog.read(connection, stage.server_major)


def _stage(server: Server, database: str) -> Stage:
    address = StageAddress(socket_dir=server.socket_dir, port=server.port, database=database, user="x", token="x")
    return Stage(
        provider="embedded",
        address=address,
        admin=server.dsn(database),
        log_file=None,  # observed by sampling: every table is compared
        server_version_num=server.binaries.major * 10000,
        server_version=server.binaries.version,
    )


@pytest.fixture(scope="module", params=["server", "server15"])
def compared(request: pytest.FixtureRequest) -> DataChanges:
    return changed(request.getfixturevalue(request.param), keeps=True)


@pytest.fixture(scope="module")
def remembered(server: Server) -> DataChanges:
    return changed(server, keeps=False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_are_compared_row_by_row(compared: DataChanges, case: Case):
    told = [value for value in compared.values if value.column == f"public.t_{case.name}.v"]

    assert [(value.changed, value.nulled, value.one_to_one) for value in told] == ([case.told] if case.told else [])


def test_rows_of_partitions_go_by_their_root(compared: DataChanges):
    told = [value for value in compared.values if "parted" in value.table]

    assert [(value.column, value.changed) for value in told] == [("public.parted.v", 10)]


def test_what_a_tool_keeps_its_books_in_is_left_out(compared: DataChanges):
    assert [value for value in compared.values if "books" in value.table] == []


def test_values_of_a_dropped_column_and_nulls_of_one_that_takes_none_are_counted(compared: DataChanges):
    assert compared.lost_values == {"public.dropped.gone": 1}
    assert compared.nulls_before == {"public.dropped.stays": 1}


@pytest.mark.parametrize("name", ["overwritten", "emptied", "cut", "zone", "short"])
def test_without_a_copy_checksums_tell_that_values_changed(remembered: DataChanges, name: str):
    told = [value for value in remembered.values if value.column == f"public.t_{name}.v"]

    assert [value.exact for value in told] == [False]


@pytest.mark.parametrize("name", ["untouched", "filled", "fewer", "wider", "scale", "precise", "utc", "json", "uuid"])
def test_without_a_copy_what_is_no_loss_is_none_either(remembered: DataChanges, name: str):
    assert [value for value in remembered.values if value.column == f"public.t_{name}.v"] == []


def test_without_a_copy_what_was_remembered_tells_of_dropped_columns(remembered: DataChanges):
    assert remembered.lost_values == {"public.dropped.gone": 1}
    assert remembered.nulls_before == {"public.dropped.stays": 1}
