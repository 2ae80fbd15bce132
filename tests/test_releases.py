"""Releases by tag: the code of a commit is rehearsed, the release in production made sure of, its code tried."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tool import tool

from rehearse.checkout.base import Base
from rehearse.checkout.worktree import checked_out
from rehearse.engine.server import Server

SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO customers SELECT n, 'Customer ' || n FROM generate_series(1, 20) AS n;
"""
ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
import shop
url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
with create_engine(url).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
print("the code of", shop.RELEASE)
"""
REVISION = """'''{title}.'''
from alembic import op
revision = "{number}"
down_revision = {down!r}
def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("{sql}")
def downgrade():
    pass
"""

SMOKE = """
import os
import psycopg
psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT name FROM customers")
"""
HOLDS = """
import sys, time
from pathlib import Path
from rehearse.checkout.base import Base
from rehearse.checkout.worktree import checked_out
with checked_out(Base.of("HEAD", Path(sys.argv[1]))) as found:
    print(found.directory, flush=True)
    time.sleep(600)
"""


def git(root: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@dataclass(frozen=True)
class Project:
    """A repository with an Alembic project, whose releases are tags."""

    root: Path
    dsn: str

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def revision(self, number: str, down: str | None, sql: str) -> None:
        self.write(f"versions/{number}_a.py", REVISION.format(title=number, number=number, down=down, sql=sql))

    def release(self, tag: str) -> None:
        self.write("src/shop.py", f"RELEASE = {tag!r}\n")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "-m", tag)
        git(self.root, "tag", tag)

    def rehearse(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": f"{self.root / 'src'}", **variables}
        return tool("run", "--from", self.dsn, "--no-downgrade", *words, cwd=self.root, environ=environ)

    def worktrees(self) -> list[str]:
        return git(self.root, "worktree", "list").splitlines()[1:]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    return root


@pytest.fixture
def project(server: Server, database: str, repository: Path) -> Project:
    """Three releases: production has v1; v2 adds a column, v3 renames one."""
    with server.connect(database) as connection:
        connection.execute(SHOP)
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    found = Project(root=repository, dsn=server.dsn(database))
    found.write("alembic.ini", "[alembic]\nscript_location = %(here)s\n")
    found.write("env.py", ENV)
    found.write("smoke.py", SMOKE)
    found.revision("0001", None, "SELECT 1")
    found.release("v1")
    found.revision("0002", "0001", "ALTER TABLE customers ADD COLUMN note text")
    found.release("v2")
    found.revision("0003", "0002", "ALTER TABLE customers RENAME COLUMN name TO called")
    found.write("smoke.py", "print('of v3')\n")
    found.release("v3")
    return found


def test_a_tag_is_rehearsed_as_it_was_and_the_working_tree_stays_as_it_is(project: Project):
    project.write("versions/0004_dirty.py", "this is no Python")
    status = git(project.root, "status", "--porcelain", "--", ":!.rehearse")

    done = project.rehearse("--at", "v2", "--format", "json")

    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert [step["id"] for step in told["steps"]] == ["0002"]
    assert told["inputs"]["at"] == f"v2 ({git(project.root, 'rev-parse', 'v2')[:10]})"
    assert (git(project.root, "status", "--porcelain", "--", ":!.rehearse"), project.worktrees()) == (status, [])


def test_what_is_acknowledged_in_the_code_of_a_tag_counts_where_the_base_has_it_too(project: Project):
    dropping = "-- rehearse: acknowledge column-dropped public.customers.name: unused\n"
    project.write("sql/1.sql", f"{dropping}SET lock_timeout = '1s';\nALTER TABLE customers DROP COLUMN name;\n")
    project.release("v5")
    project.write("sql/1.sql", "SELECT 1;")
    project.release("v6")
    words = ("--at", "v5", "--sql", "sql/1.sql", "--format", "json", "--policy-from")

    known, unknown = (json.loads(project.rehearse(*words, base).stdout) for base in ("v5", "v6"))

    accepted = [
        [each["acknowledged"] for each in told["findings"] if each["check"] == "column-dropped"]
        for told in (known, unknown)
    ]
    assert accepted == [["unused"], [None]]


def test_paths_in_the_report_and_in_the_pass_are_the_projects_and_the_commit_is_that_of_the_tag(project: Project):
    words = ("--alembic", "alembic.ini", "--format", "json", "--to", "0002")
    project.write("src/shop.py", "RELEASE = 'today'\n")

    told = json.loads(project.rehearse("--at", "v2", *words).stdout)

    (found,) = project.root.glob(".rehearse/runs/*/pass.json")
    permit = json.loads(found.read_text())
    assert told["inputs"]["config"] == str(project.root / "alembic.ini")
    assert "rehearse-release-" not in json.dumps(told)
    assert permit["played"]["config"] == "alembic.ini"
    assert (permit["commit"], permit["changed"]) == (git(project.root, "rev-parse", "v2"), [])
    assert "rehearse-release-" not in found.read_text()


def test_the_code_that_migrations_import_is_that_of_the_tag(project: Project):
    project.write("env.py", f"{ENV}raise SystemExit(shop.RELEASE)\n")
    project.release("v4")

    project.write("src/shop.py", "RELEASE = 'today'\n")

    done = project.rehearse("--at", "v4")

    assert ("v4" in done.stdout, "today" in done.stdout) == (True, False), done.stdout


def test_the_old_release_is_tried_on_the_migrated_stage(project: Project):
    works = project.rehearse("--at", "v2", "--base", "v1", "--still-works", "python smoke.py")
    broken = project.rehearse("--base", "v1", "--still-works", "python smoke.py", "--format", "json")

    told = json.loads(broken.stdout)
    assert works.returncode == 0, works.stdout + works.stderr
    assert "the old release v1 (" in works.stdout
    assert ": holds (python smoke.py: status 0 after " in works.stdout.replace("\n  ", " ")
    assert broken.returncode == 1
    (found,) = [each for each in told["findings"] if each["check"] == "old-release-broken"]
    assert (found["family"], found["severity"]) == ("contract", "block")
    assert 'column "name" does not exist' in found["evidence"]["output"]
    assert told["old_release"]["standing"] == "fails"
    assert project.worktrees() == []


def test_the_old_releases_command_may_be_configured(project: Project):
    project.write("rehearse.toml", '[migrations]\nold_release_command = "python smoke.py"\n')

    without, with_base = project.rehearse(), project.rehearse("--base", "v1")

    assert "old-release-broken" not in without.stdout
    assert "old-release-broken" in with_base.stdout


def test_a_base_that_production_has_not_reached_or_has_left_is_refused(project: Project, server: Server, database: str):
    behind = project.rehearse("--base", "v2")
    with server.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    ahead = project.rehearse("--base", "v1")

    assert (behind.returncode, behind.stdout) == (2, "")
    assert ") is not what is in production. Production is at 0001, and in v2 (" in behind.stderr
    assert "there is one more migration: 0002." in behind.stderr
    assert (ahead.returncode, ahead.stdout) == (2, "")
    assert "Production is at 0002, which v1 (" in ahead.stderr
    assert project.worktrees() == []


def test_plain_files_are_pending_where_the_base_does_not_have_them(project: Project):
    project.write("sql/1.sql", "CREATE TABLE gone_by_now (id int);")
    project.write("sql/2.sql", "SELECT 1;")
    project.release("v5")
    project.write("sql/2.sql", "SELECT 2;")
    project.write("sql/10.sql", "SET lock_timeout = '1s'; ALTER TABLE customers ADD COLUMN a int;")

    done = project.rehearse("--sql", "sql", "--base", "v5", "--format", "json")

    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert [step["id"] for step in told["steps"]] == ["10.sql"]
    assert f"SQL files are recorded nowhere: only --base says that production is at {told['inputs']['base']}" in (
        " ".join(told["notes"])
    )
    assert any("they were not played: 2.sql." in note for note in told["notes"])


def test_a_command_that_changes_production_is_no_base(project: Project):
    project.write("migrate.sh", 'psql -qc "CREATE TABLE IF NOT EXISTS customers (id int)"\n')
    project.release("v6")
    project.write("migrate.sh", 'psql -qc "CREATE TABLE later (id int)"\n')
    project.release("v7")

    same = project.rehearse("--command", "sh migrate.sh", "--base", "v6")
    other = project.rehearse("--command", "sh migrate.sh", "--base", "v7")

    assert same.returncode == 0, same.stdout + same.stderr
    assert other.returncode == 2
    assert "is not what is in production: its migrations change public.later" in other.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--at", "v9"], '--at: the repository {root} has no commit "v9".'),
        (["--base", "v9"], '--base: the repository {root} has no commit "v9".'),
        (["--at", "--upload-pack"], "has no commit"),
        (["--still-works", "true"], "Name its tag or commit with --base."),
        (["--base", "v1", "--still-works", "pytest 'x"], "--still-works is no command line: no closing quotation."),
        (["--at", "v1", "--sql", "sql/1.sql"], "has no sql/1.sql."),
        (["--at", "v1", "--alembic", "db/alembic.ini"], "has no db/alembic.ini."),
    ],
)
def test_bad_requests_get_a_sentence(project: Project, words: list[str], says: str):
    project.write("sql/1.sql", "SELECT 1;")

    done = project.rehearse(*words)

    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert says.format(root=project.root) in done.stderr
    assert "Traceback" not in done.stderr
    assert project.worktrees() == []


def test_no_repository_no_git_and_a_shallow_clone_say_so(project: Project, tmp_path: Path):
    alone, shallow = tmp_path / "alone", tmp_path / "shallow"
    alone.mkdir()
    (alone / "1.sql").write_text("SELECT 1;")
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-tags", project.root.as_uri(), str(shallow))

    outside = Project(root=alone, dsn=project.dsn).rehearse("--sql", "1.sql", "--at", "v1")
    cut_off = Project(root=shallow, dsn=project.dsn).rehearse("--at", "v1")
    without = project.rehearse("--at", "v1", PATH="/nowhere")

    assert [each.returncode for each in (outside, cut_off, without)] == [2, 2, 2]
    assert f"--at reads a commit, and {alone} is in no git repository" in outside.stderr
    assert "It is a shallow clone" in cut_off.stderr
    assert "git fetch --unshallow --tags" in cut_off.stderr
    assert "--at reads a commit, and git is not installed here." in without.stderr


def test_a_checkout_is_honest_about_submodules_and_links(repository: Path, tmp_path: Path):
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q")
    git(library, "commit", "-q", "--allow-empty", "-m", "a")
    git(repository, "submodule", "--quiet", "add", library.as_uri(), "libs/library")
    (repository / "1.sql").write_text("SELECT 1;")
    (repository / "inside").symlink_to("1.sql")
    (repository / "outside").symlink_to(repository / "1.sql")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a")

    with checked_out(Base.of("HEAD", repository)) as found:
        is_link = (found.directory / "inside").is_symlink()

    commit = git(repository, "rev-parse", "HEAD")[:10]
    assert is_link
    assert found.remarks == (
        f"Submodules are empty in the code of HEAD ({commit}): libs/library.",
        f"Links of HEAD ({commit}) lead out of the repository, to what is there today: outside.",
    )
    assert not found.directory.parent.exists()


@pytest.mark.parametrize(("setting", "content"), [("true", b"SELECT 1;\r\n"), ("false", b"SELECT 1;\n")])
def test_line_ends_are_those_of_a_checkout_of_this_repository(repository: Path, setting: str, content: bytes):
    (repository / "1.sql").write_bytes(b"SELECT 1;\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a")
    git(repository, "config", "core.autocrlf", setting)

    with checked_out(Base.of("HEAD", repository)) as found:
        assert (found.directory / "1.sql").read_bytes() == content


def test_no_hook_runs_and_inside_a_hook_the_right_repository_is_read(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (repository / "1.sql").write_text("SELECT 1;")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a")
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")

    with checked_out(Base.of("HEAD", repository)) as found:
        assert (found.directory / "1.sql").read_text() == "SELECT 1;"

    assert not (tmp_path / "ran").exists()


def test_an_error_inside_leaves_no_worktree(repository: Path):
    git(repository, "commit", "-q", "--allow-empty", "-m", "a")

    with pytest.raises(KeyError), checked_out(Base.of("HEAD", repository)) as found:
        raise KeyError

    assert not found.directory.exists()
    assert git(repository, "worktree", "list").count("\n") == 0


def test_what_a_killed_process_left_goes_at_the_next_start_and_a_living_ones_stays(repository: Path):
    git(repository, "commit", "-q", "--allow-empty", "-m", "a")
    own = repository.with_name("own")  # a worktree of the user's
    git(repository, "worktree", "add", "-q", "--detach", str(own))
    killed, living = (subprocess.Popen([sys.executable, "-c", HOLDS, str(repository)], stdout=-1) for _ in range(2))
    left, kept = (Path(process.stdout.readline().decode().strip()) for process in (killed, living))
    killed.kill()
    killed.communicate()

    with checked_out(Base.of("HEAD", repository)) as found:
        listed = {line.split()[0] for line in git(repository, "worktree", "list").splitlines()[1:]}
    living.kill()
    living.communicate()
    with checked_out(Base.of("HEAD", repository)):
        pass

    assert listed == {str(own), str(kept), str(found.directory)}
    assert not left.parent.exists()
    assert [line.split()[0] for line in git(repository, "worktree", "list").splitlines()[1:]] == [str(own)]


def test_a_damaged_worktree_goes_whole(repository: Path):
    git(repository, "commit", "-q", "--allow-empty", "-m", "a")

    with checked_out(Base.of("HEAD", repository)) as found:
        (found.directory / ".git").unlink()

    assert not found.directory.parent.exists()
    assert git(repository, "worktree", "list").count("\n") == 0
