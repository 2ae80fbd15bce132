"""Checks of loss: the case each is for, the limit's other side, and one that must stay silent."""

from __future__ import annotations

import pytest
from builders import ORDERS, evidence, facts, fidelity, row_count, statement, timeline, work
from builders import table as size
from objects import column, constraint, entry, index, table, turned

from rehearse import registry
from rehearse.model.catalog import CatalogObject
from rehearse.model.finding import Finding, Severity
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.timeline import WorkKind
from rehearse.model.values import ValueChange

NOTE = f"{ORDERS}.note"


def findings(name: str, given: Rehearsal) -> list[Finding]:
    return list(registry.check(name).findings(evidence(given)))


def found(name: str, given: Rehearsal) -> list[tuple[str, Severity]]:
    return [(finding.object, finding.severity) for finding in findings(name, given)]


def change(*, changed: int = 3, nulled: int = 0, one_to_one: bool = False) -> ValueChange:
    return ValueChange(
        column=NOTE,
        now=NOTE,
        table=ORDERS,
        changed=changed,
        nulled=nulled,
        rows=2_000,
        one_to_one=one_to_one,
        exact=True,
    )


def written(sql: str, tag: str = "UPDATE", detail: str = "update") -> object:
    return timeline(statement(sql=sql, tag=tag, work=(work(WorkKind.ROWS, 3, detail=detail),)))


def retyped(old: str, new: str, sql: str, given: ValueChange, **fields: object) -> Rehearsal:
    return turned(
        [table(), column("note", type=old)],
        [table(), column("note", type=new)],
        value_changes=(given,),
        timeline=timeline(statement(sql=sql)),
        **fields,
    )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE orders SET note = 'x'",
        'UPDATE public.orders SET paid = true, "note" = lower(note)',
        "UPDATE orders SET (note, paid) = (SELECT 'x', true)",
        "INSERT INTO orders VALUES (1) ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.note",
        "DO $$ BEGIN UPDATE orders SET note = 'x'; END $$",
    ],
)
def test_values_that_an_update_sets_are_only_noted(sql: str):
    given = turned(
        [table(), column("note")], [table(), column("note")], value_changes=(change(),), timeline=written(sql)
    )

    assert found("values-changed", given) == [(NOTE, Severity.NOTE)]


@pytest.mark.parametrize("sql", ["UPDATE orders SET paid = true WHERE note = 'x'", "UPDATE items SET note = 'x'"])
def test_values_that_no_statement_sets_are_a_loss(sql: str):
    given = turned(
        [table(), column("note")], [table(), column("note")], value_changes=(change(),), timeline=written(sql)
    )

    assert found("values-changed", given) == [(NOTE, Severity.BLOCK)]


def test_an_update_by_a_function_of_the_project_is_one_that_says_so():
    function = entry("function", "public.fix()", source="UPDATE orders SET note = 'x'", returns="void")
    objects = [table(), column("note"), function]
    given = turned(objects, objects, value_changes=(change(),), timeline=written("SELECT fix()", tag="SELECT"))

    assert found("values-changed", given) == [(NOTE, Severity.NOTE)]


@pytest.mark.parametrize(
    ("of_type", "severity"), [("text", Severity.BLOCK), ("timestamp with time zone", Severity.WARN)]
)
def test_a_trigger_that_overwrites_is_a_loss_and_one_that_keeps_the_time_a_warning(of_type: str, severity: Severity):
    objects = [
        table(),
        column("note", type=of_type),
        entry("function", "public.touch()", source="BEGIN NEW.note := now(); RETURN NEW; END", returns="trigger"),
        entry("trigger", f"{ORDERS}.touch", table=ORDERS, definition="... EXECUTE FUNCTION public.touch()"),
        entry("trigger", f"{ORDERS}.other", table=ORDERS, definition="... EXECUTE FUNCTION public.other()"),
    ]
    given = turned(objects, objects, value_changes=(change(),), timeline=written("UPDATE orders SET paid = true"))

    (finding,) = findings("values-changed", given)
    assert (finding.object, finding.severity) == (NOTE, severity)
    assert "the trigger touch wrote it" in finding.message
    assert "DISABLE TRIGGER touch" in finding.remedy


@pytest.mark.parametrize(
    ("clause", "given", "severity"),
    [
        ("ON DELETE SET NULL", change(changed=0, nulled=3), Severity.BLOCK),
        ("ON DELETE SET DEFAULT", change(), Severity.BLOCK),
        ("ON UPDATE CASCADE", change(), Severity.NOTE),
    ],
)
def test_a_foreign_key_that_empties_a_column_is_a_loss_and_one_that_follows_is_not(
    clause: str, given: ValueChange, severity: Severity
):
    key = constraint("k", "foreign key", f"FOREIGN KEY (note) REFERENCES public.notes(id) {clause}", "note")
    objects = [table(), column("note"), key]

    rehearsed = turned(objects, objects, value_changes=(given,), timeline=timeline())

    assert found("values-changed", rehearsed) == [(NOTE, severity)]


@pytest.mark.parametrize(
    ("old", "new", "using", "one_to_one", "severity"),
    [
        ("numeric(10,4)", "numeric(10,2)", "", True, Severity.BLOCK),
        ("character varying(20)", "character varying(5)", " USING left(note, 5)", True, Severity.BLOCK),
        ("integer", "text", " USING CASE note WHEN 1 THEN 'paid' ELSE 'open' END", True, Severity.NOTE),
        ("integer", "text", " USING CASE note WHEN 1 THEN 'paid' ELSE 'open' END", False, Severity.BLOCK),
        ("text", "integer", " USING note::integer", True, Severity.BLOCK),
        ("timestamp without time zone", "timestamp with time zone", "", True, Severity.WARN),
        (
            "timestamp without time zone",
            "timestamp with time zone",
            " USING note AT TIME ZONE 'UTC'",
            True,
            Severity.NOTE,
        ),
        ("timestamp(6) with time zone", "timestamp(0) with time zone", "", True, Severity.BLOCK),
    ],
)
def test_a_type_that_does_not_hold_the_values_is_a_loss_unless_they_are_translated(
    old: str, new: str, using: str, one_to_one: bool, severity: Severity
):
    sql = f"ALTER TABLE orders ALTER COLUMN note TYPE {new}{using}"

    assert found("values-changed", retyped(old, new, sql, change(one_to_one=one_to_one))) == [(NOTE, severity)]


@pytest.mark.parametrize(
    ("old", "new", "keeps", "severity"),
    [
        ("text", "integer", ("length",), Severity.NOTE),
        ("text", "character varying(5)", ("length",), Severity.BLOCK),
        ("text", "character varying(5)", (), Severity.NOTE),
    ],
)
def test_values_that_a_mask_may_have_made_prove_no_loss(old: str, new: str, keeps: tuple[str, ...], severity: Severity):
    mask = ColumnTreatment(table=ORDERS, column="note", mask="text", reason="unclassified", keeps=keeps)
    sql = f"ALTER TABLE orders ALTER COLUMN note TYPE {new} USING left(note, 5)"
    given = retyped(old, new, sql, change(), fidelity=fidelity(masked=(mask,)))

    (finding,) = findings("values-changed", given)
    assert (finding.object, finding.severity) == (NOTE, severity)
    assert (finding.open_point is None) is (severity is Severity.BLOCK)


def test_no_change_of_values_is_silent():
    assert found("values-changed", turned([table(), column("note")], [table(), column("note")])) == []


COLUMNS = [column("hall", 1), column("seat", 2)]
BLOCK_COLUMN = column("block", 3)
DROP_BLOCK = timeline(statement(sql="ALTER TABLE orders DROP COLUMN block CASCADE"))


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        (constraint("k", "unique", "UNIQUE (hall, block)", "hall", "block"), Severity.BLOCK),
        (constraint("k", "unique", "UNIQUE (block)", "block"), None),
        (constraint("k", "check", "CHECK (block > 0 AND seat > 0)", "block", "seat"), Severity.BLOCK),
        (index("i", "CREATE INDEX i ON public.orders USING btree (hall) INCLUDE (block)"), Severity.WARN),
        (index("i", "CREATE INDEX i ON public.orders USING btree (hall) WHERE (block > 0)"), Severity.WARN),
        (index("i", "CREATE UNIQUE INDEX i ON public.orders USING btree (hall, block)", unique=True), Severity.BLOCK),
        (index("i", "CREATE INDEX i ON public.orders USING btree (block)"), None),
        (index("i", "CREATE UNIQUE INDEX i ON ... USING btree (hall, block)", unique=True, constraint="k"), None),
        (entry("view", "public.v", table="public.v", definition=" SELECT block FROM orders;"), Severity.BLOCK),
        (entry("trigger", f"{ORDERS}.t", table=ORDERS, definition="CREATE TRIGGER t ..."), Severity.BLOCK),
        (entry("policy", f"{ORDERS}.p", table=ORDERS, using="block > 0"), Severity.BLOCK),
        (
            entry("statistics", "public.s", table=ORDERS, definition="CREATE STATISTICS s ON hall, block FROM o"),
            Severity.NOTE,
        ),
    ],
)
def test_what_goes_along_with_a_column_is_a_loss_where_it_was_about_more_than_that(
    lost: CatalogObject, expected: Severity | None
):
    given = turned([table(), *COLUMNS, BLOCK_COLUMN, lost], [table(), *COLUMNS], timeline=DROP_BLOCK)

    assert found("dropped-along", given) == ([] if expected is None else [(lost.identity, expected)])


def test_what_a_statement_drops_by_name_did_not_go_along():
    view = entry("view", "public.open_orders", table="public.open_orders", definition=" SELECT block FROM orders;")
    said = timeline(statement(1, sql="DROP VIEW open_orders"), statement(2, sql="ALTER TABLE orders DROP COLUMN block"))

    assert found("dropped-along", turned([table(), BLOCK_COLUMN, view], [table()], timeline=said)) == []


def test_an_index_that_is_there_again_under_another_name_is_not_missing():
    lost = index("i", "CREATE INDEX i ON public.orders USING btree (hall)")
    again = index("j", "CREATE INDEX j ON public.orders USING btree (hall)")

    assert found("dropped-along", turned([table(), *COLUMNS, lost], [table(), *COLUMNS, again])) == []


def test_a_view_on_a_dropped_table_is_not_advised_to_be_made_again_as_it_was():
    view = entry("view", "public.hall_view", table="public.hall_view", definition="SELECT hall FROM public.orders")
    given = turned([table(), *COLUMNS, view], [], timeline=timeline(statement(sql="DROP TABLE orders CASCADE")))

    (told,) = (each for each in findings("dropped-along", given) if each.object == "public.hall_view")

    assert "without what it read and is gone (public.orders)" in told.remedy
    assert "CREATE VIEW" not in told.remedy


def test_what_belonged_to_a_dropped_table_is_the_tables_business_and_a_key_to_it_a_note():
    items = table("public.items")
    key = entry(
        "constraint",
        "public.items.k",
        table="public.items",
        type="foreign key",
        definition="FOREIGN KEY (o) REFERENCES public.orders(id)",
        columns=["o"],
        references=ORDERS,
    )
    lost = index("i", "CREATE UNIQUE INDEX i ON public.orders USING btree (hall)", unique=True)
    given = turned([table(), *COLUMNS, lost, items, key], [items], timeline=timeline())

    assert found("dropped-along", given) == [("public.items.k", Severity.NOTE)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(True, False, [("public.m", Severity.BLOCK)]), (True, True, []), (False, False, [])],
)
def test_a_materialized_view_left_without_data_is_a_loss_if_it_had_some(
    before: bool, after: bool, expected: list[object]
):
    def view(*, populated: bool) -> CatalogObject:
        return entry("materialized-view", "public.m", table="public.m", populated=populated, definition="SELECT 1")

    assert found("view-emptied", turned([view(populated=before)], [view(populated=after)])) == expected


@pytest.mark.parametrize(
    ("rows", "after", "expected"),
    [
        (100_000, "", [(ORDERS, Severity.NOTE)]),
        (None, "", [(ORDERS, Severity.NOTE)]),
        (99_999, "", []),
        (100_000, "ANALYZE orders (note)", []),
        (100_000, "VACUUM (ANALYZE) orders", []),
        (100_000, "ANALYZE;", []),
        (100_000, "ANALYZE items", [(ORDERS, Severity.NOTE)]),
    ],
)
def test_statistics_of_a_large_table_are_lost_until_it_is_analysed(
    rows: int | None, after: str, expected: list[object]
):
    alter = statement(1, sql="ALTER TABLE orders ALTER COLUMN note TYPE varchar(40)")
    given = turned(
        [table(), column("note", type="character varying(10)")],
        [table(), column("note", type="character varying(40)")],
        facts=facts(size(rows)),
        row_counts=(row_count(2_000, 2_000, rows),),
        timeline=timeline(alter, *([statement(2, sql=after, tag="ANALYZE")] if after else [])),
    )

    assert found("statistics-lost", given) == expected


def test_the_remedy_for_lost_statistics_can_be_pasted():
    given = turned(
        [table(), column("note", type="text")],
        [table(), column("note", type="citext")],
        row_counts=(row_count(2_000, 2_000, 212_000_000),),
        timeline=timeline(),
    )

    (finding,) = findings("statistics-lost", given)
    assert "ANALYZE public.orders (note);" in finding.remedy
    assert "212 M rows" in finding.message
