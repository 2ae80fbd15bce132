"""The register of runs: a chained file beside them, in which every run that ended has a line.

A run that is removed, by a hand or by a retention, keeps its line: what it said of a migration still holds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

from rehearse import chain
from rehearse.model.audit import Head
from rehearse.model.report import Report
from rehearse.model.run import Listed
from rehearse.runs.errors import RunNotKept
from rehearse.runs.place import runs_in

_FILE = "register.jsonl"
Register: TypeAlias = chain.Chain[Listed]


def register(folder: Path) -> Register:
    """Read the register of a folder of runs. Raises chain.Unreadable."""
    return chain.read(folder / _FILE, "register of runs", Listed)


def enter(report: Report, home: Path) -> Head:
    """Write how a run ended, before it is kept; return where the register ends then. Raises RunNotKept."""
    rehearsal = report.rehearsal
    told = {
        "id": rehearsal.id,
        "verdict": report.verdict.value,
        "environment": rehearsal.inputs.get("environment"),
        "material": rehearsal.migration.material.digest,
    }

    def line(number: int, previous: str) -> bytes:
        return json.dumps({**told, "number": number, "previous": previous}, sort_keys=True).encode()

    try:
        return chain.append(runs_in(home) / _FILE, line)
    except OSError as error:
        raise RunNotKept(runs_in(home) / rehearsal.id, error.strerror or str(error)) from None
