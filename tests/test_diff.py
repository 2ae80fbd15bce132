"""What a migration did is told truly and once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from builders import facts, table

from rehearse.catalog import read
from rehearse.diff.attributes import differing
from rehearse.diff.rows import row_counts
from rehearse.diff.schema import changes, differences
from rehearse.diff.sentences import sentences
from rehearse.engine.server import Server
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import RowCount, SchemaChange
from rehearse.model.json import JSON

SHOP = """
CREATE TABLE customers (id integer PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id integer NOT NULL REFERENCES customers, note text,
    amount integer CHECK (amount > 0));
CREATE INDEX orders_note_idx ON orders (note) WHERE note <> '';
CREATE TABLE lines (order_id integer REFERENCES orders, place integer, PRIMARY KEY (order_id, place));
CREATE VIEW big_orders AS SELECT id, amount FROM orders WHERE amount > 100;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER on_note BEFORE UPDATE OF note ON orders FOR EACH ROW EXECUTE FUNCTION nothing();
COMMENT ON COLUMN orders.note IS 'free text';
GRANT SELECT ON orders TO pg_monitor;
GRANT UPDATE (note) ON orders TO pg_monitor;
CREATE STATISTICS orders_stats ON customer_id, amount FROM orders;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY cheap ON orders USING (amount < 1000);
"""

Migrate = Callable[[str], tuple[SchemaChange, ...]]


@pytest.fixture
def after(server: Server, database: str) -> Migrate:
    """Migrate the shop, and return what changed."""

    def migrated(migration: str) -> tuple[SchemaChange, ...]:
        with server.connect(database) as connection:
            connection.execute(SHOP)
            before = read(connection, server.binaries.major)
            connection.execute(migration)
            return changes(before, read(connection, server.binaries.major))

    return migrated


def told(found: tuple[SchemaChange, ...]) -> list[tuple[str, str, str, str | None]]:
    return [(change.action, change.kind, change.object, change.renamed_to) for change in found]


def test_nothing_done_is_nothing_told(after: Migrate):
    assert after("SELECT 1") == ()


def test_an_added_column_is_told_with_all_its_attributes(after: Migrate):
    (change,) = after("ALTER TABLE orders ADD COLUMN remark text")

    assert (change.action, change.kind, change.object) == ("added", "column", "public.orders.remark")
    assert (change.table, change.before) == ("public.orders", None)
    assert change.after is not None
    assert (change.after["type"], change.after["not_null"]) == ("text", False)


def test_of_an_altered_column_only_what_differs_is_told(after: Migrate):
    (change,) = after("ALTER TABLE lines ALTER COLUMN place TYPE bigint, ALTER COLUMN place SET DEFAULT 5")

    assert (change.action, change.kind, change.object) == ("altered", "column", "public.lines.place")
    assert change.before == {"type": "integer", "default": None}
    assert change.after == {"type": "bigint", "default": "5"}


def test_validating_a_constraint_is_one_attribute(after: Migrate):
    (change,) = after(
        "ALTER TABLE orders DROP CONSTRAINT orders_amount_check;"
        "ALTER TABLE orders ADD CONSTRAINT orders_amount_check CHECK (amount > 0) NOT VALID"
    )

    assert (change.before, change.after) == ({"validated": True}, {"validated": False})


def test_a_renamed_table_is_one_change(after: Migrate):
    (change,) = after("ALTER TABLE orders RENAME TO purchases")

    assert change == SchemaChange(
        action="altered",
        kind="table",
        object="public.orders",
        table="public.orders",
        before={"name": "public.orders"},
        after={"name": "public.purchases"},
        renamed_to="public.purchases",
    )


def test_a_table_moved_to_another_schema_is_a_rename(after: Migrate):
    found = after("CREATE SCHEMA sales; ALTER TABLE lines SET SCHEMA sales")

    assert told(found) == [
        ("altered", "index", "public.lines_pkey", "sales.lines_pkey"),
        ("added", "schema", "sales", None),
        ("altered", "table", "public.lines", "sales.lines"),
    ]


def test_a_renamed_schema_is_one_change(after: Migrate):
    assert told(after("ALTER SCHEMA public RENAME TO sales")) == [("altered", "schema", "public", "sales")]


def test_a_renamed_column_is_one_change_unless_a_view_reads_it(after: Migrate):
    found = after("ALTER TABLE orders RENAME COLUMN note TO remark")

    assert told(found) == [("altered", "column", "public.orders.note", "public.orders.remark")]
    assert (found[0].before, found[0].after) == (
        {"name": "public.orders.note"},
        {"name": "public.orders.remark"},
    )


def test_a_renamed_key_column_explains_the_foreign_keys_to_it(after: Migrate):
    found = after("ALTER TABLE customers RENAME COLUMN id TO number")

    assert told(found) == [("altered", "column", "public.customers.id", "public.customers.number")]


def test_a_rename_hides_no_other_change_of_the_same_object(after: Migrate):
    (change,) = after(
        "ALTER TABLE orders RENAME COLUMN note TO remark; ALTER TABLE orders ALTER COLUMN remark SET NOT NULL"
    )

    assert change.renamed_to == "public.orders.remark"
    assert change.before == {"name": "public.orders.note", "not_null": False}
    assert change.after == {"name": "public.orders.remark", "not_null": True}


def test_a_renamed_table_hides_no_change_of_its_columns(after: Migrate):
    found = after("ALTER TABLE orders RENAME TO purchases; ALTER TABLE purchases DROP COLUMN note CASCADE")

    assert told(found) == [
        ("removed", "column", "public.orders.note", None),
        ("removed", "comment", "table column public.orders.note", None),
        ("removed", "grant", "table column public.orders.note to pg_monitor", None),
        ("removed", "index", "public.orders_note_idx", None),
        ("altered", "table", "public.orders", "public.purchases"),
        ("removed", "trigger", "public.orders.on_note", None),
    ]


def test_tables_that_swap_names_are_two_renames(after: Migrate):
    found = after(
        "ALTER TABLE lines RENAME TO x; ALTER TABLE customers RENAME TO lines; ALTER TABLE x RENAME TO customers"
    )

    assert told(found) == [
        ("altered", "table", "public.customers", "public.lines"),
        ("altered", "table", "public.lines", "public.customers"),
    ]


def test_a_renamed_index_is_one_change(after: Migrate):
    found = after("ALTER INDEX orders_note_idx RENAME TO orders_by_note")

    assert told(found) == [("altered", "index", "public.orders_note_idx", "public.orders_by_note")]
    assert found[0].before == {"name": "public.orders_note_idx"}


def test_a_column_dropped_and_created_anew_is_both_told(after: Migrate):
    found = after(
        "ALTER TABLE customers DROP COLUMN email; ALTER TABLE customers ADD COLUMN email text NOT NULL UNIQUE"
    )

    assert told(found) == [
        ("removed", "column", "public.customers.email", None),
        ("added", "column", "public.customers.email", None),
    ]


def test_a_table_dropped_and_created_anew_is_both_told_and_its_equal_columns_are_not(after: Migrate):
    found = after(
        "DROP TABLE lines; CREATE TABLE lines (order_id integer REFERENCES orders, place bigint,"
        " PRIMARY KEY (order_id, place))"
    )

    assert told(found) == [
        ("altered", "column", "public.lines.place", None),
        ("removed", "table", "public.lines", None),
        ("added", "table", "public.lines", None),
    ]


def test_a_view_recreated_as_it_was_is_no_change(after: Migrate):
    assert (
        after("DROP VIEW big_orders; CREATE VIEW big_orders AS SELECT id, amount FROM orders WHERE amount > 100") == ()
    )


def test_a_view_that_reads_differently_is_told(after: Migrate):
    (change,) = after("CREATE OR REPLACE VIEW big_orders AS SELECT id, amount FROM orders WHERE amount > 200")

    assert (change.action, change.object, list(change.before or ())) == ("altered", "public.big_orders", ["definition"])


def test_every_line_can_be_read(after: Migrate):
    found = after(
        """
        ALTER TABLE orders ADD COLUMN remark text, ALTER COLUMN note SET NOT NULL;
        ALTER TABLE customers RENAME TO people;
        CREATE TABLE tags (id integer PRIMARY KEY, word text);
        DROP TABLE lines;
        CREATE TYPE mood AS ENUM ('sad', 'happy');
        CREATE OR REPLACE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        """
    )

    assert sentences(found) == (
        "public.orders: column note altered: not null no -> yes",
        "public.orders: column remark text added",
        "function public.nothing() altered: source  BEGIN RETURN NEW; END  ->  BEGIN RETURN NULL; END ",
        "public.customers: table renamed to public.people",
        "public.lines: table removed with 2 columns, 2 constraints, 1 index",
        "public.tags: table added with 2 columns, 1 constraint, 1 index",
        "type public.mood added",
    )


def an_object(kind: str, identity: str, physical: str, attributes: Mapping[str, JSON]) -> CatalogObject:
    return CatalogObject(kind=kind, identity=identity, table=None, physical=physical, attributes=attributes)


def test_two_databases_are_compared_by_name_alone():
    left = Catalog(objects=(an_object("schema", "a", "1", {}), an_object("schema", "b", "2", {})))
    right = Catalog(objects=(an_object("schema", "b", "1", {}), an_object("schema", "c", "2", {})))

    found = differences(left, right)

    assert told(found) == [("removed", "schema", "a", None), ("added", "schema", "c", None)]


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ({"a": 1}, {"a": 1}, ()),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ("a",)),
        ({"a": {"b": {"c": 1}}, "z": 0}, {"a": {"b": {"c": 2}}, "z": 0}, ("a",)),
        ({"a": None}, {}, ()),
        ({"a": "x", "both": 1}, {"b": "x", "both": 2}, ("both",)),
        ({"a": None}, {"a": False}, ("a",)),
    ],
)
def test_the_differing_attributes_are_named(
    before: Mapping[str, JSON], after: Mapping[str, JSON], names: tuple[str, ...]
):
    assert differing(before, after) == names


def counted(name: str, before: int | None, after: int | None, production: int | None, *, exact: bool) -> RowCount:
    return RowCount(table=name, before=before, after=after, production=production, production_exact=exact)


def test_counts_stand_beside_productions():
    known = facts(table(212_000_000, name="public.a", exact=False), table(3, name="public.b"))

    found = row_counts(
        {"public.a": 10, "public.b": 3, "public.c": 1}, {"public.a": 9, "public.b": 3, "public.d": 0}, known
    )

    assert found == (
        counted("public.a", 10, 9, 212_000_000, exact=False),
        counted("public.b", 3, 3, 3, exact=True),
        counted("public.c", 1, None, None, exact=False),
        counted("public.d", None, 0, None, exact=False),
    )


def test_a_partitioned_root_has_the_rows_of_its_leaves_when_all_are_known():
    leaves = {name: replace(table(5, name=name), root="public.a") for name in ("public.a1", "public.a2")}
    unknown = replace(table(None, name="public.a3"), root="public.a")

    known = row_counts({"public.a": 2}, {"public.a": 2}, facts(*leaves.values()))
    partly = row_counts({"public.a": 2}, {"public.a": 2}, facts(*leaves.values(), unknown))

    assert known == (counted("public.a", 2, 2, 10, exact=True),)
    assert partly == (counted("public.a", 2, 2, None, exact=False),)


def rename(kind: str, old: str, new: str) -> SchemaChange:
    return SchemaChange(
        action="altered", kind=kind, object=old, table=None, before={"name": old}, after={"name": new}, renamed_to=new
    )


def test_a_renamed_table_loses_no_rows():
    found = row_counts(
        {"public.a": 7, "old.b": 2},
        {"public.z": 7, "new.b": 2},
        facts(table(70, name="public.a")),
        (rename("table", "public.a", "public.z"), rename("schema", "old", "new")),
    )

    assert found == (counted("old.b", 2, 2, None, exact=False), counted("public.a", 7, 7, 70, exact=True))


def test_where_another_table_took_the_name_names_count():
    found = row_counts(
        {"public.a": 7}, {"public.a": 6, "public.a_old": 7}, facts(), (rename("table", "public.a", "public.a_old"),)
    )

    assert found == (counted("public.a", 7, 6, None, exact=False), counted("public.a_old", None, 7, None, exact=False))


def test_a_renamed_constraint_takes_its_index_along(after: Migrate):
    found = after("ALTER TABLE customers RENAME CONSTRAINT customers_email_key TO one_email")

    assert [(change.kind, change.before, change.after) for change in found] == [
        ("constraint", {"name": "public.customers.customers_email_key"}, {"name": "public.customers.one_email"}),
        ("index", {"name": "public.customers_email_key"}, {"name": "public.one_email"}),
    ]
