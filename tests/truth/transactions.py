"""F: enums, rows, transactions, the runner."""

from __future__ import annotations

from truth.case import PATIENT, Case, case

ADD = "ALTER TABLE items ADD COLUMN extra int"
FILL = "UPDATE items SET extra = 7"
UNTIMED = PATIENT
REWRITE = "ALTER TABLE items ALTER parent_id TYPE bigint"
LOCKED = "block long-blocking-lock items"
SMALL = "UPDATE countries SET name = 'x'"
UNLIMITED = "warn lock-timeout-missing items"
MOOD = (
    "CREATE TYPE mood AS ENUM ('calm')",
    "ALTER TYPE mood ADD VALUE 'wild'",
    "CREATE TABLE fresh (v mood DEFAULT 'wild')",
)


def block(body: str) -> str:
    return f"DO $$ BEGIN {body} END $$"


FEW = "SELECT id FROM items WHERE gap IS DISTINCT FROM 7 ORDER BY id"


def batches(chosen: str, times: int) -> str:
    return block(f"FOR i IN 1..{times} LOOP UPDATE items SET gap = 7 WHERE {chosen}; COMMIT; END LOOP;")


CASES: tuple[Case, ...] = (
    case(
        "F1",
        "value used at once",
        ("ALTER TYPE colour ADD VALUE 'pink'", "INSERT INTO typed VALUES (-1, 7, 'pink')"),
        "block step-failed 55P04",
    ),
    case(
        "F1",
        "value used as a default at once",
        ("ALTER TYPE colour ADD VALUE 'pink'", "ALTER TABLE items ALTER hue SET DEFAULT 'pink'"),
        "block step-failed 55P04",
    ),
    case("F1", "value used later", ["ALTER TYPE colour ADD VALUE 'pink'", "INSERT INTO typed VALUES (-1, 7, 'pink')"]),
    case("F1", "value that is there, guarded", "ALTER TYPE colour ADD VALUE IF NOT EXISTS 'red'"),
    case("F1", "value that is there", "ALTER TYPE colour ADD VALUE 'red'", "block step-failed 42710"),
    case("F1", "value before another", "ALTER TYPE colour ADD VALUE 'pink' BEFORE 'red'"),
    case("F1", "value of a type made at once, before 17", MOOD, "block step-failed 55P04", until=16),
    case("F1", "value of a type made at once", MOOD, since=17),
    case("F2", "value renamed", "ALTER TYPE colour RENAME VALUE 'blue' TO 'azure'", "warn enum-value-gone colour"),
    case("F2", "no such value", "ALTER TYPE colour RENAME VALUE 'pink' TO 'rose'", "block step-failed 22023"),
    case(
        "F2",
        "type made anew",
        (
            "ALTER TYPE colour RENAME TO colour_old",
            "CREATE TYPE colour AS ENUM ('red', 'green')",
            "ALTER TABLE typed ALTER hue TYPE colour USING hue::text::colour",
        ),
        "block table-rewrite typed",
        "warn enum-value-gone colour",
    ),
    case(
        "F2",
        "type made anew, the old one dropped",
        (
            "ALTER TYPE colour RENAME TO colour_old",
            "CREATE TYPE colour AS ENUM ('red', 'green')",
            "ALTER TABLE empties ALTER hue TYPE colour USING hue::text::colour",
            "DROP TYPE colour_old",
        ),
        "warn enum-value-gone colour",
        setup="ALTER TABLE items DROP hue; ALTER TABLE typed DROP hue; ALTER TABLE empties ADD COLUMN hue colour",
    ),
    case(
        "F2",
        "type made anew with a value more",
        (
            "ALTER TYPE colour RENAME TO colour_old",
            "CREATE TYPE colour AS ENUM ('red', 'green', 'blue', 'pink')",
            "ALTER TABLE empties ALTER hue TYPE colour USING hue::text::colour",
            "DROP TYPE colour_old",
        ),
        setup="ALTER TABLE items DROP hue; ALTER TABLE typed DROP hue; ALTER TABLE empties ADD COLUMN hue colour",
    ),
    case("F3", "filled in the transaction of the column", (ADD, FILL), LOCKED),
    case("F3", "filled in another transaction", [ADD, FILL], "block rows-locked items"),
    case(
        "F3",
        "filled before another column is added",
        (FILL.replace("extra", "gap"), ADD),
        "block rows-locked items",
        "warn lock-upgraded items",
    ),
    case(
        "F3",
        "filled by another table's rows",
        (ADD, "UPDATE items SET extra = p.id FROM parents AS p WHERE p.id = parent_id"),
        LOCKED,
    ),
    case(
        "F3", "rows of another table written", (ADD, "UPDATE labels SET free = 'g'"), LOCKED, "block rows-locked labels"
    ),
    case("F3", "rows copied from another table", (ADD, "INSERT INTO audit SELECT id FROM labels"), LOCKED),
    case("F3", "rows copied from the table itself", (ADD, "INSERT INTO audit SELECT id FROM items"), LOCKED),
    case("F3", "rows copied into a new table", (ADD, "CREATE TABLE fresh AS SELECT * FROM labels"), LOCKED),
    case("F3", "one row written by its key", (ADD, "UPDATE items SET extra = 7 WHERE id = 1")),
    case("F3", "some rows written by their key", (ADD, "UPDATE items SET extra = 7 WHERE id IN (1, 2, 3)")),
    case("F3", "no row written", (ADD, "UPDATE items SET extra = 7 WHERE id = -1")),
    case("F3", "rows of a small table written", (ADD, "UPDATE countries SET name = 'x'")),
    case(
        "F3", "rows of a new table written", (ADD, "CREATE TABLE fresh (id int)", "INSERT INTO fresh VALUES (1), (2)")
    ),
    case("F3", "a row inserted into a large table", (ADD, "INSERT INTO noted VALUES (-1, 7)")),
    case("F3", "rows inserted into a large table", (ADD, "INSERT INTO labels (id) VALUES (-1), (-2), (-3)")),
    case("F3", "a row deleted by its key", (ADD, "DELETE FROM countries WHERE id = 7"), "block rows-lost countries"),
    case("F3", "one row written by a unique text", (ADD, "UPDATE parents SET name = 'x' WHERE code = 'c7'")),
    case("F3", "one row written by its key and more", (ADD, "UPDATE items SET extra = 7 WHERE id = 1 AND size > 0")),
    case("F3", "all rows but one written", (ADD, "UPDATE items SET extra = 7 WHERE NOT id = 1"), LOCKED),
    case(
        "F3", "rows written by a column that is no key", (ADD, "UPDATE items SET extra = 7 WHERE parent_id = 1"), LOCKED
    ),
    case("F3", "another table emptied", (ADD, "TRUNCATE dirty"), "block rows-lost dirty"),
    case(
        "F3",
        "rows copied into a new table that refers to them",
        ("CREATE TABLE fresh (id int REFERENCES items)", "INSERT INTO fresh SELECT id FROM items"),
        LOCKED,
    ),
    case(
        "F3",
        "seeds of a new table that refers to a large one",
        ("CREATE TABLE fresh (id int REFERENCES items)", "INSERT INTO fresh VALUES (1), (2)"),
    ),
    case(
        "F3",
        "one row written by its key, from a lookup",
        (ADD, "UPDATE items SET extra = (SELECT max(id) FROM labels) WHERE id = 1"),
    ),
    case(
        "F3",
        "one row written by its key, from all rows of another table",
        (ADD, "UPDATE items SET extra = (SELECT max(length(free)) FROM labels) WHERE id = 1"),
        LOCKED,
    ),
    case("F3", "a row inserted", (ADD, "INSERT INTO audit VALUES (1)")),
    case("F3", "a row of each kind inserted", (ADD, "INSERT INTO countries VALUES (51, 'c', 'k'), (52, 'd', 'l')")),
    case(
        "F3",
        "filled by a loop",
        (ADD, block("FOR i IN 1..100 LOOP UPDATE items SET extra = i WHERE id % 100 = i; END LOOP;")),
        LOCKED,
    ),
    case("F3", "index dropped, then filled", ("DROP INDEX items_code", FILL.replace("extra", "gap")), LOCKED),
    case(
        "F3",
        "locked by hand, then filled",
        ("LOCK TABLE items IN SHARE ROW EXCLUSIVE MODE", FILL.replace("extra", "gap")),
        LOCKED,
    ),
    case(
        "F3",
        "locked by hand against nobody, then filled",
        ("LOCK TABLE items IN ROW EXCLUSIVE MODE", FILL.replace("extra", "gap")),
        "block rows-locked items",
    ),
    case(
        "F3",
        "column of a new table, then filled",
        (
            "CREATE TABLE fresh AS SELECT id FROM countries",
            "ALTER TABLE fresh ADD COLUMN extra int",
            "UPDATE fresh SET extra = 7",
        ),
    ),
    case("F4", "every row", "UPDATE items SET gap = 7", "block rows-locked items"),
    case("F4", "every row, said otherwise", "UPDATE items SET gap = 7 WHERE true", "block rows-locked items"),
    case("F4", "one row", "UPDATE items SET gap = 7 WHERE id = 1"),
    case("F4", "a small table", "UPDATE countries SET name = 'x'"),
    case(
        "F4",
        "in batches",
        [f"UPDATE items SET gap = 7 WHERE id BETWEEN {first} AND {first + 499}" for first in (1, 501)],
    ),
    case(
        "F5", "some rows deleted", "DELETE FROM dirty WHERE id < 10", "block rows-lost dirty", "warn rows-locked dirty"
    ),
    case("F5", "every row deleted", "DELETE FROM dirty", "block rows-lost dirty", "block rows-locked dirty"),
    case(
        "F5",
        "rows that others follow",
        "DELETE FROM items WHERE id = 1",
        "block rows-lost items",
        "block rows-lost children",
    ),
    case("F5", "no row deleted", "DELETE FROM dirty WHERE id < 0"),
    case(
        "F5",
        "rows deleted and inserted",
        ("DELETE FROM countries WHERE id = 1", "INSERT INTO countries VALUES (1, 'c1', 'k1')"),
    ),
    case(
        "F5",
        "rows moved to another table",
        ("CREATE TABLE fresh AS SELECT * FROM countries", "DROP TABLE countries"),
        "block table-dropped countries",
    ),
    case(
        "F5",
        "rows deleted, taken back",
        ("SAVEPOINT here", "DELETE FROM dirty", "ROLLBACK TO here"),
        "block rows-locked dirty",
    ),
    case("F6", "a seed row", "INSERT INTO countries VALUES (51, 'c51', 'k51')"),
    case(
        "F6", "a seed row that is there, guarded", "INSERT INTO countries VALUES (1, 'c1', 'k1') ON CONFLICT DO NOTHING"
    ),
    case(
        "F6",
        "a seed row by a masked key, guarded",
        "INSERT INTO countries VALUES (51, 'c51', 'k51') ON CONFLICT (code) DO NOTHING",
        setup="CREATE UNIQUE INDEX ON countries (code)",
        masked=("countries.code",),
    ),
    case(
        "F6",
        "a seed row by a masked key, or the row that is there",
        "INSERT INTO countries VALUES (51, 'c51', 'k51') ON CONFLICT (code) DO UPDATE SET name = excluded.name",
        setup="CREATE UNIQUE INDEX ON countries (code)",
        masked=("countries.code",),
        is_open=True,
    ),
    case("F6", "a seed row that is there", "INSERT INTO countries VALUES (1, 'c1', 'k1')", "block step-failed 23505"),
    case("F7", "column", [UNTIMED, ADD], UNLIMITED),
    case("F7", "column, in the transaction", ("SET LOCAL lock_timeout = 0", ADD), UNLIMITED),
    case("F7", "set by the role", ADD),
    case("F7", "set by the migration", [UNTIMED, ("SET LOCAL lock_timeout = '1s'", ADD)]),
    case("F7", "set by the session", [UNTIMED, "SET lock_timeout = '1s'", ADD]),
    case("F7", "set too late", [UNTIMED, (ADD, "SET LOCAL lock_timeout = '1s'")], UNLIMITED),
    case("F7", "reset meanwhile", [UNTIMED, "RESET lock_timeout", ADD]),
    case(
        "F7",
        "foreign key, not valid",
        [UNTIMED, "ALTER TABLE items ADD FOREIGN KEY (gap) REFERENCES parents NOT VALID"],
        UNLIMITED,
        "warn lock-timeout-missing parents",
        "warn foreign-key-without-index items.items_gap_fkey",
    ),
    case(
        "F7",
        "foreign key dropped",
        [UNTIMED, "ALTER TABLE children DROP CONSTRAINT children_item"],
        "warn lock-timeout-missing children",
        UNLIMITED,
    ),
    case("F7", "index", [UNTIMED, "CREATE INDEX ON items (amount)"], UNLIMITED, "block blocking-index-build items"),
    case(
        "F7",
        "index of a small table",
        [UNTIMED, "CREATE INDEX ON countries (code)"],
        "warn lock-timeout-missing countries",
    ),
    case("F7", "index, concurrently", [UNTIMED, "CREATE INDEX CONCURRENTLY ON items (amount)"]),
    case("F7", "index dropped", [UNTIMED, "DROP INDEX items_code"], UNLIMITED),
    case("F7", "index dropped, concurrently", [UNTIMED, "DROP INDEX CONCURRENTLY items_code"]),
    case("F7", "index rebuilt, concurrently", [UNTIMED, "REINDEX INDEX CONCURRENTLY items_code"]),
    case("F7", "validated", [UNTIMED, "ALTER TABLE proven VALIDATE CONSTRAINT w_positive"]),
    case("F7", "statistics target", [UNTIMED, "ALTER TABLE items ALTER size SET STATISTICS 500"]),
    case("F7", "comment", [UNTIMED, "COMMENT ON TABLE items IS 'what is sold'"]),
    case(
        "F7",
        "partitioned table",
        [UNTIMED, "ALTER TABLE measures ADD COLUMN extra int"],
        "warn lock-timeout-missing measures",
    ),
    case(
        "F7",
        "partition made",
        [UNTIMED, "CREATE TABLE measures_9 PARTITION OF measures FOR VALUES FROM (900) TO (1000)"],
        "warn lock-timeout-missing measures",
    ),
    case(
        "F7",
        "partition attached",
        [UNTIMED, "ALTER TABLE measures ATTACH PARTITION measures_3 FOR VALUES FROM (200) TO (300)"],
        "warn lock-timeout-missing measures_3",
    ),
    case(
        "F7",
        "trigger",
        [UNTIMED, "CREATE TRIGGER noting AFTER INSERT ON labels FOR EACH ROW EXECUTE FUNCTION note()"],
        "warn lock-timeout-missing labels",
    ),
    case("F7", "truncated", [UNTIMED, "TRUNCATE empties"], "warn lock-timeout-missing empties"),
    case("F7", "locked by hand", [UNTIMED, ("LOCK TABLE items",)], UNLIMITED),
    case("F7", "rows written", [UNTIMED, "UPDATE countries SET name = 'x'"]),
    case("F7", "table just made", [UNTIMED, ("CREATE TABLE fresh (id int)", "ALTER TABLE fresh ADD COLUMN extra int")]),
    case(
        "F7",
        "view replaced",
        [UNTIMED, "CREATE OR REPLACE VIEW item_codes AS SELECT id, code, size FROM items"],
        "warn lock-timeout-missing item_codes",
    ),
    case("F7", "function made", [UNTIMED, "CREATE FUNCTION eight() RETURNS int LANGUAGE sql AS 'SELECT 8'"]),
    case("F7", "block of code", [UNTIMED, block(f"{ADD};")], UNLIMITED),
    case(
        "F8", "statement too slow", ["SET statement_timeout = '20ms'", "SELECT pg_sleep(2)"], "block step-failed 57014"
    ),
    case("F8", "statement quick enough", ["SET statement_timeout = '10s'", ADD]),
    case("F9", "another table read", (ADD, "SELECT count(*) FROM labels"), LOCKED),
    case("F9", "nothing read", (ADD, "SELECT 1")),
    case("F9", "a small table read", (ADD, "SELECT count(*) FROM countries")),
    case("F9", "a row read by its key", (ADD, "SELECT * FROM labels WHERE id = 7")),
    case("F9", "the table itself read", (ADD, "SELECT count(*) FROM items WHERE extra IS NULL"), LOCKED),
    case("F9", "any row read", (ADD, "SELECT id FROM labels LIMIT 1")),
    case("F9", "some rows read, and locked", (ADD, "SELECT id FROM labels LIMIT 500 FOR SHARE")),
    case("F9", "some rows of partitions read", (ADD, "SELECT id FROM measures LIMIT 100")),
    case("F9", "some rows sought", (ADD, "SELECT id FROM labels WHERE free <> 'f' LIMIT 1"), LOCKED),
    case("F9", "a row found at the end", (ADD, "SELECT EXISTS (SELECT FROM labels WHERE name = 'N2000')"), LOCKED),
    case("F9", "no row found", (ADD, "SELECT EXISTS (SELECT FROM labels WHERE free = 'x')"), LOCKED),
    case("F9", "asked whether there is a row", (ADD, "SELECT EXISTS (SELECT FROM labels)")),
    case("F9", "asked which rows there are", (ADD, "SELECT 1 WHERE 7 IN (SELECT length(free) FROM labels)"), LOCKED),
    case(
        "F9",
        "asked often whether there is a row",
        (ADD, block("FOR i IN 1..200 LOOP IF EXISTS (SELECT FROM labels) THEN NULL; END IF; END LOOP;")),
    ),
    case("F9", "the first row read", (ADD, "SELECT id FROM labels ORDER BY id LIMIT 1")),
    case("F9", "the first row sought", (ADD, "SELECT id FROM labels ORDER BY free LIMIT 1"), LOCKED),
    case("F9", "read before", ("SELECT count(*) FROM labels", ADD)),
    case(
        "F9",
        "catalog changes only",
        (ADD, "COMMENT ON COLUMN items.extra IS 'x'", "ALTER TABLE items ALTER extra SET DEFAULT 7"),
    ),
    case(
        "F9",
        "index of another table",
        (ADD, "CREATE INDEX ON labels (free)"),
        LOCKED,
        "block blocking-index-build labels",
    ),
    case("F9", "index of the table itself", (ADD, "CREATE INDEX ON items (extra)"), "block blocking-index-build items"),
    case("F9", "waited", (ADD, "SELECT pg_sleep(1.2)"), LOCKED),
    case("F10", "two tables, briefly", (ADD, "ALTER TABLE labels ADD COLUMN extra int")),
    case("F10", "read, then changed", ("SELECT count(*) FROM items", ADD)),
    case(
        "F10",
        "rows deleted, then indexed",
        ("DELETE FROM dirty WHERE id < 10", "CREATE INDEX ON dirty (below)"),
        "block rows-lost dirty",
        "warn rows-locked dirty",
        "warn lock-upgraded dirty",
        "block blocking-index-build dirty",
    ),
    case("F10", "one row written, then changed", ("UPDATE items SET gap = 7 WHERE id = 1", ADD)),
    case("F10", "rows of a small table written, then changed", (SMALL, "ALTER TABLE countries ADD COLUMN extra int")),
    case(
        "F10",
        "rows written, then changed, in transactions of their own",
        [FILL.replace("extra", "gap"), ADD],
        "block rows-locked items",
    ),
    case("F10", "rows of one table written, another changed", (SMALL, ADD)),
    case("F11", "block", block(f"{REWRITE};"), "block table-rewrite items"),
    case("F11", "block, dynamic", block(f"EXECUTE '{REWRITE}';"), "block table-rewrite items"),
    case("F11", "block, calm", block(f"{ADD};")),
    case(
        "F11",
        "block, guarded",
        block(f"IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'nowhere') THEN {ADD}; END IF;"),
    ),
    case("F11", "block, filled", block(f"{ADD}; {FILL};"), LOCKED),
    case(
        "F11",
        "block, filled, then changed",
        block(f"{FILL.replace('extra', 'gap')}; {ADD};"),
        "block rows-locked items",
        "warn lock-upgraded items",
    ),
    case("F11", "block, reads a large table under its lock", block(f"{ADD}; PERFORM count(*) FROM labels;"), LOCKED),
    case("F11", "block, reads a small table under its lock", block(f"{ADD}; PERFORM count(*) FROM countries;")),
    case("F11", "block, reads a large table before its lock", block(f"PERFORM count(*) FROM labels; {ADD};")),
    case(
        "F11", "block, asks whether there is a row", block(f"{ADD}; IF EXISTS (SELECT FROM labels) THEN NULL; END IF;")
    ),
    case("F11", "block, fails", block("PERFORM 1 / 0;"), "block step-failed 22012"),
    case("F11", "block, raises", block("RAISE EXCEPTION 'not today';"), "block step-failed P0001"),
    case(
        "F11", "block, fails and goes on", block("BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END;")
    ),
    case("F11", "block, index", block("CREATE INDEX ON items (amount);"), "block blocking-index-build items"),
    case(
        "F11", "block, validation", block("ALTER TABLE items ADD CHECK (size > 0);"), "block blocking-validation items"
    ),
    case("F11", "block, truncated", block("TRUNCATE dirty;"), "block rows-lost dirty"),
    case(
        "F11",
        "function",
        ["SELECT change()"],
        "block table-rewrite items",
        setup=f"CREATE FUNCTION change() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {REWRITE}; END $$",
    ),
    case(
        "F11",
        "function in SQL",
        ["SELECT change()"],
        "block table-rewrite items",
        setup=f"CREATE FUNCTION change() RETURNS void LANGUAGE sql AS $$ {REWRITE} $$",
    ),
    case(
        "F11",
        "procedure that does not commit",
        ["CALL change()"],
        LOCKED,
        setup=f"CREATE PROCEDURE change() LANGUAGE plpgsql AS $$ BEGIN {ADD}; {FILL}; END $$",
    ),
    case(
        "F11",
        "procedure that commits in between",
        ["CALL change()"],
        "block rows-locked items",
        setup=f"CREATE PROCEDURE change() LANGUAGE plpgsql AS $$ BEGIN {ADD}; COMMIT; {FILL}; END $$",
    ),
    case(
        "F11",
        "procedure that commits too late",
        ["CALL change()"],
        LOCKED,
        setup=f"CREATE PROCEDURE change() LANGUAGE plpgsql AS $$ BEGIN {ADD}; {FILL}; COMMIT; PERFORM 1; END $$",
    ),
    case("F11", "block that commits batches of a size", batches("items.id BETWEEN i * 250 AND i * 250 + 249", 8)),
    case("F11", "block that commits batches of a LIMIT", batches(f"id IN ({FEW} LIMIT 500)", 4)),
    case("F11", "block that commits one batch and finds no more", batches(f"id IN ({FEW} LIMIT 5000)", 2)),
    case(
        "F11",
        "block that commits all rows in one batch",
        batches(f"id IN ({FEW} LIMIT 5000)", 1),
        "block rows-locked items",
    ),
    case("F11", "block that commits tenths", batches("id % 10 = i", 10), "block rows-locked items"),
    case(
        "F11",
        "block that commits a batch, then all rows",
        batches("i = 1 AND id < 500 OR i = 2", 2),
        "block rows-locked items",
    ),
    case(
        "F11",
        "procedure that commits batches of its argument",
        ["CALL fill(500)"],
        setup="CREATE PROCEDURE fill(few int) LANGUAGE plpgsql AS $$ BEGIN LOOP UPDATE items SET gap = 7 WHERE id IN "
        f"({FEW} LIMIT few); EXIT WHEN NOT FOUND; COMMIT; END LOOP; END $$",
    ),
    case(
        "F12",
        "revisions in one transaction",
        (
            ADD,
            "ALTER TABLE labels ADD CONSTRAINT short CHECK (length(free) < 20) NOT VALID",
            "ALTER TABLE labels VALIDATE CONSTRAINT short",
        ),
        LOCKED,
        "block blocking-validation labels",
    ),
    case(
        "F12",
        "revisions in transactions of their own",
        [
            (ADD,),
            ("ALTER TABLE labels ADD CONSTRAINT short CHECK (length(free) < 20) NOT VALID",),
            ("ALTER TABLE labels VALIDATE CONSTRAINT short",),
        ],
    ),
    case(
        "F12",
        "the first stays, the second fails",
        [(ADD,), ("SELECT 1 / 0",)],
        "block step-failed 22012",
        "warn not-rerunnable case.sql",
    ),
)
