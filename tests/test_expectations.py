"""Expectations: what a step declares that it changes, held against what changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from builders import (
    ORDERS,
    evidence,
    facts,
    fidelity,
    migration,
    rehearsal,
    removed_column,
    row_count,
    statement,
    step,
    table,
    timeline,
    work,
)

from rehearse import registry
from rehearse.checks import expectation_missed
from rehearse.judge import judge
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import SchemaChange
from rehearse.model.declaration import NotUnderstood, declared
from rehearse.model.evidence import Evidence
from rehearse.model.facts import VersionTable
from rehearse.model.failure import Failure
from rehearse.model.finding import Family, Finding, Ground, Severity
from rehearse.model.fulfilment import accepted_by, fulfilments
from rehearse.model.migration import StepRun
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.remark import Remark
from rehearse.model.report import Report, Verdict
from rehearse.model.timeline import Outcome, Statement, WorkKind
from rehearse.model.values import ValueChange
from rehearse.reports import json as json_report
from rehearse.reports import text

NOTE = f"{ORDERS}.note"
CUSTOMERS = "public.customers"
LOST = (row_count(1_000, 890, 1_000),)
UNDONE = Failure(step="0002", sqlstate=None, message="boom", statement=None, location=None, undone=("0001", "0002"))
NOTE_BEFORE = CatalogObject(kind="column", identity=NOTE, table=ORDERS, physical="1.2", attributes={})


def expecting(
    said: str, identifier: str = "0001", *, in_base: bool = True, outcome: Outcome = Outcome.APPLIED
) -> StepRun:
    remarks = tuple(
        Remark(text=f"expect {each}", path=Path("/x.py"), source=f"{identifier}.py", line=line, is_in_base=in_base)
        for line, each in enumerate(said.split("; "), start=1)
    )
    return replace(step(identifier, outcome), remarks=remarks)


def deletion(rows: int = 3, *, step: str = "0001", name: str = ORDERS) -> Statement:
    done = work(WorkKind.ROWS, rows, name=name, detail="delete")
    return statement(sql="DELETE FROM orders", tag="DELETE", step=step, work=(done,))


def played(*steps: StepRun, **fields: object) -> Evidence:
    given = rehearsal(migration=migration(*steps), before=Catalog(objects=(NOTE_BEFORE,)), **fields)
    said = declared({each.id: each.remarks for each in steps}, registry.check_names())
    return replace(evidence(given), expectations=said.expectations)


def lost(*steps: StepRun, before: int = 1_000, after: int = 890, **fields: object) -> Evidence:
    return played(
        *steps,
        **{"row_counts": (row_count(before, after, before),), "timeline": timeline(deletion(before - after)), **fields},
    )


def verdict(seen: Evidence) -> Report:
    findings, crashed = registry.run_checks(seen)
    return judge(seen, findings, crashed, seen.rehearsal.started_at.date())


def missed(seen: Evidence) -> list[str]:
    return [found.message for found in expectation_missed.findings(seen)]


# Rows


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("-120..-100", Verdict.SAFE),
        ("-110", Verdict.SAFE),
        ("-110..-110", Verdict.SAFE),
        ("-11%", Verdict.SAFE),
        ("-12%..0%", Verdict.SAFE),
        ("-109..-100", Verdict.UNSAFE),
        ("-120..-111", Verdict.UNSAFE),
        ("-10.9%..0%", Verdict.UNSAFE),
        ("0", Verdict.UNSAFE),
        ("+110", Verdict.UNSAFE),
    ],
)
def test_a_loss_within_its_bounds_is_what_was_meant_and_any_other_blocks(said: str, expected: Verdict):
    report = verdict(lost(expecting(f"rows public.orders {said}")))

    assert report.verdict is expected
    loss = next(found for found in report.findings if found.check == "rows-lost")
    assert (loss.acceptance is not None) is (expected is Verdict.SAFE)


def test_an_undeclared_loss_stays_a_block():
    report = verdict(lost(expecting("rows public.customers 0"), row_counts=(*LOST, row_count(5, 5, 5, name=CUSTOMERS))))

    assert [found.check for found in report.findings if found.blocks] == ["rows-lost"]


def test_what_was_expected_is_shown_as_such():
    report = verdict(lost(expecting("rows public.orders -120..-100")))

    (found,) = report.findings
    assert found.acceptance is not None
    assert (found.severity, found.acceptance.ground) == (Severity.BLOCK, Ground.EXPECTED)
    shown = text.render(report)
    assert "expected: rows public.orders -120..-100, as step 0001 declares (0001.py:1)" in shown
    assert "\nExpectations\n  0001: rows public.orders -120..-100 (0001.py:1): kept\n" in shown
    assert report.reasons == ("1 pending step was played; no finding blocks, 1 expected.",)


def test_json_tells_what_became_of_each_expectation():
    report = json.loads(json_report.render(verdict(lost(expecting("rows public.orders -120..-100")))))

    assert report["expectations"] == [
        {
            "step": "0001",
            "expected": "rows public.orders -120..-100",
            "place": "0001.py:1",
            "object": ORDERS,
            "kept": True,
            "told": "Step 0001 expects rows public.orders -120..-100 (0001.py:1), and public.orders went from 1,000 "
            "rows to 890 (-110).",
        }
    ]
    assert report["findings"][0]["acknowledged"] == "rows public.orders -120..-100, as step 0001 declares"


def test_a_missed_one_names_step_bounds_place_and_what_happened():
    (told,) = missed(lost(expecting("rows public.orders -100..0")))

    assert told == (
        "Step 0001 expects rows public.orders -100..0 (0001.py:1), but public.orders went from 1,000 rows to 890 "
        "(-110)."
    )


def test_what_several_steps_declare_for_one_table_adds_up():
    steps = (expecting("rows public.orders -60..-50"), expecting("rows public.orders -60..-50", "0002"))

    assert missed(lost(*steps)) == []
    assert len(missed(lost(steps[0], step("0002")))) == 1


def test_a_table_that_is_made_begins_at_nothing():
    made = (row_count(None, 3, None, name="public.plans"),)

    assert missed(played(expecting("rows public.plans +3"), row_counts=made)) == []
    assert len(missed(played(expecting("rows public.plans +2"), row_counts=made))) == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("rows public.order -3", 'but there is no such table; did you mean "public.orders"?'),
        ("rows public.gone -3", "but public.gone is gone."),
    ],
)
def test_a_table_that_is_not_there_is_missed(said: str, told: str):
    counts = (row_count(10, 10, 10), row_count(3, None, 3, name="public.gone"))

    (message,) = missed(played(expecting(said), row_counts=counts))

    assert message.endswith(told)


@pytest.mark.parametrize(
    ("said", "after", "expected"),
    [
        ("-120..-100", 890, Verdict.UNDECIDED),  # how many production loses is not known
        ("-120..-100", 1_000, Verdict.UNDECIDED),
        ("-120..-100", 879, Verdict.UNSAFE),  # a sample cannot lose more than there is to lose
        ("-12%..-10%", 890, Verdict.SAFE),
        ("-12%..-10%", 950, Verdict.UNSAFE),
        ("+3", 1_003, Verdict.SAFE),
    ],
)
def test_of_a_sample_numbers_of_rows_prove_only_that_it_is_too_much(said: str, after: int, expected: Verdict):
    seen = lost(
        expecting(f"rows public.orders {said}"),
        facts=facts(table(212_000_000)),
        timeline=timeline(),
        row_counts=(row_count(1_000, after, 212_000_000),),
        whole_tables=frozenset(),
    )

    report = verdict(seen)

    assert report.verdict is expected
    if expected is Verdict.UNDECIDED:
        assert "State a percentage, as rows public.orders -10%..0%" in report.reasons[0]


# No data change


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ((), []),
        ((deletion(step="0002"),), []),
        ((statement(work=(work(WorkKind.REWRITE, 50),)),), []),
        ((statement(work=(work(WorkKind.ROWS, 50, detail="insert", existed=False),)),), []),
        ((deletion(0),), []),
        ((deletion(3),), ["but 3 rows of public.orders were deleted."]),
        ((deletion(1),), ["but 1 row of public.orders was deleted."]),
        (
            (deletion(3), deletion(4), deletion(5, name=CUSTOMERS)),
            ["but 7 rows of public.orders were deleted.", "but 5 rows of public.customers were deleted."],
        ),
    ],
)
def test_a_step_that_means_no_data_change_may_touch_no_row(statements: tuple[Statement, ...], told: list[str]):
    seen = played(expecting("no data change"), step("0002"), timeline=timeline(*statements))

    assert [message.partition("), ")[2] for message in missed(seen)] == told


def test_a_dropped_column_with_values_is_a_data_change():
    seen = played(
        expecting("no data change"),
        changes=(removed_column(),),
        lost_values={NOTE: 5},
        timeline=timeline(statement(sql="ALTER TABLE orders DROP COLUMN note")),
    )

    assert [message.partition("), ")[2] for message in missed(seen)] == [
        f"but {NOTE} was dropped with what 5 rows held."
    ]


@pytest.mark.parametrize("said", ["no data change", f"values {NOTE}"])
@pytest.mark.parametrize(
    "fields", [{"fidelity": fidelity(observation="sampled")}, {"timeline": timeline(complete=False)}]
)
def test_what_was_not_seen_is_neither_kept_nor_missed(said: str, fields: dict[str, object]):
    (found,) = fulfilments(played(expecting(said), **fields))

    assert (found.holds, found.told) == (None, "what was done to rows was not seen")


def test_what_a_failed_statement_did_is_undone():
    failed = replace(deletion(), outcome=Outcome.FAILED)

    assert missed(played(expecting("no data change"), timeline=timeline(failed))) == []


RETYPED = ValueChange(column=NOTE, now=NOTE, table=ORDERS, changed=4, nulled=1, rows=9, one_to_one=False, exact=True)


def test_values_that_a_new_type_changes_are_a_data_change():
    retyping = statement(sql="ALTER TABLE orders ALTER COLUMN note TYPE varchar(3)")
    other = SchemaChange(
        action="altered", kind="column", object=NOTE, table=ORDERS, before={"type": "text"}, after={"type": "varchar"}
    )

    (message,) = missed(
        played(expecting("no data change"), value_changes=(RETYPED,), changes=(other,), timeline=timeline(retyping))
    )

    assert message.endswith(f"but {NOTE} holds another value in 5 rows.")


def test_values_that_changed_are_changed_whoever_wrote_them():
    assert missed(played(expecting(f"values {NOTE}"), value_changes=(RETYPED,))) == []


@pytest.mark.parametrize(
    ("said", "act"),
    [
        ("rows public.orders -3", "Compare the predicate"),
        (f"values {NOTE}", "Look whether the step's UPDATE finds a row"),
        (f"drop {NOTE}", "Drop it in this step"),
        ("no data change", "Take out what touches data, or declare it"),
    ],
)
def test_what_is_missed_is_told_with_the_next_act(said: str, act: str):
    seen = played(expecting(said), timeline=timeline(deletion(name=CUSTOMERS)))

    (found,) = expectation_missed.findings(seen)

    assert found.remedy.startswith(act)


def test_the_tools_own_records_are_no_data():
    books = (VersionTable(table=ORDERS, tool="alembic", heads=()),)
    seen = played(
        expecting("no data change"),
        facts=replace(facts(table(1)), version_tables=books),
        timeline=timeline(deletion()),
    )

    assert missed(seen) == []


# Drops and values


def dropping(*steps: StepRun) -> Evidence:
    return played(
        *steps,
        changes=(removed_column(),),
        lost_values={NOTE: 5},
        timeline=timeline(statement(sql="ALTER TABLE orders DROP COLUMN note")),
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("drop public.orders.note", Verdict.SAFE),
        ("drop public.orders.n*", Verdict.SAFE),
        ("drop public.orders.notes", Verdict.UNSAFE),
        ("drop public.orders", Verdict.UNSAFE),
        ("values public.orders.note", Verdict.UNSAFE),
    ],
)
def test_a_drop_is_meant_if_the_very_object_is_named(said: str, expected: Verdict):
    assert verdict(dropping(expecting(said))).verdict is expected


def test_a_drop_is_meant_by_its_own_step_only():
    seen = dropping(step("0001"), expecting("drop public.orders.note", "0002"))

    report = verdict(seen)

    assert [(found.check, found.blocks) for found in report.findings] == [("column-dropped", True)]


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        (NOTE, f"but {NOTE} is still there."),
        ("public.orders.noted", f'but there was no such object; did you mean "{NOTE}"?'),
    ],
)
def test_a_drop_that_does_not_happen_is_missed(identity: str, told: str):
    (message,) = missed(played(expecting(f"drop {identity}")))

    assert message.endswith(told)


def changed(step_id: str | None = "0001", identity: str = NOTE, family: Family = Family.LOSS) -> Finding:
    """Return a finding of a check that there may be, for what is expected is told by family and object."""
    return Finding(
        check="values-changed",
        family=family,
        severity=Severity.BLOCK,
        step=step_id,
        object=identity,
        message="5 values are others.",
        remedy="Look.",
        evidence={},
    )


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (changed(), True),
        (changed(None), True),
        (changed("0002"), False),
        (changed(identity=f"{ORDERS}.state"), False),
        (changed(identity=ORDERS), False),
        (changed(family=Family.CONTRACT), False),
    ],
)
def test_any_loss_of_a_declared_columns_values_is_meant(finding: Finding, expected: bool):
    written = statement(sql="UPDATE orders", tag="UPDATE", work=(work(WorkKind.ROWS, 5, detail="update"),))
    seen = played(expecting(f"values {NOTE}"), timeline=timeline(written))

    assert (accepted_by(finding, seen, fulfilments(seen)) is not None) is expected


@pytest.mark.parametrize(("whole", "expected"), [(True, Verdict.UNSAFE), (False, Verdict.UNDECIDED)])
def test_values_that_are_not_written_are_missed_unless_only_a_sample_was_there(whole: bool, expected: Verdict):
    tables = frozenset({ORDERS}) if whole else frozenset()

    assert verdict(played(expecting(f"values {NOTE}"), whole_tables=tables)).verdict is expected


def test_a_column_that_there_is_not_is_missed():
    (message,) = missed(played(expecting("values public.orders.noted")))

    assert message.endswith(f'but there is no such column; did you mean "{NOTE}"?')


# Steps


@pytest.mark.parametrize(
    ("outcome", "failure"),
    [
        (Outcome.FAILED, None),
        (Outcome.SKIPPED, None),
        (Outcome.APPLIED, UNDONE),
    ],
)
def test_a_step_that_was_not_played_to_its_end_misses_nothing(outcome: Outcome, failure: Failure | None):
    seen = played(expecting("rows public.orders -3; no data change", outcome=outcome), failure=failure)

    assert missed(seen) == []
    assert [found.holds for found in fulfilments(seen)] == [None, None]


def test_what_the_base_commit_does_not_have_is_expected_and_excuses_nothing():
    kept = verdict(lost(expecting("rows public.orders -110", in_base=False)))
    broken = missed(lost(expecting("rows public.orders -100", in_base=False)))

    assert [(found.check, found.blocks) for found in kept.findings] == [("rows-lost", True)]
    assert len(broken) == 1


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ("rows public.orders", "rows need a table and a number or a range"),
        ("rows public.orders -100..-120", "the smaller number first"),
        ("rows public.orders -10%..-5", "rows need a table and a number or a range"),
        ("rows orders -3", '"orders" names no table: write it with its schema'),
        ("values public.orders", "values need a column: values SCHEMA.TABLE.COLUMN."),
        ("drop", "drop needs an object"),
        ("no change", "write `expect no data change`"),
        ("row public.orders -3", '"row" cannot be expected; did you mean "rows"?'),
    ],
)
def test_an_expectation_that_says_nothing_is_refused(said: str, mistake: str):
    with pytest.raises(NotUnderstood) as caught:
        played(expecting(said))

    (told,) = caught.value.mistakes
    assert told.startswith("0001.py:1: ")
    assert mistake in told


def test_a_rehearsal_without_expectations_says_nothing_of_them():
    given: Rehearsal = rehearsal()

    assert fulfilments(evidence(given)) == ()
    assert "Expectations" not in text.render(verdict(evidence(given)))
