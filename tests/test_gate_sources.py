"""The gate where the policy comes from a commit, and where production is a standby."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psycopg
from test_cli import rehearse
from test_counts import replica, wait_for
from test_gate import git

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.environment import Environment

SHOP = "CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, note text)"
MIGRATION = """\
-- rehearse: acknowledge column-dropped public.customers.note: unused
SET lock_timeout = '2s';
ALTER TABLE customers DROP COLUMN note;
"""
CONFIGURATION = """\
[environments.production]
url = "${PRODUCTION_URL}"
[migrations]
tool = "sql"
path = "sql"
"""
KEY = {"REHEARSE_PASS_KEY": "a very secret key of 32 characters and more"}


def project(root: Path, policy: str) -> Path:
    root.joinpath("sql").mkdir(parents=True)
    (root / "sql" / "1.sql").write_text(MIGRATION)
    (root / "rehearse.toml").write_text(CONFIGURATION + policy)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return root


def reasons(root: Path, *words: str, **environ: str) -> tuple[int, list[str]]:
    """Ask the gate; return its exit code and the reasons it gives."""
    done = rehearse("gate", "production", "--format", "json", *words, cwd=root, **environ)
    assert done.stdout, done.stderr
    return done.returncode, [each["reason"] for each in json.loads(done.stdout)["refusals"]]


def test_the_policy_of_a_commit_counts_at_the_gate_and_the_working_trees_does_not(
    server: Server, database: str, tmp_path: Path
):
    with server.connect(database) as connection:
        connection.execute(SHOP)
        connection.execute("INSERT INTO customers SELECT n, 'Customer', 'a note' FROM generate_series(1, 500) AS n")
    root = project(tmp_path / "app", '[policy]\nmax_blocking = "1s"\nmax_age = "24h"\n')
    environ = {"PRODUCTION_URL": server.dsn(database), **KEY}
    (root / "rehearse.toml").write_text(CONFIGURATION + '[policy]\nmax_blocking = "1h"\nmax_age = "30d"\n')

    run = rehearse("run", "--policy-from", "main", "--format", "json", cwd=root, **environ)
    by_base = reasons(root, "--policy-from", "main", **environ)
    by_tree = reasons(root, **environ)
    git(root, "checkout", "-q", "-b", "stricter")
    (root / "rehearse.toml").write_text(CONFIGURATION + '[policy]\nmax_blocking = "0s"\nmax_age = "24h"\n')
    git(root, "commit", "-qam", "stricter")
    by_other = reasons(root, "--policy-from", "stricter", **environ)
    unknown = rehearse("gate", "--policy-from", "nowhere", cwd=root, **environ)

    assert run.returncode == 0, run.stdout + run.stderr
    assert by_base == (0, [])
    assert by_tree == (1, ["policy-limits", "policy-admission"])
    assert by_other == (1, ["policy-limits"])
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "--policy-from: the repository" in unknown.stderr


def test_a_production_that_is_read_from_its_standby_is_the_same_and_must_not_be_behind(tmp_path: Path):
    settings = {"wal_level": "replica", "max_wal_senders": "4"}
    with running(resolve(None, use="embedded").binaries, settings=settings) as primary, replica(primary) as place:
        standby = Environment(name="", url=f"postgresql://rehearse@/template1?host={place}")
        with primary.connect("template1") as connection:
            connection.execute(SHOP)
        wait_for(standby, "SELECT to_regclass('customers') IS NOT NULL")
        root = project(tmp_path / "app", '[snapshot]\nmax_lag = "500ms"\n')
        shutil.copytree(root, tmp_path / "read_behind")
        of_primary = {"PRODUCTION_URL": f"postgresql://rehearse@/template1?host={primary.socket_dir}", **KEY}
        of_standby = {"PRODUCTION_URL": str(standby.url), **KEY}

        run = rehearse("run", cwd=root, **of_primary)
        other = rehearse("run", cwd=tmp_path / "read_behind", **of_standby)
        answers = [reasons(root, **of_standby), reasons(tmp_path / "read_behind", **of_primary)]
        answers += [reasons(tmp_path / "read_behind", **of_standby)]
        with psycopg.connect(str(standby.url), autocommit=True) as behind, primary.connect("template1") as connection:
            behind.execute("SELECT pg_wal_replay_pause()")
            connection.execute("CREATE TABLE later (id int)")
            connection.execute("SELECT pg_sleep(1)")
            connection.execute("CREATE TABLE latest (id int)")
            lagging = rehearse("gate", cwd=root, **of_standby)
            behind.execute("SELECT pg_wal_replay_resume()")
        wait_for(standby, "SELECT to_regclass('latest') IS NOT NULL")
        moved = reasons(root, **of_standby)

    assert (run.returncode, other.returncode) == (0, 0), run.stdout + run.stderr + other.stdout + other.stderr
    assert answers == [(0, []), (0, []), (0, [])]
    assert (lagging.returncode, lagging.stdout) == (3, "")
    assert "is a standby" in lagging.stderr
    assert "behind, more than 500 ms (snapshot.max_lag)" in lagging.stderr
    assert moved == (1, ["production-schema-moved"])
