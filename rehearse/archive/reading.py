"""Open a snapshot, verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from rehearse.archive.digest import files, sha256
from rehearse.archive.errors import NotASnapshot, SnapshotDamaged, SnapshotTooNew
from rehearse.model.catalog import Catalog
from rehearse.model.facts import Facts
from rehearse.model.snapshot import FORMAT, Manifest, Snapshot

_T = TypeVar("_T")
MANIFEST = "manifest.json"


def read(directory: Path) -> Snapshot:
    """Open a snapshot after comparing every file with its checksum.

    Raises NotASnapshot, SnapshotTooNew and SnapshotDamaged.
    """
    if not (directory / MANIFEST).is_file():
        raise NotASnapshot(directory)
    _check_format(directory)
    manifest = _parse(directory, MANIFEST, Manifest)
    _verify(directory, manifest)
    return Snapshot(
        directory=directory,
        manifest=manifest,
        catalog=_parse(directory, "catalog.json", Catalog),
        facts=_parse(directory, "facts.json", Facts),
    )


def _check_format(directory: Path) -> None:
    try:
        found = json.loads((directory / MANIFEST).read_bytes())["format"]
    except (OSError, ValueError, KeyError, TypeError):
        raise SnapshotDamaged(directory, MANIFEST, "cannot be read") from None
    if not isinstance(found, int) or found > FORMAT:
        raise SnapshotTooNew(directory, found, FORMAT)


def _verify(directory: Path, manifest: Manifest) -> None:
    found = files(directory)
    for name, digest in manifest.files.items():
        if name not in found:
            raise SnapshotDamaged(directory, name, "is missing")
        if _digest(directory, name, found[name]) != digest:
            raise SnapshotDamaged(directory, name, "was changed after it was written")
    for name in found:
        if name not in manifest.files and name != MANIFEST:
            raise SnapshotDamaged(directory, name, "does not belong to it")


def _digest(directory: Path, name: str, path: Path) -> str:
    try:
        return sha256(path)
    except OSError as error:
        raise SnapshotDamaged(directory, name, f"cannot be read ({error.strerror})") from None


def _parse(directory: Path, name: str, kind: type[_T]) -> _T:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - slow to import, and --help must not wait

    try:
        return TypeAdapter(kind).validate_json((directory / name).read_bytes())
    except (OSError, ValidationError):
        raise SnapshotDamaged(directory, name, "cannot be read") from None
