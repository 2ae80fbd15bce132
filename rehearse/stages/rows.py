"""Rows of a snapshot: put into the tables of a stage before anything but CHECKs could refuse them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from rehearse.db.queries import query
from rehearse.db.said import said
from rehearse.db.shares import share
from rehearse.model.facts import Facts
from rehearse.model.snapshot import Snapshot, TableSample
from rehearse.stages.deviation import Deviation
from rehearse.stages.errors import RowsMissing

_BLOCK = 1 << 18  # bytes handed to the server at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftedCheck:
    """A CHECK that masked rows break: dropped for the load, put back NOT VALID."""

    owner: str  # "TABLE public.orders" or "DOMAIN public.email"
    identity: str  # "public.orders.orders_check"
    name: str  # quoted
    definition: str
    comment: str | None

    @property
    def return_command(self) -> str:
        form = self.definition.removesuffix(" NOT VALID")
        return f"ALTER {self.owner} ADD CONSTRAINT {self.name} {form} NOT VALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """The rows of one table."""

    sample: TableSample
    path: Path

    def size(self) -> int:
        return self.path.stat().st_size


def load(connections: Sequence[psycopg.Connection], snapshot: Snapshot) -> tuple[Deviation, ...]:
    """COPY every file of the snapshot, the largest first; triggers and search_path are the caller's business.

    What all connections load at once is what is accepted as it is. The rest follows over the first one alone, as a
    CHECK that is lifted locks its table, all partitions of it and whatever has a column of its domain.
    Raises RowsMissing where a table ends up with fewer or more rows than the manifest says, StageFailed otherwise.
    """
    files = [
        _File(sample=sample, path=snapshot.directory / sample.file)
        for sample in snapshot.manifest.samples
        if sample.file is not None
    ]
    accepted = set(share(sorted(files, key=_File.size, reverse=True), connections, _accepted))
    return _load_lifting(connections[0], [file for file in files if file.sample.table not in accepted])


def set_sequences(connection: psycopg.Connection, facts: Facts) -> tuple[Deviation, ...]:
    """Put every sequence where production's stands."""
    missing = []
    for found in facts.sequences:
        row = connection.execute(query("stage/set_sequence"), {
            "sequence": found.sequence, "last_value": found.last_value, "is_called": found.is_called,
        }).fetchone()  # fmt: skip
        if row is None or row[0] is None:
            missing.append(found.sequence)
    return tuple(Deviation(sentence=f"The sequence {name} is not on the stage.", touched=(name,)) for name in missing)


def refresh_views(connection: psycopg.Connection, facts: Facts) -> tuple[Deviation, ...]:
    """Fill the materialised views that hold data in production, in the order they depend on each other."""
    found = []
    for view in facts.populated_views:
        try:
            connection.execute(f"REFRESH MATERIALIZED VIEW {view}")
        except psycopg.Error as error:
            found.append(
                Deviation(
                    sentence=f"The materialised view {view} is empty on the stage: {said(error)}", touched=(view,)
                )
            )
    return tuple(found)


def _accepted(connection: psycopg.Connection, file: _File) -> str | None:
    """Load a file; return its table, or nothing if its rows were refused."""
    try:
        _copy(connection, file)
    except psycopg.Error:  # a CHECK may also ask for rows of another table that are still to come, or are locked
        return None
    return file.sample.table


def _load_lifting(connection: psycopg.Connection, files: Sequence[_File]) -> tuple[Deviation, ...]:
    lifted: list[LiftedCheck] = []
    found: list[Deviation] = []
    for file in files:
        if not _exists(connection, file.sample.table):
            found.append(_absent(file.sample))
            continue
        try:
            _copy_lifting(connection, file, lifted)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            found.append(_unloadable(file.sample, error))
    return (*found, *_put_back(connection, lifted))


def _copy_lifting(connection: psycopg.Connection, file: _File, lifted: list[LiftedCheck]) -> None:
    while True:
        try:
            _copy(connection, file)
        except psycopg.errors.CheckViolation as error:
            fresh = tuple(_broken_checks(connection, error))
            if not fresh:  # a partition bound: it cannot be lifted
                raise
            for check in fresh:
                connection.execute(f"ALTER {check.owner} DROP CONSTRAINT {check.name}")
            lifted += fresh
        else:
            return


def _copy(connection: psycopg.Connection, file: _File) -> None:
    sample = file.sample
    columns = f" ({', '.join(sample.columns)})" if sample.columns else ""
    with connection.cursor() as cursor:
        with file.path.open("rb") as rows, cursor.copy(f"COPY {sample.table}{columns} FROM STDIN") as copy:
            while block := rows.read(_BLOCK):
                copy.write(block)
        if cursor.rowcount != sample.rows:
            raise RowsMissing(sample.table, sample.rows, cursor.rowcount)


def _broken_checks(connection: psycopg.Connection, error: psycopg.Error) -> Iterator[LiftedCheck]:
    """Find the constraint that was broken, where it was declared: on a parent table, or the domain."""
    where = {
        "schema": error.diag.schema_name,
        "table": error.diag.table_name,
        "domain": error.diag.datatype_name,
        "constraint": error.diag.constraint_name,
    }
    for owner, identity, name, definition, comment in connection.execute(
        query("stage/declared_check"), where
    ).fetchall():
        yield LiftedCheck(owner=owner, identity=identity, name=name, definition=definition, comment=comment)


def _put_back(connection: psycopg.Connection, lifted: list[LiftedCheck]) -> tuple[Deviation, ...]:
    found = []
    for check in lifted:
        connection.execute(check.return_command)
        if check.comment is not None:
            kind = "DOMAIN " if check.owner.startswith("DOMAIN ") else ""
            on = f"COMMENT ON CONSTRAINT {check.name} ON {kind}{check.owner.split(' ', 1)[1]}"
            connection.execute(sql.SQL("{} IS {}").format(sql.SQL(on), check.comment))
        sentence = f"Masked rows break {check.identity}: it is NOT VALID on the stage."
        found.append(Deviation(sentence=sentence, touched=(check.identity,)))
    return tuple(found)


def _exists(connection: psycopg.Connection, identity: str) -> bool:
    row = connection.execute(query("stage/relation"), {"identity": identity}).fetchone()
    return row is not None and row[0] is not None


def _absent(sample: TableSample) -> Deviation:
    return Deviation(sentence=f"The table {sample.table} is not on the stage, nor its rows.", touched=(sample.table,))


def _unloadable(sample: TableSample, error: psycopg.Error) -> Deviation:
    return Deviation(
        sentence=f"The table {sample.table} is empty on the stage: its masked rows were refused ({said(error)}).",
        touched=(sample.table,),
    )
