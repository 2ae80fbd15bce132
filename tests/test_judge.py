"""The verdict: what makes it, what outranks what, what leaves it open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    NOON,
    ORDERS,
    evidence,
    facts,
    fidelity,
    lock,
    migration,
    rehearsal,
    row_count,
    setting,
    statement,
    step,
    table,
    timeline,
    verdict,
    work,
)

from rehearse.judge import judge
from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.migration import ForeignConnection, Stopped
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Verdict
from rehearse.model.setting import Standing
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.timeline import Aim, Disturbance, Outcome, WorkKind

TODAY = NOON.date()
ORDERS_TABLE = CatalogObject(kind="table", identity=ORDERS, table=ORDERS, physical="1", attributes={})
HUNG = Stopped(
    step="0001",
    limit="max_step_seconds",
    after=timedelta(seconds=3),
    busy_with="executing SELECT pg_sleep(60) for 2.9 s",
    location="versions/0001.py:9",
)
LOSS = (row_count(10, 9, 10),)


@pytest.mark.parametrize(
    ("standing", "expected", "says"),
    [
        (Standing.ACCEPTED, Verdict.SAFE, "1 pending step was played and 1 setting was accepted; no finding blocks."),
        (Standing.REFUSED, Verdict.UNSAFE, "work_mem = 1GB (--set) is refused: why."),
        (Standing.OPEN, Verdict.UNDECIDED, "Whether production accepts work_mem = 1GB (--set) is open: why."),
    ],
)
def test_a_changed_setting_counts_for_what_postgresql_made_of_it(standing: Standing, expected: Verdict, says: str):
    report = verdict(rehearsal(settings=(setting(standing=standing, error="why"),)))

    assert (report.verdict, report.reasons) == (expected, (says,))


def test_settings_alone_are_safe_without_a_step():
    report = verdict(rehearsal(migration=migration(tool="none"), settings=(setting(), setting(name="jit"))))

    assert report.reasons == ("2 settings were accepted by PostgreSQL 18.6; no migration was played.",)


def test_a_rehearsal_without_findings_is_safe():
    report = verdict(rehearsal())

    assert report.verdict is Verdict.SAFE
    assert report.reasons == ("1 pending step was played; no finding blocks.",)


def test_nothing_pending_is_safe_and_says_so():
    report = verdict(rehearsal(migration=migration()))

    assert report.verdict is Verdict.SAFE
    assert report.reasons == ("Nothing is pending: the database is at the target revision already.",)


def test_a_block_outranks_an_open_point():
    report = verdict(rehearsal(row_counts=LOSS, timeline=timeline(complete=False, gaps=("The log is cut.",))))

    assert report.verdict is Verdict.UNSAFE
    assert "The log is cut." in report.reasons


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (rehearsal(timeline=timeline(complete=False)), "log of the run is incomplete"),
        (rehearsal(migration=migration(known_revisions=0)), "No revisions were found"),
        (
            rehearsal(migration=migration(step(outcome=Outcome.FAILED), stopped=HUNG)),
            "(migrations.max_step_seconds); it was executing SELECT pg_sleep(60) for 2.9 s (versions/0001.py:9).",
        ),
        (
            rehearsal(migration=migration(step(), exit_status=3, output_tail="boom")),
            "status 3 though no step failed: boom",
        ),
        (rehearsal(migration=migration(step(), targets=("0009",))), "did not reach 0009"),
        (rehearsal(migration=migration(step(), open_points=("The hook was silent.",))), "The hook was silent."),
    ],
)
def test_what_could_not_be_established_makes_it_undecided(given: Rehearsal, words: str):
    report = verdict(given)

    assert report.verdict is Verdict.UNDECIDED
    assert any(words in reason for reason in report.reasons)


def test_reaching_the_target_in_any_version_table_closes_the_question():
    given = rehearsal(migration=migration(step(), targets=("0009",)), heads_after={"app.alembic_version": ("0009",)})

    assert verdict(given).verdict is Verdict.SAFE


def test_a_step_that_touches_a_stand_in_is_undecided_and_another_is_not():
    touched = fidelity(touched=(ORDERS,), deviations=("public.orders: check c restored NOT VALID",))
    near = rehearsal(fidelity=touched, timeline=timeline(statement(), lock()))
    far = rehearsal(
        fidelity=touched,
        before=Catalog(objects=(ORDERS_TABLE,)),
        timeline=timeline(statement(sql="SELECT FROM orders"), lock(name="public.customers")),
    )

    assert verdict(near).verdict is Verdict.UNDECIDED
    assert "Step 0001 touches public.orders, where the stage is not production's twin" in verdict(near).reasons[0]
    assert verdict(far).verdict is Verdict.SAFE


@pytest.mark.parametrize(
    ("sql", "touched", "expected"),
    [
        ("CREATE UNIQUE INDEX ON orders (lower(note))", "public.orders.note", Verdict.UNDECIDED),
        ("CREATE UNIQUE INDEX ON orders (lower(notes))", "public.orders.note", Verdict.SAFE),
        ('ALTER TABLE orders ADD n text COLLATE "en-x-icu"', '"en-x-icu"', Verdict.UNDECIDED),
        ("ALTER PUBLICATION changes ADD TABLE orders", "changes", Verdict.UNDECIDED),
        ("ALTER TABLE orders ADD COLUMN changes integer", "changes", Verdict.SAFE),
        ("CREATE EXTENSION IF NOT EXISTS citext", "citext", Verdict.SAFE),
        ("ALTER EXTENSION citext UPDATE", "citext", Verdict.UNDECIDED),
        ("SELECT shop.price(1)", "shop.price(integer)", Verdict.UNDECIDED),
    ],
)
def test_a_statement_that_names_a_stand_in_is_undecided(sql: str, touched: str, expected: Verdict):
    given = rehearsal(fidelity=fidelity(touched=(touched,)), timeline=timeline(statement(sql=sql, tag="CREATE INDEX")))

    assert verdict(given).verdict is expected


DROPPED = ("DROP PUBLICATION changes", 'publication "changes" does not exist')
READ = ("SELECT lo_get(body) FROM letters", "large object 4711 does not exist")
LABELLED = ("SECURITY LABEL FOR anon ON TABLE orders IS 'x'", 'security label provider "anon" is not loaded')


@pytest.mark.parametrize(
    ("refused", "touched", "large_objects", "expected"),
    [
        (DROPPED, ("changes",), 0, Verdict.UNDECIDED),
        (DROPPED, ("others",), 0, Verdict.UNSAFE),
        (READ, (), 3, Verdict.UNDECIDED),
        (READ, (), 0, Verdict.UNSAFE),
        (LABELLED, (), 0, Verdict.UNDECIDED),
    ],
)
def test_a_step_that_fails_at_what_the_stage_lacks_proves_nothing(
    refused: tuple[str, str], touched: tuple[str, ...], large_objects: int, expected: Verdict
):
    sql, message = refused
    failed = statement(sql=sql, tag=sql.split()[0], outcome=Outcome.FAILED, sqlstate="42704", message=message)
    given = rehearsal(
        facts=replace(facts(table(2_000)), large_objects=large_objects),
        fidelity=fidelity(touched=touched),
        timeline=timeline(failed),
        migration=migration(step(outcome=Outcome.FAILED), exit_status=1),
    )

    assert verdict(given).verdict is expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE orders SET state = 'x' WHERE note LIKE '%gift%'", Verdict.UNDECIDED),
        ("UPDATE orders SET note = '' WHERE id < 100", Verdict.SAFE),
    ],
)
def test_rows_chosen_by_a_masked_column_leave_it_open(sql: str, expected: Verdict):
    masked = (ColumnTreatment(table=ORDERS, column="note", mask="text", reason="unclassified text"),)
    given = rehearsal(
        fidelity=fidelity(masked=masked),
        timeline=timeline(statement(sql=sql, tag="UPDATE", work=(work(WorkKind.ROWS, 3, detail="update"),))),
    )

    assert verdict(given).verdict is expected


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [("NOTHING", Verdict.SAFE), ("UPDATE SET state = 'x'", Verdict.UNDECIDED)],
)
def test_a_row_inserted_unless_its_masked_key_is_there_leaves_open_only_what_would_be_written_over(
    resolution: str, expected: Verdict
):
    masked = (ColumnTreatment(table=ORDERS, column="note", mask="text", reason="unclassified text"),)
    sql = f"INSERT INTO orders (note) VALUES ('a') ON CONFLICT (lower(note)) DO {resolution}"
    given = rehearsal(
        fidelity=fidelity(masked=masked),
        timeline=timeline(statement(sql=sql, tag="INSERT", work=(work(WorkKind.ROWS, 1, detail="insert"),))),
    )

    assert verdict(given).verdict is expected


@pytest.mark.parametrize(("is_accepted", "expected"), [(False, Verdict.UNDECIDED), (True, Verdict.SAFE)])
def test_what_a_finding_cannot_tell_of_production_is_open_until_it_is_accepted(is_accepted: bool, expected: Verdict):
    finding = Finding(
        check="values-changed",
        family=Family.LOSS,
        severity=Severity.NOTE,
        step="0001",
        object=f"{ORDERS}.note",
        message="it was cut",
        remedy="",
        evidence={},
        open_point="What it did to production is open.",
    )
    accepted = Acknowledgement(check="values-changed", object=f"{ORDERS}.note", reason="meant")
    policy = Policy(acknowledgements=(accepted,) if is_accepted else ())

    report = judge(evidence(rehearsal(), policy), [finding], (), NOON.date())

    assert report.verdict is expected
    assert (finding.open_point in report.reasons) is not is_accepted


def test_a_failure_the_stage_caused_is_undecided():
    given = rehearsal(
        migration=migration(step(outcome=Outcome.FAILED, error="no superuser"), exit_status=1),
        timeline=timeline(
            statement(
                outcome=Outcome.FAILED, sqlstate="42501", message="must be superuser to create an untrusted thing"
            )
        ),
    )

    assert verdict(given).verdict is Verdict.UNDECIDED


REFUSED = (
    ("CREATE EXTENSION dblink", 'permission denied to create extension "dblink"'),
    ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "permission denied to terminate process"),
    ("SELECT drop_what_is_there()", "must be owner of schema _rehearse"),
    ("DROP TABLE others", "must be owner of table others"),
)


@pytest.mark.parametrize(
    ("superuser", "undecided"),
    [(True, (True, True, True, True)), (False, (False, True, True, False)), (None, (True, True, True, False))],
)
def test_who_is_refused_on_the_stage_alone_leaves_it_open(superuser: bool | None, undecided: tuple[bool, ...]):
    verdicts = [
        verdict(
            rehearsal(
                migration=migration(step(outcome=Outcome.FAILED, error=message), exit_status=1),
                timeline=timeline(statement(sql=sql, outcome=Outcome.FAILED, sqlstate="42501", message=message)),
                fidelity=fidelity(superuser_in_production=superuser),
            )
        ).verdict
        for sql, message in REFUSED
    ]

    assert verdicts == [Verdict.UNDECIDED if is_open else Verdict.UNSAFE for is_open in undecided]


@pytest.mark.parametrize(
    ("superuser", "allowed", "expected"),
    [(True, (), Verdict.UNDECIDED), (True, ("SET session_replication_role",), Verdict.SAFE), (False, (), Verdict.SAFE)],
)
def test_triggers_that_stay_on_leave_it_open_where_production_would_have_switched_them_off(
    superuser: bool, allowed: tuple[str, ...], expected: Verdict
):
    switched = Disturbance(
        aim=Aim.TRIGGERS,
        object="session_replication_role",
        told="switch off triggers",
        statement=1,
        step="0001",
        sql="SET session_replication_role = replica",
    )
    given = rehearsal(
        timeline=timeline(statement(sql=switched.sql, tag="SET"), disturbances=(switched,)),
        fidelity=fidelity(superuser_in_production=superuser, allowed=allowed),
    )

    assert verdict(given).verdict is expected


def test_a_refused_address_is_unsafe():
    given = rehearsal(migration=migration(connections=(ForeignConnection(target="db:5432/x", redirected=False),)))

    assert verdict(given).verdict is Verdict.UNSAFE


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Acknowledgement(check="rows-lost", object="public.*", reason="archived"), Verdict.SAFE),
        (Acknowledgement(check="rows-lost", object=ORDERS, reason="archived", expires=TODAY), Verdict.SAFE),
        (
            Acknowledgement(check="rows-lost", object=ORDERS, reason="archived", expires=TODAY - timedelta(days=1)),
            Verdict.UNSAFE,
        ),
        (Acknowledgement(check="table-dropped", object=ORDERS, reason="archived"), Verdict.UNSAFE),
        (Acknowledgement(check="rows-lost", object="public.customers", reason="archived"), Verdict.UNSAFE),
    ],
)
def test_an_acknowledgement_covers_its_check_and_object_until_it_expires(entry: Acknowledgement, expected: Verdict):
    report = verdict(rehearsal(row_counts=LOSS), Policy(acknowledgements=(entry,)))

    assert report.verdict is expected


def test_a_check_that_crashes_is_undecided_and_hides_no_other():
    seen = evidence(rehearsal())

    report = judge(seen, (), ("The check x crashed.",), TODAY)

    assert report.verdict is Verdict.UNDECIDED
    assert report.reasons == ("The check x crashed.",)


def test_a_rewrite_of_a_large_table_is_unsafe_at_any_speed_on_the_stage():
    given = rehearsal(
        facts=facts(table(212_000_000, exact=False)),
        row_counts=(row_count(1_000, 1_000, 212_000_000),),
        timeline=timeline(statement(work=(work(WorkKind.REWRITE, 1_000),), took=0.001), lock(held=0.001)),
    )

    report = verdict(given)

    assert report.verdict is Verdict.UNSAFE
    assert "1,000 rows here, about 212 M (19.7 GB) in production" in report.reasons[0]


@pytest.mark.parametrize(
    ("table_written", "known", "expected"),
    [
        ("public.alembic_version", None, Verdict.UNDECIDED),
        ('"Meta".django_migrations', None, Verdict.UNDECIDED),
        ("public.flyway_schema_history", None, Verdict.SAFE),
        ("public.alembic_version", 2, Verdict.SAFE),
    ],
)
def test_migrations_that_ran_unheard_in_a_command_leave_a_point_open(
    table_written: str, known: int | None, expected: Verdict
):
    ran = migration(step("command"), tool="command", known_revisions=known)

    report = judge(evidence(rehearsal(migration=ran, heads_after={table_written: ("0002",)})), (), (), TODAY)

    assert report.verdict is expected, report.reasons
