"""The databases of the schema benchmark: a company's 1,000 tables, a copy that drifted apart, and rows to restore."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rehearse.catalog import read
from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running

OWNER, WRITER, READER, AUDITOR = ROLES = ("company", "company_writer", "company_reader", "company_auditor")
LEFT, RIGHT = "left", "right"
FILLED = "filled"  # the same schema, with rows

_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
_DEPARTMENTS = ("sales", "stock", "purchase", "finance", "people", "support", "web", "fleet", "legal", "research")
_NOUNS = (
    *("order", "invoice", "refund", "shipment", "quote", "contract", "payment", "case", "asset", "project"),
    *("request", "report", "budget", "meeting", "offer", "claim", "visit", "lease", "audit", "plan"),
)  # ten departments, twenty nouns, five tables of each: 1,000
_MONTHS = tuple(f"{year}-{month:02}-01" for year in (2024, 2025, 2026) for month in range(1, 13))

_ONCE = """
CREATE SCHEMA shared;
CREATE TYPE shared.state AS ENUM ('draft', 'open', 'blocked', 'done', 'void');
CREATE TYPE shared.priority AS ENUM ('low', 'normal', 'high');
CREATE DOMAIN shared.money_amount AS numeric(14,2) CONSTRAINT not_absurd CHECK (VALUE < 1000000000);
CREATE DOMAIN shared.currency AS character(3) DEFAULT 'EUR' CONSTRAINT upper_case CHECK (VALUE = upper(VALUE));
CREATE FUNCTION shared.touch() RETURNS trigger LANGUAGE plpgsql
    AS $$BEGIN NEW.updated_at := now(); RETURN NEW; END$$;
CREATE TABLE shared.person (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    since date NOT NULL DEFAULT CURRENT_DATE
);
COMMENT ON TABLE shared.person IS 'whoever works here';
GRANT USAGE ON SCHEMA shared TO company_writer, company_reader, company_auditor;
GRANT SELECT ON shared.person TO company_reader, company_auditor;
CREATE TABLE shared.change (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    person_id bigint REFERENCES shared.person (id),
    place text NOT NULL,
    before jsonb,
    after jsonb,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX change_place ON shared.change (place, at);
GRANT INSERT ON shared.change TO company_writer;
"""
_MONTH = "CREATE TABLE shared.change_{number:02} PARTITION OF shared.change FOR VALUES FROM ('{first}') TO ('{end}');\n"
_DEPARTMENT = """
CREATE SCHEMA {department};
COMMENT ON SCHEMA {department} IS 'what {department} works with';
GRANT USAGE ON SCHEMA {department} TO company_writer, company_reader, company_auditor;
ALTER DEFAULT PRIVILEGES IN SCHEMA {department} GRANT SELECT ON TABLES TO company_reader;
CREATE TYPE {department}.channel AS ENUM ('mail', 'phone', 'visit', '{department}');
CREATE SEQUENCE {department}.numbers INCREMENT 10 CACHE 5;
CREATE FUNCTION {department}.next_number(prefix text DEFAULT '{department}') RETURNS text LANGUAGE sql
    RETURN prefix || '-' || nextval('{department}.numbers');
"""
_HEAD = """
CREATE TABLE {name} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL DEFAULT {department}.next_number(),
    state shared.state NOT NULL DEFAULT 'draft',
    channel {department}.channel,
    amount shared.money_amount NOT NULL DEFAULT 0,
    currency shared.currency NOT NULL,
    due_on date,
    tags text[] NOT NULL DEFAULT '{{}}',
    details jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    origin_id bigint REFERENCES {origin} (id) ON DELETE SET NULL,
    created_by bigint NOT NULL REFERENCES shared.person (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz,
    CONSTRAINT {noun}_number_key UNIQUE (number),
    CONSTRAINT {noun}_amount_check CHECK (amount >= 0),
    CONSTRAINT {noun}_due_check CHECK (due_on > '2000-01-01')
);
CREATE INDEX {noun}_state ON {name} (state, created_at DESC);
CREATE INDEX {noun}_due ON {name} (due_on) WHERE state = 'open';
CREATE INDEX {noun}_number_lower ON {name} (lower(number) text_pattern_ops);
CREATE TRIGGER {noun}_touch BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION shared.touch();
COMMENT ON TABLE {name} IS 'each {noun} of {department}';
COMMENT ON COLUMN {name}.number IS 'as printed; see {department}.next_number()';
COMMENT ON COLUMN {name}.due_on IS 'empty while it is a draft';
GRANT SELECT, INSERT, UPDATE ON {name} TO company_writer;
GRANT SELECT (id, number, state, created_at) ON {name} TO company_auditor;
GRANT USAGE ON SEQUENCE {name}_id_seq TO company_writer;
"""
_PART = """
CREATE TABLE {name} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    {noun}_id bigint NOT NULL REFERENCES {head} (id) ON DELETE CASCADE,
    position integer NOT NULL DEFAULT 1,
    title character varying(120) NOT NULL,
    body text,
    priority shared.priority NOT NULL DEFAULT 'normal',
    quantity numeric(10,3) NOT NULL DEFAULT 1,
    price shared.money_amount,
    done boolean NOT NULL DEFAULT false,
    valid daterange,
    created_by bigint REFERENCES shared.person (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT {part}_position_key UNIQUE ({noun}_id, position),
    CONSTRAINT {part}_quantity_check CHECK (quantity > 0),
    CONSTRAINT {part}_title_check CHECK (title <> '')
);
CREATE INDEX {part}_title ON {name} (title);
CREATE INDEX {part}_open ON {name} (created_at) INCLUDE (priority) WHERE NOT done;
COMMENT ON TABLE {name} IS 'one {facet} of a {noun}';
COMMENT ON COLUMN {name}.valid IS 'empty: always';
GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO company_writer;
GRANT SELECT ON {name} TO company_auditor;
"""
_VIEWS = """
CREATE VIEW {department}.open_{noun} AS
    SELECT h.id, h.number, h.amount, p.email, count(l.id) AS lines, sum(l.quantity * l.price) AS total
      FROM {head} AS h
      JOIN shared.person AS p ON p.id = h.created_by
      LEFT JOIN {head}_line AS l ON l.{noun}_id = h.id
     WHERE h.state = 'open'
     GROUP BY h.id, p.email;
GRANT SELECT ON {department}.open_{noun} TO company_reader;
CREATE FUNCTION {department}.total_of_{noun}(which bigint) RETURNS numeric LANGUAGE sql STABLE
    AS 'SELECT sum(quantity * price) FROM {head}_line WHERE {noun}_id = which';
"""
_MONTHLY = """
CREATE MATERIALIZED VIEW {department}.monthly AS
    SELECT date_trunc('month', created_at) AS month, count(*) AS orders, sum(amount) AS amount
      FROM {department}.order GROUP BY 1;
CREATE UNIQUE INDEX monthly_month ON {department}.monthly (month);
ALTER TABLE {department}.order ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON {department}.order FOR UPDATE TO company_writer USING (state <> 'done');
"""
_PEOPLE = """
INSERT INTO shared.person (email, name)
SELECT 'p' || g || '@company.example', initcap(md5(g::text)) FROM generate_series(1, 200) AS g;
INSERT INTO shared.change (at, person_id, place, after)
SELECT timestamptz '2024-01-01 00:00+00' + g * interval '5 hours', 1 + g % 200, 'sales.order',
       jsonb_build_object('id', g)
  FROM generate_series(1, 5000) AS g;
"""
_HEADS = """
INSERT INTO {name} (number, state, channel, amount, currency, due_on, tags, details, origin_id, created_by, created_at)
SELECT '{department}-' || g, (enum_range(NULL::shared.state))[1 + g % 5],
       CASE WHEN g % 4 > 0 THEN 'mail'::{department}.channel END, g * 7919 % 999983 / 100.0,
       (ARRAY['EUR', 'USD', 'CHF'])[1 + g % 3],
       CASE WHEN g % 5 > 0 THEN date '2024-01-01' + (g % 1000)::integer END, ARRAY['t' || g % 17, 't' || g % 23],
       jsonb_build_object('to', md5(g::text), 'weight', g % 997), CASE WHEN g % 3 = 0 THEN 1 + g % {least} END,
       1 + g % 200, timestamptz '2024-01-01 00:00+00' + g * interval '83 seconds'
  FROM generate_series(1, {rows}) AS g;
"""
_PARTS = """
INSERT INTO {name} ({noun}_id, position, title, body, priority, quantity, price, done, valid, created_by, created_at)
SELECT 1 + g % {heads}, 1 + g / {heads}, 'About ' || md5((g % 5003)::text), repeat(md5(g::text) || ' ', 1 + g % 4),
       (enum_range(NULL::shared.priority))[1 + g % 3], 1 + g % 9, g * 7907 % 99991 / 100.0, g % 3 > 0,
       CASE WHEN g % 10 = 0 THEN daterange('2024-01-01', NULL) END, 1 + g % 200,
       timestamptz '2024-01-01 00:00+00' + g * interval '29 seconds'
  FROM generate_series(1, {rows}) AS g;
"""
_FEW = 20
_MANY = {  # rows of a noun's table, and of each of its four parts
    ("sales", "order"): (200_000, 150_000),
    ("web", "request"): (150_000, 100_000),
    ("finance", "payment"): (150_000, 50_000),
}
_FACETS = ("line", "note", "task", "document")

# What the right database has that the left one has not, each on objects of its own.
_DRIFT = """
ALTER TABLE sales.order ADD COLUMN discount numeric(5,2);
ALTER TABLE stock.invoice DROP COLUMN tags;
ALTER TABLE purchase.refund ALTER COLUMN updated_at TYPE timestamptz(0);
ALTER TABLE finance.shipment ALTER COLUMN due_on SET NOT NULL;
ALTER TABLE people.quote ALTER COLUMN state SET DEFAULT 'open';
ALTER TABLE support.contract ALTER COLUMN tags DROP DEFAULT;
ALTER TABLE web.payment_note ALTER COLUMN price TYPE numeric(16,4);
ALTER TABLE fleet.case_note RENAME COLUMN body TO text;
ALTER TABLE legal.asset_task ALTER COLUMN title SET STATISTICS 500;
ALTER TABLE research.project SET (fillfactor = 80);
ALTER TABLE sales.request RENAME TO wish;
ALTER TABLE stock.report_note OWNER TO company_writer;
ALTER TABLE purchase.budget ENABLE ROW LEVEL SECURITY;
DROP TABLE finance.meeting_document;
CREATE TABLE people.holiday (day date PRIMARY KEY, name text);
CREATE INDEX offer_channel ON support.offer (channel);
DROP INDEX web.claim_line_title;
ALTER INDEX fleet.visit_due SET (fillfactor = 70);
ALTER TABLE legal.lease DROP CONSTRAINT lease_amount_check;
ALTER TABLE research.audit ADD CONSTRAINT audit_number_check CHECK (length(number) < 40);
ALTER TABLE sales.plan_line DROP CONSTRAINT plan_line_created_by_fkey;
ALTER TABLE stock.order_line ALTER CONSTRAINT order_line_order_id_fkey DEFERRABLE;
ALTER TABLE purchase.invoice_task ADD CONSTRAINT invoice_task_title_key UNIQUE (title);
ALTER TABLE finance.refund DISABLE TRIGGER refund_touch;
DROP TRIGGER shipment_touch ON people.shipment;
ALTER VIEW support.open_quote SET (security_barrier = true);
DROP VIEW web.open_contract;
CREATE OR REPLACE FUNCTION fleet.total_of_payment(which bigint) RETURNS numeric LANGUAGE sql STABLE RETURN 0::numeric;
ALTER FUNCTION legal.total_of_case(bigint) IMMUTABLE;
ALTER TYPE research.channel ADD VALUE 'fax';
ALTER DOMAIN shared.money_amount ADD CONSTRAINT not_negative CHECK (VALUE > -1000000);
ALTER SEQUENCE sales.numbers INCREMENT 1;
COMMENT ON TABLE stock.asset IS 'something else';
COMMENT ON COLUMN purchase.project.number IS NULL;
REVOKE INSERT ON finance.request FROM company_writer;
GRANT SELECT (amount) ON people.report TO company_auditor;
GRANT EXECUTE ON FUNCTION support.total_of_budget(bigint) TO company_reader;
ALTER POLICY own ON web.order USING (state = 'open');
ALTER TABLE shared.change DETACH PARTITION shared.change_07;
ALTER DEFAULT PRIVILEGES FOR ROLE company IN SCHEMA fleet REVOKE SELECT ON TABLES FROM company_reader;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the databases are, and the programs to reach them with."""

    server: Server

    @property
    def bin_dir(self) -> Path:
        return self.server.binaries.bin_dir

    def url(self, database: str) -> str:
        host = quote(str(self.server.socket_dir), safe="")
        return f"postgresql://rehearse@/{database}?host={host}&port={self.server.port}"


@contextlib.contextmanager
def serving() -> Iterator[Place]:
    """Start a server that knows the company's roles, and has no database of it yet."""
    with running(resolve(None, use="embedded").binaries, settings=_SETTINGS) as server:
        make_roles(server)
        yield Place(server=server)


def make_roles(server: Server) -> None:
    with server.connect() as admin:
        admin.execute("".join(f"CREATE ROLE {role};" for role in ROLES))


def drifted(place: Place) -> int:
    """Make the left and the right database; return how many statements made them differ."""
    create(place, LEFT)
    with place.server.connect() as admin:
        admin.execute(f'CREATE DATABASE "{RIGHT}" TEMPLATE "{LEFT}" STRATEGY FILE_COPY')
    with place.server.connect(RIGHT) as connection:
        connection.execute(_DRIFT)
    return _DRIFT.count(";\n")


def create(place: Place, database: str) -> None:
    """Make a database with fifty tables a noun, and a partitioned one of 36 months."""
    with place.server.connect() as admin:
        admin.execute(f'CREATE DATABASE "{database}" TEMPLATE template0 OWNER {OWNER} STRATEGY FILE_COPY')
    with place.server.connect(database) as connection:
        connection.execute(f"SET SESSION AUTHORIZATION {OWNER}")
        for script in _scripts():
            connection.execute(script)


def fill(place: Place, database: str, scale: float) -> None:
    """Give every table a few rows, and those of three nouns many, which refer to rows that exist."""
    with place.server.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")  # for what is not checked is loaded sooner
        connection.execute(_PEOPLE)
        for department, noun in itertools.product(_DEPARTMENTS, _NOUNS):
            heads, parts = (max(_FEW, int(rows * scale)) for rows in _MANY.get((department, noun), (0, 0)))
            head = _name(department, noun)
            connection.execute(_HEADS.format(name=head, department=department, least=_FEW, rows=heads))
            for facet in _FACETS:
                connection.execute(_PARTS.format(name=f"{head}_{facet}", noun=noun, heads=heads, rows=parts))
        for department in _DEPARTMENTS:
            connection.execute(f"REFRESH MATERIALIZED VIEW {department}.monthly")
        connection.execute("VACUUM (FREEZE, ANALYZE)")


def tables(place: Place, database: str) -> tuple[str, ...]:
    """Return the names of all tables, as the catalog has them."""
    with place.server.connect(database) as connection:
        return tuple(found.identity for found in read(connection, place.server.binaries.major).of_kind("table"))


def _scripts() -> Iterator[str]:
    ends = [*_MONTHS[1:], "2027-01-01"]
    yield _ONCE
    yield "".join(
        _MONTH.format(number=number, first=first, end=end)
        for number, (first, end) in enumerate(zip(_MONTHS, ends, strict=True), start=1)
    )
    for department in _DEPARTMENTS:
        yield _DEPARTMENT.format(department=department)
        for position, noun in enumerate(_NOUNS):
            head = _name(department, noun)
            origin = _name(department, _NOUNS[max(position - 1, 0)])
            yield _HEAD.format(department=department, noun=noun, name=head, origin=origin)
            for facet in _FACETS:
                part = f"{noun}_{facet}"
                yield _PART.format(noun=noun, head=head, part=part, facet=facet, name=_name(department, part))
            yield _VIEWS.format(department=department, noun=noun, head=head)
        yield _MONTHLY.format(department=department)


def _name(department: str, table: str) -> str:
    return f"{department}.{table}"
