"""Alembic projects of every make, played on a real stage by their own interpreter."""

from __future__ import annotations

import importlib.util
import os
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from projects import toys
from projects.stage import raised

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.errors import RequestError
from rehearse.migrators import alembic
from rehearse.migrators.alembic import AlembicRefused, DatabaseAhead, EnvRaised, NoAlembic, UnknownRevision
from rehearse.migrators.process.run import CommandNotFound, NotTheStage
from rehearse.migrators.process.variables import VariableUnset
from rehearse.migrators.project import ConfigMissing, InterpreterMissing
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome

PYTHON = Path(sys.executable)
ENVIRON = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
HAS_GREENLET = importlib.util.find_spec("greenlet") is not None
NEEDS_GREENLET = pytest.mark.skipif(not HAS_GREENLET, reason="SQLAlchemy's async engines need greenlet")
CONNINFO = "host=prod.example port=5433 dbname=shop user=boss password=geheim"
PARAMETERS = {"host": "prod.example", "port": 5433, "database": "shop", "user": "boss", "password": "geheim"}
PRODUCTION = "postgresql://boss:geheim@prod.example:5433/shop"


@pytest.fixture
def stage(server: Server, database: str) -> Iterator[Stage]:
    with raised(server, database) as found:
        yield found


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Server]:
    """Another real server, which must never be contacted and writes down who comes."""
    with running(resolve(None, use="embedded").binaries, settings={"log_connections": "on"}) as started:
        yield started


def play(ini: Path, stage: Stage, **more: object) -> Migration:
    environ = more.pop("environ", ENVIRON)
    given: dict[str, object] = {"directory": ini.parent, "config": ini, "python": PYTHON, "tool": "alembic"}
    given["max_seconds"] = timedelta(seconds=60)
    return alembic.play(MigrationPlan(**{**given, **more}), stage, environ=environ)  # type: ignore[arg-type]  # by name


def ids(migration: Migration) -> list[str]:
    return [step.id for step in migration.steps]


def outcomes(migration: Migration) -> list[Outcome]:
    return [step.outcome for step in migration.steps]


def rows(server: Server, stage: Stage, query: str) -> list[tuple[object, ...]]:
    with server.connect(stage.address.database) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


def test_a_placeholder_url_in_the_ini_becomes_the_stage(tmp_path: Path, server: Server, stage: Stage) -> None:
    migration = play(toys.project(tmp_path), stage)

    assert ids(migration) == ["a1", "a2"], migration.output_tail
    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED]
    assert migration.steps[0].title == "The step a1."
    assert migration.steps[0].source == "migrations/versions/r1.py"
    assert migration.steps[0].duration > timedelta(0)
    assert (migration.exit_status, migration.observed, migration.known_revisions) == (0, True, 2)
    assert migration.targets == ("a2",)
    assert migration.open_points == ()
    assert dict(migration.versions).keys() == {"alembic", "sqlalchemy", "python"}
    assert rows(server, stage, "SELECT version_num FROM alembic_version") == [("a2",)]


def test_each_step_is_marked_first_thing_in_its_transaction(tmp_path: Path, server: Server, stage: Stage) -> None:
    probe = (
        'op.execute("CREATE TABLE IF NOT EXISTS probe AS SELECT '
        "pg_catalog.current_setting('application_name') AS app\")"
    )

    play(toys.project(tmp_path, revisions=[toys.revision("a1", None, probe)]), stage)

    assert rows(server, stage, "SELECT app FROM probe") == [("rehearse:a1",)]


@pytest.mark.parametrize("driver", ["", "+psycopg2", "+psycopg"])
def test_a_postgresql_url_in_the_ini_is_redirected(tmp_path: Path, stage: Stage, driver: str) -> None:
    ini = toys.project(tmp_path, url=PRODUCTION.replace("://", f"{driver}://"))

    migration = play(ini, stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    (connection,) = migration.connections
    assert connection.target == "postgresql://boss@prod.example:5433/shop"
    assert connection.redirected
    assert connection.location is not None
    assert connection.location.startswith("migrations/env.py:")


def test_the_url_comes_from_the_environment(tmp_path: Path, stage: Stage) -> None:
    env = toys.env_with('create_engine(os.environ["DATABASE_URL"])')

    migration = play(toys.project(tmp_path, env=env), stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    assert migration.connections == ()


def test_a_variable_with_a_postgresql_url_gets_the_stage_and_keeps_its_driver(tmp_path: Path, stage: Stage) -> None:
    env = toys.env_with(
        '(os.environ["SHOP_DB"].startswith("postgresql+psycopg2://") and os.environ["MODE"] == "x" '
        'and "PROD_SECRET" not in os.environ) and create_engine(os.environ["SHOP_DB"])'
    )
    environ = {**ENVIRON, "SHOP_DB": "postgresql+psycopg2://a:b@prod/x", "MODE": "x", "PROD_SECRET": "1"}

    migration = play(toys.project(tmp_path, env=env), stage, env=("SHOP_DB", "MODE"), environ=environ)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail


def test_an_unset_url_variable_gets_the_stage_and_any_other_is_refused(tmp_path: Path, stage: Stage) -> None:
    ini = toys.project(tmp_path, env=toys.env_with('create_engine(os.environ["SHOP_DATABASE_URL"])'))

    migration = play(ini, stage, env=("SHOP_DATABASE_URL",))

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    with pytest.raises(VariableUnset, match="APP_SETTINGS"):
        play(ini, stage, env=("APP_SETTINGS",))


@pytest.mark.parametrize(
    "engine",
    [
        'create_engine("postgresql+psycopg2://boss:geheim@prod.example:5433/shop")',
        'create_engine("postgresql+psycopg://boss:geheim@prod.example:5433/shop?sslmode=verify-full")',
        f'create_engine("postgresql+psycopg://", creator=lambda: __import__("psycopg").connect({CONNINFO!r}))',
        f'create_engine("postgresql+psycopg2://", creator=lambda: __import__("psycopg2").connect(**{PARAMETERS!r}))',
    ],
)
def test_a_hard_coded_declared_database_is_redirected(tmp_path: Path, stage: Stage, engine: str) -> None:
    migration = play(toys.project(tmp_path, env=toys.env_with(engine)), stage, declared=(PRODUCTION,))

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    assert [connection.redirected for connection in migration.connections] == [True]
    assert "geheim" not in repr(migration)


@NEEDS_GREENLET
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_async_engines_are_redirected_and_observed(tmp_path: Path, stage: Stage, driver: str) -> None:
    engine = f'create_async_engine("postgresql+{driver}://boss:geheim@prod.example:5433/shop")'

    migration = play(toys.project(tmp_path, env=toys.async_env(engine)), stage, declared=(PRODUCTION,))

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    (connection,) = migration.connections
    assert connection.redirected
    assert connection.location is not None
    assert connection.location.startswith("migrations/env.py:")


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", pytest.param("asyncpg", marks=NEEDS_GREENLET)])
def test_an_undeclared_database_is_refused_and_never_contacted(
    tmp_path: Path, stage: Stage, elsewhere: Server, driver: str
) -> None:
    url = f"postgresql+{driver}://rehearse@/template1?host={elsewhere.socket_dir}"
    env = (
        toys.async_env(f"create_async_engine({url!r})")
        if driver == "asyncpg"
        else toys.env_with(f"create_engine({url!r})")
    )

    migration = play(toys.project(tmp_path, env=env), stage)

    (connection,) = migration.connections
    assert not connection.redirected
    assert connection.location is not None
    assert connection.location.startswith("migrations/env.py:")
    assert migration.exit_status != 0
    assert "connection received" not in elsewhere.log_file.read_text()


@pytest.mark.parametrize(
    "connect", ['__import__("psycopg2").connect(dsn)', '__import__("psycopg").connect(dsn)', "except_everything(dsn)"]
)
def test_a_driver_used_inside_a_revision_is_refused(
    tmp_path: Path, stage: Stage, elsewhere: Server, connect: str
) -> None:
    more = """
def except_everything(dsn):
    try:
        __import__("psycopg").connect(dsn)
    except Exception:
        pass
"""
    body = f"dsn = {elsewhere.dsn()!r}\n{connect}"
    ini = toys.project(tmp_path, revisions=[*toys.TABLES, toys.revision("a3", "a2", body, more=more)])

    migration = play(ini, stage)

    assert outcomes(migration)[2] is Outcome.FAILED
    assert [found.redirected for found in migration.connections] == [False]
    assert migration.connections[0].location is not None
    assert migration.connections[0].location.startswith("migrations/versions/r3.py:")
    assert "connection received" not in elsewhere.log_file.read_text()


def test_a_program_started_by_a_revision_finds_no_other_server(tmp_path: Path, stage: Stage, elsewhere: Server) -> None:
    psql = elsewhere.binaries.bin_dir / "psql"
    body = f"""
        import subprocess
        subprocess.run([{str(psql)!r}, {elsewhere.dsn()!r}, "-c", "SELECT 1"], check=True)
    """

    migration = play(toys.project(tmp_path, revisions=[toys.revision("a1", None, body)]), stage)

    if "mount namespace" not in migration.isolation:
        pytest.skip("the kernel grants no mount namespace here")
    assert outcomes(migration) == [Outcome.FAILED]
    assert "connection received" not in elsewhere.log_file.read_text()


def test_a_tool_that_knows_tcp_only_reaches_the_stage_on_the_loopback(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    psql = server.binaries.bin_dir / "psql"
    body = f"""
        import subprocess
        done = subprocess.run([{str(psql)!r}, "-h", "127.0.0.1", "-Atc", "CREATE TABLE tcp ()"], check=True)
    """

    migration = play(toys.project(tmp_path, revisions=[toys.revision("a1", None, body)]), stage)

    if "network namespace" not in migration.isolation:
        pytest.skip("the kernel grants no network namespace here")
    assert outcomes(migration) == [Outcome.APPLIED], migration.output_tail
    assert rows(server, stage, "SELECT pg_catalog.to_regclass('tcp') IS NOT NULL") == [(True,)]


def test_a_sqlite_file_is_not_migrated_in_place_of_the_stage(tmp_path: Path, stage: Stage) -> None:
    ini = toys.project(tmp_path, env=toys.env_with('create_engine("sqlite:///dev.db")'))

    migration = play(ini, stage)

    assert [found.target for found in migration.connections] == ["sqlite+pysqlite"]
    assert not (tmp_path / "dev.db").exists()


def test_the_networks_own_database_is_not_reachable_without_a_driver(tmp_path: Path, stage: Stage) -> None:
    body = """
        import socket
        socket.create_connection(("192.0.2.1", 5432), timeout=5)
    """

    migration = play(toys.project(tmp_path, revisions=[toys.revision("a1", None, body)]), stage)

    if "network namespace" not in migration.isolation:
        pytest.skip("the kernel grants no network namespace here")
    assert migration.steps[0].error == "OSError: [Errno 101] Network is unreachable"


def test_several_heads_labels_and_a_merge_are_played(tmp_path: Path, server: Server, stage: Stage) -> None:
    ini = toys.project(
        tmp_path,
        revisions=[
            *toys.TABLES,
            toys.revision("b1", "a1", more="branch_labels = ('billing',)"),
            toys.revision("c1", "a1", more="branch_labels = ('stock',)"),
            toys.revision("m1", ("a2", "b1")),
        ],
    )

    partly = play(ini, stage, target="billing@b1")
    rest = play(ini, stage)

    assert ids(partly) == ["a1", "b1"]
    assert partly.targets == ("b1",)
    assert sorted(ids(rest)) == ["a2", "c1", "m1"]
    assert sorted(rest.targets) == ["c1", "m1"]
    assert rows(server, stage, "SELECT version_num FROM alembic_version ORDER BY 1") == [("c1",), ("m1",)]


def test_one_head_asked_for_where_there_are_several_is_a_wrong_request(tmp_path: Path, stage: Stage) -> None:
    ini = toys.project(tmp_path, revisions=[*toys.TABLES, toys.revision("b1", "a1")])

    with pytest.raises(AlembicRefused, match="Multiple head revisions") as caught:
        play(ini, stage, target="head")

    assert caught.value.exit_code == 2


def test_several_version_locations_are_read(tmp_path: Path, stage: Stage) -> None:
    options = "version_locations = %(here)s/migrations/versions:%(here)s/migrations/more"
    ini = toys.project(tmp_path, options=options)
    toys.scripts(tmp_path / "migrations", toys.DEFAULT_ENV, [toys.revision("x1", None)], versions="more")

    migration = play(ini, stage)

    assert sorted(ids(migration)) == ["a1", "a2", "x1"]
    assert sorted(migration.targets) == ["a2", "x1"]


def test_version_table_and_schema_are_the_projects(tmp_path: Path, server: Server, stage: Stage) -> None:
    rows(server, stage, f"CREATE SCHEMA meta AUTHORIZATION {stage.address.user}")
    configure = ', version_table="history", version_table_schema="meta"'
    env = toys.env_with('create_engine(os.environ["DATABASE_URL"])', configure)

    migration = play(toys.project(tmp_path, env=env), stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    assert rows(server, stage, "SELECT version_num FROM meta.history") == [("a2",)]


@pytest.mark.parametrize("configure", ["", ", transaction_per_migration=True", ", transactional_ddl=False"])
def test_an_autocommit_block_works_in_every_transaction_mode(
    tmp_path: Path, server: Server, stage: Stage, configure: str
) -> None:
    body = """
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY by_note ON orders (note)")
    """
    env = toys.env_with('create_engine(os.environ["DATABASE_URL"])', configure)
    ini = toys.project(tmp_path, env=env, revisions=[*toys.TABLES, toys.revision("a3", "a2", body)])

    migration = play(ini, stage)

    assert outcomes(migration) == [Outcome.APPLIED] * 3, migration.output_tail
    assert rows(server, stage, "SELECT pg_catalog.to_regclass('by_note') IS NOT NULL") == [(True,)]


SECOND_TREE = "\n[billing]\nscript_location = %(here)s/billing\nsqlalchemy.url = driver://x/y\n"


def test_several_script_trees_of_one_ini_are_played_by_the_projects_command(tmp_path: Path, stage: Stage) -> None:
    ini = toys.project(tmp_path, options=SECOND_TREE)
    env = toys.DEFAULT_ENV.replace("target_metadata=None", 'target_metadata=None, version_table="billing_version"')
    toys.scripts(tmp_path / "billing", env, [toys.revision("b1", None)])
    both = "python -m alembic upgrade head && python -m alembic -n billing upgrade head"

    first = play(ini, stage)
    every = play(ini, stage, command=("sh", "-c", both))

    assert ids(first) == ["a1", "a2"]
    assert any("another script tree, [billing], which was not played" in note for note in first.notes)
    assert (ids(every), every.targets) == (["b1"], ("a2", "b1")), every.output_tail
    assert not any("[billing]" in note for note in every.notes)


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_a_version_table_for_each_schema_is_played_schema_by_schema(
    tmp_path: Path, server: Server, stage: Stage, order: tuple[str, str]
) -> None:
    rows(server, stage, f"CREATE SCHEMA one AUTHORIZATION {stage.address.user}")
    rows(server, stage, f"CREATE SCHEMA two AUTHORIZATION {stage.address.user}")
    rows(server, stage, "CREATE TABLE two.taken ()")
    env = f"""
import os
from sqlalchemy import create_engine, text
from alembic import context
failed = None
for schema in {order}:
    with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
        connection.execute(text("SET search_path = " + schema))
        connection.commit()
        context.configure(connection=connection, version_table_schema=schema, transaction_per_migration=True)
        try:
            with context.begin_transaction():
                context.run_migrations()
        except Exception as error:
            failed = error
if failed is not None:
    raise failed
"""
    revisions = [
        *toys.TABLES,
        toys.revision("a3", "a2", 'op.execute("CREATE TABLE taken ()")'),
        toys.revision("a4", "a3"),
    ]

    migration = play(toys.project(tmp_path, env=env, revisions=revisions), stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.FAILED, Outcome.APPLIED]
    assert migration.steps[2].error == 'DuplicateTable: relation "taken" already exists'
    assert rows(server, stage, "SELECT version_num FROM one.alembic_version") == [("a4",)]
    assert rows(server, stage, "SELECT version_num FROM two.alembic_version") == [("a2",)]


@pytest.mark.parametrize(
    ("configure", "head"), [("", None), (", transaction_per_migration=True", "a2"), (", transactional_ddl=False", "a2")]
)
def test_what_a_failure_leaves_depends_on_the_transactions_of_env(
    tmp_path: Path, server: Server, stage: Stage, configure: str, head: str | None
) -> None:
    env = toys.env_with('create_engine(os.environ["DATABASE_URL"])', configure)
    broken = toys.revision("a3", "a2", 'op.execute("SELECT 1/0")')

    migration = play(toys.project(tmp_path, env=env, revisions=[*toys.TABLES, broken]), stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.FAILED], migration.output_tail
    assert migration.steps[2].error == "DivisionByZero: division by zero"
    reached = "SELECT pg_catalog.to_regclass('alembic_version') IS NOT NULL"
    assert rows(server, stage, reached) == [(head is not None,)]
    if head is not None:
        assert rows(server, stage, "SELECT version_num FROM alembic_version") == [(head,)]


@pytest.mark.parametrize(
    ("commit", "recorded"),
    [
        ('op.execute("COMMIT")', [("a1",)]),
        ("op.get_bind().commit()", []),  # SQLAlchemy 2 begins anew and alembic never commits that: the rest is lost
    ],
)
def test_a_revision_that_commits_in_the_middle_is_seen_to_the_end(
    tmp_path: Path, server: Server, stage: Stage, commit: str, recorded: list[tuple[str]]
) -> None:
    body = f"""
        op.execute("CREATE TABLE kept ()")
        {commit}
        op.execute("CREATE TABLE later ()")
    """
    env = toys.env_with('create_engine(os.environ["DATABASE_URL"])')

    migration = play(toys.project(tmp_path, env=env, revisions=[toys.revision("a1", None, body)]), stage)

    assert (outcomes(migration), migration.targets) == ([Outcome.APPLIED], ("a1",)), migration.output_tail
    exist = "SELECT pg_catalog.to_regclass('kept') IS NOT NULL, pg_catalog.to_regclass('later') IS NOT NULL"
    assert rows(server, stage, exist) == [(True, bool(recorded))]
    assert rows(server, stage, "SELECT version_num FROM alembic_version") == recorded


def test_a_second_connection_of_a_revision_reaches_the_stage(tmp_path: Path, server: Server, stage: Stage) -> None:
    body = f"""
        with sa.create_engine({PRODUCTION!r}).begin() as second:
            second.execute(sa.text("CREATE TABLE by_second ()"))
    """

    migration = play(toys.project(tmp_path, revisions=[toys.revision("a1", None, body)]), stage, declared=(PRODUCTION,))

    assert outcomes(migration) == [Outcome.APPLIED], migration.output_tail
    (connection,) = migration.connections
    assert (connection.redirected, connection.location) == (True, "migrations/versions/r1.py:8")
    assert rows(server, stage, "SELECT pg_catalog.to_regclass('by_second') IS NOT NULL") == [(True,)]


def test_version_locations_may_be_set_in_env(tmp_path: Path, stage: Stage) -> None:
    env = toys.DEFAULT_ENV.replace(
        "config = context.config\n",
        "config = context.config\nimport os\n"
        "context.script.version_locations = [os.path.abspath('elsewhere')]\n"
        "context.script.__dict__.pop('_version_locations', None)\n",
    )
    ini = toys.project(tmp_path, env=env, revisions=[])
    toys.scripts(tmp_path, "", toys.TABLES, versions="elsewhere")

    migration = play(ini, stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    assert migration.known_revisions == 2


def test_a_connection_handed_over_by_the_projects_command_is_observed(tmp_path: Path, stage: Stage) -> None:
    env = """
from alembic import context
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
    toys.project(tmp_path, env=env)
    (tmp_path / "upgrade.py").write_text(
        "import os\nfrom alembic import command\nfrom alembic.config import Config\n"
        "from sqlalchemy import create_engine\n"
        'config = Config("alembic.ini")\n'
        'with create_engine(os.environ["DATABASE_URL"]).begin() as connection:\n'
        '    config.attributes["connection"] = connection\n'
        '    command.upgrade(config, "head")\n'
    )

    migration = play(tmp_path / "alembic.ini", stage, command=("python", "upgrade.py"))

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    assert migration.open_points == ()


def test_a_first_revision_that_is_stamped_and_an_advisory_lock_do_no_harm(tmp_path: Path, stage: Stage) -> None:
    env = toys.env_with('create_engine(os.environ["DATABASE_URL"])').replace(
        "    with context.begin_transaction():\n",
        "    from sqlalchemy import text\n"
        '    connection.execute(text("SELECT pg_catalog.pg_advisory_lock(7)"))\n'
        "    connection.execute(text(\"SET statement_timeout = '5s'\"))\n"
        "    connection.commit()\n"
        "    with context.begin_transaction():\n",
    )
    above = toys.revision("a2", "a1", 'op.execute("CREATE TABLE t ()")')
    ini = toys.project(tmp_path, env=env, revisions=[toys.revision("a1", None), above])
    both = "python -m alembic stamp a1 && python -m alembic upgrade head"

    migration = play(ini, stage, command=("sh", "-c", both))

    assert (ids(migration), migration.targets) == (["a2"], ("a1", "a2")), migration.output_tail
    assert outcomes(migration) == [Outcome.APPLIED]


def test_scripts_may_live_in_a_package(tmp_path: Path, stage: Stage) -> None:
    ini = toys.project(tmp_path, script_location="shop_pkg:migrations")
    (tmp_path / "migrations").rename(tmp_path / "moved")
    (tmp_path / "shop_pkg").mkdir()
    (tmp_path / "shop_pkg" / "__init__.py").write_text("")
    (tmp_path / "moved").rename(tmp_path / "shop_pkg" / "migrations")

    migration = play(ini, stage)

    assert [step.source for step in migration.steps] == [
        "shop_pkg/migrations/versions/r1.py",
        "shop_pkg/migrations/versions/r2.py",
    ]


@pytest.mark.parametrize("ini_too", [False, True])
def test_pyproject_may_hold_the_configuration(tmp_path: Path, stage: Stage, ini_too: bool) -> None:
    toys.scripts(tmp_path / "migrations", toys.env_with('create_engine(os.environ["DATABASE_URL"])'), toys.TABLES)
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\nprepend_sys_path = ["."]\n')
    if ini_too:
        (tmp_path / "alembic.ini").write_text("[alembic]\nsqlalchemy.url = driver://x/y\n")

    migration = play(pyproject, stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail


def test_a_package_called_alembic_does_not_hide_the_real_one(tmp_path: Path, stage: Stage) -> None:
    ini = toys.project(tmp_path, script_location="%(here)s/alembic")
    (tmp_path / "migrations").rename(tmp_path / "alembic")
    (tmp_path / "alembic" / "__init__.py").write_text("")
    ini.write_text(ini.read_text().replace("prepend_sys_path = .\n", ""))

    migration = play(ini, stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail


def test_a_project_without_ini_is_upgraded_by_its_own_command(tmp_path: Path, stage: Stage) -> None:
    toys.scripts(
        tmp_path / "app" / "migrations", toys.env_with('create_engine(config.get_main_option("url"))'), toys.TABLES
    )
    (tmp_path / "app" / "__init__.py").write_text("")
    (tmp_path / "app" / "__main__.py").write_text(
        "import os, sys\nfrom alembic import command\nfrom alembic.config import Config\n"
        'assert sys.argv[1:] == ["db", "upgrade"]\nconfig = Config()\n'
        'config.set_main_option("script_location", "app:migrations")\n'
        'config.set_main_option("url", os.environ["DATABASE_URL"])\ncommand.upgrade(config, "head")\n'
    )
    plan = MigrationPlan(
        tool="alembic", directory=tmp_path, python=PYTHON, command=("python", "-m", "app", "db", "upgrade")
    )

    migration = alembic.play(plan, stage, environ=ENVIRON)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail
    assert migration.observed


def test_an_existing_sitecustomize_is_still_executed(tmp_path: Path, stage: Stage) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import os\nos.environ['CHAINED'] = 'yes'\n")
    env = toys.env_with('create_engine(os.environ["CHAINED"] and os.environ["DATABASE_URL"])')
    environ = {**ENVIRON, "PYTHONPATH": str(tmp_path / "site")}

    migration = play(toys.project(tmp_path, env=env), stage, environ=environ)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED], migration.output_tail


def test_an_isolated_interpreter_is_not_observed_and_that_is_said(tmp_path: Path, server: Server, stage: Stage) -> None:
    ini = toys.project(tmp_path, env=toys.env_with('create_engine(os.environ["DATABASE_URL"])'))

    migration = play(ini, stage, command=(str(PYTHON), "-I", "-m", "alembic", "upgrade", "head"))

    assert (migration.observed, migration.exit_status, migration.steps) == (False, 0, ())
    assert "The hook was not loaded" in migration.open_points[0]
    assert rows(server, stage, "SELECT version_num FROM alembic_version") == [("a2",)]


def test_a_failing_revision_is_located_and_the_rest_skipped(tmp_path: Path, server: Server, stage: Stage) -> None:
    body = """
        op.execute("INSERT INTO orders VALUES (1, 'me@x.org'), (2, 'me@x.org')")
        op.execute("CREATE UNIQUE INDEX u ON orders (note)")
    """
    ini = toys.project(tmp_path, revisions=[*toys.TABLES, toys.revision("a3", "a2", body), toys.revision("a4", "a3")])

    migration = play(ini, stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.FAILED, Outcome.SKIPPED]
    failed = migration.steps[2]
    assert failed.error == 'UniqueViolation: could not create unique index "u"'
    assert failed.location == "migrations/versions/r3.py:9"
    assert migration.exit_status == 1
    assert (failed.sqlstate, failed.statement) == ("23505", "CREATE UNIQUE INDEX u ON orders (note)")
    assert [step.parents for step in migration.steps] == [(), ("a1",), ("a2",), ("a3",)]
    assert "me@x.org" not in repr(migration)


def test_a_failure_at_the_commit_belongs_to_the_last_step(tmp_path: Path, stage: Stage) -> None:
    body = """
        op.execute("ALTER TABLE orders ADD COLUMN parent int REFERENCES orders DEFERRABLE INITIALLY DEFERRED")
        op.execute("INSERT INTO orders (id, parent) VALUES (1, 99)")
    """
    ini = toys.project(tmp_path, revisions=[*toys.TABLES, toys.revision("a3", "a2", body)])

    migration = play(ini, stage)

    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.FAILED]
    assert migration.steps[2].error is not None
    assert migration.steps[2].error.startswith("ForeignKeyViolation: insert or update on table")


def test_nothing_pending_is_not_the_same_as_no_revisions_found(tmp_path: Path, stage: Stage) -> None:
    empty = toys.project(tmp_path / "empty", revisions=[])
    full = toys.project(tmp_path / "full")

    nothing_known = play(empty, stage)
    play(full, stage)
    nothing_pending = play(full, stage)

    assert nothing_known.known_revisions == 0
    assert nothing_known.open_points == (
        "No revisions were found in migrations: whether something is pending is unknown.",
    )
    assert (nothing_pending.steps, nothing_pending.known_revisions, nothing_pending.open_points) == ((), 2, ())


def test_an_env_that_runs_nothing_leaves_a_point_open(tmp_path: Path, stage: Stage) -> None:
    migration = play(toys.project(tmp_path, env="pass"), stage)

    assert migration.open_points == ("env.py ran no migrations: what is pending is unknown.",)
    assert not migration.observed


def test_an_unknown_target_is_a_wrong_request(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(UnknownRevision, match="nosuch") as caught:
        play(toys.project(tmp_path), stage, target="nosuch")

    assert caught.value.exit_code == 2


def test_an_unknown_target_is_a_wrong_request_whatever_url_the_ini_holds(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(UnknownRevision, match="nosuch"):
        play(toys.project(tmp_path, url=PRODUCTION), stage, target="nosuch")


def test_a_database_ahead_of_the_checkout_is_told_apart_from_a_wrong_target(
    tmp_path: Path, server: Server, stage: Stage
) -> None:
    ini = toys.project(tmp_path)
    play(ini, stage)
    rows(server, stage, "UPDATE alembic_version SET version_num = 'zz'")

    with pytest.raises(DatabaseAhead, match="'zz'"):
        play(ini, stage)


def test_an_env_that_raises_is_named_with_file_and_line(tmp_path: Path, stage: Stage) -> None:
    ini = toys.project(tmp_path, env='import os\n\nurl = os.environ["APP_SETTINGS"]\n')

    with pytest.raises(EnvRaised, match=r"KeyError: 'APP_SETTINGS' \(migrations/env.py:3\)") as caught:
        play(ini, stage)

    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("ini", "error"),
    [("[alembic]\n", AlembicRefused), ("[alembic]\nscript_location = nowhere\n", AlembicRefused)],
)
def test_a_configuration_without_scripts_is_a_wrong_request(
    tmp_path: Path, stage: Stage, ini: str, error: type[RequestError]
) -> None:
    (tmp_path / "alembic.ini").write_text(ini)

    with pytest.raises(error):
        play(tmp_path / "alembic.ini", stage)


def test_what_is_missing_is_named_before_anything_runs(tmp_path: Path, stage: Stage) -> None:
    ini = toys.project(tmp_path)

    with pytest.raises(ConfigMissing, match=r"nowhere\.ini"):
        play(tmp_path / "nowhere.ini", stage)
    with pytest.raises(InterpreterMissing, match="nopython"):
        play(ini, stage, python=tmp_path / "nopython")
    with pytest.raises(CommandNotFound, match="no-such-tool"):
        play(ini, stage, command=("no-such-tool", "upgrade"))


def test_an_interpreter_without_alembic_is_named(tmp_path: Path, stage: Stage) -> None:
    bare = Path(sys.base_prefix) / "bin" / "python3"
    if not bare.exists() or bare.resolve() == PYTHON:
        pytest.skip("there is no interpreter without alembic here")

    with pytest.raises(NoAlembic):
        play(toys.project(tmp_path), stage, python=bare)


def test_another_database_at_the_stages_address_is_not_touched(tmp_path: Path, server: Server, stage: Stage) -> None:
    rows(server, stage, f"ALTER DATABASE {stage.address.database} SET rehearse.token = 'other'")

    with pytest.raises(NotTheStage):
        play(toys.project(tmp_path), stage)


def test_the_time_limit_ends_everything_the_migration_started(tmp_path: Path, stage: Stage) -> None:
    name = f"sleeper-{uuid.uuid4().hex}"
    body = f"""
        import subprocess, sys, time
        code = "import os, time; os.setsid(); time.sleep(300)"
        subprocess.Popen([sys.executable, "-c", code, {name!r}])
        time.sleep(300)
    """
    ini = toys.project(tmp_path, revisions=[*toys.TABLES, toys.revision("a3", "a2", body)])

    migration = play(ini, stage, max_seconds=timedelta(seconds=4))

    assert migration.stopped is not None
    assert migration.stopped.limit == "max_seconds"
    assert outcomes(migration) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.FAILED]
    assert migration.steps[2].error == "stopped at the time limit"
    if "process namespace" in migration.isolation:
        assert not _running(name)


def _running(word: str) -> bool:
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(path.read_bytes())
        except OSError:
            continue
    return any(word.encode() in command for command in commands)
