"""A snapshot directory: whole or not there, and refused once anything in it has changed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import builders
import pytest

from rehearse import archive
from rehearse.errors import RehearseError
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.snapshot import FORMAT, ColumnTreatment, Manifest, Snapshot, TableSample

CATALOG = Catalog(
    objects=(
        CatalogObject(
            kind="table", identity="public.t", table="public.t", physical="16384", attributes={"owner": "me", "n": None}
        ),
    )
)
MANIFEST = Manifest(
    format=FORMAT,
    tool_version="0",
    source="postgresql://me@db/shop",
    taken_at=builders.NOON,
    server_version="18.6",
    heads={"public.alembic_version": ("ae10",)},
    catalog_fingerprint=CATALOG.fingerprint,
    sanitise_policy="mask",
    sanitise_digest="",
    samples=(TableSample(table="public.t", columns=('"a"',), file="data/0001.copy", rows=2, whole=True),),
    treatments=(ColumnTreatment(table="public.t", column="a", mask="keep", reason="surrogate key"),),
    notes=("nothing was left out",),
)


def write(directory: Path) -> Snapshot:
    with archive.writing(directory) as writer:
        writer.schema_dump.write_bytes(b"a dump")
        _name, path = writer.data_file(1)
        path.write_bytes(b"1\n2\n")
        return writer.finish(MANIFEST, CATALOG, builders.facts(builders.table(2, name="public.t")))


def test_what_was_written_is_read(tmp_path: Path):
    written = write(tmp_path / "snapshot")

    found = archive.read(tmp_path / "snapshot")

    assert found == written
    assert found.schema_dump.read_bytes() == b"a dump"
    assert sorted(found.manifest.files) == ["catalog.json", "data/0001.copy", "facts.json", "schema/schema.dump"]
    assert found.catalog.fingerprint == found.manifest.catalog_fingerprint


def test_only_the_owner_may_read_it(tmp_path: Path):
    directory = write(tmp_path / "snapshot").directory

    modes = {path: path.stat().st_mode & 0o777 for path in (directory, *directory.rglob("*"))}
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())


def changed(directory: Path) -> None:
    (directory / "data" / "0001.copy").write_bytes(b"1\n3\n")


def lost(directory: Path) -> None:
    (directory / "data" / "0001.copy").unlink()


def added(directory: Path) -> None:
    (directory / "data" / "0002.copy").write_bytes(b"")


def cut_short(directory: Path) -> None:
    manifest = directory / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])


def emptied(directory: Path) -> None:
    (directory / "manifest.json").write_text(json.dumps({"format": FORMAT}))


def from_the_future(directory: Path) -> None:
    manifest = directory / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": FORMAT + 1}))


def without_manifest(directory: Path) -> None:
    (directory / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "words", "exit_code"),
    [
        (changed, "data/0001.copy was changed after it was written", 3),
        (lost, "data/0001.copy is missing", 3),
        (added, "data/0002.copy does not belong to it", 3),
        (cut_short, "manifest.json cannot be read", 3),
        (emptied, "manifest.json cannot be read", 3),
        (from_the_future, f"has format {FORMAT + 1}", 3),
        (without_manifest, "has no manifest.json", 2),
    ],
)
def test_a_damaged_snapshot_is_refused_by_name(
    tmp_path: Path, damage: Callable[[Path], None], words: str, exit_code: int
):
    directory = write(tmp_path / "snapshot").directory
    damage(directory)

    with pytest.raises(RehearseError, match=words) as refused:
        archive.read(directory)

    assert refused.value.exit_code == exit_code


def test_a_path_that_is_not_there_is_no_snapshot(tmp_path: Path):
    with pytest.raises(archive.NotASnapshot, match="does not exist"):
        archive.read(tmp_path / "nowhere")


def test_nothing_that_exists_is_written_over(tmp_path: Path):
    directory = write(tmp_path / "snapshot").directory

    with pytest.raises(archive.SnapshotExists):
        write(directory)

    assert archive.read(directory).manifest.heads == {"public.alembic_version": ("ae10",)}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_an_interrupted_writing_leaves_nothing(tmp_path: Path, stop: type[BaseException]):
    def interrupted() -> None:
        with archive.writing(tmp_path / "snapshot") as writer:
            writer.schema_dump.write_bytes(b"half")
            raise stop

    with pytest.raises(stop):
        interrupted()

    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True, timeout=20
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small file system")
    yield disk
    subprocess.run(["umount", disk], check=True, capture_output=True, timeout=20)


def test_a_full_disk_leaves_nothing_and_says_so(tiny_disk: Path):
    def too_much() -> None:
        with archive.writing(tiny_disk / "snapshot") as writer:
            writer.schema_dump.write_bytes(b"x" * 1_000_000)

    with pytest.raises(archive.SnapshotNotWritten, match="No space left on device") as refused:
        too_much()

    assert refused.value.exit_code == 3
    assert list(tiny_disk.iterdir()) == []
