"""What the residual scan costs: megabytes a second for each kind of column, memory, and the source's fingerprints.

    python tests/benchmarks/residue.py [rows]

A table for each kind of column, and one with three masked columns and five clear ones, are copied whole. A process of
its own searches each table's file, and the whole snapshot, for as many canaries as a snapshot may have at most; so it
does for a tenth of the rows. It tells how much it searched in a second, by the clock and of processor time, and the
largest resident sets of itself and of the processes that helped it. Of the taking of the snapshot the phases are told
that `take` announces, and the longest statement of the fingerprints, as the source's log has it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take

CANARIES = 300_000
SCHEMA = """
CREATE TABLE people (id int PRIMARY KEY, name text, email text, note text, visits int, joined date, score numeric,
    status text, active boolean);
INSERT INTO people SELECT n, 'Name ' || md5(n::text), 'm' || n || '@corp' || n % 1000 || '.com',
    'wrote on day ' || n % 365 || ' about order ' || md5((n / 3)::text), n % 500, date '2020-01-01' + n % 2000,
    (n % 1000 / 10.0)::numeric(5, 1), (ARRAY['new', 'paid', 'sent'])[1 + n % 3], n % 2 = 0
  FROM generate_series(1, {rows}) AS n;
CREATE TABLE emails AS SELECT 'jane.doe' || n || '@corp' || n % 1000 || '.com' AS email
  FROM generate_series(1, {rows}) AS n;
CREATE TABLE names AS SELECT 'Maria' || chr(97 + n % 26) || ' ' || initcap(translate(n::text, '0123456789',
    'aeioulmnrs')) || 'sen' AS name FROM generate_series(1, {rows}) AS n;
CREATE TABLE phones AS SELECT '+44 20 7' || lpad(n::text, 7, '0') AS phone FROM generate_series(1, {rows}) AS n;
CREATE TABLE prose AS SELECT 'The customer wrote again about order ' || n || ', wanted on day ' || n % 365
    || ' to be called back, and said that item ' || md5((n / 3)::text) || ' never arrived.' AS note
  FROM generate_series(1, {rows}) AS n;
CREATE TABLE documents AS SELECT jsonb_build_object('customer', jsonb_build_object('mail', 'm' || n || '@corp.com',
    'city', 'Springfield'), 'tags', jsonb_build_array('tag' || n % 97, 'urgent'), 'total', n % 9999) AS document
  FROM generate_series(1, {rows}) AS n;
CREATE TABLE amounts AS SELECT n * 79.19 % 10000.03 AS amount FROM generate_series(1, {rows}) AS n;
CREATE TABLE moments AS SELECT timestamptz '2024-01-01' + n * interval '17.3 seconds' AS created_at
  FROM generate_series(1, {rows}) AS n;
ANALYZE;
"""
SEARCH = """
import os, re, sys, threading, time
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from rehearse import archive
from rehearse.sanitise.residue import Canaries
from rehearse.snapshot.scan import scan

most = {}
CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children")

def watch():
    while True:
        for process in ("self", *CHILDREN.read_text().split()):
            with suppress(OSError):
                if process == "self" or "lookout" in Path("/proc", process, "cmdline").read_text():
                    status = Path("/proc", process, "status").read_text()
                    most[process] = int(re.search("VmHWM:[^0-9]*([0-9]+) kB", status)[1])
        time.sleep(0.02)

found = archive.read(Path(sys.argv[1]))
samples = tuple(each for each in found.manifest.samples if sys.argv[2] in ("", each.table))
size = sum((found.directory / each.file).stat().st_size for each in samples)
keys = (sha256(str(n).encode()).digest()[:8] for n in range(int(sys.argv[3])))
canaries = Canaries(places=("t.c",), found={key: (0, (12, 12)) for key in keys})
threading.Thread(target=watch, daemon=True).start()
began, before = time.perf_counter(), sum(os.times()[:4])
scan(found.directory, replace(found.manifest, samples=samples), found.catalog, found.facts, canaries, b"k" * 32)
seconds = time.perf_counter() - began
print(size, seconds, sum(os.times()[:4]) - before, most.pop("self"), sum(most.values()))
"""


def main(rows: int = 500_000) -> None:
    settings = {"log_min_duration_statement": "0"}
    binaries = resolve(None, use="embedded").binaries
    with tempfile.TemporaryDirectory() as place, running(binaries, settings=settings) as server:
        for number in (rows // 10, rows):
            _measure(server, Path(place), number)


def _measure(server: Server, place: Path, rows: int) -> None:
    database = f"residue{rows}"
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {database} TEMPLATE template0 STRATEGY FILE_COPY")
    with server.connect(database) as connection:
        connection.execute(SCHEMA.format(rows=rows))
    phases: list[tuple[float, str]] = []
    taken = take(
        server.dsn(database), place / str(rows), rules=SampleRules(rows=rows), sanitise=SanitiseRules(),
        progress=lambda phase: phases.append((time.perf_counter(), phase)),
    )  # fmt: skip
    phases.append((time.perf_counter(), "end"))
    print(f"{rows:,} rows of each kind; the snapshot took", ", ".join(_spent(phases)), flush=True)
    print(f"  longest statement of the fingerprints {_longest(server, database):.0f} ms")
    for table in sorted(sample.table for sample in taken.manifest.samples):
        _search(place, taken, table)
    _search(place, taken, "")


def _search(place: Path, taken: Snapshot, table: str) -> None:
    """Tell how fast a process of its own searches one table, or all, and how much memory it needs at the most."""
    program = place / "search.py"
    program.write_text(SEARCH)
    command = (sys.executable, program, taken.directory, table, str(CANARIES))
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    size, seconds, work, own, of_helpers = map(float, done.stdout.split())
    masks = ", ".join(sorted({found.mask for found in taken.manifest.treatments if table in ("", found.table)}))
    print(
        f"  {table or 'everything':18} {size / 1e6:6.1f} MB in {seconds:5.1f} s: {size / 1e6 / seconds:6.1f} MB/s, "
        f"{size / 1e6 / work:6.1f} MB/s of a processor; "
        f"at most {own / 1024:.0f} + {of_helpers / 1024:.0f} MB of memory ({masks})",
        flush=True,
    )


def _spent(phases: list[tuple[float, str]]) -> list[str]:
    """Return the seconds of the phases, by the words that tell them apart."""
    spent: dict[str, float] = {}
    for (moment, phase), (after, _) in pairwise(phases):
        name = next((word for word in ("fingerprints", "searching", "dumping", "cop") if word in phase), "other")
        spent[name] = spent.get(name, 0) + after - moment
    return [f"{name} {each:.1f} s" for name, each in spent.items()]


def _longest(server: Server, database: str) -> float:
    """Return the milliseconds of the longest statement that computed fingerprints."""
    assert server.log_file is not None
    longest = 0.0
    for line in server.log_file.read_text(errors="replace").splitlines():
        if "residue|" in line and line.endswith("}"):
            entry = json.loads(line)
            said = str(entry.get("message", ""))
            if entry.get("dbname") == database and said.startswith("duration: "):
                longest = max(longest, float(said.split()[1]))
    return longest


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
