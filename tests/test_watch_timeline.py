"""What the watch tells of real statements, on real servers."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import psycopg
import pytest
from grounds import Ground
from psycopg import conninfo

from rehearse.model.timeline import LockMode, Outcome, Statement, Timeline
from rehearse.watch import sampler, watching

AX, SHARE, SRX = "AccessExclusiveLock", "ShareLock", "ShareRowExclusiveLock"
SUX, RX, RS, EX = "ShareUpdateExclusiveLock", "RowExclusiveLock", "RowShareLock", "ExclusiveLock"


def done(statement: Statement) -> set[tuple[str, str, int, str]]:
    return {(work.kind.value, work.object, work.rows, work.detail) for work in statement.work}


def locked(timeline: Timeline, *, indexes: bool = False) -> set[tuple[str, str]]:
    return {(lock.object, lock.mode.value) for lock in timeline.locks if lock.on_index == indexes}


ITEMS, CHILDREN, PARENTS = 'public."Items"', "public.children", "public.parents"

CASES = {
    "a nullable column": (
        'ALTER TABLE "Items" ADD COLUMN extra int',
        {("metadata", ITEMS, 0, "")},
        {(ITEMS, AX)},
    ),
    "a volatile default": (
        'ALTER TABLE "Items" ADD COLUMN extra float DEFAULT random()',
        {("rewrite", ITEMS, 2000, "default of a new column")},
        {(ITEMS, AX), (ITEMS, SHARE)},
    ),
    "int to bigint": (
        'ALTER TABLE "Items" ALTER size TYPE bigint',
        {("rewrite", ITEMS, 2000, "column type")},
        {(ITEMS, AX), (ITEMS, SHARE)},
    ),
    "a wider varchar": (
        'ALTER TABLE "Items" ALTER code TYPE varchar(40)',
        {("metadata", ITEMS, 0, "")},
        {(ITEMS, AX)},
    ),
    "set not null": (
        'ALTER TABLE "Items" ALTER size SET NOT NULL',
        {("scan", ITEMS, 2000, "validating")},
        {(ITEMS, AX)},
    ),
    "a check": (
        'ALTER TABLE "Items" ADD CHECK (size > 0)',
        {("scan", ITEMS, 2000, "validating")},
        {(ITEMS, AX)},
    ),
    "a foreign key": (
        'ALTER TABLE "Items" ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parents',
        {("scan", ITEMS, 2000, "validating foreign key fk"), ("scan", PARENTS, 300, "validating foreign key fk")},
        {(ITEMS, SRX), (PARENTS, SRX), (PARENTS, RS)},
    ),
    "an index": (
        'CREATE INDEX ix ON "Items" (size)',
        {("index-build", ITEMS, 2000, "ix")},
        {(ITEMS, SHARE)},
    ),
    "an index, concurrently": (
        'CREATE INDEX CONCURRENTLY ix ON "Items" (size)',
        {("index-build", ITEMS, 2000, "ix")},
        {(ITEMS, SUX)},
    ),
    "a unique constraint": (
        'ALTER TABLE "Items" ADD CONSTRAINT uq UNIQUE (size)',
        {("index-build", ITEMS, 2000, "uq")},
        {(ITEMS, AX), (ITEMS, SHARE)},
    ),
    "a column dropped": (
        'ALTER TABLE "Items" DROP COLUMN note',
        {("metadata", ITEMS, 0, "")},
        {(ITEMS, AX)},
    ),
    "a table with a foreign key dropped": ("DROP TABLE children", set(), {(CHILDREN, AX), (ITEMS, AX)}),
    "truncate": ("TRUNCATE loose", {("rows", "public.loose", 40, "truncate")}, {("public.loose", AX)}),
    "truncate cascade": (
        'TRUNCATE TABLE ONLY "Items" CASCADE',
        {("rows", ITEMS, 2000, "truncate"), ("rows", CHILDREN, 500, "truncate")},
        {(ITEMS, AX), (CHILDREN, AX)},
    ),
    "vacuum full": ("VACUUM FULL loose", {("rewrite", "public.loose", 40, "VACUUM FULL")}, {("public.loose", AX)}),
    "vacuum full in brackets": (
        "VACUUM (FULL true, ANALYZE) public.loose",
        {("rewrite", "public.loose", 40, "VACUUM FULL")},
        {("public.loose", AX)},
    ),
    "cluster": ("CLUSTER children USING children_pkey", {("rewrite", CHILDREN, 500, "CLUSTER")}, {(CHILDREN, AX)}),
    "reindex": (
        "REINDEX TABLE children",
        {("index-build", CHILDREN, 500, "children_pkey")},
        {(CHILDREN, SHARE)},
    ),
    "update": (
        'UPDATE "Items" SET size = size + 1',
        {("rows", ITEMS, 2000, "update")},
        {(ITEMS, RX)},
    ),
    "delete": (
        "DELETE FROM children WHERE id <= 10",
        {("rows", CHILDREN, 10, "delete")},
        {(CHILDREN, RX)},
    ),
    "insert": (
        "INSERT INTO loose SELECT generate_series(1, 7)",
        {("rows", "public.loose", 7, "insert")},
        {("public.loose", RX)},
    ),
    "a block": (
        'DO $$ BEGIN UPDATE "Items" SET size = 1; ALTER TABLE children ADD COLUMN extra int; END $$',
        {("rows", ITEMS, 2000, "update"), ("metadata", CHILDREN, 0, "")},
        {(ITEMS, RX), (CHILDREN, AX)},
    ),
    "a partitioned table": (
        "ALTER TABLE measures ADD CHECK (id > 0)",
        {("scan", "public.measures_1", 90, "validating"), ("metadata", "public.measures", 0, "")},
        {("public.measures", AX), ("public.measures_1", AX)},
    ),
    "a partition attached": (
        "ALTER TABLE measures ATTACH PARTITION measures_2 FOR VALUES FROM (100) TO (200)",
        {("scan", "public.measures_2", 70, "validating"), ("metadata", "public.measures", 0, "")},
        {("public.measures", SUX), ("public.measures_2", AX)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_statement_is_told_with_its_work_and_its_locks(ground: Ground, case: str):
    sql, work, locks = CASES[case]

    timeline = ground.watch(sql)

    (statement,) = timeline.statements
    assert (statement.outcome, done(statement), locked(timeline)) == (Outcome.APPLIED, work, locks)
    assert (timeline.complete, timeline.gaps, timeline.notes) == (True, (), ())


def test_a_proven_not_null_needs_no_scan(ground: Ground):
    timeline = ground.watch(
        'ALTER TABLE "Items" ADD CONSTRAINT there CHECK (size IS NOT NULL) NOT VALID',
        'ALTER TABLE "Items" VALIDATE CONSTRAINT there',
        'ALTER TABLE "Items" ALTER size SET NOT NULL',
    )

    assert [done(statement) for statement in timeline.statements] == [
        {("metadata", ITEMS, 0, "")},
        {("scan", ITEMS, 2000, "validating")},
        {("metadata", ITEMS, 0, "")},
    ]
    assert [lock.mode for lock in timeline.locks] == [
        LockMode.ACCESS_EXCLUSIVE,
        LockMode.SHARE_UPDATE_EXCLUSIVE,
        LockMode.ACCESS_EXCLUSIVE,
    ]


def test_a_lock_lasts_from_its_request_to_the_end_of_the_transaction(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as connection:
            connection.execute('ALTER TABLE "Items" ADD COLUMN extra int')
            connection.execute('UPDATE "Items" SET extra = %s', (1,))
            time.sleep(0.2)
            connection.commit()
        timeline = watch.timeline()

    alter, update = timeline.statements[1:3]
    window = next(lock for lock in timeline.locks if lock.mode is LockMode.ACCESS_EXCLUSIVE)
    assert [statement.tag for statement in timeline.statements] == ["BEGIN", "ALTER TABLE", "UPDATE", "COMMIT"]
    assert len({statement.transaction for statement in timeline.statements}) == 1
    assert done(update) == {("rows", ITEMS, 2000, "update")}
    assert window.statement == alter.number
    assert window.acquired == alter.started
    assert window.released == timeline.statements[-1].ended
    assert timedelta(seconds=0.2) <= window.held < timedelta(seconds=2)


def test_a_rollback_ends_a_lock_too(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as connection:
            connection.execute("LOCK TABLE ONLY loose, parents IN SHARE MODE")
            time.sleep(0.1)
            connection.rollback()
        timeline = watch.timeline()

    assert locked(timeline) == {("public.loose", SHARE), (PARENTS, SHARE)}
    assert all(lock.held >= timedelta(seconds=0.1) for lock in timeline.locks)
    assert timeline.statements[-1].tag == "ROLLBACK"


def test_a_failing_statement_has_a_start_a_code_and_no_values(ground: Ground):
    timeline = ground.watch(
        'CREATE UNIQUE INDEX uq ON "Items" (note)',
        "SELECT 'secret'::int",
        "SELEC 1",
    )

    failures = [(each.outcome, each.sqlstate, each.message) for each in timeline.statements]
    assert failures == [
        (Outcome.FAILED, "23505", 'could not create unique index "uq"'),
        (Outcome.FAILED, "22P02", 'invalid input syntax for type integer: "..."'),
        (Outcome.FAILED, "42601", 'syntax error at or near "SELEC"'),
    ]
    assert timeline.statements[0].sql == 'CREATE UNIQUE INDEX uq ON "Items" (note)'
    assert timeline.complete


def test_statements_belong_to_the_step_whose_marker_came_last(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as first, ground.connect() as second:
            first.execute("SET application_name = 'rehearse:one'")
            first.execute("ALTER TABLE parents ADD COLUMN extra int")
            second.execute("INSERT INTO loose VALUES (1)")
            first.execute("SET application_name = 'rehearse:two'")
            first.commit()
            first.execute("ALTER TABLE children ADD COLUMN extra int")
            first.commit()
        timeline = watch.timeline()

    assert [mark.step for mark in timeline.marks] == ["one", "two"]
    assert [(each.tag, each.step) for each in timeline.statements] == [
        ("BEGIN", "one"),
        ("ALTER TABLE", "one"),
        ("INSERT", "one"),
        ("COMMIT", "one"),
        ("BEGIN", "two"),
        ("ALTER TABLE", "two"),
        ("COMMIT", "two"),
    ]
    assert {(lock.object, lock.step) for lock in timeline.locks if lock.mode is LockMode.ACCESS_EXCLUSIVE} == {
        (PARENTS, "one"),
        (CHILDREN, "two"),
    }


def test_a_session_may_be_named_after_its_step(ground: Ground):
    with watching(ground.stage) as watch:
        for step in ("001", "002"):
            dsn = conninfo.make_conninfo(ground.stage.address.url, application_name=f"rehearse:{step}")
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("INSERT INTO loose VALUES (1)")
        timeline = watch.timeline()

    assert [each.step for each in timeline.statements] == ["001", "002"]
    assert [mark.step for mark in timeline.marks] == ["001", "002"]


def test_a_table_made_by_the_migration_itself_does_not_count(ground: Ground):
    timeline = ground.watch(
        "CREATE TABLE fresh (id int)",
        "INSERT INTO fresh SELECT generate_series(1, 100)",
        "CREATE INDEX ON fresh (id)",
        "ALTER TABLE fresh ALTER id TYPE bigint",
        "DROP TABLE loose CASCADE",
        "CREATE TABLE loose (id int)",
        "INSERT INTO loose VALUES (1)",
    )

    assert [done(statement) for statement in timeline.statements] == [set()] * 7
    assert locked(timeline) == {("public.loose", AX), ("public.summary", AX)}


def test_a_renamed_table_is_still_the_one_it_was(ground: Ground):
    timeline = ground.watch("ALTER TABLE loose RENAME TO tight", "UPDATE tight SET id = 1", "TRUNCATE tight")

    assert [done(statement) for statement in timeline.statements] == [
        {("metadata", "public.loose", 0, "")},
        {("rows", "public.loose", 40, "update")},
        {("rows", "public.loose", 40, "truncate")},
    ]


def test_every_truncate_is_seen_however_short(ground: Ground):
    timeline = ground.watch(*["TRUNCATE loose"] * 20)

    assert [lock.mode for lock in timeline.locks] == [LockMode.ACCESS_EXCLUSIVE] * 20
    assert [done(statement) for statement in timeline.statements[:2]] == [
        {("rows", "public.loose", 40, "truncate")},
        {("rows", "public.loose", 0, "truncate")},
    ]


def test_rows_written_by_copy_functions_and_cascades_find_their_statement(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect() as connection:
            with connection.cursor().copy("COPY loose (id) FROM STDIN") as copy:
                copy.write("1\n2\n3\n")
            connection.execute(
                "CREATE FUNCTION fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE parents SET name = ''; END $$"
            )
            connection.execute("SELECT fill()")
        timeline = watch.timeline()

    assert {each.tag: done(each) for each in timeline.statements} == {
        "COPY": {("rows", "public.loose", 3, "insert")},
        "CREATE FUNCTION": set(),
        "SELECT": {("rows", PARENTS, 300, "update")},
    }
    assert timeline.notes == ()


def test_a_string_of_statements_is_taken_apart(ground: Ground):
    timeline = ground.watch('ALTER TABLE "Items" ADD COLUMN extra int; UPDATE "Items" SET extra = 1; TRUNCATE loose')

    assert [(each.tag, done(each)) for each in timeline.statements] == [
        ("ALTER TABLE", {("metadata", ITEMS, 0, "")}),
        ("UPDATE", {("rows", ITEMS, 2000, "update")}),
        ("TRUNCATE TABLE", {("rows", "public.loose", 40, "truncate")}),
    ]
    window = next(lock for lock in timeline.locks if lock.object == ITEMS and lock.mode is LockMode.ACCESS_EXCLUSIVE)
    assert window.statement == timeline.statements[0].number
    assert window.released == timeline.statements[-1].ended


def test_parameters_do_not_reach_the_timeline(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect() as connection:
            connection.execute('UPDATE "Items" SET note = %s WHERE id = %s', ("secret", 7))
        timeline = watch.timeline()

    (update,) = timeline.statements
    assert update.sql == 'UPDATE "Items" SET note = $1 WHERE id = $2'
    assert done(update) == {("rows", ITEMS, 1, "update")}
    assert "secret" not in repr(timeline)


def test_a_pipeline_is_one_transaction(ground: Ground):
    with watching(ground.stage) as watch:
        with ground.connect() as connection, connection.pipeline():
            connection.execute("UPDATE parents SET name = 'x'")
            connection.execute("TRUNCATE loose")
        timeline = watch.timeline()

    assert [(each.tag, done(each)) for each in timeline.statements] == [
        ("UPDATE", {("rows", PARENTS, 300, "update")}),
        ("TRUNCATE TABLE", {("rows", "public.loose", 40, "truncate")}),
    ]
    assert len({each.transaction for each in timeline.statements}) == 1


def test_the_lock_timeout_in_force_is_told(ground: Ground):
    timeline = ground.watch(
        "TRUNCATE loose",
        "SET lock_timeout = '2s'",
        "TRUNCATE loose",
        "ALTER TABLE parents ADD COLUMN extra int",
        "RESET lock_timeout",
        "TRUNCATE loose",
    )

    assert [lock.lock_timeout for lock in timeline.locks] == [
        timedelta(0),
        timedelta(seconds=2),
        timedelta(seconds=2),
        timedelta(0),
    ]


def test_a_migration_that_waits_for_itself_is_ended_and_reported(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sampler, "REPORTED_AFTER", timedelta(seconds=0.2))
    monkeypatch.setattr(sampler, "CANCELLED_AFTER", timedelta(seconds=0.5))

    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as first, ground.connect() as second:
            first.execute("TRUNCATE loose")
            with pytest.raises(psycopg.errors.QueryCanceled):
                second.execute("INSERT INTO loose VALUES (1)")
            first.rollback()
        timeline = watch.timeline()

    assert len(timeline.notes) == 1
    assert "waited for a lock that another connection of the same migration held" in timeline.notes[0]
    assert [each.sqlstate for each in timeline.statements if each.outcome is Outcome.FAILED] == ["57014"]


def test_nothing_of_the_watch_remains(ground: Ground):
    with psycopg.connect(ground.stage.admin, autocommit=True) as admin:
        admin.execute(
            f"ALTER ROLE {ground.stage.address.user} IN DATABASE {ground.stage.address.database} "
            "SET session_preload_libraries = 'auto_explain'"
        )
        before = _everything(admin)

        ground.watch("ALTER TABLE loose ADD COLUMN extra int")
        after = _everything(admin)

    assert after == before
    assert not [thread for thread in threading.enumerate() if thread.name == "rehearse-sampler"]


def test_a_tracer_that_is_gone_makes_the_timeline_incomplete(ground: Ground):
    with watching(ground.stage) as watch:
        with psycopg.connect(ground.stage.admin, autocommit=True) as admin:
            admin.execute("DROP SCHEMA _rehearse CASCADE")
        timeline = watch.timeline()

    assert not timeline.complete
    (gap,) = timeline.gaps
    assert gap.startswith("The tracer was removed or changed while the migration ran")


def test_a_role_the_migration_made_is_observed_as_well(ground: Ground):
    other = f"{ground.stage.address.user}_other"
    with psycopg.connect(ground.stage.admin, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {other} LOGIN")
        with watching(ground.stage) as watch:
            with psycopg.connect(conninfo.make_conninfo(ground.stage.address.url, user=other)) as connection:
                connection.execute("SELECT pg_sleep(0.2)")
            timeline = watch.timeline()
        admin.execute(f"DROP ROLE {other}")

    assert timeline.complete, timeline.gaps
    assert "SELECT pg_sleep(0.2)" in [each.sql for each in timeline.statements]


def _everything(admin: psycopg.Connection) -> list[tuple[object, ...]]:
    return admin.execute(
        "SELECT 'trigger', evtname::text, NULL::text[] FROM pg_event_trigger UNION ALL "
        "SELECT 'schema', nspname::text, NULL FROM pg_namespace WHERE nspname !~ '^pg_' UNION ALL "
        "SELECT 'setting', setrole::text, setconfig FROM pg_db_role_setting WHERE setdatabase = "
        "(SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1, 2"
    ).fetchall()
