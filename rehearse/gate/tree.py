"""Read the working tree as far as a pass speaks of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rehearse.checkout import Checkout, digests_of, link_of, names_in, path_within
from rehearse.gate.presence import FileNow, Tree
from rehearse.model.material import Folder, Material, Passed


def read(material: Material, here: Checkout, home: Path) -> Tree:
    """Return files and folders as they are now, and what git says of them."""
    folders = {folder.path: names_in(here.root / folder.path) for folder in material.folders}
    return Tree(
        files={file.path: _file(here.root / file.path, here.root) for file in material.files},
        folders=folders,
        added={
            path: digests[0]
            for folder in material.folders
            for path in _added(folder, folders[folder.path] or ())
            if (digests := digests_of(here.root / path)) is not None
        },
        shadowing={
            path: module for passed in material.passed for path, module in _shadowing(here.root / passed.path, passed)
        },
        checkout=here,
        project=path_within(home.parent, here.root),
    )


def _added(folder: Folder, names: tuple[str, ...]) -> tuple[str, ...]:
    place = "" if folder.path == "." else f"{folder.path}/"
    return tuple(f"{place}{name}" for name in folder.relevant(names) if name not in folder.names)


def _shadowing(folder: Path, passed: Passed) -> Iterator[tuple[str, str]]:
    """Yield what lies in a folder now and is a module that was looked for there; a folder is one if it says so."""
    for name in names_in(folder) or ():
        module = passed.module(name)
        if module is not None and (not name.endswith("/") or (folder / name / "__init__.py").is_file()):
            yield name if passed.path == "." else f"{passed.path}/{name}", module


def _file(path: Path, root: Path) -> FileNow | None:
    digests = digests_of(path)
    if digests is None:
        return None
    return FileNow(sha256=digests[0], text=digests[1], link=link_of(path, root))
