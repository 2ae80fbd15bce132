"""Checks of hygiene, and of constraints left to prove: the case, the limit's other side, and one that stays silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    ORDERS,
    evidence,
    facts,
    fidelity,
    migration,
    rehearsal,
    row_count,
    statement,
    step,
    table,
    timeline,
    work,
)

from rehearse import registry
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import SchemaChange
from rehearse.model.downgrade import Downgrade, Loss, Way
from rehearse.model.facts import SequenceFacts
from rehearse.model.failure import Failure, Remnant
from rehearse.model.finding import Finding, Severity
from rehearse.model.json import JSON
from rehearse.model.migration import Stopped
from rehearse.model.proof import Proof
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.sequence import SequencePosition
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.timeline import Outcome, SizeChange, Statement, TableSize, WorkKind

CUSTOMERS = "public.customers"
GB = 1 << 30


def findings(name: str, given: Rehearsal) -> list[Finding]:
    return list(registry.check(name).findings(evidence(given)))


def found(name: str, given: Rehearsal) -> list[tuple[str, Severity]]:
    return [(finding.object, finding.severity) for finding in findings(name, given)]


def described(kind: str, identity: str, physical: str = "", *, of: str = ORDERS, **attributes: JSON) -> CatalogObject:
    return CatalogObject(kind=kind, identity=identity, table=of, physical=physical or identity, attributes=attributes)


def index(
    name: str,
    rest: str,
    *,
    unique: bool = False,
    valid: bool = True,
    physical: str = "",
    of: str = ORDERS,
    **more: JSON,
) -> CatalogObject:
    definition = f"CREATE {'UNIQUE ' if unique else ''}INDEX {name} ON {of} USING {rest}"
    return described("index", f"public.{name}", physical, definition=definition, unique=unique, valid=valid, **more)


def foreign_key(columns: list[JSON], physical: str = "fk") -> CatalogObject:
    return described(
        "constraint",
        f"{ORDERS}.orders_customer",
        physical,
        type="foreign key",
        columns=columns,
        references=CUSTOMERS,
        definition=f"FOREIGN KEY (...) REFERENCES {CUSTOMERS}(id)",
        validated=True,
    )


def catalog(*objects: CatalogObject) -> Catalog:
    return Catalog(objects=objects)


def created(sql: str, **fields: object) -> Statement:
    return statement(sql=sql, tag=" ".join(sql.replace("UNIQUE ", "").split()[:2]), **fields)  # type: ignore[arg-type]  # fields are named by the tests


# invalid-index


def test_an_index_that_the_migration_left_invalid_blocks():
    left = index("orders_code", "btree (code)", unique=True, valid=False)
    given = rehearsal(
        after=catalog(left), timeline=timeline(created("CREATE UNIQUE INDEX orders_code ON orders (code)"))
    )

    [finding] = findings("invalid-index", given)

    assert (finding.object, finding.severity, finding.step) == ("public.orders_code", Severity.BLOCK, "0001")
    assert "DROP INDEX CONCURRENTLY public.orders_code;" in finding.remedy
    assert f"CREATE UNIQUE INDEX CONCURRENTLY orders_code ON {ORDERS}" in finding.remedy


def test_what_a_reindex_leaves_is_dropped_and_not_built_again():
    left = index("orders_code_ccnew1", "btree (code)", valid=False)

    [finding] = findings("invalid-index", rehearsal(after=catalog(left)))

    assert "DROP INDEX CONCURRENTLY public.orders_code_ccnew1;" in finding.remedy
    assert "CREATE" not in finding.remedy


def test_an_index_that_was_invalid_before_is_not_the_migrations_fault():
    left = index("orders_code", "btree (code)", valid=False, physical="7")
    renamed = index("orders_code_old", "btree (code)", valid=False, physical="7")

    assert found("invalid-index", rehearsal(before=catalog(left), after=catalog(left))) == []
    assert found("invalid-index", rehearsal(before=catalog(left), after=catalog(renamed))) == []


def test_what_our_own_limit_cut_short_proves_nothing():
    stopped = Stopped(step="0001", limit="max_step_seconds", after=timedelta(minutes=1), busy_with="waiting")
    left = index("orders_code", "btree (code)", valid=False)

    assert found("invalid-index", rehearsal(after=catalog(left), migration=migration(step(), stopped=stopped))) == []


def test_an_index_of_a_partitioned_table_waits_for_those_of_the_partitions():
    whole = described("table", ORDERS, partitioned_by="RANGE (day)")
    given = rehearsal(after=catalog(whole, index("orders_code", "btree (code)", valid=False)))

    assert found("invalid-index", given) == [("public.orders_code", Severity.NOTE)]


@pytest.mark.parametrize(
    ("version", "sql", "expected"),
    [
        (140003, "CREATE INDEX CONCURRENTLY orders_code ON orders (code)", [("public.orders_code", Severity.BLOCK)]),
        (140004, "CREATE INDEX CONCURRENTLY orders_code ON orders (code)", []),
        (140003, "CREATE INDEX orders_code ON orders (code)", []),
    ],
)
def test_production_on_14_0_to_14_3_builds_no_index_concurrently(version: int, sql: str, expected: list[object]):
    given = rehearsal(
        facts=replace(facts(table(2_000)), server_version_num=version),
        after=catalog(index("orders_code", "btree (code)")),
        timeline=timeline(created(sql)),
    )

    assert found("invalid-index", given) == expected


def test_an_index_that_duplicates_made_by_masks_refused_is_no_more_than_a_warning():
    failed = created(
        "CREATE UNIQUE INDEX CONCURRENTLY orders_code ON orders (code)", outcome=Outcome.FAILED, sqlstate="23505"
    )
    masked = ColumnTreatment(table=ORDERS, column="code", mask="constant", reason="unclassified")
    given = rehearsal(
        after=catalog(index("orders_code", "btree (code)", unique=True, valid=False)),
        timeline=timeline(failed),
        fidelity=fidelity(masked=(masked,)),
    )

    assert found("invalid-index", given) == [("public.orders_code", Severity.WARN)]


# error-swallowed


def test_an_error_that_its_step_caught_is_a_warning_and_before_a_savepoint_a_note():
    failed = created(ADDS, number=1, outcome=Outcome.FAILED, sqlstate="42701", message="it exists")
    back = statement(2, sql="ROLLBACK TO SAVEPOINT sa_savepoint_1", tag="ROLLBACK")
    elsewhere = replace(back, transaction="a/2")
    died = migration(step(outcome=Outcome.FAILED), exit_status=1)
    builds = created(BUILDS, outcome=Outcome.FAILED)

    assert found("error-swallowed", rehearsal(timeline=timeline(failed))) == [("versions/0001.py", Severity.WARN)]
    assert found("error-swallowed", rehearsal(timeline=timeline(failed, elsewhere))) != []
    assert found("error-swallowed", rehearsal(timeline=timeline(failed, back))) == [("versions/0001.py", Severity.NOTE)]
    assert found("error-swallowed", rehearsal(timeline=timeline(failed), migration=died)) == []
    assert found("error-swallowed", rehearsal(timeline=timeline(replace(failed, step=None)))) == []
    assert found("error-swallowed", rehearsal(timeline=timeline(builds))) == []


# name-taken


@pytest.mark.parametrize(
    ("there", "sql", "expected"),
    [
        ("btree (code)", "CREATE INDEX IF NOT EXISTS ix ON orders (code)", []),
        ("btree (code)", "create index concurrently if not exists IX on public.orders using btree (code asc)", []),
        ("btree (lower(code))", "CREATE INDEX IF NOT EXISTS ix ON orders (lower(code))", []),
        ("btree (code)", "CREATE INDEX IF NOT EXISTS ix ON orders (code, day)", [("public.ix", Severity.WARN)]),
        ("btree (code)", "CREATE UNIQUE INDEX IF NOT EXISTS ix ON orders (code)", [("public.ix", Severity.WARN)]),
        ("btree (code)", "CREATE INDEX IF NOT EXISTS ix ON customers (code)", [("public.ix", Severity.WARN)]),
        (
            "btree (code) WHERE (paid)",
            "CREATE INDEX IF NOT EXISTS ix ON orders (code)",
            [("public.ix", Severity.WARN)],
        ),
        ("btree (code)", "CREATE INDEX ix2 ON orders (code, day)", []),
    ],
)
def test_an_index_that_is_there_already_has_to_be_the_one_asked_for(there: str, sql: str, expected: list[object]):
    known = catalog(index("ix", there))

    assert found("name-taken", rehearsal(before=known, after=known, timeline=timeline(created(sql)))) == expected


def test_an_invalid_index_taken_for_built_blocks_unless_it_was_dropped_first():
    sql = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON orders (code)"
    invalid, built = index("ix", "btree (code)", valid=False, physical="1"), index("ix", "btree (code)", physical="2")
    ran = timeline(created(sql))

    assert found("name-taken", rehearsal(before=catalog(invalid), after=catalog(invalid), timeline=ran)) == [
        ("public.ix", Severity.BLOCK)
    ]
    assert found("name-taken", rehearsal(before=catalog(invalid), after=catalog(built), timeline=ran)) == []


def test_a_table_that_is_there_already_has_to_have_the_columns_asked_for():
    known = catalog(
        described("table", ORDERS), described("column", f"{ORDERS}.id"), described("column", f"{ORDERS}.note")
    )

    def of(columns: str) -> list[Finding]:
        ran = timeline(created(f"CREATE TABLE IF NOT EXISTS orders ({columns})"))
        return findings("name-taken", rehearsal(before=known, after=known, timeline=ran))

    [lacking] = of(
        "id int PRIMARY KEY, note varchar(20) CHECK (note <> ','), Paid boolean, CONSTRAINT c CHECK (id > 0)"
    )

    assert lacking.severity is Severity.WARN
    assert "lacks paid," in lacking.message
    assert of("id int, note text, PRIMARY KEY (id), UNIQUE (note)") == []


# foreign-key-without-index


@pytest.mark.parametrize(
    ("indexed", "covered"),
    [
        ("btree (customer_id)", True),
        ("btree (customer_id DESC, day)", True),
        ("btree (customer_id) WHERE (customer_id IS NOT NULL)", True),
        ("hash (customer_id)", True),
        ("btree (day, customer_id)", False),
        ("btree (customer_id) WHERE paid", False),
        ("btree (abs(customer_id))", False),
    ],
)
def test_a_new_foreign_key_wants_an_index_that_begins_with_its_columns(indexed: str, covered: bool):
    after = catalog(foreign_key(["customer_id"]), index("ix", indexed))
    given = rehearsal(after=after, row_counts=(row_count(9, 9, 200_000),))

    assert bool(found("foreign-key-without-index", given)) is not covered


def test_the_columns_of_a_foreign_key_may_be_indexed_in_any_order():
    after = catalog(foreign_key(["a", "b"]), index("ix", "btree (b, a, c)"))

    assert found("foreign-key-without-index", rehearsal(after=after)) == []


@pytest.mark.parametrize(
    ("count", "severity"),
    [
        (row_count(9, 9, 100_000), Severity.NOTE),
        (row_count(9, 9, 100_001), Severity.WARN),
        (row_count(9, 9, None), Severity.WARN),
        (row_count(None, 0, None), Severity.NOTE),
    ],
)
def test_a_large_referring_table_makes_a_missing_index_a_warning(count: object, severity: Severity):
    given = rehearsal(after=catalog(foreign_key(["customer_id"])), row_counts=(count,))

    assert found("foreign-key-without-index", given) == [(f"{ORDERS}.orders_customer", severity)]


def test_an_old_foreign_key_is_told_only_when_it_loses_its_index():
    key, ix = foreign_key(["customer_id"]), index("ix", "btree (customer_id)")

    assert found("foreign-key-without-index", rehearsal(before=catalog(key), after=catalog(key))) == []
    assert found("foreign-key-without-index", rehearsal(before=catalog(key, ix), after=catalog(key))) != []


# duplicate-index


@pytest.mark.parametrize(
    ("new", "unique", "expected"),
    [
        ("btree (a, b)", False, True),
        ("btree (a)", False, True),
        ("btree (a)", True, False),
        ("btree (b)", False, False),
        ("btree (a DESC)", False, False),
        ("btree (a) WHERE (b > 0)", False, False),
        ("btree (a) INCLUDE (b)", False, True),
        ("btree (a) INCLUDE (c)", False, False),
        ("hash (a)", False, False),
        ("btree (a text_pattern_ops)", False, False),
    ],
)
def test_a_new_index_is_needless_where_another_does_its_work(new: str, unique: bool, expected: bool):
    old = index("old", "btree (a, b)", unique=True)
    given = rehearsal(before=catalog(old), after=catalog(old, index("new", new, unique=unique)))

    assert found("duplicate-index", given) == ([("public.new", Severity.NOTE)] if expected else [])


def test_of_two_new_equals_one_is_told_and_not_that_of_the_constraint():
    given = rehearsal(
        after=catalog(
            index("a_key", "btree (code)", unique=True, constraint="a_key"), index("ix", "btree (code)", unique=True)
        )
    )

    assert found("duplicate-index", given) == [("public.ix", Severity.NOTE)]


def test_indexes_that_were_needless_before_and_gin_prefixes_are_silent():
    old = catalog(index("one", "btree (a)"), index("two", "btree (a)"))

    assert found("duplicate-index", rehearsal(before=old, after=old)) == []
    assert found("duplicate-index", rehearsal(after=catalog(index("one", "gin (a)"), index("two", "gin (a, b)")))) == []


# sequence-misfit


def position(next_value: int, furthest: int | None, *, taken: bool = False, ascending: bool = True) -> SequencePosition:
    return SequencePosition(
        sequence="public.orders_id_seq",
        table=ORDERS,
        column=f"{ORDERS}.id",
        physical="1.1",
        next_value=next_value,
        ascending=ascending,
        furthest=furthest,
        is_taken=taken,
    )


@pytest.mark.parametrize(
    ("before", "after", "unique", "expected"),
    [
        (position(5, 4), position(5, 9, taken=True), True, [Severity.BLOCK]),
        (position(5, 4), position(5, 9, taken=True), False, [Severity.WARN]),
        (position(5, 4), position(5, 9), True, [Severity.WARN]),
        (position(5, 4), position(5, 4), True, []),
        (position(5, 9), position(5, 10, taken=True), True, []),
        (position(-5, -4, ascending=False), position(-5, -9, taken=True, ascending=False), True, [Severity.BLOCK]),
        (position(1, None), position(1, None), True, []),
    ],
)
def test_a_sequence_must_not_fall_behind_its_column(
    before: SequencePosition, after: SequencePosition, unique: bool, expected: list[Severity]
):
    given = rehearsal(
        after=catalog(described("column", f"{ORDERS}.id", "1.1"), index("pk", "btree (id)", unique=unique)),
        sequences_before=(before,),
        sequences_after=(after,),
    )

    assert [finding.severity for finding in findings("sequence-misfit", given)] == expected


def retyped(column_type: str, maximum: int, stands: int | None, *, changed: bool = True) -> Rehearsal:
    sequence = described(
        "sequence", "public.orders_id_seq", type="integer", maximum=maximum, increment=1, owned_by=None
    )
    column = described("column", f"{ORDERS}.id", type=column_type, default="nextval('public.orders_id_seq'::regclass)")
    change = SchemaChange(
        action="altered", kind="column", object=column.identity, table=ORDERS, before={}, after={"type": column_type}
    )
    known = SequenceFacts(sequence=sequence.identity, last_value=stands or 0, is_called=True)
    return rehearsal(
        facts=replace(facts(table(2_000)), sequences=(known,) if stands is not None else ()),
        before=catalog(sequence),
        after=catalog(sequence, column),
        changes=(change,) if changed else (),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (retyped("bigint", 2**31 - 1, 2_000_000_000), [Severity.WARN]),
        (retyped("bigint", 2**31 - 1, 2**30), [Severity.WARN]),
        (retyped("bigint", 2**31 - 1, 2**30 - 1), [Severity.NOTE]),
        (retyped("bigint", 2**31 - 1, None), [Severity.NOTE]),
        (retyped("bigint", 2**63 - 1, 2_000_000_000), []),
        (retyped("bigint", 2**31 - 1, 2_000_000_000, changed=False), []),
        (retyped("integer", 2**63 - 1, 2_000_000_000), [Severity.WARN]),
        (retyped("integer", 2**63 - 1, 1_000), []),
    ],
)
def test_a_column_that_changes_its_type_takes_its_sequence_along(given: Rehearsal, expected: list[Severity]):
    assert [finding.severity for finding in findings("sequence-misfit", given)] == expected


# not-rerunnable


ADDS = "ALTER TABLE orders ADD COLUMN note text"
BUILDS = "CREATE INDEX CONCURRENTLY ix ON orders (note)"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (ADDS, BUILDS, [Severity.NOTE]),
        ("ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text", BUILDS, []),
        ("ALTER TABLE orders ALTER note DROP NOT NULL", BUILDS, []),
        (ADDS, "ALTER TABLE orders ADD COLUMN other text", []),
        (BUILDS, ADDS, []),
    ],
)
def test_a_step_that_commits_in_parts_should_bear_running_again(first: str, second: str, expected: list[Severity]):
    given = rehearsal(
        timeline=timeline(created(first, number=1, transaction="a/1"), created(second, number=2, transaction="a/2"))
    )

    assert [finding.severity for finding in findings("not-rerunnable", given)] == expected


@pytest.mark.parametrize(
    ("sql", "advice"),
    [
        (ADDS, "IF NOT EXISTS."),
        ("ALTER TABLE orders ADD CONSTRAINT paid CHECK (x) NOT VALID", "DROP CONSTRAINT IF EXISTS paid before it."),
        ("CREATE INDEX CONCURRENTLY iy ON orders (x)", "DROP INDEX CONCURRENTLY IF EXISTS iy; before it ("),
        ("INSERT INTO kinds VALUES (1)", "INSERT ... ON CONFLICT DO NOTHING."),
        ("ALTER TABLE orders DROP COLUMN x", "IF EXISTS."),
        ("ALTER TABLE orders RENAME COLUMN x TO y", "a look at the catalog."),
    ],
)
def test_how_to_make_the_first_part_repeatable_is_said(sql: str, advice: str):
    given = rehearsal(
        timeline=timeline(created(sql, number=1, transaction="a/1"), created(BUILDS, number=2, transaction="a/2"))
    )

    [finding] = findings("not-rerunnable", given)

    assert f"repeatable: {advice}" in finding.remedy


def test_what_is_dropped_first_if_it_is_there_can_be_made_again():
    given = rehearsal(
        timeline=timeline(
            created("DROP INDEX CONCURRENTLY IF EXISTS iy", number=1, transaction="a/1"),
            created("CREATE INDEX CONCURRENTLY iy ON orders (x)", number=2, transaction="a/2"),
            created("ALTER TABLE orders DROP CONSTRAINT IF EXISTS paid", number=3, transaction="a/3"),
            created("ALTER TABLE orders ADD CONSTRAINT paid CHECK (x) NOT VALID", number=4, transaction="a/4"),
            created(BUILDS, number=5, transaction="a/5"),
        )
    )

    assert found("not-rerunnable", given) == []


def test_one_transaction_or_two_steps_are_no_risk():
    together = timeline(
        created(ADDS, number=1, work=(work(WorkKind.SCAN),)), created(ADDS, number=2, work=(work(WorkKind.SCAN),))
    )
    apart = timeline(
        created(ADDS, number=1, transaction="a/1", step="0001"),
        created(BUILDS, number=2, transaction="a/2", step="0002"),
    )
    two = migration(step("0001"), step("0002"))

    assert found("not-rerunnable", rehearsal(timeline=together)) == []
    assert found("not-rerunnable", rehearsal(timeline=apart, migration=two)) == []


def test_a_part_that_was_rolled_back_left_nothing():
    given = rehearsal(
        timeline=timeline(
            created(ADDS, number=1, transaction="a/1"),
            statement(2, sql="ROLLBACK", tag="ROLLBACK", transaction="a/1"),
            created(BUILDS, number=3, transaction="a/2"),
        )
    )

    assert found("not-rerunnable", given) == []


@pytest.mark.parametrize(("invalid", "expected"), [(False, [Severity.WARN]), (True, [])])
def test_a_step_that_is_half_done_is_a_warning_and_an_invalid_index_another_checks(
    invalid: bool, expected: list[Severity]
):
    left = Remnant(kind="column", object=f"{ORDERS}.note", step="0001", told=f"+ {ORDERS}.note", invalid=invalid)
    failure = Failure(
        step="0001", sqlstate="23505", message="", statement=None, location=None, half_done=("0001",), remnants=(left,)
    )
    given = rehearsal(migration=migration(step(outcome=Outcome.FAILED), exit_status=1), failure=failure)

    assert [finding.severity for finding in findings("not-rerunnable", given)] == expected


# several-heads


@pytest.mark.parametrize(
    ("before", "after", "bases", "expected"),
    [
        (("0001",), ("0002", "0003"), 0, True),
        (("0001",), ("0003",), 0, False),
        (("0001", "000x"), ("0002", "0003"), 0, False),
        (("0001",), ("0002", "0003"), 1, False),
        ((), ("0002", "0003"), 1, True),
        ((), ("0002", "0003"), 2, False),
    ],
)
def test_more_heads_than_before_are_a_fork_unless_a_branch_begins_anew(
    before: tuple[str, ...], after: tuple[str, ...], bases: int, expected: bool
):
    steps = [replace(step(head), parents=() if place < bases else ("0001",)) for place, head in enumerate(after)]
    given = rehearsal(
        migration=migration(*steps),
        heads_before={"public.alembic_version": before},
        heads_after={"public.alembic_version": after},
    )

    assert found("several-heads", given) == ([("public.alembic_version", Severity.WARN)] if expected else [])


def test_on_the_way_to_a_merge_a_fork_is_none():
    heads = {"public.alembic_version": ("0002", "0003")}
    steps = (replace(step(head), parents=("0001",)) for head in ("0002", "0003"))
    given = rehearsal(migration=migration(*steps), heads_after=heads, inputs={"target": "0003"})

    assert found("several-heads", given) == []
    assert found("several-heads", replace(given, inputs={"target": "heads"})) != []


# no-way-back


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (Way.LOSSLESS, []),
        (Way.OPEN, []),
        (Way.IRREVERSIBLE, [("versions/0001.py", Severity.NOTE)]),
        (Way.LOSSY, [("versions/0001.py", Severity.NOTE)]),
        (Way.FAILING, [("versions/0001.py", Severity.WARN)]),
    ],
)
def test_a_way_back_that_fails_is_a_warning_one_that_loses_a_note(way: Way, expected: list[object]):
    loss = Loss(kind="values", object=f"{ORDERS}.note", table=ORDERS, told=f"{ORDERS}.note: 7 values")
    given = rehearsal(downgrades=(Downgrade(step="0001", way=way, reason=None, losses=(loss,)),))

    assert found("no-way-back", given) == expected


# timeout-too-short


@pytest.mark.parametrize(
    ("limit", "sql", "expected"),
    [
        (2, BUILDS, [Severity.WARN]),
        (60, BUILDS, [Severity.WARN]),
        (61, BUILDS, []),
        (0, BUILDS, []),
        (None, BUILDS, []),
        (2, "CREATE INDEX ix ON orders (note)", []),
        (2, "DROP INDEX CONCURRENTLY IF EXISTS ix", [Severity.WARN]),
        (2, "REINDEX (VERBOSE) TABLE CONCURRENTLY orders", [Severity.WARN]),
        (2, "REFRESH MATERIALIZED VIEW CONCURRENTLY totals", []),
        (2, "COMMENT ON TABLE orders IS 'CREATE INDEX CONCURRENTLY'", []),
    ],
)
def test_concurrently_waits_for_others_longer_than_a_short_lock_timeout(
    limit: int | None, sql: str, expected: list[Severity]
):
    ran = replace(created(sql), lock_timeout=None if limit is None else timedelta(seconds=limit))

    assert [found.severity for found in findings("timeout-too-short", rehearsal(timeline=timeline(ran)))] == expected


@pytest.mark.parametrize(
    ("rows", "limit", "expected"),
    [(20_000, 1, []), (20_001, 1, [(ORDERS, Severity.WARN)]), (None, 1, [(ORDERS, Severity.WARN)]), (10**9, 0, [])],
)
def test_a_statement_timeout_must_last_for_the_work_at_productions_size(
    rows: int | None, limit: int, expected: list[object]
):
    ran = replace(
        created("CREATE INDEX ix ON orders (note)", work=(work(WorkKind.INDEX_BUILD, 2_000),)),
        statement_timeout=timedelta(seconds=limit),
    )
    given = rehearsal(
        facts=facts(table(rows, octets=0)), row_counts=(row_count(2_000, 2_000, rows),), timeline=timeline(ran)
    )

    assert found("timeout-too-short", given) == expected


# disk-headroom


def grown(
    kind: WorkKind, *, before: int, after: int, production: int, wal: int | None = None, slots: str = ""
) -> Rehearsal:
    ran = replace(statement(work=(work(kind, 1_000),)), wal_bytes=wal)
    size = SizeChange(
        object=ORDERS,
        before=TableSize(table=before, indexes=0, toast=0),
        after=TableSize(table=before, indexes=after - before, toast=0),
    )
    known = facts(table(1_000_000, octets=production))
    return rehearsal(
        facts=replace(known, settings={"max_slot_wal_keep_size": slots} if slots else {}),
        row_counts=(row_count(1_000, 1_000, 1_000_000),),
        timeline=timeline(ran, sizes=(size,)),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (grown(WorkKind.INDEX_BUILD, before=10_000_000, after=11_000_000, production=10 * GB), []),
        (grown(WorkKind.INDEX_BUILD, before=10_000_000, after=12_000_000, production=10 * GB), [Severity.NOTE]),
        (grown(WorkKind.INDEX_BUILD, before=10_000_000, after=16_000_000, production=10 * GB), [Severity.WARN]),
        (grown(WorkKind.REWRITE, before=10_000_000, after=10_000_000, production=10 * GB), [Severity.WARN]),
        (grown(WorkKind.REWRITE, before=100_000, after=100_000, production=100_000_000), []),
        (grown(WorkKind.SCAN, before=10_000_000, after=16_000_000, production=10 * GB), []),
        (
            grown(WorkKind.ROWS, before=10_000_000, after=10_000_000, production=10 * GB, wal=2_000_000),
            [Severity.NOTE],
        ),
        (
            grown(WorkKind.ROWS, before=10_000_000, after=10_000_000, production=10 * GB, wal=2_000_000, slots="1GB"),
            [Severity.WARN],
        ),
        (
            grown(WorkKind.ROWS, before=10_000_000, after=10_000_000, production=10 * GB, wal=2_000_000, slots="2GB"),
            [Severity.NOTE],
        ),
    ],
)
def test_disk_and_wal_are_told_at_productions_size(given: Rehearsal, expected: list[Severity]):
    assert [finding.severity for finding in findings("disk-headroom", given)] == expected


def test_the_wal_of_new_files_is_told_as_it_was_measured():
    rewritten = grown(WorkKind.REWRITE, before=10_000_000, after=10_000_000, production=10 * GB, wal=18_000_000)

    [finding] = findings("disk-headroom", rewritten)

    assert finding.message.endswith("and writes about 16.8 GB of WAL (public.orders 16.8 GB).")


def test_the_wal_of_a_command_about_several_tables_is_told_once():
    items = "public.items"
    ran = replace(
        statement(work=(work(WorkKind.INDEX_BUILD, 1_000), work(WorkKind.INDEX_BUILD, 1_000, name=items))),
        wal_bytes=2_000_000,
    )
    given = rehearsal(
        facts=facts(table(1_000_000, octets=GB), table(2_000_000, octets=GB, name=items)),
        row_counts=(row_count(1_000, 1_000, 1_000_000), row_count(1_000, 1_000, 2_000_000, name=items)),
        timeline=timeline(ran),
    )

    [finding] = findings("disk-headroom", given)

    assert finding.evidence["wal_bytes"] == 4_000_000_000


def test_what_a_rewrite_takes_is_said_in_numbers():
    [finding] = findings(
        "disk-headroom", grown(WorkKind.REWRITE, before=10_000_000, after=10_000_000, production=10 * GB)
    )

    assert finding.message == (
        "In production the migration needs about 10 GB of disk on top of the 10 GB that the tables use today, and "
        "writes about 10 GB of WAL (public.orders 10 GB)."
    )


# constraint-unproven


def unproven(kind: str, proof: Proof, **fields: object) -> Rehearsal:
    left = described(
        "constraint",
        f"{ORDERS}.c",
        type=kind,
        columns=["price"],
        definition="CHECK ((price > 0))",
        references=CUSTOMERS if kind == "foreign key" else None,
        validated=False,
    )
    return rehearsal(after=catalog(left), proofs=(proof,), **fields)


REFUTED = Proof(constraint=f"{ORDERS}.c", table=ORDERS, sqlstate="23514", message="violated")
MASKED = ColumnTreatment(table=ORDERS, column="price", mask="number", reason="unclassified")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (unproven("check", REFUTED), [Severity.WARN]),
        (unproven("check", REFUTED, fidelity=fidelity(masked=(MASKED,))), [Severity.NOTE]),
        (unproven("foreign key", REFUTED), [Severity.NOTE]),
        (unproven("check", replace(REFUTED, sqlstate=None)), []),
        (unproven("check", replace(REFUTED, sqlstate="57014")), []),
    ],
)
def test_rows_that_violate_what_is_left_not_valid_are_a_warning_where_updates_fail(
    given: Rehearsal, expected: list[Severity]
):
    assert [finding.severity for finding in findings("constraint-unproven", given)] == expected


def test_the_query_for_violating_rows_is_given():
    [finding] = findings("constraint-unproven", unproven("check", REFUTED))

    assert f"SELECT * FROM {ORDERS} WHERE NOT ((price > 0)) LIMIT 20;" in finding.remedy
