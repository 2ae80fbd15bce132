"""Checks of contract: what the running release stumbles over, and what it cannot notice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import ORDERS, evidence, facts, row_count, statement, timeline
from objects import column, constraint, entry, index, table, turned

from rehearse import registry
from rehearse.model.catalog import CatalogObject
from rehearse.model.facts import RoleFacts
from rehearse.model.finding import Finding, Severity
from rehearse.model.json import JSON
from rehearse.model.rehearsal import Rehearsal

NOTE = f"{ORDERS}.note"
TYPE = "public.state"


def findings(name: str, given: Rehearsal) -> list[Finding]:
    return list(registry.check(name).findings(evidence(given)))


def found(name: str, given: Rehearsal) -> list[tuple[str, Severity]]:
    return [(finding.object, finding.severity) for finding in findings(name, given)]


def said(*sql: str) -> object:
    return timeline(*(statement(number, sql=words) for number, words in enumerate(sql, 1)))


@pytest.mark.parametrize(
    ("not_null", "sql", "severity"),
    [
        (True, "ALTER TABLE orders ALTER note DROP DEFAULT", Severity.WARN),
        (False, "ALTER TABLE orders ALTER note DROP DEFAULT", Severity.NOTE),
        (True, "DROP SEQUENCE s CASCADE", Severity.BLOCK),
        (False, "DROP SEQUENCE s CASCADE", Severity.WARN),
    ],
)
def test_a_default_that_is_gone_is_graver_where_null_is_refused_and_where_nobody_said_so(
    not_null: bool, sql: str, severity: Severity
):
    given = turned(
        [table(), column("note", not_null=not_null, default="nextval('s')")],
        [table(), column("note", not_null=not_null)],
        timeline=said(sql),
    )

    assert found("default-dropped", given) == [(NOTE, severity)]


@pytest.mark.parametrize("instead", [{"default": "2"}, {"identity": "always"}, {"generated": "stored"}])
def test_another_default_is_no_loss_of_one(instead: dict[str, JSON]):
    given = turned([table(), column("note", default="1")], [table(), column("note", **instead)])

    assert found("default-dropped", given) == []


def test_an_identity_that_is_dropped_is_put_back_as_one():
    given = turned(
        [table(), column("note", identity="always", not_null=True)],
        [table(), column("note", not_null=True)],
        timeline=said("ALTER TABLE orders ALTER note DROP IDENTITY"),
    )

    (finding,) = findings("default-dropped", given)
    assert "ALTER TABLE public.orders ALTER COLUMN note ADD GENERATED ALWAYS AS IDENTITY" in finding.remedy


@pytest.mark.parametrize(
    ("given", "production", "expected"),
    [
        ({"not_null": True}, 2_000, [(NOTE, Severity.WARN)]),
        ({"not_null": True}, 0, [(NOTE, Severity.NOTE)]),
        ({"not_null": True, "default": "1"}, 2_000, []),
        ({"not_null": True, "identity": "by default"}, 2_000, []),
        ({"not_null": True, "generated": "stored"}, 2_000, []),
        ({"not_null": True, "type": "public.counted"}, 2_000, []),
        ({"not_null": False}, 2_000, []),
    ],
)
def test_a_new_column_must_fill_itself_as_long_as_old_code_writes(
    given: dict[str, JSON], production: int, expected: list[object]
):
    domain = entry("domain", "public.counted", type="integer", default="0")
    rehearsed = turned(
        [table(), domain],
        [table(), domain, column("note", **given)],
        row_counts=(row_count(production, production, production),),
    )

    assert found("insert-refused", rehearsed) == expected


def test_a_column_of_a_new_table_refuses_no_old_insert():
    assert found("insert-refused", turned([], [table(), column("note", not_null=True)])) == []


def test_a_trigger_that_writes_the_column_fills_it_for_old_code():
    trigger = entry(
        "trigger",
        f"{ORDERS}.fill",
        table=ORDERS,
        definition="CREATE TRIGGER fill BEFORE INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION public.fill()",
    )
    function = entry("function", "public.fill()", source="BEGIN NEW.note := 1; RETURN NEW; END", returns="trigger")
    other = replace(function, attributes={**function.attributes, "source": "BEGIN RETURN NEW; END"})
    after = [table(), column("note", not_null=True), trigger]

    assert found("insert-refused", turned([table()], [*after, function])) == []
    assert found("insert-refused", turned([table()], [*after, other])) == [(NOTE, Severity.WARN)]


@pytest.mark.parametrize(("nulls", "expected"), [(40, [(NOTE, Severity.WARN)]), (0, [])])
def test_not_null_refuses_old_code_only_where_it_left_nulls(nulls: int, expected: list[object]):
    given = turned([table(), column("note")], [table(), column("note", not_null=True)], nulls_before={NOTE: nulls})

    assert found("insert-refused", given) == expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("CHECK ((note IS NOT NULL))", [(NOTE, Severity.WARN)]),
        ("CHECK (((note IS NOT NULL) AND (note > 0)))", [(NOTE, Severity.WARN)]),
        ("CHECK (((note IS NOT NULL) OR (paid IS NOT NULL)))", []),
        ("CHECK ((note > 0))", []),
    ],
)
def test_a_check_that_a_column_is_not_null_holds_for_new_rows_at_once(definition: str, expected: list[object]):
    objects = [table(), column("note", 1), column("paid", 2)]
    check = constraint("known", "check", definition, "note", "paid", validated=False)
    given = turned(objects, [*objects, check], nulls_before={NOTE: 40, f"{ORDERS}.paid": 40})

    assert found("insert-refused", given) == expected


@pytest.mark.parametrize(
    ("old", "new", "noticed"),
    [
        ("integer", "bigint", False),
        ("smallint", "integer", False),
        ("integer", "numeric", True),
        ("integer", "text", True),
        ("character varying(20)", "character varying(40)", False),
        ("character varying(20)", "character varying(10)", True),
        ("character varying(20)", "text", False),
        ("text", "character varying(20)", True),
        ("text", "citext", False),
        ("numeric(10,2)", "numeric(12,2)", False),
        ("numeric(10,4)", "numeric(10,2)", False),
        ("numeric(10,2)", "numeric(8,2)", True),
        ("numeric", "numeric(8,2)", True),
        ("timestamp(6) with time zone", "timestamp(0) with time zone", False),
        ("timestamp without time zone", "timestamp with time zone", True),
        ("json", "jsonb", False),
        ("jsonb", "json", True),
        ("real", "double precision", False),
        ("integer[]", "bigint[]", False),
        ("integer[]", "text[]", True),
        ("text", TYPE, True),
        ("integer", "public.counted", False),
        ("text", "public.counted", True),
    ],
)
def test_a_type_is_another_one_where_old_code_can_tell(old: str, new: str, noticed: bool):
    domain = entry("domain", "public.counted", type="integer")
    given = turned([table(), column("note", type=old), domain], [table(), column("note", type=new), domain])

    assert found("type-changed", given) == ([(NOTE, Severity.WARN)] if noticed else [])


def test_a_column_that_takes_null_and_one_without_equality_are_only_noted():
    before = [table(), column("note", 1, not_null=True)]
    after = [table(), column("note", 1), column("extra", 2, type="json"), column("more", 3, type="jsonb")]

    assert found("type-changed", turned(before, after)) == [
        (f"{ORDERS}.extra", Severity.NOTE),
        (NOTE, Severity.NOTE),
    ]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["new", "paid", "sent"], []),
        (["new", "open", "paid"], []),
        (["new", "settled"], [(TYPE, Severity.WARN)]),
        (["new"], [(TYPE, Severity.WARN)]),
        (["paid", "new"], [(TYPE, Severity.NOTE)]),
    ],
)
def test_an_enum_may_gain_values_and_not_lose_any(labels: list[JSON], expected: list[object]):
    given = turned([entry("type", TYPE, labels=["new", "paid"])], [entry("type", TYPE, labels=labels)])

    assert found("enum-value-gone", given) == expected


def view(*columns: tuple[str, str], kind: str = "view") -> CatalogObject:
    told: list[JSON] = [{"name": name, "type": of_type} for name, of_type in columns]
    return entry(kind, "public.v", table="public.v", columns=told, definition="...")


@pytest.mark.parametrize(
    ("columns", "noticed"),
    [
        ((("id", "integer"), ("note", "text"), ("more", "text")), False),
        ((("id", "integer"), ("more", "text")), True),
        ((("id", "bigint"), ("note", "text")), True),
        ((("note", "text"), ("id", "integer")), True),
        ((("id", "integer"), ("more", "text"), ("note", "text")), True),
    ],
)
def test_a_view_may_gain_columns_at_its_end(columns: tuple[tuple[str, str], ...], noticed: bool):
    given = turned([view(("id", "integer"), ("note", "text"))], [view(*columns)])

    assert found("interface-changed", given) == ([("public.v", Severity.WARN)] if noticed else [])


@pytest.mark.parametrize(
    ("after", "sql", "expected"),
    [
        ([], "DROP VIEW v", [("public.v", Severity.WARN)]),
        ([], "DROP TABLE t CASCADE", []),  # dropped-along tells
        ([view(("id", "integer"), kind="materialized-view")], "DROP VIEW v", []),
    ],
)
def test_a_view_that_is_dropped_by_name_is_missed_unless_something_took_its_place(
    after: list[CatalogObject], sql: str, expected: list[object]
):
    assert found("interface-changed", turned([view(("id", "integer"))], after, timeline=said(sql))) == expected


def function(arguments: str, told: str, returns: str = "integer") -> CatalogObject:
    return entry("function", f"public.f({arguments})", arguments=told, returns=returns, source="")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([], [("public.f(integer)", Severity.WARN)]),
        ([function("integer, text", "a integer, b text")], [("public.f(integer)", Severity.WARN)]),
        ([function("integer, text", "a integer, b text DEFAULT 'x'::text")], []),
        ([function("integer", "a integer", "text")], [("public.f(integer)", Severity.WARN)]),
    ],
)
def test_a_function_may_gain_arguments_that_have_a_default(after: list[CatalogObject], expected: list[object]):
    given = turned([function("integer", "a integer")], after, timeline=said("DROP FUNCTION f(integer)"))

    assert found("interface-changed", given) == expected


def test_nobody_calls_a_trigger_function():
    given = turned([function("", "", "trigger")], [], timeline=said("DROP FUNCTION f()"))

    assert found("interface-changed", given) == []


def grant(*privileges: JSON, what: str = f"table {ORDERS}", to: str = "app") -> CatalogObject:
    return entry("grant", f"{what} to {to}", table=ORDERS, privileges=list(privileges), grantable=[])


@pytest.mark.parametrize(
    ("after", "sql", "expected"),
    [
        ([grant("SELECT")], "REVOKE INSERT ON orders FROM app", [(ORDERS, Severity.WARN)]),
        ([], "DROP TABLE orders; CREATE TABLE orders ()", [(ORDERS, Severity.BLOCK)]),
        ([grant("INSERT", "SELECT", "UPDATE")], "GRANT UPDATE ON orders TO app", []),
    ],
)
def test_access_that_nobody_revoked_is_a_certain_break(after: list[CatalogObject], sql: str, expected: list[object]):
    given = turned([table(), grant("INSERT", "SELECT")], [table(), *after], timeline=said(sql))

    assert found("access-lost", given) == expected


def test_access_to_what_is_gone_is_missed_by_nobody():
    assert found("access-lost", turned([table(), grant("SELECT")], [], timeline=said("DROP TABLE orders"))) == []


def test_what_everybody_may_do_by_default_can_be_lost_too():
    old = function("integer", "a integer")
    closed = grant(what="function public.f(integer)", to="PUBLIC")

    revoked = turned([old], [old, closed], timeline=said("REVOKE ALL ON FUNCTION f FROM PUBLIC"))
    made = turned([], [old, closed], timeline=said("REVOKE ALL ON FUNCTION f FROM PUBLIC"))

    assert found("access-lost", revoked) == [("public.f(integer)", Severity.WARN)]
    assert found("access-lost", made) == []


@pytest.mark.parametrize(
    ("grants", "forced", "severity"),
    [([grant("SELECT")], False, Severity.WARN), ([], True, Severity.WARN), ([], False, Severity.NOTE)],
)
def test_row_security_hides_rows_from_whoever_is_not_the_owner(
    grants: list[CatalogObject], forced: bool, severity: Severity
):
    secured = table(row_security=True, row_security_forced=forced)

    assert found("access-lost", turned([table(), *grants], [secured, *grants])) == [(ORDERS, severity)]


@pytest.mark.parametrize(("on", "expected"), [(True, [(f"{ORDERS}.mine", Severity.WARN)]), (False, [])])
def test_a_policy_matters_where_row_security_is_on(on: bool, expected: list[object]):
    secured = table(row_security=on)
    policy = entry("policy", f"{ORDERS}.mine", table=ORDERS, permissive=True, using="true")
    given = turned([secured, policy], [secured], timeline=said("DROP POLICY mine ON orders"))

    assert found("access-lost", given) == expected


@pytest.mark.parametrize(("member_of", "expected"), [((), [(ORDERS, Severity.WARN)]), (("admin",), [])])
def test_an_owner_that_changes_leaves_the_old_one_without_access_unless_it_is_a_member(
    member_of: tuple[str, ...], expected: list[object]
):
    role = RoleFacts(
        name="shop",
        superuser=False,
        inherit=True,
        createrole=False,
        createdb=False,
        bypassrls=False,
        member_of=member_of,
    )
    given = turned([table()], [table(owner="admin")], facts=replace(facts(), roles=(role,)))

    assert found("access-lost", given) == expected


CARD = constraint("card_key", "unique", "UNIQUE (card, club)", "card", "club")
CARDS = [table(), column("card", 1), column("club", 2)]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([], [(f"{ORDERS}.card_key", Severity.WARN)]),
        ([index("i", "CREATE UNIQUE INDEX i ON public.orders USING btree (club, card)", unique=True)], []),
        (
            [index("i", "CREATE UNIQUE INDEX i ON public.orders USING btree (card)", unique=True)],
            [(f"{ORDERS}.card_key", Severity.WARN)],
        ),
        (
            [index("i", "CREATE UNIQUE INDEX i ON public.orders USING btree (card, club) WHERE (x > 0)", unique=True)],
            [(f"{ORDERS}.card_key", Severity.WARN)],
        ),
        (
            [index("i", "CREATE UNIQUE INDEX i ON orders USING btree (card, club)", unique=True, valid=False)],
            [(f"{ORDERS}.card_key", Severity.WARN)],
        ),
    ],
)
def test_a_key_may_go_once_another_covers_its_columns(other: list[CatalogObject], expected: list[object]):
    sql = said("ALTER TABLE orders DROP CONSTRAINT card_key")

    assert found("key-dropped", turned([*CARDS, CARD], [*CARDS, *other], timeline=sql)) == expected


def test_a_key_of_a_column_that_goes_as_well_is_the_columns_business():
    sql = said("ALTER TABLE orders DROP CONSTRAINT card_key; ALTER TABLE orders DROP COLUMN club")

    assert found("key-dropped", turned([*CARDS, CARD], CARDS[:2], timeline=sql)) == []


def test_a_foreign_key_that_is_dropped_by_name_is_only_noted():
    key = constraint(
        "k", "foreign key", "FOREIGN KEY (card) REFERENCES public.cards(id)", "card", references="public.cards"
    )
    sql = said("ALTER TABLE orders DROP CONSTRAINT k")

    assert found("key-dropped", turned([*CARDS, key], CARDS, timeline=sql)) == [(key.identity, Severity.NOTE)]


@pytest.mark.parametrize(
    ("columns", "parent", "is_told"),
    [(("card",), "public.cards", False), (("card", "club"), "public.cards", False), (("club",), "public.cards", True),
     (("card",), "public.clubs", True)],
)  # fmt: skip
def test_a_foreign_key_that_another_one_replaces_is_not_gone(columns: tuple[str, ...], parent: str, is_told: bool):
    old = constraint("k", "foreign key", "FOREIGN KEY (card) ...", "card", references="public.cards")
    new = constraint("k2", "foreign key", "FOREIGN KEY ...", *columns, references=parent)
    sql = said("ALTER TABLE orders DROP CONSTRAINT k")

    told = found("key-dropped", turned([*CARDS, old], [*CARDS, new], timeline=sql))

    assert told == ([(old.identity, Severity.NOTE)] if is_told else [])


PRIMARY = index("orders_pkey", "CREATE UNIQUE INDEX orders_pkey ON orders USING btree (id)", unique=True, primary=True)


@pytest.mark.parametrize(
    ("members", "updates", "after", "blocked"),
    [
        ([ORDERS], True, [table()], True),
        ([f"{ORDERS} (id, card)"], True, [table()], True),
        ([ORDERS], False, [table()], False),
        (["public.items"], True, [table()], False),
        ([ORDERS], True, [table(), PRIMARY], False),
        ([ORDERS], True, [table(replica_identity="full")], False),
        ([ORDERS], True, [table(replica_identity="nothing"), PRIMARY], True),
    ],
)
def test_a_published_table_needs_a_replica_identity(
    members: list[JSON], updates: bool, after: list[CatalogObject], blocked: bool
):
    publication = entry("publication", "feed", tables=members, update=updates, delete=False, all_tables=False)
    given = turned([table(), PRIMARY], after, publications=(publication,), timeline=timeline())

    assert found("key-dropped", given) == ([(ORDERS, Severity.BLOCK)] if blocked else [])


def test_what_leaves_only_follow_is_told_once():
    def state(of_type: str) -> list[CatalogObject]:
        leaf = table("public.orders_1", partition_bound="FOR VALUES IN (1)", inherits=[ORDERS])
        return [table(), leaf, column("note", type=of_type), column("note", table="public.orders_1", type=of_type)]

    assert found("type-changed", turned(state("integer"), state("text"))) == [(NOTE, Severity.WARN)]


def test_a_change_of_one_leaf_alone_is_told():
    def state(default: str | None) -> list[CatalogObject]:
        leaf = table("public.orders_1", partition_bound="FOR VALUES IN (1)", inherits=[ORDERS])
        own = column("note", table="public.orders_1", not_null=True, default=default)
        return [table(), leaf, column("note", not_null=True), own]

    given = turned(state("1"), state(None), timeline=said("ALTER TABLE orders_1 ALTER note DROP DEFAULT"))

    assert found("default-dropped", given) == [("public.orders_1.note", Severity.WARN)]


@pytest.mark.parametrize(("columns", "expected"), [(["id", "note"], []), (["id"], [(NOTE, Severity.WARN)])])
def test_a_view_under_the_old_name_bears_its_columns_too(columns: list[str], expected: list[object]):
    told: list[JSON] = [{"name": name, "type": "integer"} for name in columns]
    shim = entry("view", ORDERS, table=ORDERS, columns=told)
    before = [table(), column("note", 2)]
    after = [
        replace(table("public.purchases"), physical=table().physical),
        replace(column("remark", 2, table="public.purchases"), physical=column("note", 2).physical),
        shim,
    ]

    assert found("name-changed", turned(before, after)) == expected
