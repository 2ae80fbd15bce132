"""SQL scripts played by psql, as they stand, on a real stage."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from projects.stage import raised

from rehearse.engine.server import Server
from rehearse.migrators import sql
from rehearse.migrators.scripts.dbmate import NoUpSection
from rehearse.migrators.scripts.flyway import checksum
from rehearse.migrators.scripts.history import AheadOfFolder, HistoryFailed, OneVersionTwice, SeveralHistories
from rehearse.migrators.scripts.plain import ForAnotherTool
from rehearse.migrators.scripts.script import ScriptMissing
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture
def stage(server: Server, database: str) -> Iterator[Stage]:
    with raised(server, database) as found:
        yield found


def play(directory: Path, stage: Stage, *scripts: str, limit: int = 60) -> Migration:
    files = []
    for number, text in enumerate(scripts, start=1):
        files.append(directory / f"{number:03}_step.sql")
        files[-1].write_text(text)
    plan = MigrationPlan(tool="sql", directory=directory, files=tuple(files), max_seconds=timedelta(seconds=limit))
    return sql.play(plan, stage, environ=ENVIRON)


def rows(server: Server, stage: Stage, query: str) -> list[tuple[object, ...]]:
    with server.connect(stage.address.database) as connection:
        return connection.execute(query).fetchall()


def record(server: Server, stage: Stage, *statements: str) -> None:
    """Make production's history of a tool."""
    with server.connect(stage.address.database) as connection:
        for statement in statements:
            connection.execute(statement)


def folder(directory: Path, files: Mapping[str, str]) -> Path:
    made = directory / "sql"
    for name, text in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(text.encode())
    return made


def play_folder(path: Path, stage: Stage, *, single_transaction: bool = False) -> Migration:
    plan = MigrationPlan(tool="sql", directory=path, folder=path, single_transaction=single_transaction)
    return sql.play(plan, stage, environ=ENVIRON)


def ids(migration: Migration) -> list[str]:
    return [step.id for step in migration.steps]


def outcomes(migration: Migration) -> list[Outcome]:
    return [step.outcome for step in migration.steps]


def test_each_script_is_a_step_with_its_own_application_name(tmp_path: Path, server: Server, stage: Stage) -> None:
    remember = "INSERT INTO seen SELECT pg_catalog.current_setting('application_name');"

    migration = play(tmp_path, stage, "-- Make it\nCREATE TABLE seen (app text);\n" + remember, remember, "")

    assert [(step.id, step.title, step.source) for step in migration.steps] == [
        ("001_step.sql", "Make it", "001_step.sql"),
        ("002_step.sql", "", "002_step.sql"),
        ("003_step.sql", "", "003_step.sql"),
    ]
    assert {step.outcome for step in migration.steps} == {Outcome.APPLIED}
    assert rows(server, stage, "SELECT app FROM seen ORDER BY app") == [
        ("rehearse:001_step.sql",),
        ("rehearse:002_step.sql",),
    ]


def test_a_name_too_long_for_an_application_name_is_said_in_a_statement(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    script = tmp_path / f"{'x' * 70}.sql"
    script.write_text("SELECT 1;")
    with server.connect() as connection:
        connection.execute(f"ALTER ROLE {stage.address.user} SET log_statement = 'all'")

    sql.play(MigrationPlan(tool="sql", directory=tmp_path, files=(script,)), stage, environ=ENVIRON)

    assert f"SET application_name = 'rehearse:{script.name}'" in server.log_file.read_text()


def test_begin_and_commit_of_a_script_are_its_own(tmp_path: Path, server: Server, stage: Stage) -> None:
    broken = "CREATE TABLE kept ();\nBEGIN;\nCREATE TABLE undone ();\nSELECT 1/0;\nCOMMIT;\n"

    migration = play(tmp_path, stage, broken, "CREATE TABLE never ();")

    assert [step.outcome for step in migration.steps] == [Outcome.FAILED, Outcome.SKIPPED]
    assert migration.steps[0].error == "division by zero"
    assert migration.steps[0].location == "001_step.sql:4"
    assert migration.exit_status == 3
    exists = "SELECT pg_catalog.to_regclass('kept') IS NOT NULL, pg_catalog.to_regclass('undone') IS NOT NULL"
    assert rows(server, stage, exists) == [(True, False)]


SCRIPTS = {
    "SELECT 1/0;": 1,
    "SELECT 1;\n\n  SELECT 1/0;\n": 3,
    "SELECT 1;\n-- why\n/* and\nhow */ SELECT 1,\n -- within\n\n 1/0;\n": 4,
    "SELECT 1; SELECT 1; SELECT\n1/0; SELECT 1;": 1,
    "DO $$\nBEGIN\n  PERFORM 1/0;\nEND\n$$;\n": 1,
    "\\set n 0\nSELECT 1 /\n :n;\n": 2,
}


@pytest.mark.parametrize("major", [15, 18])
def test_a_statement_that_fails_is_located_where_it_begins(
    tmp_path: Path, request: pytest.FixtureRequest, major: int
) -> None:
    suffix = "15" if major == 15 else ""
    server, database = request.getfixturevalue(f"server{suffix}"), request.getfixturevalue(f"database{suffix}")

    with raised(server, database) as stage:
        found = {script: play(tmp_path, stage, script).steps[0].location for script in SCRIPTS}

    assert found == {script: f"001_step.sql:{line}" for script, line in SCRIPTS.items()}


def test_a_statement_of_an_included_script_is_located_there(tmp_path: Path, stage: Stage) -> None:
    (tmp_path / "included.sql").write_text("SELECT 1;\n\nSELECT\n\n 1/0;\n")

    migration = play(tmp_path, stage, "\\i included.sql\n")

    assert migration.steps[0].location == "included.sql:3"


def test_values_of_rows_are_not_reported(tmp_path: Path, stage: Stage) -> None:
    migration = play(
        tmp_path, stage, "CREATE TABLE t (mail text UNIQUE);\nINSERT INTO t VALUES ('me@x.org'), ('me@x.org');"
    )

    assert migration.steps[0].outcome is Outcome.FAILED
    assert "DETAIL:  ***" in migration.output_tail
    assert "me@x.org" not in repr(migration)


def test_a_script_that_connects_elsewhere_is_stopped(tmp_path: Path, stage: Stage) -> None:
    migration = play(tmp_path, stage, "\\connect postgresql://boss@192.0.2.1/shop?connect_timeout=5\n")

    assert migration.steps[0].outcome is Outcome.FAILED


def test_a_missing_script_is_a_wrong_request(tmp_path: Path, stage: Stage) -> None:
    plan = MigrationPlan(tool="sql", directory=tmp_path, files=(tmp_path / "no.sql",))

    with pytest.raises(ScriptMissing, match=r"no\.sql"):
        sql.play(plan, stage, environ=ENVIRON)


def test_a_script_is_stopped_at_the_limit(tmp_path: Path, stage: Stage) -> None:
    migration = play(tmp_path, stage, "SELECT pg_catalog.pg_sleep(60);", "SELECT 1;", limit=2)

    assert migration.stopped is not None
    assert migration.stopped.limit == "max_seconds"
    assert [step.outcome for step in migration.steps] == [Outcome.FAILED, Outcome.SKIPPED]


FLYWAY = """CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50),
    description varchar(200), type varchar(20), script varchar(1000), checksum int, success boolean)"""
DBMATE = "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)"
GOLANG = "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)"
BROKEN = "CREATE TABLE undone ();\nSELECT 1/0;\n"
IS_UNDONE = "SELECT pg_catalog.to_regclass('undone') IS NULL"
IS_KEPT = "SELECT pg_catalog.to_regclass('kept') IS NOT NULL"
CONCURRENTLY = "CREATE INDEX CONCURRENTLY by_id ON shop (id);\n"


def applied(rank: int, version: str | None, name: str, text: str, kind: str = "SQL", ended: str = "true") -> str:
    described = name.partition("__")[2].removesuffix(".sql").replace("_", " ")
    number = f"'{version}'" if version else "NULL"
    values = f"{rank}, {number}, '{described}', '{kind}', '{name}', {checksum(text)}, {ended}"
    return f"INSERT INTO flyway_schema_history VALUES ({values})"


def test_plain_files_are_all_pending_in_natural_order(tmp_path: Path, stage: Stage) -> None:
    files = {"10_c.sql": "SELECT 3;", "2_b.sql": "SELECT 2;", "1_a.sql": "SELECT 1;", "1_a.down.sql": "x"}

    migration = play_folder(folder(tmp_path, files), stage)

    assert ids(migration) == ["1_a.sql", "2_b.sql", "10_c.sql"]
    assert migration.notes[0] == "Plain SQL files are recorded nowhere: every file was taken for pending."


@pytest.mark.parametrize("together", [True, False])
def test_plain_files_run_in_one_transaction_if_so_configured(
    tmp_path: Path, server: Server, stage: Stage, together: bool
) -> None:
    migration = play_folder(folder(tmp_path, {"1.sql": BROKEN}), stage, single_transaction=together)

    assert migration.steps[0].location == "1.sql:2"
    assert rows(server, stage, IS_UNDONE) == [(together,)]


def test_a_failure_at_the_commit_of_a_file_is_the_steps(tmp_path: Path, stage: Stage) -> None:
    deferred = (
        "CREATE TABLE t (id int PRIMARY KEY, parent int REFERENCES t DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO t VALUES (1, 99);\n"
    )

    migration = play_folder(folder(tmp_path, {"1.sql": deferred}), stage, single_transaction=True)

    assert outcomes(migration) == [Outcome.FAILED]
    assert migration.steps[0].error is not None
    assert migration.steps[0].error.startswith('insert or update on table "t" violates foreign key constraint')


def test_files_of_tools_whose_sections_psql_cannot_tell_apart_are_refused(tmp_path: Path, stage: Stage) -> None:
    path = folder(tmp_path, {"1.sql": "-- +goose Up\nCREATE TABLE t ();\n-- +goose Down\nDROP TABLE t;\n"})

    with pytest.raises(ForAnotherTool, match="written for goose"):
        play_folder(path, stage)


def test_flyway_versions_are_numbers_and_repeatable_files_come_last(tmp_path: Path, stage: Stage) -> None:
    names = ["V10__d.sql", "V2__c.sql", "R__b.sql", "R__a.sql", "V1_10__b.sql", "sub/V1_2__a.sql", "U2__c.sql"]

    migration = play_folder(folder(tmp_path, dict.fromkeys(names, "SELECT 1;")), stage)

    assert ids(migration) == ["V1_2__a.sql", "V1_10__b.sql", "V2__c.sql", "V10__d.sql", "R__a.sql", "R__b.sql"]
    assert migration.notes[0] == "Production has no history table of flyway: every file was taken for pending."


def test_flyway_plays_what_production_has_not_recorded_and_what_changed(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    old, new = "CREATE VIEW v AS SELECT 1 AS a;\r\n", "CREATE VIEW w AS SELECT 2 AS a;"
    files = {"V1__a.sql": "x", "V2.0__b.sql": "x", "V3__c.sql": "SELECT 3;", "R__same.sql": old, "R__new.sql": new}
    history = [applied(1, "1", "V1__a.sql", "x"), applied(2, "2", "V2.0__b.sql", "x")]
    repeated = [applied(3, None, "R__same.sql", old), applied(4, None, "R__new.sql", "another")]
    record(server, stage, FLYWAY, *history, *repeated)

    migration = play_folder(folder(tmp_path, files), stage)

    assert ids(migration) == ["V3__c.sql", "R__new.sql"]
    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    assert (migration.notes, migration.open_points) == ((), ())


def test_flyway_starts_above_its_baseline_and_forgets_what_was_undone(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    baseline = applied(1, "1", "<< Flyway Baseline >>", "", kind="BASELINE")
    undone = applied(3, "2", "U2__b.sql", "x", kind="UNDO_SQL")
    record(server, stage, FLYWAY, baseline, applied(2, "2", "V2__b.sql", "SELECT 1;"), undone)
    files = dict.fromkeys(("V1__a.sql", "V2__b.sql", "V3__c.sql"), "SELECT 1;")

    migration = play_folder(folder(tmp_path, files), stage)

    assert ids(migration) == ["V2__b.sql", "V3__c.sql"]
    assert migration.notes == ()


def test_what_flyway_would_refuse_is_said_and_the_rest_rehearsed(tmp_path: Path, server: Server, stage: Stage) -> None:
    files = {"V1__a.sql": "changed", "V1_5__late.sql": "SELECT 1;", "V3__c.sql": "SELECT 3;"}
    record(server, stage, FLYWAY, applied(1, "1", "V1__a.sql", "x"), applied(2, "2", "V2__gone.sql", "x"))

    migration = play_folder(folder(tmp_path, files), stage)

    assert ids(migration) == ["V1_5__late.sql", "V3__c.sql"]
    assert migration.notes == (
        (
            "Production applied V2__gone.sql, of which the folder holds no file. "
            "`flyway validate` refuses that, unless told to ignore missing migrations."
        ),
        (
            "Older than version 2, which production has already: V1_5__late.sql. "
            "Flyway refuses them, unless outOfOrder=true."
        ),
        (
            "V1__a.sql has changed since production applied it: it is not played again, and `flyway migrate` "
            "refuses until `flyway repair` has accepted it."
        ),
    )


def test_a_version_that_flyway_recorded_as_failed_stops_everything(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    record(server, stage, FLYWAY, applied(1, "1", "V1__a.sql", "x", ended="false"))

    with pytest.raises(HistoryFailed, match="flyway repair") as caught:
        play_folder(folder(tmp_path, {"V1__a.sql": "x"}), stage)

    assert caught.value.exit_code == 3


def test_flyways_placeholders_are_left_open(tmp_path: Path, stage: Stage) -> None:
    migration = play_folder(folder(tmp_path, {"V1__a.sql": "SELECT '${tenant}';"}), stage)

    assert "V1__a.sql has placeholders of Flyway (${tenant})" in migration.open_points[0]


@pytest.mark.parametrize(
    ("more", "undone"), [({}, True), ({"V2__b.sql.conf": "# slow\nexecuteInTransaction=false\n"}, False)]
)
def test_a_flyway_file_is_one_transaction_unless_its_conf_says_otherwise(
    tmp_path: Path, server: Server, stage: Stage, more: dict[str, str], undone: bool
) -> None:
    play_folder(folder(tmp_path, {"V2__b.sql": BROKEN, **more}), stage)

    assert rows(server, stage, IS_UNDONE) == [(undone,)]


def test_flyway_takes_what_refuses_a_transaction_out_of_it(tmp_path: Path, stage: Stage) -> None:
    files = {"V1__a.sql": "CREATE TABLE shop (id int);", "V2__b.sql": f"-- no lock\n{CONCURRENTLY}VACUUM shop;\n"}

    migration = play_folder(folder(tmp_path, {**files, "V3__c.sql": f"SELECT 1;\n{CONCURRENTLY[:-4]}note);"}), stage)

    assert outcomes(migration)[:2] == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    warning = " works CONCURRENTLY: Flyway (9.1.6 and newer) waits for its own lock there without end, "
    remedy = "unless flyway.postgresql.transactional.lock=false."
    assert migration.notes[1:] == (
        f"V2__b.sql{warning}{remedy}",
        f"V3__c.sql{warning}{remedy}",
        "V3__c.sql mixes statements that refuse a transaction with others: Flyway wants mixed=true.",
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [("V1__a.sql", "V1.0__b.sql"), ("1_a.up.sql", "001_b.up.sql"), ("20260101_a.sql", "20260101_b.sql")],
)
def test_two_files_of_one_version_are_a_wrong_request(tmp_path: Path, stage: Stage, first: str, second: str) -> None:
    path = folder(tmp_path, dict.fromkeys((first, second), "-- migrate:up\nSELECT 1;\n"))

    with pytest.raises(OneVersionTwice) as caught:
        play_folder(path, stage)

    assert first in str(caught.value)
    assert second in str(caught.value)


def test_dbmate_plays_the_up_section_and_keeps_the_line_numbers(tmp_path: Path, server: Server, stage: Stage) -> None:
    files = {
        "20260101_a.sql": "-- migrate:up\nCREATE TABLE kept ();\n\n-- migrate:down\nDROP TABLE kept;\n",
        "20260102_b.sql": f"-- Why\n-- migrate:up\n{BROKEN}-- migrate:down\n-- migrate:up\nSELECT 1;\n",
    }

    migration = play_folder(folder(tmp_path, files), stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.FAILED]
    assert [step.title for step in migration.steps] == ["", "Why"]
    assert migration.steps[1].location == "20260102_b.sql:4"
    assert rows(server, stage, IS_KEPT) == [(True,)]
    assert rows(server, stage, IS_UNDONE) == [(True,)]


def test_dbmates_way_back_speaks_for_itself(tmp_path: Path, stage: Stage) -> None:
    says = "-- rehearse: expect no data change\n"
    files = {"1_a.sql": f"{says}-- migrate:up\nSELECT 1;\n{says}-- migrate:down\n{says}SELECT 2;\n"}

    migration = play_folder(folder(tmp_path, files), stage)

    assert [remark.line for remark in migration.steps[0].remarks] == [1, 4]


def test_dbmate_leaves_out_what_production_has_and_says_what_is_odd(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    files = dict.fromkeys(("1_a.sql", "2_b.sql", "4_d.sql"), "-- migrate:up\nSELECT 1;\n")
    record(server, stage, DBMATE, "INSERT INTO schema_migrations VALUES ('1'), ('3')")

    migration = play_folder(folder(tmp_path, files), stage)

    assert ids(migration) == ["2_b.sql", "4_d.sql"]
    assert migration.notes == (
        (
            "Production applied 3, of which the folder holds no file. "
            "dbmate does not mind; an older checkout would look the same."
        ),
        (
            "Older than version 3, which production has already: 2_b.sql. "
            "dbmate plays such files, unless called with --strict."
        ),
    )


def test_dbmate_without_transaction_sends_the_section_as_one_string(tmp_path: Path, stage: Stage) -> None:
    up = "-- migrate:up"
    files = {
        "1_a.sql": f"{up}\nCREATE TABLE shop (id int);",
        "2_b.sql": f"{up} transaction:false\n{CONCURRENTLY}",
        "3_c.sql": f"{up} transaction:false\nDROP INDEX by_id;\n{CONCURRENTLY}",
    }

    migration = play_folder(folder(tmp_path, files), stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.FAILED], migration.output_tail
    assert migration.steps[2].error == "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"


def test_a_dbmate_file_without_up_section_is_a_wrong_request(tmp_path: Path, stage: Stage) -> None:
    path = folder(tmp_path, {"1_a.sql": "-- migrate:up\nSELECT 1;", "2_b.sql": "SELECT 2;"})

    with pytest.raises(NoUpSection, match=r"2_b\.sql"):
        play_folder(path, stage)


def test_golang_migrate_plays_what_is_above_productions_version(tmp_path: Path, server: Server, stage: Stage) -> None:
    names = ["1_a.up.sql", "1_a.down.sql", "2_b.up.sql", "2_b.down.sql", "10_c.up.sql"]
    record(server, stage, GOLANG, "INSERT INTO schema_migrations VALUES (1, false)")

    migration = play_folder(folder(tmp_path, dict.fromkeys(names, "SELECT 1;")), stage)

    assert ids(migration) == ["2_b.up.sql", "10_c.up.sql"]
    assert migration.notes == ()


@pytest.mark.parametrize(("row", "error", "code"), [("(2, true)", HistoryFailed, 3), ("(7, false)", AheadOfFolder, 2)])
def test_golang_migrate_stops_at_a_dirty_or_an_unknown_version(
    tmp_path: Path, server: Server, stage: Stage, row: str, error: type[HistoryFailed | AheadOfFolder], code: int
) -> None:
    record(server, stage, GOLANG, f"INSERT INTO schema_migrations VALUES {row}")

    with pytest.raises(error) as caught:
        play_folder(folder(tmp_path, {"1_a.up.sql": "SELECT 1;", "2_b.up.sql": "SELECT 1;"}), stage)

    assert caught.value.exit_code == code
    assert f"version {row[1]}" in str(caught.value)


@pytest.mark.parametrize(("text", "undone"), [(BROKEN, True), (f"BEGIN;\nCOMMIT;\n{BROKEN}", False)])
def test_golang_migrate_sends_a_file_as_one_string(
    tmp_path: Path, server: Server, stage: Stage, text: str, undone: bool
) -> None:
    migration = play_folder(folder(tmp_path, {"1_a.up.sql": text}), stage)

    assert migration.steps[0].error == "division by zero"
    assert rows(server, stage, IS_UNDONE) == [(undone,)]


def test_golang_migrate_builds_an_index_concurrently_in_a_file_of_its_own(tmp_path: Path, stage: Stage) -> None:
    files = {"1_a.up.sql": "CREATE TABLE shop (id int);", "2_b.up.sql": CONCURRENTLY}

    migration = play_folder(folder(tmp_path, files), stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail


def test_several_histories_of_one_tool_are_a_wrong_request(tmp_path: Path, server: Server, stage: Stage) -> None:
    record(server, stage, FLYWAY, "CREATE SCHEMA two", FLYWAY.replace("TABLE ", "TABLE two."))

    with pytest.raises(SeveralHistories, match=r"two\.flyway_schema_history"):
        play_folder(folder(tmp_path, {"V1__a.sql": "x"}), stage)


def test_a_file_named_by_itself_is_played_whatever_the_history_says(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    path = folder(tmp_path, {"1_a.sql": "-- migrate:up\nCREATE TABLE kept ();\n-- migrate:down\nDROP TABLE kept;\n"})
    record(server, stage, DBMATE, "INSERT INTO schema_migrations VALUES ('1')")
    plan = MigrationPlan(tool="sql", directory=path, files=(path / "1_a.sql",))

    migration = sql.play(plan, stage, environ=ENVIRON)

    assert outcomes(migration) == [Outcome.APPLIED]
    assert rows(server, stage, IS_KEPT) == [(True,)]
