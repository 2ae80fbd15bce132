"""Keep a run: whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import secrets
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from rehearse import __version__
from rehearse.model.finding import Severity
from rehearse.model.observation import Observation
from rehearse.model.report import Report
from rehearse.model.run import FORMAT, Run
from rehearse.reports import json
from rehearse.runs.errors import RunNotKept
from rehearse.runs.place import runs_in
from rehearse.runs.reading import EVIDENCE, MANIFEST, OBSERVATION

_T = TypeVar("_T")
_IGNORED = "# made by rehearse: what stays on this machine\n.gitignore\nruns/\n"


def new_id(moment: datetime) -> str:
    """Return an id that sorts by time: "20261128-015200-3f2a9c", in UTC."""
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def keep(report: Report, home: Path, **more: bytes) -> Path:
    """Write a run below a project's folder, and return its directory; `more` are further files by name.

    A directory is made under another name and gets its own when everything is on it. Raises RunNotKept.
    """
    directory = runs_in(home) / report.rehearsal.id
    try:
        runs_in(home).mkdir(parents=True, exist_ok=True)
        _ignore(home)
        making = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))  # mode 0700
    except OSError as error:
        raise RunNotKept(directory, error.strerror or str(error)) from None
    try:
        contents = {**_contents(report), **more}
        for name, content in contents.items():
            (making / name).write_bytes(content)
        run = _run(report, {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})
        (making / MANIFEST).write_bytes(_dumped(run, Run, indent=1))
        making.rename(directory)
    except OSError as error:
        raise RunNotKept(directory, error.strerror or str(error)) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return directory


def keep_observation(found: Observation, directory: Path) -> None:
    """Write what was seen of a run's release beside it; an earlier observation is replaced. Raises RunNotKept."""
    making = directory / f".{OBSERVATION}"
    try:
        making.write_bytes(_dumped(found, Observation, indent=1))
        making.replace(directory / OBSERVATION)
    except OSError as error:
        raise RunNotKept(directory, error.strerror or str(error)) from None


def _ignore(home: Path) -> None:
    """Tell git which of our files belong to this machine alone; what the project wrote there is left."""
    if not (home / ".gitignore").exists():
        (home / ".gitignore").write_text(_IGNORED, encoding="utf-8")


def _contents(report: Report) -> dict[str, bytes]:
    return {
        "report.json": json.render(report).encode(),
        EVIDENCE: gzip.compress(_dumped(report, Report), compresslevel=6, mtime=0),
        "migration.log": report.rehearsal.migration.output_tail.encode(errors="backslashreplace"),
    }


def _run(report: Report, files: dict[str, str]) -> Run:
    rehearsal = report.rehearsal
    inputs = rehearsal.inputs
    environment = inputs.get("environment")
    return Run(
        format=FORMAT,
        id=rehearsal.id,
        tool_version=__version__,
        started_at=rehearsal.started_at,
        took=sum(rehearsal.timings.values(), timedelta(0)),
        verdict=report.verdict,
        blocks=sum(found.blocks for found in report.findings),
        warnings=sum(found.severity is Severity.WARN and found.acceptance is None for found in report.findings),
        steps=tuple(step.id for step in rehearsal.migration.steps),
        source=str(inputs.get("source", "")),
        environment=None if environment is None else str(environment),
        data_taken_at=rehearsal.fidelity.data_taken_at,
        production=str(inputs.get("catalog_fingerprint", "")),
        before=rehearsal.before.fingerprint,
        after=rehearsal.after.fingerprint,
        heads_before=rehearsal.heads_before,
        heads_after=rehearsal.heads_after,
        material=rehearsal.migration.material.digest,
        files=files,
    )


def _dumped(value: _T, kind: type[_T], indent: int | None = None) -> bytes:
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and --help must not wait

    return TypeAdapter(kind).dump_json(value, indent=indent)
