"""The schema dump of a snapshot: what is in it, and restoring parts of it with pg_restore."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rehearse.model.wording import without_values
from rehearse.stages import toc
from rehearse.stages.errors import StageFailed
from rehearse.stages.toc import Entry

_ENVIRONMENT = {"LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"}  # nothing of ours: PGOPTIONS and the like would reach in
# Two workers write to one stderr, each line in pieces: "pg_restore:pg_restore:  error: error: could not ...".
_HEAD = r"(?:pg_restore:|error:| )*could not execute query: "
_FAILED = re.compile(
    rf"^{_HEAD}(?P<said>.*)\n(?:.*\n)*?Command was: (?P<command>(?:.*\n)*?)(?={_HEAD}|pg_restore:|\Z)", re.MULTILINE
)
_BY_ENTRY = re.compile(r"^-- TOC entry (\d+) \(.*$", re.MULTILINE)
_ERROR = re.compile(r"^pg_restore: error: (.+)$", re.MULTILINE)
# pg_restore 17 and newer says so to every older server; nothing else of it is unknown there.
_HARMLESS = 'unrecognized configuration parameter "transaction_timeout"'
_TIMEOUT_LINE = re.compile(r"^SET transaction_timeout = 0;$", re.MULTILINE)
_PSQL_LINE = re.compile(r"^\\(restrict|unrestrict|connect) .*$", re.MULTILINE)
_COMMENT = re.compile(r"^COMMENT ON DATABASE .+? IS (?P<text>'(?:[^']|'')*');$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A pg_dump archive and the entries of it that are to be restored."""

    program: Path  # a pg_restore that can read it
    path: Path
    entries: tuple[Entry, ...]
    unowned: bool = False  # whoever restores it owns everything, in the default tablespace

    @property
    def options(self) -> tuple[str, ...]:
        return ("--no-owner", "--no-tablespaces") if self.unowned else ()

    def without(self, ids: frozenset[int]) -> Dump:
        return replace(self, entries=tuple(entry for entry in self.entries if entry.id not in ids))

    def select(self, *kinds: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.is_a(*kinds))

    @property
    def database_comment(self) -> str | None:
        """Return the comment on the database itself as an SQL literal."""
        lines = [entry for entry in self.select("COMMENT") if entry.label.startswith("COMMENT - DATABASE ")]
        if not lines:
            return None
        found = _COMMENT.search(_run([self.program, "--create", "-f", "-", self.path], self.path).stdout)
        return found["text"] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An entry pg_restore could not restore, and the first thing the server said."""

    entry: Entry
    said: str


def read(path: Path, programs: Sequence[Path]) -> Dump:
    """Read the contents of a dump with the first pg_restore that understands it. Raises StageFailed."""
    complaints = []
    for program in programs:
        listing = subprocess.run(
            [program, "--list", "--verbose", "--create", path],
            env=_ENVIRONMENT, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        if listing.returncode == 0:
            return Dump(program=program, path=path, entries=toc.parse(listing.stdout))
        complaints += [f"{program}: {line}" for line in listing.stderr.splitlines()]
    raise StageFailed("no pg_restore here can read its schema dump.", complaints)


def restore(dump: Dump, section: str, dsn: str, *, jobs: int = 1) -> tuple[Failure, ...]:
    """Restore one section into a database and return the entries that failed. Raises StageFailed."""
    with _list_of(dump.entries) as chosen:
        done = _run(
            [dump.program, *dump.options, f"--section={section}", f"--jobs={jobs}", "--use-list", chosen.name,
             "--dbname", dsn, dump.path],
            dump.path, check=False,
        )  # fmt: skip
    failures = tuple(_failures(dump, done.stderr))
    if done.returncode != 0 and not failures:
        unknown = [text for text in _ERROR.findall(done.stderr) if _HARMLESS not in text]
        if unknown:
            raise StageFailed(f"pg_restore could not restore the {section} part of the schema.", unknown)
    return failures


def script(dump: Dump, entries: Iterable[Entry], server_major: int) -> str:
    """Return the SQL that restores some entries, as one string a driver can send."""
    with _list_of(entries) as chosen:
        text = _run([dump.program, *dump.options, "-f", "-", "--use-list", chosen.name, dump.path], dump.path).stdout
    plain = _PSQL_LINE.sub("", text)
    return plain if server_major >= 17 else _TIMEOUT_LINE.sub("", plain)  # noqa: PLR2004 - the version that knows it


def _failures(dump: Dump, complaints: str) -> Iterator[Failure]:
    """Find the entries pg_restore complains about by their commands: when it restores in parallel it names no entry."""
    failed = [found for found in _FAILED.finditer(complaints) if _HARMLESS not in found["said"]]
    if not failed:
        return
    parts = _BY_ENTRY.split(_run([dump.program, *dump.options, "--verbose", "-f", "-", dump.path], dump.path).stdout)
    commands = {int(number): text for number, text in zip(parts[1::2], parts[2::2], strict=True)}
    for found in failed:
        wanted = found["command"].strip()
        entry = next((entry for entry in dump.entries if wanted in commands.get(entry.id, "")), None)
        if entry is None:
            raise StageFailed("pg_restore failed at something its dump does not hold.", [found["said"], wanted])
        yield Failure(entry=entry, said=without_values(found["said"]))


def _list_of(entries: Iterable[Entry]) -> tempfile._TemporaryFileWrapper[str]:
    file = tempfile.NamedTemporaryFile("w", prefix="rehearse-", suffix=".list", encoding="utf-8")  # noqa: SIM115 - callers close it
    file.write("".join(f"{entry.line}\n" for entry in entries))
    file.flush()
    return file


def _run(command: Sequence[str | Path], path: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, encoding="utf-8", check=False)
    if check and done.returncode != 0:
        raise StageFailed(f"pg_restore could not read {path}.", done.stderr.splitlines())
    return done
