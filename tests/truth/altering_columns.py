"""B: columns altered."""

from __future__ import annotations

from truth.case import AGAIN, PATIENT, Case, case

REWRITTEN = "block table-rewrite items"
VALIDATED = "block blocking-validation items"
UTC = "SET LOCAL TimeZone = 'UTC'"
PARIS = "SET LOCAL TimeZone = 'Europe/Paris'"
LENGTHEN = (
    "CREATE FUNCTION lengthen() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN new.parent_long := new.parent_id; RETURN new; END'"
)

REWRITES = {  # column of items -> new type
    "int to bigint": "parent_id TYPE bigint",
    "int to a checked domain": "parent_id TYPE positive",
    "char to text": "word TYPE text",
    "char to a longer char": "word TYPE char(20)",
    "numeric to another scale": "price TYPE numeric(12, 3)",
    "timestamp to fewer digits": "seen TYPE timestamp(0)",
    "json to jsonb": "body TYPE jsonb USING body::jsonb",
    "json to jsonb, unsaid": "body TYPE jsonb",
    "a real USING": "parent_id TYPE int USING parent_id + 0",
    "a USING that only looks idle": "digits TYPE text USING trim(digits)",
}
RETYPES = {  # likewise, and code sees another type
    "int to smallint": "parent_id TYPE smallint",
    "int to numeric": "parent_id TYPE numeric",
    "int to text": "parent_id TYPE text",
    "text to varchar(n)": "digits TYPE varchar(50)",
    "numeric to a narrower one": "price TYPE numeric(8, 2)",
    "enum to text": "hue TYPE text",
    "enum to text, said": "hue TYPE text USING hue::text",
    "text to int": "digits TYPE int USING digits::int",
    "bigint and back": "amount TYPE numeric(20, 0)",
    "boolean to int": "flag TYPE int USING flag::int",
}
CALM = {  # column of items -> new type
    "the same type": "parent_id TYPE int",
    "numeric to more digits": "price TYPE numeric(12, 2)",
    "numeric without limit": "price TYPE numeric",
    "varbit longer": "bits TYPE varbit(16)",
    "varbit without limit": "bits TYPE varbit",
    "interval to more digits": "span TYPE interval(6)",
    "interval without limit": "span TYPE interval",
    "time to more digits": "at TYPE time(6)",
    "time without limit": "at TYPE time",
    "timestamp to more digits": "stamp TYPE timestamp(6)",
    "timestamp without limit": "stamp TYPE timestamp",
    "cidr to inet": "net TYPE inet",
    "int to a plain domain": "parent_id TYPE plain",
    "a plain domain to int": "level TYPE int",
    "text to varchar": "digits TYPE varchar",
    "an idle USING": "digits TYPE text USING digits",
    "an idle USING with a cast": "digits TYPE text USING digits::text",
}
LABELS_CALM = {  # column of labels -> new type
    "varchar longer": "free TYPE varchar(40)",
    "varchar without limit": "free TYPE varchar",
    "varchar to text": "free TYPE text",
    "varchar longer, said": "free TYPE varchar(40) USING free::varchar(40)",
    "varchar longer, under an index": "state TYPE varchar(40)",
    "varchar to text, under an index": "state TYPE text",
    "text to varchar, under an index": "whole TYPE varchar",
}
LABELS_RETYPES = {
    "varchar shorter": "free TYPE varchar(10)",
    "varchar shorter, under an index": "state TYPE varchar(10)",
    "varchar to char": "free TYPE char(20)",
}

CASES: tuple[Case, ...] = (
    *(case("B1", name, f"ALTER TABLE items ALTER {change}", REWRITTEN) for name, change in REWRITES.items()),
    *(
        case("B1", name, f"ALTER TABLE items ALTER {change}", REWRITTEN, f"warn type-changed items.{change.split()[0]}")
        for name, change in RETYPES.items()
    ),
    *(
        case(
            "B1",
            name,
            f"ALTER TABLE labels ALTER {change}",
            "block table-rewrite labels",
            f"warn type-changed labels.{change.split()[0]}",
        )
        for name, change in LABELS_RETYPES.items()
    ),
    case(
        "B1",
        "a real USING of varchar",
        "ALTER TABLE labels ALTER free TYPE varchar(20) USING upper(free)",
        "block table-rewrite labels",
        "block values-changed labels.free",
    ),
    *(case("B1", name, f"ALTER TABLE items ALTER {change}") for name, change in CALM.items()),
    *(case("B1", name, f"ALTER TABLE labels ALTER {change}") for name, change in LABELS_CALM.items()),
    case(
        "B1",
        "citext to text",
        "ALTER TABLE folded ALTER v TYPE text",
        "warn type-changed folded.v",
        setup="CREATE EXTENSION citext; CREATE TABLE folded (v citext); INSERT INTO folded SELECT note FROM items",
    ),
    case("B1", "int to bigint, on an empty table", "ALTER TABLE empties ALTER v TYPE bigint"),
    case(
        "B1",
        "text to varchar(n), on a small table",
        "ALTER TABLE countries ALTER name TYPE varchar(50)",
        "warn type-changed countries.name",
    ),
    case(
        "B1",
        "int to bigint, on a partitioned table",
        "ALTER TABLE measures ALTER id TYPE bigint",
        "block table-rewrite measures_1",
    ),
    case(
        "B1",
        "two columns at once",
        "ALTER TABLE items ALTER parent_id TYPE bigint, ALTER price TYPE numeric(12, 2)",
        REWRITTEN,
    ),
    case(
        "B1",
        "two tables in one transaction",
        ("ALTER TABLE labels ALTER free TYPE varchar(10)", "ALTER TABLE dirty ALTER twice TYPE bigint"),
        "block table-rewrite labels",
        "block table-rewrite dirty",
        "block long-blocking-lock labels",
        "warn type-changed labels.free",
    ),
    case(
        "B1",
        "a new column instead",
        [
            "ALTER TABLE items ADD COLUMN parent_long bigint",
            LENGTHEN,
            "CREATE TRIGGER lengthening BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION lengthen()",
        ],
    ),
    case(
        "B2",
        "wider under an expression index",
        "ALTER TABLE labels ALTER name TYPE varchar(40)",
        "block blocking-index-build labels",
    ),
    case(
        "B2",
        "to text under an expression index",
        "ALTER TABLE labels ALTER name TYPE text",
        "block blocking-index-build labels",
    ),
    case(
        "B2",
        "wider under the predicate of an index",
        "ALTER TABLE labels ALTER kind TYPE varchar(40)",
        "block blocking-index-build labels",
    ),
    case(
        "B2",
        "text to citext under an index",
        "ALTER TABLE labels ALTER whole TYPE citext",
        "block blocking-index-build labels",
        setup="CREATE EXTENSION citext",
    ),
    case(
        "B2",
        "another collation under an index",
        'ALTER TABLE labels ALTER state TYPE varchar(20) COLLATE "POSIX"',
        "block blocking-index-build labels",
    ),
    case("B2", "another collation, no index", 'ALTER TABLE labels ALTER free TYPE varchar(20) COLLATE "POSIX"'),
    case(
        "B2",
        "wider under an index of an empty table",
        "ALTER TABLE hollow ALTER v TYPE varchar(40)",
        setup="CREATE TABLE hollow (v varchar(20)); CREATE INDEX ON hollow (lower(v))",
    ),
    case(
        "B2",
        "the index dropped before and built after",
        [
            PATIENT,
            "DROP INDEX CONCURRENTLY labels_lower",
            AGAIN,
            "ALTER TABLE labels ALTER name TYPE varchar(40)",
            PATIENT,
            "CREATE INDEX CONCURRENTLY labels_lower ON labels (lower(name))",
            AGAIN,
        ],
    ),
    case(
        "B3",
        "wider under a check",
        "ALTER TABLE labels ALTER tested TYPE varchar(40)",
        "block blocking-validation labels",
    ),
    case(
        "B3", "to text under a check", "ALTER TABLE labels ALTER tested TYPE text", "block blocking-validation labels"
    ),
    case(
        "B3",
        "the check taken away meanwhile",
        [
            "ALTER TABLE labels DROP CONSTRAINT labels_tested",
            "ALTER TABLE labels ALTER tested TYPE varchar(40)",
            "ALTER TABLE labels ADD CONSTRAINT labels_tested CHECK (length(tested) > 0) NOT VALID",
            "ALTER TABLE labels VALIDATE CONSTRAINT labels_tested",
        ],
    ),
    case(
        "B3",
        "the check is not valid",
        "ALTER TABLE noted ALTER w TYPE varchar(40)",
        setup="ALTER TABLE noted ADD COLUMN w varchar(20); "
        "ALTER TABLE noted ADD CONSTRAINT there CHECK (length(w) > 0) NOT VALID",
    ),
    case(
        "B4",
        "referenced key",
        "ALTER TABLE items ALTER id TYPE bigint",
        REWRITTEN,
        "block blocking-validation children",
        setup="DROP VIEW item_codes",
    ),
    case(
        "B4",
        "referencing column",
        "ALTER TABLE children ALTER item_id TYPE bigint",
        "block table-rewrite children",
        VALIDATED,
    ),
    case("B4", "referenced varchar wider", "ALTER TABLE parents ALTER code TYPE varchar(40)"),
    case("B4", "referencing varchar wider", "ALTER TABLE cousins ALTER code TYPE varchar(40)"),
    case(
        "B4",
        "referenced by a key that is not valid",
        "ALTER TABLE parents ALTER id TYPE bigint",
        "block table-rewrite parents",
    ),
    case("B5", "used by a view", "ALTER TABLE items ALTER code TYPE varchar(40)", "block step-failed 0A000"),
    case("B5", "used by a materialised view", "ALTER TABLE loose ALTER id TYPE bigint", "block step-failed 0A000"),
    case(
        "B5",
        "used by a generated column",
        "ALTER TABLE dirty ALTER id TYPE bigint",
        "block step-failed 0A000",
        setup="ALTER TABLE dirty ADD COLUMN double int GENERATED ALWAYS AS (id * 2) STORED",
    ),
    case(
        "B5",
        "used by a trigger's condition",
        "ALTER TABLE noted ALTER v TYPE bigint",
        "block step-failed 0A000",
        setup="CREATE TRIGGER whenever AFTER UPDATE ON noted FOR EACH ROW WHEN (new.v > 0) EXECUTE FUNCTION note()",
    ),
    case(
        "B5",
        "used by a trigger's columns",
        "ALTER TABLE noted ALTER v TYPE bigint",
        "block step-failed 0A000",
        setup="CREATE TRIGGER whenever AFTER UPDATE OF v ON noted FOR EACH ROW EXECUTE FUNCTION note()",
    ),
    case(
        "B5",
        "used by a policy",
        "ALTER TABLE dirty ALTER twice TYPE bigint",
        "block step-failed 0A000",
        setup="CREATE POLICY mine ON dirty USING (twice > 0)",
    ),
    case(
        "B5",
        "the view is made again",
        (
            "DROP VIEW item_codes",
            "ALTER TABLE items ALTER code TYPE varchar(40)",
            "CREATE VIEW item_codes AS SELECT id, code FROM items",
        ),
        "warn interface-changed item_codes",
    ),
    case("B5", "by another name only", "ALTER TABLE items ALTER amount TYPE bigint"),
    case("B6", "too long", "ALTER TABLE dirty ALTER word TYPE varchar(10)", "block step-failed 22001"),
    case("B6", "too large", "ALTER TABLE dirty ALTER big TYPE int", "block step-failed 22003"),
    case(
        "B6", "too large for the scale", "ALTER TABLE items ALTER amount TYPE numeric(5, 2)", "block step-failed 22003"
    ),
    case(
        "B6",
        "masked values cut",
        "ALTER TABLE dirty ALTER word TYPE varchar(10) USING left(word, 10)",
        "block table-rewrite dirty",
        "warn type-changed dirty.word",
        masked=("dirty.word",),
    ),
    case(
        "B6",
        "masked values of a small table lose their time",
        "ALTER TABLE countries ALTER name TYPE date USING '2026-01-01'",
        "warn type-changed countries.name",
        masked=("countries.name",),
        is_open=True,
    ),
    case("B6", "no number", "ALTER TABLE dirty ALTER number TYPE int USING number::int", "block step-failed 22P02"),
    case("B6", "no cast", "ALTER TABLE dirty ALTER number TYPE int", "block step-failed 42804"),
    case(
        "B6",
        "default without a cast",
        "ALTER TABLE dirty ALTER number TYPE int USING 1",
        "block step-failed 42804",
        setup="ALTER TABLE dirty ALTER number SET DEFAULT 'none'",
    ),
    case("B6", "out of the domain", "ALTER TABLE dirty ALTER below TYPE positive", "block step-failed 23514"),
    case(
        "B6",
        "no such label",
        "ALTER TABLE dirty ALTER number TYPE colour USING number::colour",
        "block step-failed 22P02",
    ),
    case(
        "B6",
        "cut on purpose",
        "ALTER TABLE dirty ALTER word TYPE varchar(10) USING left(word, 10)",
        "block table-rewrite dirty",
        "block values-changed dirty.word",
        "warn type-changed dirty.word",
    ),
    case(
        "B7",
        "to timestamptz in UTC",
        (UTC, "ALTER TABLE items ALTER seen TYPE timestamptz"),
        "warn type-changed items.seen",
    ),
    case(
        "B7",
        "to timestamptz in Paris",
        (PARIS, "ALTER TABLE items ALTER seen TYPE timestamptz"),
        REWRITTEN,
        "warn type-changed items.seen",
        "warn values-changed items.seen",
    ),
    case(
        "B7",
        "to timestamp in UTC",
        (UTC, "ALTER TABLE items ALTER seen_tz TYPE timestamp"),
        "warn type-changed items.seen_tz",
    ),
    case(
        "B7",
        "to timestamp in Paris",
        (PARIS, "ALTER TABLE items ALTER seen_tz TYPE timestamp"),
        REWRITTEN,
        "warn type-changed items.seen_tz",
        "warn values-changed items.seen_tz",
    ),
    case(
        "B7",
        "at an offset of zero",
        ("SET LOCAL TimeZone = '0'", "ALTER TABLE items ALTER seen TYPE timestamptz"),
        "warn type-changed items.seen",
    ),
    case(
        "B7",
        "in GMT",
        ("SET LOCAL TimeZone = 'GMT'", "ALTER TABLE items ALTER seen TYPE timestamptz"),
        "warn type-changed items.seen",
    ),
    case(
        "B7",
        "in London",
        ("SET LOCAL TimeZone = 'Europe/London'", "ALTER TABLE items ALTER seen TYPE timestamptz"),
        REWRITTEN,
        "warn type-changed items.seen",
    ),
    case(
        "B7",
        "said to be in UTC",
        (PARIS, "ALTER TABLE items ALTER seen TYPE timestamptz USING seen AT TIME ZONE 'UTC'"),
        REWRITTEN,
        "warn type-changed items.seen",
    ),
    case(
        "B8", "statistics gathered again", ["ALTER TABLE labels ALTER free TYPE varchar(40)", "ANALYZE labels (free)"]
    ),
    case("B9", "no proof", "ALTER TABLE items ALTER parent_id SET NOT NULL", VALIDATED),
    case("B9", "proof", "ALTER TABLE proven ALTER v SET NOT NULL"),
    case("B9", "proof in a conjunction", "ALTER TABLE proven ALTER twofold SET NOT NULL"),
    case(
        "B9",
        "a check that proves nothing",
        "ALTER TABLE proven ALTER above SET NOT NULL",
        "block blocking-validation proven",
    ),
    case(
        "B9",
        "two columns, one with proof",
        "ALTER TABLE proven ALTER v SET NOT NULL, ALTER w SET NOT NULL",
        "block blocking-validation proven",
    ),
    case("B9", "is not null already", "ALTER TABLE items ALTER id SET NOT NULL"),
    case("B9", "an empty table", "ALTER TABLE empties ALTER v SET NOT NULL"),
    case("B9", "a small table", "ALTER TABLE countries ALTER name SET NOT NULL"),
    case(
        "B9",
        "a partitioned table",
        "ALTER TABLE measures ALTER id SET NOT NULL",
        "block blocking-validation measures_1",
    ),
    case(
        "B9",
        "proof that is not valid",
        "ALTER TABLE labels ALTER free SET NOT NULL",
        "block blocking-validation labels",
        setup="ALTER TABLE labels ADD CONSTRAINT there CHECK (free IS NOT NULL) NOT VALID",
    ),
    case(
        "B9",
        "proof in a disjunction",
        "ALTER TABLE labels ALTER free SET NOT NULL",
        "block blocking-validation labels",
        setup="ALTER TABLE labels ADD CONSTRAINT there CHECK (free IS NOT NULL OR state IS NOT NULL)",
    ),
    case(
        "B9",
        "proof of another column",
        "ALTER TABLE proven ALTER w SET NOT NULL, VALIDATE CONSTRAINT w_positive",
        "block blocking-validation proven",
    ),
    case(
        "B9",
        "proof, step by step",
        [
            "ALTER TABLE items ADD CONSTRAINT there CHECK (parent_id IS NOT NULL) NOT VALID",
            "ALTER TABLE items VALIDATE CONSTRAINT there",
            "ALTER TABLE items ALTER parent_id SET NOT NULL",
            "ALTER TABLE items DROP CONSTRAINT there",
        ],
    ),
    case(
        "B9",
        "proof, all in one transaction",
        (
            "ALTER TABLE items ADD CONSTRAINT there CHECK (parent_id IS NOT NULL) NOT VALID",
            "ALTER TABLE items VALIDATE CONSTRAINT there",
            "ALTER TABLE items ALTER parent_id SET NOT NULL",
            "ALTER TABLE items DROP CONSTRAINT there",
        ),
        VALIDATED,
    ),
    case(
        "B9",
        "a constraint not null, step by step",
        [
            "ALTER TABLE items ADD CONSTRAINT there NOT NULL parent_id NOT VALID",
            "ALTER TABLE items VALIDATE CONSTRAINT there",
        ],
        since=18,
    ),
    case(
        "B9",
        "a constraint not null, at once",
        "ALTER TABLE items ADD CONSTRAINT there NOT NULL parent_id",
        VALIDATED,
        since=18,
    ),
    case(
        "B9",
        "a constraint not null, in one transaction",
        (
            "ALTER TABLE items ADD CONSTRAINT there NOT NULL parent_id NOT VALID",
            "ALTER TABLE items VALIDATE CONSTRAINT there",
        ),
        VALIDATED,
        since=18,
    ),
    case("B10", "nulls", "ALTER TABLE items ALTER gap SET NOT NULL", "block step-failed 23502"),
    case("B10", "nulls elsewhere", "ALTER TABLE dirty ALTER hole SET NOT NULL", "block step-failed 23502"),
    case(
        "B10",
        "nulls filled before",
        [("UPDATE dirty SET hole = 0 WHERE hole IS NULL",), "ALTER TABLE dirty ALTER hole SET NOT NULL"],
        "block blocking-validation dirty",
        "block rows-locked dirty",
        "warn insert-refused dirty.hole",
    ),
    case(
        "B11",
        "the proof dropped at once",
        "ALTER TABLE proven ALTER v SET NOT NULL, DROP CONSTRAINT v_there",
        "block blocking-validation proven",
    ),
    case(
        "B11",
        "the proof dropped first",
        "ALTER TABLE proven DROP CONSTRAINT v_there, ALTER v SET NOT NULL",
        "block blocking-validation proven",
    ),
    case(
        "B11",
        "the proof dropped afterwards",
        ("ALTER TABLE proven ALTER v SET NOT NULL", "ALTER TABLE proven DROP CONSTRAINT v_there"),
    ),
    case("B12", "not null dropped", "ALTER TABLE proven ALTER id DROP NOT NULL"),
    case("B12", "not null of a key dropped", "ALTER TABLE items ALTER id DROP NOT NULL", "block step-failed 42P16"),
    case("B13", "constant default", "ALTER TABLE items ALTER parent_id SET DEFAULT 7"),
    case("B13", "volatile default", "ALTER TABLE items ALTER size SET DEFAULT random()"),
    case("B13", "default dropped", "ALTER TABLE items ALTER size DROP DEFAULT"),
    case("B13", "default of no such type", "ALTER TABLE items ALTER size SET DEFAULT 'x'", "block step-failed 22P02"),
    case(
        "B14",
        "another expression, stored",
        "ALTER TABLE dirty ALTER double SET EXPRESSION AS (id * 3)",
        "block table-rewrite dirty",
        setup="ALTER TABLE dirty ADD COLUMN double int GENERATED ALWAYS AS (id * 2) STORED",
        since=17,
    ),
    case(
        "B14",
        "another expression, virtual",
        "ALTER TABLE dirty ALTER double SET EXPRESSION AS (id * 3)",
        setup="ALTER TABLE dirty ADD COLUMN double int GENERATED ALWAYS AS (id * 2) VIRTUAL",
        since=18,
    ),
    case(
        "B14",
        "expression dropped",
        "ALTER TABLE dirty ALTER double DROP EXPRESSION",
        setup="ALTER TABLE dirty ADD COLUMN double int GENERATED ALWAYS AS (id * 2) STORED",
    ),
    *(
        case("B15", name, statement)
        for name, statement in {
            "statistics target": "ALTER TABLE items ALTER size SET STATISTICS 500",
            "fill factor": "ALTER TABLE items SET (fillfactor = 80)",
            "autovacuum": "ALTER TABLE items SET (autovacuum_vacuum_scale_factor = 0.01)",
            "attribute option": "ALTER TABLE items ALTER size SET (n_distinct = 5)",
            "storage": "ALTER TABLE items ALTER note SET STORAGE external",
            "compression": "ALTER TABLE items ALTER note SET COMPRESSION pglz",
            "comment": "COMMENT ON COLUMN items.size IS 'in mm'",
            "comment on the table": "COMMENT ON TABLE items IS 'what is sold'",
            "extended statistics": "CREATE STATISTICS item_stats ON size, parent_id FROM items",
            "analyze": "ANALYZE items",
            "vacuum": "VACUUM (ANALYZE) items",
            "validate": "ALTER TABLE proven VALIDATE CONSTRAINT w_positive",
            "validate a foreign key": "ALTER TABLE proven VALIDATE CONSTRAINT proven_parent",
            "cluster on": "ALTER TABLE items CLUSTER ON items_size",
        }.items()
    ),
)
