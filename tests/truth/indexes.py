"""D: indexes."""

from __future__ import annotations

from truth.case import AGAIN, PATIENT, Case, case

BUILT = "block blocking-index-build items"
INVALID = (
    "CREATE UNIQUE INDEX dirty_id ON dirty (id); RESET ROLE; "
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'dirty_id'::regclass"
)


CASES: tuple[Case, ...] = (
    case("D1", "plain", "CREATE INDEX ON items (amount)", BUILT),
    case("D1", "unique", "CREATE UNIQUE INDEX ON items (amount)", BUILT),
    case("D1", "of an expression", "CREATE INDEX ON items (lower(code))", BUILT),
    case("D1", "partial", "CREATE INDEX ON items (amount) WHERE flag", BUILT),
    case("D1", "hash", "CREATE INDEX ON items USING hash (code)", BUILT),
    case("D1", "of json", "CREATE INDEX ON items USING gin ((body::jsonb))", BUILT),
    case("D1", "brin", "CREATE INDEX ON items USING brin (id)", BUILT),
    case("D1", "in a transaction", ("CREATE INDEX ON items (amount)",), BUILT),
    case("D1", "two in a transaction", ("CREATE INDEX ON items (amount)", "CREATE INDEX ON items (seen)"), BUILT),
    case(
        "D1",
        "two tables in a transaction",
        ("CREATE INDEX ON items (amount)", "CREATE INDEX ON labels (free)"),
        BUILT,
        "block blocking-index-build labels",
        "block long-blocking-lock items",
    ),
    case("D1", "concurrently", [PATIENT, "CREATE INDEX CONCURRENTLY ON items (amount)"]),
    case("D1", "unique, concurrently", [PATIENT, "CREATE UNIQUE INDEX CONCURRENTLY one ON items (amount)"]),
    case("D1", "on a table just made", ("CREATE TABLE fresh (id int)", "CREATE INDEX ON fresh (id)")),
    case(
        "D1",
        "on a table just made and filled",
        ("CREATE TABLE fresh AS SELECT id FROM items", "CREATE INDEX ON fresh (id)"),
    ),
    case("D1", "on an empty table", "CREATE INDEX ON empties (v)"),
    case("D1", "on a small table", "CREATE INDEX ON countries (code)"),
    case("D1", "on the parent only", "CREATE INDEX ON ONLY measures (id)"),
    case("D1", "that is there", "CREATE INDEX IF NOT EXISTS items_code ON items (code)"),
    case(
        "D1",
        "that is there, concurrently",
        [PATIENT, "CREATE INDEX CONCURRENTLY IF NOT EXISTS items_code ON items (code)"],
    ),
    case("D1", "that is there, unguarded", "CREATE INDEX items_code ON items (code)", "block step-failed 42P07"),
    case("D1", "on a materialised view", "CREATE INDEX ON summary (id)", "block blocking-index-build summary"),
    case("D2", "build", ("CREATE INDEX CONCURRENTLY ON items (amount)",), "block step-failed 25001"),
    case("D2", "drop", ("DROP INDEX CONCURRENTLY items_code",), "block step-failed 25001"),
    case("D2", "rebuild", ("REINDEX INDEX CONCURRENTLY items_code",), "block step-failed 25001"),
    case("D2", "vacuum", ("VACUUM items",), "block step-failed 25001"),
    case(
        "D2",
        "build, after something else was committed",
        [("ALTER TABLE items ADD COLUMN extra int",), PATIENT, "CREATE INDEX CONCURRENTLY ON items (extra)"],
    ),
    case(
        "D3",
        "duplicates",
        "CREATE UNIQUE INDEX CONCURRENTLY ON dirty (twice)",
        "block step-failed 23505",
        "block invalid-index dirty_twice_idx",
    ),
    case(
        "D3",
        "expression fails",
        "CREATE INDEX CONCURRENTLY ON dirty ((1 / (id - 1)))",
        "block step-failed 22012",
        "block invalid-index dirty_expr_idx",
    ),
    case(
        "D3",
        "tried again",
        [PATIENT, "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS dirty_id ON dirty (id)"],
        "block name-taken dirty_id",
        setup=INVALID,
    ),
    case(
        "D3",
        "dropped and built again",
        [
            PATIENT,
            "DROP INDEX CONCURRENTLY IF EXISTS dirty_id",
            "CREATE UNIQUE INDEX CONCURRENTLY dirty_id ON dirty (id)",
        ],
        setup=INVALID,
    ),
    case("D3", "rebuilt", [PATIENT, "REINDEX INDEX CONCURRENTLY dirty_id"], setup=INVALID),
    case("D4", "hasty", "CREATE INDEX CONCURRENTLY ON items (amount)", "warn timeout-too-short items"),
    case("D4", "hasty drop", "DROP INDEX CONCURRENTLY items_code", "warn timeout-too-short items"),
    case("D4", "hasty rebuild", "REINDEX TABLE CONCURRENTLY items", "warn timeout-too-short items"),
    case("D4", "patient", [PATIENT, "CREATE INDEX CONCURRENTLY ON items (seen)"]),
    case("D5", "partitioned", "CREATE INDEX CONCURRENTLY ON measures (id)", "block step-failed 0A000"),
    case(
        "D5",
        "partition by partition",
        [
            "CREATE INDEX measures_id ON ONLY measures (id)",
            PATIENT,
            "CREATE INDEX CONCURRENTLY measures_1_id ON measures_1 (id)",
            AGAIN,
            "ALTER INDEX measures_id ATTACH PARTITION measures_1_id",
        ],
    ),
    case("D5", "one partition", [PATIENT, "CREATE INDEX CONCURRENTLY ON measures_1 (id)"]),
    case("D5", "dropped", "DROP INDEX CONCURRENTLY measures_at", "block step-failed 0A000"),
    case("D6", "partitioned", "CREATE INDEX ON measures (id)", "block blocking-index-build measures_1"),
    case("D6", "partition", "CREATE INDEX ON measures_1 (id)", "block blocking-index-build measures_1"),
    case("D6", "two partitions", "CREATE INDEX ON events (id)", "block blocking-index-build events"),
    case("D7", "plain", "DROP INDEX items_code"),
    case("D7", "concurrently", [PATIENT, "DROP INDEX CONCURRENTLY items_code"]),
    case("D7", "of a constraint", "DROP INDEX parents_code", "block step-failed 2BP01"),
    case("D7", "that is not there", "DROP INDEX nowhere", "block step-failed 42704"),
    case("D7", "that is not there, guarded", "DROP INDEX IF EXISTS nowhere"),
    case(
        "D7",
        "then rows written",
        ("DROP INDEX items_code", "UPDATE labels SET free = 'g'"),
        "block long-blocking-lock items",
        "block rows-locked labels",
    ),
    case("D7", "renamed", "ALTER INDEX items_code RENAME TO items_by_code"),
    case("D7", "storage", "ALTER INDEX items_code SET (fillfactor = 80)"),
    case("D8", "index", "REINDEX INDEX items_code", BUILT),
    case("D8", "table", "REINDEX TABLE items", BUILT),
    case("D8", "index, concurrently", [PATIENT, "REINDEX INDEX CONCURRENTLY items_code"]),
    case("D8", "table, concurrently", [PATIENT, "REINDEX TABLE CONCURRENTLY items"]),
    case("D8", "small table", "REINDEX TABLE countries"),
    case("D8", "empty table", "REINDEX TABLE empties"),
    case("D8", "partitioned table", "REINDEX TABLE measures", "block blocking-index-build measures_1"),
    case("D8", "in a transaction", ("REINDEX INDEX items_code",), BUILT),
)
