"""A: columns added."""

from __future__ import annotations

from truth.case import Case, case

REWRITTEN = "block table-rewrite items"
VALIDATED = "block blocking-validation items"
BUILT = "block blocking-index-build items"

CALM_DEFAULTS = (
    "int DEFAULT 7",
    "int NOT NULL DEFAULT -1",
    "timestamptz DEFAULT now()",
    "timestamptz DEFAULT pg_catalog.now()",
    "timestamptz DEFAULT date_trunc('day', now())",
    "timestamptz DEFAULT statement_timestamp()",
    "date DEFAULT CURRENT_DATE",
    "timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP",
    "text DEFAULT lower('ABC')",
    "text DEFAULT current_setting('server_version')",
    "text DEFAULT CURRENT_USER",
    "jsonb DEFAULT jsonb_build_object()",
    "jsonb NOT NULL DEFAULT '{}'",
    "text[] DEFAULT ARRAY[]::text[]",
    "int DEFAULT fixed()",
    "int DEFAULT steady()",
    "int DEFAULT inlined()",
    "colour DEFAULT 'red'",
    "plain DEFAULT 7",
)
VOLATILE_DEFAULTS = (
    "float DEFAULT random()",
    "timestamptz DEFAULT clock_timestamp()",
    "uuid DEFAULT gen_random_uuid()",
    "bigint DEFAULT nextval('numbers')",
    "int DEFAULT dice()",
    "text NOT NULL DEFAULT md5(random()::text)",
    "timestamptz DEFAULT timeofday()::timestamptz",
)

CASES: tuple[Case, ...] = (
    *(case("A1", default, f"ALTER TABLE items ADD COLUMN extra {default}") for default in CALM_DEFAULTS),
    *(case("A1", default, f"ALTER TABLE items ADD COLUMN extra {default}", REWRITTEN) for default in VOLATILE_DEFAULTS),
    case(
        "A1",
        "uuid DEFAULT uuidv7()",
        "ALTER TABLE items ADD COLUMN extra uuid DEFAULT uuidv7()",
        REWRITTEN,
        since=18,
    ),
)
