"""No secret and no clear personal value in anything a run leaves or prints, in any format."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sources import PASSWORD, Source, listening
from tool import tool

from rehearse import registry
from rehearse.engine.binaries import resolve

KEY = hashlib.sha256(b"of this test").hexdigest()
PEOPLE = 400
CANARIES = ("wilhelmina", "canary-town", "+31 6 5550", "NL91ABNA")
ELSEWHERE = "hunter2hunter2"  # a password of a database that the migration has no business with
REVISION = """
import psycopg
from alembic import op
revision, down_revision = "0001", None

def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("UPDATE people SET town = upper(town)")
    op.execute("DO $$ DECLARE p people; BEGIN SELECT * INTO p FROM people LIMIT 1; RAISE NOTICE 'saw %', p; END $$")
    for email, in op.get_bind().exec_driver_sql("SELECT email FROM people ORDER BY id LIMIT 3"):
        print("migrating", email)
    try:
        psycopg.connect("postgresql://anna:hunter2hunter2@db.shop.test/other", connect_timeout=1)
    except BaseException as error:
        print(error)
    op.execute("ALTER TABLE people ADD CONSTRAINT one_mail UNIQUE (email)")
"""
HARMLESS = """
from alembic import op
revision, down_revision = "0001", None

def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE people ADD COLUMN note text")
"""
ENV = (
    "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n"
    "url = os.environ['DATABASE_URL'].replace('postgresql://', 'postgresql+psycopg://', 1)\n"
    "with create_engine(url).connect() as connection:\n"
    "    context.configure(connection=connection)\n"
    "    with context.begin_transaction():\n        context.run_migrations()\n"
)


@pytest.fixture(scope="module")
def source() -> Iterator[Source]:
    with listening(resolve(None, use="embedded").binaries) as found:
        with found.server.connect() as connection:
            connection.execute("CREATE DATABASE secrets TEMPLATE template0 STRATEGY FILE_COPY")
        with found.server.connect("secrets") as connection:
            connection.execute(
                "CREATE TABLE people (id int PRIMARY KEY, name text, email text, town text, phone text, iban text)"
            )
            connection.execute(
                "INSERT INTO people SELECT n, 'Wilhelmina ' || n, 'wilhelmina' || n / 2 || '@mail.test',"
                f" 'Canary-Town ' || n, '+31 6 5550' || 1000 + n, 'NL91ABNA' || 1000000000 + n"
                f" FROM generate_series(1, {PEOPLE}) AS n"
            )
            connection.execute("ANALYZE people")
        yield found


def rehearse(*words: str, source: Source, cwd: Path) -> str:
    """Call the tool, and return all it prints."""
    place = source.place("secrets")
    url = f"postgresql://{place['user']}:{quote(PASSWORD, safe='')}@localhost:{source.port}/secrets"
    done = tool(*words, cwd=cwd, environ={**os.environ, "PRODUCTION_URL": url, "REHEARSE_PASS_KEY": KEY})
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def project(directory: Path, revision: str) -> Path:
    (directory / "versions").mkdir(parents=True)
    (directory / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    (directory / "env.py").write_text(ENV)
    (directory / "versions" / "0001.py").write_text(revision)
    (directory / "rehearse.toml").write_text('[environments.production]\nurl = "${PRODUCTION_URL}"\n')
    return directory


def told(name: str, text: str) -> Iterator[str]:
    """Yield what a text tells that it must not."""
    secrets = (PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD), KEY, ELSEWHERE)
    yield from (f"{name}: {secret}" for secret in secrets if secret in text)
    yield from (f"{name}: {canary}" for canary in CANARIES if canary.lower() in text.lower())


def left_in(directory: Path) -> Iterator[tuple[str, str]]:
    for path in directory.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            yield path.name, (gzip.decompress(content) if path.suffix == ".gz" else content).decode(errors="replace")


def formats() -> tuple[str, ...]:
    with pytest.raises(registry.UnknownPlugin) as refused:
        registry.report_format("no such format")
    return tuple(refused.value.hint.removeprefix("Known: ").rstrip(".").split(", "))


def test_an_unsafe_run_tells_no_secret_in_any_format_or_file(source: Source, tmp_path: Path):
    project(tmp_path, REVISION)

    outputs = {"run": rehearse("run", source=source, cwd=tmp_path)}
    outputs |= {name: rehearse("report", "--format", name, source=source, cwd=tmp_path) for name in formats()}
    outputs["history"] = rehearse("history", source=source, cwd=tmp_path)
    outputs["gate"] = rehearse("gate", "production", source=source, cwd=tmp_path)

    assert {"text", "json", "html", "markdown", "junit", "sarif", "github", "gitlab"} <= outputs.keys()
    failed = ("text", "json", "html", "markdown", "sarif")
    assert all("one_mail" in outputs[name].replace(r"\_", "_") for name in failed)
    assert "db.shop.test" in outputs["json"]
    found = [*outputs.items(), *left_in(tmp_path / ".rehearse")]
    assert {"report.json", "evidence.json.gz", "migration.log", "run.json"} <= {name for name, _ in found}
    assert [secret for name, text in found for secret in told(name, text)] == []


def test_a_pass_a_gate_and_an_audit_tell_no_secret(source: Source, tmp_path: Path):
    project(tmp_path, HARMLESS)

    ran = rehearse("run", source=source, cwd=tmp_path)
    passed = rehearse("gate", "production", source=source, cwd=tmp_path)
    emergency = rehearse("gate", "production", "--emergency", "the shop is down", source=source, cwd=tmp_path)

    assert "SAFE" in ran
    assert "PASSED" in passed
    found = [("run", ran), ("gate", passed), ("emergency", emergency), *left_in(tmp_path / ".rehearse")]
    assert {"pass.json", "audit.jsonl"} <= {name for name, _ in found}
    assert [secret for name, text in found for secret in told(name, text)] == []
