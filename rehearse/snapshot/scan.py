"""The residual scan: every file of a snapshot is searched for clear values of its source before it gets its name."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rehearse.engine.binaries import client_tools
from rehearse.model.catalog import Catalog
from rehearse.model.facts import Facts
from rehearse.model.snapshot import ColumnTreatment, Manifest, TableSample
from rehearse.sanitise import residue
from rehearse.sanitise.clear import Doubts
from rehearse.sanitise.lookout import PIECES, Layout, Lookout, Seen
from rehearse.sanitise.residue import Canaries
from rehearse.sanitise.units import Fingerprints, Shape, telling_units, units
from rehearse.snapshot.blocks import blocks
from rehearse.snapshot.errors import DumpFailed, Found, ResidueFound
from rehearse.snapshot.lookouts import Looking, looking

_T = TypeVar("_T")
_ROWS = 1 << 18  # bytes looked at together: what is made of so many fits into a processor's cache
_LINES = 1 << 20


def scan(
    directory: Path, manifest: Manifest, catalog: Catalog, facts: Facts, canaries: Canaries, key: bytes
) -> tuple[str, ...]:
    """Search the data and the schema dump of a directory, and what will describe them; return notes.

    What the configuration keeps is as it should be. Memory does not grow with the files.
    Raises ResidueFound, which names places and numbers, never values, and SearchFailed.
    """
    search = _Search(canaries, residue.secret(key))
    tables = tuple(_tables(directory, manifest))
    with looking(search.lookout(), sum(table.path.stat().st_size for table in tables)) as lookout:
        doubts = [(str(table.sample.file), doubt) for table in tables for doubt in search.data(table, lookout)]
        search.describe(_descriptions(directory, manifest, catalog, facts))
        if search.has_hits:
            for table in tables:
                search.keep(table, lookout)
    found = [*_certain(doubts), *search.leaks(), *search.quotes(_ignored(search, catalog, facts))]
    if found:
        raise ResidueFound(found)
    return canaries.notes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The rows of one table, and what was done to its columns."""

    path: Path
    sample: TableSample
    treated: tuple[ColumnTreatment | None, ...]

    @property
    def is_kept_by_configuration(self) -> bool:
        """Say whether a project keeps any column: a row torn to pieces may then hold what it likes."""
        return any(found.is_clear and found.reason == "configured" for found in self.treated if found)

    def mask(self, number: int) -> str:
        found = None if number == PIECES else self.treated[number]
        return found.mask if found else "text"

    def place(self, number: int) -> str:
        found = None if number == PIECES else self.treated[number]
        return found.identity if found else self.sample.table

    @property
    def clear(self) -> frozenset[int]:
        return frozenset(number for number, found in enumerate(self.treated) if found and found.is_clear)

    @property
    def masked(self) -> frozenset[int]:
        return frozenset(range(len(self.treated))) - self.clear

    def seen(self, lookout: Looking, *, searched: Iterable[int], doubted: Iterable[int] = ()) -> Iterator[Seen]:
        """Yield what a lookout sees in some columns; nothing, if there are none."""
        layout = Layout(
            file=self.path.name, width=len(self.treated), searched=frozenset(searched), doubted=frozenset(doubted)
        )
        if layout.searched or layout.doubted:
            with self.path.open("rb") as file:
                yield from lookout.look(layout, blocks(file, _ROWS))


def _tables(directory: Path, manifest: Manifest) -> Iterator[_Table]:
    treatments = {(found.table, found.column): found for found in manifest.treatments}
    for sample in manifest.samples:
        if sample.file is not None:
            treated = tuple(treatments.get((sample.table, _unquoted(column))) for column in sample.columns)
            yield _Table(path=directory / sample.file, sample=sample, treated=treated)


def _certain(doubts: Iterable[tuple[str, Doubts]]) -> Iterator[Found]:
    for file, doubt in doubts:
        for what, count in doubt.certain():
            yield Found(file=file, place=doubt.treatment.identity, what=what, count=count)


def _descriptions(directory: Path, manifest: Manifest, catalog: Catalog, facts: Facts) -> Iterator[tuple[str, bytes]]:
    """Yield the texts that describe the source, with the names of their files."""
    with _schema(directory, facts.server_major) as written:
        for lines in written:
            yield "schema/schema.dump", lines
    yield "catalog.json", _json(catalog, Catalog)
    yield "facts.json", _json(facts, Facts)
    yield "manifest.json", _json(manifest, Manifest)


def _ignored(search: _Search, catalog: Catalog, facts: Facts) -> _Ignored:
    """Return what may stand in a description: names of objects and roles, and the defaults of columns."""
    names = {found.identity for found in catalog.objects} | {role.name for role in facts.roles}
    return _Ignored(
        everywhere=search.fingerprints_of(units(name.encode() for name in names)),
        of_place={
            column.identity: search.fingerprints_of(units([column.text("default").replace("\n", " ").encode()]))
            for column in catalog.of_kind("column")
            if column.text("default")
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ignored:
    """Canaries that may stand in what describes the source."""

    everywhere: frozenset[bytes]
    of_place: Mapping[str, frozenset[bytes]]  # by the column they come from


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """Where hits were met: the file, the column there, and the masked column whose values they are."""

    file: str
    place: str
    mask: str
    origin: int


class _Search:
    """One pass over the files of a snapshot, and another over what stays clear if anything was met."""

    def __init__(self, canaries: Canaries, secret: bytes) -> None:
        self._secret = secret
        ours = self.fingerprints_of(word.encode() for word in residue.OURS)
        self._canaries = {key: what for key, what in canaries.found.items() if key not in ours}
        self._places = canaries.places
        self._hits: dict[_Where, dict[Shape, set[bytes]]] = {}
        self._quoted: dict[str, set[bytes]] = {}  # canaries met in a description, by its file
        self._scanned: Counter[tuple[str, Shape]] = Counter()  # masked units, by mask and shape
        self._kept: set[bytes] = set()  # canaries that columns hold which stay clear: they are none

    def fingerprints_of(self, units: Iterable[bytes]) -> frozenset[bytes]:
        return frozenset(Fingerprints(self._secret).of(units))

    @property
    def has_hits(self) -> bool:
        return bool(self._hits or self._quoted)

    def lookout(self) -> Lookout:
        return Lookout(self._secret, self._canaries.keys())

    def data(self, table: _Table, lookout: Looking) -> list[Doubts]:
        """Look at a table's rows, column by column; return what was seen in clear ones."""
        doubts = {number: Doubts(found) for number, found in enumerate(table.treated) if found and found.is_clear}
        open_ = {number: doubt for number, doubt in doubts.items() if doubt.is_open}
        masked = table.masked if self._canaries else set()
        pieces = {PIECES} if masked and not table.is_kept_by_configuration else set()
        for seen in table.seen(lookout, searched=masked | pieces, doubted=open_.keys()):
            self._add(table, seen)
            for number, found in seen.personal.items():
                open_[number].see(found)
        return list(open_.values())

    def keep(self, table: _Table, lookout: Looking) -> None:
        """Take what a table's clear columns hold for no canary."""
        pieces = {PIECES} if table.is_kept_by_configuration else set()
        for seen in table.seen(lookout, searched=table.clear | pieces):
            self._kept.update(*seen.canaries.values())

    def describe(self, texts: Iterable[tuple[str, bytes]]) -> None:
        """Look at what describes the source."""
        for name, text in texts:
            if found := self.fingerprints_of(telling_units([text])) & self._canaries.keys():
                self._quoted.setdefault(name, set()).update(found)

    def leaks(self) -> Iterator[Found]:
        """Yield the hits in data that chance does not explain, now that all kept values are known."""
        canaries = Counter(form for key, (_, form) in self._canaries.items() if key not in self._kept)
        for where, by_shape in self._hits.items():
            count = 0
            for form, hits in by_shape.items():
                left, scanned = len(hits - self._kept), self._scanned[where.mask, form]
                if left and residue.is_leak(left, canaries[form], scanned, residue.bits(form, where.mask)):
                    count += left
            if count:
                what = f"clear values of {self._places[where.origin]}"
                yield Found(file=where.file, place=where.place, what=what, count=count)

    def quotes(self, ignored: _Ignored) -> Iterator[Found]:
        """Yield what the descriptions hold of the values of rows."""
        for name, keys in self._quoted.items():
            found = Counter(
                place
                for key in keys - self._kept - ignored.everywhere
                if key not in ignored.of_place.get(place := self._places[self._canaries[key][0]], ())
            )
            for place, count in sorted(found.items()):
                yield Found(file=name, place="", what=f"clear values of {place}", count=count)

    def _add(self, table: _Table, seen: Seen) -> None:
        for (number, form), many in seen.units.items():
            self._scanned[table.mask(number), form] += many
        for number, keys in seen.canaries.items():
            for key in keys:
                origin, form = self._canaries[key]
                where = _Where(
                    file=str(table.sample.file), place=table.place(number), mask=table.mask(number), origin=origin
                )
                self._hits.setdefault(where, {}).setdefault(form, set()).add(key)


@contextmanager
def _schema(directory: Path, server_major: int) -> Iterator[Iterator[bytes]]:
    """Offer the schema dump as SQL, in blocks of whole lines. Raises DumpFailed."""
    program = client_tools(server_major).bin_dir / "pg_restore"
    command: tuple[str | Path, ...] = (program, "-f", "-", directory / "schema" / "schema.dump")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        yield (lines + pieces for lines, pieces in blocks(process.stdout, _LINES))
    if process.returncode:
        raise DumpFailed("pg_restore cannot read what pg_dump wrote")


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"')


def _json(value: _T, kind: type[_T]) -> bytes:
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and --help must not wait

    return TypeAdapter(kind).dump_json(value, indent=1)
