"""Flyway: `V1_2__x.sql` once, `R__x.sql` whenever it changes; a row for each, with a checksum."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from rehearse.migrators.scripts import history
from rehearse.migrators.scripts.history import HistoryFailed, OneVersionTwice
from rehearse.migrators.scripts.script import Pending, Script, text_of, words
from rehearse.watch import tokens

_TOOL = "flyway"
_VERSIONED = re.compile(r"V(?P<version>\d+(?:[._]\d+)*)(?:__.*)?\.sql")
_REPEATABLE = re.compile(r"R__(?P<description>.*)\.sql")
_PLACEHOLDER = re.compile(r"\$\{[\w:.-]+\}")
_APART = re.compile(r"(?i)^\s*executeInTransaction\s*=\s*false\s*$", re.MULTILINE)
# What Flyway's own parser looks for: others, as REINDEX TABLE CONCURRENTLY, fail in the transaction it opens.
_NO_TRANSACTION = re.compile(
    r"(CREATE|DROP) (DATABASE|TABLESPACE|SUBSCRIPTION)\b|ALTER SYSTEM\b|(CREATE|DROP)( UNIQUE)? INDEX CONCURRENTLY\b"
    r"|REINDEX( VERBOSE)? (SCHEMA|DATABASE|SYSTEM)\b|VACUUM\b|DISCARD ALL\b"
)
_CONCURRENTLY = re.compile(r"(CREATE|DROP)( UNIQUE)? INDEX CONCURRENTLY\b")
_COLUMNS = ("version", "description", "type", "script", "checksum", "success")
_BASELINES = ("BASELINE", "SQL_BASELINE")

Version = tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class _History:
    """What production has recorded; a later row outranks an earlier one."""

    checksums: dict[Version, int | None] = field(default_factory=dict)  # of versions; None: not recorded
    repeatables: dict[str, int | None] = field(default_factory=dict)  # by description
    files: dict[Version, str] = field(default_factory=dict)  # of versions that came from SQL files
    baseline: Version = ()


def recognises(files: Iterable[Path]) -> bool:
    """Take files called `V1__x.sql` or `R__x.sql`."""
    return any(_VERSIONED.fullmatch(path.name) or _REPEATABLE.fullmatch(path.name) for path in files)


def script(path: Path) -> Script:
    """Return a file in one transaction, unless its `.conf` or a statement of it forbids one, as Flyway does."""
    conf = path.with_name(f"{path.name}.conf")
    apart = conf.is_file() and _APART.search(text_of(conf))
    return Script(path=path, one_transaction=not apart and not any(_refusing(path)))


def pending(folder: Path, connection: psycopg.Connection) -> Pending:
    """Return versions production has not recorded, by number, then repeatable files that are new or have changed.

    Raises HistoryFailed, OneVersionTwice and SeveralHistories.
    """
    files, repeatables = _versioned(folder), _repeatable(folder)
    rows = history.rows(connection, _TOOL, _COLUMNS, "installed_rank")
    known = _history(rows or ())
    versioned = [
        path for version, path in sorted(files.items()) if version not in known.checksums and version > known.baseline
    ]
    again = [
        path
        for description, path in sorted(repeatables.items())
        if description not in known.repeatables or known.repeatables[description] != checksum(text_of(path))
    ]
    return Pending(
        scripts=tuple(script(path) for path in (*versioned, *again)),
        notes=(
            *((history.unrecorded(_TOOL),) if rows is None else _notes(files, known)),
            *_warnings((*versioned, *again)),
        ),
        open_points=tuple(_open_points((*versioned, *again))),
    )


def checksum(text: str) -> int:
    r"""Return Flyway's checksum of a file: CRC32 of its lines without their ends, as a signed number.

    >>> checksum("CREATE TABLE t ();\n") == checksum("\ufeffCREATE TABLE t ();\r\n")
    True
    """
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    found = zlib.crc32("".join(lines).encode("utf-8", errors="surrogateescape"))
    return found - (1 << 32) if found >= 1 << 31 else found


def _version(text: str) -> Version:
    """Return the parts of a version, trailing zeros left out: 1.0 is 1, and 1.10 comes after 1.9."""
    parts = [int(part) for part in re.split(r"[._]", text)]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _shown(version: Version) -> str:
    return ".".join(str(part) for part in version or (0,))


def _versioned(folder: Path) -> dict[Version, Path]:
    found: dict[Version, Path] = {}
    for path in sorted(folder.rglob("V*.sql")):
        if named := _VERSIONED.fullmatch(path.name):
            version = _version(named["version"])
            if version in found:
                raise OneVersionTwice(_shown(version), (found[version].name, path.name))
            found[version] = path
    return found


def _repeatable(folder: Path) -> dict[str, Path]:
    named = ((_REPEATABLE.fullmatch(path.name), path) for path in sorted(folder.rglob("R__*.sql")))
    return {found["description"].replace("_", " "): path for found, path in named if found}


def _history(rows: Iterable[tuple[object, ...]]) -> _History:
    known = _History()
    for version, description, kind, name, recorded, success in rows:
        if success == "false":
            raise HistoryFailed(_TOOL, str(version or description), "run `flyway repair`")
        total = None if recorded is None else int(str(recorded))
        if version is None:
            known.repeatables[str(description)] = total
            continue
        number = _version(str(version))
        if kind in _BASELINES:
            known.baseline = number
        elif kind == "DELETE" or str(kind).startswith("UNDO"):
            known.checksums.pop(number, None)
            known.files.pop(number, None)
        else:
            known.checksums[number] = total
            if kind == "SQL":
                known.files[number] = str(name)
    return known


def _notes(files: dict[Version, Path], known: _History) -> Iterator[str]:
    gone = (name for version, name in sorted(known.files.items()) if version not in files)
    yield from history.missing(gone, "`flyway validate` refuses that, unless told to ignore missing migrations.")
    newest = max(known.checksums, default=())
    late = (
        path.name
        for version, path in sorted(files.items())
        if known.baseline < version < newest and version not in known.checksums
    )
    yield from history.late(late, _shown(newest), "Flyway refuses them, unless outOfOrder=true.")
    for version, path in sorted(files.items()):
        recorded = known.checksums.get(version)
        if version in known.files and recorded is not None and recorded != checksum(text_of(path)):
            yield (
                f"{path.name} has changed since production applied it: it is not played again, and `flyway migrate` "
                "refuses until `flyway repair` has accepted it."
            )


def _refusing(path: Path) -> Iterator[bool]:
    """Say of each statement of a file whether PostgreSQL refuses it inside a transaction."""
    return (bool(_NO_TRANSACTION.match(words(statement))) for statement in tokens.parts(text_of(path)))


def _warnings(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        if any(_CONCURRENTLY.match(words(statement)) for statement in tokens.parts(text_of(path))):
            yield (
                f"{path.name} works CONCURRENTLY: Flyway (9.1.6 and newer) waits for its own lock there without end, "
                "unless flyway.postgresql.transactional.lock=false."
            )
        if len(set(_refusing(path))) > 1:
            yield f"{path.name} mixes statements that refuse a transaction with others: Flyway wants mixed=true."


def _open_points(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        if found := _PLACEHOLDER.search(text_of(path)):
            yield (
                f"{path.name} has placeholders of Flyway ({found[0]}), which psql does not fill in: "
                'rehearse it with tool = "command" and `flyway migrate`.'
            )
