"""Calibration: the steps played on samples of three sizes, no foreign key broken, no verdict changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import ORDERS, statement, timeline, work

from rehearse.db.connect import connect_stage
from rehearse.engine.server import Server
from rehearse.errors import RequestError
from rehearse.forecast.calibrating import calibrate, points
from rehearse.model.calibration import Point
from rehearse.model.migration import MigrationPlan
from rehearse.model.report import Report
from rehearse.model.sampling import SampleRules
from rehearse.model.timeline import WorkKind
from rehearse.rehearsal.story import rehearse
from rehearse.reports import calibration as told
from rehearse.reports import json as json_report
from rehearse.reports import text
from rehearse.request.asked import Asked
from rehearse.request.composition import compose
from rehearse.request.request import Request
from rehearse.stages.cutting import cut

FAMILY = """
CREATE TABLE parents (id int PRIMARY KEY, boss int REFERENCES parents);
CREATE TABLE children (id int PRIMARY KEY, parent_id int NOT NULL REFERENCES parents, size int);
CREATE TABLE toys (child_id int REFERENCES children, name text);
INSERT INTO parents SELECT n, nullif(n / 2, 0) FROM generate_series(1, 1000) AS n;
INSERT INTO children SELECT n, 1 + n % 900, n FROM generate_series(1, 8000) AS n;
INSERT INTO toys SELECT 1 + n % 8000, 'toy ' || n FROM generate_series(1, 4000) AS n;
"""
WANTED = {"public.parents": 250, "public.children": 2000, "public.toys": 1000}


def filled(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute(FAMILY.encode())
    return server.dsn(database)


def points_of(*measured: tuple[int, int, float]) -> list[dict[str, Point]]:
    return [{"a": Point(rows=rows, work=done, took=timedelta(seconds=took))} for rows, done, took in measured]


def test_a_cut_leaves_the_share_that_was_wanted_and_every_parent(server: Server, database: str):
    with connect_stage(filled(server, database)) as connection:
        cut(connection, WANTED)

        held = {
            table: connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()[0]  # type: ignore[index]
            for table in WANTED
        }
        orphans = connection.execute(
            "SELECT (SELECT count(*) FROM children AS c WHERE NOT EXISTS"
            "          (SELECT FROM parents AS p WHERE p.id = c.parent_id)),"
            "       (SELECT count(*) FROM toys AS t WHERE NOT EXISTS"
            "          (SELECT FROM children AS c WHERE c.id = t.child_id)),"
            "       (SELECT count(*) FROM parents AS p WHERE boss IS NOT NULL AND NOT EXISTS"
            "          (SELECT FROM parents AS b WHERE b.id = p.boss))"
        ).fetchone()
    assert (held["public.children"], held["public.toys"]) == (2000, 1000)
    assert 250 <= held["public.parents"] < 1000
    assert orphans == (0, 0, 0)


def test_a_row_that_refers_to_itself_goes_like_any_other(server: Server, database: str):
    with connect_stage(server.dsn(database)) as connection:
        connection.execute("CREATE TABLE nodes (id int PRIMARY KEY, root int REFERENCES nodes)")
        connection.execute("INSERT INTO nodes SELECT n, n FROM generate_series(1, 100) AS n")

        cut(connection, {"public.nodes": 25})

        assert connection.execute("SELECT count(*) FROM nodes").fetchone() == (25,)


def test_a_cut_fires_no_trigger_and_leaves_no_dead_rows(server: Server, database: str):
    with connect_stage(filled(server, database)) as connection:
        connection.execute(
            "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
        )
        connection.execute("CREATE TRIGGER stop BEFORE DELETE ON toys FOR EACH ROW EXECUTE FUNCTION stop()")
        before = connection.execute("SELECT pg_relation_size('toys')").fetchone()

        cut(connection, {"public.toys": 1000})

        after = connection.execute("SELECT pg_relation_size('toys')").fetchone()
    assert before is not None
    assert after is not None
    assert after[0] < before[0] / 3


def test_a_cut_of_a_partitioned_parent_leaves_no_orphan(server: Server, database: str):
    with connect_stage(server.dsn(database)) as connection:
        connection.execute("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)")
        connection.execute("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1000)")
        connection.execute("CREATE TABLE c (p_id int REFERENCES p)")
        connection.execute("INSERT INTO p SELECT generate_series(0, 999)")
        connection.execute("INSERT INTO c SELECT generate_series(0, 99)")

        cut(connection, {"public.p1": 10})

        assert connection.execute("SELECT count(*) FROM p").fetchone() == (100,)


def test_points_are_rows_work_and_time_of_what_works_on_rows():
    given = timeline(
        statement(1, work=(work(WorkKind.REWRITE, 500), work(WorkKind.SCAN, 30, name="public.b")), took=0.4),
        statement(2, work=(work(WorkKind.METADATA, 0),), took=9.0),
        statement(3, work=(work(WorkKind.ROWS, 1, name="public.alembic_version"),), took=9.0),
    )

    found = points(given, {ORDERS: 500, "public.b": 30}, frozenset({"public.alembic_version"}))

    assert found == {"0001": Point(rows=530, work=530, took=timedelta(seconds=0.4))}


def test_a_line_is_fitted_and_judged_by_the_largest_sample():
    (found,) = calibrate(points_of((100, 200, 1.1), (200, 400, 2.1), (400, 800, 8.2))).steps

    assert found.work is not None
    assert found.time is not None
    assert (round(found.work.per_row, 6), round(found.work.fixed, 6), found.work.error) == (2.0, 0.0, 0.0)
    assert found.time.error == pytest.approx(-0.5)


@pytest.mark.parametrize(
    "measured", [[(100, 100, 1.0), (400, 400, 4.0)], [(390, 390, 1.0), (395, 395, 1.0), (400, 400, 1.0)]]
)
def test_samples_that_are_few_or_alike_give_no_line(measured: list[tuple[int, int, float]]):
    (found,) = calibrate(points_of(*measured)).steps

    assert (found.time, found.work) == (None, None)
    assert len(found.points) == len(measured)


def test_a_calibration_is_told_in_a_line_a_step():
    exact = calibrate(points_of((1000, 2000, 0.11), (2000, 4000, 0.21), (4000, 8000, 0.41)))

    (line,) = told.lines(exact)
    assert line == (
        "a: 110 ms, 210 ms and 410 ms on 1,000, 2,000 and 4,000 rows: 100 ms for 1,000 rows + 10 ms, which is exact at "
        "the largest by the smaller two. Work: 2.00 rows for each row, exact at the largest by the smaller two."
    )


def played(server: Server, database: str, directory: Path, statements: str, *, calibrate: bool) -> Report:
    script = directory / "1.sql"
    script.write_text(f"SET lock_timeout = '2s';\n{statements}\n")
    return rehearse(
        Request(
            source=server.dsn(database),
            plan=MigrationPlan(tool="sql", directory=directory, files=(script,)),
            sampling=SampleRules(rows=1_000_000),
            calibrate=calibrate,
        ),
        lambda _doing: None,
    )


def test_steps_are_measured_at_three_sizes_and_the_verdict_stays(server: Server, database: str, tmp_path: Path):
    filled(server, database)
    check = "ALTER TABLE children ADD CHECK (size > 0);"

    plain = played(server, database, tmp_path, check, calibrate=False)
    report = played(server, database, tmp_path, check, calibrate=True)

    (entry,) = json.loads(json_report.render(report))["calibration"]["steps"]
    assert [(sample["rows"], sample["work"]) for sample in entry["samples"]] == [
        (2000, 2000),
        (4000, 4000),
        (8000, 8000),
    ]
    assert entry["work"]["per_row"] == pytest.approx(1)
    assert entry["work"]["error"] == pytest.approx(0)
    assert "no part of the verdict" in text.render(report)
    assert report.verdict is plain.verdict
    assert [found.check for found in report.findings] == [found.check for found in plain.findings]
    assert json.loads(json_report.render(plain))["calibration"] is None


def test_a_step_that_fails_on_fewer_rows_is_told_and_the_verdict_stays(server: Server, database: str, tmp_path: Path):
    filled(server, database)
    needs_all = (
        "DO $$ BEGIN IF (SELECT count(*) FROM children) < 8000 THEN RAISE EXCEPTION 'where are they'; END IF; END $$;"
    )

    report = played(server, database, tmp_path, needs_all, calibrate=True)

    assert report.rehearsal.calibration is not None
    assert [note.partition(":")[0] for note in report.rehearsal.calibration.notes] == [
        "On 25% of the rows the steps could not be measured",
        "On 50% of the rows the steps could not be measured",
    ]
    assert report.verdict.value == "safe"


def test_nothing_is_calibrated_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.sql").write_text("SELECT 1")
    monkeypatch.chdir(tmp_path)
    asked = Asked(source="snapshot", sql=(Path("a.sql"),))

    assert compose(asked).calibrate is False
    assert compose(replace(asked, calibrate=True)).calibrate is True


def test_a_shared_server_is_not_calibrated_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.sql").write_text("SELECT 1")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RequestError, match="Calibrations cannot be rehearsed on a server that others use"):
        compose(Asked(source="snapshot", sql=(Path("a.sql"),), into="postgresql://stages/postgres", calibrate=True))
