"""Extensions production has and the stage's server lacks: stood in where possible, else left out and named."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg

from rehearse.db.queries import SQL, query
from rehearse.model.facts import Facts
from rehearse.model.identity import quoted
from rehearse.model.quantity import count
from rehearse.stages import toc
from rehearse.stages.deviation import Deviation
from rehearse.stages.dump import Dump

FIRST_MAJOR = 18  # the first server that looks for extensions where it is told (extension_control_path)
_SCRIPTS = SQL / "stage" / "extensions"
# The versions the scripts imitate, and how they fall short of the real thing.
_VERSIONS = {"pgcrypto": "1.3", "uuid-ossp": "1.1"}
_SHORTFALL = {
    "pgcrypto": "digest, hmac and random values are real; crypt, gen_salt, encrypt and pgp functions raise an error",
    "uuid-ossp": "versions 1 and 1mc carry a random node instead of a network card's",
}


def stand_in(connection: psycopg.Connection, facts: Facts, directory: Path) -> tuple[str | None, tuple[Deviation, ...]]:
    """Write stand-ins for the extensions this server lacks; return the search path for them and what deviates.

    They are offered even where production has none, so that a migration may create the extension.
    """
    if connection.info.server_version // 10000 < FIRST_MAJOR:
        return None, ()
    versions = {**_VERSIONS, **{found.name: found.version for found in facts.extensions if found.name in _VERSIONS}}
    missing = sorted(versions.keys() - _available(connection).keys())
    folder = directory / "extension"
    folder.mkdir(parents=True)
    for name in missing:
        _write(folder, name, versions[name])
    for path in (directory, folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    used = {found.name for found in facts.extensions}
    found = tuple(
        Deviation(sentence=f"The extension {name} is a stand-in: {_SHORTFALL[name]}.", touched=(quoted(name),))
        for name in missing
        if name in used
    )
    return f"$system:{directory}", found


def leave_out_missing(connection: psycopg.Connection, dump: Dump, facts: Facts) -> tuple[Dump, tuple[Deviation, ...]]:
    """Take extensions that cannot be had, and whatever depends on them, out of the dump."""
    available = _available(connection)
    found = []
    for extension in facts.extensions:
        if extension.name in available or extension.name == "plpgsql":
            continue
        roots = [entry for entry in dump.select("EXTENSION") if entry.label == f"EXTENSION - {extension.name}"]
        gone = toc.with_dependants(dump.entries, roots)
        lost = [entry for entry in dump.entries if entry.id in gone and entry not in roots]
        dump = dump.without(gone)
        found.append(_missing(extension.name, sum(1 for entry in lost if not entry.is_a("COMMENT", "ACL"))))
    return dump, (*found, *_version_gaps(facts, available))


def _available(connection: psycopg.Connection) -> Mapping[str, str]:
    rows = connection.execute(query("stage/extensions")).fetchall()
    return {str(name): str(version) for name, version in rows}


def _write(folder: Path, name: str, version: str) -> None:
    control = f"comment = 'stand-in for {name}'\ndefault_version = '{version}'\nrelocatable = false\ntrusted = true\n"
    (folder / f"{name}.control").write_text(control, encoding="utf-8")
    shutil.copyfile(_SCRIPTS / f"{name}.sql", folder / f"{name}--{version}.sql")


def _missing(name: str, lost: int) -> Deviation:
    """Name an extension that is left out; what went with it is told where the catalogs differ."""
    consequence = f", and with it what needs it: {count(lost)} {'object' if lost == 1 else 'objects'}" if lost else ""
    return Deviation(
        sentence=f"The extension {name} cannot be had on the stage: left out{consequence}.", touched=(quoted(name),)
    )


def _version_gaps(facts: Facts, available: Mapping[str, str]) -> tuple[Deviation, ...]:
    return tuple(
        Deviation(
            sentence=f"{found.name} is version {available[found.name]} on the stage, {found.version} in production.",
            touched=(quoted(found.name),),
        )
        for found in facts.extensions
        if found.name in available and available[found.name] != found.version
    )
