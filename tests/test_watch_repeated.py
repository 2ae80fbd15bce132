"""The same migration, rehearsed again and again, is told in the same words."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
from grounds import Ground

from rehearse.engine.server import Server
from rehearse.model.migration import MigrationPlan
from rehearse.model.report import Report, Verdict
from rehearse.model.sampling import SampleRules
from rehearse.rehearsal.story import rehearse
from rehearse.reports import json as json_report
from rehearse.request.request import Request

TIMES = 10

BEFORE = """
CREATE TABLE customers (id int PRIMARY KEY, name text);
INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 200) AS g;
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total numeric(10,2), status text);
INSERT INTO orders SELECT g, 1 + g % 200, g, 'paid' FROM generate_series(1, 1000) AS g;
CREATE TABLE carts (id int);
INSERT INTO carts SELECT generate_series(1, 30);
"""
STEPS = {
    "001_orders.sql": """
        ALTER TABLE orders ADD CONSTRAINT customer FOREIGN KEY (customer_id) REFERENCES customers;
        ALTER TABLE orders ALTER id TYPE bigint;
        UPDATE orders SET status = 'sent' WHERE id % 2 = 0;
        CREATE INDEX ON orders (status);
    """,
    "002_carts.sql": "TRUNCATE carts;",
    "003_customers.sql": """
        DO $$ BEGIN
          ALTER TABLE customers ADD COLUMN seen timestamptz;
          LOCK TABLE carts IN SHARE MODE;
          DELETE FROM customers WHERE id > 500;
        END $$;
        CREATE INDEX CONCURRENTLY by_name ON customers (name);
        VACUUM FULL carts;
    """,
}


def told(report: Report) -> str:
    """Return findings, locks and work, without what a clock or a new database makes different."""
    found = json.loads(json_report.render(report))
    steps = [
        {
            "id": step["id"],
            "outcome": step["outcome"],
            "work": [[entry["sql"], entry["rows"], entry["work"]] for entry in step["statements"]],
            "nested": [[each["sql"], each["work"]] for entry in step["statements"] for each in entry["nested"]],
            "locks": [[lock["object"], lock["mode"], lock["on_index"], lock["blocks"]] for lock in step["locks"]],
        }
        for step in found["steps"]
    ]
    findings = [
        {name: finding[name] for name in ("check", "severity", "step", "object", "remedy")}
        for finding in found["findings"]
    ]
    return json.dumps({"findings": findings, "steps": steps, "verdict": found["verdict"]}, indent=1)


def test_ten_rehearsals_tell_the_same_findings_locks_and_work(server: Server, database: str, tmp_path: Path):
    with psycopg.connect(server.dsn(database), autocommit=True) as source:
        source.execute(BEFORE.encode())
    for name, text in STEPS.items():
        (tmp_path / name).write_text(text)
    request = Request(
        source=server.dsn(database),
        plan=MigrationPlan(tool="sql", directory=tmp_path, files=tuple(sorted(tmp_path.glob("*.sql")))),
        sampling=SampleRules(rows=1_000_000),
    )

    reports = [rehearse(request, lambda _doing: None) for _ in range(TIMES)]

    assert [report.verdict for report in reports] == [Verdict.UNSAFE] * TIMES
    assert len({told(report) for report in reports}) == 1, "\n".join(told(report) for report in reports[:2])
    assert '"rows": 1000' in told(reports[0])


def test_an_index_on_a_million_rows_reads_exactly_a_million_each_time(ground: Ground):
    with ground.connect() as connection:
        connection.execute("CREATE TABLE million AS SELECT g AS id FROM generate_series(1, 1000000) AS g")
        connection.execute("ANALYZE million")

    timeline = ground.watch(*["CREATE INDEX ix ON million (id)", "DROP INDEX ix"] * TIMES)

    builds = [statement for statement in timeline.statements if statement.tag == "CREATE INDEX"]
    assert [[(work.kind.value, work.rows) for work in build.work] for build in builds] == [
        [("index-build", 1_000_000)]
    ] * TIMES
