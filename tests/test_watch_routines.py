"""LOCK TABLE in functions and procedures: told for whoever calls them, or said to be open."""

from __future__ import annotations

import pytest
from grounds import Ground

from rehearse.model.timeline import LockMode, Timeline
from rehearse.watch import watching

HELD = """
SELECT c.relname, l.mode FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
 WHERE l.pid = %s AND c.relname = 'loose' AND l.mode NOT IN ('AccessShareLock', 'RowExclusiveLock')
"""
LOCKING = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE loose IN SHARE MODE; END $$"
SQL = "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ LOCK loose IN SHARE MODE; SELECT $$"
QUIET = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'LOCK TABLE loose'; END $$"
CALLING = "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM f(); RETURN 1; END $$"
FIRED = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN LOCK loose IN SHARE MODE; RETURN NEW; END $$"
TRIGGER = "CREATE TRIGGER watchful BEFORE INSERT ON children FOR EACH ROW EXECUTE FUNCTION f()"
EMPTIED = "CREATE TRIGGER watchful BEFORE TRUNCATE ON children EXECUTE FUNCTION f()"
PROCEDURE = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN LOCK loose IN SHARE MODE; COMMIT; END $$"
SHARE = [("public.loose", LockMode.SHARE)]


def strong(timeline: Timeline) -> list[tuple[str, LockMode]]:
    return [(each.object, each.mode) for each in timeline.locks if each.mode.strength >= LockMode.SHARE.strength]


@pytest.mark.parametrize(
    ("made", "calling"),
    [
        ([LOCKING], "SELECT f()"),
        ([LOCKING], "SELECT public.f() FROM parents"),
        ([SQL], "SELECT f()"),
        ([LOCKING, CALLING], "SELECT g()"),
        ([CALLING, LOCKING], "UPDATE parents SET id = g() WHERE id = 1"),
        ([LOCKING, CALLING], "DO $$ BEGIN PERFORM g(); END $$"),
        ([FIRED, TRIGGER], "INSERT INTO children VALUES (1000, 1)"),
        ([FIRED, TRIGGER], "DO $$ BEGIN INSERT INTO children VALUES (1000, 1); END $$"),
        ([FIRED, EMPTIED], "TRUNCATE children"),
        ([LOCKING.replace("LOCK TABLE", "EXECUTE 'LOCK TABLE").replace("MODE", "MODE'")], "SELECT f()"),
        ([LOCKING, f"DO $a$ BEGIN {CALLING}; END $a$"], "SELECT g()"),
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_what_a_routine_locks_is_told_for_its_caller(ground: Ground, made: list[str], calling: str, *, is_new: bool):
    with ground.connect() as before:
        for each in () if is_new else made:
            before.execute(each.encode())
    with watching(ground.stage) as watch:
        with ground.connect(autocommit=False) as connection:
            for each in made if is_new else ():
                connection.execute(each.encode())
                connection.commit()
            connection.execute(calling.encode())
            held = watch.admin.execute(HELD, [connection.info.backend_pid]).fetchall()
        timeline = watch.timeline()

    assert [(f"public.{table}", LockMode(mode)) for table, mode in held] == SHARE
    assert [each for each in strong(timeline) if each[0] == "public.loose"] == SHARE
    locked = next(each for each in timeline.locks if each.object == "public.loose" and each.mode is LockMode.SHARE)
    assert [each.sql for each in timeline.statements if each.number == locked.statement] == [calling]
    assert timeline.gaps == ()


def test_a_procedure_that_ends_its_transaction_is_told_to_lock(ground: Ground):
    timeline = ground.watch(PROCEDURE, "CALL p()")

    assert (strong(timeline), timeline.gaps) == (SHARE, ())


@pytest.mark.parametrize(
    "statements",
    [
        [LOCKING],
        [LOCKING, "DROP FUNCTION f()"],
        [LOCKING, CALLING, "SELECT 1"],
        [QUIET, CALLING, "SELECT f(), g()"],
        [LOCKING, "COMMENT ON FUNCTION f() IS 'locks'"],
        [f"DO $a$ BEGIN {SQL}; END $a$"],
        ["CREATE TABLE f (lock int)", "INSERT INTO f (lock) VALUES (1)", "UPDATE f SET lock = 2"],
        [FIRED, TRIGGER, "DELETE FROM children WHERE id = 1"],
        [FIRED, TRIGGER, "DO $$ BEGIN DELETE FROM children WHERE id = 1; END $$"],
    ],
)
def test_who_calls_no_routine_that_locks_locks_nothing(ground: Ground, statements: list[str]):
    timeline = ground.watch(*statements)

    assert [each for each in strong(timeline) if each[0] == "public.loose"] == []
    assert timeline.gaps == ()


BUILT = """CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('LOCK TABLE %I IN SHARE MODE', 'loose'); END $$"""
OVERLOADED = LOCKING.replace("f()", "f(int)").replace("loose", "children")


VARIABLE = """CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE command text := 'LOCK TABLE loose'; BEGIN EXECUTE command; END $$"""
REPLACED = LOCKING.replace("CREATE", "CREATE OR REPLACE").replace("loose", "children")


@pytest.mark.parametrize(
    ("statements", "name"),
    [
        ([BUILT, "SELECT f()"], "Function f "),
        ([BUILT, CALLING, "SELECT g()"], "Function f "),
        ([VARIABLE, "SELECT f()"], "Function f "),
        ([LOCKING, OVERLOADED, "SELECT f()"], "Function f "),
        ([LOCKING, "SELECT f()", REPLACED], "Function f "),
        (["DO $$ BEGIN EXECUTE 'LOCK TABLE ' || 'loose'; END $$"], "A block of code "),
    ],
)
def test_a_lock_that_cannot_be_read_is_an_open_point(ground: Ground, statements: list[str], name: str):
    timeline = ground.watch(*statements)

    [gap] = timeline.gaps
    assert gap.startswith(name)
    assert "LOCK TABLE" in gap
    assert not timeline.complete


def test_a_routine_that_cannot_be_read_and_is_not_called_hides_nothing(ground: Ground):
    assert ground.watch(BUILT, "SELECT 1").gaps == ()
