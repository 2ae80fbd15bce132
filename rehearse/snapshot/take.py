"""Take a snapshot of a source: one moment, read only, masked before it leaves."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from rehearse import __version__, archive, catalog
from rehearse.archive import Writer
from rehearse.catalog import relations
from rehearse.catalog.relations import Column, Table
from rehearse.db.connect import describe, redact
from rehearse.db.said import said
from rehearse.model.catalog import Catalog
from rehearse.model.facts import Facts
from rehearse.model.reading import ReadingLimits
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import FORMAT, ColumnTreatment, Coverage, Manifest, Snapshot, TableSample
from rehearse.protocols import Progress
from rehearse.sanitise import classify, documents, labels, masks, subjects
from rehearse.sanitise.classify import Treatment
from rehearse.sanitise.residue import Canaries
from rehearse.sanitise.rules import SanitiseRules
from rehearse.sanitise.surroundings import Surroundings
from rehearse.snapshot import disclosures, references, sampling, selection, verifying
from rehearse.snapshot.canaries import collect
from rehearse.snapshot.copying import Wanted, copy_tables
from rehearse.snapshot.counting import count
from rehearse.snapshot.dump import check_readable, dump_schema
from rehearse.snapshot.errors import DumpFailed, RecoveryConflict, SourceFailed
from rehearse.snapshot.facts import read_facts
from rehearse.snapshot.moment import Moment, moment
from rehearse.snapshot.scan import scan
from rehearse.snapshot.skipping import ROW_SECURITY, reason_to_skip
from rehearse.snapshot.tally import Tally

# How values are written in COPY's text form must not depend on what the source's administrators prefer.
_WORDING = {
    "client_encoding": "UTF8",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
}
_DEFAULT_LIMITS = ReadingLimits()
_ATTEMPTS = 3
_PAUSE = 1.0  # seconds before the next
_REMEDIES = {ROW_SECURITY: " (ALTER ROLE ... BYPASSRLS helps)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a snapshot is to hold, and how it is taken."""

    rules: SampleRules
    sanitise: SanitiseRules
    key: bytes = field(repr=False)  # of the masks and the fingerprints
    limits: ReadingLimits


def take(
    url: str,
    directory: Path,
    *,
    rules: SampleRules,
    sanitise: SanitiseRules,
    progress: Progress,
    limits: ReadingLimits = _DEFAULT_LIMITS,
) -> Snapshot:
    """Write a snapshot of a database into a directory that does not exist yet.

    The source is read in READ ONLY transactions that see one moment of it, with every timeout set. A
    standby that ends them for the sake of replication is asked again, three times in all. Raises SourceUnreachable,
    SourcePooled, TablesWithheld, NoTLS, DumpFailed, SourceFailed, SnapshotStopped, RecoveryConflict, ResidueFound,
    SearchFailed and what the rules and the archive raise; nothing half-written stays.
    """
    key = sanitise.key or secrets.token_bytes(32)
    settings = {**_WORDING, **masks.pads(key)}
    wish = _Wish(rules=rules, sanitise=sanitise, key=key, limits=limits)
    of_standby = None  # until the source has answered
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with archive.writing(directory) as writer:
                with moment(url, settings, limits) as seen:
                    of_standby = seen.is_of_standby
                    taken = _take(seen, url, writer, wish, progress)
                return _searched(taken, writer, wish, progress)  # production waits for none of that
        except (psycopg.Error, DumpFailed) as error:
            unknown = of_standby is None and attempt == _ATTEMPTS
            if unknown or not _may_be_recovery_conflict(error, of_standby=of_standby):
                if isinstance(error, DumpFailed):
                    raise
                raise SourceFailed(describe(url), redact(said(error), url)) from None
            why = "for the sake of replication" if of_standby else "before it said what it is"
            progress(f"the source ended attempt {attempt} of {_ATTEMPTS} {why}")
            time.sleep(_PAUSE)
    raise RecoveryConflict(describe(url), _ATTEMPTS)


def _may_be_recovery_conflict(error: Exception, *, of_standby: bool | None) -> bool:
    """Say whether a standby ended a query or a session: in READ ONLY transactions 40001 has no other cause.

    A session that is ended while it idles may be gone before its last words are read, and before it is known (None)
    whether the source is a standby.
    """
    if isinstance(error, psycopg.errors.SerializationFailure) or "conflict with recovery" in str(error):
        return True
    return of_standby is not False and isinstance(error, psycopg.OperationalError) and error.sqlstate is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What a snapshot will say of itself, and what must not be in it."""

    manifest: Manifest
    catalog: Catalog
    facts: Facts
    canaries: Canaries


def _searched(taken: _Taken, writer: Writer, wish: _Wish, progress: Progress) -> Snapshot:
    """Search for clear values what was written, and finish it."""
    progress("searching the snapshot for clear values")
    residue = scan(writer.making, taken.manifest, taken.catalog, taken.facts, taken.canaries, wish.key)
    manifest = replace(taken.manifest, notes=(*taken.manifest.notes, *residue))
    return writer.finish(manifest, taken.catalog, taken.facts)


def _take(seen: Moment, url: str, writer: Writer, wish: _Wish, progress: Progress) -> _Taken:
    connection = seen.lead
    check_readable(connection)
    found = relations.tables(connection)
    sampling.check_rules(connection, wish.rules, (table for table in found if table.kind == "r"))
    progress("reading facts of production")
    facts, notes = read_facts(connection, found)
    progress("dumping the schema")
    dump_schema(connection, url, seen.name, superuser=facts.connected_as_superuser, path=writer.schema_dump)
    described = catalog.read(connection, facts.server_major)
    progress("counting rows")
    facts = replace(facts, tables=count(seen, found, facts.tables))
    copied = _copy(seen, writer, [table for table in found if table.kind != "m"], facts, wish, progress)
    manifest = Manifest(
        format=FORMAT,
        tool_version=__version__,
        source=describe(url),
        taken_at=facts.taken_at,
        server_version=facts.server_version,
        heads={table.table: table.heads for table in facts.version_tables},
        catalog_fingerprint=described.fingerprint,
        sanitise_policy=wish.sanitise.unclassified,
        sanitise_digest=_digest(copied.treatments),
        samples=copied.samples,
        treatments=copied.treatments,
        coverage=copied.coverage,
        notes=(
            *notes,
            *_schema_only_notes(copied.samples),
            *copied.notes,
            *disclosures.of_columns(copied.treatments),
            *disclosures.of_schema(described),
        ),
    )
    return _Taken(manifest=manifest, catalog=described, facts=facts, canaries=copied.canaries)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copied:
    """What was copied, and how."""

    samples: tuple[TableSample, ...]
    treatments: tuple[ColumnTreatment, ...]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]
    canaries: Canaries


def _copy(seen: Moment, writer: Writer, tables: list[Table], facts: Facts, wish: _Wish, progress: Progress) -> _Copied:
    connection, rules, sanitise = seen.lead, wish.rules, wish.sanitise
    known = relations.relations(connection)
    columns = relations.columns(connection, sorted(known))
    keys = (*relations.foreign_keys(connection), *references.resolve(connection, rules, known, columns))
    classify.check_rules(sanitise, relations.identities(tables, columns))
    history = frozenset(found.table for found in facts.version_tables)
    joining = [key for key in keys if key.joins_columns]
    around = classify.surroundings(sanitise, joining, known, columns, history, labels.read(connection, columns))
    reasons = {table.oid: reason_to_skip(table, rules, history) for table in tables}
    copied = [table for table in tables if not reasons[table.oid]]
    progress("classifying columns")
    treated = _treated(seen, copied, columns, around)
    if sanitise.unclassified == "refuse":
        classify.refuse_unclassified(treatment.record for table in copied for treatment in treated[table.oid])
    sizes = sampling.Sizes.of(facts.tables)
    source = selection.Source(
        tables=tuple(copied),
        whole=sampling.whole_tables(copied, sizes, history, rules),
        relations=known,
        columns=columns,
        foreign_keys=keys,
        sizes=sizes,
        rules=rules,
    )
    selected = selection.select(connection, source, progress)
    empty: sampling.Chosen = {table.oid: set() for table in copied if table.identity in sizes.empty}
    ctids = {**selected.ctids, **empty}  # of an empty table nothing is asked
    progress("verifying the masks")
    verified = verifying.verify(seen, copied, subjects.tie(treated, joining), ctids, joining)
    wanted = [
        Wanted(
            number=number,
            table=table,
            treatments=verified.treated[table.oid],
            ctids=frozenset(ctids[table.oid]) if table.oid in ctids else None,
        )
        for number, table in enumerate(tables, start=1)
        if table.oid in treated
    ]
    canaries = collect(seen, wanted, progress)
    rows = copy_tables(seen, writer, wanted, Tally(_expected(wanted, facts), progress))
    samples = {each.table.oid: _sample(writer, each, rows[each.number], source.whole) for each in wanted}
    return _Copied(
        samples=tuple(samples.get(table.oid) or _without_data(table, reasons[table.oid]) for table in tables),
        treatments=tuple(treatment.record for each in wanted for treatment in each.treatments),
        coverage=selected.coverage,
        notes=(*selected.notes, *verified.notes),
        canaries=canaries,
    )


def _treated(
    seen: Moment, tables: Iterable[Table], columns: Mapping[int, tuple[Column, ...]], around: Surroundings
) -> dict[int, tuple[Treatment, ...]]:
    """Return what becomes of the columns of each table."""

    def treat(free: psycopg.Connection, table: Table) -> tuple[int, tuple[Treatment, ...]]:
        found = classify.treat(free, table, columns[table.oid], around)
        return table.oid, documents.keep_keys(free, table, found)

    return dict(seen.share(tables, treat))


def _expected(wanted: Iterable[Wanted], facts: Facts) -> int:
    """Return about how many rows will be copied."""
    known = {found.table: found.rows or 0 for found in facts.tables}
    return sum(known.get(each.table.identity, 0) if each.ctids is None else len(each.ctids) for each in wanted)


def _sample(writer: Writer, copied: Wanted, rows: int, whole: frozenset[int]) -> TableSample:
    name, _ = writer.data_file(copied.number)
    return TableSample(
        table=copied.table.identity,
        columns=tuple(_quoted(treatment.column.name) for treatment in copied.treatments),
        file=name,
        rows=rows,
        whole=copied.table.oid in whole,
    )


def _without_data(table: Table, reason: str) -> TableSample:
    return TableSample(table=table.identity, columns=(), file=None, rows=0, whole=False, reason=reason)


def _schema_only_notes(samples: Iterable[TableSample]) -> tuple[str, ...]:
    return tuple(
        f"{sample.table} came without data: {sample.reason}{_REMEDIES.get(sample.reason, '')}."
        for sample in samples
        if sample.file is None
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _digest(treatments: tuple[ColumnTreatment, ...]) -> str:
    """Return a digest of what was done to every column, whatever was found in it."""
    plain = sorted((treatment.table, treatment.column, treatment.mask) for treatment in treatments)
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()
