"""Forecasts: work at production's size, an interval of time where it is near enough, and how to run a step there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    NOON,
    ORDERS,
    evidence,
    facts,
    lock,
    migration,
    rehearsal,
    row_count,
    statement,
    step,
    table,
    timeline,
    work,
)

from rehearse.forecast.intervals import interval
from rehearse.judge import judge
from rehearse.model.advice import Advice
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.evidence import Prediction
from rehearse.model.facts import RoleFacts
from rehearse.model.finding import Severity
from rehearse.model.policy import Limit, Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import LockMode, Outcome, SizeChange, Statement, TableSize, WorkKind
from rehearse.reports import json as json_report
from rehearse.reports import text

SECOND = timedelta(seconds=1)


def scaled(production: int | None, *parts: Statement, stage: int = 1_000) -> Rehearsal:
    done = parts or (statement(work=(work(WorkKind.SCAN, stage),), took=1.0),)
    return rehearsal(
        facts=facts(table(production)),
        row_counts=(row_count(stage, stage, production),),
        timeline=timeline(*done, lock()),
    )


def only(given: Rehearsal) -> Prediction:
    (found,) = evidence(given).predictions
    return found


def advised(given: Rehearsal, policy: Policy | None = None) -> Advice:
    (found,) = evidence(given, policy).advice
    return found


def told(given: Rehearsal) -> str:
    return " ".join(text.render(judge(evidence(given), (), (), NOON.date())).split())


def test_an_interval_widens_with_the_distance():
    near, far = interval(SECOND, [1.0]), interval(SECOND, [20.0])

    assert near is not None
    assert far is not None
    assert near.low < SECOND < near.high
    assert far.low < 20 * SECOND < far.high
    assert far.high / far.low > near.high / near.low


@pytest.mark.parametrize(("factors", "known"), [([20.0], True), ([20.1], False), ([None], False), ([1.0, None], False)])
def test_no_time_is_told_beyond_twenty_times_or_of_what_nobody_knows(factors: list[float | None], known: bool):
    assert (interval(SECOND, factors) is not None) is known


def test_two_tables_of_different_scale_are_in_one_interval():
    found = interval(SECOND, [1.0, 10.0])
    small, large = interval(SECOND, [1.0]), interval(SECOND, [10.0])

    assert found is not None
    assert small is not None
    assert large is not None
    assert found.low <= small.low
    assert found.high == large.high


def test_what_a_statement_takes_without_any_row_is_not_multiplied():
    found = interval(timedelta(milliseconds=5), [10.0])

    assert found is not None
    assert found.low == timedelta(0)


def test_a_very_short_time_is_not_taken_at_its_word():
    short, longer = interval(timedelta(milliseconds=1), [10.0]), interval(timedelta(milliseconds=10), [10.0])

    assert short is not None
    assert longer is not None
    assert short.high == longer.high


def test_a_scan_is_forecast_as_rows_bytes_and_an_interval():
    found = only(scaled(10_000))

    assert (found.production_rows, found.production_bytes) == (10_000, 1_000_000)
    assert found.forecast is not None
    assert 10 * SECOND in found.forecast


@pytest.mark.parametrize(
    ("production", "severity"), [(300, Severity.NOTE), (200_000_000, Severity.BLOCK), (None, Severity.BLOCK)]
)
def test_a_severity_follows_productions_rows_and_never_the_seconds_of_the_sample(
    production: int | None, severity: Severity
):
    quick = statement(work=(work(WorkKind.SCAN, 300),), took=0.0001)
    slow = statement(work=(work(WorkKind.SCAN, 300),), took=3_000)

    assert only(scaled(production, quick, stage=300)).severity(Policy()) is severity
    assert only(scaled(production, slow, stage=300)).severity(Policy()) is severity


def test_an_unknown_size_is_no_number():
    found = only(scaled(None))

    assert (found.production_rows, found.production_bytes, found.forecast) == (None, None, None)


def test_write_ahead_log_grows_with_the_rows():
    update = replace(statement(work=(work(WorkKind.ROWS, 500, detail="update"),)), wal_bytes=50_000)

    assert only(scaled(10_000, update)).production_wal_bytes == 500_000


@pytest.mark.parametrize(("kind", "expected"), [(WorkKind.INDEX_BUILD, 2_000_000), (WorkKind.SCAN, 200_000)])
def test_write_ahead_log_of_a_command_that_only_reads_stays_as_it_is(kind: WorkKind, expected: int):
    command = replace(statement(work=(work(kind, 1_000),)), wal_bytes=200_000)

    assert only(scaled(10_000, command)).production_wal_bytes == expected


def test_a_statement_that_failed_has_no_forecast():
    failed = statement(work=(work(WorkKind.SCAN, 1_000),), outcome=Outcome.FAILED)

    assert only(scaled(1_000, failed)).forecast is None


KEY = Catalog(
    objects=(
        CatalogObject(
            kind="constraint",
            identity=f"{ORDERS}.orders_pkey",
            table=ORDERS,
            physical="1",
            attributes={"type": "primary key", "columns": ["id"]},
        ),
    )
)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("UPDATE orders SET x = 1 WHERE id = 5", 1),
        ("UPDATE public.orders AS o SET x = $1::INTEGER WHERE o.id = $2::INTEGER RETURNING id", 1),
        ("UPDATE orders SET x = 1 WHERE id IN (1, 2, 3) AND x IS NULL", 3),
        ("DELETE FROM orders WHERE id BETWEEN 1 AND 2000 AND x IS NULL", 2_000),
        ("DELETE FROM orders WHERE ctid = ANY (ARRAY(SELECT ctid FROM orders WHERE x = 1 LIMIT 500))", 500),
        ("UPDATE orders SET x = 1 WHERE id IN (SELECT id FROM orders WHERE x IS NULL LIMIT 500)", 500),
        ("UPDATE orders SET x = 1 WHERE id = 5 -- OR all of them", 1),
        ("UPDATE orders SET x = 1 WHERE id = 5 OR x IS NULL", 100_000),
        ("UPDATE orders SET x = 1 WHERE id IN (1, 2) OR x IS NULL", 100_000),
        ("UPDATE orders SET x = 1 WHERE customer_id = 5", 100_000),
        ("UPDATE orders SET x = 1 WHERE customer_id IN (SELECT id FROM customers LIMIT 5)", 100_000),
        ("UPDATE orders SET x = (SELECT y FROM z LIMIT 1)", 100_000),
        ("UPDATE orders SET x = 1 WHERE id = other_id", 100_000),
        ("UPDATE orders SET x = (SELECT y FROM z WHERE z.id = 5 AND z.k = 1)", 100_000),
        ("UPDATE orders SET x = (SELECT y FROM z WHERE z.id = 5) WHERE orders.id = 6", 1),
        ("UPDATE orders SET x = z.y FROM z WHERE z.id = 5 AND z.k = orders.k", 100_000),
        ("DELETE FROM orders USING z WHERE id = 5 AND z.k = orders.k", 100_000),
        ("UPDATE orders SET x = 1 WHERE id IN (SELECT id FROM orders WHERE k IN (SELECT k FROM z LIMIT 5))", 100_000),
        ("UPDATE customers SET x = 1 WHERE id = 5", 100_000),  # a trigger of it wrote the orders
    ],
)
def test_a_statement_that_bounds_its_rows_touches_no_more_in_production(sql: str, rows: int):
    verb = sql.split(maxsplit=1)[0]
    found = statement(sql=sql, tag=verb, work=(work(WorkKind.ROWS, 1, detail=verb.lower()),))
    given = replace(scaled(100_000, found, stage=1), before=KEY)

    assert only(given).production_rows == rows


def test_a_loop_in_one_transaction_is_not_bounded_by_one_of_its_rounds():
    rounds = [
        statement(
            number,
            sql=f"UPDATE orders SET x = 1 WHERE id = {number}",
            tag="UPDATE",
            work=(work(WorkKind.ROWS, 1, detail="update"),),
        )
        for number in (1, 2)
    ]
    given = replace(scaled(100_000, *rounds, stage=2), before=KEY)

    assert [found.production_rows for found in evidence(given).predictions] == [50_000, 50_000]


def index_build(production: int, *, temp_bytes: int = 0, grown: int = 0, memory: str | None = None) -> Rehearsal:
    build = replace(statement(tag="CREATE INDEX", work=(work(WorkKind.INDEX_BUILD, 1_000),)), temp_bytes=temp_bytes)
    size = SizeChange(
        object=ORDERS,
        before=TableSize(table=8_192, indexes=0, toast=0),
        after=TableSize(table=8_192, indexes=grown, toast=0),
    )
    known = replace(facts(table(production)), settings={"maintenance_work_mem": memory} if memory else {})
    return rehearsal(
        facts=known,
        row_counts=(row_count(1_000, 1_000, production),),
        timeline=timeline(build, sizes=(size,)),
    )


@pytest.mark.parametrize(
    ("production", "memory", "outgrows"),
    [
        (1_650_000, None, False),  # 40 bytes a row of the narrowest index: 62.9 MB of 64
        (1_700_000, None, True),
        (1_700_000, "128MB", False),
        (3_400_000, "128MB", True),
    ],
)
def test_a_sort_that_outgrows_productions_memory_is_flagged(production: int, memory: str | None, outgrows: bool):
    assert only(index_build(production, memory=memory)).outgrows_memory is outgrows


def test_an_older_server_needs_more_memory_for_a_row():
    given = index_build(1_300_000)
    older = replace(given, facts=replace(given.facts, server_version_num=150018))

    assert only(given).outgrows_memory is False
    assert only(older).outgrows_memory is True


def test_a_wide_index_outgrows_the_memory_sooner():
    assert only(index_build(500_000)).outgrows_memory is False
    assert only(index_build(500_000, grown=150_000)).outgrows_memory is True


def test_of_two_indexes_nobody_knows_which_is_wide():
    given = index_build(500_000, grown=150_000)
    twice = replace(given.timeline.statements[0], number=2)
    both = replace(given, timeline=replace(given.timeline, statements=(given.timeline.statements[0], twice)))

    assert [found.outgrows_memory for found in evidence(both).predictions] == [False, False]


def test_a_sort_that_went_to_disk_here_is_no_change():
    assert only(index_build(3_000_000, temp_bytes=80_000_000)).outgrows_memory is False


def test_the_owners_own_memory_counts():
    owner = RoleFacts(
        name="shop",
        superuser=False,
        inherit=True,
        createrole=False,
        createdb=False,
        bypassrls=False,
        settings={"maintenance_work_mem": "1048576"},  # kB
    )
    given = index_build(3_000_000, memory="64MB")
    given = replace(given, facts=replace(given.facts, roles=(owner,)))

    assert only(given).sort_memory == 1024**3
    assert only(given).outgrows_memory is False


def test_a_brief_lock_wants_a_timeout_and_tries_and_no_quiet_window():
    found = advised(rehearsal(timeline=timeline(statement(1), lock(timeout=timedelta(0)))))

    assert (found.lock_timeout, found.tries, found.quiet_window) == (timedelta(seconds=2), 10, False)
    assert found.told == (
        "Run it with lock_timeout = '2s', up to 10 tries 30 s apart. No quiet window is needed: no row work is done "
        "under its strong locks."
    )


@pytest.mark.parametrize(("production", "quiet"), [(300, False), (200_000_000, True), (None, True)])
def test_row_work_under_a_strong_lock_wants_a_quiet_window_where_it_is_long(production: int | None, quiet: bool):
    assert advised(scaled(production, stage=300)).quiet_window is quiet


@pytest.mark.parametrize(
    ("stage", "whole", "production", "rows"),
    [
        (1_000, False, 9_000_000, 0),  # sought among a thousand, and not found
        (1_000, False, None, 0),
        (0, False, 9_000_000, None),  # none of its rows is on the stage
        (0, True, 7, 0),  # production's number was an estimate
        (0, False, 0, 0),
    ],
)
def test_rows_that_were_not_found_are_none_only_where_there_were_rows_to_look_at(
    stage: int, whole: bool, production: int | None, rows: int | None
):
    update = statement(tag="UPDATE", work=(work(WorkKind.ROWS, 0, detail="update"),))
    given = replace(scaled(production, update, stage=stage), whole_tables=frozenset({ORDERS} if whole else ()))

    assert only(given).production_rows == rows
    assert advised(given).quiet_window is (rows is None)


@pytest.mark.parametrize(
    ("children_here", "children", "parents", "read"),
    [
        (72, 723, 16_044, 16_044),  # 22 parents for a child, of 27 here: they are all read, as here
        (72, 723, 200_000_000, 1_968),  # looked up by key, and never told to be less than here
        (72, 72_000, 200_000_000, 72_000),
        (0, 723, 16_044, 1_968),
        (0, 0, 16_044, 0),
    ],
)
def test_a_foreign_key_reads_all_parents_where_there_are_no_more_for_a_child_than_here(
    children_here: int, children: int, parents: int, read: int
):
    proven = work(WorkKind.SCAN, 1_968, detail="validating foreign key fk")
    key = CatalogObject(
        kind="constraint",
        identity="public.items.fk",
        table="public.items",
        physical="",
        attributes={"type": "foreign key", "references": ORDERS},
    )
    given = replace(
        scaled(parents, statement(work=(proven,)), stage=1_968),
        facts=facts(table(parents), table(children, name="public.items")),
        row_counts=(row_count(1_968, 1_968), row_count(children_here, children_here, name="public.items")),
        after=Catalog(objects=(key,)),
    )

    assert only(given).production_rows == read


def test_a_table_without_rows_on_the_stage_is_as_large_as_in_production():
    check = statement(work=(work(WorkKind.SCAN, 0),))

    assert only(scaled(9_000_000, check, stage=0)).production_rows == 9_000_000
    assert advised(scaled(9_000_000, check, stage=0)).quiet_window is True


def test_a_table_with_a_limit_of_its_own_may_want_a_quiet_window_sooner():
    policy = Policy(limits=(Limit(object=ORDERS, max_blocking=timedelta(0)),))

    assert advised(scaled(300, stage=300), policy).quiet_window is True


def test_work_before_the_lock_was_taken_is_not_done_under_it():
    update = statement(1, tag="UPDATE", work=(work(WorkKind.ROWS, 2_000, detail="update"),))
    given = rehearsal(
        facts=facts(table(20_000_000)), timeline=timeline(update, statement(2), lock(statement=2), complete=True)
    )

    assert advised(given).quiet_window is False


@pytest.mark.parametrize(("own", "advice"), [(0.75, "'750ms'"), (5, "'5s'"), (60, "'2s'")])
def test_a_timeout_the_step_sets_itself_is_kept_unless_it_is_long(own: float, advice: str):
    given = rehearsal(timeline=timeline(statement(1), lock(timeout=timedelta(seconds=own))))

    assert f"lock_timeout = {advice}" in advised(given).told


def test_a_try_repeats_the_steps_that_share_the_transaction():
    given = rehearsal(
        migration=migration(step("0001"), step("0002")),
        timeline=timeline(statement(1), statement(2, step="0002"), lock()),
    )

    assert "(each try repeats 0002, too: they share a transaction)" in advised(given).told


def test_a_step_of_several_transactions_is_tried_again_from_where_it_stopped():
    given = rehearsal(
        timeline=timeline(
            statement(1),
            statement(2, transaction="a/2"),
            lock(),
            lock(statement=2, transaction="a/2"),
        )
    )

    assert "from the statement that was refused" in advised(given).told


def test_a_concurrent_build_is_better_run_without_a_timeout():
    build = statement(
        sql="CREATE INDEX CONCURRENTLY i ON orders (x)", tag="CREATE INDEX", work=(work(WorkKind.INDEX_BUILD),)
    )
    found = advised(rehearsal(timeline=timeline(build, lock(LockMode.SHARE_UPDATE_EXCLUSIVE))))

    assert (found.lock_timeout, found.tries, found.quiet_window) == (None, 1, False)


def test_a_step_without_strong_locks_needs_no_advice():
    given = rehearsal(timeline=timeline(statement(1), lock(LockMode.ROW_EXCLUSIVE)))

    assert evidence(given).advice == ()


def test_json_tells_the_forecast_beside_what_was_measured():
    found = json.loads(json_report.render(judge(evidence(scaled(10_000)), (), (), NOON.date())))

    (entry,) = found["steps"][0]["statements"]
    low, high = entry["forecast_seconds"]
    assert low < 10 < high
    assert (entry["work"][0]["production_rows"], entry["work"][0]["production_bytes"]) == (10_000, 1_000_000)
    assert found["steps"][0]["advice"]["quiet_window"] is False
    assert found["steps"][0]["advice"]["lock_timeout_ms"] == 2000


def test_text_tells_an_interval_within_twenty_times_and_none_beyond():
    assert "on this hardware with a warm cache" in told(scaled(10_000))
    assert "no time is told: production has up to 200 times the rows that were measured here" in told(scaled(200_000))
    assert "on this hardware" not in told(scaled(200_000))


def test_text_never_tells_an_allowance():
    given = scaled(200_000_000)
    (found,) = evidence(given).predictions

    assert found.allowance == timedelta(seconds=2_000)
    assert "2,000 s" not in told(given)
    assert "33 min" not in told(given)


def test_text_says_what_is_sorted_on_disk():
    assert "exceed production's maintenance_work_mem (64 MB)" in told(index_build(14_000_000))


def test_steps_of_which_the_same_is_to_be_said_share_it():
    locks = (lock(), replace(lock(statement=2, transaction="a/2"), step="0002"))
    given = rehearsal(
        migration=migration(step("0001"), step("0002")),
        timeline=timeline(statement(1), statement(2, step="0002", transaction="a/2"), *locks),
    )

    assert told(given).count("Run it with lock_timeout") == 1
    assert "0001 and 0002 Run it with" in told(given)


@pytest.mark.parametrize("is_one_transaction", [True, False])
def test_a_step_is_advised_by_the_work_of_its_own_transactions_from_its_first_lock_on(is_one_transaction: bool):
    after = "a/1" if is_one_transaction else "a/2"
    works = (
        statement(1, work=(work(WorkKind.ROWS, 900, detail="update"),), step="0001"),
        statement(2, step="0002"),
        statement(3, work=(work(WorkKind.ROWS, 20, detail="update"),), transaction=after, step="0003"),
    )
    given = rehearsal(
        migration=migration(step("0001"), step("0002"), step("0003")),
        timeline=timeline(*works, replace(lock(statement=2), step="0002")),
    )

    found = advised(given)
    assert ("only 20 rows" in found.told) is is_one_transaction
    assert ("0001 and 0003" in found.told) is is_one_transaction
