"""Projects that try to leave the stage, each as people write such things; production writes down who comes."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from projects import toys, without_namespaces
from projects.production import DATABASE, PASSWORD, Production, production
from test_cli import rehearse

from rehearse import archive
from rehearse.db.connect import connect_stage
from rehearse.migrators import alembic, command, sql
from rehearse.model.addresses import UNREACHED, unreached
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.sampling import SampleRules
from rehearse.model.timeline import Outcome
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take
from rehearse.stages.embedded import EmbeddedStage, raise_stage
from rehearse.watch import watching

PYTHON = Path(sys.executable)
ENVIRON = {"PATH": os.environ["PATH"]}
LIMIT = timedelta(seconds=60)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Production]:
    with production() as found:
        yield found


@pytest.fixture(scope="module")
def snapshot(elsewhere: Production, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("escapes") / "snapshot"
    url = elsewhere.server.dsn(DATABASE)
    take(url, path, rules=SampleRules(rows=100), sanitise=SanitiseRules(), progress=lambda _: None)
    return path


@pytest.fixture(scope="module")
def raised(snapshot: Path) -> Iterator[EmbeddedStage]:
    with raise_stage(archive.read(snapshot), lambda _: None) as found:
        if "secluded server" not in found.stage.isolation:
            pytest.skip("the kernel grants no namespaces here")
        yield found


@pytest.fixture
def stage(raised: EmbeddedStage) -> Iterator[EmbeddedStage]:
    yield raised
    raised.reset()


@pytest.fixture(autouse=True)
def witness(elsewhere: Production) -> Iterator[None]:
    """Nobody came: production's own log says so, which tells of our visits."""
    before = elsewhere.mark()
    yield
    assert elsewhere.visits_since(before) == []


def write(directory: Path, files: dict[str, str], names: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(text, names))


def filled(text: str, names: dict[str, str]) -> str:
    """Put what a project knows of production in the place of <port>, <socket> and the like."""
    for name, value in names.items():
        text = text.replace(f"<{name}>", value)
    return text


def play(directory: Path, stage: EmbeddedStage, tool: str = "alembic", **more: object) -> Migration:
    given: dict[str, object] = {"directory": directory, "python": PYTHON, "tool": tool, "max_seconds": LIMIT, **more}
    if tool == "alembic":
        given["config"] = directory / "alembic.ini"
    environ = given.pop("environ", ENVIRON)
    migrator = {"alembic": alembic, "sql": sql, "command": command}[tool]
    return migrator.play(MigrationPlan(**given), stage.stage, environ=environ)  # type: ignore[arg-type]  # by name


def refused(migration: Migration) -> list[tuple[str, str | None]]:
    assert PASSWORD not in repr(migration)
    return [(found.target, found.location) for found in migration.connections if not found.redirected]


def by_tcp(elsewhere: Production, user: str = "boss@") -> str:
    return f"postgresql://{user}localhost:{elsewhere.tcp_port}/{DATABASE}"


def by_socket(elsewhere: Production, user: str = "boss@", database: str = DATABASE) -> str:
    return f"postgresql://{user}/{database}?host={elsewhere.server.socket_dir}&port={elsewhere.tcp_port}"


# What env.py does ---------------------------------------------------------------------------------------------------

PSYCOPG = '__import__("psycopg").connect("postgresql://<tcp>")'
PSYCOPG2 = '__import__("psycopg2").connect("postgresql://<socket>")'
ENV = {
    "a URL in env.py, psycopg": (toys.env_with('create_engine("postgresql+psycopg://<tcp>")'), by_tcp),
    "a URL in env.py, psycopg2": (toys.env_with('create_engine("postgresql+psycopg2://<socket>")'), by_socket),
    "a URL in env.py, asyncpg": (toys.async_env('create_async_engine("postgresql+asyncpg://<tcp>")'), by_tcp),
    "a URL in env.py, psycopg async": (
        toys.async_env('create_async_engine("postgresql+psycopg://<socket>")'),
        by_socket,
    ),
    "a URL from a file of settings": (
        'import json\nSETTINGS = json.load(open("settings.json"))\n' + toys.env_with('create_engine(SETTINGS["url"])'),
        by_tcp,
    ),
    "creator=": (toys.env_with(f'create_engine("postgresql+psycopg://", creator=lambda: {PSYCOPG})'), by_tcp),
    "do_connect of the project's own": (
        toys.env_with('_listening(create_engine(os.environ["DATABASE_URL"]))').replace(
            "engine = ",
            "from sqlalchemy import event\n"
            "def _listening(engine):\n"
            '    event.listen(engine, "do_connect", lambda *args: __import__("psycopg2").connect("postgresql://<socket>"))\n'
            "    return engine\n"
            "engine = ",
            1,
        ),
        by_socket,
    ),
    "PGHOSTADDR": (
        'import os\nos.environ.update(PGHOSTADDR="127.0.0.1", PGPORT="<port>", PGDATABASE="shop", PGUSER="boss")\n'
        + toys.env_with('create_engine("postgresql+psycopg://")'),
        lambda production: by_tcp(production, ""),
    ),
    "a service of the repository's own": (
        'import os\nos.environ["PGSERVICEFILE"] = "services.conf"\n'
        + toys.env_with('create_engine("postgresql+psycopg2://?service=production")'),
        lambda _: "service=production",
    ),
}
ASYNC = ("asyncpg", "psycopg async")


@pytest.mark.parametrize("way", ENV)
def test_an_env_with_an_address_of_its_own_is_refused(
    tmp_path: Path, stage: EmbeddedStage, elsewhere: Production, way: str
) -> None:
    if any(word in way for word in ASYNC):
        pytest.importorskip("greenlet")
    env, target = ENV[way]
    names = elsewhere.names
    toys.project(tmp_path, env=filled(env, names))
    write(
        tmp_path,
        {
            "settings.json": json.dumps({"url": "postgresql+psycopg://<tcp>"}),
            "services.conf": "[production]\nhost=<directory>\nport=<port>\ndbname=shop\nuser=boss\n",
        },
        names,
    )

    migration = play(tmp_path, stage)

    ((told, location),) = refused(migration)
    assert told == target(elsewhere)
    assert location is not None
    assert location.startswith("migrations/env.py:")
    assert migration.exit_status != 0


# What a revision does, where the hook sees it ----------------------------------------------------------------------

SEEN = {
    "psycopg": ('__import__("psycopg").connect("postgresql://<tcp>")', by_tcp),
    "psycopg2": (
        '__import__("psycopg2").connect(host="<directory>", port=<port>, dbname="shop", password="<password>")',
        lambda production: by_socket(production, ""),
    ),
    "AsyncConnection": (
        'import asyncio, psycopg\nasyncio.run(psycopg.AsyncConnection.connect("postgresql://<tcp>"))',
        by_tcp,
    ),
    "asyncpg": ('import asyncio, asyncpg\nasyncio.run(asyncpg.connect("postgresql://<tcp>"))', by_tcp),
    "psycopg_pool": (
        'from psycopg_pool import ConnectionPool\nConnectionPool("postgresql://<tcp>", open=True).wait(timeout=2)',
        by_tcp,
    ),
    "hostaddr beside the stage's host": (
        '__import__("psycopg").connect(host="/stage", hostaddr="127.0.0.1", port=<port>, dbname="shop", user="boss")',
        by_tcp,
    ),
    "another database of the stage's server": (
        'import psycopg\npsycopg.connect(dbname="template1")',
        lambda _: "template1",
    ),
    "SQLite": ('sa.create_engine("sqlite:///orders.db").connect()', lambda _: "sqlite+pysqlite"),
    "psql with a URL": (
        'import subprocess\nsubprocess.run(["<psql>", "postgresql://<tcp>", "-c", "SELECT 1"])',
        by_tcp,
    ),
    "psql with -h": (
        "__import__('subprocess').call('<psql> -h <directory> -p<port> -U boss -d shop -c \"SELECT 1\"', shell=True)",
        by_socket,
    ),
    "psql and a service file of the repository": (
        '__import__("subprocess").run(["<psql>"], env={"PGSERVICEFILE": "services.conf", "PGSERVICE": "production"})',
        lambda _: "service=production",
    ),
    "psql by os.system": (
        'import os\nos.system("cd . && PGPASSWORD=<password> PGHOST=<directory> PGPORT=<port> <psql> -U boss -d shop")',
        by_socket,
    ),
    "pg_dump in the place of a child": (
        'import os\nif os.fork() == 0:\n    os.execlp("pg_dump", "pg_dump", "--dbname=postgresql://<socket>")\nos.wait()',
        by_socket,
    ),
    "a plain socket": (
        'import socket\nsocket.socket(socket.AF_UNIX).connect("<directory>/.s.PGSQL.<port>")',
        lambda production: by_socket(production, "", ""),
    ),
}


@pytest.mark.parametrize("way", SEEN)
def test_what_a_revision_opens_elsewhere_is_refused(
    tmp_path: Path, stage: EmbeddedStage, elsewhere: Production, way: str
) -> None:
    if way == "psycopg_pool":
        pytest.importorskip("psycopg_pool")
    body, target = SEEN[way]
    toys.project(tmp_path, revisions=[toys.revision("a1", None, filled(body, elsewhere.names))])
    write(tmp_path, {"services.conf": "[production]\nhost=<directory>\nport=<port>\ndbname=shop\n"}, elsewhere.names)

    migration = play(tmp_path, stage)

    told = refused(migration)
    assert told, migration.output_tail
    lines = {f"migrations/versions/r1.py:{line}" for line in range(8, 14)}
    assert {location for _, location in told} <= ({None} if way == "psycopg_pool" else lines)  # it has a thread for it
    assert all(target(elsewhere) in found for found, _ in told)


# What nobody sees, and only the kernel stops ------------------------------------------------------------------------

ISOLATED = 'import subprocess, sys\nsubprocess.run([sys.executable, "{flag}", "-c", {code!r}], check=True)'
BY_PSYCOPG = 'import psycopg; psycopg.connect("postgresql://<{place}>")'
BY_SOCKET = 'import socket; socket.create_connection(("127.0.0.1", <port>))'
LIBPQ = """
import ctypes, glob, os, psycopg_binary
(path,) = glob.glob(os.path.join(os.path.dirname(psycopg_binary.__file__) + ".libs", "libpq-*"))
libpq = ctypes.CDLL(path)
libpq.PQconnectdb.restype = ctypes.c_void_p
libpq.PQstatus.argtypes = [ctypes.c_void_p]
assert libpq.PQstatus(libpq.PQconnectdb(b"postgresql://<{place}>")) == 1
"""
UNMOUNTED = """
import ctypes, subprocess, sys
ctypes.CDLL(None).umount2(b"<directory>/.s.PGSQL.<port>", 2)
ctypes.CDLL(None).umount2(b"/proc", 2)
subprocess.run([sys.executable, "-I", "-c", 'import psycopg; psycopg.connect("postgresql://<socket>")'], check=True)
"""
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execl(sys.executable, sys.executable, "-I", "daemon.py")
    os._exit(0)
os.wait()
while not os.path.exists("tried"):
    time.sleep(0.1)
"""
DAEMON_ITSELF = """
import psycopg, time
while True:
    try:
        psycopg.connect("postgresql://<socket>")
        open("connected", "w").close()
    except psycopg.Error as error:
        print(error, flush=True)
        open("tried", "w").close()
    time.sleep(0.1)
"""
WORDS_OF_LIBPQ = {
    "python -I": ISOLATED.format(flag="-I", code=BY_PSYCOPG.format(place="tcp")),
    "python -E": ISOLATED.format(flag="-E", code=BY_PSYCOPG.format(place="socket")),
    "an unmounted socket": UNMOUNTED,
    "a daemon that connects later": DAEMON,
}
UNSEEN = {
    "python -S": ISOLATED.format(flag="-S", code=BY_SOCKET),
    "libpq by ctypes, TCP": LIBPQ.format(place="tcp"),
    "libpq by ctypes, unix socket": LIBPQ.format(place="socket"),
    "a name": 'import socket\nsocket.getaddrinfo("production.example", 5432)',
    "an address outside": 'import socket\nsocket.create_connection(("192.0.2.1", 5432), timeout=5)',
    "a port of this machine": 'import socket\nsocket.create_connection(("127.0.0.1", <port>))',
    "ssh": 'import subprocess\nsubprocess.run(["ssh", "-p", "<port>", "127.0.0.1", "psql"], check=True)',
}


@pytest.mark.parametrize("way", WORDS_OF_LIBPQ)
def test_what_libpq_complains_of_is_an_attempt(
    tmp_path: Path, stage: EmbeddedStage, elsewhere: Production, way: str
) -> None:
    body = filled(WORDS_OF_LIBPQ[way], elsewhere.names)
    toys.project(tmp_path, revisions=[toys.revision("a1", None, body)])
    write(tmp_path, {"daemon.py": DAEMON_ITSELF}, elsewhere.names)

    migration = play(tmp_path, stage)

    assert set(refused(migration)) <= {
        (f"postgresql://127.0.0.1:{elsewhere.tcp_port}", None),
        (by_socket(elsewhere, "", ""), None),
    }
    assert refused(migration), migration.output_tail
    assert not (tmp_path / "connected").exists()


@pytest.mark.parametrize("way", UNSEEN)
def test_what_nobody_sees_gets_nowhere(tmp_path: Path, stage: EmbeddedStage, elsewhere: Production, way: str) -> None:
    toys.project(tmp_path, revisions=[toys.revision("a1", None, filled(UNSEEN[way], elsewhere.names))])

    migration = play(tmp_path, stage)

    assert refused(migration) == []
    sought = [note for note in migration.notes if "network" in note]
    assert bool(sought) is (way != "libpq by ctypes, unix socket"), sought


def test_a_place_on_a_network_is_named_with_file_and_line(tmp_path: Path, stage: EmbeddedStage) -> None:
    served: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.append(self.path)

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as listener:
        listener.timeout = 0.3
        port = listener.server_address[1]
        body = f'import urllib.request\nurllib.request.urlopen("http://127.0.0.1:{port}/released")'
        toys.project(tmp_path, revisions=[toys.revision("a1", None, body)])
        migration = play(tmp_path, stage)
        listener.handle_request()

    assert served == []
    sentence = f"The migration sought 127.0.0.1:{port} (migrations/versions/r1.py:9); it has no network but its own."
    assert sentence in migration.notes


def test_nobodys_secrets_are_to_be_found(tmp_path: Path, stage: EmbeddedStage, elsewhere: Production) -> None:
    home = tmp_path / "home"
    files = {".pgpass": "*:*:*:*:<password>\n", ".pg_service.conf": "[production]\nhost=<directory>\nport=<port>\n"}
    write(home, files, elsewhere.names)
    body = """
        import glob, os, pathlib, subprocess
        assert not "canary" in str(os.environ)
        for path in (".pgpass", ".pg_service.conf"):
            assert not (pathlib.Path.home() / path).exists()
        for path in glob.glob("/proc/[0-9]*/environ"):
            try:
                told = open(path, "rb").read()
            except OSError:
                continue
            assert b"canary" not in told
        done = subprocess.run(["env", "<psql>", "service=production"], stderr=subprocess.PIPE, text=True)
        assert 'no-service-file" not found' in done.stderr
    """
    toys.project(tmp_path, revisions=[toys.revision("a1", None, filled(body, elsewhere.names))])
    secret = {"PRODUCTION_URL": filled("postgresql://<tcp>", elsewhere.names), "PGPASSWORD": PASSWORD}
    environ = {**ENVIRON, "HOME": str(home), **secret}

    with subprocess.Popen(["sleep", "60"], env=environ) as neighbour:  # it has the variables of who started us
        migration = play(tmp_path, stage, environ=environ)
        neighbour.kill()

    assert [step.outcome for step in migration.steps] == [Outcome.APPLIED], migration.output_tail


# What psql does -----------------------------------------------------------------------------------------------------

SCRIPTS = {
    "connect with a URL": ("\\connect postgresql://<tcp>", "postgresql://127.0.0.1:<port>", True),
    "connect with words": (
        "\\connect 'host=<directory> port=<port> dbname=shop user=boss'",
        "postgresql:///?host=<directory>&port=<port>",
        True,
    ),
    "connect to the system's database": ("\\c template1", "postgresql:///template1?host=", True),
    "connect as the superuser": ("\\c - rehearse", "postgresql:///?host=", True),
    "a shell": ("\\! psql 'postgresql://<socket>' -c 'SELECT 1'", "postgresql:///?host=<directory>&port=<port>", False),
    "a program that feeds a table": (
        "CREATE TABLE fed (id int);\n\\copy fed FROM PROGRAM 'psql postgresql://<tcp> -Atc \"SELECT 1\"'",
        "postgresql://127.0.0.1:<port>",
        False,
    ),
}


@pytest.mark.parametrize("way", SCRIPTS)
def test_a_script_that_connects_elsewhere_is_refused(
    tmp_path: Path, stage: EmbeddedStage, elsewhere: Production, way: str
) -> None:
    text, target, located = SCRIPTS[way]
    write(tmp_path, {"001.sql": f"SELECT 1;\n{text}\n"}, elsewhere.names)

    migration = play(tmp_path, stage, "sql", files=(tmp_path / "001.sql",))

    ((told, location),) = refused(migration)
    assert told.startswith(filled(target, elsewhere.names))
    assert location == ("001.sql:2" if located else None)


COMMANDS = {
    "psql": (("<psql>", "postgresql://<tcp>", "-c", "SELECT 1"), "postgresql://127.0.0.1:<port>"),
    "a shell's psql": (
        ("sh", "-c", "PGHOST=<directory> PGPORT=<port> <psql> -U boss shop -c 'SELECT 1' || true"),
        "postgresql:///?host=<directory>&port=<port>",
    ),
    "an isolated Python": (
        ("python", "-I", "-c", 'import psycopg; psycopg.connect("postgresql://<socket>")'),
        "postgresql:///?host=<directory>&port=<port>",
    ),
}


@pytest.mark.parametrize("way", COMMANDS)
def test_a_command_that_connects_elsewhere_is_refused(
    tmp_path: Path, stage: EmbeddedStage, elsewhere: Production, way: str
) -> None:
    words, target = COMMANDS[way]
    given = tuple(filled(word, elsewhere.names) for word in words)

    migration = play(tmp_path, stage, "command", command=given)

    assert refused(migration) == [(filled(target, elsewhere.names), None)]


# What SQL has the stage's server do ---------------------------------------------------------------------------------

FAR = """
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{host}', port '<port>', dbname 'shop');
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'boss', password '<password>');
"""
FAR_ORDERS = "CREATE FOREIGN TABLE far_orders (id int) SERVER far OPTIONS (schema_name 'app', table_name 'orders');\n"
DBLINK = "SELECT public.dblink_connect('host={host} port=<port> dbname=shop user=boss password=<password>')"
INSIDE = {
    "dblink, TCP": (f"{DBLINK.format(host='127.0.0.1')};", "127.0.0.1"),
    "dblink, unix socket": (f"{DBLINK.format(host='<directory>')};", "<directory>"),
    "dblink, its error swallowed": (
        f"DO $$ BEGIN PERFORM {DBLINK.format(host='127.0.0.1')[7:]}; EXCEPTION WHEN OTHERS THEN NULL; END $$;",
        None,
    ),
    "a foreign table, TCP": (
        f"{FAR.format(host='127.0.0.1')}{FAR_ORDERS}SELECT count(*) FROM far_orders;",
        "127.0.0.1",
    ),
    "a foreign table, unix socket": (
        f"{FAR.format(host='<directory>')}{FAR_ORDERS}CREATE TABLE here AS SELECT id FROM far_orders;",
        "<directory>",
    ),
    "a foreign schema": (
        f"{FAR.format(host='127.0.0.1')}IMPORT FOREIGN SCHEMA app FROM SERVER far INTO app;",
        "127.0.0.1",
    ),
    "a program": ("COPY app.orders TO PROGRAM 'psql postgresql://<tcp>';", None),
    "a subscription": (
        "CREATE SUBSCRIPTION fed CONNECTION 'host=127.0.0.1 port=<port> password=<password>' PUBLICATION p;",
        None,
    ),
}


@pytest.mark.parametrize("way", INSIDE)
def test_sql_reaches_nothing_from_inside_the_server(
    tmp_path: Path, stage: EmbeddedStage, elsewhere: Production, way: str
) -> None:
    script, host = INSIDE[way]
    write(tmp_path, {"001.sql": script}, elsewhere.names)

    with watching(stage.stage) as watched:
        migration = play(tmp_path, stage, "sql", files=(tmp_path / "001.sql",))
        timeline = watched.timeline()

    assert refused(migration) == []
    assert migration.steps[0].outcome is (Outcome.APPLIED if "swallowed" in way else Outcome.FAILED)
    said = [found.message or "" for found in timeline.statements if found.sqlstate in UNREACHED]
    assert [found.host for message in said for found in unreached(message, passed_on=True)] == (
        [filled(host, elsewhere.names)] if host else []
    )


def test_a_subscription_of_a_role_that_may_make_one_receives_nothing(
    tmp_path: Path, snapshot: Path, elsewhere: Production
) -> None:
    script = (
        "CREATE SUBSCRIPTION fed CONNECTION 'host=127.0.0.1 port=<port> dbname=shop user=boss password=<password>' "
        "PUBLICATION p;"
    )
    write(tmp_path, {"001.sql": script}, elsewhere.names)
    with raise_stage(archive.read(snapshot), lambda _: None, use="embedded") as newer:
        with connect_stage(newer.stage.admin) as connection:
            connection.execute("GRANT pg_create_subscription TO boss")

        migration = play(tmp_path, newer, "sql", files=(tmp_path / "001.sql",))

    assert "could not connect to the publisher" in (migration.steps[0].error or "")
    assert refused(migration) == []


# What the reports say -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_sql_asked_for_blocks_and_no_password_is_printed(
    tmp_path: Path, snapshot: Path, elsewhere: Production, form: str
) -> None:
    write(tmp_path, {"001.sql": INSIDE["a foreign table, TCP"][0]}, elsewhere.names)

    done = rehearse("run", "--from", snapshot, "--sql", "001.sql", "--format", form, cwd=tmp_path)

    assert done.returncode == 1, done.stderr
    assert "stage-left" in done.stdout
    assert f"postgresql://127.0.0.1:{elsewhere.tcp_port}" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


def test_what_env_py_asked_for_blocks_and_no_password_is_printed(
    tmp_path: Path, snapshot: Path, elsewhere: Production
) -> None:
    toys.project(tmp_path, env=filled(ENV["do_connect of the project's own"][0], elsewhere.names))

    done = rehearse("run", "--from", snapshot, "--alembic", "alembic.ini", "--format", "json", cwd=tmp_path)

    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["findings"][0]
    assert (found["check"], found["severity"], found["object"]) == ("stage-left", "block", by_socket(elsewhere))
    assert found["evidence"]["location"].startswith("migrations/env.py:")
    assert PASSWORD not in done.stdout + done.stderr


# Where a layer is missing -------------------------------------------------------------------------------------------

SNEAKY = """
import socket, subprocess
try:
    socket.create_connection(("127.0.0.1", <port>))
except OSError:
    pass
subprocess.run(["<psql>", "postgresql://<socket>", "-c", "SELECT 1"], check=True)
"""
REFUSED_BY_THE_KERNEL = (
    "The kernel granted no network namespace for the migrating process.",
    "The kernel granted no mount namespace for the migrating process.",
    "The kernel granted no process namespace for the migrating process.",
    "The kernel granted no network namespace and no mount namespace for the stage's server: whatever SQL opens from",
    "inside it (dblink, foreign tables, subscriptions) is not held back.",
)


@pytest.mark.parametrize("form", ["text", "json"])
def test_without_namespaces_the_guards_still_refuse_and_fidelity_says_what_is_missing(
    tmp_path: Path, snapshot: Path, elsewhere: Production, form: str
) -> None:
    toys.project(tmp_path, revisions=[toys.revision("a1", None, filled(SNEAKY, elsewhere.names))])
    words = ("run", "--from", str(snapshot), "--alembic", "alembic.ini", "--no-downgrade", "--format", form)

    done = subprocess.run(
        [sys.executable, without_namespaces.__file__, sys.executable, "-m", "rehearse", *words],
        cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert done.returncode == 1, done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    if form == "json":
        report = json.loads(done.stdout)
        assert report["findings"][0]["check"] == "stage-left"
        assert report["findings"][0]["object"] == by_socket(elsewhere)
        assert report["fidelity"]["isolation"] == ["scrubbed environment", "connection guard"]
        told = " ".join((*report["fidelity"]["notes"], *report["fidelity"]["deviations"]))
    assert [sentence for sentence in REFUSED_BY_THE_KERNEL if sentence not in told] == []


# The hook -----------------------------------------------------------------------------------------------------------

SITE = Path(psycopg.__file__).parent.parent
DEAF = {
    "-I": "exec python -I -m alembic upgrade head",
    "-E": "exec python -E -m alembic upgrade head",
    "-S": f"PYTHONPATH=$PYTHONPATH:{SITE} exec python -S -m alembic upgrade head",
    "env -i": 'exec env -i PATH="$PATH" DATABASE_URL="$DATABASE_URL" alembic upgrade head',
}


@pytest.mark.parametrize(("way", "tool"), [*((way, "alembic") for way in DEAF), ("env -i", "command")])
def test_a_run_that_the_hook_is_silent_about_is_undecided(tmp_path: Path, snapshot: Path, way: str, tool: str) -> None:
    toys.project(tmp_path, env=toys.env_with('create_engine(os.environ["DATABASE_URL"])'))
    (tmp_path / "upgrade.sh").write_text(f"#!/bin/sh\n{DEAF[way]}\n")
    (tmp_path / "rehearse.toml").write_text(
        f'[migrations]\ntool = "{tool}"\nconfig = "alembic.ini"\ncommand = "sh upgrade.sh"\npython = "{PYTHON}"\n'
    )

    done = rehearse("run", "--from", snapshot, "--no-downgrade", "--format", "json", cwd=tmp_path)

    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (3, "undecided"), done.stderr
    (point,) = [reason for reason in report["reasons"] if "hook" in reason]
    assert "-I, -E or -S" in point
    assert "start it without these" in point
    assert "connection guard" not in report["fidelity"]["isolation"]
    assert "public.orders" in {change["object"] for change in report["schema_changes"]}


def test_a_sitecustomize_of_the_interpreter_is_executed_and_the_hook_says_hello(
    tmp_path: Path, stage: EmbeddedStage
) -> None:
    venv.create(tmp_path / "own", with_pip=False)
    (site,) = (tmp_path / "own" / "lib").glob("python*/site-packages")
    (site / "sitecustomize.py").write_text("import os\nos.environ['COVERED'] = 'yes'\n")
    code = "import os, sitecustomize; print(os.environ['COVERED'], sitecustomize.__file__)"

    migration = play(
        tmp_path, stage, "command", command=("python", "-c", code), python=tmp_path / "own" / "bin" / "python"
    )

    assert migration.output_tail == f"yes {site / 'sitecustomize.py'}"
    assert "connection guard" in migration.isolation
    assert dict(migration.versions).keys() == {"python"}
