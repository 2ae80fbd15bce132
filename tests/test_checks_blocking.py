"""Checks about what others wait for: rows and tables locked by one transaction, partitions, and second tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import ORDERS, evidence, facts, lock, rehearsal, row_count, seconds, statement, table, timeline, work

from rehearse import registry
from rehearse.model.finding import Finding, Severity
from rehearse.model.policy import Policy, Rate
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import LockMode, LockWindow, Statement, WorkKind

CUSTOMERS = "public.customers"
TWO_SECONDS = timedelta(seconds=2)


def findings(name: str, given: Rehearsal, policy: Policy | None = None) -> list[Finding]:
    return list(registry.check(name).findings(evidence(given, policy)))


def found(name: str, given: Rehearsal, policy: Policy | None = None) -> list[tuple[str, Severity]]:
    return [(finding.object, finding.severity) for finding in findings(name, given, policy)]


def written(verb: str, rows: int, number: int = 1, *, transaction: str = "a/1", name: str = ORDERS) -> Statement:
    return statement(
        number,
        sql=f"{verb.upper()} {name} ...",
        tag=verb.upper(),
        work=(work(WorkKind.ROWS, rows, detail=verb, name=name),),
        transaction=transaction,
    )


def of_size(production: int | None, *parts: Statement | LockWindow, stage: int = 1_000) -> Rehearsal:
    return rehearsal(
        facts=facts(table(production)),
        row_counts=(row_count(stage, stage, production),),
        timeline=timeline(*parts),
    )


@pytest.mark.parametrize(
    ("production", "expected"),
    [
        (300, []),
        (150_000, []),  # 30 s at 5,000 rows a second
        (151_000, [(ORDERS, Severity.WARN)]),
        (1_500_000, [(ORDERS, Severity.WARN)]),
        (1_510_000, [(ORDERS, Severity.BLOCK)]),
        (212_000_000, [(ORDERS, Severity.BLOCK)]),
        (None, [(ORDERS, Severity.BLOCK)]),
    ],
)
def test_rows_updated_in_one_transaction_count_as_production_has_them(
    production: int | None, expected: list[tuple[str, Severity]]
):
    assert found("rows-locked", of_size(production, written("update", 1_000))) == expected


@pytest.mark.parametrize(
    ("verb", "expected"), [("delete", [(ORDERS, Severity.WARN)]), ("insert", []), ("truncate", [])]
)
def test_rows_that_nobody_else_can_see_or_reach_are_not_locked(verb: str, expected: list[tuple[str, Severity]]):
    assert found("rows-locked", of_size(200_000, written(verb, 1_000))) == expected


def test_rows_of_a_table_that_the_stage_has_none_of_are_any_number():
    large, empty = (of_size(production, written("update", 0), stage=0) for production in (9_000, 0))

    assert found("rows-locked", replace(large, whole_tables=frozenset())) == [(ORDERS, Severity.BLOCK)]
    assert found("rows-locked", replace(empty, whole_tables=frozenset())) == []


def test_a_small_update_of_a_large_table_is_silent():
    assert found("rows-locked", of_size(1_000_000, written("update", 10))) == []


def test_many_small_updates_in_one_transaction_add_up():
    rounds = [written("update", 100, number) for number in range(1, 11)]
    apart = [replace(each, transaction=f"a/{each.number}") for each in rounds]

    assert found("rows-locked", of_size(200_000, *rounds)) == [(ORDERS, Severity.WARN)]
    assert found("rows-locked", of_size(200_000, *apart)) == []


def test_partitions_add_up_to_their_table():
    leaves = tuple(replace(table(100_000, name=f"{ORDERS}_{leaf}"), root=ORDERS) for leaf in "ab")
    works = tuple(work(WorkKind.ROWS, 1_000, detail="update", name=leaf.table) for leaf in leaves)
    given = rehearsal(
        facts=facts(*leaves),
        row_counts=tuple(row_count(1_000, 1_000, 100_000, name=leaf.table) for leaf in leaves),
        timeline=timeline(statement(sql="UPDATE orders SET x = 1", tag="UPDATE", work=works)),
    )

    assert found("rows-locked", given) == [(ORDERS, Severity.WARN)]


def test_rows_of_a_table_made_by_the_migration_are_nobodys_business():
    made = statement(tag="UPDATE", work=(work(WorkKind.ROWS, 9_000, detail="update", existed=False),))

    assert found("rows-locked", of_size(9_000_000, made)) == []


def test_rows_of_a_table_that_is_locked_as_a_whole_are_another_checks_business():
    given = of_size(9_000_000, statement(1), written("update", 1_000, 2), lock(statement=1))

    assert found("rows-locked", given) == []
    assert found("long-blocking-lock", given) == [(ORDERS, Severity.BLOCK)]


def test_rows_written_before_the_table_was_locked_were_open_to_others():
    given = of_size(9_000_000, written("update", 1_000, 1), statement(2), lock(statement=2))

    assert found("rows-locked", given) == [(ORDERS, Severity.BLOCK)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id FROM orders FOR UPDATE", [(ORDERS, Severity.WARN)]),
        ("SELECT id FROM orders WHERE x FOR NO KEY UPDATE", [(ORDERS, Severity.WARN)]),
        ("SELECT id FROM orders FOR KEY SHARE", []),
        ("SELECT id FROM orders", []),
        ("SELECT id FROM orders ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED", []),
    ],
)
def test_rows_selected_for_update_are_locked_too(sql: str, expected: list[tuple[str, Severity]]):
    selecting = replace(statement(sql=sql, tag="SELECT"), rows=1_000)

    assert found("rows-locked", of_size(200_000, selecting, lock(LockMode.ROW_SHARE))) == expected


def test_the_limits_are_the_policys():
    given = of_size(10_000, written("update", 1_000))

    assert found("rows-locked", given, Policy(max_row_locks=timedelta(seconds=1))) == [(ORDERS, Severity.WARN)]
    slow = {**Policy().rates, WorkKind.ROWS: Rate(rows=10, bytes=1_000_000)}
    assert found("rows-locked", given, Policy(rates=slow)) == [(ORDERS, Severity.BLOCK)]


def test_locked_rows_are_told_with_what_they_cost():
    update = replace(written("update", 1_000), wal_bytes=200_000)
    (finding,) = findings("rows-locked", of_size(212_000_000, update))

    assert finding.message == (
        "Rows of public.orders were updated in one transaction: 1,000 rows here, 212 M (19.7 GB) in production. "
        "Whoever writes one of them waits until it commits. About 39.5 GB go through the write-ahead log."
    )
    assert finding.evidence["production_rows"] == 212_000_000


def pair(production: int | None, *parts: Statement | LockWindow, other: int | None = 1_000_000) -> Rehearsal:
    return rehearsal(
        facts=facts(table(production), table(other, name=CUSTOMERS)),
        row_counts=(row_count(10, 10, production), row_count(10, 10, other, name=CUSTOMERS)),
        timeline=timeline(*parts),
    )


def apart(
    production: int | None, timeout: timedelta | None = timedelta(0), *, other: int | None = 1_000_000
) -> Rehearsal:
    return pair(
        production,
        statement(1),
        statement(2, sql="ALTER TABLE customers ADD COLUMN note text"),
        lock(statement=1, timeout=timeout),
        lock(statement=2, timeout=timeout, name=CUSTOMERS),
        other=other,
    )


@pytest.mark.parametrize(
    ("production", "expected"),
    [
        (100_000, []),  # as large as a scan may be
        (101_000, [(ORDERS, Severity.WARN)]),
        (None, [(ORDERS, Severity.WARN)]),
    ],
)
def test_two_large_tables_locked_by_one_transaction_are_a_warning(
    production: int | None, expected: list[tuple[str, Severity]]
):
    assert found("tables-locked-together", apart(production)) == expected


def test_one_large_table_beside_a_small_one_is_silent():
    assert found("tables-locked-together", apart(9_000_000, other=300)) == []


@pytest.mark.parametrize(
    ("timeout", "severity"),
    [
        (timedelta(0), Severity.WARN),
        (TWO_SECONDS, Severity.NOTE),
        (timedelta(seconds=10), Severity.NOTE),
        (timedelta(seconds=11), Severity.WARN),
        (None, Severity.NOTE),
    ],
)
def test_how_long_the_first_table_may_stay_locked_decides(timeout: timedelta | None, severity: Severity):
    assert found("tables-locked-together", apart(9_000_000, timeout)) == [(ORDERS, severity)]


def test_many_short_waits_add_up():
    names = [f"public.t{number}" for number in range(1, 8)]
    given = rehearsal(
        facts=facts(*(table(9_000_000, name=name) for name in names)),
        timeline=timeline(
            *(statement(number) for number in range(1, 8)),
            *(lock(statement=number, name=name, timeout=TWO_SECONDS) for number, name in enumerate(names, start=1)),
        ),
    )

    (finding,) = findings("tables-locked-together", given)

    assert finding.severity is Severity.WARN
    assert "for up to 12.0 s, its lock_timeout" in finding.message


def test_tables_locked_in_transactions_of_their_own_are_silent():
    given = pair(
        9_000_000,
        statement(1),
        statement(2, transaction="a/2"),
        lock(statement=1, timeout=timedelta(0)),
        lock(statement=2, timeout=timedelta(0), name=CUSTOMERS, transaction="a/2"),
    )

    assert found("tables-locked-together", given) == []


def test_the_two_tables_of_a_foreign_key_are_not_several():
    key = statement(1, sql="ALTER TABLE orders ADD FOREIGN KEY (c) REFERENCES customers NOT VALID")
    given = pair(
        9_000_000,
        key,
        statement(2),
        lock(LockMode.SHARE_ROW_EXCLUSIVE, statement=1, timeout=timedelta(0)),
        lock(LockMode.SHARE_ROW_EXCLUSIVE, statement=1, timeout=timedelta(0), name=CUSTOMERS),
        lock(statement=2, timeout=timedelta(0)),
    )

    assert found("tables-locked-together", given) == []


def test_a_table_that_a_later_statement_ties_to_another_is_not_apart_from_it():
    given = pair(
        9_000_000,
        statement(1),
        statement(2, sql="ALTER TABLE orders ADD FOREIGN KEY (c) REFERENCES customers NOT VALID"),
        lock(statement=1, timeout=timedelta(0)),
        lock(LockMode.SHARE_ROW_EXCLUSIVE, statement=2, timeout=timedelta(0)),
        lock(LockMode.SHARE_ROW_EXCLUSIVE, statement=2, timeout=timedelta(0), name=CUSTOMERS),
    )

    assert found("tables-locked-together", given) == []


def test_partitions_of_one_table_are_one_table():
    leaves = tuple(replace(table(9_000_000, name=f"{ORDERS}_{leaf}"), root=ORDERS) for leaf in "ab")
    given = rehearsal(
        facts=facts(*leaves),
        timeline=timeline(
            statement(1),
            statement(2),
            lock(statement=1, timeout=timedelta(0), name=leaves[0].table),
            lock(statement=2, timeout=timedelta(0), name=leaves[1].table),
        ),
    )

    assert found("tables-locked-together", given) == []


def test_locks_that_let_traffic_through_are_no_matter():
    given = pair(
        9_000_000,
        statement(1),
        statement(2),
        lock(statement=1, timeout=timedelta(0)),
        lock(LockMode.SHARE_UPDATE_EXCLUSIVE, statement=2, timeout=timedelta(0), name=CUSTOMERS),
    )

    assert found("tables-locked-together", given) == []


def test_tables_locked_together_are_named_with_their_size():
    (finding,) = findings("tables-locked-together", apart(212_000_000))

    assert finding.message == (
        "One transaction locked public.orders (212 M rows in production) and public.customers (1,000,000 rows in "
        "production) one after the other. public.orders stays locked while it waits for the next: without end, for "
        "want of a lock_timeout."
    )


@pytest.mark.parametrize("kind", [WorkKind.REWRITE, WorkKind.INDEX_BUILD, WorkKind.SCAN])
@pytest.mark.parametrize(("is_root_locked", "blocks"), [(True, [ORDERS]), (False, [])])
def test_partitions_are_too_much_together_where_their_table_is_locked_for_all(
    kind: WorkKind, is_root_locked: bool, blocks: list[str]
):
    leaves = tuple(replace(table(9_000, name=f"{ORDERS}_{leaf}"), root=ORDERS) for leaf in "abcdefghijkl")
    locks = [lock(name=leaf.table) for leaf in leaves]
    detail = "validating" if kind is WorkKind.SCAN else ""
    given = rehearsal(
        facts=facts(*leaves),
        row_counts=tuple(row_count(9_000, 9_000, 9_000, name=leaf.table) for leaf in leaves),
        timeline=timeline(
            statement(work=tuple(work(kind, 9_000, name=leaf.table, detail=detail) for leaf in leaves)),
            *locks,
            *([lock()] if is_root_locked else []),
        ),
    )
    check = {
        WorkKind.REWRITE: "table-rewrite",
        WorkKind.INDEX_BUILD: "blocking-index-build",
        WorkKind.SCAN: "blocking-validation",
    }[kind]

    told = findings(check, given)

    assert [finding.object for finding in told if finding.severity is Severity.BLOCK] == blocks
    assert {finding.object for finding in told} == ({ORDERS} if is_root_locked else {leaf.table for leaf in leaves})
    assert is_root_locked is False or "108,000 rows here, 108,000" in told[0].message


def test_a_reindex_stops_reads_too():
    index = replace(lock(), on_index=True)
    build = statement(sql="REINDEX TABLE orders", tag="REINDEX", work=(work(WorkKind.INDEX_BUILD, 2_000),))
    (finding,) = findings("blocking-index-build", of_size(9_000_000, build, lock(LockMode.SHARE), index))

    assert "locked against reads and writes" in finding.message


@pytest.mark.parametrize("check", ["lock-timeout-missing", "long-blocking-lock", "blocking-validation"])
def test_a_table_the_statement_does_not_name_is_told_with_the_statement(check: str):
    key = statement(
        1,
        sql="CREATE TABLE gifts (customer integer REFERENCES customers);",
        work=(work(WorkKind.SCAN, 10, name=CUSTOMERS, detail="validating"),),
    )
    drop = replace(key, sql="DROP TABLE gifts;")
    taken = lock(name=CUSTOMERS, timeout=timedelta(0))

    (named,) = findings(check, pair(9_000_000, key, written("update", 10, 2), taken))
    (other,) = findings(check, pair(9_000_000, drop, written("update", 10, 2), taken))

    assert "(by " not in named.message
    assert named.object == other.object == CUSTOMERS
    assert "(by DROP TABLE gifts)" in other.message


def block_of_code(kind: WorkKind, ended: float) -> Rehearsal:
    """Return a block that locks orders a second after noon, and work on customers that ended at that second."""
    detail = "update" if kind is WorkKind.ROWS else ""
    done = replace(work(kind, 1_000, name=CUSTOMERS, detail=detail), ended=seconds(ended))
    return pair(9_000_000, statement(1, sql="DO $$ ... $$", tag="DO", work=(done,)), lock(statement=1))


@pytest.mark.parametrize("kind", [WorkKind.ROWS, WorkKind.SCAN])
@pytest.mark.parametrize(("ended", "expected"), [(1, []), (1.1, [(ORDERS, Severity.BLOCK)])])
def test_a_block_of_code_keeps_waiting_only_by_what_it_does_once_it_has_locked(
    kind: WorkKind, ended: float, expected: list[tuple[str, Severity]]
):
    assert found("long-blocking-lock", block_of_code(kind, ended)) == expected


def test_rows_that_a_block_of_code_writes_before_it_locks_are_locked_row_by_row():
    done = replace(work(WorkKind.ROWS, 1_000, detail="update"), ended=seconds(0))
    given = of_size(9_000_000, statement(1, sql="DO $$ ... $$", tag="DO", work=(done,)), lock(statement=1))

    assert found("rows-locked", given) == [(ORDERS, Severity.BLOCK)]
    assert found("lock-upgraded", given) == [(ORDERS, Severity.WARN)]


@pytest.mark.parametrize(
    ("production", "expected"),
    [(300, []), (5_000, []), (5_100, [(ORDERS, Severity.WARN)]), (None, [(ORDERS, Severity.WARN)])],
)
def test_a_table_locked_after_its_rows_were_written_may_end_in_a_deadlock(
    production: int | None, expected: list[tuple[str, Severity]]
):
    given = of_size(production, written("update", 1_000), statement(2), lock(statement=2))

    assert found("lock-upgraded", given) == expected


@pytest.mark.parametrize(
    "parts",
    [
        (written("update", 1_000), statement(2, transaction="a/2"), lock(statement=2, transaction="a/2")),
        (written("insert", 1_000), statement(2), lock(statement=2)),
        (written("update", 1_000), statement(2), lock(LockMode.SHARE_UPDATE_EXCLUSIVE, statement=2)),
        (written("update", 1_000), statement(2), lock(statement=2, name=CUSTOMERS)),
        (lock(statement=1), statement(1), written("update", 1_000, 2), lock(LockMode.SHARE, statement=3), statement(3)),
    ],
    ids=[
        "another transaction",
        "rows nobody waits for",
        "a lock for maintenance",
        "another table",
        "locked first",
    ],
)
def test_rows_and_lock_that_cannot_wait_for_each_other_are_silent(parts: tuple[Statement | LockWindow, ...]):
    assert found("lock-upgraded", of_size(9_000_000, *parts)) == []


def test_an_upgraded_lock_is_told_with_the_rows_and_the_statement_that_asks():
    given = of_size(212_000_000, written("update", 1_000), statement(2), lock(statement=2))

    (finding,) = findings("lock-upgraded", given)

    assert finding.message == (
        "One transaction updated rows of public.orders (1,000 rows here, 212 M (19.7 GB) in production) and then asked "
        "for a lock on it against reads and writes (ALTER TABLE orders ADD COLUMN note text): with a session that has "
        "written to public.orders and waits for one of these rows it ends in a deadlock."
    )
