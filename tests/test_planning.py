"""A plan says what a snapshot would keep and cost, and reads no row for it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_cli import rehearse

from rehearse.engine.server import Server
from rehearse.model.plan import TablePlan
from rehearse.model.reading import ReadingLimits
from rehearse.model.sampling import SampleRules, TableRule
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import plan, take

SCHEMA = """
CREATE TABLE small (id int PRIMARY KEY, name text);
CREATE TABLE large (id int PRIMARY KEY, name text, at timestamptz);
CREATE TABLE audit (id int);
CREATE TABLE unknown (id int);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('ae1027a6acf');
INSERT INTO small SELECT n, 'canary' FROM generate_series(1, 50) n;
INSERT INTO large SELECT n, 'canary' || n, now() FROM generate_series(1, 5000) n;
ANALYZE small, large, audit, alembic_version;
"""
RULES = SampleRules(rows=200, tables={"public.audit": TableRule(skip=True)})


@pytest.fixture
def shop(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute(SCHEMA)
    return server.dsn(database)


def planned(url: str, rules: SampleRules = RULES) -> dict[str, TablePlan]:
    return {table.table: table for table in plan(url, rules, ReadingLimits(), SanitiseRules()).tables}


def test_each_table_has_its_choice(shop: str):
    tables = planned(shop)

    assert {name: table.choice for name, table in tables.items()} == {
        "public.alembic_version": "whole",
        "public.audit": "schema only",
        "public.large": "sampled",
        "public.small": "whole",
        "public.unknown": "sampled",
    }
    assert (tables["public.large"].kept_rows, tables["public.large"].rows) == (200, 5000)
    assert tables["public.unknown"].reason == "never analysed, whole if it is small"
    assert tables["public.audit"].reason == "[snapshot.tables] skips it"


def test_searches_are_announced_with_their_cost_and_can_be_declined(shop: str):
    announced = plan(shop, RULES, ReadingLimits(), SanitiseRules()).searches
    declined = plan(shop, replace(RULES, duplicates=False), ReadingLimits(), SanitiseRules()).searches

    assert [(search.kind, search.table) for search in announced] == [("duplicates", "public.large")] * len(announced)
    assert announced
    assert all(search.scans >= 1 and not search.declined for search in announced)
    assert all(search.declined for search in declined)


def test_what_is_planned_is_what_is_taken(shop: str, tmp_path: Path):
    tables = planned(shop)

    snapshot = take(shop, tmp_path / "s", rules=RULES, sanitise=SanitiseRules(), progress=lambda _: None)

    whole = {sample.table for sample in snapshot.manifest.samples if sample.whole}
    assert whole - {"public.unknown"} == {name for name, table in tables.items() if table.choice == "whole"}


def test_a_plan_reads_no_row(server: Server, database: str, shop: str):
    with server.connect(database) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        read = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
        before = connection.execute(read).fetchone()

    planned(shop)

    with server.connect(database) as connection:
        assert connection.execute(read).fetchone() == before


def test_the_command_prints_tables_and_statements_and_writes_nothing(shop: str, tmp_path: Path):
    found = rehearse("snapshot", shop, "--plan", "--rows", "200", cwd=tmp_path)

    assert found.returncode == 0
    assert "200 of 5,000" in found.stdout
    assert "pg_dump --schema-only" in found.stdout
    said = " ".join(found.stdout.split())
    assert "classification, where the rows are: up to 20,000 rows of each of 5 tables, about 25,051 in all" in said
    assert "verification of what masks keep, among the rows to copy: up to 10,000 rows of each of 5 tables" in said
    assert "fingerprints, for the search for clear values: up to 10,000 rows of each of 5 tables" in said
    assert "canary" not in found.stdout
    assert "COPY (SELECT t." not in found.stdout
    assert list(tmp_path.iterdir()) == []


def test_each_copy_can_be_read_before_it_is_sent(server: Server, database: str, shop: str, tmp_path: Path):
    found = rehearse("snapshot", shop, "--plan", "--sql", "--rows", "200", cwd=tmp_path)

    copies = re.findall(r"^COPY \(SELECT .*? TO STDOUT;$", found.stdout, re.MULTILINE | re.DOTALL)
    assert len(copies) == 5
    assert any('FROM ONLY "public"."large" AS t WHERE t.ctid = ANY' in copy for copy in copies)
    assert all("rehearse.op" in copy for copy in copies if '"name"' in copy)


def test_a_snapshot_needs_a_place_or_a_plan(shop: str, tmp_path: Path):
    found = rehearse("snapshot", shop, cwd=tmp_path)

    assert found.returncode == 2
    assert "--plan" in found.stderr
