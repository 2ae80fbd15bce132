"""Write a snapshot: whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rehearse.archive.digest import files, sha256
from rehearse.archive.errors import SnapshotExists, SnapshotNotWritten
from rehearse.archive.reading import MANIFEST
from rehearse.model.catalog import Catalog
from rehearse.model.facts import Facts
from rehearse.model.snapshot import Manifest, Snapshot

_T = TypeVar("_T")
_OWNER_ONLY = 0o600
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A snapshot being written, under a temporary name beside its own."""

    target: Path
    making: Path

    @property
    def schema_dump(self) -> Path:
        return self.making / "schema" / "schema.dump"

    def data_file(self, number: int) -> tuple[str, Path]:
        """Return the relative name and the path of a table's COPY file."""
        name = f"data/{number:04d}.copy"
        return name, self.making / name

    def part_file(self, number: int, part: int) -> Path:
        """Return the path of one part of a table's COPY file, to be joined when all are there."""
        return self.making / "data" / f"{number:04d}.copy.{part:06d}"

    def join(self, number: int) -> None:
        """Put the parts of a table's COPY file together, in their order; no part is left."""
        _, path = self.data_file(number)
        first, *others = sorted(path.parent.glob(f"{path.name}.*"))
        first.rename(path)
        with path.open("ab") as file:
            for part in others:
                with part.open("rb") as more:
                    shutil.copyfileobj(more, file, _BLOCK)
                part.unlink()

    def finish(self, manifest: Manifest, catalog: Catalog, facts: Facts) -> Snapshot:
        """Write what describes the data, the manifest last, and give the directory its name."""
        _write(self.making / "catalog.json", catalog, Catalog)
        _write(self.making / "facts.json", facts, Facts)
        for path in files(self.making).values():
            path.chmod(_OWNER_ONLY)
        complete = replace(manifest, files={name: sha256(path) for name, path in files(self.making).items()})
        _write(self.making / MANIFEST, complete, Manifest)
        (self.making / MANIFEST).chmod(_OWNER_ONLY)
        _sync(*files(self.making).values(), *(path.parent for path in files(self.making).values()))
        self.making.rename(self.target)
        _sync(self.target.parent)
        return Snapshot(directory=self.target, manifest=complete, catalog=catalog, facts=facts)


@contextmanager
def writing(directory: Path) -> Iterator[Writer]:
    """Make a snapshot directory; whatever goes wrong before `finish`, nothing of it stays.

    Raises SnapshotExists and SnapshotNotWritten.
    """
    if directory.exists():
        raise SnapshotExists(directory)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))  # mode 0700
    except OSError as error:
        raise SnapshotNotWritten(directory, error.strerror or str(error)) from None
    try:
        for part in ("schema", "data"):
            (making / part).mkdir(mode=0o700)
        with _held(making):
            yield Writer(target=directory, making=making)
    except OSError as error:
        raise SnapshotNotWritten(directory, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


@contextmanager
def _held(making: Path) -> Iterator[None]:
    """Hold a directory by a lock that ends with this process, however it ends (flock(2))."""
    handle = os.open(making, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks: then its age must do
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def is_being_written(making: Path) -> bool:
    """Say whether a process holds the directory."""
    handle = os.open(making, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def _write(path: Path, value: _T, kind: type[_T]) -> None:
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and --help must not wait

    path.write_bytes(TypeAdapter(kind).dump_json(value, indent=1))


def _sync(*paths: Path) -> None:
    """Bring files, and directories' lists of them, to the disk."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
