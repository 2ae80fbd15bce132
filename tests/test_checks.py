"""Each check: the case it is for, the limit's other side, and one that must stay silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    ORDERS,
    evidence,
    facts,
    fidelity,
    lock,
    migration,
    rehearsal,
    removed_column,
    row_count,
    setting,
    statement,
    step,
    table,
    timeline,
    work,
)

from rehearse import registry
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import SchemaChange
from rehearse.model.finding import Severity
from rehearse.model.migration import ForeignConnection
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.setting import Standing
from rehearse.model.timeline import Aim, Disturbance, LockMode, Outcome, WorkKind


def found(name: str, given: Rehearsal, policy: Policy | None = None) -> list[tuple[str, Severity]]:
    return [(finding.object, finding.severity) for finding in registry.check(name).findings(evidence(given, policy))]


@pytest.mark.parametrize(
    ("rows", "severity"), [(10_000, Severity.NOTE), (10_001, Severity.BLOCK), (None, Severity.BLOCK)]
)
def test_a_rewrite_blocks_once_production_is_too_large_for_the_allowance(rows: int | None, severity: Severity):
    given = rehearsal(
        facts=facts(table(rows)),
        row_counts=(row_count(1_000, 1_000, rows),),
        timeline=timeline(statement(work=(work(WorkKind.REWRITE, 1_000),)), lock()),
    )

    assert found("table-rewrite", given) == [(ORDERS, severity)]


def test_a_wide_table_exceeds_the_allowance_by_its_bytes():
    given = rehearsal(
        facts=facts(table(5_000, octets=50_000_000)),
        row_counts=(row_count(5_000, 5_000, 5_000),),
        timeline=timeline(statement(work=(work(WorkKind.REWRITE, 5_000),)), lock()),
    )

    assert found("table-rewrite", given) == [(ORDERS, Severity.BLOCK)]


def test_a_limit_of_zero_admits_no_row():
    given = rehearsal(
        facts=facts(table(3)),
        row_counts=(row_count(3, 3, 3),),
        timeline=timeline(statement(work=(work(WorkKind.REWRITE, 3),)), lock()),
    )

    assert found("table-rewrite", given, Policy(max_blocking=timedelta(0))) == [(ORDERS, Severity.BLOCK)]


def test_a_rewrite_of_a_table_made_by_the_migration_is_nobodys_business():
    given = rehearsal(timeline=timeline(statement(work=(work(WorkKind.REWRITE, 50_000, existed=False),)), lock()))

    assert found("table-rewrite", given) == []


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (LockMode.SHARE, [(ORDERS, Severity.BLOCK)]),
        (LockMode.SHARE_UPDATE_EXCLUSIVE, []),
    ],
)
def test_an_index_build_counts_only_under_a_lock_that_blocks_writes(mode: LockMode, expected: list[object]):
    given = rehearsal(
        facts=facts(table(50_000)),
        row_counts=(row_count(50_000, 50_000, 50_000),),
        timeline=timeline(
            statement(
                sql="CREATE INDEX i ON orders (x)", tag="CREATE INDEX", work=(work(WorkKind.INDEX_BUILD, 50_000),)
            ),
            lock(mode),
        ),
    )

    assert found("blocking-index-build", given) == expected


def test_indexes_rebuilt_by_a_rewrite_are_the_rewrites_business():
    rewrite = statement(work=(work(WorkKind.REWRITE, 50_000), work(WorkKind.INDEX_BUILD, 50_000)))
    given = rehearsal(timeline=timeline(rewrite, lock()))

    assert found("blocking-index-build", given) == []


def test_a_validation_under_an_earlier_statements_lock_is_found():
    given = rehearsal(
        facts=facts(table(500_000)),
        row_counts=(row_count(500_000, 500_000, 500_000),),
        timeline=timeline(
            statement(1, sql="ALTER TABLE orders ADD CONSTRAINT c CHECK (x > 0) NOT VALID"),
            statement(
                2,
                sql="ALTER TABLE orders VALIDATE CONSTRAINT c",
                work=(work(WorkKind.SCAN, 500_000, detail="validating"),),
            ),
            lock(LockMode.ACCESS_EXCLUSIVE, statement=1),
            lock(LockMode.SHARE_UPDATE_EXCLUSIVE, statement=2),
        ),
    )

    assert found("blocking-validation", given) == [(ORDERS, Severity.BLOCK)]


@pytest.mark.parametrize(("released_by", "expected"), [(None, [(ORDERS, Severity.BLOCK)]), (2, [])])
def test_a_lock_given_back_to_a_savepoint_stops_nobody(released_by: int | None, expected: list[object]):
    taken = replace(lock(statement=1), released_by=released_by)
    check = statement(3, work=(work(WorkKind.SCAN, 500_000, detail="validating"),))
    given = rehearsal(
        facts=facts(table(500_000)),
        row_counts=(row_count(500_000, 500_000, 500_000),),
        timeline=timeline(statement(1), statement(2, tag="ROLLBACK"), check, taken),
    )

    assert found("blocking-validation", given) == expected


def test_rows_written_out_are_as_many_in_production():
    seeds = replace(work(WorkKind.ROWS, 3, name="public.colours", detail="insert"), is_constant=True)
    given = rehearsal(
        facts=facts(table(500_000_000), table(500_000_000, name="public.colours")),
        row_counts=(row_count(2_000, 2_000, 500_000_000), row_count(9, 12, 500_000_000, name="public.colours")),
        timeline=timeline(statement(1), statement(2, tag="INSERT", work=(seeds,)), lock()),
    )

    assert found("long-blocking-lock", given) == [(ORDERS, Severity.NOTE)]


def test_a_validation_in_a_transaction_of_its_own_is_silent():
    given = rehearsal(
        timeline=timeline(
            statement(1, sql="ALTER TABLE orders ADD CONSTRAINT c CHECK (x > 0) NOT VALID"),
            statement(
                2,
                sql="ALTER TABLE orders VALIDATE CONSTRAINT c",
                work=(work(WorkKind.SCAN, 500_000, detail="validating"),),
                transaction="a/2",
            ),
            lock(LockMode.ACCESS_EXCLUSIVE, statement=1),
            lock(LockMode.SHARE_UPDATE_EXCLUSIVE, statement=2, transaction="a/2"),
        )
    )

    assert found("blocking-validation", given) == []


def test_rows_written_after_ddl_in_one_transaction_keep_the_table_locked():
    given = rehearsal(
        facts=facts(table(50_000)),
        row_counts=(row_count(50_000, 50_000, 50_000),),
        timeline=timeline(
            statement(1),
            statement(
                2, sql="UPDATE orders SET note = ''", tag="UPDATE", work=(work(WorkKind.ROWS, 50_000, detail="update"),)
            ),
            lock(statement=1),
        ),
    )

    assert found("long-blocking-lock", given) == [(ORDERS, Severity.BLOCK)]


def test_a_table_of_which_the_stage_has_no_row_is_read_under_the_lock_all_the_same():
    given = rehearsal(
        facts=facts(table(50_000), table(9_000_000, name="public.events")),
        row_counts=(row_count(50_000, 50_000, 50_000), row_count(0, 0, 9_000_000, name="public.events")),
        timeline=timeline(
            statement(1),
            statement(2, sql="SELECT FROM events", tag="SELECT", work=(work(WorkKind.SCAN, 0, name="public.events"),)),
            lock(statement=1),
        ),
    )

    assert found("long-blocking-lock", given) == [(ORDERS, Severity.BLOCK)]


def test_rows_written_before_the_lock_was_taken_are_silent():
    given = rehearsal(
        timeline=timeline(
            statement(
                1, sql="UPDATE orders SET x = 1", tag="UPDATE", work=(work(WorkKind.ROWS, 50_000, detail="update"),)
            ),
            statement(2),
            lock(statement=2),
        )
    )

    assert found("long-blocking-lock", given) == []


@pytest.mark.parametrize(("held", "expected"), [(1.0, []), (3.0, [(ORDERS, Severity.BLOCK)])])
def test_a_lock_held_while_nothing_happens_counts_by_the_clock(held: float, expected: list[object]):
    given = rehearsal(timeline=timeline(statement(1), lock(held=held)))

    assert found("long-blocking-lock", given) == expected


@pytest.mark.parametrize(
    ("timeout", "expected"),
    [(timedelta(0), [(ORDERS, Severity.WARN)]), (timedelta(seconds=2), []), (None, [])],
)
def test_a_strong_lock_without_a_timeout_is_a_warning(timeout: timedelta | None, expected: list[object]):
    given = rehearsal(timeline=timeline(statement(1), lock(timeout=timeout)))

    assert found("lock-timeout-missing", given) == expected


@pytest.mark.parametrize(
    ("values", "whole", "expected"),
    [
        (12, True, [(f"{ORDERS}.note", Severity.BLOCK)]),
        (0, True, [(f"{ORDERS}.note", Severity.NOTE)]),
        (0, False, [(f"{ORDERS}.note", Severity.WARN)]),
    ],
)
def test_a_dropped_column_is_a_loss_when_it_held_values(values: int, whole: bool, expected: list[object]):
    given = rehearsal(
        changes=(removed_column(),),
        lost_values={f"{ORDERS}.note": values},
        whole_tables=frozenset({ORDERS} if whole else ()),
    )

    assert found("column-dropped", given) == expected


@pytest.mark.parametrize(
    ("before", "production", "expected"),
    [(5, 5, [(ORDERS, Severity.BLOCK)]), (0, 0, [(ORDERS, Severity.NOTE)]), (0, None, [(ORDERS, Severity.BLOCK)])],
)
def test_a_dropped_table_is_a_loss_unless_it_was_empty(before: int, production: int | None, expected: list[object]):
    given = rehearsal(row_counts=(row_count(before, None, production),))

    assert found("table-dropped", given) == expected


@pytest.mark.parametrize(("after", "expected"), [(1_999, [(ORDERS, Severity.BLOCK)]), (2_000, []), (2_001, [])])
def test_fewer_rows_than_before_are_a_loss(after: int, expected: list[object]):
    given = rehearsal(row_counts=(row_count(2_000, after, 2_000),))

    assert found("rows-lost", given) == expected


def test_rows_that_move_between_partitions_are_not_lost_and_deleted_ones_are():
    def split(kept: int) -> Rehearsal:
        leaves = tuple(replace(table(5, name=f"{ORDERS}_{leaf}"), root=ORDERS) for leaf in "ab")
        counts = (
            row_count(10, kept, 10),
            row_count(5, kept - 9, 5, name=f"{ORDERS}_a"),
            row_count(5, 9, 5, name=f"{ORDERS}_b"),
        )
        return rehearsal(facts=facts(*leaves), row_counts=counts)

    assert found("rows-lost", split(kept=10)) == []
    assert found("rows-lost", split(kept=9)) == [(ORDERS, Severity.BLOCK)]


def test_rows_of_a_detached_partition_are_not_lost():
    leaf = replace(table(5, name=f"{ORDERS}_a"), root=ORDERS)
    given = rehearsal(facts=facts(leaf), row_counts=(row_count(5, 0, 5), row_count(5, 5, 5, name=f"{ORDERS}_a")))

    assert found("rows-lost", given) == []


def test_a_failed_step_blocks_and_says_where():
    given = rehearsal(
        migration=migration(step(outcome=Outcome.FAILED, error="UniqueViolation"), exit_status=1),
        timeline=timeline(statement(outcome=Outcome.FAILED, sqlstate="23505", message="could not create unique index")),
    )

    assert found("step-failed", given) == [("versions/0001.py", Severity.BLOCK)]


def test_a_step_that_fails_because_of_the_stage_proves_nothing():
    given = rehearsal(
        migration=migration(step(outcome=Outcome.FAILED, error="FeatureNotSupported"), exit_status=1),
        timeline=timeline(
            statement(outcome=Outcome.FAILED, sqlstate="0A000", message='extension "postgis" is not available')
        ),
    )

    assert found("step-failed", given) == []


@pytest.mark.parametrize("sqlstate", ["53100", "53200", "58030"])
def test_a_step_that_fails_for_want_of_disk_or_memory_proves_nothing(sqlstate: str):
    given = rehearsal(
        migration=migration(step(outcome=Outcome.FAILED, error="DiskFull"), exit_status=1),
        timeline=timeline(statement(outcome=Outcome.FAILED, sqlstate=sqlstate, message="could not extend file")),
    )

    assert found("step-failed", given) == []


@pytest.mark.parametrize(("redirected", "expected"), [(False, [("db.example:5432/app", Severity.BLOCK)]), (True, [])])
def test_an_address_that_is_not_the_stage_blocks_unless_it_was_declared(redirected: bool, expected: list[object]):
    asked = ForeignConnection(target="db.example:5432/app", redirected=redirected)
    given = rehearsal(migration=migration(step(), connections=(asked,)))

    assert found("stage-left", given) == expected


@pytest.mark.parametrize(
    ("aim", "said", "allowed", "expected"),
    [
        (Aim.TRACER, "must be owner of schema _rehearse", (), [Severity.BLOCK]),
        (Aim.LOG, None, (), [Severity.BLOCK]),
        (Aim.TRIGGERS, None, (), [Severity.WARN]),
        (Aim.TRIGGERS, None, ("SET session_replication_role",), []),
    ],
)
def test_an_attempt_on_the_watch_blocks_and_one_on_triggers_warns_unless_allowed(
    aim: Aim, said: str | None, allowed: tuple[str, ...], expected: list[Severity]
):
    name = "session_replication_role" if aim is Aim.TRIGGERS else "_rehearse"
    tried = Disturbance(aim=aim, object=name, told="do it", statement=1, step="0001", sql="DO IT;", said=said)
    given = rehearsal(timeline=timeline(statement(), disturbances=(tried,)), fidelity=fidelity(allowed=allowed))

    assert found("watch-disturbed", given) == [(name, severity) for severity in expected]
    assert found("watch-disturbed", rehearsal(timeline=timeline(statement()))) == []


UNREACHED = 'could not connect to server "far" (connection to server at "{}", port 5433 failed: Connection refused)'
UNRESOLVED = 'could not connect to server "far" (could not translate host name "{}" to address: Name unknown)'


@pytest.mark.parametrize(
    ("message", "sqlstate", "expected"),
    [
        (UNREACHED.format("10.0.0.1"), "08001", [("postgresql://10.0.0.1:5433", Severity.BLOCK)]),
        (UNRESOLVED.format("db.example"), "08001", [("postgresql://db.example", Severity.BLOCK)]),
        ("could not connect to the broker", "08006", [("another server", Severity.BLOCK)]),
        (UNRESOLVED.format("rehearsal.invalid"), "08001", []),
        (UNREACHED.format("10.0.0.1"), "P0001", []),
    ],
)
def test_sql_that_connects_elsewhere_leaves_the_stage_unless_the_stage_made_the_address(
    message: str, sqlstate: str, expected: list[object]
):
    tried = statement(outcome=Outcome.FAILED, sqlstate=sqlstate, message=message)
    again = statement(2, outcome=Outcome.FAILED, sqlstate=sqlstate, message=message)

    assert found("stage-left", rehearsal(timeline=timeline(tried, again))) == expected


RENAMED = SchemaChange(
    action="altered",
    kind="table",
    object=ORDERS,
    table=ORDERS,
    before={"name": ORDERS},
    after={"name": "public.purchases"},
    renamed_to="public.purchases",
)


@pytest.mark.parametrize(
    ("stands_in", "expected"),
    [(None, [(ORDERS, Severity.WARN)]), (ORDERS, []), ("public.other", [(ORDERS, Severity.WARN)])],
)
def test_a_name_that_is_gone_is_a_warning_unless_a_view_bears_it(stands_in: str | None, expected: list[object]):
    views = (
        ()
        if stands_in is None
        else (CatalogObject(kind="view", identity=stands_in, table=stands_in, physical="9", attributes={}),)
    )
    given = rehearsal(changes=(RENAMED,), after=Catalog(objects=views))

    assert found("name-changed", given) == expected


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing.REFUSED, [("work_mem", Severity.BLOCK)]),
        (Standing.OPEN, []),
        (Standing.ACCEPTED, []),
    ],
)
def test_a_setting_blocks_only_if_postgresql_refuses_it(standing: Standing, expected: list[object]):
    given = rehearsal(settings=(setting(standing=standing, error="out of range"),))

    assert found("setting-refused", given) == expected


@pytest.mark.parametrize(
    ("context", "production", "expected"),
    [
        ("postmaster", "4MB", [("work_mem", Severity.WARN)]),
        ("postmaster", None, [("work_mem", Severity.WARN)]),
        ("postmaster", "1GB", []),
        ("sighup", "4MB", []),
    ],
)
def test_a_restart_is_a_warning_unless_production_has_the_value(
    context: str, production: str | None, expected: list[object]
):
    given = rehearsal(settings=(setting(context=context, production=production),))

    assert found("setting-needs-restart", given) == expected


def test_a_refused_setting_needs_no_restart():
    given = rehearsal(settings=(setting(context="postmaster", standing=Standing.REFUSED),))

    assert found("setting-needs-restart", given) == []


def test_every_check_explains_itself():
    for name, check in registry.checks().items():
        assert check.CONDITION.endswith("."), name
        assert check.EFFECT.endswith("."), name
        assert check.REMEDY.endswith((".", ").")), name


@pytest.mark.parametrize(
    ("identity", "sql"),
    [
        ("public.orders.note", "ALTER TABLE ORDERS DROP COLUMN NOTE"),
        ('public.orders."a.b"', 'ALTER TABLE orders DROP COLUMN "a.b"'),
        ("public.orders.note", "DROP TABLE orders"),
    ],
)
def test_the_statement_that_drops_something_is_found_however_it_is_written(identity: str, sql: str):
    other = statement(2, sql="ALTER TABLE orders_old DROP COLUMN notes", tag="ALTER TABLE")
    mine = statement(3, sql=sql, tag=" ".join(sql.split()[:2]))

    found = evidence(rehearsal(timeline=timeline(other, mine))).statement_dropping(identity)
    assert found is not None
    assert found.number == 3
