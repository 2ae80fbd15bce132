"""What the residual scan costs: megabytes a second, memory, and the source's work for the fingerprints.

    python tests/benchmarks/residue.py [rows]

A table with three masked columns and five clear ones is copied whole. The search of the files is timed apart from the
copy, by the clock between the phases that `take` announces; the longest statement is that of the fingerprints, as the
source's log has it. Memory is the largest resident set of a process that only searches, for a file and for one ten
times as large.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running
from rehearse.model.sampling import SampleRules
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take

SCHEMA = """
CREATE TABLE people (id int PRIMARY KEY, name text, email text, note text, visits int, joined date, score numeric,
    status text, active boolean);
INSERT INTO people SELECT n, 'Name ' || md5(n::text), 'm' || n || '@corp' || n % 1000 || '.com',
    'wrote on day ' || n % 365 || ' about order ' || md5((n / 3)::text), n % 500, date '2020-01-01' + n % 2000,
    n % 1000 / 10.0, (ARRAY['new', 'paid', 'sent'])[1 + n % 3], n % 2 = 0
  FROM generate_series(1, {rows}) AS n;
ANALYZE;
"""
SEARCH = """
import resource, sys, time
from pathlib import Path
from rehearse import archive
from rehearse.sanitise.residue import Canaries
from rehearse.snapshot.scan import scan
found = archive.read(Path(sys.argv[1]))
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
canaries = Canaries(places=("t.c",), found={n.to_bytes(8, "big"): (0, (12, 12)) for n in range(300_000)})
began = time.perf_counter()
scan(found.directory, found.manifest, found.catalog, found.facts, canaries, b"k" * 32)
print(time.perf_counter() - began, base, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def main(rows: int = 1_000_000) -> None:
    settings = {"log_min_duration_statement": "0"}
    binaries = resolve(None, use="embedded").binaries
    with tempfile.TemporaryDirectory() as place, running(binaries, settings=settings) as server:
        for number in (rows // 10, rows):
            _measure(server, Path(place) / str(number), number)


def _measure(server: Server, directory: Path, rows: int) -> None:
    database = f"residue{rows}"
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {database} TEMPLATE template0 STRATEGY FILE_COPY")
    with server.connect(database) as connection:
        connection.execute(SCHEMA.format(rows=rows))
    phases: list[tuple[float, str]] = []
    taken = take(
        server.dsn(database), directory, rules=SampleRules(rows=rows), sanitise=SanitiseRules(),
        progress=lambda phase: phases.append((time.perf_counter(), phase)),
    )  # fmt: skip
    end = time.perf_counter()
    ends = [*(moment for moment, _ in phases[1:]), end]
    spent: dict[str, float] = {}
    for (moment, phase), after in zip(phases, ends, strict=True):
        name = next((word for word in ("fingerprints", "searching", "dumping", "cop") if word in phase), "other")
        spent[name] = spent.get(name, 0) + after - moment
    size = sum(path.stat().st_size for path in (taken.directory / "data").iterdir())
    done = subprocess.run([sys.executable, "-c", SEARCH, directory], check=True, capture_output=True, text=True)
    seconds, base, peak = map(float, done.stdout.split())
    print(
        f"{rows:,} rows, {size / 1e6:.0f} MB: searched in {seconds:.1f} s ({size / 1e6 / seconds:.1f} MB/s), largest "
        f"resident set {peak / 1024:.0f} MB ({base / 1024:.0f} MB before); of the snapshot: "
        + ", ".join(f"{name} {each:.1f} s" for name, each in spent.items())
        + f"; longest statement of the fingerprints {_longest(server, database):.0f} ms"
    )


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
