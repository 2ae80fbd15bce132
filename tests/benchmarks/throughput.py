"""What a full copy costs: every row, masked or not, from a source to the tables of a stage.

    python tests/benchmarks/throughput.py [--rounds 3] [--venv DIRECTORY]

2.2 M rows in two tables, three columns masked (e-mail, name, phone), PostgreSQL 15 where it is installed. Beside it:
the same SELECTs piped from psql to psql between pg_restore's parts of the schema, pg_anon (installed into the venv),
and for clear rows pg_dump -Fd -j2 with pg_restore -j2. pg_anon has no masks that keep the form of a value: it hashes
e-mail and name, and so does rehearse for the comparison. The exit status is 1 when a limit is exceeded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from measures import Limit, Measure, judged, measured, peak
from psycopg.sql import SQL, Composable, Composed
from rivals import installed

from rehearse.catalog.relations import Table
from rehearse.engine.binaries import find_all, resolve
from rehearse.engine.server import Server, running
from rehearse.model.sampling import SampleRules
from rehearse.sanitise import SanitiseRules, masks
from rehearse.sanitise.classify import Treatment
from rehearse.snapshot import copying, take
from rehearse.stages.embedded import raise_stage

SOURCE = """
CREATE TABLE people (
    id bigint PRIMARY KEY, email text NOT NULL, full_name text NOT NULL, phone varchar(20), created_at timestamptz,
    balance numeric(12, 2), active boolean
);
CREATE TABLE orders (
    id bigint PRIMARY KEY, person bigint NOT NULL REFERENCES people, placed timestamptz, total numeric(12, 2)
);
INSERT INTO people SELECT n, 'person' || n || '@example.org', 'Given' || n % 977 || ' Family' || n % 4999,
    '+44 20 ' || lpad((n % 10000000)::text, 7, '0'), now() - n * interval '1 minute', n % 9973, n % 3 > 0
  FROM generate_series(1, 2000000) n;
INSERT INTO orders SELECT n, 1 + n % 2000000, now(), n % 311 FROM generate_series(1, 200000) n;
CREATE INDEX ON people (email);
VACUUM ANALYZE;
"""
MASKED = {"public.people.email": "email", "public.people.full_name": "name", "public.people.phone": "phone"}
HASHED = {**MASKED, "public.people.email": "hash", "public.people.full_name": "hash"}
CLEAR = {"public.people.*": "keep", "public.orders.*": "keep"}
KEY = b"only for this benchmark"
SENSITIVE = """{"dictionary": [{"schema": "public", "table": "people", "fields": {
    "email": "anon_funcs.digest(\\"email\\", 'salt', 'sha256')",
    "full_name": "anon_funcs.digest(\\"full_name\\", 'salt', 'sha256')",
    "phone": "anon_funcs.partial(\\"phone\\", 3, '*******', 2)"}}]}"""
LIMITS = (
    Limit(measure="masked: rehearse", times=1.15, against=("masked: pipe of the same SELECTs",)),
    Limit(measure="hashed: rehearse", times=1.0, against=("hashed: pg_anon",)),
    Limit(measure="clear: rehearse", times=1.1, against=("clear: pg_dump -j2, pg_restore -j2",)),
    Limit(measure="memory", plus=150),
)
_EVERY_ROW = 10**9
_TWO = "--db-connections=2"


@dataclass(slots=True, kw_only=True)
class Copy:
    """Copies all of the source, each time into something new."""

    source: Server
    directory: Path
    rivals: Path | None
    statements: dict[str, str] = field(default_factory=dict)  # what a masked copy asks of each table

    @property
    def url(self) -> str:
        return self.source.dsn("source")

    def masked(self) -> float:
        return self._rehearse(MASKED)

    def hashed(self) -> float:
        return self._rehearse(HASHED)

    def clear(self) -> float:
        return self._rehearse(CLEAR)

    def _rehearse(self, columns: dict[str, str]) -> float:
        """Return the seconds of a snapshot and of its restore: schema, rows, indexes, constraints."""
        rules = SanitiseRules(columns={**CLEAR, **columns}, key=KEY)
        said: list[tuple[float, str]] = []

        def note(doing: str) -> None:
            said.append((time.perf_counter(), doing))

        with self._scratch() as directory:
            note("begin")
            snapshot = take(
                self.url, directory / "s", rules=SampleRules(rows=_EVERY_ROW), sanitise=rules, progress=note
            )
            note("taken")
            bin_dir = self.source.binaries.bin_dir
            with raise_stage(snapshot, note, use="auto", bin_dir=bin_dir):
                pass
        at = {doing: moment for moment, doing in reversed(said)}
        taken = at["searching the snapshot for clear values"]  # the search itself is no part of it
        return taken - at["begin"] + at["gathering statistics"] - at["restoring the schema"]

    def piped(self) -> float:
        began = time.perf_counter()
        with self._target() as target, self._scratch() as directory:
            dump = directory / "schema"
            self._run("pg_dump", "--schema-only", "--format=custom", f"--file={dump}", self.url)
            self._run("pg_restore", "--section=pre-data", "--dbname", target, str(dump))
            for table, statement in self.statements.items():
                self._pipe(statement, table, target)
            self._run("pg_restore", "--section=post-data", "--dbname", target, str(dump))
            return time.perf_counter() - began

    def _pipe(self, statement: str, table: str, target: str) -> None:
        environment = {**os.environ, "PGOPTIONS": _options()}
        asking = [self._program("psql"), "-qAtX", "-c", statement, self.url]
        with subprocess.Popen(asking, env=environment, stdout=subprocess.PIPE) as read:
            filling = [self._program("psql"), "-qX", "-c", f"COPY {table} FROM STDIN", target]
            subprocess.run(filling, stdin=read.stdout, check=True)
        assert read.returncode == 0

    def dumped(self) -> float:
        began = time.perf_counter()
        with self._target() as target, self._scratch() as directory:
            self._run("pg_dump", "--format=directory", "--jobs=2", f"--file={directory / 'd'}", self.url)
            self._run("pg_restore", "--jobs=2", "--dbname", target, str(directory / "d"))
            return time.perf_counter() - began

    def anonymised(self) -> float:
        """Return the seconds of pg_anon, which has written its functions into the source before."""
        assert self.rivals is not None
        began = time.perf_counter()
        with self._target(), self._scratch() as directory:
            (directory / "sensitive.py").write_text(SENSITIVE)
            masked, out = f"--prepared-sens-dict-file={directory / 'sensitive.py'}", f"--output-dir={directory / 'd'}"
            self._anon("dump", "--db-name=source", _TWO, masked, out, f"--pg-dump={self._program('pg_dump')}")
            kept = f"--input-dir={directory / 'd'}"
            self._anon("restore", "--db-name=target", _TWO, kept, f"--pg-restore={self._program('pg_restore')}")
            return time.perf_counter() - began

    def prepare(self) -> None:
        """Fill the source; learn what a masked copy asks of it."""
        with self.source.connect() as admin:
            admin.execute("CREATE DATABASE source")
        with self.source.connect("source") as connection:
            for statement in SOURCE.split(";\n"):
                connection.execute(statement)
        self._learn()
        if self.rivals is not None:
            self._anon("init", "--db-name=source")

    def _learn(self) -> None:
        original = copying.statement
        rules = SanitiseRules(columns={**CLEAR, **MASKED}, key=KEY)

        def noted(table: Table, treatments: tuple[Treatment, ...], condition: Composable) -> Composed:
            self.statements[table.identity] = original(table, treatments, SQL("true")).as_string()
            return original(table, treatments, condition)

        copying.statement = noted
        try:
            with self._scratch() as directory:
                take(self.url, directory / "s", rules=SampleRules(rows=1), sanitise=rules, progress=lambda _: None)
        finally:
            copying.statement = original

    def memory(self) -> float:
        """Return the most memory of a masked copy by the command line, in MB."""
        with self._scratch() as directory:
            config = directory / "rehearse.toml"
            rules = "\n".join(f'"{column}" = "{mask}"' for column, mask in {**CLEAR, **MASKED}.items())
            config.write_text(f"[snapshot]\nrows = {_EVERY_ROW}\n[sanitise.columns]\n{rules}\n")
            command = [sys.executable, "-m", "rehearse", "snapshot", self.url, "-o", str(directory / "s")]
            return peak([*command, "--config", str(config)], 0)

    def _anon(self, mode: str, *options: str) -> None:
        assert self.rivals is not None
        place = [f"--db-host={self.source.socket_dir}", "--db-user=rehearse"]
        command = [str(self.rivals / "pg_anon"), mode, *place, *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.directory)
        if done.returncode:
            raise SystemExit(f"pg_anon {mode}: {done.stdout[-2000:]} {done.stderr[-2000:]}")

    def _program(self, name: str) -> str:
        return str(self.source.binaries.bin_dir / name)

    def _run(self, program: str, *options: str) -> None:
        subprocess.run([self._program(program), *options], check=True)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.directory) as made:
            yield Path(made)

    @contextmanager
    def _target(self) -> Iterator[str]:
        with self.source.connect() as admin:
            admin.execute("DROP DATABASE IF EXISTS target")
            admin.execute("CREATE DATABASE target TEMPLATE template0")
            yield self.source.dsn("target")
            admin.execute("DROP DATABASE target WITH (FORCE)")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure a full copy.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--venv", type=Path, help="where pg_anon is installed, or is to be; without it it is left out")
    given = parser.parse_args(arguments)
    rivals = installed(["pg_anon"], given.venv) if given.venv else None
    older = next((binaries for binaries in find_all() if binaries.major == 15), None)
    scratch = Path(tempfile.mkdtemp(prefix="rehearse-throughput-"))
    try:
        with running(older or resolve(None, use="embedded").binaries, settings={"fsync": "off"}) as source:
            copy = Copy(source=source, directory=scratch, rivals=rivals)
            copy.prepare()
            medians = measured("copy", _measures(copy), given.rounds)
    finally:
        shutil.rmtree(scratch)
    return 0 if all(judged(LIMITS, medians)) else 1


def _measures(copy: Copy) -> Iterator[Measure]:
    yield Measure(name="masked: rehearse", take=copy.masked)
    yield Measure(name="masked: pipe of the same SELECTs", take=copy.piped)
    if copy.rivals is not None:
        yield Measure(name="hashed: rehearse", take=copy.hashed)
        yield Measure(name="hashed: pg_anon", take=copy.anonymised)
    yield Measure(name="clear: rehearse", take=copy.clear)
    yield Measure(name="clear: pg_dump -j2, pg_restore -j2", take=copy.dumped)
    yield Measure(name="memory", take=copy.memory, unit="MB", rounds=1)


def _options() -> str:
    return " ".join(f"-c {name}={value}" for name, value in masks.pads(KEY).items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
