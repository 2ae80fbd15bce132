"""Take a snapshot of a source: one moment, read only, masked before it leaves."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from rehearse import __version__, archive, catalog
from rehearse.archive import Writer
from rehearse.catalog import relations
from rehearse.catalog.relations import Column, Table
from rehearse.db.connect import connect_source, describe, redact
from rehearse.db.queries import query
from rehearse.model.facts import Facts
from rehearse.model.sampling import SampleRules, TableRule
from rehearse.model.snapshot import FORMAT, ColumnCoverage, ColumnTreatment, Manifest, Snapshot, TableSample
from rehearse.protocols import Progress
from rehearse.sanitise import classify, masks, subjects
from rehearse.sanitise.rules import SanitiseRules
from rehearse.snapshot import edges, sampling, verifying
from rehearse.snapshot.copying import copy_rows
from rehearse.snapshot.dump import check_readable, dump_schema
from rehearse.snapshot.errors import SourceFailed
from rehearse.snapshot.facts import read_facts

# How values are written in COPY's text form must not depend on what the source's administrators prefer.
_WORDING = {
    "client_encoding": "UTF8",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
}
_ROW_SECURITY = "row security hides rows from this role"
_REMEDIES = {_ROW_SECURITY: " (ALTER ROLE ... BYPASSRLS helps)"}


def take(
    url: str,
    directory: Path,
    *,
    rows: int,
    sanitise: SanitiseRules,
    progress: Progress,
    tables: Mapping[str, TableRule] | None = None,
) -> Snapshot:
    """Write a snapshot of a database into a directory that does not exist yet.

    `rows` is kept of each larger table unless `tables` says otherwise, with the parents of every row. The source
    is read in one READ ONLY transaction with every timeout set. Raises SourceUnreachable, SourcePooled,
    TablesWithheld, NoTLS, DumpFailed, SourceFailed and what the rules and the archive raise; nothing half-written
    stays.
    """
    key = sanitise.key or secrets.token_bytes(32)
    with (
        archive.writing(directory) as writer,
        connect_source(url, settings={**_WORDING, **masks.pads(key)}) as connection,
    ):
        try:
            return _take(connection, url, writer, SampleRules(rows=rows, tables=tables or {}), sanitise, progress)
        except psycopg.Error as error:
            raise SourceFailed(describe(url), redact(str(error).strip(), url)) from None


def _take(
    connection: psycopg.Connection,
    url: str,
    writer: Writer,
    rules: SampleRules,
    sanitise: SanitiseRules,
    progress: Progress,
) -> Snapshot:
    check_readable(connection)
    found = relations.tables(connection)
    sampling.check_rules(connection, rules, (table for table in found if table.kind == "r"))
    progress("reading facts of production")
    facts, notes = read_facts(connection, found)
    progress("dumping the schema")
    row = connection.execute(query("snapshot/export").encode()).fetchone()
    assert row is not None
    dump_schema(connection, url, row[0], superuser=facts.connected_as_superuser, path=writer.schema_dump)
    described = catalog.read(connection, facts.server_major)
    copied = _copy(
        connection, writer, [table for table in found if table.kind != "m"], facts, rules, sanitise, progress
    )
    connection.rollback()
    manifest = Manifest(
        format=FORMAT,
        tool_version=__version__,
        source=describe(url),
        taken_at=facts.taken_at,
        server_version=facts.server_version,
        heads={table.table: table.heads for table in facts.version_tables},
        catalog_fingerprint=described.fingerprint,
        sanitise_policy=sanitise.unclassified,
        sanitise_digest=_digest(copied.treatments),
        samples=copied.samples,
        treatments=copied.treatments,
        coverage=copied.coverage,
        notes=(*notes, *_schema_only_notes(copied.samples), *copied.notes),
    )
    return writer.finish(manifest, described, facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copied:
    """What was copied, and how."""

    samples: tuple[TableSample, ...]
    treatments: tuple[ColumnTreatment, ...]
    coverage: tuple[ColumnCoverage, ...]
    notes: tuple[str, ...]


def _copy(
    connection: psycopg.Connection,
    writer: Writer,
    tables: list[Table],
    facts: Facts,
    rules: SampleRules,
    sanitise: SanitiseRules,
    progress: Progress,
) -> _Copied:
    known, keys = relations.relations(connection), relations.foreign_keys(connection)
    columns = relations.columns(connection, sorted(known))
    classify.check_rules(sanitise, _identities(tables, columns))
    history = frozenset(found.table for found in facts.version_tables)
    around = classify.surroundings(sanitise, keys, known, columns, history)
    reasons = {table.oid: _reason_to_skip(table, rules, history) for table in tables}
    copied = [table for table in tables if not reasons[table.oid]]
    progress("classifying columns")
    treated = {table.oid: classify.treat(connection, table, columns[table.oid], around) for table in copied}
    if sanitise.unclassified == "refuse":
        classify.refuse_unclassified(treatment for listed in treated.values() for treatment in listed)
    whole = sampling.whole_tables(copied, facts, rules)
    sampled = [table for table in copied if table.oid not in whole]
    sought = edges.seek_all(connection, sampled, columns, rules, progress)
    progress("choosing rows")
    chosen = sampling.choose(connection, sampled, whole, keys, known, facts, rules, sought.ctids)
    treated = subjects.tie(treated, keys)
    verified = verifying.verify(connection, copied, treated, chosen, keys)
    treated = verified.treated
    samples = []
    for number, table in enumerate(tables, start=1):
        progress(f"copying table {number} of {len(tables)}")
        if table.oid not in treated:
            samples.append(_without_data(table, reasons[table.oid]))
        else:
            samples.append(_sample(connection, writer, number, table, treated[table.oid], chosen.get(table.oid)))
    return _Copied(
        samples=tuple(samples),
        treatments=tuple(treatment.record for listed in treated.values() for treatment in listed),
        coverage=sought.coverage,
        notes=(*sought.notes, *verified.notes),
    )


def _sample(
    connection: psycopg.Connection,
    writer: Writer,
    number: int,
    table: Table,
    treated: tuple[classify.Treatment, ...],
    ctids: set[str] | None,
) -> TableSample:
    name, path = writer.data_file(number)
    return TableSample(
        table=table.identity,
        columns=tuple(_quoted(treatment.column.name) for treatment in treated),
        file=name,
        rows=copy_rows(connection, table, treated, ctids, path),
        whole=ctids is None,
    )


def _without_data(table: Table, reason: str) -> TableSample:
    return TableSample(table=table.identity, columns=(), file=None, rows=0, whole=False, reason=reason)


def _reason_to_skip(table: Table, rules: SampleRules, history: frozenset[str]) -> str:
    """Return why no row of the table is taken; no rule withholds what migrations have been applied."""
    if table.kind == "f":
        return "foreign table"
    if sampling.rule_of(table, rules).skip and table.identity not in history:
        return "[snapshot.tables] skips it"
    if not table.readable:
        return "no SELECT privilege"
    if table.absent:
        return "unlogged, and a standby has no rows of it"
    return _ROW_SECURITY if table.row_security else ""


def _schema_only_notes(samples: Iterable[TableSample]) -> tuple[str, ...]:
    return tuple(
        f"{sample.table} came without data: {sample.reason}{_REMEDIES.get(sample.reason, '')}."
        for sample in samples
        if sample.file is None
    )


def _identities(tables: Iterable[Table], columns: dict[int, tuple[Column, ...]]) -> frozenset[str]:
    return frozenset(
        f"{name}.{column.name}"
        for table in tables
        for name in (table.identity, table.whole_name)
        for column in columns[table.oid]
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _digest(treatments: tuple[ColumnTreatment, ...]) -> str:
    plain = [asdict(treatment) for treatment in treatments]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
