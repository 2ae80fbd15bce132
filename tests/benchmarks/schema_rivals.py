"""The tools that compare schemas, in a virtual environment of their own: migra, and Alembic's compare_metadata."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# migra needs pkg_resources, which newer setuptools lack, and a SQLAlchemy whose postgresql:// is psycopg2.
PACKAGES = (
    *("migra==3.0.1663481299", "psycopg2-binary==2.9.13", "setuptools<81", "sqlalchemy==2.0.58"),
    "alembic==1.20.1",
)
DIRECTORY = Path(tempfile.gettempdir()) / "rehearse-benchmark-schema-rivals"
MIGRA, ALEMBIC = "migra", "alembic compare_metadata"

_SCRIPTS = {MIGRA: "schema_migra.py", ALEMBIC: "schema_alembic.py"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    told: tuple[str, ...]
    crashed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """One of them, running: it answers as long as it is asked."""

    process: subprocess.Popen[str]

    def compare(self, before: str, after: str) -> Answer:
        """Return how a database differs from another; both are URLs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{before} {after}\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        return Answer(told=tuple(said.get("told", ())), crashed=said.get("crashed"))


@contextlib.contextmanager
def asked(bin_dir: Path, name: str) -> Iterator[Rival]:
    """Start one of them, ready to be asked."""
    script = Path(__file__).resolve().with_name(_SCRIPTS[name])
    with subprocess.Popen(
        [bin_dir / "python", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield Rival(process=process)
