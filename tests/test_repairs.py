"""What is advised about a statement that failed: on a real server, where its query finds the very rows."""

from __future__ import annotations

import re

import psycopg
import pytest
from builders import evidence, facts, rehearsal, statement

from rehearse import catalog
from rehearse.checks.remedies.failed import Failed
from rehearse.checks.remedies.refusals import advice
from rehearse.checks.remedies.repairs import repair
from rehearse.db.said import said
from rehearse.engine.server import Server
from rehearse.model.timeline import Outcome

SCHEMA = """
CREATE TABLE customers (id integer PRIMARY KEY, email text);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, code text, price integer, ends date);
INSERT INTO customers VALUES (1, 'a'), (2, 'b');
INSERT INTO orders VALUES (1, 1, 'x1', 5, '2024-01-01'), (2, 1, 'x1', -5, NULL), (3, 9, 'much too long', 70000, NULL);
CREATE TABLE notes (id integer PRIMARY KEY, customer_id integer REFERENCES customers, kind text DEFAULT 'a');
INSERT INTO notes VALUES (1, 1, 'a');
CREATE SCHEMA "Odd one";
CREATE TABLE "Odd one"."Order" (id integer PRIMARY KEY, "user" integer, "Two words" text, "end" date);
INSERT INTO "Odd one"."Order" VALUES (1, 1, 'x1', NULL), (2, 1, 'x1', NULL), (3, 9, 'much too long', '2024-01-01');
CREATE VIEW prices AS SELECT id, price FROM orders;
CREATE VIEW ids AS SELECT id FROM orders;
CREATE TYPE mood AS ENUM ('good');
CREATE TABLE moods (mood mood);
CREATE TABLE visits (day date NOT NULL, page integer) PARTITION BY RANGE (day);
CREATE TABLE visits_2024 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
INSERT INTO visits VALUES ('2025-02-01', 1);
"""
FOUND_BY_ITS_QUERY = {
    "ALTER TABLE orders ALTER COLUMN ends SET NOT NULL": [2, 3],
    "CREATE UNIQUE INDEX orders_code ON orders (code) WHERE price < 100": ["x1"],
    "ALTER TABLE orders ADD UNIQUE (customer_id, code)": [1],
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (price > 0)": [2],
    "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES customers (id)": [3],
    "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES public.customers": [3],
    "ALTER TABLE orders ALTER code TYPE varchar(5)": [3],
    "ALTER TABLE orders DROP COLUMN ends, ALTER COLUMN customer_id TYPE integer USING code::integer": None,
    "ALTER TABLE orders ALTER COLUMN code TYPE date USING code::date": [1, 2, 3],
    'ALTER TABLE "Odd one"."Order" ALTER "end" SET NOT NULL': [1, 2],
    'CREATE UNIQUE INDEX ON "Odd one"."Order" ("user", "Two words")': [1],
    'ALTER TABLE "Odd one"."Order" ADD CONSTRAINT "check" CHECK ("user" < 9)': [3],
    'ALTER TABLE "Odd one"."Order" ADD CONSTRAINT "to" FOREIGN KEY ("user") REFERENCES customers': [3],
    'ALTER TABLE "Odd one"."Order" ALTER COLUMN "Two words" TYPE varchar(5)': [3],
    "ALTER TABLE notes ALTER COLUMN id TYPE smallint USING id + 70000": [],
}
SAID = {
    "ALTER TABLE orders ADD COLUMN note text NOT NULL": "add it with a DEFAULT",
    "INSERT INTO orders (id) VALUES (NULL)": "writes NULL into public.orders.id",
    "INSERT INTO orders (id) VALUES (1)": "ON CONFLICT (id) DO NOTHING",
    "DELETE FROM customers WHERE id = 1": "Rows of public.notes still refer to what goes",
    "INSERT INTO notes VALUES (7, 77)": "NOT EXISTS (SELECT FROM public.customers AS p WHERE p.id = c.customer_id)",
    "ALTER TABLE orders ALTER COLUMN code TYPE integer": "TYPE integer USING code::integer",
    "ALTER TABLE notes ALTER COLUMN kind TYPE integer USING 1": "DROP DEFAULT, ALTER COLUMN kind TYPE integer",
    "BEGIN; CREATE INDEX CONCURRENTLY i ON orders (code)": "autocommit_block()",
    "BEGIN; ALTER TYPE mood ADD VALUE 'bad'; INSERT INTO moods VALUES ('bad')": "autocommit_block()",
    "DROP TABLE orders": "refobjid = 'orders'::regclass",
    "ALTER TABLE orders DROP COLUMN price": "refobjid = 'orders'::regclass",
    "ALTER TABLE customers DROP CONSTRAINT customers_pkey": "refobjid = 'customers_pkey'::regclass",
    "DROP TYPE mood": "refobjid = 'mood'::regtype",
    "ALTER TABLE orders ALTER COLUMN price TYPE bigint": "price of public.orders (public.prices): drop it before",
    "CREATE OR REPLACE VIEW prices AS SELECT id FROM orders": "DROP VIEW and CREATE VIEW",
    "CREATE INDEX CONCURRENTLY i ON visits (page)": "ON ONLY public.visits",
    "ALTER TABLE visits DETACH PARTITION visits_2024 CONCURRENTLY": "without DEFAULT partition",
    "CREATE TABLE v25 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')": "DEFAULT partition",
    "CREATE TABLE orders (id integer)": "has it already",
    "ALTER TABLE orders ADD COLUMN code text": "has it already",
    "ALTER TABLE orders DROP COLUMN colour": "Production does not have it",
    "ALTER TABLE orders DROP COLUMN cod": "Perhaps public.orders.code was meant. If not: Production does not have it",
    "DROP TABLE invoices": "Production does not have it",
    "ALTER TABLE custmers ADD COLUMN note text": "Perhaps public.customers was meant.",
    "DROP TABLE custmers": "Perhaps public.customers was meant.",
}


@pytest.fixture(scope="module")
def shop(server: Server) -> str:
    with server.connect() as connection:
        connection.autocommit = True
        connection.execute("DROP DATABASE IF EXISTS repairs")
        connection.execute("CREATE DATABASE repairs")
    with psycopg.connect(server.dsn("repairs"), autocommit=True) as connection:
        connection.execute(SCHEMA)
    return server.dsn("repairs")


def failed(connection: psycopg.Connection, sql: str) -> Failed:
    """Run statements of which the last one fails, and take everything back."""
    described = catalog.read(connection, connection.info.server_version // 10000)
    try:
        for part in sql.split("; "):
            connection.execute(part)
    except psycopg.Error as error:
        state, message = error.sqlstate, said(error)
    else:
        pytest.fail(f"{sql} did not fail")
    if connection.info.transaction_status:
        connection.execute("ROLLBACK")
    last = sql.rsplit("; ", maxsplit=1)[-1]
    tag = " ".join(last.split()[:2]) if last.startswith(("ALTER", "CREATE", "DROP")) else last.split()[0]
    given = statement(sql=last, tag=tag, outcome=Outcome.FAILED, sqlstate=state, message=message)
    return Failed(evidence=evidence(rehearsal(facts=facts(), before=described, after=described)), statement=given)


@pytest.mark.parametrize(("sql", "expected"), FOUND_BY_ITS_QUERY.items())
def test_the_query_that_is_advised_finds_the_rows(shop: str, sql: str, expected: list[object] | None):
    with psycopg.connect(shop, autocommit=True) as connection:
        text = repair(failed(connection, sql))
        assert text is not None
        query = re.search(r"in production: (SELECT .*?;)", text)

        assert (query is not None) == (expected is not None), text
        if query is not None:
            assert [row[0] for row in connection.execute(query[1].encode())] == expected


@pytest.mark.parametrize(("sql", "expected"), SAID.items())
def test_a_refused_statement_gets_advice_in_its_own_terms(shop: str, sql: str, expected: str):
    with psycopg.connect(shop, autocommit=True) as connection:
        given = failed(connection, sql)

    text = repair(given) or advice(given) or "nothing"
    assert expected in text
    if query := re.search(r"SELECT pg_describe_object.*?(?=; and)", text):
        with psycopg.connect(shop) as connection:
            assert connection.execute(query[0].encode()).fetchall() != []


def test_a_sqlstate_that_says_too_little_gets_none(shop: str):
    with psycopg.connect(shop, autocommit=True) as connection:
        given = failed(connection, "SELEC 1")

    assert (repair(given), advice(given)) == (None, None)
