"""Masks never make a verdict: what fails or finds nothing because of them is undecided, what they keep is not."""

from __future__ import annotations

import pytest
from builders import ORDERS, fidelity, migration, rehearsal, statement, step, timeline, verdict, work

from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Verdict
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.timeline import Outcome, Statement, WorkKind

CHECK = "ALTER TABLE orders ADD CONSTRAINT polite CHECK (note LIKE 'Dear%')"
VIOLATED = 'check constraint "polite" of relation "orders" is violated by some row'


KEEPS = {"text": ("null", "length", "characters", "equality", "uniqueness"), "date": ("null", "equality", "magnitude")}


def masked(mask: str = "text", column: str = "note", table: str = ORDERS) -> ColumnTreatment:
    return ColumnTreatment(table=table, column=column, mask=mask, reason="unclassified text", keeps=KEEPS[mask])


def failing(*statements: Statement, mask: str = "text", error: str | None = None) -> Rehearsal:
    return rehearsal(
        migration=migration(step(outcome=Outcome.FAILED, error=error), exit_status=1),
        timeline=timeline(*statements),
        fidelity=fidelity(masked=(masked(mask),)),
    )


@pytest.mark.parametrize(
    ("sql", "sqlstate", "mask", "expected"),
    [
        (CHECK, "23514", "text", Verdict.UNDECIDED),
        ("ALTER TABLE orders ALTER note TYPE mood USING note::mood", "22P02", "text", Verdict.UNDECIDED),
        ("ALTER TABLE orders ADD CHECK (total > 0)", "23514", "text", Verdict.UNSAFE),  # total is clear
        ("ALTER TABLE orders ALTER note SET NOT NULL", "23502", "text", Verdict.UNSAFE),  # masks keep NULL
        ("ALTER TABLE orders ALTER note TYPE varchar(3)", "22001", "text", Verdict.UNSAFE),  # and length
        ("CREATE UNIQUE INDEX ON orders (note)", "23505", "text", Verdict.UNSAFE),  # and equality
        ("CREATE UNIQUE INDEX ON orders (note)", "23505", "date", Verdict.UNDECIDED),
    ],
)
def test_a_refusal_that_a_mask_may_have_caused_is_undecided(sql: str, sqlstate: str, mask: str, expected: Verdict):
    refused = statement(sql=sql, outcome=Outcome.FAILED, sqlstate=sqlstate, message="refused")

    report = verdict(failing(refused, mask=mask))

    assert report.verdict is expected


def test_a_validation_is_traced_to_the_constraint_it_validates():
    added = statement(1, sql=f"{CHECK} NOT VALID")
    validated = statement(
        2,
        sql="ALTER TABLE orders VALIDATE CONSTRAINT polite",
        outcome=Outcome.FAILED,
        sqlstate="23514",
        message=VIOLATED,
    )

    report = verdict(failing(added, validated))

    assert report.verdict is Verdict.UNDECIDED
    assert f'"{ORDERS}.note" = "keep"' in report.reasons[0]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT orders.id, orders.note FROM orders", Verdict.UNDECIDED),
        ("SELECT * FROM orders", Verdict.UNDECIDED),
        ("SELECT orders.id FROM orders", Verdict.UNSAFE),
    ],
)
def test_code_that_gives_up_on_masked_values_is_undecided(sql: str, expected: Verdict):
    given = failing(statement(sql=sql, tag="SELECT"), error="RuntimeError: unsupported content")

    assert verdict(given).verdict is expected


@pytest.mark.parametrize(
    ("predicate", "rows", "expected"),
    [
        ("note = 'kq'", 1, Verdict.SAFE),
        ("orders.note IN ('kq', 'OR') AND id = 3", 2, Verdict.SAFE),
        ("note = 'kq' OR note = 'zz'", 2, Verdict.SAFE),
        ("note = 'gift'", 0, Verdict.UNDECIDED),  # nobody read that here
        ("note = 'gift' OR id = 3", 1, Verdict.UNDECIDED),
        ("NOT note = 'gift'", 9, Verdict.UNDECIDED),
        ("note <> 'gift'", 9, Verdict.UNDECIDED),
    ],
)
def test_a_loop_that_writes_what_it_read_needs_no_clear_column(predicate: str, rows: int, expected: Verdict):
    written = statement(
        sql=f"UPDATE orders SET state = 'x' WHERE {predicate}",
        tag="UPDATE",
        work=(work(WorkKind.ROWS, rows, detail="update"),),
    )
    given = rehearsal(timeline=timeline(written), fidelity=fidelity(masked=(masked(),)))

    assert verdict(given).verdict is expected


def test_the_rule_to_keep_a_column_can_be_pasted_into_a_configuration():
    quoted = masked(table='public."Orders"', column="Note")

    assert masked().rule_to_keep == '"public.orders.note" = "keep"'
    assert quoted.rule_to_keep == '\'public."Orders".Note\' = "keep"'
