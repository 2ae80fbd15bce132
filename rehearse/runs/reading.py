"""Open a run, verified."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from rehearse.model.observation import Observation
from rehearse.model.report import Report
from rehearse.model.run import FORMAT, Run
from rehearse.runs.errors import NoRuns, RunDamaged, RunTooNew, UnknownRun
from rehearse.runs.place import runs_in

_T = TypeVar("_T")
MANIFEST = "run.json"
EVIDENCE = "evidence.json.gz"
OBSERVATION = "observation.json"  # made later, so that the manifest does not know it
_LAST = "last"


def runs(home: Path) -> tuple[Run, ...]:
    """Return the runs of a project, the oldest first. Raises RunDamaged and RunTooNew."""
    return tuple(map(_manifest, _directories(home)))


def directory_of(wanted: str, home: Path) -> Path:
    """Return the directory of a run by its id, the beginning of one, a path, or "last".

    Raises NoRuns and UnknownRun.
    """
    path = Path(wanted)
    if (path / MANIFEST).is_file():
        return path
    known = list(_directories(home))
    if not known:
        raise NoRuns(runs_in(home))
    if wanted == _LAST:
        return known[-1]
    found = [directory for directory in known if directory.name == wanted]
    found = found or [directory for directory in known if wanted and directory.name.startswith(wanted)]
    if len(found) != 1:
        raise UnknownRun(wanted, runs_in(home), [directory.name for directory in known])
    return found[0]


def load(directory: Path) -> tuple[Run, Report]:
    """Open a run after comparing every file with its checksum. Raises RunDamaged and RunTooNew."""
    run = _manifest(directory)
    for name, digest in run.files.items():
        if hashlib.sha256(_content(directory, name)).hexdigest() != digest:
            raise RunDamaged(directory, name, "was changed after it was written")
    try:
        evidence = gzip.decompress(_content(directory, EVIDENCE))
    except (OSError, EOFError):
        raise RunDamaged(directory, EVIDENCE, "cannot be read") from None
    return run, _parsed(evidence, directory, EVIDENCE, Report)


def observation(directory: Path) -> Observation | None:
    """Return what was seen of a run's release in production, if anybody looked. Raises RunDamaged."""
    if not (directory / OBSERVATION).is_file():
        return None
    return _parsed(_content(directory, OBSERVATION), directory, OBSERVATION, Observation)


def _directories(home: Path) -> Iterator[Path]:
    """Yield the directories of the runs, the oldest first: an id begins with its time."""
    folder = runs_in(home)
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if (path / MANIFEST).is_file() and path.name[0] != ".")


def _manifest(directory: Path) -> Run:
    content = _content(directory, MANIFEST)
    try:
        found = json.loads(content)["format"]
    except (ValueError, KeyError, TypeError):
        raise RunDamaged(directory, MANIFEST, "cannot be read") from None
    if not isinstance(found, int) or found > FORMAT:
        raise RunTooNew(directory, found, FORMAT)
    return _parsed(content, directory, MANIFEST, Run)


def _content(directory: Path, name: str) -> bytes:
    try:
        return (directory / name).read_bytes()
    except FileNotFoundError:
        raise RunDamaged(directory, name, "is missing") from None
    except OSError as error:
        raise RunDamaged(directory, name, f"cannot be read ({error.strerror})") from None


def _parsed(content: bytes, directory: Path, name: str, kind: type[_T]) -> _T:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - slow to import, and --help must not wait

    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError:
        raise RunDamaged(directory, name, "cannot be read") from None
