"""Clusters: made by initdb once for each build of PostgreSQL, copied for every server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from rehearse.engine import home
from rehearse.engine.account import Account
from rehearse.engine.binaries import Binaries
from rehearse.engine.errors import ServerFailed

SUPERUSER = "rehearse"
_FORM = 1  # of what initdb is told below: another form is another cached cluster
_BUILTIN_LOCALES = 17
_CHECKSUMS_BY_DEFAULT = 18


def copy(binaries: Binaries, programs: Path, who: Account, target: Path) -> None:
    """Make a new cluster, owned by the account; the first one of a build takes about a second longer."""
    template = home.cache() / f"cluster-{_FORM}-{home.build(binaries)}-{who.uid}"
    with home.locked("cluster"):
        if not (template / "PG_VERSION").is_file():
            shutil.rmtree(template, ignore_errors=True)
            with home.making(template) as fresh:
                who.own(fresh)
                _initialise(binaries, programs, who, fresh)
    how = ["-a", "--reflink=auto"] if sys.platform == "linux" else ["-Rp"]
    done = subprocess.run(["cp", *how, template, target], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ServerFailed(f"copy its cluster from {template}", done.stderr)


def _initialise(binaries: Binaries, programs: Path, who: Account, directory: Path) -> None:
    """Run initdb, synced to disk: the cluster is kept, and must survive a crash of the machine."""
    checksums = ["--no-data-checksums"] if binaries.major >= _CHECKSUMS_BY_DEFAULT else []
    told: list[str | Path] = ["-D", directory, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", *checksums]
    said = ""
    for locale in _locales(binaries.major):
        code, said = who.run([programs / "initdb", *told, *locale])
        if code == 0:
            return
    raise ServerFailed("initialise a cluster", said)


def _locales(major: int) -> tuple[tuple[str, ...], ...]:
    """Return the locales to try: one with Unicode's letters that needs nothing installed, at worst plain C."""
    if major >= _BUILTIN_LOCALES:
        return (("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),)
    return (("--locale=C.UTF-8",), ("--locale=C",))
