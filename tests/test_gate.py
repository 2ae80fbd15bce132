"""The gate, over one signed run of a real project: every way to cheat or go stale is refused with its own sentence."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_cli import rehearse

from rehearse import audit, chain
from rehearse.config import load
from rehearse.engine.server import Server
from rehearse.gate import asking, versions
from rehearse.gate.asking import Answer, Question
from rehearse.model.signature import Key, Purpose

KEY = "a very secret key of 32 characters and more"
OTHER_KEY = "another secret key, just as long as the other one is"
PASSWORD = "s3cret-of-production"  # of a server that trusts everybody
HOURS = timedelta(hours=1)

ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine
url = os.environ['DATABASE_URL'].replace('postgresql://', 'postgresql+psycopg://', 1)
with create_engine(url).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """\
'''Revision {number}.'''
import pathlib
from alembic import op
from lib.columns import added
revision = '000{number}'
down_revision = {down}
def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    {body}
def downgrade():
    pass
"""
READS = "[pathlib.Path(name).read_text() for name in ('data/seed.csv', 'current.sql', {outside!r})]"
POLICY = """\
max_age = "72h"
require_commit = true
windows = ["daily 00:00-24:00 UTC"]
min_fidelity.observation = "exact"
[[policy.acknowledge]]
check = "column-dropped"
object = "public.customers.note"
reason = "unused"
expires = {expires}
"""
CONFIGURATION = """\
[environments.production]
url = "${PRODUCTION_URL}"
requires = ["qa"]
[environments.qa]
url = "${QA_URL}"
promotes_to = "production"
[environments.other]
url = "${OTHER_URL}"
[migrations]
config = "alembic.ini"
[policy]
"""


@dataclass(kw_only=True)
class Scene:
    """A copy of the project, and what is asked about it."""

    root: Path
    outside: Path
    server: Server
    database: str
    run: str
    qa: str
    environ: dict[str, str]
    at: datetime
    asked: dict[str, object] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        return self.root / ".rehearse" / "runs" / self.run

    def sql(self, *statements: str, database: str | None = None) -> None:
        with self.server.connect(database or self.database) as connection:
            for statement in statements:
                connection.execute(statement)

    def edit(self, path: str, old: str = "", new: str = "# more\n") -> None:
        file = self.root / path
        text = file.read_bytes().decode()
        assert old in text
        file.write_bytes((text.replace(old, new, 1) if old else text + new).encode())

    def policy(self, old: str, new: str) -> None:
        self.edit("rehearse.toml", old, new)

    def edit_pass(self, change: Callable[[dict[str, object]], object], key: str | None = None) -> None:
        file = self.directory / "pass.json"
        told = json.loads(file.read_text())
        change(told)
        if key is not None:
            signer = Key.of({"REHEARSE_PASS_KEY": key})
            told["key"] = signer.name
            told["signature"] = signer.sign(Purpose.PASS, {k: v for k, v in told.items() if k != "signature"})
        file.write_text(json.dumps(told))

    def git(self, *words: str) -> None:
        git(self.root, *words)

    def ask(self) -> Answer:
        question = Question(
            name="production",
            configuration=load(None, self.root, self.environ),
            environ=self.environ,
            at=self.at,
            here=self.root,
        )
        return asking.ask(replace(question, **self.asked))


def git(root: Path, *words: str) -> str:
    names = ("-c", "user.name=anna", "-c", "user.email=anna@example.org", "-c", "core.autocrlf=false")
    return subprocess.run(["git", "-C", str(root), *names, *words], check=True, capture_output=True, text=True).stdout


def project(root: Path, outside: Path, configuration: str) -> None:
    files = {
        "alembic.ini": "[alembic]\nscript_location = %(here)s\nprepend_sys_path = .\n",
        "env.py": ENV,
        "lib/__init__.py": "",
        "lib/columns.py": "added = 'c2'\n",
        "sql/real.sql": "ALTER TABLE customers ADD COLUMN c3 int\n",
        "sql/other.sql": "ALTER TABLE customers ADD COLUMN c3 bigint\n",
        "data/seed.csv": "id,name\n1,Anna\n",
        "README": "nothing\n",
        "rehearse.toml": configuration,
        "versions/0001_a.py": REVISION.format(number=1, down=None, body="pass"),
        "versions/0002_b.py": REVISION.format(
            number=2,
            down="'0001'",
            body=f"{READS.format(outside=str(outside))}; op.execute(f'ALTER TABLE customers ADD COLUMN {{added}} int')",
        ),
        "versions/0003_c.py": REVISION.format(
            number=3, down="'0002'", body="op.execute('ALTER TABLE customers DROP COLUMN note')"
        ),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "current.sql").symlink_to("sql/real.sql")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")


def shop(server: Server, name: str) -> str:
    with server.connect(name) as connection:
        connection.execute("CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, note text)")
        connection.execute("INSERT INTO customers SELECT n, 'Customer ' || n FROM generate_series(1, 500) AS n")
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    return f"postgresql://rehearse:{PASSWORD}@/{name}?host={server.socket_dir}"


@pytest.fixture(scope="module")
def rehearsed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A project in git that was rehearsed for qa and for production, signed."""
    root, outside = tmp_path_factory.mktemp("app"), tmp_path_factory.mktemp("outside") / "fixed.sql"
    outside.write_text("SELECT 1\n")
    names = [f"gate_{name}_{id(root)}" for name in ("production", "qa", "other")]
    with server.connect() as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
    urls = [shop(server, name) for name in names]
    variables = dict(zip(("PRODUCTION_URL", "QA_URL", "OTHER_URL"), urls, strict=True))
    expires = (datetime.now(UTC) + 24 * HOURS).date()
    project(root, outside, CONFIGURATION + POLICY.format(expires=expires))
    ids = []
    for environment in ("qa", "production"):
        done = rehearse(
            "run", "--from", environment, "--no-downgrade", "--format", "json",
            cwd=root, REHEARSE_PASS_KEY=KEY, **variables,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        ids.append(json.loads(done.stdout)["run"])
    yield Scene(
        root=root,
        outside=outside,
        server=server,
        database=names[0],
        run=ids[1],
        qa=ids[0],
        environ={**variables, "REHEARSE_PASS_KEY": KEY},
        at=datetime.now(UTC) + timedelta(seconds=5),
    )
    with server.connect() as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def scene(rehearsed: Scene, tmp_path: Path) -> Scene:
    """A copy of it, to be cheated with; the outside file is put back, production is whoever moves it to put back."""
    shutil.copytree(rehearsed.root, tmp_path / "app", symlinks=True)
    rehearsed.outside.write_text("SELECT 1\n")
    return replace(rehearsed, root=tmp_path / "app", environ=dict(rehearsed.environ), asked={})


Change = Callable[[Scene], "AbstractContextManager[None] | None"]


@dataclass(frozen=True, kw_only=True)
class Cheat:
    """A change, the reasons the gate must have (no others), and a part of the sentence that is its own."""

    name: str
    change: Change
    reasons: set[str]
    says: str


CHEATS: list[Cheat] = []


def cheat(*reasons: str, says: str) -> Callable[[Change], Change]:
    def add(change: Change) -> Change:
        name = change.__name__.strip("_")
        CHEATS.append(Cheat(name=name, change=change, reasons=set(reasons), says=says))
        return change

    return add


@cheat("file-changed", "dirty", says="versions/0002_b.py, a step of the migration, was changed")
def a_revision_is_edited(scene: Scene):
    scene.edit("versions/0002_b.py", "int", "bigint")


@cheat("file-changed", "dirty", says="versions/0001_a.py, code the migration runs, was changed")
def an_applied_revision_is_edited(scene: Scene):
    scene.edit("versions/0001_a.py")


@cheat("file-changed", "dirty", says="lib/columns.py, code the migration runs, was changed")
def a_helper_is_amended(scene: Scene):
    scene.edit("lib/columns.py", "c2", "c9")


@cheat("file-changed", "dirty", says="env.py, code the migration runs, was changed")
def env_is_changed(scene: Scene):
    scene.edit("env.py")


@cheat("file-changed", "dirty", says="alembic.ini, its configuration, was changed")
def alembic_ini_is_changed(scene: Scene):
    scene.edit("alembic.ini")


@cheat("file-changed", "dirty", says="data/seed.csv, a file the migration reads, was changed")
def a_csv_that_is_read_is_changed(scene: Scene):
    scene.edit("data/seed.csv", new="2,Bert\n")


@cheat("file-changed", "dirty", says="current.sql, a file the migration reads, was changed")
def the_target_of_a_link_is_changed(scene: Scene):
    scene.edit("sql/real.sql", "int", "bigint")


@cheat("link-moved", "file-changed", "dirty", says="current.sql, a file the migration reads, leads to sql/other.sql")
def a_link_is_led_elsewhere(scene: Scene):
    (scene.root / "current.sql").unlink()
    (scene.root / "current.sql").symlink_to("sql/other.sql")


@cheat("link-moved", "dirty", says="leads to itself, and led to sql/real.sql")
def a_link_becomes_a_file_of_the_same_text(scene: Scene):
    text = (scene.root / "current.sql").read_text()
    (scene.root / "current.sql").unlink()
    (scene.root / "current.sql").write_text(text)


@cheat("file-changed", says="It lies outside the project.")
def a_file_outside_is_changed(scene: Scene):
    scene.outside.write_text("SELECT 2\n")


@cheat("file-added", says="versions/0004_d.py was added after the rehearsal")
def a_revision_is_added(scene: Scene):
    (scene.root / "versions" / "0004_d.py").write_text(REVISION.format(number=4, down="'0003'", body="pass"))


@cheat("module-shadowed", says="alembic.py was added after the rehearsal: the migration would import it as alembic")
def a_module_is_added_that_shadows_a_library(scene: Scene):
    (scene.root / "alembic.py").write_text("raise SystemExit\n")
    (scene.root / "unrelated.py").write_text("")
    (scene.root / "sqlalchemy").mkdir()  # an empty folder shadows nothing


@cheat("module-shadowed", says="sqlalchemy/ was added after the rehearsal: the migration would import it as sqlalchemy")
def a_package_is_added_that_shadows_a_library(scene: Scene):
    (scene.root / "sqlalchemy").mkdir()
    (scene.root / "sqlalchemy" / "__init__.py").write_text("")


@cheat("file-gone", "dirty", says="versions/0003_c.py, a step of the migration, is gone")
def a_revision_is_deleted(scene: Scene):
    (scene.root / "versions" / "0003_c.py").unlink()


@cheat("file-renamed", "dirty", says="was renamed to versions/0003_z.py")
def a_revision_is_renamed(scene: Scene):
    (scene.root / "versions" / "0003_c.py").rename(scene.root / "versions" / "0003_z.py")


@cheat("line-ends", "dirty", says="versions/0002_b.py, a step of the migration, has other line ends")
def line_ends_become_crlf(scene: Scene):
    path = scene.root / "versions" / "0002_b.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@cheat("file-changed", "dirty", says="versions/0003_c.py, a step of the migration, was changed")
def white_space_is_changed(scene: Scene):
    scene.edit("versions/0003_c.py", new="\n")


@cheat("dirty", says="Not everything is committed: README")
def something_else_is_not_committed(scene: Scene):
    scene.edit("README")


@cheat("commit-moved", says="is checked out (policy.require_commit)")
def the_commit_moves(scene: Scene):
    scene.edit("README")
    scene.git("commit", "-qam", "second")


@cheat("production-schema-moved", says="added: column public.customers.extra")
def the_schema_of_production_moves(scene: Scene):
    return moved(scene, "ALTER TABLE customers ADD COLUMN extra int", "ALTER TABLE customers DROP COLUMN extra")


@cheat("production-heads-moved", says="is at 0002, and was at 0001")
def the_heads_of_production_move(scene: Scene):
    return moved(
        scene, "UPDATE alembic_version SET version_num = '0002'", "UPDATE alembic_version SET version_num = '0001'"
    )


@cheat("production-heads-moved", says="is at 0003 already: what was rehearsed has been applied")
def it_has_been_applied(scene: Scene):
    return moved(
        scene, "UPDATE alembic_version SET version_num = '0003'", "UPDATE alembic_version SET version_num = '0001'"
    )


@cheat("other-database", says="It was rehearsed for the database")
def another_database_of_the_same_server(scene: Scene):
    scene.environ["PRODUCTION_URL"] = scene.environ["OTHER_URL"]


@cheat("database-anew", says="was made anew after the rehearsal")
def the_database_is_made_anew(scene: Scene):
    name = scene.database

    @contextmanager
    def anew() -> Iterator[None]:
        scene.sql(
            f"CREATE DATABASE {name}_new TEMPLATE {name}",
            f"ALTER DATABASE {name} RENAME TO {name}_old",
            f"ALTER DATABASE {name}_new RENAME TO {name}",
            database="postgres",
        )
        yield
        scene.sql(
            f"DROP DATABASE {name} WITH (FORCE)", f"ALTER DATABASE {name}_old RENAME TO {name}", database="postgres"
        )

    return anew()


@cheat("production-setting", says='has TimeZone = "Asia/Tokyo"')
def a_setting_of_production_changes(scene: Scene):
    def set_to(value: str) -> Callable[[], None]:
        return lambda: scene.sql(f"ALTER SYSTEM {value}", "SELECT pg_reload_conf()", "SELECT pg_sleep(0.3)")

    return between(set_to("SET TimeZone = 'Asia/Tokyo'"), set_to("RESET TimeZone"))


@cheat("policy-limits", "dirty", says="limits, severities or rates differ")
def the_limits_are_relaxed(scene: Scene):
    scene.policy("[policy]\n", '[policy]\nmax_blocking = "1h"\n')


@cheat("policy-acknowledgements", "dirty", says="the acknowledgements differ")
def something_is_acknowledged_after_the_run(scene: Scene):
    scene.edit("rehearse.toml", new='\n[[policy.acknowledge]]\ncheck = "rows-lost"\nobject = "*"\nreason = "ok"\n')


@cheat("policy-admission", "dirty", says="what it asks of a pass")
def the_gate_is_asked_for_less(scene: Scene):
    scene.policy('max_age = "72h"', 'max_age = "30d"')


@cheat("policy-admission", "path", "dirty", says="other comes before production, and has no pass of its own")
def an_earlier_environment_has_no_pass(scene: Scene):
    scene.policy('requires = ["qa"]', 'requires = ["qa", "other"]')


@cheat("path", says="qa comes before production, and has no pass of its own")
def the_pass_of_an_earlier_environment_is_gone(scene: Scene):
    (scene.root / ".rehearse" / "runs" / scene.qa / "pass.json").unlink()


@cheat("policy-admission", "outside-window", "dirty", says="It is outside the windows for releases")
def it_is_outside_the_windows(scene: Scene):
    hour = (scene.at + 6 * HOURS).hour
    scene.policy("daily 00:00-24:00 UTC", f"daily {hour:02}:00-{hour:02}:30 UTC")


@cheat("policy-admission", "frozen", "dirty", says="Nothing is released from")
def it_is_frozen(scene: Scene):
    scene.policy("windows =", f'freezes = ["{scene.at.date()}"]\nwindows =')


@cheat("policy-admission", "fidelity-max_data_age", "dirty", says="its data is")
def the_snapshot_is_too_old(scene: Scene):
    scene.policy("min_fidelity.observation", 'min_fidelity.max_data_age = "1ms"\nmin_fidelity.observation')


@cheat("policy-admission", "fidelity-max_deviations", "dirty", says="the stage deviated from production in")
def the_stage_deviates_too_much(scene: Scene):
    scene.policy("min_fidelity.observation", "min_fidelity.max_deviations = 0\nmin_fidelity.observation")


@cheat("fidelity-observation", says="it was observed by samples only")
def it_was_only_sampled(scene: Scene):
    scene.edit_pass(lambda told: told["nearness"].update(observation="sampled"), KEY)


@cheat("too-old", "acknowledgement-expired", "path", says="and a pass is good for 3 days (policy.max_age)")
def it_is_too_old(scene: Scene):
    scene.at += 73 * HOURS


@cheat("acknowledgement-expired", says="column-dropped on public.customers.note was acknowledged until")
def an_acknowledgement_has_expired(scene: Scene):
    scene.at += 50 * HOURS


@cheat("from-the-future", says="a clock is wrong here or where it was rehearsed")
def the_clock_is_set_back(scene: Scene):
    scene.at -= HOURS


@cheat("pass-forged", "too-old", says="was changed after it was signed")
def the_pass_is_given_another_date(scene: Scene):
    scene.edit_pass(lambda told: told.update(issued_at="2020-01-01T00:00:00Z"))


@cheat("pass-forged", says="was changed after it was signed")
def the_signature_is_edited(scene: Scene):
    scene.edit_pass(lambda told: told.update(signature="0" * 64))


@cheat("pass-forged", says="was signed with another key")
def it_is_signed_with_another_key(scene: Scene):
    scene.edit_pass(lambda _: None, OTHER_KEY)


@cheat("pass-forged", "pass-unsigned", says="was taken away")
def the_signature_is_taken_away(scene: Scene):
    scene.edit_pass(lambda told: told.update(signature=None))


@cheat("pass-unsigned", says="is not signed, and there is a key to sign with")
def every_trace_of_the_signature_is_taken_away(scene: Scene):
    scene.edit_pass(lambda told: told.update(signature=None, key=None))


@cheat("pass-damaged", says="cannot be read as one")
def the_pass_is_no_pass(scene: Scene):
    for run in (scene.run, scene.qa):
        (scene.root / ".rehearse" / "runs" / run / "pass.json").write_text("{}")


@cheat("no-pass", says="There is no pass for production")
def there_is_no_pass(scene: Scene):
    (scene.directory / "pass.json").unlink()


@cheat("no-pass", says="has no pass")
def a_run_without_a_pass_is_named(scene: Scene):
    (scene.directory / "pass.json").unlink()
    scene.asked["run"] = scene.run


@cheat("verdict", says="was undecided, and only what is safe is let through")
def the_verdict_was_undecided(scene: Scene):
    scene.edit_pass(lambda told: told.update(verdict="undecided"), KEY)


@cheat("superseded", says="A later run of the same files was not safe")
def an_older_pass_is_replayed(scene: Scene):
    later(scene, "unsafe")


@cheat("pass-mislaid", says="is that of run")
def an_unsafe_run_gets_the_pass_of_another(scene: Scene):
    directory = later(scene, "unsafe", material="x")
    shutil.copy(scene.directory / "pass.json", directory)
    scene.asked["run"] = directory.name


@cheat("pass-mislaid", "superseded", says="says it was unsafe, and its pass that it was safe")
def an_unsafe_run_gets_a_pass_of_its_own(scene: Scene):
    directory = later(scene, "unsafe")
    shutil.copy(scene.directory / "pass.json", directory)
    told = json.loads((directory / "pass.json").read_text())
    (directory / "pass.json").write_text(json.dumps({**told, "run": directory.name}))
    scene.run = directory.name
    scene.edit_pass(lambda _: None, KEY)
    later(scene, "unsafe", number="2")
    scene.asked["run"] = directory.name


@cheat("pass-mislaid", says="The report of run")
def the_report_beside_the_pass_is_changed(scene: Scene):
    report = scene.directory / "report.json"
    report.write_text(report.read_text() + " ")


@cheat("baseline", says="a baseline that excused 2 blocking findings")
def a_baseline_excused_it(scene: Scene):
    scene.edit_pass(lambda told: told.update(forgiven=2), KEY)


@cheat("other-project", says="is of another project: its history begins with")
def it_is_another_projects(scene: Scene):
    scene.edit_pass(lambda told: told.update(origin="f" * 40), KEY)


@cheat("other-place", says="is of the project in services/shop, and this is .")
def it_is_of_another_place_in_the_repository(scene: Scene):
    scene.edit_pass(lambda told: told.update(project="services/shop"), KEY)


@cheat("other-environment", says="and this is other")
def it_is_asked_for_another_environment(scene: Scene):
    scene.asked.update(name="other", file=scene.directory / "pass.json")
    scene.environ["OTHER_URL"] = scene.environ["PRODUCTION_URL"]


@cheat("other-target", "path", says="went to 0002, and every head is to be released")
def it_stopped_before_the_head(scene: Scene):
    scene.edit_pass(lambda told: told.update(target="0002"), KEY)


@cheat("other-migration", says="played sql (safe.sql), and the project is migrated by alembic (alembic.ini)")
def something_harmless_was_rehearsed(scene: Scene):
    other = {"tool": "sql", "config": None, "scripts": ["safe.sql"], "command": []}
    scene.edit_pass(lambda told: told.update(played=other), KEY)


@cheat("version-alembic", says="It was rehearsed with alembic 1.0.0, and here is alembic")
def alembic_is_another(scene: Scene):
    scene.edit_pass(lambda told: told["versions"].update(alembic="1.0.0"), KEY)


@cheat("version-sqlalchemy", says="It was rehearsed with sqlalchemy 1.4.0")
def sqlalchemy_is_another(scene: Scene):
    scene.edit_pass(lambda told: told["versions"].update(sqlalchemy="1.4.0"), KEY)


@cheat("version-rehearse", says="It was rehearsed with rehearse 0.0.1")
def rehearse_is_another(scene: Scene):
    scene.edit_pass(lambda told: told["versions"].update(rehearse="0.0.1"), KEY)


@cheat("rehearsed-dirty", says="was of files that were not committed: lib/columns.py")
def it_was_rehearsed_dirty(scene: Scene):
    scene.edit_pass(lambda told: told.update(changed=["lib/columns.py"]), KEY)


@cheat("audit", says="was cut off: it has 1 of 2 entries")
def the_audit_is_truncated(scene: Scene):
    lines = audited(scene)
    audit.path_in(scene.root / ".rehearse").write_text(lines[0])


@cheat("audit", says="entry 1 was changed, or signed with another key")
def an_entry_of_the_audit_is_edited(scene: Scene):
    first, second = audited(scene)
    audit.path_in(scene.root / ".rehearse").write_text(first.replace("one", "two") + second)


@cheat("audit", says="is gone; it had 2 entries")
def the_audit_is_deleted(scene: Scene):
    audited(scene)
    audit.path_in(scene.root / ".rehearse").unlink()


@cheat("audit", says="was rewritten: its entry 2 is not the one it was")
def the_audit_is_begun_anew(scene: Scene):
    audited(scene)
    audit.path_in(scene.root / ".rehearse").unlink()
    for reason in ("good", "better"):
        asking.let_through(question(scene), reason)


@cheat("run-missing", says="ended unsafe and is missing in")
def a_later_unsafe_run_is_deleted(scene: Scene):
    registered(scene, later(scene, "unsafe").name, "unsafe")
    shutil.rmtree(scene.directory.with_name("20991231-000001-aaaaaa"))


@cheat("run-missing", says="ended unsafe and says something else now in")
def a_later_unsafe_run_is_made_a_safe_one(scene: Scene):
    registered(scene, later(scene, "safe").name, "unsafe")


@cheat("register", "path", says="is gone; it had")
def the_register_of_runs_is_deleted(scene: Scene):
    register(scene).unlink()


@cheat("register", says="was cut off: it has 1 of 2 entries")
def the_register_of_runs_is_cut_off(scene: Scene):
    register(scene).write_text(register(scene).read_text().splitlines(keepends=True)[0])


@cheat("register", "path", says="was rewritten: its entry 2 is not the one it was")
def the_register_of_runs_is_begun_anew(scene: Scene):
    register(scene).unlink()
    registered(scene, scene.qa, "safe")
    registered(scene, scene.run, "safe")


@cheat("register", "path", says="entry 2 does not follow the line before it")
def a_line_of_the_register_is_edited(scene: Scene):
    register(scene).write_text(register(scene).read_text().replace('"qa"', '"other"', 1))


def moved(scene: Scene, there: str, back: str) -> AbstractContextManager[None]:
    return between(lambda: scene.sql(there), lambda: scene.sql(back))


@contextmanager
def between(before: Callable[[], None], after: Callable[[], None]) -> Iterator[None]:
    before()
    try:
        yield
    finally:
        after()


def question(scene: Scene) -> Question:
    return Question(
        name="production",
        configuration=load(None, scene.root, scene.environ),
        environ=scene.environ,
        at=scene.at,
        here=scene.root,
    )


def later(scene: Scene, verdict: str, *, material: str | None = None, number: str = "1") -> Path:
    """Keep a later run, of the same files unless others are named."""
    directory = scene.directory.with_name(f"20991231-00000{number}-aaaaaa")
    shutil.copytree(scene.directory, directory, dirs_exist_ok=True)
    (directory / "pass.json").unlink()
    told = json.loads((directory / "run.json").read_text())
    told |= {"id": directory.name, "verdict": verdict}
    told |= {"material": material} if material else {}
    (directory / "run.json").write_text(json.dumps(told))
    return directory


def register(scene: Scene) -> Path:
    return scene.directory.with_name("register.jsonl")


def registered(scene: Scene, run: str, verdict: str) -> None:
    """Enter a run of the same files in the register, as it does itself when it ends."""
    material = json.loads((scene.directory / "run.json").read_text())["material"]
    told = {"id": run, "verdict": verdict, "environment": "production", "material": material}
    chain.append(register(scene), lambda at, last: json.dumps({**told, "number": at, "previous": last}).encode())


def audited(scene: Scene) -> list[str]:
    """Write two entries, and put their head into the pass as a run afterwards would."""
    for reason in ("one", "two"):
        answer, _ = asking.let_through(question(scene), reason)
    head = {"count": answer.audit.count, "hash": answer.audit.hash}
    scene.edit_pass(lambda told: told.update(audit=head), KEY)
    return audit.path_in(scene.root / ".rehearse").read_text().splitlines(keepends=True)


def test_the_untouched_case_is_let_through(scene: Scene):
    answer = scene.ask()

    assert answer.refusals == ()
    assert (answer.found.permit.run, answer.signed) == (scene.run, "signed")


@pytest.mark.parametrize("case", CHEATS, ids=lambda case: case.name)
def test_a_cheat_is_refused_with_its_own_sentence(case: Cheat, scene: Scene):
    with case.change(scene) or nullcontext():
        answer = scene.ask()

    said = [refusal.sentence for refusal in answer.refusals]
    assert {refusal.reason for refusal in answer.refusals} == case.reasons, said
    assert any(case.says in sentence for sentence in said), said
    assert all(refusal.remedy for refusal in answer.refusals)
    everything = repr(answer.refusals)
    assert KEY not in everything
    assert PASSWORD not in everything


def test_there_are_more_than_thirty_ways_and_each_has_a_sentence_of_its_own():
    assert len(CHEATS) >= 45
    assert len({case.says for case in CHEATS}) >= 40


def test_after_the_cheats_production_is_as_it_was(scene: Scene):
    assert scene.ask().refusals == ()


def test_another_server_with_the_same_files_is_refused(scene: Scene, server15: Server, database15: str):
    scene.environ["PRODUCTION_URL"] = shop(server15, database15)

    reasons = {refusal.reason for refusal in scene.ask().refusals}

    assert {"other-server", "production-major"} <= reasons


def test_the_newest_pass_that_is_good_counts(scene: Scene):
    newer = later(scene, "safe")
    shutil.copy(scene.directory / "pass.json", newer)  # that of another run

    answer = scene.ask()

    assert answer.refusals == ()
    assert answer.found.permit.run == scene.run


def test_a_run_that_was_undecided_later_takes_a_pass_back_and_one_of_other_files_does_not(scene: Scene):
    later(scene, "undecided", material="of other files")
    before = scene.ask().refusals
    later(scene, "undecided", number="2")
    after = scene.ask().refusals

    assert before == ()
    assert [refusal.reason for refusal in after] == ["superseded"]


def test_without_a_key_a_signature_is_not_checked_unless_it_is_demanded(scene: Scene):
    del scene.environ["REHEARSE_PASS_KEY"]

    answer = scene.ask()

    assert answer.refusals == ()
    assert "not checked" in answer.signed
    scene.policy("[policy]\n", "[policy]\nrequire_signed = true\n")
    with pytest.raises(asking.NoKey, match="REHEARSE_PASS_KEY is not set here"):
        scene.ask()


def test_versions_that_cannot_be_asked_for_are_neither_let_through_nor_refused(scene: Scene):
    scene.asked["python"] = Path("/bin/false")

    with pytest.raises(versions.VersionsUnknown, match="alembic and sqlalchemy"):
        scene.ask()


def test_the_command_says_it_in_a_line_and_every_reason_on_its_own(scene: Scene):
    passed = rehearse("gate", cwd=scene.root, **scene.environ)
    told = rehearse("gate", "--run", scene.run, "--format", "json", cwd=scene.root, **scene.environ)
    scene.edit("lib/columns.py")
    refused = rehearse("gate", "production", cwd=scene.root, **scene.environ)

    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout.startswith(f"PASSED: run {scene.run} for production, rehearsed ")
    assert "signed; audit: 1 entry, head " in passed.stdout
    assert {"verdict": "passed", "run": scene.run, "signed": True, "refusals": []}.items() <= json.loads(
        told.stdout
    ).items()
    assert (refused.returncode, refused.stderr) == (1, "")
    assert "- lib/columns.py, code the migration runs, was changed after the rehearsal.\n  Do: " in refused.stdout
    for done in (passed, told, refused):
        assert KEY not in done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "environ", "status", "says"),
    [
        (("gate", "prodution"), {}, 2, 'did you mean "production"?'),
        (("gate", "--run", "1999"), {}, 2, 'has no run "1999"'),
        (("gate", "--pass", "nowhere.json"), {}, 2, "There is no pass nowhere.json"),
        (("gate", "--emergency", " "), {}, 2, "--emergency needs a reason"),
        (("gate",), {"REHEARSE_PASS_KEY": "short"}, 2, "it has 5 characters, and needs 32"),
        (("gate",), {"REHEARSE_PASS_KEY": "a" * 40}, 2, "hardly any different characters"),
        (("gate",), {"PRODUCTION_URL": "postgresql://nobody@/shop?host=/nowhere"}, 3, "Cannot connect to"),
    ],
)
def test_what_cannot_be_answered_gets_a_sentence(
    scene: Scene, words: tuple[str, ...], environ: dict[str, str], status: int, says: str
):
    done = rehearse(*words, cwd=scene.root, **{**scene.environ, **environ})

    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_emergency_goes_out_is_written_down_and_stays_in_the_reports_until_production_contains_it(scene: Scene):
    scene.edit("versions/0003_c.py")
    ci = {"GITHUB_ACTOR": "anna", "CI_JOB_URL": "https://ci.example.org/1"}
    run = ("run", "--no-downgrade", "--format", "json")

    done = rehearse("gate", "--emergency", "disk is filling", cwd=scene.root, **scene.environ, **ci)
    unreachable = {**scene.environ, "PRODUCTION_URL": "postgresql://nobody@/shop?host=/nowhere"}
    blind = rehearse("gate", "--emergency", "it burns", cwd=scene.root, **unreachable)
    before = rehearse(*run, cwd=scene.root, **scene.environ)
    shown = rehearse("report", cwd=scene.root, **scene.environ)
    with moved(scene, "CREATE TABLE hotfix (id int PRIMARY KEY)", "DROP TABLE hotfix"):
        after = rehearse(*run, cwd=scene.root, **scene.environ)

    assert (done.returncode, done.stdout, blind.returncode) == (0, "", 0)
    assert "EMERGENCY: an unrehearsed release goes to production: disk is filling" in done.stderr
    assert "- skipped: versions/0003_c.py, a step of the migration, was changed" in done.stderr
    entry, second = map(json.loads, audit.path_in(scene.root / ".rehearse").read_text().splitlines())
    assert (entry["who"]["actor"], entry["who"]["job"]) == ("anna", "https://ci.example.org/1")
    assert (entry["reason"], entry["number"], entry["dirty"]) == ("disk is filling", 1, True)
    assert entry["heads"] == {"public.alembic_version": ["0001"]}
    assert "versions/0003_c.py" in entry["files"]
    assert second["skipped"][0].startswith("It could not be established: Cannot connect to")
    (told,) = json.loads(before.stdout)["unrehearsed"]
    assert told.startswith("production got an unrehearsed release on ")
    assert told.endswith("by anna: disk is filling.")
    assert "Not rehearsed\n  - production got an unrehearsed release on" in shown.stdout
    assert json.loads(after.stdout)["unrehearsed"] == []
    assert "s3cret" not in done.stderr + blind.stderr + audit.path_in(scene.root / ".rehearse").read_text()


def test_the_audit_is_verified_by_itself_by_its_signatures_and_by_the_passes(scene: Scene):
    def faults(environ: dict[str, str] = scene.environ) -> str:
        return " ".join(asking.verify_audit(load(None, scene.root, environ), environ, scene.root)[1])

    first, second = audited(scene)
    path = audit.path_in(scene.root / ".rehearse")

    whole = rehearse("gate", "--verify-audit", cwd=scene.root, **scene.environ)
    assert (whole.returncode, whole.stdout.startswith("The audit holds: 2 entries, head ")) == (0, True)
    path.write_text(first)
    assert "was cut off: it has 1 of 2 entries" in faults()
    cut = rehearse("gate", "--verify-audit", "--format", "json", cwd=scene.root, **scene.environ)
    assert (cut.returncode, json.loads(cut.stdout)["holds"], json.loads(cut.stdout)["count"]) == (1, False, 1)
    path.write_text(first + second.replace("two", "zwo"))
    assert "entry 2 was changed, or signed with another key" in faults()
    path.write_text(first.replace("one", "eins") + second)
    assert "entry 2 does not follow the line before it" in faults({**scene.environ, "REHEARSE_PASS_KEY": ""})
    path.write_text(first + "torn")
    assert "line 2 is no entry" in faults()
    path.write_text(second)
    assert "line 1 is entry 2" in faults()


def test_what_nobody_saw_being_read_is_bound_to_the_commit(scene: Scene):
    """A shell reads what it likes: the pass is for a clean commit, and there is none for anything else."""
    scene.edit("rehearse.toml", 'config = "alembic.ini"', 'tool = "command"\ncommand = "sh migrate.sh"')
    (scene.root / "migrate.sh").write_text("python -m alembic upgrade head\n")
    run = ("run", "--no-downgrade", "--format", "json")

    dirty = rehearse(*run, cwd=scene.root, **scene.environ)
    scene.git("add", "-A")
    scene.git("commit", "-qm", "by a shell")
    clean = rehearse(*run, cwd=scene.root, **scene.environ)
    scene.asked["run"] = json.loads(clean.stdout)["run"]
    scene.at = datetime.now(UTC) + timedelta(seconds=5)
    untouched = {refusal.reason for refusal in scene.ask().refusals}
    scene.edit("README")
    moved_on = {refusal.reason for refusal in scene.ask().refusals}

    assert (dirty.returncode, clean.returncode, clean.stderr) == (0, 0, "")
    assert "No pass: sh may have read files that nobody saw. Commit everything" in dirty.stderr
    assert untouched == {"path"}  # qa was rehearsed otherwise
    assert moved_on == {"path", "tree-moved", "dirty"}


def test_a_rehearsal_of_a_snapshot_counts_for_the_production_it_was_taken_of(scene: Scene):
    scene.policy('requires = ["qa"]\n', "")
    taken = rehearse("snapshot", "production", "-o", "snapshot", cwd=scene.root, **scene.environ)
    ci = {"REHEARSE_PASS_KEY": KEY, "PRODUCTION_URL": ""}
    ran = rehearse("run", "--from", "snapshot", "--no-downgrade", "--format", "json", cwd=scene.root, **ci)
    scene.at = datetime.now(UTC) + timedelta(seconds=5)
    scene.asked["run"] = json.loads(ran.stdout)["run"]
    reasons = {refusal.reason for refusal in scene.ask().refusals}
    scene.environ["PRODUCTION_URL"] = scene.environ["OTHER_URL"]
    other = {refusal.reason for refusal in scene.ask().refusals}

    assert (taken.returncode, ran.returncode) == (0, 0), taken.stderr + ran.stderr
    assert reasons == {"rehearsed-dirty", "dirty"}  # rehearse.toml was edited above, and the policy asks for the commit
    assert "other-database" in other


def test_a_pass_that_is_carried_along_as_a_file_is_enough(scene: Scene, tmp_path: Path):
    shutil.move(scene.directory / "pass.json", tmp_path / "pass.json")
    scene.asked["file"] = tmp_path / "pass.json"

    assert scene.ask().refusals == ()


def test_an_unsafe_run_takes_a_pass_back_though_its_directory_was_deleted(scene: Scene):
    acknowledgement = scene.root.joinpath("rehearse.toml").read_text().partition("[[policy.acknowledge]]")
    (scene.root / "rehearse.toml").write_text(acknowledgement[0])
    with moved(scene, "UPDATE customers SET note = 'x'", "UPDATE customers SET note = NULL"):
        run = rehearse("run", "--no-downgrade", "--format", "json", cwd=scene.root, **scene.environ)
    (scene.root / "rehearse.toml").write_text("".join(acknowledgement))
    unsafe = json.loads(run.stdout)["run"]
    assert run.returncode == 1, run.stderr
    shutil.rmtree(scene.directory.with_name(unsafe))

    (refusal,) = scene.ask().refusals

    assert refusal.sentence == (
        f"A later run of this migration, {unsafe}, ended unsafe and is missing in {scene.directory.parent}."
    )


def test_a_fresh_checkout_with_the_pass_alone_or_with_the_runs_of_another_machine_is_let_through(
    scene: Scene, tmp_path: Path
):
    carried = tmp_path / "carried"
    shutil.move(scene.root / ".rehearse", carried)
    scene.policy('requires = ["qa"]\n', "")
    policy = {"policy-admission", "dirty"}  # for that edit
    scene.asked["file"] = carried / "runs" / scene.run / "pass.json"

    by_file = {refusal.reason for refusal in scene.ask().refusals}
    del scene.asked["file"]
    shutil.copytree(carried / "runs", scene.root / ".rehearse" / "runs")
    by_folder = {refusal.reason for refusal in scene.ask().refusals}

    assert (by_file, by_folder) == (policy, policy)


def test_settings_alone_are_no_migration_and_get_no_pass(scene: Scene, tmp_path: Path):
    done = rehearse(
        "run", "--from", scene.environ["PRODUCTION_URL"], "--set", "work_mem=8MB", cwd=tmp_path, REHEARSE_PASS_KEY=KEY
    )

    assert (done.returncode, list((tmp_path / ".rehearse").rglob("pass.json"))) == (0, [])
