"""Planted values: does any of them reach what leaves production, in any form?

    python tests/benchmarks/privacy.py [canaries]

Canaries (500 distinct ones by default: e-mail addresses, names, telephone numbers, cards, IBANs, tokens, keys and
leaves of JSON, elements of arrays, comments, free text, lexemes, bytes, parts of composites, bounds of ranges, values
that a materialised view repeats) are planted in a source whose server logs every statement. A snapshot is taken while
pg_stat_activity of the source is sampled, a stage is raised and a migration rehearsed on it, one step of which fails
at a value. Then every byte is searched, upper or lower case, plain, hexadecimal or base64: the snapshot (its schema
dump as SQL), the stage's data directory and logs while the stage stands, the source's log, its activity, and the
reports as text and JSON. Nothing may be found.

What is expected of literals in the schema itself: a comment, check or view that quotes a value of a masked column
makes the snapshot fail and leaves nothing of it. A literal that is in no masked column (the label of an enum, the
bound of a partition that is empty, a comment about somebody who is in no table) stays: the stage has to be
production's twin; `rehearse snapshot --classify` reports it.
"""

from __future__ import annotations

import base64
import os
import random
import re
import string
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from rehearse.engine.binaries import client_tools, resolve
from rehearse.engine.server import Server, running
from rehearse.model.migration import MigrationPlan
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.rehearsal.story import rehearse
from rehearse.reports import json, text
from rehearse.request.request import Request
from rehearse.sanitise import SanitiseRules
from rehearse.sanitise.masks import pads
from rehearse.snapshot import take
from rehearse.snapshot.errors import ResidueFound

KINDS = (
    "email", "name", "phone", "card", "iban", "token", "leaf", "key", "element", "comment", "note", "lexeme", "bytes",
    "part", "bound", "viewed",
)  # fmt: skip
SCHEMA = """
CREATE TYPE pair AS (a text, b text);
CREATE TYPE texts AS RANGE (subtype = text);
CREATE TABLE planted (id int PRIMARY KEY, email text, name text, phone text, card text, iban text, token text,
    leaf jsonb, key jsonb, element text[], comment text, note text, lexeme tsvector, bytes bytea, part pair,
    bound texts, viewed text);
CREATE TABLE plain_json (id int PRIMARY KEY, document json);
CREATE MATERIALIZED VIEW repeated AS SELECT id, viewed FROM planted;
"""
MIGRATION = """
ALTER TABLE planted ADD COLUMN upper_name text;
UPDATE planted SET upper_name = upper(name);
CREATE INDEX ON planted (email);
DO $$ BEGIN RAISE NOTICE '%', (SELECT email FROM planted LIMIT 1); END $$;
ALTER TABLE planted ALTER note TYPE int USING note::int;
"""
KEY = b"a key that was made for the benchmark"


_SESSIONS = "SELECT a::text FROM pg_stat_activity AS a WHERE a.pid <> pg_backend_pid()"
_SAME_FOR_ALL = ("keep", "code", "constant", "null", "tsvector")


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One planted value."""

    kind: str
    value: str  # as it is planted
    core: str  # what is searched for

    @property
    def forms(self) -> Iterator[str]:
        yield from {self.core, self.value}
        yield self.core.encode().hex()
        for shift in range(3):  # base64 of a text that holds it, wherever it begins
            encoded = base64.b64encode(b"x" * shift + self.core.encode()).decode().rstrip("=")
            yield encoded[4 if shift else 0 : -2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """How many distinct canaries were found in each place."""

    planted: int
    in_source: int  # forms found in the source's own files, where they must be: the search can find
    found: dict[str, int]
    bytes_searched: dict[str, int]
    same_key_same_pseudonyms: bool
    in_common_of_two_keys: int
    samples_of_activity: int


def canaries(number: int, seed: int = 5) -> tuple[Canary, ...]:
    chance = random.Random(seed)  # noqa: S311 - the same ones every time
    return tuple(_canary(KINDS[each % len(KINDS)], chance) for each in range(number))


def _canary(kind: str, chance: random.Random) -> Canary:
    word = "".join(chance.choices(string.ascii_lowercase, k=6)) + "".join(
        chance.choices(string.ascii_lowercase + string.digits, k=6)
    )
    digits = "".join(chance.choices(string.digits, k=9))
    if kind == "email":
        return Canary(kind=kind, value=f"{word}@{word[::-1]}.com", core=word)
    if kind == "phone":
        return Canary(kind=kind, value=f"+49 30 {digits[:4]} {digits[4:]}", core=f"{digits[:4]} {digits[4:]}")
    if kind == "card":
        number = f"411111{digits}"
        return Canary(kind=kind, value=(full := number + luhn.calc_check_digit(number)), core=full)
    if kind == "iban":
        account = f"37040044{digits}0"
        return Canary(
            kind=kind, value=(full := f"DE{mod_97_10.calc_check_digits(account + 'DE')}{account}"), core=full[4:]
        )
    shown = {"name": f"{word.title()} Zoë", "note": f"wrote to {word.upper()} about it", "comment": f"see {word}!"}
    return Canary(kind=kind, value=shown.get(kind, word), core=word)


def plant(server: Server, database: str, planted: Sequence[Canary]) -> None:
    """Fill the source: a row for each round of kinds."""
    with server.connect(database) as connection:
        connection.execute(SCHEMA)
        for number, start in enumerate(range(0, len(planted), len(KINDS))):
            row = {each.kind: _stored(each) for each in planted[start : start + len(KINDS)]}
            connection.execute(
                sql.SQL("INSERT INTO planted (id, {}) VALUES ({}, {})").format(
                    sql.SQL(", ").join(map(sql.Identifier, row)), sql.Literal(number),
                    sql.SQL(", ").join(sql.SQL(_CAST.get(kind, "%s")) for kind in row),
                ),
                list(row.values()),
            )  # fmt: skip
        connection.execute("INSERT INTO plain_json SELECT id, leaf::text::json FROM planted WHERE leaf IS NOT NULL")
        connection.execute("REFRESH MATERIALIZED VIEW repeated")
        connection.execute("ANALYZE")


_CAST = {"part": "ROW(%s, 'x')::pair", "bound": "texts(%s, NULL)", "lexeme": "to_tsvector('simple', %s)"}


def _stored(canary: Canary) -> object:
    match canary.kind:
        case "leaf":
            return Jsonb({"deep": [{"inside": canary.value}]})
        case "key":
            return Jsonb({canary.value: 1})
        case "element":
            return [canary.value, "x"]
        case "bytes":
            return canary.value.encode()
    return canary.value


def search(server: Server, database: str, directory: Path, number: int) -> Searched:
    """Plant, take a snapshot, rehearse on it, and search everything."""
    planted = canaries(number)
    plant(server, database, planted)
    patterns = directory / "patterns"
    forms = {form for each in planted for form in each.forms} | set(pads(KEY).values())  # nor the key
    patterns.write_text("".join(f"{form}\n" for form in sorted(forms)))
    log = server.log_file
    logged_before = log.stat().st_size if log is not None else 0
    url = server.dsn(database)
    with _activity(url) as seen:
        snapshot = _take(url, directory / "snapshot", KEY)
    again, other = _take(url, directory / "again", KEY), _take(url, directory / "other", KEY[::-1])
    places = {"snapshot": snapshot.directory, "schema": directory / "schema.sql", "activity": directory / "activity"}
    _restore(snapshot, places["schema"])
    places["activity"].write_text("\n".join(seen))
    if log is not None:
        places["source's log"] = directory / "source.log"
        places["source's log"].write_bytes(log.read_bytes()[logged_before:])
    found, sizes = _rehearsed(snapshot, directory, patterns)
    _checkpoint(server.data_dir)
    control = _grep(patterns, server.data_dir)
    for place, path in places.items():
        found[place], sizes[place] = _grep(patterns, path), _size(path)
    return Searched(
        planted=len(planted), in_source=control, found=found, bytes_searched=sizes, samples_of_activity=len(seen),
        same_key_same_pseudonyms=_pseudonyms(snapshot) == _pseudonyms(again),
        in_common_of_two_keys=len(_pseudonyms(snapshot) & _pseudonyms(other)),
    )  # fmt: skip


def _take(url: str, directory: Path, key: bytes) -> Snapshot:
    return take(
        url, directory, rules=SampleRules(rows=10_000), sanitise=SanitiseRules(key=key), progress=lambda _: None
    )


def _rehearsed(snapshot: Snapshot, directory: Path, patterns: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Rehearse a migration and search the stage while it stands, then the reports."""
    found: dict[str, int] = {}
    sizes: dict[str, int] = {}
    script = directory / "migration.sql"
    script.write_text(MIGRATION)
    before = set(_data_directories())

    def progress(phase: str) -> None:
        if phase == "comparing":
            for place in set(_data_directories()) - before:
                _checkpoint(place)
                found["stage"] = found.get("stage", 0) + _grep(patterns, place.parent)  # with its logs
                sizes["stage"] = sizes.get("stage", 0) + _size(place.parent)

    plan = MigrationPlan(tool="sql", files=(script,), directory=directory)
    report = rehearse(Request(snapshot=snapshot.directory, plan=plan), progress)
    reports = directory / "reports"
    reports.write_text(f"{json.render(report)}\n{text.render(report)}")
    found["reports"], sizes["reports"] = _grep(patterns, reports), _size(reports)
    return found, sizes


def _data_directories() -> Iterator[Path]:
    """Yield the data directories of the servers that this process has started."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            is_ours = words[0].endswith(b"/postgres") and os.getpid() in _ancestors(process)
        except OSError:
            continue
        if is_ours and b"-D" in words:
            yield Path(words[words.index(b"-D") + 1].decode())


def _ancestors(process: Path) -> Iterator[int]:
    """Yield the processes that a process descends from (proc(5), PPid)."""
    while process.name != "0":
        parent = re.search(r"^PPid:\s*(\d+)$", (process / "status").read_text(), re.MULTILINE)
        assert parent is not None
        process = process.with_name(parent[1])
        yield int(parent[1])


def _checkpoint(data: Path) -> None:
    """Bring what is in the server's memory to its files."""
    lines = (data / "postmaster.pid").read_text().splitlines()
    place = {"host": lines[4], "port": lines[3], "passfile": str(data.parent / "passfile")}
    with psycopg.connect(**place, user="rehearse", dbname="template1", autocommit=True) as stage:
        stage.execute("CHECKPOINT")


@contextmanager
def _activity(url: str) -> Iterator[list[str]]:
    """Sample what every session of the source is seen to do."""
    seen: dict[str, None] = {}
    stop = threading.Event()

    def sample() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.wait(0.003):
                seen.update((str(row), None) for (row,) in connection.execute(_SESSIONS))

    watching = threading.Thread(target=sample)
    watching.start()
    listed: list[str] = []
    yield listed
    stop.set()
    watching.join()
    listed += seen


def _restore(snapshot: Snapshot, path: Path) -> None:
    program = client_tools(snapshot.facts.server_major).bin_dir / "pg_restore"
    subprocess.run([program, "-f", path, snapshot.schema_dump], check=True)


def _grep(patterns: Path, path: Path) -> int:
    """Return how many different forms of canaries are in a file or below a directory."""
    command = ["grep", "-raiohF", "-f", patterns, path]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return len(set(done.stdout.lower().splitlines()))


def _size(path: Path) -> int:
    return sum(found.stat().st_size for found in ([path] if path.is_file() else path.rglob("*")) if found.is_file())


def _pseudonyms(snapshot: Snapshot) -> set[tuple[str, bytes]]:
    """Return the masked values by column; those that every value becomes are none."""
    masks = {(found.table, found.column): found.mask for found in snapshot.manifest.treatments}
    found = set()
    for sample in snapshot.manifest.samples:
        for line in (snapshot.directory / str(sample.file)).read_bytes().splitlines() if sample.file else ():
            for column, value in zip(sample.columns, line.split(b"\t"), strict=True):
                if masks[sample.table, column.strip('"')] not in _SAME_FOR_ALL and value != rb"\N":
                    found.add((f"{sample.table}.{column}", value))
    return found


def refused(server: Server, database: str, directory: Path) -> dict[str, bool]:
    """Say of each place of a literal whether a snapshot failed because it quotes a value of a masked column."""
    core = next(each for each in canaries(len(KINDS)) if each.kind == "email").value
    places = {
        "comment": f"COMMENT ON TABLE planted IS 'ask {core}'",
        "check": f"ALTER TABLE planted ADD CONSTRAINT c CHECK (email <> 'x{core}' OR email = '{core}' OR true)",
        "view": f"CREATE VIEW v AS SELECT 1 FROM planted WHERE email = '{core}'",
    }
    found = {}
    for place, statement in places.items():
        with server.connect(database) as connection:
            connection.execute(statement.encode())
        try:
            _take(server.dsn(database), directory / place, KEY)
        except ResidueFound:
            found[place] = not (directory / place).exists()
        else:
            found[place] = False
        with server.connect(database) as connection:
            connection.execute("COMMENT ON TABLE planted IS NULL")
            connection.execute("ALTER TABLE planted DROP CONSTRAINT IF EXISTS c")
            connection.execute("DROP VIEW IF EXISTS v")
    return found


def main(number: int = 500) -> None:
    settings = {"log_statement": "all", "log_min_duration_statement": "0"}
    binaries = resolve(None, use="embedded").binaries
    with (
        tempfile.TemporaryDirectory() as place,
        running(binaries, settings=settings) as server,
    ):
        with server.connect() as admin:
            admin.execute("CREATE DATABASE privacy TEMPLATE template0 STRATEGY FILE_COPY")
        began = time.perf_counter()
        searched = search(server, "privacy", Path(place), number)
        print(f"{searched.planted} canaries planted, searched in {time.perf_counter() - began:.0f} s")
        for where, count in searched.found.items():
            print(f"  {where}: {count} found in {searched.bytes_searched[where]:,} bytes")
        print(f"  (in the source's own files: {searched.in_source} forms)")
        print(f"  samples of pg_stat_activity: {searched.samples_of_activity}")
        print(f"  the same key gives the same pseudonyms: {searched.same_key_same_pseudonyms}")
        print(f"  of two keys in common: {searched.in_common_of_two_keys}")
        print(f"  a literal of the schema that quotes one is refused: {refused(server, 'privacy', Path(place))}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
