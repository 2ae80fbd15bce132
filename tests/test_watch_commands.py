"""One row for each kind of statement: the locks it must be told to hold and the work it must be told to do.

Every row is judged twice: against what is written in it, and against a second witness. For a statement that can run in
a transaction block the witness is pg_locks, read by another connection just before the commit; for the others it is
what the statement is seen to wait for while somebody else has locked its table.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from rehearse.engine.server import Server
from rehearse.model.stage import Stage, StageAddress
from rehearse.model.timeline import LockMode, Outcome, Timeline, WorkKind
from rehearse.watch import watching

MODES = {
    "RS": LockMode.ROW_SHARE,
    "RX": LockMode.ROW_EXCLUSIVE,
    "SUX": LockMode.SHARE_UPDATE_EXCLUSIVE,
    "SHARE": LockMode.SHARE,
    "SRX": LockMode.SHARE_ROW_EXCLUSIVE,
    "EX": LockMode.EXCLUSIVE,
    "AX": LockMode.ACCESS_EXCLUSIVE,
}
PATIENCE_SECONDS = 20

TABLES = """
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE DOMAIN positive AS int;
CREATE SCHEMA archive;
CREATE SEQUENCE numbers;
CREATE TABLE parents (id int PRIMARY KEY, name text);
INSERT INTO parents SELECT g, 'p' || g FROM generate_series(1, 300) AS g;
CREATE TABLE items (id int PRIMARY KEY, parent_id int, size int, code varchar(20), note text, price numeric(10,2),
  seen timestamp, hue colour, level positive);
INSERT INTO items SELECT g, 1 + g % 300, g, 'c' || g, 'n', g, '2026-01-01', 'red', g FROM generate_series(1, 2000) AS g;
CREATE INDEX items_code ON items (code);
CREATE UNIQUE INDEX items_size ON items (size);
CREATE INDEX items_lower ON items (lower(note));
CREATE TABLE children (id int PRIMARY KEY, item_id int CONSTRAINT children_item REFERENCES items ON DELETE CASCADE);
INSERT INTO children SELECT g, g FROM generate_series(1, 500) AS g;
CREATE TABLE strict (id int PRIMARY KEY, parent_id int CONSTRAINT strict_parent REFERENCES parents);
INSERT INTO strict SELECT g, g FROM generate_series(1, 100) AS g;
CREATE TABLE proven (id int NOT NULL, v int CONSTRAINT v_there CHECK (v IS NOT NULL), w int, parent_id int);
INSERT INTO proven SELECT g, g, g, g FROM generate_series(1, 200) AS g;
ALTER TABLE proven ADD CONSTRAINT w_positive CHECK (w > 0) NOT VALID;
ALTER TABLE proven ADD CONSTRAINT proven_parent FOREIGN KEY (parent_id) REFERENCES parents NOT VALID;
CREATE UNIQUE INDEX proven_id ON proven (id);
CREATE TABLE loose (id int, tag text);
INSERT INTO loose SELECT g, 'x' FROM generate_series(1, 40) AS g;
CREATE MATERIALIZED VIEW summary AS SELECT id FROM loose;
CREATE UNIQUE INDEX summary_id ON summary (id);
CREATE VIEW item_codes AS SELECT id, code FROM items;
CREATE TABLE measures (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE measures_1 PARTITION OF measures FOR VALUES FROM (0) TO (100);
INSERT INTO measures SELECT g, g FROM generate_series(1, 90) AS g;
CREATE INDEX measures_at ON measures (at);
CREATE TABLE measures_2 (id int, at int);
INSERT INTO measures_2 SELECT g, 150 FROM generate_series(1, 70) AS g;
CREATE TABLE measures_3 (id int, at int NOT NULL CHECK (at >= 200 AND at < 300));
INSERT INTO measures_3 SELECT g, 250 FROM generate_series(1, 50) AS g;
CREATE TABLE events (id int, at int) PARTITION BY LIST (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
INSERT INTO events SELECT g, 1 + g % 2 FROM generate_series(1, 120) AS g;
CREATE TABLE animals (id int, name text);
CREATE TABLE dogs (bark int) INHERITS (animals);
CREATE TABLE cats (id int, name text);
INSERT INTO dogs SELECT g, 'd', g FROM generate_series(1, 30) AS g;
CREATE TABLE audit (id int);
CREATE TABLE noted (id int, v int);
INSERT INTO noted SELECT g, g FROM generate_series(1, 25) AS g;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO audit VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER noting AFTER INSERT OR UPDATE ON noted FOR EACH ROW EXECUTE FUNCTION note();
CREATE FUNCTION extend() RETURNS void LANGUAGE plpgsql AS $$
BEGIN ALTER TABLE parents ADD COLUMN extra int; UPDATE loose SET id = id + 1; END $$;
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$ UPDATE parents SET name = '' $$;
CREATE FUNCTION empty() RETURNS void LANGUAGE plpgsql AS $$ BEGIN TRUNCATE loose; END $$;
CREATE RULE nothing AS ON DELETE TO cats DO INSTEAD NOTHING;
ALTER TABLE proven CLUSTER ON proven_id;
CREATE POLICY mine ON loose USING (true);
CREATE STATISTICS item_stats ON size, parent_id FROM items;
"""

# locks of a backend on what was there before, indexes and TOAST mapped to their table
HELD = """
SELECT COALESCE(toasted.relname, owner.relname, r.relname)::text, l.mode, l.granted
  FROM pg_locks AS l
  JOIN pg_class AS r ON r.oid = l.relation
  LEFT JOIN pg_index AS i ON i.indexrelid = r.oid
  LEFT JOIN pg_class AS owner ON owner.oid = i.indrelid
  LEFT JOIN pg_class AS toasted ON toasted.reltoastrelid IN (r.oid, i.indrelid)
 WHERE l.pid = %s AND l.locktype = 'relation' AND l.mode <> 'AccessShareLock' AND r.relkind <> 'S'
   AND l.relation BETWEEN 16384 AND %s
"""
NEWEST = "SELECT max(oid::bigint) FROM pg_class WHERE relnamespace <> '_rehearse'::regnamespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A row of the table."""

    name: str
    statements: tuple[str, ...]
    locks: str  # the strongest on each table: "items AX, parents SRX"
    work: frozenset[str]  # proportional to rows: "scan items 2000 (validating)"
    since: int  # PostgreSQL that has it
    lone: bool  # cannot run in a transaction block
    fails: str | None  # SQLSTATE
    untold: str  # a lock the watch is known not to tell
    on15: str | None  # the locks there, where they differ


def kind(
    name: str,
    statements: str | tuple[str, ...],
    locks: str,
    *work: str,
    since: int = 15,
    lone: bool = False,
    fails: str | None = None,
    untold: str = "",
    on15: str | None = None,
) -> Kind:
    return Kind(
        name=name,
        statements=(statements,) if isinstance(statements, str) else statements,
        locks=locks,
        work=frozenset(work),
        since=since,
        lone=lone,
        fails=fails,
        untold=untold,
        on15=on15,
    )


EVERY_TABLE = (
    *("animals", "audit", "cats", "children", "dogs", "events", "events_1", "events_rest", "items", "loose"),
    *("measures", "measures_1", "measures_2", "measures_3", "noted", "parents", "proven", "strict"),
)

KINDS = (
    # columns
    kind("add a nullable column", "ALTER TABLE items ADD COLUMN extra int", "items AX"),
    kind("add a column that is there", "ALTER TABLE items ADD COLUMN IF NOT EXISTS note text", "items AX"),
    kind("add a column with a constant", "ALTER TABLE items ADD COLUMN extra int NOT NULL DEFAULT 7", "items AX"),
    kind("add a column with now()", "ALTER TABLE items ADD COLUMN extra timestamptz DEFAULT now()", "items AX"),
    kind(
        "add a column with a volatile default",
        "ALTER TABLE items ADD COLUMN extra float DEFAULT random()",
        "items AX",
        "rewrite items 2000 (default of a new column)",
    ),
    kind(
        "add a serial",
        "ALTER TABLE items ADD COLUMN extra serial",
        "items AX",
        "rewrite items 2000 (default of a new column)",
    ),
    kind(
        "add an identity",
        "ALTER TABLE items ADD COLUMN extra int GENERATED ALWAYS AS IDENTITY",
        "items AX",
        "rewrite items 2000 (default of a new column)",
    ),
    kind(
        "add a stored generated column",
        "ALTER TABLE items ADD COLUMN extra int GENERATED ALWAYS AS (size * 2) STORED",
        "items AX",
        "rewrite items 2000 (default of a new column)",
    ),
    kind(
        "add a virtual generated column",
        "ALTER TABLE items ADD COLUMN extra int GENERATED ALWAYS AS (size * 2) VIRTUAL",
        "items AX",
        since=18,
    ),
    kind(
        "add a column with a check",
        "ALTER TABLE items ADD COLUMN extra int CHECK (extra > 0)",
        "items AX",
        "scan items 2000 (validating)",
    ),
    kind(
        "add a unique column",
        "ALTER TABLE items ADD COLUMN extra int UNIQUE",
        "items AX",
        "index-build items 2000 (items_extra_key)",
    ),
    kind(
        "add a referencing column", "ALTER TABLE items ADD COLUMN extra int REFERENCES parents", "items AX, parents SRX"
    ),
    kind("add a column of a domain", "ALTER TABLE items ADD COLUMN extra positive", "items AX"),
    kind("drop a column", "ALTER TABLE items DROP COLUMN note", "items AX"),
    kind("drop an indexed column", "ALTER TABLE items DROP COLUMN code CASCADE", "item_codes AX, items AX"),
    kind("set a default", "ALTER TABLE items ALTER size SET DEFAULT 7", "items AX"),
    kind("drop a default", "ALTER TABLE items ALTER size DROP DEFAULT", "items AX"),
    kind("set not null", "ALTER TABLE items ALTER parent_id SET NOT NULL", "items AX", "scan items 2000 (validating)"),
    kind("set not null, proven by a check", "ALTER TABLE proven ALTER v SET NOT NULL", "proven AX"),
    kind("drop not null", "ALTER TABLE proven ALTER id DROP NOT NULL", "proven AX"),
    kind(
        "int to bigint", "ALTER TABLE items ALTER parent_id TYPE bigint", "items AX", "rewrite items 2000 (column type)"
    ),
    kind(
        "int to bigint under an index",
        "ALTER TABLE items ALTER size TYPE bigint",
        "items AX",
        "rewrite items 2000 (column type)",
    ),
    kind(
        "a wider varchar under an index",
        ("DROP VIEW item_codes", "ALTER TABLE items ALTER code TYPE varchar(40)"),
        "item_codes AX, items AX",
    ),
    kind(
        "varchar to text", ("DROP VIEW item_codes", "ALTER TABLE items ALTER code TYPE text"), "item_codes AX, items AX"
    ),
    kind(
        "text to varchar",
        "ALTER TABLE items ALTER note TYPE varchar(50)",
        "items AX",
        "rewrite items 2000 (column type)",
    ),
    kind("a wider numeric", "ALTER TABLE items ALTER price TYPE numeric(12,2)", "items AX"),
    kind(
        "a numeric of another scale",
        "ALTER TABLE items ALTER price TYPE numeric(12,3)",
        "items AX",
        "rewrite items 2000 (column type)",
    ),
    kind(
        "timestamp to timestamptz in UTC",
        ("SET LOCAL TimeZone = 'UTC'", "ALTER TABLE items ALTER seen TYPE timestamptz"),
        "items AX",
    ),
    kind(
        "timestamp to timestamptz in Paris",
        ("SET LOCAL TimeZone = 'Europe/Paris'", "ALTER TABLE items ALTER seen TYPE timestamptz"),
        "items AX",
        "rewrite items 2000 (column type)",
    ),
    kind("a statistics target", "ALTER TABLE items ALTER size SET STATISTICS 500", "items SUX"),
    kind("a storage mode", "ALTER TABLE items ALTER note SET STORAGE external", "items AX"),
    kind("a compression", "ALTER TABLE items ALTER note SET COMPRESSION pglz", "items AX"),
    kind("an attribute option", "ALTER TABLE items ALTER size SET (n_distinct = 5)", "items SUX"),
    kind(
        "add an identity to a column", "ALTER TABLE proven ALTER id ADD GENERATED BY DEFAULT AS IDENTITY", "proven AX"
    ),
    kind(
        "several changes at once",
        "ALTER TABLE items ADD COLUMN extra int, ALTER parent_id SET NOT NULL, ALTER size TYPE bigint",
        "items AX",
        "rewrite items 2000 (column type)",
    ),
    # constraints
    kind(
        "add a check",
        "ALTER TABLE items ADD CONSTRAINT big CHECK (size > 0)",
        "items AX",
        "scan items 2000 (validating)",
    ),
    kind("add a check, not valid", "ALTER TABLE items ADD CONSTRAINT big CHECK (size > 0) NOT VALID", "items AX"),
    kind(
        "validate a check",
        "ALTER TABLE proven VALIDATE CONSTRAINT w_positive",
        "proven SUX",
        "scan proven 200 (validating)",
    ),
    kind(
        "add and validate a check",
        (
            "ALTER TABLE items ADD CONSTRAINT big CHECK (size > 0) NOT VALID",
            "ALTER TABLE items VALIDATE CONSTRAINT big",
        ),
        "items AX",
        "scan items 2000 (validating)",
    ),
    kind(
        "add a not null, not valid",
        "ALTER TABLE items ADD CONSTRAINT there NOT NULL parent_id NOT VALID",
        "items AX",
        since=18,
    ),
    kind(
        "add a foreign key",
        "ALTER TABLE items ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parents",
        "items SRX, parents SRX",
        "scan parents 300 (validating foreign key fk)",
        "scan items 2000 (validating foreign key fk)",
    ),
    kind(
        "add a foreign key, not valid",
        "ALTER TABLE items ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parents NOT VALID",
        "items SRX, parents SRX",
    ),
    kind(
        "add a foreign key, not enforced",
        "ALTER TABLE items ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parents NOT ENFORCED",
        "items SRX, parents SRX",
        since=18,
    ),
    kind(
        "validate a foreign key",
        "ALTER TABLE proven VALIDATE CONSTRAINT proven_parent",
        "parents RS, proven SUX",
        "scan parents 300 (validating foreign key proven_parent)",
        "scan proven 200 (validating foreign key proven_parent)",
    ),
    kind("alter a foreign key", "ALTER TABLE children ALTER CONSTRAINT children_item DEFERRABLE", "children AX"),
    kind("drop a foreign key", "ALTER TABLE children DROP CONSTRAINT children_item", "children AX, items AX"),
    kind("drop a check", "ALTER TABLE proven DROP CONSTRAINT v_there", "proven AX"),
    kind(
        "add a primary key",
        "ALTER TABLE loose ADD PRIMARY KEY (id)",
        "loose AX",
        "index-build loose 40 (loose_pkey)",
        "scan loose 40 (validating)",
    ),
    kind("add a primary key using an index", "ALTER TABLE proven ADD PRIMARY KEY USING INDEX proven_id", "proven AX"),
    kind(
        "add a unique constraint",
        "ALTER TABLE items ADD CONSTRAINT uq UNIQUE (level)",
        "items AX",
        "index-build items 2000 (uq)",
    ),
    kind(
        "add a unique constraint using an index",
        "ALTER TABLE items ADD CONSTRAINT uq UNIQUE USING INDEX items_size",
        "items AX",
    ),
    kind(
        "add an exclusion constraint",
        "ALTER TABLE loose ADD CONSTRAINT apart EXCLUDE (id WITH =)",
        "loose AX",
        "index-build loose 40 (apart)",
    ),
    kind(
        "drop a primary key others refer to",
        "ALTER TABLE parents DROP CONSTRAINT parents_pkey CASCADE",
        "parents AX, proven AX, strict AX",
    ),
    kind("rename a constraint", "ALTER TABLE proven RENAME CONSTRAINT v_there TO v_here", "proven AX"),
    # tables
    kind("rename a table", "ALTER TABLE loose RENAME TO tight", "loose AX"),
    kind("rename a column", "ALTER TABLE loose RENAME id TO number", "loose AX"),
    kind("move a table to a schema", "ALTER TABLE loose SET SCHEMA archive", "loose AX"),
    kind("give a table away", "ALTER TABLE loose OWNER TO CURRENT_USER", "loose AX"),
    kind("set a storage parameter", "ALTER TABLE items SET (fillfactor = 90)", "items SUX"),
    kind("set autovacuum parameters", "ALTER TABLE items SET (autovacuum_enabled = false)", "items SUX"),
    kind("reset a storage parameter", "ALTER TABLE items RESET (fillfactor)", "items SUX"),
    kind("set unlogged", "ALTER TABLE loose SET UNLOGGED", "loose AX", "rewrite loose 40 (persistence)"),
    kind("set without cluster", "ALTER TABLE items SET WITHOUT CLUSTER", "items SUX"),
    kind("cluster on", "ALTER TABLE items CLUSTER ON items_code", "items SUX"),
    kind("replica identity full", "ALTER TABLE items REPLICA IDENTITY FULL", "items AX"),
    kind("disable a trigger", "ALTER TABLE noted DISABLE TRIGGER noting", "noted SRX"),
    kind("disable a rule", "ALTER TABLE cats DISABLE RULE nothing", "cats AX"),
    kind("enable row security", "ALTER TABLE loose ENABLE ROW LEVEL SECURITY", "loose AX"),
    kind("inherit", "ALTER TABLE cats INHERIT animals", "animals SUX, cats AX"),
    kind("no inherit", "ALTER TABLE dogs NO INHERIT animals", "dogs AX"),
    kind("add a column to a parent", "ALTER TABLE animals ADD COLUMN extra int", "animals AX, dogs AX"),
    kind(
        "add a check to a parent",
        "ALTER TABLE animals ADD CHECK (id > 0)",
        "animals AX, dogs AX",
        "scan dogs 30 (validating)",
        "scan animals 0 (validating)",
    ),
    kind("drop a table", "DROP TABLE loose CASCADE", "loose AX, summary AX"),
    kind("drop a referencing table", "DROP TABLE children", "children AX, items AX"),
    kind("drop a referenced table", "DROP TABLE parents CASCADE", "parents AX, proven AX, strict AX"),
    kind("drop a table that is not there", "DROP TABLE IF EXISTS nowhere", ""),
    kind("create a table", "CREATE TABLE fresh (id int PRIMARY KEY)", ""),
    kind(
        "create a table with a foreign key",
        "CREATE TABLE fresh (id int PRIMARY KEY, parent_id int REFERENCES parents)",
        "parents SRX",
    ),
    kind("create a table like another", "CREATE TABLE fresh (LIKE items INCLUDING ALL)", ""),
    kind("create a child table", "CREATE TABLE fresh () INHERITS (animals)", "animals SUX"),
    kind("create a table as", "CREATE TABLE fresh AS SELECT * FROM items", "", "scan items 2000 (reading)"),
    kind("select into", "SELECT id INTO fresh FROM items WHERE size > 1000", "", "scan items 2000 (reading)"),
    kind("create a temporary table", "CREATE TEMP TABLE fresh AS SELECT 1 AS one", ""),
    # indexes
    kind("create an index", "CREATE INDEX ix ON items (parent_id)", "items SHARE", "index-build items 2000 (ix)"),
    kind(
        "create a unique index", "CREATE UNIQUE INDEX ix ON items (level)", "items SHARE", "index-build items 2000 (ix)"
    ),
    kind(
        "create a partial index",
        "CREATE INDEX ix ON items (parent_id) WHERE size > 1990",
        "items SHARE",
        "index-build items 2000 (ix)",
    ),
    kind(
        "create an index on an expression",
        "CREATE INDEX ix ON items (lower(note))",
        "items SHARE",
        "index-build items 2000 (ix)",
    ),
    kind("create an index that is there", "CREATE INDEX IF NOT EXISTS items_code ON items (code)", "items SHARE"),
    kind(
        "create an index on a partitioned table",
        "CREATE INDEX ix ON measures (id)",
        "measures SHARE, measures_1 SHARE",
        "index-build measures_1 90 (measures_1_id_idx)",
    ),
    kind("create an index on only the parent", "CREATE INDEX ix ON ONLY measures (id)", "measures SHARE"),
    kind(
        "create an index on a materialized view",
        "CREATE INDEX ix ON summary (id)",
        "summary SHARE",
        "index-build summary 40 (ix)",
    ),
    kind(
        "create an index concurrently",
        "CREATE INDEX CONCURRENTLY ix ON items (parent_id)",
        "items SUX",
        "index-build items 2000 (ix)",
        lone=True,
    ),
    kind(
        "create a unique index concurrently",
        "CREATE UNIQUE INDEX CONCURRENTLY ix ON items (level)",
        "items SUX",
        "index-build items 2000 (ix)",
        lone=True,
    ),
    kind(
        "create a unique index concurrently on duplicates",
        "CREATE UNIQUE INDEX CONCURRENTLY ix ON items (parent_id)",
        "items SUX",
        lone=True,
        fails="23505",
    ),
    # the row versions an update left behind are read, too
    kind(
        "create an index behind an update",
        ("UPDATE items SET parent_id = 1", "CREATE INDEX ix ON items (parent_id)"),
        "items SHARE",
        "rows items 2000 (update)",
        "index-build items 4000 (ix)",
    ),
    kind("drop an index", "DROP INDEX items_code", "items AX"),
    kind("drop two indexes", "DROP INDEX items_code, summary_id", "items AX, summary AX"),
    kind("drop an index of a partitioned table", "DROP INDEX measures_at", "measures AX, measures_1 AX"),
    kind("drop an index concurrently", "DROP INDEX CONCURRENTLY items_code", "items SUX", lone=True),
    kind("rename an index", "ALTER INDEX items_code RENAME TO items_by_code", "items SUX"),
    kind("rename an index as a table", "ALTER TABLE items_code RENAME TO items_by_code", "items AX"),
    kind("set a parameter of an index", "ALTER INDEX items_code SET (fillfactor = 70)", "items SUX"),
    kind("statistics of an index column", "ALTER INDEX items_lower ALTER COLUMN 1 SET STATISTICS 10", "items SUX"),
    kind("reindex an index", "REINDEX INDEX items_code", "items AX", "index-build items 2000 (items_code)"),
    kind(
        "reindex a table",
        "REINDEX TABLE items",
        "items AX",
        "index-build items 2000 (items_pkey)",
        "index-build items 2000 (items_code)",
        "index-build items 2000 (items_size)",
        "index-build items 2000 (items_lower)",
    ),
    kind(
        "reindex a partitioned table",
        "REINDEX TABLE measures",
        "measures SHARE, measures_1 AX",
        "index-build measures_1 90 (measures_1_at_idx)",
        lone=True,
    ),
    kind(
        "reindex a schema",
        "REINDEX SCHEMA public",
        "animals AX, audit SHARE, cats AX, children AX, dogs AX, events_1 SHARE, events_rest SHARE, items AX, loose "
        "AX, measures_1 AX, measures_2 SHARE, measures_3 SHARE, noted SHARE, parents AX, proven AX, strict AX, "
        "summary AX",
        "index-build items 2000 (items_pkey)",
        "index-build items 2000 (items_code)",
        "index-build items 2000 (items_size)",
        "index-build items 2000 (items_lower)",
        "index-build children 500 (children_pkey)",
        "index-build parents 300 (parents_pkey)",
        "index-build strict 100 (strict_pkey)",
        "index-build proven 200 (proven_id)",
        "index-build summary 40 (summary_id)",
        "index-build measures_1 90 (measures_1_at_idx)",
        lone=True,
    ),
    kind(
        "reindex an index concurrently",
        "REINDEX INDEX CONCURRENTLY items_code",
        "items SUX",
        "index-build items 2000 (items_code_ccnew)",
        lone=True,
    ),
    kind(
        "reindex a table concurrently",
        "REINDEX TABLE CONCURRENTLY items",
        "items SUX",
        "index-build items 2000 (items_pkey_ccnew)",
        "index-build items 2000 (items_code_ccnew)",
        "index-build items 2000 (items_size_ccnew)",
        "index-build items 2000 (items_lower_ccnew)",
        lone=True,
    ),
    # truncation, locks, maintenance
    kind("truncate", "TRUNCATE loose", "loose AX", "rows loose 40 (truncate)"),
    kind(
        "truncate two",
        "TRUNCATE loose, audit RESTART IDENTITY",
        "audit AX, loose AX",
        "rows loose 40 (truncate)",
        "rows audit 0 (truncate)",
    ),
    kind(
        "truncate cascade",
        "TRUNCATE items CASCADE",
        "children AX, items AX",
        "rows items 2000 (truncate)",
        "rows children 500 (truncate)",
    ),
    kind(
        "truncate a partitioned table",
        "TRUNCATE measures",
        "measures AX, measures_1 AX",
        "rows measures 0 (truncate)",
        "rows measures_1 90 (truncate)",
    ),
    kind(
        "truncate a parent",
        "TRUNCATE animals",
        "animals AX, dogs AX",
        "rows animals 0 (truncate)",
        "rows dogs 30 (truncate)",
    ),
    kind("truncate a referenced table", "TRUNCATE items", "items AX", fails="0A000"),
    kind("lock", "LOCK TABLE loose", "loose AX"),
    kind("lock in share mode", "LOCK TABLE loose IN SHARE MODE", "loose SHARE"),
    kind("lock in row exclusive mode", "LOCK loose IN ROW EXCLUSIVE MODE", "loose RX"),
    kind(
        "lock in share row exclusive mode",
        "LOCK loose, audit IN SHARE ROW EXCLUSIVE MODE NOWAIT",
        "audit SRX, loose SRX",
    ),
    kind("lock in exclusive mode", "LOCK animals IN EXCLUSIVE MODE", "animals EX, dogs EX"),
    kind("lock only a parent", "LOCK ONLY animals IN SHARE UPDATE EXCLUSIVE MODE", "animals SUX"),
    kind("lock a partitioned table", "LOCK measures", "measures AX, measures_1 AX"),
    kind("lock a view", "LOCK item_codes IN SHARE MODE", "item_codes SHARE, items SHARE"),
    kind(
        "reassign what a role owns",
        "REASSIGN OWNED BY CURRENT_USER TO CURRENT_USER",
        ", ".join(f"{table} AX" for table in (*EVERY_TABLE, "summary", "item_codes")),
    ),
    kind("vacuum", "VACUUM loose", "loose SUX", "scan loose 40 (VACUUM)", lone=True),
    kind("vacuum and analyze", "VACUUM ANALYZE loose", "loose SUX", "scan loose 40 (VACUUM)", lone=True),
    kind("vacuum full", "VACUUM FULL items", "items AX", "rewrite items 2000 (VACUUM FULL)", lone=True),
    kind(
        "vacuum a partitioned table",
        "VACUUM measures",
        "measures SUX, measures_1 SUX",
        "scan measures_1 90 (VACUUM)",
        lone=True,
    ),
    kind(
        "vacuum full a partitioned table",
        "VACUUM FULL measures",
        "measures AX, measures_1 AX",
        "rewrite measures_1 90 (VACUUM FULL)",
        lone=True,
    ),
    kind(
        "reindex a partitioned index",
        "REINDEX INDEX measures_at",
        "measures AX, measures_1 AX",
        "index-build measures_1 90 (measures_1_at_idx)",
        lone=True,
    ),
    kind("analyze", "ANALYZE loose", "loose SUX"),
    kind("analyze a column", "ANALYZE items (size)", "items SUX"),
    kind("analyze a parent", "ANALYZE animals", "animals SUX, dogs SUX", on15="animals SUX"),
    kind("cluster", "CLUSTER items USING items_code", "items AX", "rewrite items 2000 (CLUSTER)"),
    kind(
        "refresh",
        "REFRESH MATERIALIZED VIEW summary",
        "summary AX",
        "scan loose 40 (reading)",
        "rewrite summary 40 (refresh)",
    ),
    kind(
        "refresh concurrently",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY summary",
        "summary EX",
        "scan loose 40 (reading)",
        "rows summary 40 (refresh)",
    ),
    kind(
        "refresh with no data",
        "REFRESH MATERIALIZED VIEW summary WITH NO DATA",
        "summary AX",
        "rewrite summary 40 (refresh)",
    ),
    kind("cluster all that were clustered before", "CLUSTER", "proven AX", "rewrite proven 200 (CLUSTER)", lone=True),
    kind("analyze everything", "ANALYZE", ", ".join(f"{table} SUX" for table in (*EVERY_TABLE, "summary"))),
    # partitions
    kind(
        "attach a partition",
        "ALTER TABLE measures ATTACH PARTITION measures_2 FOR VALUES FROM (100) TO (200)",
        "measures SUX, measures_2 AX",
        "index-build measures_2 70 (measures_2_at_idx)",
        "scan measures_2 70 (validating)",
    ),
    kind(
        "attach a proven partition",
        "ALTER TABLE measures ATTACH PARTITION measures_3 FOR VALUES FROM (200) TO (300)",
        "measures SUX, measures_3 AX",
        "index-build measures_3 50 (measures_3_at_idx)",
    ),
    kind(
        "attach beside a default",
        ("CREATE TABLE events_3 (id int, at int)", "ALTER TABLE events ATTACH PARTITION events_3 FOR VALUES IN (3)"),
        "events SUX, events_rest AX",
        "scan events_rest 60 (validating)",
    ),
    kind(
        "create a partition",
        "CREATE TABLE measures_9 PARTITION OF measures FOR VALUES FROM (900) TO (1000)",
        "measures AX",
    ),
    kind(
        "create a partition beside a default",
        "CREATE TABLE events_3 PARTITION OF events FOR VALUES IN (3)",
        "events AX, events_rest AX",
        "scan events_rest 60 (validating)",
    ),
    kind("detach a partition", "ALTER TABLE measures DETACH PARTITION measures_1", "measures AX, measures_1 AX"),
    kind(
        "detach a partition concurrently",
        "ALTER TABLE measures DETACH PARTITION measures_1 CONCURRENTLY",
        "measures SUX, measures_1 AX",
        lone=True,
    ),
    kind("drop a partition", "DROP TABLE measures_1", "measures AX, measures_1 AX"),
    kind(
        "add a column to a partitioned table", "ALTER TABLE measures ADD COLUMN extra int", "measures AX, measures_1 AX"
    ),
    kind(
        "add a check to a partitioned table",
        "ALTER TABLE measures ADD CHECK (id > 0)",
        "measures AX, measures_1 AX",
        "scan measures_1 90 (validating)",
    ),
    kind(
        "change a type in a partitioned table",
        "ALTER TABLE measures ALTER id TYPE bigint",
        "measures AX, measures_1 AX",
        "rewrite measures_1 90 (column type)",
    ),
    kind(
        "add a primary key to a partitioned table",
        "ALTER TABLE measures ADD PRIMARY KEY (id, at)",
        "measures AX, measures_1 AX",
        "index-build measures_1 90 (measures_1_pkey)",
        "scan measures_1 90 (validating)",
    ),
    kind(
        "add a foreign key to a partitioned table",
        "ALTER TABLE measures ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES parents",
        "measures SRX, measures_1 SRX, parents SRX",
        "scan parents 300 (validating foreign key fk)",
        "scan measures_1 90 (validating foreign key fk)",
    ),
    # types
    kind("add a value to an enum", "ALTER TYPE colour ADD VALUE 'blue'", ""),
    kind("rename a value of an enum", "ALTER TYPE colour RENAME VALUE 'red' TO 'rot'", ""),
    kind(
        "add a constraint to a domain",
        "ALTER DOMAIN positive ADD CONSTRAINT p CHECK (value > 0)",
        "items SHARE",
        "scan items 2000 (validating)",
    ),
    kind(
        "add a constraint to a domain, not valid",
        "ALTER DOMAIN positive ADD CONSTRAINT p CHECK (value > 0) NOT VALID",
        "",
    ),
    kind("a domain not null", "ALTER DOMAIN positive SET NOT NULL", "items SHARE", "scan items 2000 (validating)"),
    kind("drop a type", "DROP TYPE colour CASCADE", "items AX"),
    kind("create a type", "CREATE TYPE shape AS ENUM ('round')", ""),
    # triggers, rules, policies, views, statistics, sequences
    kind(
        "create a trigger",
        "CREATE TRIGGER second AFTER INSERT ON loose FOR EACH ROW EXECUTE FUNCTION note()",
        "loose SRX",
    ),
    kind(
        "create a constraint trigger",
        "CREATE CONSTRAINT TRIGGER second AFTER INSERT ON loose FROM parents FOR EACH ROW EXECUTE FUNCTION note()",
        "loose SRX",
    ),
    kind("drop a trigger", "DROP TRIGGER noting ON noted", "noted AX"),
    kind("rename a trigger", "ALTER TRIGGER noting ON noted RENAME TO noticing", "noted AX"),
    kind("create a rule", "CREATE RULE never AS ON DELETE TO loose DO INSTEAD NOTHING", "loose AX"),
    kind("drop a rule", "DROP RULE nothing ON cats", "cats AX"),
    kind("create a policy", "CREATE POLICY all_of ON animals USING (true)", "animals AX"),
    kind("alter a policy", "ALTER POLICY mine ON loose USING (id > 0)", "loose AX"),
    kind("drop a policy", "DROP POLICY mine ON loose", "loose AX"),
    kind("create a view", "CREATE VIEW fresh AS SELECT id FROM items", ""),
    kind("replace a view", "CREATE OR REPLACE VIEW item_codes AS SELECT id, code, size FROM items", "item_codes AX"),
    kind("drop a view", "DROP VIEW item_codes", "item_codes AX"),
    kind(
        "create a materialized view",
        "CREATE MATERIALIZED VIEW fresh AS SELECT id FROM items",
        "",
        "scan items 2000 (reading)",
    ),
    kind("create a function", "CREATE FUNCTION fresh() RETURNS int LANGUAGE sql AS 'SELECT 1'", ""),
    kind("create statistics", "CREATE STATISTICS fresh ON size, level FROM items", "items SUX"),
    kind("drop statistics", "DROP STATISTICS item_stats", "items SUX"),
    kind("create a sequence", "CREATE SEQUENCE fresh", ""),
    kind("own a sequence", "ALTER SEQUENCE numbers OWNED BY loose.id", ""),
    kind("restart a sequence", "ALTER SEQUENCE numbers RESTART WITH 5", ""),
    kind("nextval", "SELECT nextval('numbers')", ""),
    kind("drop a function and its triggers", "DROP FUNCTION note() CASCADE", "noted AX"),
    kind(
        "drop all that is owned",
        "DROP OWNED BY CURRENT_USER",
        ", ".join(f"{relation} AX" for relation in (*EVERY_TABLE, "summary", "item_codes")),
    ),
    # comments, grants, schemas
    kind("comment on a table", "COMMENT ON TABLE loose IS 'x'", "loose SUX"),
    kind("comment on a column", "COMMENT ON COLUMN loose.id IS 'x'", "loose SUX"),
    kind("comment on an index", "COMMENT ON INDEX items_code IS 'x'", "items SUX"),
    kind("grant", "GRANT SELECT ON loose TO PUBLIC", ""),
    kind("revoke", "REVOKE ALL ON loose FROM PUBLIC", ""),
    kind("create a schema", "CREATE SCHEMA fresh", ""),
    kind("drop a schema", "DROP SCHEMA archive", ""),
    kind("create a publication", "CREATE PUBLICATION fresh FOR TABLE loose", "loose SUX"),
    # rows
    kind("insert values", "INSERT INTO loose VALUES (1), (2)", "loose RX", "rows loose 2 (insert)"),
    kind(
        "insert from a select",
        "INSERT INTO loose SELECT id FROM items",
        "loose RX",
        "rows loose 2000 (insert)",
        "scan items 2000",
    ),
    kind(
        "insert into a referencing table",
        "INSERT INTO strict VALUES (500, 5)",
        "parents RS, strict RX",
        "rows strict 1 (insert)",
    ),
    kind(
        "insert on conflict do nothing",
        "INSERT INTO parents SELECT g, '' FROM generate_series(299, 302) AS g ON CONFLICT DO NOTHING",
        "parents RX",
        "rows parents 2 (insert)",
    ),
    kind(
        "insert on conflict do update",
        "INSERT INTO parents SELECT g, '' FROM generate_series(299, 302) AS g ON CONFLICT (id) DO UPDATE SET name = "
        "'again'",
        "parents RX",
        "rows parents 2 (update)",
        "rows parents 2 (insert)",
    ),
    # a plan does not say to which partitions rows were routed
    kind(
        "insert into a partitioned table",
        "INSERT INTO measures SELECT g, g FROM generate_series(10, 19) AS g",
        "measures RX",
        "rows measures 10 (insert)",
        untold="measures_1 RX",
    ),
    kind(
        "insert with a trigger",
        "INSERT INTO noted VALUES (1, 1), (2, 2)",
        "audit RX, noted RX",
        "rows noted 2 (insert)",
        "rows audit 2 (insert)",
    ),
    kind("update", "UPDATE items SET note = 'm'", "items RX", "rows items 2000 (update)"),
    kind("update one row", "UPDATE items SET note = 'm' WHERE id = 7", "items RX", "rows items 1 (update)"),
    kind(
        "update a foreign key",
        "UPDATE strict SET parent_id = 7 WHERE id = 1",
        "parents RS, strict RX",
        "rows strict 1 (update)",
    ),
    kind(
        "update a partitioned table",
        "UPDATE measures SET id = 0",
        "measures RX, measures_1 RX",
        "rows measures 90 (update)",
        "scan measures_1 90",
    ),
    kind(
        "update from another table",
        "UPDATE loose SET tag = p.name FROM parents AS p WHERE p.id = loose.id",
        "loose RX",
        "rows loose 40 (update)",
        "scan parents 41",
    ),
    kind(
        "update a parent",
        "UPDATE animals SET name = 'a'",
        "animals RX, dogs RX",
        "rows animals 30 (update)",
        "scan dogs 30",
    ),
    kind(
        "update in a with",
        "WITH gone AS (DELETE FROM audit RETURNING id), moved AS (UPDATE loose SET id = 1 RETURNING id) SELECT "
        "count(*) FROM moved",
        "audit RX, loose RX",
        "rows audit 0 (delete)",
        "rows loose 40 (update)",
    ),
    kind("delete", "DELETE FROM loose WHERE id <= 10", "loose RX", "rows loose 10 (delete)", "scan loose 40"),
    kind(
        "delete with a cascade",
        "DELETE FROM items WHERE id <= 3",
        "children RX, items RX",
        "rows items 3 (delete)",
        "rows children 3 (delete)",
    ),
    kind(
        "delete from a referenced table",
        "DELETE FROM parents WHERE id = 299",
        "parents RX, proven RS, strict RS",
        "rows parents 1 (delete)",
    ),
    kind("delete what a rule forbids", "DELETE FROM cats", "cats RX"),
    kind(
        "merge",
        "MERGE INTO loose USING (VALUES (1), (100)) AS v (id) ON v.id = loose.id WHEN MATCHED THEN UPDATE SET tag = "
        "'m' WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'n')",
        "loose RX",
        "rows loose 1 (insert)",
        "rows loose 1 (update)",
        "scan loose 40",
    ),
    kind(
        "merge into a partitioned table",
        "MERGE INTO measures AS m USING (VALUES (5)) AS v (at) ON m.at = v.at WHEN MATCHED THEN DELETE",
        "measures RX, measures_1 RX",
        "rows measures 1 (delete)",
        "scan measures_1 90",
    ),
    kind("explain analyze", "EXPLAIN ANALYZE UPDATE loose SET id = 1", "loose RX", "rows loose 40 (update)"),
    kind(
        "a prepared statement",
        ("PREPARE p AS UPDATE loose SET id = 1", "EXECUTE p"),
        "loose RX",
        "rows loose 40 (update)",
    ),
    kind(
        "a cursor for update",
        (
            "DECLARE c CURSOR FOR SELECT * FROM loose FOR UPDATE",
            "FETCH 1 FROM c",
            "UPDATE loose SET id = 5 WHERE CURRENT OF c",
        ),
        "loose RX",
        "scan loose 1",
        "rows loose 1 (update)",
    ),
    kind(
        "insert from a select for update",
        "INSERT INTO audit SELECT id FROM loose FOR UPDATE",
        "audit RX, loose RS",
        "rows audit 40 (insert)",
        "scan loose 40",
    ),
    kind(
        "update a key others refer to",
        "UPDATE parents SET id = 1000 WHERE id = 250",
        "parents RX, proven RS, strict RS",
        "rows parents 1 (update)",
    ),
    kind("select", "SELECT count(*) FROM items", "", "scan items 2000"),
    kind("select for update", "SELECT id FROM loose FOR UPDATE", "loose RS", "scan loose 40"),
    kind(
        "select for key share of one",
        "SELECT 1 FROM loose AS l JOIN parents AS p ON p.id = l.id FOR KEY SHARE OF p",
        "parents RS",
        "scan loose 40",
        "scan parents 41",
    ),
    kind("select a function that writes", "SELECT fill()", "parents RX", "rows parents 300 (update)"),
    kind("copy in", "COPY loose FROM STDIN", "loose RX", "rows loose 2 (insert)"),
    kind("copy out", "COPY loose TO STDOUT", ""),
    kind(
        "update through a view",
        "UPDATE item_codes SET code = 'z' WHERE id = 3",
        "item_codes RX, items RX",
        "rows items 1 (update)",
    ),
    # blocks, functions, strings
    kind(
        "a block with nested ddl",
        "DO $$ BEGIN ALTER TABLE loose ADD COLUMN extra int; UPDATE loose SET extra = 1; CREATE INDEX ix ON items "
        "(parent_id); END $$",
        "items SHARE, loose AX",
        "index-build items 2000 (ix)",
        "rows loose 40 (update)",
    ),
    kind("a block that truncates", "DO $$ BEGIN TRUNCATE loose; END $$", "loose AX", "rows loose 40 (truncate)"),
    kind(
        "a block that fails and catches",
        "DO $$ BEGIN BEGIN ALTER TABLE loose ADD COLUMN extra int; PERFORM 1/0; EXCEPTION WHEN division_by_zero "
        "THEN NULL; END; ALTER TABLE audit ADD COLUMN extra int; END $$",
        "audit AX",
    ),
    kind(
        "a block with dynamic sql",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'loose' || ' ADD COLUMN extra int'; EXECUTE format('TRUNCATE %I', "
        "'audit'); END $$",
        "audit AX, loose AX",
        "rows audit 0 (truncate)",
    ),
    kind("a function that truncates", "SELECT empty()", "loose AX", "rows loose 40 (truncate)"),
    kind(
        "move to a tablespace",
        "ALTER TABLE items SET TABLESPACE elsewhere",
        "items AX",
        "rewrite items 2000 (tablespace)",
    ),
    kind("move an index to a tablespace", "ALTER INDEX items_code SET TABLESPACE elsewhere", "items AX"),
    kind("a function with ddl", "SELECT extend()", "loose RX, parents AX", "rows loose 40 (update)"),
    kind(
        "a string of several",
        "ALTER TABLE loose ADD COLUMN extra int; UPDATE loose SET extra = 1; TRUNCATE audit; CREATE INDEX ix ON "
        "items (parent_id)",
        "audit AX, items SHARE, loose AX",
        "rows loose 40 (update)",
        "rows audit 0 (truncate)",
        "index-build items 2000 (ix)",
    ),
    # the name goes to another table, and what is done to that one counts no more
    kind(
        "swap two tables",
        (
            "CREATE TABLE fresh (LIKE loose)",
            "ALTER TABLE loose RENAME TO old",
            "ALTER TABLE fresh RENAME TO loose",
            "INSERT INTO loose VALUES (1)",
            "TRUNCATE loose",
            "TRUNCATE old",
        ),
        "loose AX",
        "rows loose 40 (truncate)",
    ),
    # what is taken back, what fails
    kind(
        "a savepoint rolled back",
        ("SAVEPOINT s", "LOCK TABLE loose", "ROLLBACK TO SAVEPOINT s", "LOCK TABLE audit IN SHARE MODE"),
        "audit SHARE",
    ),
    kind(
        "a ddl rolled back to a savepoint",
        ("SAVEPOINT s", "ALTER TABLE loose ADD COLUMN extra int", "ROLLBACK TO SAVEPOINT s", "TRUNCATE audit"),
        "audit AX",
        "rows audit 0 (truncate)",
    ),
    kind(
        "a failure behind a savepoint",
        ("SAVEPOINT s", "ALTER TABLE loose ADD CHECK (id > 1)", "ROLLBACK TO SAVEPOINT s", "TRUNCATE audit"),
        "audit AX",
        "rows audit 0 (truncate)",
    ),
    kind("a check that fails", "ALTER TABLE loose ADD CHECK (id > 1)", "loose AX", fails="23514"),
    kind("a unique index that fails", "CREATE UNIQUE INDEX ix ON items (parent_id)", "items SHARE", fails="23505"),
    kind(
        "a string that fails half way",
        "ALTER TABLE loose ADD COLUMN extra int; CREATE UNIQUE INDEX ix ON items (parent_id); TRUNCATE audit",
        "items SHARE, loose AX",
        fails="23505",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A server with a database that holds the tables, to be copied for each kind."""

    server: Server
    role: str


@pytest.fixture(scope="module", params=["server", "server15"])
def origin(request: pytest.FixtureRequest) -> Iterator[Origin]:
    server: Server = request.getfixturevalue(request.param)
    name = f"kinds_{uuid.uuid4().hex[:12]}"
    with server.connect() as admin:
        admin.execute("SET allow_in_place_tablespaces = on")
        admin.execute(f"CREATE ROLE {name} LOGIN")
        admin.execute("CREATE TABLESPACE elsewhere LOCATION ''")
        admin.execute(f"GRANT CREATE ON TABLESPACE elsewhere TO {name}")
        admin.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 STRATEGY FILE_COPY")
    with psycopg.connect(server.dsn(name), user=name, autocommit=True) as connection:
        connection.execute(TABLES.encode())
        connection.execute("ANALYZE")
    yield Origin(server=server, role=name)
    with server.connect() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute("DROP TABLESPACE elsewhere")
        admin.execute(f"DROP ROLE {name}")


@pytest.fixture
def stage(origin: Origin) -> Iterator[Stage]:
    server, name = origin.server, f"kind_{uuid.uuid4().hex[:12]}"
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER {origin.role} TEMPLATE {origin.role} STRATEGY FILE_COPY")
    yield Stage(
        provider="embedded",
        address=StageAddress(socket_dir=server.socket_dir, port=server.port, database=name, user=origin.role, token=""),
        admin=server.dsn(name),
        log_file=server.log_file,
        server_version_num=server.binaries.major * 10000,
        server_version=server.binaries.version,
    )
    with server.connect() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("row", [row for row in KINDS if not row.lone], ids=lambda row: row.name)
def test_a_statement_in_a_transaction_is_told_as_it_is(stage: Stage, row: Kind):
    needs(stage, row)

    with watching(stage) as watch, psycopg.connect(stage.admin, autocommit=True) as witness:
        (newest,) = witness.execute(NEWEST).fetchone() or (0,)
        with psycopg.connect(stage.address.url) as connection:
            code = play(connection, row)
            seen = witness.execute(HELD, (connection.info.backend_pid, newest)).fetchall()
            connection.rollback() if code else connection.commit()
        timeline = watch.timeline()

    told = locks(timeline, until_the_end=code is None)
    assert (code, told, work(timeline)) == (row.fails, expected(stage, row), row.work)
    if code is None:
        assert strongest((table, LockMode(mode)) for table, mode, _ in seen) == expected(stage, row) | parse(row.untold)
    assert (timeline.gaps, timeline.notes) == ((), ())


@pytest.mark.parametrize("row", [row for row in KINDS if row.lone], ids=lambda row: row.name)
def test_a_statement_that_stands_alone_is_told_as_it_is(stage: Stage, row: Kind):
    needs(stage, row)

    with watching(stage) as watch, psycopg.connect(stage.address.url, autocommit=True) as connection:
        code = play(connection, row)
        connection.close()
        timeline = watch.timeline()

    assert (code, locks(timeline), work(timeline)) == (row.fails, expected(stage, row), row.work)
    assert (timeline.gaps, timeline.notes) == ((), ())


@pytest.mark.parametrize("row", [row for row in KINDS if row.lone], ids=lambda row: row.name)
def test_a_statement_that_stands_alone_waits_for_a_lock_it_is_told_to_take(stage: Stage, row: Kind):
    needs(stage, row)
    table = next(iter(expected(stage, row)))

    with watching(stage) as watch, psycopg.connect(stage.admin) as witness:
        witness.execute(f"LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE")
        with psycopg.connect(stage.address.url, autocommit=True) as connection:
            playing = threading.Thread(target=play, args=(connection, row))
            playing.start()
            mode = awaited(witness, connection.info.backend_pid, table)
            witness.rollback()
            playing.join()
        timeline = watch.timeline()

    assert (table, mode) in {(lock.object.removeprefix("public."), lock.mode) for lock in timeline.locks}


def test_a_savepoint_releases_what_was_locked_since(stage: Stage):
    with watching(stage) as watch:
        with psycopg.connect(stage.address.url) as connection:
            for statement in ("LOCK audit", "SAVEPOINT s", "LOCK loose", "ROLLBACK TO s", "SELECT pg_sleep(0.1)"):
                connection.execute(statement)
        timeline = watch.timeline()

    rollback, commit = timeline.statements[4], timeline.statements[-1]
    assert [(lock.object, lock.released) for lock in timeline.locks] == [
        ("public.audit", commit.ended),
        ("public.loose", rollback.ended),
    ]


def test_an_error_releases_the_locks_at_once(stage: Stage):
    with watching(stage) as watch:
        with psycopg.connect(stage.address.url) as connection:
            connection.execute("LOCK loose")
            with pytest.raises(psycopg.errors.DivisionByZero):
                connection.execute("SELECT 1 / 0")
            time.sleep(0.1)
            connection.rollback()
        timeline = watch.timeline()

    failed, rollback = timeline.statements[-2:]
    assert (failed.outcome, failed.transaction) == (Outcome.FAILED, rollback.transaction)
    assert [lock.released for lock in timeline.locks] == [failed.ended]


def test_what_was_rolled_back_is_forgotten(stage: Stage):
    with watching(stage) as watch:
        with psycopg.connect(stage.address.url) as connection:
            connection.execute("ALTER TABLE loose RENAME TO tight")
            connection.execute("TRUNCATE tight")
            connection.rollback()
            connection.execute("TRUNCATE loose")
        timeline = watch.timeline()

    assert [work(timeline, each.number) for each in timeline.statements if each.tag == "TRUNCATE TABLE"] == [
        {"rows loose 40 (truncate)"},
        {"rows loose 40 (truncate)"},
    ]


def test_what_another_session_did_is_not_forgotten(stage: Stage):
    with watching(stage) as watch:
        with psycopg.connect(stage.address.url) as one, psycopg.connect(stage.address.url, autocommit=True) as other:
            one.execute("TRUNCATE loose")
            other.execute("ALTER TABLE noted RENAME TO marked")
            one.rollback()
            other.execute("TRUNCATE marked, loose")
        timeline = watch.timeline()

    assert work(timeline, timeline.statements[-1].number) == {"rows loose 40 (truncate)", "rows noted 25 (truncate)"}


def needs(stage: Stage, row: Kind) -> None:
    if stage.server_version_num // 10000 < row.since:
        pytest.skip(f"PostgreSQL {row.since} brought it")


def play(connection: psycopg.Connection, row: Kind) -> str | None:
    """Run the statements; return the SQLSTATE of the last if it fails. What fails behind a savepoint goes on."""
    code = None
    for statement in row.statements:
        code = None
        with contextlib.suppress(psycopg.errors.InFailedSqlTransaction):
            try:
                execute(connection, statement)
            except psycopg.Error as error:
                code = error.sqlstate
    return code


def execute(connection: psycopg.Connection, statement: str) -> None:
    if not statement.startswith("COPY"):
        connection.execute(statement.encode())
        return
    with connection.cursor().copy(statement.encode()) as copy:
        if "STDIN" in statement:
            copy.write("1\tx\n2\ty\n")
        else:
            list(copy)


def awaited(witness: psycopg.Connection, pid: int, table: str) -> LockMode:
    """Return the mode in which a backend waits for a table."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for name, mode, granted in witness.execute(HELD, (pid, 2**31)):
            if name == table and not granted:
                return LockMode(mode)
        time.sleep(0.01)
    raise AssertionError(f"did not wait for {table}")


def expected(stage: Stage, row: Kind) -> dict[str, LockMode]:
    is_15 = stage.server_version_num < 160000
    return parse(row.on15 if is_15 and row.on15 is not None else row.locks)


def parse(locks: str) -> dict[str, LockMode]:
    pairs = (lock.split() for lock in locks.split(", ") if lock)
    return {table: MODES[mode] for table, mode in pairs}


def locks(timeline: Timeline, *, until_the_end: bool = False) -> dict[str, LockMode]:
    """Return the strongest lock on each table, of those held at the end if so wished."""
    since = timeline.statements[-1].started
    held = (lock for lock in timeline.locks if lock.released >= since or not until_the_end)
    return strongest((lock.object.removeprefix("public."), lock.mode) for lock in held)


def strongest(locks: Iterable[tuple[str, LockMode]]) -> dict[str, LockMode]:
    return dict(sorted(locks, key=lambda each: each[1].strength))


def work(timeline: Timeline, number: int | None = None) -> set[str]:
    """Return the work on rows, of one statement if so wished, as the table writes it."""
    return {
        f"{each.kind.value} {each.object.removeprefix('public.')} {each.rows}"
        + (f" ({each.detail})" if each.detail else "")
        for statement in timeline.statements
        for each in statement.work
        if each.kind is not WorkKind.METADATA and number in (None, statement.number)
    }
