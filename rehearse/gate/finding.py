"""Find the passes of a project, and what they give away of themselves."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearse import runs
from rehearse.errors import RequestError
from rehearse.gate.presence import Found
from rehearse.model.passes import FILE, FORMAT, Pass, Refusal
from rehearse.model.report import Verdict
from rehearse.model.run import Listed, Run
from rehearse.model.signature import Key, Purpose

_AGAIN = "Rehearse again: rehearse run."
_REPORT, _EVIDENCE = "report.json", "evidence.json.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The runs of a project: those that are kept, and those that were."""

    folder: Path
    kept: tuple[Run, ...]
    register: runs.Register


class NoSuchPass(RequestError):
    """A pass was named that is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no pass {path}.", "A safe run writes one: .rehearse/runs/ID/pass.json.")


def in_file(path: Path, home: Path, key: Key | None) -> Found | Refusal:
    """Open one pass by its file. Raises NoSuchPass."""
    if not path.is_file():
        raise NoSuchPass(path)
    return _opened(path, None, _known(home), key)


def of_run(wanted: str, home: Path, key: Key | None) -> Found | Refusal:
    """Open the pass of one run. Raises what `runs.directory_of` raises."""
    directory = runs.directory_of(wanted, home)
    if not (directory / FILE).is_file():
        return _without(directory.name, runs.runs(home))
    return _opened(directory / FILE, directory, _known(home), key)


def of_environment(environment: str | None, home: Path, key: Key | None) -> tuple[Found | Refusal, ...]:
    """Open all passes that may be of an environment, the newest first; one of a database nobody declared may be."""
    known = _known(home)
    kept = [run for run in reversed(known.kept) if environment is None or run.environment in (environment, None)]
    directories = (runs.directory_of(run.id, home) for run in kept)
    return tuple(
        _opened(directory / FILE, directory, known, key) for directory in directories if (directory / FILE).is_file()
    )


def none_of(environment: str | None, place: str, home: Path) -> Refusal:
    """Say that there is no pass at all, and what the last run was."""
    last = [run for run in runs.runs(home) if environment is None or run.environment in (environment, None)]
    what = f" The last run, {last[-1].id}, was {last[-1].verdict.value}." if last else ""
    return Refusal(
        reason="no-pass", sentence=f"There is no pass for {place} in {home / 'runs'}.{what}", remedy="rehearse run"
    )


def objects_of(place: Path) -> Mapping[str, str] | None:
    """Return the digests of production's objects that were kept beside a pass; None where they are not at hand."""
    try:
        told = json.loads(gzip.decompress((place.parent / _EVIDENCE).read_bytes()))
        found = told["rehearsal"]["production"]
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None
    return {str(name): str(digest) for name, digest in found.items()} or None


def _without(run: str, known: Iterable[Run]) -> Refusal:
    verdict = next((found.verdict for found in known if found.id == run), None)
    said = "" if verdict is None else f": it was {verdict.value}"
    return Refusal(reason="no-pass", sentence=f"Run {run} has no pass{said}.", remedy=_AGAIN, object=run)


def _known(home: Path) -> _Known:
    return _Known(folder=runs.runs_in(home), kept=runs.runs(home), register=runs.register(runs.runs_in(home)))


def _opened(path: Path, directory: Path | None, known: _Known, key: Key | None) -> Found | Refusal:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - slow to import, and --help must not wait

    try:
        content = path.read_bytes()
        told = json.loads(content)
        permit = TypeAdapter(Pass).validate_json(content)
    except (OSError, ValueError, ValidationError):
        return Refusal(
            reason="pass-damaged", sentence=f"The pass {path} cannot be read as one.", remedy=_AGAIN, object=str(path)
        )
    if permit.format > FORMAT:
        return Refusal(
            reason="pass-too-new",
            sentence=f"The pass {path} has format {permit.format}, and this version of rehearse knows {FORMAT}.",
            remedy="Upgrade rehearse where the gate is.",
            object=str(path),
        )
    return Found(
        permit=permit,
        place=str(path),
        forgery=_forgery(told, permit, key),
        mislaid=None if directory is None else _mislaid(directory, permit, known.kept),
        later=tuple(_later(permit, known.kept)),
        missing=tuple(_missing(permit, known)),
        unregistered=None if directory is None else _unregistered(directory, permit, known),
    )


def _forgery(told: Mapping[str, object], permit: Pass, key: Key | None) -> str | None:
    if permit.signature is None:
        return None if permit.key is None else f"The signature of the pass of run {permit.run} was taken away."
    if key is None:
        return None
    if permit.key != key.name:
        return (
            f"The pass of run {permit.run} was signed with another key ({permit.key}) than the one here ({key.name})."
        )
    signed = {name: value for name, value in told.items() if name != "signature"}
    if not key.fits(Purpose.PASS, signed, permit.signature):
        return f"The pass of run {permit.run} was changed after it was signed."
    return None


def _mislaid(directory: Path, permit: Pass, known: Iterable[Run]) -> str | None:
    """Say why a pass does not belong to the run it lies in; None: it does."""
    if directory.name != permit.run:
        return f"The pass in {directory.name} is that of run {permit.run}."
    run = next((found for found in known if found.id == permit.run), None)
    if run is None or run.verdict is not Verdict.SAFE:
        said = run.verdict.value if run else "another one"
        return f"Run {directory.name} says it was {said}, and its pass that it was safe."
    try:
        digest = hashlib.sha256((directory / _REPORT).read_bytes()).hexdigest()
    except OSError:
        return f"The report of run {permit.run} is missing."
    return (
        None if digest == permit.report else f"The report of run {permit.run} is not the one its pass was issued for."
    )


def _later(permit: Pass, known: Iterable[Run]) -> Iterator[str]:
    """Yield what is said of the runs that take a pass back."""
    yield from (f"{run.id} was {run.verdict.value}" for run in known if _takes_back(run, permit))


def _missing(permit: Pass, known: _Known) -> Iterator[str]:
    """Say which runs that take a pass back are on the register, and are not kept or say something else there."""
    kept = {run.id: run.verdict for run in known.kept}
    for run in known.register.entries:
        if not _takes_back(run, permit) or kept.get(run.id) is run.verdict:
            continue
        what = "says something else now" if run.id in kept else "is missing"
        yield f"A later run of this migration, {run.id}, ended {run.verdict.value} and {what} in {known.folder}."


def _takes_back(run: Run | Listed, permit: Pass) -> bool:
    """Say whether a run began later, of the same files, and was not safe; ids begin with their time."""
    same_place = None in (run.environment, permit.environment) or run.environment == permit.environment
    same = run.material == permit.material.digest and same_place
    return run.id > permit.run and same and run.verdict is not Verdict.SAFE


def _unregistered(directory: Path, permit: Pass, known: _Known) -> str | None:
    """Say what is wrong with the register beside a run, by what its pass remembers of it; None: nothing."""
    register = known.register if directory.parent == known.folder else runs.register(directory.parent)
    return register.fault or register.lacks(permit.register)
