"""The recipes of samples/ci, played: every `run:` and `script:` line literally, in a shell, on the sample shop.

What stands around them is played by this file: artifacts are folders, the forge and its packages are a server of the
tests, `gh` is a script that copies, and a deployment's production is a real one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psycopg
import pytest
import yaml
from forges import TOKEN, FakeForge, forge
from test_samples_shop import OWNER, PRODUCTION, SHOP, _fill, _fresh, _upgrade

from rehearse.db.queries import SAMPLES
from rehearse.engine.server import Server

CI = SAMPLES / "ci"
KEY = hashlib.sha256(b"of the shop").hexdigest()
UNSAFE_FROM = "0015"  # the first revision that production must not get
ALWAYS = "success() || failure()"
GH = """#!/bin/sh
case "$1 $2" in
  "run list") echo 1 ;;
  "run download") cp -R "$ARTIFACTS/snapshot/." . ;;
  *) echo "gh $*: unknown" >&2; exit 1 ;;
esac
"""


@dataclass
class World:
    """A repository, a production, a forge, and what jobs leave for one another."""

    root: Path
    production: str  # URL
    forge: FakeForge
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    def checkout(self, branch: str, name: str) -> Path:
        target = self.root / "jobs" / name
        _git(self.root, "clone", "-q", "--branch", branch, str(self.root / "repository"), str(target))
        return target

    def shell(self, script: str, directory: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        home = self.root / "home"
        inherited = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=directory,
            env={
                **inherited,
                "PATH": f"{self.root / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(home),
                "ARTIFACTS": str(self.artifacts),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_ROOT_USER_ACTION": "ignore",
                **self.variables,
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[str]:
    with _fresh(server, "ci_template", template="template0") as name:
        _upgrade(server, name, PRODUCTION)
        _fill(server, name)
        yield name


@pytest.fixture
def world(server: Server, filled: str, tmp_path: Path) -> Iterator[World]:
    with _fresh(server, "ci_production", template=filled) as name, forge() as fake:
        url = f"postgresql://{OWNER}@/{name}?host={server.socket_dir}&port={server.port}"
        for folder in ("bin", "home", "artifacts", "jobs", "audit"):
            (tmp_path / folder).mkdir()
        (tmp_path / "bin" / "gh").write_text(GH)
        (tmp_path / "bin" / "gh").chmod(0o755)
        _repository(tmp_path / "repository")
        yield World(root=tmp_path, production=url, forge=fake)


def _repository(root: Path) -> None:
    """Make main hold what may be released, and the branch `loyalty` all six revisions."""
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements.txt").write_text("alembic\n")
    (root / ".gitignore").write_text("__pycache__/\nsnapshot/\n")
    later = [path for path in sorted((root / "migrations" / "versions").glob("*.py")) if path.name >= UNSAFE_FROM]
    for path in later:
        path.rename(root.parent / path.name)
    _git(root, "init", "-q", "-b", "main")
    _commit(root, "What may be released")
    _git(root, "checkout", "-q", "-b", "loyalty")
    for path in later:
        (root.parent / path.name).rename(path)
    _commit(root, "Loyalty points")
    _git(root, "checkout", "-q", "main")


def _commit(root: Path, message: str) -> None:
    _git(root, "add", "-A")
    _git(root, "-c", "user.name=Anna", "-c", "user.email=anna@shop.test", "commit", "-q", "-m", message)


def _git(directory: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=directory, check=True, capture_output=True)


# GitHub


def github(world: World, job: str, directory: Path, **variables: str) -> dict[str, subprocess.CompletedProcess[str]]:
    """Play the steps of a job of the workflow; return what each `run:` said, by its name."""
    workflow = yaml.safe_load((CI / "github" / "rehearse.yml").read_text())
    told = workflow["jobs"][job]
    given = {
        "GITHUB_API_URL": world.forge.url,
        "GITHUB_REPOSITORY": "shop/db",
        "GITHUB_WORKSPACE": str(directory),
        **{
            name: _filled(value, world, on_pull_request="GITHUB_BASE_REF" in variables)
            for name, value in told.get("env", {}).items()
        },
        **variables,
    }
    return dict(_steps(world, told["steps"], directory, given))


def _steps(
    world: World, steps: Sequence[Mapping[str, object]], directory: Path, given: Mapping[str, str]
) -> Iterator[tuple[str, subprocess.CompletedProcess[str]]]:
    failed = False
    for step in steps:
        wish = str(step.get("if", "success()"))
        if (failed and ALWAYS not in wish) or ("pull_request" in wish and "GITHUB_BASE_REF" not in given):
            continue
        if "uses" in step:
            _use(world, str(step["uses"]), step.get("with", {}), directory)
            continue
        env = {name: _filled(value, world) for name, value in step.get("env", {}).items()}
        done = world.shell(str(step["run"]), directory, {**given, **env})
        failed |= bool(done.returncode)
        yield str(step["name"]), done


def _use(world: World, action: str, inputs: Mapping[str, str], directory: Path) -> None:
    name = action.partition("@")[0]
    if name == "actions/upload-artifact":
        shutil.rmtree(world.artifacts / inputs["name"], ignore_errors=True)
        for path in inputs["path"].split():
            kept = world.artifacts / inputs["name"] / ("" if len(inputs["path"].split()) == 1 else path)
            kept.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (directory / path).is_dir() else shutil.copy)(directory / path, kept)
    elif name == "actions/download-artifact":
        shutil.copytree(world.artifacts / inputs["name"], directory / inputs["path"], dirs_exist_ok=True)
    elif name == "github/codeql-action/upload-sarif":
        assert (directory / inputs["sarif_file"]).exists()
        assert json.loads((directory / inputs["sarif_file"]).read_text())["version"] == "2.1.0"
    else:
        assert name in ("actions/checkout", "actions/setup-python")


def _filled(value: object, world: World, *, on_pull_request: bool = False) -> str:
    secrets = {
        "${{ secrets.PRODUCTION_URL }}": world.production,
        "${{ secrets.PRODUCTION_OWNER_URL }}": world.production,
        "${{ secrets.REHEARSE_PASS_KEY }}": KEY,
        "${{ github.event_name == 'push' && secrets.REHEARSE_PASS_KEY || '' }}": "" if on_pull_request else KEY,
        "${{ github.token }}": TOKEN,
        "/var/lib/rehearse": str(world.root / "audit"),
    }
    return secrets[str(value)]


def test_the_github_workflow_from_snapshot_to_release(world: World):
    nightly = github(world, "snapshot", world.checkout("main", "nightly"))
    added = "Add the audit of earlier releases"
    assert _codes(nightly) == {"Install": 0, "Take a snapshot": 0, added: 0}, _said(nightly)

    event = world.root / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": world.forge.number}}))
    on_pull_request = {"GITHUB_BASE_REF": "main", "GITHUB_EVENT_PATH": str(event)}
    pull = github(world, "rehearsal", world.checkout("loyalty", "pull"), **on_pull_request)
    again = github(world, "rehearsal", world.checkout("loyalty", "again"), **on_pull_request)

    assert pull["Rehearse"].returncode == 1, _said(pull)
    assert {code for name, code in _codes(pull).items() if name != "Rehearse"} == {0}, _said(pull)
    assert "::error file=migrations/versions/0015_order_reference.py" in pull["Write the reports"].stdout
    assert (again["Rehearse"].returncode, len(world.forge.bodies)) == (1, 1)
    assert "table-rewrite" in str(world.forge.bodies[0])
    assert "<html" in (world.artifacts / "rehearsal" / "rehearsal.html").read_text()
    assert TOKEN not in _said(pull) + str(world.forge.bodies)

    main = github(world, "rehearsal", world.checkout("main", "main"))
    assert set(_codes(main).values()) == {0}, _said(main)
    deployed = github(world, "deploy", world.checkout("main", "deploy"))
    audit = "Write on in the audit of earlier releases"
    assert _codes(deployed) == {"Install": 0, audit: 0, "Ask the gate": 0, "Release": 0}, _said(deployed)
    assert _acts(world) == ["passed"]
    assert "0014: " in deployed["Release"].stdout
    assert _heads(world) == "0014"

    late = github(world, "deploy", world.checkout("main", "late"))
    # production moved: the pass is spent
    assert _codes(late) == {"Install": 0, audit: 0, "Ask the gate": 1}, _said(late)


def test_what_was_released_without_a_rehearsal_is_shown_by_the_rehearsals_of_fresh_checkouts(world: World):
    secret = {"PRODUCTION_URL": world.production, "REHEARSE_PASS_KEY": KEY}
    taken = github(world, "snapshot", world.checkout("main", "first"))
    (world.artifacts / "rehearsal").mkdir()
    github(world, "deploy", world.checkout("main", "refused"))  # it has no pass
    hotfix = 'rehearse gate production --emergency "the disk is filling"'
    released = world.shell(hotfix, world.root / "jobs" / "refused", secret)
    github(world, "snapshot", world.checkout("main", "second"))

    main = github(world, "rehearsal", world.checkout("main", "main"))

    assert set(_codes(taken).values()) == {0}, _said(taken)
    assert (released.returncode, _acts(world)) == (0, ["emergency"]), released.stderr
    assert set(_codes(main).values()) == {0}, _said(main)
    assert "got an unrehearsed release on" in (world.artifacts / "rehearsal" / "rehearsal.html").read_text()


def _acts(world: World) -> list[str]:
    """Return what the audit of the production runner says was done."""
    return [json.loads(line)["act"] for line in (world.root / "audit" / "audit.jsonl").read_text().splitlines()]


def test_the_composite_action_tells_its_verdict(world: World, tmp_path: Path):
    steps = yaml.safe_load((CI / "github" / "rehearse" / "action.yml").read_text())["runs"]["steps"]
    directory = world.checkout("loyalty", "action")
    taken = world.shell("rehearse snapshot production -o snapshot", directory, {"PRODUCTION_URL": world.production})
    assert taken.returncode == 0, taken.stderr
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    given = {"SNAPSHOT": "snapshot", "GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary)}

    done = [world.shell(step["run"], directory, given) for step in steps[:2]]

    assert [each.returncode for each in done] == [1, 0], done
    assert outputs.read_text() == "verdict=unsafe\n"
    assert "table-rewrite" in summary.read_text()


def _codes(done: Mapping[str, subprocess.CompletedProcess[str]]) -> dict[str, int]:
    return {name: each.returncode for name, each in done.items()}


def _said(done: Mapping[str, subprocess.CompletedProcess[str]]) -> str:
    return "\n".join(f"== {name}\n{each.stdout}\n{each.stderr}" for name, each in done.items())


def _heads(world: World) -> str:
    with psycopg.connect(world.production) as connection:
        return ",".join(head for (head,) in connection.execute("SELECT version_num FROM alembic_version"))


# GitLab


@contextmanager
def packages(fake: FakeForge) -> Iterator[str]:
    """Yield the address of a package registry that keeps one file; what else is asked of it goes to the forge."""
    kept: dict[str, bytes] = {}

    class Registry(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_PUT(self) -> None:
            assert self.headers["JOB-TOKEN"] == TOKEN
            kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self._write(201, b"{}")

        def do_GET(self) -> None:
            known = self.headers["JOB-TOKEN"] == TOKEN and self.path in kept
            self._write(200, kept[self.path]) if known else self._write(404, b"{}")

        def _write(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def gitlab(world: World, job: str, directory: Path, registry: str, **variables: str) -> list[tuple[str, int, str]]:
    """Play a job's script and after_script; return each line with its exit code and what it said."""
    pipeline = yaml.safe_load((CI / "gitlab" / ".gitlab-ci.yml").read_text())
    given = {
        "CI_API_V4_URL": world.forge.url,
        "CI_PROJECT_ID": "7",
        "CI_JOB_TOKEN": TOKEN,
        "GITLAB_TOKEN": TOKEN,
        "AUDIT": str(world.root / "audit"),
        "SNAPSHOTS": f"{registry}/{pipeline['variables']['SNAPSHOTS'].partition('/projects/')[2]}".replace("$", ""),
        **variables,
    }
    found = []
    for part in ("script", "after_script"):
        for line in pipeline[job].get(part, []):
            done = world.shell(line, directory, given)
            found.append((line, done.returncode, done.stdout + done.stderr))
            if done.returncode and part == "script":
                break
    for path in pipeline[job].get("artifacts", {}).get("paths", []):
        assert (directory / path).exists(), "\n".join(map(str, found))
        kept = world.artifacts / job / path
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (directory / path).is_dir() else shutil.copy)(directory / path, kept)
    return found


def test_the_gitlab_pipeline_from_snapshot_to_release(world: World):
    secret = {"PRODUCTION_URL": world.production, "DATABASE_URL": world.production, "REHEARSE_PASS_KEY": KEY}
    with packages(world.forge) as registry:
        nightly = gitlab(world, "snapshot", world.checkout("main", "nightly"), registry, **secret)
        assert {code for _, code, _ in nightly} == {0}, nightly

        directory = world.checkout("loyalty", "merge-request")
        base = subprocess.run(
            ["git", "merge-base", "origin/main", "HEAD"], cwd=directory, check=True, capture_output=True, text=True
        ).stdout.strip()
        of_request = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_MERGE_REQUEST_IID": str(world.forge.number)}
        request = gitlab(world, "rehearsal", directory, registry, **of_request)
        codes = {line.split(" --from")[0]: code for line, code, _ in request}
        assert codes.pop("rehearse run") == 1, request
        assert set(codes.values()) == {0}, request
        assert "table-rewrite" in str(world.forge.bodies)
        assert "table-rewrite" in (directory / "code-quality.json").read_text()

        main = gitlab(world, "rehearsal", world.checkout("main", "main"), registry, REHEARSE_PASS_KEY=KEY)
        assert {code for _, code, _ in main} == {0}, main
        directory = world.checkout("main", "deploy")
        shutil.copytree(world.artifacts / "rehearsal", directory, dirs_exist_ok=True)
        deployed = gitlab(world, "deploy", directory, registry, **secret)
        assert {code for _, code, _ in deployed} == {0}, deployed
        assert _acts(world) == ["passed"]
        assert _heads(world) == "0014"


def test_the_pre_commit_hook_says_what_it_runs():
    hook = yaml.safe_load((CI / "pre-commit" / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"][0]
    ours = yaml.safe_load((SAMPLES.parent / ".pre-commit-hooks.yaml").read_text())[0]

    assert hook["entry"] == "rehearse run --from snapshot"
    assert (hook["id"], hook["stages"], hook["pass_filenames"]) == (ours["id"], ours["stages"], ours["pass_filenames"])
