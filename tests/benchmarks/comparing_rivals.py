"""The tools that the benchmark compares with, in a virtual environment of their own, and how each is asked.

Each is asked for the least that answers the question. reladiff has no counts: with the key columns alone it says how
many rows each table has, and that is its fastest way. The data validator counts rows when no aggregate is named.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from comparing_data import BIG, LEFT, MOVED, READER, RIGHT, Place, Table

PACKAGES = ("reladiff[postgresql]==0.6.0", "google-pso-data-validator==8.10.1")
DIRECTORY = Path(tempfile.gettempdir()) / "rehearse-benchmark-rivals"

_IN_ONE_PROCESS = Path(__file__).resolve().with_name("comparing_reladiff.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """The installed tools, and the databases they are pointed at."""

    bin_dir: Path
    place: Place
    tables: tuple[Table, ...]
    connections: Path  # of the data validator

    def environment(self) -> dict[str, str]:
        """Return what both need: libpq's own variables say where the server is, as a socket fits in no plain URL."""
        place = {"PGHOST": str(self.place.socket_dir), "PGPORT": str(self.place.port), "PGUSER": READER}
        wide = {"COLUMNS": "10000"}  # reladiff wraps even its JSON lines
        return {**os.environ, **place, **wide, "PSO_DV_CONN_HOME": str(self.connections)}

    def reladiff_keys(self) -> None:
        """Compare the keys of every table, a process for each."""
        for table in self.tables:
            keys = [part for column in table.key for part in ("-k", column)]
            self._reladiff(table.name, RIGHT, *keys, "--stats")

    def reladiff_keys_at_once(self) -> None:
        """Compare the keys of every table in one process, by reladiff's Python interface."""
        named = [f"{table.name}:{','.join(table.key)}" for table in self.tables]
        differences = self._say([self.bin_dir / "python", _IN_ONE_PROCESS, LEFT, RIGHT, *named])
        assert differences.strip() == "0", differences

    def reladiff_content(self) -> None:
        """Compare all columns of the big table where nothing differs."""
        said = self._reladiff(BIG, RIGHT, "-c", "%", "--stats")
        assert "0.00% difference score" in said, said

    def reladiff_rows(self) -> str:
        """Compare all columns of the big table where fifty rows differ; return the rows, as JSON lines.

        Unsorted, as it fails to sort two rows of one key of which one has a NULL; and a little faster.
        """
        return self._reladiff(BIG, MOVED, "-c", "%", "--skip-sort-results", "--json")

    def validator_counts(self) -> None:
        """Count the rows of every table."""
        named = ",".join(f"public.{table.name}=public.{table.name}" for table in self.tables)
        said = self._validator("validate", "column", "-sc", LEFT, "-tc", RIGHT, "-tbls", named, "--format", "csv")
        assert said.count(",success,") == len(self.tables), said

    def connect_validator(self) -> None:
        """Tell the data validator of the two databases; it keeps them in files."""
        host, port = str(self.place.socket_dir), str(self.place.port)
        for name in (LEFT, RIGHT):
            reached = ("--host", host, "--port", port, "--user", READER, "--password", "none", "--database", name)
            self._validator("connections", "add", "-c", name, "Postgres", *reached)

    def _reladiff(self, table: str, other: str, *options: str) -> str:
        pair = [part for database in (LEFT, other) for part in (f"postgresql://{READER}@/{database}", table)]
        return self._say([self.bin_dir / "reladiff", *pair, *options])

    def _validator(self, *arguments: str) -> str:
        return self._say([self.bin_dir / "data-validation", *arguments])

    def _say(self, command: Sequence[str | Path]) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment())
        if done.returncode:
            raise SystemExit(f"{command[0]} ended with status {done.returncode}:\n{done.stderr.strip()}")
        return done.stdout
