"""Classify the columns of a source without taking anything from it."""

from __future__ import annotations

import psycopg

from rehearse.catalog import heads, relations
from rehearse.db.connect import connect_source, describe, redact
from rehearse.model.snapshot import ColumnTreatment
from rehearse.protocols import Progress
from rehearse.sanitise import classify, labels
from rehearse.sanitise.proposal import in_order_of_need
from rehearse.sanitise.rules import SanitiseRules
from rehearse.snapshot.errors import SourceFailed


def classify_source(url: str, sanitise: SanitiseRules, progress: Progress) -> tuple[ColumnTreatment, ...]:
    """Return what a snapshot would do to every column, those first that need a decision; no row is copied.

    A column of a partitioned table is listed once. Raises SourceUnreachable, SourcePooled, SourceFailed, and what
    the rules raise.
    """
    with connect_source(url) as connection:
        try:
            return in_order_of_need(_classified(connection, sanitise, progress))
        except psycopg.Error as error:
            raise SourceFailed(describe(url), redact(str(error).strip(), url)) from None


def _classified(
    connection: psycopg.Connection, sanitise: SanitiseRules, progress: Progress
) -> tuple[ColumnTreatment, ...]:
    tables = [table for table in relations.tables(connection) if table.kind not in ("m", "f")]
    known = relations.relations(connection)
    columns = relations.columns(connection, sorted(known))
    classify.check_rules(sanitise, relations.identities(tables, columns))
    around = classify.surroundings(
        sanitise,
        relations.foreign_keys(connection),
        known,
        columns,
        frozenset(heads.read_heads(connection)),
        labels.read(connection, columns),
    )
    found: dict[str, ColumnTreatment] = {}
    for number, table in enumerate(tables, start=1):
        progress(f"classifying table {number} of {len(tables)}")
        for treatment in classify.treat(connection, table, columns[table.oid], around):
            record = classify.of_whole(treatment.record, table)
            found[record.identity] = _worse(found.get(record.identity), record)
    return tuple(found.values())


def _worse(one: ColumnTreatment | None, other: ColumnTreatment) -> ColumnTreatment:
    """Return of a column in two partitions the treatment that needs more of a decision."""
    return other if one is None else in_order_of_need((one, other))[0]
