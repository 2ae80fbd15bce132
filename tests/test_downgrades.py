"""The way back of each revision, rehearsed on clones of the stage: what it is worth, and what it loses."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import migration, rehearsal, statement, step, timeline, work
from projects import toys

from rehearse import catalog
from rehearse.catalog import read_contents
from rehearse.diff.failures import idle
from rehearse.engine.server import Server
from rehearse.migrators import downgrades
from rehearse.model.downgrade import Downgrade, Way
from rehearse.model.migration import MigrationPlan
from rehearse.model.report import Report, Verdict
from rehearse.model.timeline import WorkKind
from rehearse.rehearsal.story import rehearse
from rehearse.reports import json as json_report
from rehearse.reports import text
from rehearse.request.request import Request

ADD = 'op.execute("ALTER TABLE orders ADD COLUMN {0} int")'
DROP = 'op.execute("ALTER TABLE orders DROP COLUMN {0}")'
Revision = tuple[str, str | None]  # the bodies of upgrade and downgrade


@pytest.fixture
def shop(server: Server, database: str) -> Iterator[str]:
    """A production at revision a0, with three orders, that writes its times as Tokyo does."""
    with server.connect(database) as connection:
        connection.execute(f"ALTER DATABASE {database} SET timezone = 'Asia/Tokyo'")
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY, qty int, note text)")
        connection.execute("ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT 'epoch'")
        connection.execute("INSERT INTO orders VALUES (1, 1, 'a'), (2, 2, NULL), (3, 3, 'c')")
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('a0')")
    return f"postgresql://rehearse@/{database}?host={server.socket_dir}"


def played(
    shop: str, directory: Path, *sources: str, downgrade: bool = True, one_by_one: bool = True, seconds: int = 60
) -> Report:
    ini = toys.project(directory, revisions=[toys.revision("a0", None), *sources])
    plan = MigrationPlan(
        tool="alembic",
        directory=directory,
        config=ini,
        python=Path(sys.executable),
        max_seconds=timedelta(seconds=seconds),
    )
    request = Request(source=shop, plan=plan, downgrade=downgrade, one_by_one=one_by_one)
    return rehearse(request, lambda _doing: None)


def line(*revisions: Revision) -> list[str]:
    return [toys.revision(f"a{number}", f"a{number - 1}", *body) for number, body in enumerate(revisions, start=1)]


def back(report: Report, step: str = "a1") -> Downgrade:
    return next(found for found in report.rehearsal.downgrades if found.step == step)


def losses(found: Downgrade) -> list[tuple[str, str]]:
    return [(loss.kind, loss.object) for loss in found.losses]


def test_a_column_that_comes_and_goes_is_lossless(shop: str, tmp_path: Path):
    report = played(shop, tmp_path, *line((ADD.format("a"), DROP.format("a"))))

    assert (back(report).way, back(report).losses, back(report).reason) == (Way.LOSSLESS, (), None)
    assert report.rehearsal.timings["downgrade"] > timedelta(0)
    assert report.verdict is Verdict.SAFE or "lock_timeout" in str(report.reasons)


def test_a_dropped_column_comes_back_without_its_values(shop: str, tmp_path: Path):
    body = (DROP.format("note"), 'op.execute("ALTER TABLE orders ADD COLUMN note text")')

    found = back(played(shop, tmp_path, *line(body)))

    assert (found.way, losses(found)) == (Way.LOSSY, [("values", "public.orders.note")])
    assert found.losses[0].told == "public.orders: column note: 2 of 2 values are NULL"


def test_deleted_rows_do_not_come_back(shop: str, tmp_path: Path):
    body = (f'{ADD.format("a")}\nop.execute("DELETE FROM orders WHERE id > 1")', DROP.format("a"))

    found = back(played(shop, tmp_path, *line(body)))

    assert (found.way, losses(found)) == (Way.LOSSY, [("rows", "public.orders")])
    assert found.losses[0].told == "public.orders: 2 rows of 3 gone"


def test_other_values_are_told_although_none_is_missing(shop: str, tmp_path: Path):
    body = ('op.execute("UPDATE orders SET qty = qty / 2")', 'op.execute("UPDATE orders SET qty = qty * 2")')

    found = back(played(shop, tmp_path, *line(body)))

    assert (found.way, losses(found)) == (Way.LOSSY, [("values", "public.orders.qty")])
    assert found.losses[0].told == "public.orders: column qty: other values"


def test_an_object_that_stays_behind_is_told(shop: str, tmp_path: Path):
    body = (f'{ADD.format("a")}\nop.execute("CREATE INDEX IF NOT EXISTS by_note ON orders (note)")', DROP.format("a"))

    found = back(played(shop, tmp_path, *line(body)))

    assert (found.way, losses(found)) == (Way.LOSSY, [("index", "public.by_note")])


def test_what_each_upgrade_makes_anew_is_told(shop: str, tmp_path: Path):
    body = (
        'op.execute("ALTER TABLE orders ADD COLUMN ref uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid()")',
        DROP.format("ref"),
    )

    found = back(played(shop, tmp_path, *line(body)))

    assert (found.way, losses(found)) == (Way.LOSSY, [("values", "public.orders.ref")])
    assert found.losses[0].upgraded_again


@pytest.mark.parametrize(
    ("downgrade", "reason"),
    [
        (None, "no downgrade is written"),
        ("pass", "its downgrade is empty, and its upgrade was not"),
        ('"""There is no way back."""', "its downgrade is empty, and its upgrade was not"),
        ('raise NotImplementedError("no way")', "its downgrade raises NotImplementedError: no way"),
    ],
)
def test_no_way_back_is_irreversible(shop: str, tmp_path: Path, downgrade: str | None, reason: str):
    found = back(played(shop, tmp_path, *line((ADD.format("a"), downgrade))))

    assert (found.way, found.reason) == (Way.IRREVERSIBLE, reason)


def test_nothing_done_needs_no_way_back(shop: str, tmp_path: Path):
    found = back(played(shop, tmp_path, *line(("pass", "pass"))))

    assert found.way is Way.LOSSLESS


def test_a_downgrade_that_does_nothing_in_more_words_is_irreversible(shop: str, tmp_path: Path):
    found = back(played(shop, tmp_path, *line((ADD.format("a"), 'op.execute("SELECT 1")'))))

    assert (found.way, found.reason) == (Way.IRREVERSIBLE, "its downgrade changes nothing, and its upgrade did")


def test_a_failing_downgrade_has_its_account(shop: str, tmp_path: Path):
    down = f"""
        with op.get_context().autocommit_block():
            {ADD.format("remains")}
        op.execute("ALTER TABLE orders DROP COLUMN nosuch")
    """

    report = played(shop, tmp_path, *line((ADD.format("a"), down), (ADD.format("b"), DROP.format("b"))))

    found = back(report)
    assert found.way is Way.FAILING
    assert found.failure is not None
    assert (found.failure.sqlstate, found.failure.location) == ("42703", "migrations/versions/r2.py:13")
    assert found.failure.message == 'column "nosuch" of relation "orders" does not exist'
    assert found.failure.statement == "ALTER TABLE orders DROP COLUMN nosuch"
    assert found.failure.heads == {"public.alembic_version": ("a1",)}
    assert [remnant.object for remnant in found.failure.remnants] == ["public.orders.remains"]
    assert back(report, "a2").way is Way.LOSSLESS, "each is tried by itself"
    assert report.rehearsal.failure is None
    assert "step-failed" not in [each.check for each in report.findings]


def test_an_upgrade_that_fails_the_second_time_is_failing(shop: str, tmp_path: Path):
    up = 'op.execute("CREATE TYPE state AS ENUM (\'new\')")\nop.execute("ALTER TABLE orders ADD COLUMN s state")'

    found = back(played(shop, tmp_path, *line((up, DROP.format("s")))))

    assert (found.way, losses(found)) == (Way.FAILING, [("type", "public.state")])
    assert found.reason == "after it the upgrade fails"
    assert found.failure is not None
    assert (found.failure.sqlstate, found.failure.message) == ("42710", 'type "state" already exists')


def test_the_version_table_that_the_first_upgrade_makes_is_no_loss(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY)")
    url = f"postgresql://rehearse@/{database}?host={server.socket_dir}"
    first = toys.revision("a1", None, ADD.format("a"), DROP.format("a"))
    plan = MigrationPlan(
        tool="alembic",
        directory=tmp_path,
        config=toys.project(tmp_path, revisions=[first]),
        python=Path(sys.executable),
    )

    found = back(rehearse(Request(source=url, plan=plan), lambda _doing: None))

    assert (found.way, found.losses, found.reason) == (Way.LOSSLESS, (), None)


def test_branches_are_tried_one_by_one_and_a_merge_that_does_nothing_is_lossless(shop: str, tmp_path: Path):
    report = played(
        shop,
        tmp_path,
        toys.revision("a1", "a0", ADD.format("a"), DROP.format("a")),
        toys.revision("b1", "a0", ADD.format("b"), "op.execute('SELECT 1')"),
        toys.revision("m1", ("a1", "b1")),
        toys.revision("m2", "m1", ADD.format("m"), DROP.format("m")),
    )

    assert {found.step: found.way for found in report.rehearsal.downgrades} == {
        "a1": Way.LOSSLESS,
        "b1": Way.IRREVERSIBLE,
        "m1": Way.LOSSLESS,
        "m2": Way.LOSSLESS,
    }


def test_a_merge_that_does_something_is_open(shop: str, tmp_path: Path):
    report = played(
        shop,
        tmp_path,
        toys.revision("a1", "a0", ADD.format("a"), DROP.format("a")),
        toys.revision("b1", "a0", ADD.format("b"), DROP.format("b")),
        toys.revision("m1", ("a1", "b1"), ADD.format("m"), DROP.format("m")),
    )

    assert back(report, "m1").way is Way.OPEN
    assert "builds on several revisions" in str(back(report, "m1").reason)


def test_a_downgrade_that_hangs_is_open_and_not_lossless(shop: str, tmp_path: Path):
    body = (ADD.format("a"), 'op.execute("SELECT pg_catalog.pg_sleep(300)")')

    report = played(shop, tmp_path, *line(body), seconds=4)

    assert back(report).way is Way.OPEN
    assert "it was stopped after 4." in str(back(report).reason)
    assert "executing SELECT pg_catalog.pg_sleep(300)" in str(back(report).reason)


@pytest.mark.parametrize("asked", [False, True])
def test_what_takes_too_long_one_by_one_is_taken_together_unless_asked_for(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
):
    monkeypatch.setattr(downgrades, "PATIENCE", timedelta(0))
    bodies = [(ADD.format(name), DROP.format(name)) for name in "ab"]
    lossy = (DROP.format("note"), 'op.execute("ALTER TABLE orders ADD COLUMN note text")')

    report = played(shop, tmp_path, *line(*bodies, lossy), one_by_one=asked)

    found = [(each.way, each.together) for each in report.rehearsal.downgrades]
    if asked:
        assert found == [(Way.LOSSLESS, ()), (Way.LOSSLESS, ()), (Way.LOSSY, ())]
    else:
        assert found == [(Way.LOSSLESS, ()), (Way.LOSSY, ("a2", "a3")), (Way.LOSSY, ("a2", "a3"))]


@pytest.mark.parametrize("why", ["flag", "failed", "scripts"])
def test_there_is_nothing_to_say_without_a_way_up(shop: str, tmp_path: Path, why: str):
    body = 'op.execute("SELECT 1/0")' if why == "failed" else ADD.format("a")
    if why == "scripts":
        (tmp_path / "one.sql").write_text("SELECT 1;")
        plan = MigrationPlan(tool="sql", directory=tmp_path, files=(tmp_path / "one.sql",))
        report = rehearse(Request(source=shop, plan=plan), lambda _doing: None)
    else:
        report = played(shop, tmp_path, *line((body, DROP.format("a"))), downgrade=why != "flag")

    assert report.rehearsal.downgrades == ()
    assert "downgrade" not in report.rehearsal.timings
    assert "The way back" not in text.render(report)


def test_the_projects_own_command_without_a_configuration_is_open(shop: str, tmp_path: Path):
    ini = toys.project(tmp_path, revisions=[toys.revision("a0", None), *line((ADD.format("a"), DROP.format("a")))])
    ini.rename(tmp_path / "own.ini")
    plan = MigrationPlan(
        tool="alembic",
        directory=tmp_path,
        python=Path(sys.executable),
        command=("python", "-m", "alembic", "-c", "own.ini", "upgrade", "head"),
    )

    found = back(rehearse(Request(source=shop, plan=plan), lambda _doing: None))

    assert found.way is Way.OPEN
    assert "is not known to go back" in str(found.reason)


def test_both_reports_tell_the_way_back(shop: str, tmp_path: Path):
    lossy = (DROP.format("note"), 'op.execute("ALTER TABLE orders ADD COLUMN note text")')

    report = played(shop, tmp_path, *line((ADD.format("a"), DROP.format("a")), lossy, (ADD.format("c"), None)))

    lines = text.render(report).splitlines()
    start = next(number for number, said in enumerate(lines) if said.startswith("The way back (rehearsed in "))
    assert lines[start + 1 : start + 5] == [
        "  a1: lossless",
        "  a2: lossy",
        "    - public.orders: column note: 2 of 2 values are NULL",
        "  a3: irreversible, no downgrade is written",
    ]
    found = json.loads(json_report.render(report))
    assert [entry["downgrade"]["label"] for entry in found["steps"]] == ["lossless", "lossy", "irreversible"]
    assert found["steps"][1]["downgrade"]["losses"] == [
        {
            "kind": "values",
            "object": "public.orders.note",
            "table": "public.orders",
            "told": "public.orders: column note: 2 of 2 values are NULL",
            "upgraded_again": False,
        }
    ]
    assert found["timings"]["downgrade"] > 0


def test_contents_are_equal_for_equal_rows_in_any_order_and_tell_values_from_rows(server: Server, database: str):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE a (x int, y text)")
        connection.execute("INSERT INTO a VALUES (1, NULL), (2, ''), (3, 'z')")
        before = read_contents(connection, catalog.read(connection, 18))
        connection.execute("DELETE FROM a WHERE x = 1")
        connection.execute("INSERT INTO a VALUES (1, NULL)")
        moved = read_contents(connection, catalog.read(connection, 18))
        connection.execute("UPDATE a SET y = CASE x WHEN 1 THEN '' ELSE NULL END WHERE x < 3")
        swapped = read_contents(connection, catalog.read(connection, 18))

    assert before == moved
    assert before["public.a"].columns == swapped["public.a"].columns
    assert before["public.a"].checksum != swapped["public.a"].checksum
    assert (before["public.a"].rows, before["public.a"].columns["y"].values) == (3, 2)


def test_a_step_is_idle_if_its_statements_changed_nothing_but_the_books():
    booked = (work(WorkKind.ROWS, 1, name="public.v"),)
    written = statement(1, sql="UPDATE v SET version_num = 1", tag="UPDATE", work=booked)
    given = rehearsal(
        heads_after={"public.v": ("0001",)},
        migration=migration(step("0001"), step("0002")),
        timeline=timeline(written, replace(statement(2), step="0002")),
    )

    assert idle(given) == {"0001"}
