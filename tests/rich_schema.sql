-- One of everything a catalog describes; restored elsewhere it must read the same.
CREATE SCHEMA shop;
CREATE SCHEMA "Odd ""Schema""";
COMMENT ON SCHEMA shop IS 'what is sold';
CREATE EXTENSION citext SCHEMA public;

CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE shop.address AS (street text COLLATE "C", number integer);
CREATE TYPE shop.span AS RANGE (subtype = timestamptz, subtype_diff = pg_catalog.tstzrange_subdiff);
CREATE FUNCTION public.tstz_len(timestamptz, timestamptz) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN 1.0;
CREATE DOMAIN shop.positive AS integer DEFAULT 1 CONSTRAINT above_zero CHECK (VALUE > 0) CONSTRAINT small CHECK (VALUE < 1000000);
CREATE COLLATION shop.plain (provider = libc, locale = 'C');

CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY,
    email public.citext NOT NULL,
    name character varying(80) COLLATE "C" DEFAULT 'no name',
    born date,
    mood shop.mood DEFAULT 'ok',
    home shop.address,
    tags text[] DEFAULT '{}',
    score numeric(10,2) DEFAULT 0,
    seen timestamptz DEFAULT '2024-01-01 00:00:00+00',
    slug text GENERATED ALWAYS AS (lower(name::text)) STORED,
    CONSTRAINT customers_email_key UNIQUE (email) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT born_late CHECK (born > '1900-01-01')
);
ALTER TABLE shop.customers ALTER COLUMN name SET STORAGE EXTERNAL, ALTER COLUMN name SET STATISTICS 200,
    ALTER COLUMN score SET (n_distinct = 5), SET (fillfactor = 90), ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.customers ADD CONSTRAINT unchecked CHECK (score >= 0) NOT VALID;
COMMENT ON TABLE shop.customers IS 'people';
COMMENT ON COLUMN shop.customers.email IS 'where they read';
COMMENT ON CONSTRAINT born_late ON shop.customers IS 'nobody is that old';
CREATE INDEX customers_name_idx ON shop.customers USING btree (lower(name::text) DESC) INCLUDE (score) WHERE score > 0;
COMMENT ON INDEX shop.customers_name_idx IS 'search';
ALTER TABLE shop.customers CLUSTER ON customers_pkey;
CREATE STATISTICS shop.customers_stats (ndistinct, dependencies) ON born, mood FROM shop.customers;
CREATE POLICY own_rows ON shop.customers FOR SELECT TO PUBLIC USING (name = CURRENT_USER);

CREATE TABLE shop.orders (
    id serial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES shop.customers (id) ON DELETE CASCADE,
    parent_id integer CONSTRAINT orders_parent_fkey REFERENCES shop.orders (id) DEFERRABLE,
    amount shop.positive,
    during tstzrange,
    note text,
    EXCLUDE USING gist (during WITH &&)
);
CREATE TABLE "Odd ""Schema"""."My.Table" ("Weird ""Col""" integer PRIMARY KEY, "select" text DEFAULT 'it''s');
CREATE UNLOGGED TABLE shop.cache (key text PRIMARY KEY, value jsonb);
CREATE TABLE shop.base (a integer CHECK (a > 0));
CREATE TABLE shop.child (b integer) INHERITS (shop.base);
ALTER TABLE shop.child REPLICA IDENTITY FULL;

CREATE TABLE shop.events (id bigint NOT NULL, at date NOT NULL, customer_id bigint REFERENCES shop.customers (id),
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shop.events_2024 PARTITION OF shop.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.events_2025 PARTITION OF shop.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    PARTITION BY LIST (id);
CREATE TABLE shop.events_2025_a PARTITION OF shop.events_2025 FOR VALUES IN (1, 2);
CREATE TABLE shop.events_2025_rest PARTITION OF shop.events_2025 DEFAULT;
CREATE INDEX events_customer_idx ON shop.events (customer_id);

CREATE SEQUENCE shop.numbers AS integer INCREMENT 5 MINVALUE 5 MAXVALUE 5000 START 10 CACHE 3 CYCLE;

CREATE VIEW shop.rich WITH (security_barrier) AS SELECT c.id, c.email FROM shop.customers c WHERE c.score > 100
    WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW shop.totals AS SELECT o.customer_id, sum(o.amount) AS total FROM shop.orders o GROUP BY 1;
CREATE UNIQUE INDEX totals_key ON shop.totals (customer_id);
CREATE MATERIALIZED VIEW shop.empty AS SELECT 1 AS one WITH NO DATA;

CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop, pg_temp
    AS $$ BEGIN NEW.note := 'x{}%'; RETURN NEW; END $$;
CREATE FUNCTION shop.add(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN a + b;
CREATE PROCEDURE shop.tidy(INOUT n integer) LANGUAGE sql AS $$ SELECT n $$;
CREATE AGGREGATE shop.total(integer) (SFUNC = pg_catalog.int4pl, STYPE = integer, INITCOND = '0');
CREATE TRIGGER touch BEFORE UPDATE OF note ON shop.orders FOR EACH ROW WHEN (NEW.note IS NULL) EXECUTE FUNCTION shop.touch();
ALTER TABLE shop.orders DISABLE TRIGGER touch;
CREATE FUNCTION shop.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER on_events AFTER INSERT ON shop.events FOR EACH ROW EXECUTE FUNCTION shop.nothing();
ALTER TABLE shop.events_2024 DISABLE TRIGGER on_events;
CREATE RULE no_delete AS ON DELETE TO shop.cache DO INSTEAD NOTHING;
CREATE FUNCTION shop.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER watch_ddl ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION shop.on_ddl();
ALTER EVENT TRIGGER watch_ddl DISABLE;

CREATE PUBLICATION news FOR TABLE shop.orders WITH (publish = 'insert, update');
CREATE FOREIGN DATA WRAPPER far OPTIONS (debug 'true');
CREATE SERVER away TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER far OPTIONS (host 'secret.example', port '1');
CREATE USER MAPPING FOR PUBLIC SERVER away OPTIONS (password 'hunter2');
CREATE FOREIGN TABLE shop.remote (id integer NOT NULL) SERVER away OPTIONS (table_name 't');

GRANT USAGE ON SCHEMA shop TO PUBLIC;
GRANT SELECT, INSERT ON shop.orders TO pg_monitor WITH GRANT OPTION;
GRANT SELECT (email), UPDATE (name) ON shop.customers TO pg_monitor;
GRANT USAGE ON SEQUENCE shop.numbers TO PUBLIC;
REVOKE EXECUTE ON FUNCTION shop.touch() FROM PUBLIC;
REVOKE USAGE ON TYPE shop.mood FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO pg_monitor;

CREATE FUNCTION shop.mood_number(shop.mood) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 1;
CREATE CAST (shop.mood AS integer) WITH FUNCTION shop.mood_number(shop.mood) AS ASSIGNMENT;
CREATE FUNCTION shop.near(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs($1 - $2) < 3;
CREATE OPERATOR shop.~~~ (FUNCTION = shop.near, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(shop.~~~),
    RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel);
CREATE FUNCTION shop.compare(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN $2 - $1;
CREATE OPERATOR FAMILY shop.backwards USING btree;
CREATE OPERATOR CLASS shop.backwards_ops FOR TYPE integer USING btree FAMILY shop.backwards AS
    OPERATOR 1 pg_catalog.>, OPERATOR 2 pg_catalog.>=, OPERATOR 3 pg_catalog.=, OPERATOR 4 pg_catalog.<=,
    OPERATOR 5 pg_catalog.<, FUNCTION 1 shop.compare(integer, integer);
CREATE TEXT SEARCH DICTIONARY shop.plain_words (TEMPLATE = pg_catalog.simple, accept = 'false');
CREATE TEXT SEARCH CONFIGURATION shop.words (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION shop.words ADD MAPPING FOR asciiword, word WITH shop.plain_words, pg_catalog.simple;
CREATE TEXT SEARCH PARSER shop.parser (START = pg_catalog.prsd_start, GETTOKEN = pg_catalog.prsd_nexttoken,
    END = pg_catalog.prsd_end, LEXTYPES = pg_catalog.prsd_lextype, HEADLINE = pg_catalog.prsd_headline);
CREATE TEXT SEARCH TEMPLATE shop.template (INIT = pg_catalog.dsimple_init, LEXIZE = pg_catalog.dsimple_lexize);
CREATE CONVERSION shop.into_utf8 FOR 'LATIN1' TO 'UTF8' FROM pg_catalog.iso8859_1_to_utf8;
CREATE FUNCTION shop.handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE plsame HANDLER shop.handler;
CREATE ACCESS METHOD heaps TYPE TABLE HANDLER pg_catalog.heap_tableam_handler;
CREATE TRANSFORM FOR shop.address LANGUAGE plsame (FROM SQL WITH FUNCTION pg_catalog.dsimple_init(internal));
