"""The account of a step that failed: what, where, and how the database was left; on real servers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import migration, rehearsal, statement, step, timeline
from projects import toys

from rehearse.diff.failures import account, committed
from rehearse.engine.server import Server
from rehearse.model.failure import Failure
from rehearse.model.migration import MigrationPlan
from rehearse.model.report import Report, Verdict
from rehearse.model.timeline import Outcome
from rehearse.rehearsal.story import rehearse
from rehearse.reports import json as json_report
from rehearse.reports import text
from rehearse.request.request import Request

PER_MIGRATION = toys.env_with('create_engine(os.environ["DATABASE_URL"])', ", transaction_per_migration=True")
ADDS = 'op.execute("ALTER TABLE orders ADD COLUMN {0} int")'
CONCURRENTLY = """
    op.execute("CREATE TABLE extra (id int)")
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY one_each ON orders (note)")
"""


@pytest.fixture
def shop(server: Server, database: str) -> Iterator[str]:
    """A production at revision a0, with two orders of the same note."""
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY, note text)")
        connection.execute("INSERT INTO orders VALUES (1, 'same'), (2, 'same')")
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('a0')")
    return f"postgresql://rehearse@/{database}?host={server.socket_dir}"


def played(shop: str, directory: Path, *upgrades: str, env: str = toys.DEFAULT_ENV) -> Report:
    revisions = [toys.revision(f"a{number}", f"a{number - 1}", body) for number, body in enumerate(upgrades, start=1)]
    ini = toys.project(directory, env=env, revisions=[toys.revision("a0", None), *revisions])
    plan = MigrationPlan(
        tool="alembic", directory=directory, config=ini, python=Path(sys.executable), max_seconds=timedelta(seconds=60)
    )
    return rehearse(Request(source=shop, plan=plan), lambda _doing: None)


def scripts(shop: str, directory: Path, *scripts: str) -> Report:
    files = []
    for number, sql in enumerate(scripts, start=1):
        files.append(directory / f"{number:03}.sql")
        files[-1].write_text(sql)
    plan = MigrationPlan(tool="sql", directory=directory, files=tuple(files))
    return rehearse(Request(source=shop, plan=plan), lambda _doing: None)


def failure(report: Report) -> Failure:
    assert report.rehearsal.failure is not None
    return report.rehearsal.failure


def test_one_transaction_takes_every_step_with_it(shop: str, tmp_path: Path):
    body = 'op.execute("CREATE UNIQUE INDEX one_each ON orders (note)")'

    report = played(shop, tmp_path, ADDS.format("a"), body, ADDS.format("b"))

    told = failure(report)
    assert report.verdict is Verdict.UNSAFE
    assert (told.step, told.sqlstate, told.message) == ("a2", "23505", 'could not create unique index "one_each"')
    assert told.statement == "CREATE UNIQUE INDEX one_each ON orders (note)"
    assert told.location == "migrations/versions/r3.py:8"
    assert (told.undone, told.kept, told.half_done, told.remnants) == (("a1", "a2"), (), (), ())
    assert told.heads == {"public.alembic_version": ("a0",)}


def test_a_transaction_for_each_step_keeps_those_before(shop: str, tmp_path: Path):
    body = 'op.execute("ALTER TABLE orders ADD COLUMN b int")\nop.execute("SELECT 1/0")'

    told = failure(played(shop, tmp_path, ADDS.format("a"), body, env=PER_MIGRATION))

    assert (told.kept, told.undone, told.half_done) == (("a1",), ("a2",), ())
    assert (told.sqlstate, told.message) == ("22012", "division by zero")
    assert told.heads == {"public.alembic_version": ("a1",)}


@pytest.mark.parametrize("env", [toys.DEFAULT_ENV, PER_MIGRATION])
def test_what_an_autocommit_block_left_is_named(shop: str, tmp_path: Path, env: str):
    told = failure(played(shop, tmp_path, ADDS.format("a"), CONCURRENTLY, env=env))

    assert told.kept == ("a1",), "the block commits what was recorded before it"
    assert told.half_done == ("a2",)
    left = {(remnant.kind, remnant.object, remnant.invalid) for remnant in told.remnants if remnant.step == "a2"}
    assert left == {("table", "public.extra", False), ("index", "public.one_each", True)}
    assert told.sqlstate == "23505"


def test_rows_that_a_step_committed_before_it_failed_are_counted(shop: str, tmp_path: Path):
    body = """
        with op.get_context().autocommit_block():
            op.execute("UPDATE orders SET note = 'other' WHERE id = 1")
        op.execute("SELECT 1/0")
    """

    told = failure(played(shop, tmp_path, body))

    assert [(remnant.kind, remnant.object, remnant.told) for remnant in told.remnants] == [
        ("rows", "public.orders", "public.orders: 1 row (update)")
    ]


def test_an_error_of_the_projects_own_code_is_located_and_has_no_statement(shop: str, tmp_path: Path):
    body = """
        try:
            with op.get_bind().begin_nested():
                op.execute("SELECT 1/0")
        except Exception:
            pass
        def check():
            raise ValueError("no order may be unpaid")
        check()
    """

    told = failure(played(shop, tmp_path, body))

    assert (told.sqlstate, told.statement) == (None, None)
    assert told.message == "ValueError: no order may be unpaid"
    assert told.location == "migrations/versions/r2.py:14"


def test_a_module_beside_the_revisions_is_where_it_failed(shop: str, tmp_path: Path):
    toys.scripts(tmp_path / "migrations", toys.DEFAULT_ENV, [])
    (tmp_path / "migrations" / "versions" / "steps").mkdir()
    (tmp_path / "migrations" / "versions" / "steps" / "shared.py").write_text(
        "from alembic import op\ndef divide():\n    op.execute('SELECT 1/0')\n"
    )
    body = """
        import sys
        sys.path.insert(0, __file__.rpartition("/")[0] + "/steps")
        from shared import divide
        divide()
    """

    told = failure(played(shop, tmp_path, body))

    assert told.location == "migrations/versions/steps/shared.py:3"


def test_values_stay_out_of_the_account(shop: str, tmp_path: Path):
    body = "op.execute(\"INSERT INTO orders SELECT 3, 'x' WHERE 'me@x.org'::int > 0\")"

    report = played(shop, tmp_path, body)

    told = failure(report)
    assert told.message == 'invalid input syntax for type integer: "..."'
    assert told.statement == "INSERT INTO orders SELECT 3, '...' WHERE '...'::int > 0"
    assert "me@x.org" not in text.render(report)


def test_a_script_is_located_where_its_statement_begins(shop: str, tmp_path: Path):
    sql = "-- Make it\nCREATE TABLE kept ();\n\n-- why\n/* and\n how */ SELECT 1,\n  2,\n  1/0;\nSELECT 1;\n"

    told = failure(scripts(shop, tmp_path, "ALTER TABLE orders ADD COLUMN a int;", sql, "CREATE TABLE never ();"))

    assert told.location == "002.sql:6"
    assert (told.sqlstate, told.message) == ("22012", "division by zero")
    assert (told.kept, told.undone, told.half_done) == (("001.sql",), (), ("002.sql",))
    assert [(remnant.kind, remnant.object) for remnant in told.remnants] == [("table", "public.kept")]


def test_a_script_in_a_transaction_leaves_nothing(shop: str, tmp_path: Path):
    sql = "BEGIN;\nALTER TABLE orders ADD COLUMN b int;\nSELECT 1/0;\nCOMMIT;\n"

    told = failure(scripts(shop, tmp_path, sql))

    assert (told.location, told.undone, told.remnants) == ("001.sql:3", ("001.sql",), ())


def test_both_reports_give_the_account(shop: str, tmp_path: Path):
    report = played(shop, tmp_path, ADDS.format("a"), CONCURRENTLY, env=PER_MIGRATION)

    shown = text.render(report)
    found = json.loads(json_report.render(report))

    lines = shown.splitlines()
    account = lines[lines.index("The failure") + 1 :]
    assert account[0].startswith("  a2 at migrations/versions/r3.py:10: could not create unique index")
    assert "  stays: a1" in account
    assert "    - public.orders: index public.one_each added, invalid" in account
    assert "  recorded in public.alembic_version: a1" in account
    assert [entry["failure"] is None for entry in found["steps"]] == [True, False]
    assert found["steps"][1]["failure"]["kept"] == ["a1"]
    assert {"kind": "index", "invalid": True}.items() <= found["steps"][1]["failure"]["left_behind"][0].items()


def test_a_safe_run_has_no_account(shop: str, tmp_path: Path):
    report = played(shop, tmp_path, ADDS.format("a"))

    assert report.rehearsal.failure is None
    assert "The failure" not in text.render(report)


def test_a_savepoint_takes_back_only_what_followed_it():
    played = [
        statement(1, sql="BEGIN", tag="BEGIN"),
        statement(2),
        statement(3, sql="SAVEPOINT s", tag="SAVEPOINT"),
        statement(4),
        statement(5, outcome=Outcome.FAILED),
        statement(6, sql="ROLLBACK TO SAVEPOINT s", tag="ROLLBACK"),
        statement(7),
        statement(8, sql="COMMIT", tag="COMMIT"),
    ]

    found = committed(played)

    assert [each.number for each in found] == [2, 7]


@pytest.mark.parametrize("last", ["", "ROLLBACK"])
def test_a_transaction_that_was_not_committed_leaves_nothing(last: str):
    begun = [statement(1, sql="BEGIN", tag="BEGIN"), statement(2)]
    ended = [statement(3, sql=last, tag=last)] if last else []

    assert committed([*begun, *ended]) == []


def test_a_step_recorded_on_another_branch_is_told_from_one_that_is_not():
    failed = replace(step("m1", Outcome.FAILED, "it failed"), parents=("a1", "b1"))
    steps = (replace(step("a1"), parents=()), replace(step("b1"), parents=()), failed)
    given = rehearsal(
        migration=migration(*steps),
        heads_after={"public.alembic_version": ("b1",)},
        timeline=timeline(),
    )

    told = account(given)

    assert told is not None
    assert (told.kept, told.undone) == (("b1",), ("a1", "m1"))
