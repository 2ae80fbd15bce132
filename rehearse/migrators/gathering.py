"""Gather the material of a migration: from what the hook told, or from the scripts that were played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import cast

from rehearse.checkout import digests_of, link_of, names_in, path_within
from rehearse.model.material import File, Folder, Material, Part, Passed, relevant
from rehearse.model.migration import MigrationPlan
from rehearse.model.quantity import listing

_CODE = (".py", ".pyc", ".so", ".pyd")
_CONFIGURATIONS = (".ini", ".toml", ".cfg")
_ALWAYS = (".py", ".sql")  # what tools look for in folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The material, and what stands against it."""

    material: Material
    open_points: tuple[str, ...] = ()


def from_journal(
    events: Iterable[Mapping[str, object]], plan: MigrationPlan, *, unseen: Iterable[str] = ()
) -> Gathered:
    """Return what a hook saw being read, as it was then; of a file that changed meanwhile that it did."""
    root = plan.root or plan.directory
    steps: set[str] = set()
    seen: dict[str, set[tuple[str, str]]] = {}
    made: set[str] = set()
    folders: dict[str, tuple[str, ...]] = {}
    programs = dict.fromkeys(unseen)
    passed: dict[str, set[str]] = {}
    for event in events:
        path = str(event.get("path"))
        if event["event"] == "plan":
            steps.update(str(step["path"]) for step in cast("list[Mapping[str, object]]", event["steps"]))
        elif event["event"] == "made" and path not in seen:
            made.add(path)
        elif event["event"] == "file" and path not in made:
            seen.setdefault(path, set()).add((str(event["sha256"]), str(event["text"])))
        elif event["event"] == "folder":
            folders.setdefault(path, tuple(cast("list[str]", event["names"])))
        elif event["event"] == "program":
            programs[str(event["name"])] = None
        elif event["event"] == "passed":
            for folder in cast("list[str]", event["folders"]):
                passed.setdefault(path_within(Path(folder), root), set()).add(str(event["module"]))
    files = tuple(
        _file(Path(path), root, min(digests), _part(path, is_step=path in steps)) for path, digests in seen.items()
    )
    changed = tuple(path_within(Path(path), root) for path, digests in seen.items() if len(digests) > 1)
    found = _gathered(files, {Path(path): names for path, names in folders.items()}, root, tuple(programs), changed)
    places = tuple(Passed(path=path, modules=tuple(sorted(modules))) for path, modules in sorted(passed.items()))
    return replace(found, material=replace(found.material, passed=places))


def from_scripts(
    scripts: Iterable[Path], folder: Path | None, plan: MigrationPlan, *, unseen: Iterable[str] = ()
) -> Gathered:
    """Return the scripts as they are now, with the folder they are from."""
    root = plan.root or plan.directory
    files = tuple(
        _file(path, root, digests_of(path) or ("", ""), Part.REVISION if path.suffix == ".sql" else Part.OPENED)
        for path in dict.fromkeys(scripts)
    )
    folders = {} if folder is None else {path: names_in(path) or () for path in _with_subfolders(folder)}
    return _gathered(files, folders, root, tuple(dict.fromkeys(unseen)), ())


def compared(before: Gathered, after: Gathered) -> Gathered:
    """Return what was gathered before, with what became another until after."""
    later = {file.path: file.sha256 for file in after.material.files}
    changed = tuple(file.path for file in before.material.files if later.get(file.path) != file.sha256)
    return Gathered(material=before.material, open_points=(*before.open_points, *_changed(changed)))


def _gathered(
    files: tuple[File, ...],
    folders: Mapping[Path, tuple[str, ...]],
    root: Path,
    unseen: tuple[str, ...],
    changed: tuple[str, ...],
) -> Gathered:
    material = Material(
        files=tuple(sorted(files, key=lambda file: file.path)),
        folders=tuple(
            sorted(
                (found for path, names in folders.items() if (found := _folder(path, names, files, root)).names),
                key=lambda folder: folder.path,
            )
        ),
        unseen=tuple(sorted(unseen)),
    )
    return Gathered(material=material, open_points=_changed(changed))


def _changed(paths: tuple[str, ...]) -> tuple[str, ...]:
    if not paths:
        return ()
    verb = "was" if len(paths) == 1 else "were"
    return (f"{listing(paths)} {verb} changed while the migration ran: which text was played is unknown.",)


def _file(path: Path, root: Path, digests: tuple[str, str], part: Part) -> File:
    sha256, text = digests
    return File(path=path_within(path, root), sha256=sha256, text=text, link=link_of(path, root), part=part)


def _part(path: str, *, is_step: bool) -> Part:
    if is_step:
        return Part.REVISION
    if path.endswith(_CODE):
        return Part.IMPORTED
    return Part.CONFIGURATION if path.endswith(_CONFIGURATIONS) else Part.OPENED


def _folder(path: Path, names: tuple[str, ...], files: tuple[File, ...], root: Path) -> Folder:
    """Return a folder with the names that count: of what was read from it, and of what may be a step tomorrow."""
    place = path_within(path, root)
    read = [file for file in files if str(PurePosixPath(file.path).parent) == place]
    endings = {*_ALWAYS, *(PurePosixPath(file.path).suffix for file in read)} - {""}
    if any(file.part is Part.REVISION for file in read):
        endings.add("/")
    chosen = tuple(sorted(endings))
    return Folder(path=place, names=relevant(names, chosen), endings=chosen)


def _with_subfolders(folder: Path) -> tuple[Path, ...]:
    return (folder, *sorted(path for path in folder.rglob("*") if path.is_dir() and path.name[0] != "."))
