"""From log records to a timeline, without a server."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rehearse.model.timeline import LockMode, Outcome
from rehearse.watch.assembly import Observation, timeline
from rehearse.watch.commands import known
from rehearse.watch.log import Record, parse
from rehearse.watch.relations import Relation, Relations
from rehearse.watch.sampler import Backend, Waits
from rehearse.watch.sessions import executions

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ORDERS = Relation(
    oid=20000, kind="r", schema="public", name="orders", identity="public.orders", table_oid=20000, root_oid=20000
)
INDEX = Relation(
    oid=20001, kind="i", schema="public", name="orders_pkey", identity="public.orders_pkey", table_oid=20000, root_oid=1
)
LINES = Relation(
    oid=20002, kind="r", schema="shop", name="Lines", identity='shop."Lines"', table_oid=20002, root_oid=20002
)
RELATIONS = Relations(
    by_oid={each.oid: each for each in (ORDERS, INDEX, LINES)},
    rows={20000: 100, 20002: 30},
    referencing={20000: (20002,)},
)


def record(ms: int, message: str, *, vxid: str = "3/1", ps: str = "idle", severity: str = "LOG") -> Record:
    return Record(
        at=START + timedelta(milliseconds=ms),
        session="a.b",
        line=ms,
        user="migrator",
        database="stage",
        vxid=vxid,
        ps=ps,
        application="",
        severity=severity,
        sqlstate="23505" if severity == "ERROR" else None,
        message=message,
        statement=None,
        context="PL/pgSQL function _rehearse.trace() line 17 at RAISE",
        file=_said_in(message),
    )


def _said_in(message: str) -> str:
    """Return PostgreSQL's source file of a message."""
    files = {"REHEARSE": "pl_exec.c", "temporary": "fd.c", "process": "proc.c"}
    return "auto_explain.c" if "  plan:" in message else files.get(message.split(maxsplit=1)[0], "postgres.c")


def traced(kind: str, **fields: object) -> str:
    empty = {"objects": None, "locks": None, "scans": None, "lock_timeout": "0", "statement_timeout": "0", "wal": 0}
    return f"REHEARSE {kind} {json.dumps({**empty, **fields})}"


def test_a_command_caught_in_a_block_does_not_swallow_what_follows():
    records = [
        record(0, "statement: DO $$ ... $$"),
        record(1, traced("start", tag="ALTER TABLE")),
        record(2, traced("start", tag="CREATE INDEX", lock_timeout="1s")),
        record(3, traced("end", tag="CREATE INDEX", locks=[[20000, "ShareLock"]], scans=[[20000, 1, 100]])),
        record(4, "duration: 4.5 ms", vxid="3/0", ps="DO"),
    ]

    found = timeline(Observation(executions=executions(records), relations=RELATIONS))

    (lock,) = found.locks
    assert (lock.object, lock.mode, lock.lock_timeout) == ("public.orders", LockMode.SHARE, timedelta(seconds=1))
    assert (lock.acquired, lock.released) == (START + timedelta(milliseconds=2), START + timedelta(milliseconds=4.5))
    assert [(work.object, work.rows) for work in found.statements[0].work] == [("public.orders", 100)]


@pytest.mark.parametrize(("known", "expected"), [(None, "other"), (frozenset({"0001"}), "0001")])
def test_a_step_nobody_knows_is_none(known: frozenset[str] | None, expected: str):
    records = [
        record(number, f"{kind}: {what}")
        for number, (kind, what) in enumerate(
            (kind, what)
            for sql in ("SET application_name = 'rehearse:0001'", "SET application_name = 'rehearse:other'", "SELECT 1")
            for kind, what in (("statement", sql), ("duration", "0.5 ms"))
        )
    ]

    found = timeline(Observation(executions=executions(records), relations=RELATIONS, steps=known))

    assert [(each.sql, each.step) for each in found.statements] == [("SELECT 1", expected)]


def test_what_code_writes_into_the_log_is_not_believed():
    forged = (traced("start", tag="DROP TABLE"), "duration: 1 ms", "statement: SELECT 2", 'rewriting table "orders"')
    by_code = [
        replace(record(number, message), file="pl_exec.c", context="PL/pgSQL function public.trace() line 3 at RAISE")
        for number, message in enumerate(forged, start=1)
    ]
    records = [record(0, "statement: SELECT forge()"), *by_code, record(9, "duration: 9 ms", vxid="3/0", ps="SELECT")]

    found = timeline(Observation(executions=executions(records), relations=RELATIONS))

    assert [(each.sql, each.duration) for each in found.statements] == [("SELECT forge()", timedelta(milliseconds=9))]
    assert [(each.object, each.told) for each in found.disturbances] == [
        ("the server's log", "write a line into the server's log in the watch's name")
    ]


def test_scans_an_earlier_transaction_left_in_the_counters_do_not_count():
    records = [
        record(0, "statement: ALTER TABLE orders ADD CHECK (true)"),
        record(1, traced("start", tag="ALTER TABLE", scans=[[20000, 5, 500]])),
        record(2, traced("end", tag="ALTER TABLE", objects=[[20000, "public.orders"]], scans=[[20000, 6, 600]])),
        record(3, "duration: 3.0 ms", vxid="3/0", ps="ALTER TABLE"),
    ]

    found = timeline(Observation(executions=executions(records), relations=RELATIONS))

    assert [(work.kind.value, work.rows) for work in found.statements[0].work] == [("scan", 100)]


def test_a_plan_logged_after_its_statement_is_given_back_to_it():
    plan = {
        "Query Text": "SELECT * FROM orders",
        "Plan": {
            "Node Type": "Seq Scan",
            "Schema": "public",
            "Relation Name": "orders",
            "Actual Rows": 90.0,
            "Actual Loops": 1,
            "Rows Removed by Filter": 10,
        },
    }
    records = [
        record(0, "execute <unnamed>: SELECT * FROM orders"),
        record(1, "duration: 1.0 ms", ps="SELECT"),
        record(2, f"duration: 0.9 ms  plan:\n{json.dumps(plan)}", ps="BIND"),
        record(3, "statement: COMMIT", ps="idle in transaction"),
        record(4, "duration: 0.1 ms", vxid="3/0", ps="COMMIT"),
    ]

    found = timeline(Observation(executions=executions(records), relations=RELATIONS))

    assert [(each.tag, [work.rows for work in each.work]) for each in found.statements] == [
        ("SELECT", [100]),
        ("COMMIT", []),
    ]


def test_a_statement_whose_backend_died_has_failed():
    found = timeline(Observation(executions=executions([record(0, "statement: SELECT 1")]), relations=RELATIONS))

    assert [(each.tag, each.outcome) for each in found.statements] == [("SELECT", Outcome.FAILED)]


def test_lines_that_cannot_be_read_make_the_timeline_incomplete():
    records = [record(0, "statement: SELECT 1"), record(1, "REHEARSE start {broken"), record(2, "duration: 1.0 ms")]

    found = timeline(Observation(executions=executions(records), relations=RELATIONS))

    assert not found.complete
    assert found.gaps == ("1 lines of the server's log could not be read: what they said is not known.",)


def test_lines_of_other_processes_are_passed_over_and_broken_ones_counted():
    lines = [
        b'{"backend_type": "checkpointer"}',
        b'{"backend_type": "client back',
        b'{"backend_type": "autovacuum worker"}',
    ]

    assert parse(lines) == ((), 1)


def test_rows_nobody_accounts_for_are_a_note():
    seen = Observation(
        executions=executions([]),
        relations=RELATIONS,
        before={20000: (10, 0, 0, 0)},
        after={20000: (15, 0, 0, 0)},
    )

    assert timeline(seen).notes == ("5 rows of public.orders counted as insert belong to no statement that was seen.",)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("truncate only orders", [("public.orders", "AccessExclusiveLock")]),
        (
            "TRUNCATE orders CASCADE",
            [("public.orders", "AccessExclusiveLock"), ('shop."Lines"', "AccessExclusiveLock")],
        ),
        (
            'TRUNCATE TABLE shop . "Lines" *, orders',
            [('shop."Lines"', "AccessExclusiveLock"), ("public.orders", "AccessExclusiveLock")],
        ),
        ("TRUNCATE nowhere.orders", []),
        ("LOCK orders IN SHARE ROW EXCLUSIVE MODE NOWAIT", [("public.orders", "ShareRowExclusiveLock")]),
        ("/* why */ LOCK TABLE ONLY (orders)", [("public.orders", "AccessExclusiveLock")]),
        ("VACUUM (VERBOSE, FULL off) orders (id)", [("public.orders", "ShareUpdateExclusiveLock")]),
        (
            "CLUSTER orders_pkey ON orders",
            [("public.orders", "AccessExclusiveLock")],
        ),
        (
            "REINDEX (CONCURRENTLY) INDEX orders_pkey",
            [("public.orders", "ShareUpdateExclusiveLock"), ("public.orders_pkey", "ShareUpdateExclusiveLock")],
        ),
        (
            "DROP INDEX CONCURRENTLY IF EXISTS orders_pkey",
            [("public.orders", "ShareUpdateExclusiveLock"), ("public.orders_pkey", "ShareUpdateExclusiveLock")],
        ),
        ("DROP INDEX orders_pkey", []),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY orders (id)",
            [("public.orders", "ShareUpdateExclusiveLock")],
        ),
        ("COPY orders (id) FROM STDIN", [("public.orders", "RowExclusiveLock")]),
        ("COPY orders TO STDOUT", []),
        ("DO $x$ BEGIN IF true THEN TRUNCATE orders; END IF; END $x$", [("public.orders", "AccessExclusiveLock")]),
        ("SELECT 'TRUNCATE orders'", []),
    ],
)
def test_commands_without_event_trigger_are_read_from_their_text(sql: str, expected: list[tuple[str, str]]):
    assert [(each.relation.identity, each.mode.value) for each in known(sql, RELATIONS)] == expected


def test_only_a_wait_for_an_idle_sibling_is_hopeless():
    waits = Waits()

    for seconds, idle in ((0, False), (5, True), (6, True), (16, True)):
        now = START + timedelta(seconds=seconds)
        blocked = Backend(pid=1, session="a", role="m", idle_in_transaction=False, waiting=True, blockers=[2], now=now)
        sibling = Backend(pid=2, session="b", role="m", idle_in_transaction=idle, waiting=False, blockers=[], now=now)
        cancelled = waits.take([blocked, sibling])

    assert cancelled == (1,)
    assert len(waits.notes) == 1


@pytest.mark.parametrize(
    ("samples", "ending", "released"),
    [
        ([(1, True), (2, False), (3, False)], False, 2),  # files are removed once the locks are gone
        ([(1, False), (2, True)], False, None),  # it had to wait for its lock
        ([(1, True), (2, False), (3, True), (4, False)], False, 4),  # a command that takes one table after the other
        ([(1, None), (2, None)], False, None),
        ([(1, False)], True, 1),  # a COMMIT has nothing to wait for
    ],
)
def test_locks_are_seen_released_before_their_statement_ends(
    samples: list[tuple[int, bool | None]], ending: bool, released: int | None
):
    waits = Waits()

    for seconds, locking in samples:
        backend = Backend(
            pid=1,
            session="a",
            role="m",
            idle_in_transaction=False,
            waiting=False,
            blockers=[],
            now=START + timedelta(seconds=seconds),
            statement=START,
            ending=ending,
            locking=locking,
        )
        waits.take([backend])

    assert waits.released == ({} if released is None else {("a", START): START + timedelta(seconds=released)})


def test_a_window_ends_when_the_locks_were_seen_released():
    records = [
        record(0, "statement: ALTER TABLE orders ADD CHECK (true)"),
        record(1, traced("start", tag="ALTER TABLE")),
        record(2, traced("end", tag="ALTER TABLE", locks=[[20000, "AccessExclusiveLock"]])),
        record(90, "duration: 90.0 ms", vxid="3/0", ps="ALTER TABLE"),
    ]
    moments = (("a.b", START + timedelta(milliseconds=40)), ("other", START + timedelta(milliseconds=30)))

    found = timeline(Observation(executions=executions(records), relations=RELATIONS, released=moments))

    assert [lock.released for lock in found.locks] == [START + timedelta(milliseconds=40)]
