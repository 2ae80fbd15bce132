"""A configuration is read as it is written, and every mistake in it is told at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from rehearse.config import (
    Configuration,
    ConfigurationError,
    NotADuration,
    UnknownEnvironment,
    UnsetVariable,
    load,
    parse_duration,
)
from rehearse.config.errors import NoWayToMigrate
from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.environment import Environment
from rehearse.model.own_check import OwnCheck
from rehearse.model.policy import Rate
from rehearse.model.sampling import VirtualKey
from rehearse.model.timeline import WorkKind
from rehearse.request.asked import Asked
from rehearse.request.composition import compose

DOCUMENTED = """
[environments.production]
url = "${PRODUCTION_URL}"
[environments.stage]
provider = "embedded"
promotes_to = "production"
[environments.nightly]
snapshot = "snapshots/last"
[migrations]
tool = "alembic"
config = "db/alembic.ini"
python = ".venv/bin/python"
env = ["APP_SETTINGS"]
[engine]
use = "embedded"
[snapshot]
rows = 200
[sanitise]
unclassified = "mask-all"
key = "${MASK_KEY}"
[sanitise.columns]
"public.customers.email" = "email"
"public.countries.*" = "keep"
[policy]
max_blocking = "500ms"
max_row_locks = "2min"
[policy.rates.scan]
rows = 5
bytes = 6
[[policy.acknowledge]]
check = "column-dropped"
object = "public.orders.legacy_note"
reason = "unused since 4.2, archived"
expires = 2027-01-31
[[checks]]
name = "every order has a customer"
sql = "select id from orders where customer_id is null"
"""
SECRET = "hunter2"
ENVIRON = {"PRODUCTION_URL": f"postgresql://me:{SECRET}@db/shop", "MASK_KEY": SECRET}

Read = Callable[..., Configuration]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a rehearse.toml with some text."""

    def reading(text: str, environ: Mapping[str, str] = ENVIRON) -> Configuration:
        (tmp_path / "rehearse.toml").write_text(text, encoding="utf-8")
        return load(None, tmp_path, environ)

    return reading


def mistakes(read: Read, text: str, environ: Mapping[str, str] = ENVIRON) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read(text, environ)
    assert caught.value.exit_code == 2
    return caught.value.mistakes


def test_everything_documented_is_read(read: Read, tmp_path: Path):
    found = read(DOCUMENTED)

    assert found.environment("production") == Environment(name="production", url=ENVIRON["PRODUCTION_URL"])
    assert found.environment("stage") == Environment(name="stage", provider="embedded", promotes_to="production")
    assert found.environment("nightly").snapshot == str(tmp_path / "snapshots/last")
    assert found.known_urls() == (ENVIRON["PRODUCTION_URL"],)
    assert found.migrations.config == tmp_path / "db/alembic.ini"
    assert found.migrations.python == tmp_path / ".venv/bin/python"
    assert found.migrations.env == ("APP_SETTINGS",)
    assert (found.engine.use, found.engine.bin_dir, found.snapshot.rows) == ("embedded", None, 200)
    assert (found.sanitise.unclassified, found.sanitise.key) == ("mask-all", SECRET)
    assert found.sanitise.columns == {"public.customers.email": "email", "public.countries.*": "keep"}
    assert found.policy.max_blocking == timedelta(milliseconds=500)
    assert found.policy.max_row_locks == timedelta(minutes=2)
    assert found.policy.rates[WorkKind.SCAN] == Rate(rows=5, bytes=6)
    assert found.policy.rates[WorkKind.ROWS] == Rate(rows=5_000, bytes=20_000_000)
    assert found.policy.acknowledgements == (
        Acknowledgement(
            check="column-dropped",
            object="public.orders.legacy_note",
            reason="unused since 4.2, archived",
            expires=date(2027, 1, 31),
            place="rehearse.toml:30",
        ),
    )
    assert found.checks == (
        OwnCheck(name="every order has a customer", sql="select id from orders where customer_id is null"),
    )


def test_no_file_means_defaults(tmp_path: Path):
    found = load(None, tmp_path, {})

    assert (found.environments, found.snapshot.rows, found.engine.use) == ({}, 1000, "auto")
    assert found.migrations.directory == tmp_path


def test_the_nearest_file_upwards_is_read(read: Read, tmp_path: Path):
    read("[snapshot]\nrows = 7")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert load(None, below, {}).snapshot.rows == 7


def test_pyproject_is_read_only_where_it_speaks_of_us(tmp_path: Path):
    below = tmp_path / "below"
    below.mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.rehearse.snapshot]\nrows = 8")
    (below / "pyproject.toml").write_text("[tool.other\nbroken")

    assert load(None, below, {}).snapshot.rows == 8


def test_a_rate_keeps_what_is_not_written(read: Read):
    rates = read("[policy.rates]\nindex-build = { rows = 7 }\n").policy.rates

    assert rates[WorkKind.INDEX_BUILD] == Rate(rows=7, bytes=40_000_000)
    assert rates[WorkKind.REWRITE] == Rate(rows=10_000, bytes=20_000_000)


@pytest.mark.parametrize(
    ("written", "mistake"),
    [
        ("rewrit = { rows = 1 }", 'policy.rates.rewrit: there is no such key; did you mean "rewrite"?'),
        ("metadata = { rows = 1 }", "policy.rates.metadata: there is no such key."),
        ("scan = 5", "policy.rates.scan: this is a table, with keys of its own"),
        ("scan = { rows = 0 }", "policy.rates.scan.rows: Input should be greater than or equal to 1"),
    ],
)
def test_a_rate_that_is_none_is_a_mistake(read: Read, written: str, mistake: str):
    assert mistakes(read, f"[policy.rates]\n{written}\n") == (mistake,)


def test_limits_of_time_are_seconds_and_more_than_none(read: Read):
    found = read("[migrations]\nmax_step_seconds = 90\nmax_seconds = 0.5\n").migrations

    assert (found.max_step_seconds, found.max_seconds) == (timedelta(seconds=90), timedelta(milliseconds=500))
    assert mistakes(read, "[migrations]\nmax_step_seconds = 0") == (
        "migrations.max_step_seconds: Input should be greater than 0 seconds",
    )


@pytest.mark.parametrize(
    ("written", "flag", "wanted", "each"),
    [
        ("", None, True, False),
        ("false", None, False, False),
        ("false", True, True, True),
        ("true", None, True, True),
        ("true", False, False, False),
    ],
)
def test_the_way_back_is_rehearsed_unless_configuration_or_flag_say_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, flag: bool | None, wanted: bool, each: bool
):
    (tmp_path / "rehearse.toml").write_text(f"[migrations]\n{f'downgrade = {written}' if written else ''}\n")
    (tmp_path / "alembic.ini").write_text("[alembic]\n")
    monkeypatch.chdir(tmp_path)

    found = compose(Asked(source="snapshot", downgrade=flag))

    assert (found.downgrade, found.one_by_one) == (wanted, each)


def test_the_limits_hold_for_a_migration_that_flags_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "rehearse.toml").write_text("[migrations]\nmax_step_seconds = 90\nmax_seconds = 600\n")
    (tmp_path / "one.sql").write_text("SELECT 1;")
    monkeypatch.chdir(tmp_path)

    plan = compose(Asked(source="snapshot", sql=(Path("one.sql"),), max_seconds=120)).plan

    assert (plan.max_step_seconds, plan.max_seconds) == (timedelta(seconds=90), timedelta(seconds=120))


def test_a_named_pyproject_without_our_table_is_refused(tmp_path: Path):
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.other]")

    with pytest.raises(ConfigurationError, match=r"it has no table \[tool.rehearse\]"):
        load(path, tmp_path, {})


def test_every_mistake_is_told_at_once(read: Read):
    found = mistakes(
        read,
        """
        [environments.stage]
        promotes_to = "prod"
        [migrations]
        tol = "alembic"
        tool = "alembik"
        [snapshot]
        rows = 0
        [policy]
        max_blocking = "soon"
        [[policy.acknowledge]]
        check = "column-dropped"
        object = "public.orders.note"
        expires = "tomorrow"
        reson = "because"
        [engin]
        """,
    )

    assert found == (
        'engin: there is no such key; did you mean "engine"?',
        'migrations.tol: there is no such key; did you mean "tool"?',
        "migrations.tool: Input should be 'alembic', 'sql' or 'command'",
        "policy.acknowledge[0].expires: Input should be a valid date or datetime, input is too short",
        "policy.acknowledge[0].reason: Field required",
        'policy.acknowledge[0].reson: there is no such key; did you mean "reason"?',
        'policy.max_blocking: "soon" is not a duration. Write it as "500ms", "1s", "2min", "1h" or "30d".',
        "snapshot.rows: Input should be greater than or equal to 1",
    )


def test_an_environment_can_only_promote_to_one_that_exists(read: Read):
    found = mistakes(read, '[environments.production]\nurl = "x"\n[environments.stage]\npromotes_to = "prodution"')

    assert found == ('environments.stage.promotes_to: there is no environment "prodution"; did you mean "production"?',)


def test_bad_toml_names_the_line(read: Read):
    (found,) = mistakes(read, "[snapshot]\nrows = \n")

    assert found == "not TOML: Invalid value (at line 2, column 8)"


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        load(tmp_path / "nowhere.toml", tmp_path, {})


def test_an_unset_variable_stops_only_who_needs_it(read: Read):
    found = read('[environments.a]\nurl = "${A_URL}"\n[environments.b]\nurl = "service=b"', {})

    assert found.known_urls() == ("service=b",)
    with pytest.raises(UnsetVariable, match=r"environments\.a\.url needs the environment variable A_URL"):
        found.environment("a")


def test_an_unset_variable_elsewhere_is_a_mistake(read: Read):
    found = mistakes(read, '[migrations]\nconfig = "${DIR}/alembic.ini"\nenv = ["${X}"]', {})

    assert found == (
        "migrations.config: the variable DIR is not set.",
        "migrations.env[0]: the variable X is not set.",
    )


def test_an_unknown_environment_is_a_sentence(read: Read):
    with pytest.raises(UnknownEnvironment, match='no environment named "prod"; did you mean "production"'):
        read(DOCUMENTED).environment("prod")


def test_secrets_are_never_shown(read: Read):
    written = DOCUMENTED.replace("${PRODUCTION_URL}", f"postgresql://me:{SECRET}@db/shop")

    assert SECRET not in repr(read(written))
    assert SECRET not in str(mistakes(read, written + f'url = ["{SECRET}"]'))
    assert SECRET not in str(mistakes(read, f'[environments.a]\nurl = ["postgresql://me:{SECRET}@db/shop"]'))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta(0)),
        ("500ms", timedelta(milliseconds=500)),
        ("1.5 s", timedelta(seconds=1.5)),
        ("2min", timedelta(minutes=2)),
        ("1h", timedelta(hours=1)),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, length: timedelta):
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "1", "s", "-1s", "1 day", "1s2", "٣s", "9" * 400 + "h"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(NotADuration):
        parse_duration(text)


def test_a_folder_of_scripts_is_left_to_the_migrator(read: Read, tmp_path: Path):
    folder = tmp_path / "sql"
    folder.mkdir()

    plan = read('[migrations]\ntool = "sql"\npath = "sql"\nsingle_transaction = true').migrations.plan()

    assert (plan.folder, plan.files, plan.single_transaction) == (folder, (), True)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no alembic.ini"),
        ('[migrations]\ntool = "command"', "needs a command"),
        ('[migrations]\ntool = "sql"', "needs a path"),
    ],
)
def test_without_anything_to_play_there_is_no_plan(read: Read, text: str, sentence: str):
    with pytest.raises(NoWayToMigrate, match=sentence):
        read(text).migrations.plan()


def test_pydantic_is_not_imported_before_a_file_is_read():
    code = "import sys, rehearse.config; print('pydantic' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert answer.stdout == "False\n"


def test_tables_of_a_snapshot_have_rules_of_their_own(tmp_path: Path):
    (tmp_path / "rehearse.toml").write_text(
        "[snapshot]\nrows = 7\n"
        '[snapshot.tables]\n"public.orders" = { rows = 5, newest = "at" }\n"audit.*" = { skip = true }\n'
    )

    found = load(None, tmp_path, {}).snapshot

    assert (found.quota("public.orders"), found.quota("public.lines")) == (5, 7)
    assert (found.of("public.orders").newest, found.of("audit.log").skip) == ("at", True)


def test_a_snapshot_has_foreign_keys_that_postgresql_does_not_know_and_searches_that_can_be_declined(read: Read):
    found = read(
        "[snapshot]\nduplicates = false\n"
        '[[snapshot.foreign_keys]]\nfrom = "public.comments.subject_id"\nto = "public.posts.id"\n'
        "where = \"subject_type = 'Post'\"\n"
        '[[snapshot.foreign_keys]]\nfrom = ["public.a.x", "public.a.y"]\nto = ["public.b.x", "public.b.y"]\n'
        '[[snapshot.foreign_keys]]\nfrom = "public.events.payload"\nto = "public.products.id"\n'
        'path = "$.items[*].product_id"\n'
    ).snapshot

    assert (found.duplicates, found.orphans) == (False, True)
    assert found.foreign_keys == (
        VirtualKey(
            child_columns=("public.comments.subject_id",),
            parent_columns=("public.posts.id",),
            where="subject_type = 'Post'",
        ),
        VirtualKey(child_columns=("public.a.x", "public.a.y"), parent_columns=("public.b.x", "public.b.y")),
        VirtualKey(
            child_columns=("public.events.payload",),
            parent_columns=("public.products.id",),
            path="$.items[*].product_id",
        ),
    )


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('from = "public.a.x"\nto = ["public.b.x", "public.b.y"]', "as many on either side"),
        ('from = ["public.a.x", "public.a.y"]\nto = ["public.b.x", "public.b.y"]\npath = "$.x"', "into one column"),
        ('fro = "public.a.x"\nto = "public.b.x"', 'there is no such key; did you mean "from"?'),
    ],
)
def test_a_foreign_key_that_is_written_wrongly_is_a_mistake(read: Read, written: str, words: str):
    assert any(words in mistake for mistake in mistakes(read, f"[[snapshot.foreign_keys]]\n{written}\n"))


def test_what_may_have_a_superusers_rights_is_read_as_it_is_compared(read: Read):
    found = read("[migrations]\nallow_superuser = ['create  extension', 'SET Session_Replication_Role']\n").migrations

    assert found.allow_superuser == ("CREATE EXTENSION", "SET session_replication_role")
    (mistake,) = mistakes(read, "[migrations]\nallow_superuser = ['ALTER SYSTEM', 'DROP TABLE']")
    assert mistake.startswith('migrations.allow_superuser[1]: "DROP TABLE" is nothing that can be allowed. A superuser')
