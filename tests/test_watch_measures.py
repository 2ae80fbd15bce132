"""What the watch measures beside work and locks: rows, bytes, timeouts, waits, nested commands, sizes."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import psycopg
import pytest
from grounds import Ground

from rehearse.model.timeline import LockMode, RebuiltIndex, Statement, WorkKind
from rehearse.watch import watching

SPILLING = "SELECT g FROM generate_series(1, 30000) AS g ORDER BY md5(g::text) OFFSET 29999"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT id FROM loose LIMIT 3", 3),
        ("INSERT INTO loose VALUES (1), (2)", 2),
        ("INSERT INTO parents SELECT g FROM generate_series(299, 303) AS g ON CONFLICT DO NOTHING", 3),
        ("UPDATE loose SET id = id + 1 WHERE id <= 5 RETURNING id", 5),
        ('DELETE FROM "Items" WHERE id > 1990', 10),
        ("CREATE TABLE fresh AS SELECT * FROM parents", 300),
        ("REFRESH MATERIALIZED VIEW summary", 40),
        ("UPDATE loose SET id = 0 FROM parents AS p WHERE p.id = loose.id", None),  # a join may offer a row twice
        ("DO $$ BEGIN UPDATE loose SET id = 0; END $$", None),
        ("ALTER TABLE loose ADD CHECK (id > 0)", None),
        ("TRUNCATE loose", None),
    ],
)
def test_the_rows_of_a_statement_are_told_where_they_are_certain(ground: Ground, sql: str, rows: int | None):
    timeline = ground.watch(sql)

    assert [statement.rows for statement in timeline.statements] == [rows]


def test_a_trigger_makes_rows_uncertain(ground: Ground):
    timeline = ground.watch(
        "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER never BEFORE INSERT ON loose FOR EACH ROW EXECUTE FUNCTION never()",
        "INSERT INTO loose VALUES (1)",
    )

    assert timeline.statements[-1].rows is None


def test_the_write_ahead_log_is_told(ground: Ground):
    timeline = ground.watch(
        'UPDATE "Items" SET size = size + 1',
        "SELECT 1",
        'CREATE INDEX ix ON "Items" (size)',
        "DELETE FROM children WHERE id = 1",
        'ALTER TABLE "Items" ALTER COLUMN size TYPE bigint',
        "DO $$ BEGIN CREATE TABLE made (id int); DELETE FROM children WHERE id = 2; END $$",
    )

    update, select, index, delete, rewrite, block = (statement.wal_bytes for statement in timeline.statements)
    assert update is not None
    assert 100_000 < update < 1_000_000
    assert (select, block) == (0, None)
    assert index is not None
    assert rewrite is not None
    assert 20_000 < index < rewrite
    assert delete is not None
    assert 50 < delete < 1_000


def test_temporary_files_belong_to_the_statement_that_spilled(ground: Ground):
    timeline = ground.watch("SET work_mem = '64kB'", SPILLING, "SELECT 1", f"{SPILLING}; SELECT 1")

    _, spilled, one, *several = (statement.temp_bytes for statement in timeline.statements)
    assert spilled is not None
    assert spilled > 100_000
    assert one == 0
    assert several == [None, None]


def test_temporary_files_of_a_portal_closed_late_belong_to_its_statement(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as connection:
            connection.execute("SET LOCAL work_mem = '64kB'")
            connection.execute(f"{SPILLING} - %s", (9,))
            connection.execute("SELECT %s::int", (1,))
        timeline = watch.timeline()

    spilled = {statement.sql: (statement.temp_bytes or 0) > 100_000 for statement in timeline.statements}
    assert [sql for sql, is_large in spilled.items() if is_large] == [f"{SPILLING} - $1"]


def test_both_timeouts_in_force_are_told_with_the_lock(ground: Ground):
    role, database = ground.stage.address.user, ground.stage.address.database
    with psycopg.connect(ground.stage.admin, autocommit=True) as admin:
        admin.execute(f"ALTER ROLE {role} IN DATABASE {database} SET statement_timeout = '1h'")

    timeline = ground.watch(
        "TRUNCATE loose",
        "SET statement_timeout = '5s'",
        "TRUNCATE loose",
        "SET lock_timeout = '2s'",
        "ALTER TABLE parents ADD COLUMN extra int",
        "RESET statement_timeout",
        "TRUNCATE loose",
    )

    assert [(lock.lock_timeout, lock.statement_timeout) for lock in timeline.locks] == [
        (timedelta(0), timedelta(hours=1)),
        (timedelta(0), timedelta(seconds=5)),
        (timedelta(seconds=2), timedelta(seconds=5)),
        (timedelta(seconds=2), timedelta(hours=1)),
    ]


def test_a_timeout_that_was_rolled_back_is_no_longer_in_force(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as connection:
            connection.execute("SET lock_timeout = '2s'")
            connection.execute("TRUNCATE loose")
            connection.rollback()
            connection.execute("TRUNCATE loose")
        timeline = watch.timeline()

    assert [lock.lock_timeout for lock in timeline.locks] == [timedelta(seconds=2), timedelta(0)]


def test_commands_in_a_block_have_entries_of_their_own(ground: Ground):
    timeline = ground.watch(
        "DO $$ BEGIN ALTER TABLE loose ADD COLUMN extra int; "
        "EXECUTE format('CREATE INDEX ix ON %I (size)', 'Items'); END $$"
    )

    (block,) = timeline.statements
    assert [(command.tag, command.sql) for command in block.nested] == [
        ("ALTER TABLE", "ALTER TABLE loose ADD COLUMN extra int"),
        ("CREATE INDEX", 'CREATE INDEX ix ON "Items" (size)'),
    ]
    assert [(work.kind.value, work.object, work.rows) for command in block.nested for work in command.work] == [
        ("metadata", "public.loose", 0),
        ("index-build", 'public."Items"', 2000),
    ]
    moments = [block.started, *(at for each in block.nested for at in (each.started, each.ended)), block.ended]
    assert moments == sorted(moments)


def test_commands_in_functions_have_entries_of_their_own(ground: Ground):
    timeline = ground.watch(
        "CREATE FUNCTION in_code() RETURNS void LANGUAGE plpgsql AS "
        "$$ BEGIN ALTER TABLE loose ADD COLUMN one int; END $$",
        "CREATE FUNCTION in_sql() RETURNS void LANGUAGE sql AS 'ALTER TABLE loose ADD COLUMN two int'",
        "SELECT in_code()",
        "SELECT in_sql()",
        "ALTER TABLE loose ADD COLUMN three int",
    )

    assert [nested(statement) for statement in timeline.statements[2:]] == [
        [("ALTER TABLE", "ALTER TABLE loose ADD COLUMN one int")],
        [("ALTER TABLE", None)],
        [],
    ]


def test_a_wait_for_a_sibling_is_told_from_its_beginning_to_its_end(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as first, ground.connect() as second:
            first.execute("LOCK TABLE loose")
            waiting = threading.Thread(target=second.execute, args=(b"TRUNCATE loose",))
            waiting.start()
            time.sleep(0.3)
            first.rollback()
            waiting.join()
        timeline = watch.timeline()

    (wait,) = timeline.waits
    truncate = next(each for each in timeline.statements if each.tag == "TRUNCATE TABLE")
    holder = next(each for each in timeline.statements if each.tag == "LOCK TABLE")
    assert (wait.session, wait.holders, wait.statement) == (truncate.session, (holder.session,), truncate.number)
    assert (wait.mode, wait.awaited, wait.was_granted) == ("AccessExclusiveLock", "public.loose", True)
    assert abs(wait.started - truncate.started) < timedelta(seconds=0.1)
    assert timedelta(seconds=0.2) < wait.duration <= truncate.duration


def test_a_wait_that_was_given_up_is_told_too(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as first, ground.connect() as second:
            first.execute("UPDATE loose SET id = 0 WHERE id = 1")
            second.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                second.execute("UPDATE loose SET id = 2 WHERE id = 1")
            first.rollback()
        timeline = watch.timeline()

    (wait,) = timeline.waits
    assert (wait.mode, wait.awaited.partition(" ")[0], wait.was_granted) == ("ShareLock", "transaction", False)
    assert timedelta(seconds=0.08) < wait.duration < timedelta(seconds=2)


def test_a_table_that_grew_shrank_or_went_is_told_with_its_sizes(ground: Ground):
    timeline = ground.watch('UPDATE "Items" SET size = size + 1', "TRUNCATE loose", "DROP TABLE children")

    sizes = {change.object: change for change in timeline.sizes}
    items = sizes['public."Items"']
    assert set(sizes) == {'public."Items"', "public.loose", "public.children"}
    assert items.after is not None
    assert items.before.table < items.after.table < 3 * items.before.table
    assert items.before.indexes < items.after.indexes
    assert sizes["public.loose"].after is not None
    assert (sizes["public.loose"].before.table, sizes["public.loose"].after.table) == (8192, 0)
    assert sizes["public.children"].after is None


def test_an_index_rebuilt_under_a_new_oid_is_told(ground: Ground):
    def oid(name: str) -> int:
        with psycopg.connect(ground.stage.admin) as admin:
            (found,) = admin.execute("SELECT %s::regclass::oid::bigint", (name,)).fetchone() or (0,)
        return int(found)

    names = ('"Items_pkey"', "children_pkey", "parents_pkey")
    before = [oid(name) for name in names]

    timeline = ground.watch(
        'ALTER TABLE "Items" ALTER id TYPE bigint', "REINDEX TABLE CONCURRENTLY children", "REINDEX TABLE parents"
    )

    assert timeline.rebuilt == (
        RebuiltIndex(object='public."Items_pkey"', table='public."Items"', old_oid=before[0], new_oid=oid(names[0])),
        RebuiltIndex(object="public.children_pkey", table="public.children", old_oid=before[1], new_oid=oid(names[1])),
    )


def test_no_command_waits_and_nothing_moves_without_cause(ground: Ground):
    timeline = ground.watch("SELECT 1")

    assert (timeline.waits, timeline.sizes, timeline.rebuilt) == ((), (), ())


def test_row_locks_and_foreign_keys_lock_their_tables(ground: Ground):
    timeline = ground.watch("INSERT INTO children VALUES (900, 900)", 'SELECT 1 FROM "Items" WHERE id = 1 FOR UPDATE')

    assert [(lock.object, lock.mode) for lock in timeline.locks] == [
        ('public."Items"', LockMode.ROW_SHARE),
        ("public.children", LockMode.ROW_EXCLUSIVE),
        ('public."Items"', LockMode.ROW_SHARE),
    ]


def nested(statement: Statement) -> list[tuple[str, str | None]]:
    return [(command.tag, command.sql) for command in statement.nested]


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ('UPDATE "Items" SET size = 1 WHERE id = 7', True),
        ('UPDATE "Items" SET size = 1 WHERE id IN (7, 8)', True),
        ('UPDATE "Items" SET size = 1 WHERE size > 0 AND id = 7', True),
        ('UPDATE "Items" SET size = 1 WHERE NOT id = 7', False),
        ('UPDATE "Items" SET size = 1 WHERE id = 7 OR size = 7', False),
        ('UPDATE "Items" SET size = 1 WHERE size = 7', False),
        ('UPDATE "Items" SET size = 1 WHERE id = (SELECT min(id) FROM parents)', False),
        ('UPDATE "Items" AS i SET size = 1 FROM parents AS p WHERE p.id = i.parent_id AND i.id = 7', False),
        ("DELETE FROM children WHERE id = 3", True),
        ("DELETE FROM children WHERE id < 3", False),
        ("INSERT INTO loose VALUES (1), (2)", True),
        ("INSERT INTO loose SELECT 1", True),
        ("INSERT INTO loose SELECT id FROM parents", False),
    ],
)
def test_rows_that_a_key_chooses_or_that_are_written_out_do_not_grow(ground: Ground, text: str, constant: bool):
    (statement,) = ground.watch(text).statements

    assert [work.is_constant for work in statement.work if work.kind is WorkKind.ROWS] == [constant]
