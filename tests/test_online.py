"""What is advised instead of a statement that blocks: it runs, blocks nobody, and leads to the same schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from truth.case import case
from truth.ground import Ground, prepared

from rehearse import catalog
from rehearse.diff.schema import differences
from rehearse.engine.server import Server
from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange
from rehearse.model.finding import Finding, Severity

STATEMENT = re.compile(r"\b(?:CREATE|ALTER|DROP|REINDEX|REFRESH) [^;]+;")
ODD = """
CREATE SCHEMA "Odd one";
CREATE TABLE "Odd one"."Order" (
  "user" int, "Two words" text, "order" int, note text, day varchar(20), parent int, "quo""te" int NOT NULL
);
CREATE TABLE "Odd one".parents ("user" int PRIMARY KEY);
INSERT INTO "Odd one".parents SELECT g FROM generate_series(1, 1000) AS g;
INSERT INTO "Odd one"."Order" SELECT g, g, g, 'x', 'd' || g, g, g FROM generate_series(1, 1000) AS g;
CREATE INDEX "Lower day" ON "Odd one"."Order" (lower(day));
ALTER TABLE "Odd one"."Order" ADD CONSTRAINT parent_not_null CHECK (parent > 0) NOT VALID;
CREATE TABLE "Odd one".parts (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE "Odd one"."Part 1" PARTITION OF "Odd one".parts FOR VALUES FROM (0) TO (500);
INSERT INTO "Odd one".parts SELECT g, g % 500 FROM generate_series(1, 1000) AS g;
CREATE TABLE "Odd one".sliced (id int NOT NULL, at int NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE "Odd one".slice_1 PARTITION OF "Odd one".sliced FOR VALUES FROM (0) TO (500);
CREATE TABLE "Odd one".slice_2 PARTITION OF "Odd one".sliced FOR VALUES FROM (500) TO (1001);
INSERT INTO "Odd one".sliced SELECT g, g FROM generate_series(1, 1000) AS g;
CREATE MATERIALIZED VIEW "Odd one"."Sum" AS SELECT id FROM "Odd one".parts;
CREATE UNIQUE INDEX "Sum id" ON "Odd one"."Sum" (id);
"""
TABLE = '"Odd one"."Order"'


class Risk(NamedTuple):
    """A statement that blocks, and what a person does beside what is advised."""

    sql: str
    check: str
    first: tuple[str, ...] = ()  # before it: what "add the column first" asks for


INDEX, PROOF, REWRITE = "blocking-index-build", "blocking-validation", "table-rewrite"
RISKS = (
    Risk(f'CREATE INDEX "by user" ON {TABLE} ("user")', INDEX),
    Risk(f'CREATE UNIQUE INDEX ON {TABLE} ("order" DESC, lower(note)) INCLUDE (parent) WHERE "user" > 0', INDEX),
    Risk('CREATE INDEX ON "Odd one".parts (id)', INDEX),
    Risk('CREATE UNIQUE INDEX "by id" ON "Odd one".sliced (at, id)', INDEX),
    Risk('ALTER TABLE "Odd one".parts ADD UNIQUE (id, at)', INDEX),
    Risk('ALTER TABLE "Odd one".sliced ADD CONSTRAINT "all" PRIMARY KEY (id, at)', INDEX),
    Risk(f'ALTER TABLE {TABLE} ADD CONSTRAINT "order" UNIQUE ("order")', INDEX),
    Risk(f'ALTER TABLE {TABLE} ADD UNIQUE NULLS NOT DISTINCT ("user", note)', INDEX),
    Risk(f'ALTER TABLE {TABLE} ADD CONSTRAINT "end" UNIQUE ("user") DEFERRABLE INITIALLY DEFERRED', INDEX),
    Risk(f'ALTER TABLE {TABLE} ADD UNIQUE ("user") INCLUDE (note) DEFERRABLE', INDEX),
    Risk(f'ALTER TABLE {TABLE} ADD PRIMARY KEY ("user", "quo""te")', INDEX),
    Risk(f'ALTER TABLE {TABLE} ADD CONSTRAINT "user" PRIMARY KEY ("quo""te")', INDEX),
    Risk(
        f'ALTER TABLE {TABLE} ADD COLUMN "new" int UNIQUE',
        INDEX,
        first=(f'ALTER TABLE {TABLE} ADD COLUMN "new" int',),
    ),
    Risk(f"ALTER TABLE {TABLE} ALTER day TYPE varchar(30)", INDEX),
    Risk('REINDEX INDEX "Odd one"."Lower day"', INDEX),
    Risk(f'ALTER TABLE {TABLE} ADD CONSTRAINT "check" CHECK ("order" > 0)', PROOF),
    Risk(f'ALTER TABLE {TABLE} ADD CHECK ("order" > 0 AND "Two words" <> \'x\')', PROOF),
    Risk(f'ALTER TABLE {TABLE} ALTER "order" SET NOT NULL', PROOF),
    Risk(f"ALTER TABLE {TABLE} ALTER parent SET NOT NULL", PROOF),
    Risk(f'ALTER TABLE {TABLE} ADD CONSTRAINT "to" FOREIGN KEY (parent) REFERENCES "Odd one".parents', PROOF),
    Risk(
        f'ALTER TABLE {TABLE} ADD FOREIGN KEY (parent) REFERENCES "Odd one".parents ("user") ON DELETE CASCADE '
        "DEFERRABLE INITIALLY DEFERRED",
        PROOF,
    ),
    Risk(
        f"ALTER TABLE {TABLE} ADD COLUMN fresh int DEFAULT 1 CHECK (fresh > 0)",
        PROOF,
        first=(f"ALTER TABLE {TABLE} ADD COLUMN fresh int DEFAULT 1",),
    ),
    Risk('REFRESH MATERIALIZED VIEW "Odd one"."Sum"', REWRITE),
)
WITHOUT_SQL = (
    Risk(f"VACUUM FULL {TABLE}", REWRITE),
    Risk('ALTER TABLE parents ALTER code TYPE text COLLATE "POSIX"', INDEX),
    Risk(f"ALTER TABLE {TABLE} ADD EXCLUDE USING btree (parent WITH =)", INDEX),
)
ROWS = 200


@pytest.fixture(scope="module", params=["server15", "server"])
def odd(request: pytest.FixtureRequest) -> Iterator[Ground]:
    server: Server = request.getfixturevalue(request.param)
    with prepared(server) as found:
        yield found


def advised(ground: Ground, risk: Risk) -> Finding:
    found = [
        each for each in ground.play(case("", "risk", risk.sql, setup=ODD), ROWS).findings if each.check == risk.check
    ]
    assert found, risk.sql
    return found[0]


def apart(risked: Catalog, careful: Catalog) -> list[SchemaChange]:
    """Return how two schemas differ; a partition that became a key by itself has a NOT NULL of its own since 18."""
    own = {"not_null_local", "not_null_name"}
    return [each for each in differences(risked, careful) if each.kind != "column" or set(each.after or ()) - own]


@pytest.mark.parametrize("risk", RISKS, ids=[risk.sql for risk in RISKS])
def test_what_is_advised_runs_blocks_nobody_and_leads_to_the_same_schema(odd: Ground, risk: Risk):
    advice = advised(odd, risk).remedy
    steps = STATEMENT.findall(advice)
    around = steps.index(next(each for each in steps if "CREATE" in each)) if " before it," in advice else None
    instead = steps if around is None else [*steps[:around], risk.sql, *steps[around:]]

    with odd.copy(ODD, ROWS) as risked, odd.copy(ODD, ROWS) as careful:
        major = risked.info.server_version // 10000
        risked.execute(risk.sql.encode())
        for each in (*risk.first, *instead):
            careful.execute(each.encode())

        assert steps, advice
        assert apart(catalog.read(risked, major), catalog.read(careful, major)) == [], advice

    if risk.check != REWRITE:  # a view that is refreshed CONCURRENTLY is still refreshed
        report = odd.play(case("", "advised", ["SET lock_timeout = 0", *risk.first, *steps], setup=ODD), ROWS)
        assert [each.message for each in report.findings if each.severity is Severity.BLOCK] == []


@pytest.mark.parametrize("risk", WITHOUT_SQL, ids=lambda risk: risk.sql)
def test_where_the_very_statements_are_not_known_none_are_written(odd: Ground, risk: Risk):
    advice = advised(odd, risk).remedy

    assert STATEMENT.findall(advice) == []
