"""The ground of the cases: a clone of the common tables as stage, and a production 100,000 times as large."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from rehearse import catalog
from rehearse.engine.server import Server
from rehearse.model.catalog import Catalog
from rehearse.model.facts import Facts, TableFacts
from rehearse.model.migration import Migration, StepRun
from rehearse.model.policy import Policy
from rehearse.model.report import Report
from rehearse.model.snapshot import FORMAT, ColumnTreatment, Manifest, Snapshot, TableSample
from rehearse.model.stage import Stage, StageAddress
from rehearse.model.timeline import Outcome
from rehearse.rehearsal.judgement import judged
from rehearse.rehearsal.playing import Occasion, play_on
from rehearse.stages.state import State, state
from truth.case import Case, Transaction

TABLES = (Path(__file__).parent / "tables.sql").read_text()
OWNER = "truth_owner"
STEP = "0001"
LARGER = 100_000  # times, in production
OCTETS = 100  # of a row
SMALL = ("public.countries",)
LOCK_TIMEOUT = "2s"
_number = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """A database as it is before a migration, and what is known of production's."""

    database: str
    snapshot: Snapshot
    state: State  # a clone has the same oids, so it need not be read again


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A stage that stands, beside the database it is a clone of."""

    stage: Stage
    before: str

    def reset(self) -> None:
        raise NotImplementedError("no case is rehearsed downwards")


@dataclass(slots=True, kw_only=True)
class Ground:
    """A server with the common tables, and what was set up on them so far."""

    server: Server
    admin: psycopg.Connection
    _made: dict[tuple[str, int], Production] = field(default_factory=dict)

    def play(self, case: Case, rows: int) -> Report:
        """Rehearse and judge one case on tables with so many rows, as a run does once its stage stands."""
        production = self._production(case.setup, rows)
        with self._clone(production.database) as database:
            stage = self._stage(database)
            now = datetime.now(UTC)
            rehearsal = play_on(
                Raised(stage=stage, before=self.server.dsn(production.database)),
                _masked(production.snapshot, case.masked),
                lambda stage: _migration(case, stage),
                before=production.state,
                inputs={},
                occasion=Occasion(started=now, progress=lambda _doing: None),
            )
        return judged(rehearsal, Policy(), now.date())

    def _production(self, setup: str, rows: int) -> Production:
        """Return the database with what a case needs beyond the common tables; kept until a case needs another."""
        if (setup, rows) not in self._made:
            original = self._production("", rows).database if setup else "template0"
            self._forget(made for made in tuple(self._made) if made != ("", rows))
            database = self._name()
            self._create(database, original)
            with self.server.connect(database) as admin:
                admin.execute(f"SET ROLE {OWNER}")
                admin.execute((setup or TABLES.replace("ROWS", str(rows))).encode())
                admin.execute("RESET ROLE")
                admin.execute("ANALYZE" if setup else "VACUUM ANALYZE")
                snapshot = _snapshot(admin, database)
            found = Production(database=database, snapshot=snapshot, state=state(self._stage(database)))
            self._made[setup, rows] = found
        return self._made[setup, rows]

    @contextmanager
    def copy(self, setup: str, rows: int) -> Iterator[psycopg.Connection]:
        """Yield a connection of the owner to a database as it is before a migration."""
        with (
            self._clone(self._production(setup, rows).database) as database,
            psycopg.connect(self._stage(database).address.url, autocommit=True) as connection,
        ):
            yield connection

    def drop(self) -> None:
        """Drop the databases that were made."""
        self._forget(tuple(self._made))

    def _forget(self, made: Iterable[tuple[str, int]]) -> None:
        for each in made:
            self.admin.execute(f"DROP DATABASE {self._made.pop(each).database} WITH (FORCE)")

    @contextmanager
    def _clone(self, original: str) -> Iterator[str]:
        database = self._name()
        self._create(database, original)
        try:
            yield database
        finally:
            self.admin.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def _create(self, database: str, original: str) -> None:
        self.admin.execute(f"CREATE DATABASE {database} OWNER {OWNER} TEMPLATE {original} STRATEGY FILE_COPY")

    def _name(self) -> str:
        return f"truth_{next(_number)}"

    def _stage(self, database: str) -> Stage:
        return Stage(
            provider="embedded",
            address=StageAddress(
                socket_dir=self.server.socket_dir, port=self.server.port, database=database, user=OWNER, token=""
            ),
            admin=self.server.dsn(database),
            log_file=self.server.log_file,
            server_version_num=self.admin.info.server_version,
            server_version=self.server.binaries.version,
        )


@contextmanager
def prepared(server: Server) -> Iterator[Ground]:
    """Yield the ground for cases on a server; leaving removes what was made there."""
    with server.connect("postgres") as admin:  # template1 is copied by others, which is refused while a session has it
        admin.execute(f"CREATE ROLE {OWNER} LOGIN")
        admin.execute(f"ALTER ROLE {OWNER} SET lock_timeout = '{LOCK_TIMEOUT}'")
        ground = Ground(server=server, admin=admin)
        try:
            yield ground
        finally:
            ground.drop()
            admin.execute(f"DROP ROLE {OWNER}")


def _snapshot(admin: psycopg.Connection, database: str) -> Snapshot:
    counts = catalog.count_rows(admin) | _views(admin)
    version = str(admin.info.parameter_status("server_version"))
    roots = dict(
        admin.execute(
            "SELECT c.oid::regclass::text, pg_partition_root(c.oid)::regclass::text FROM pg_class AS c "
            "WHERE c.relispartition AND c.relkind = 'r'"
        ).fetchall()
    )
    facts = Facts(
        taken_at=datetime.now(UTC),
        database=database,
        owner=OWNER,
        encoding="UTF8",
        collate="C",
        ctype="C",
        server_version_num=admin.info.server_version,
        server_version=version,
        connected_as_superuser=False,
        settings={},
        database_settings={},
        tables=tuple(_table_facts(table, rows, roots) for table, rows in counts.items() if not _is_root(table, roots)),
    )
    manifest = Manifest(
        format=FORMAT,
        tool_version="",
        source=database,
        taken_at=facts.taken_at,
        server_version=version,
        heads={},
        catalog_fingerprint="",
        sanitise_policy="mask",
        sanitise_digest="",
        samples=tuple(
            TableSample(table=table, columns=(), file=f"data/{table}.copy", rows=rows, whole=True)
            for table, rows in counts.items()
        ),
        treatments=(),
    )
    return Snapshot(directory=Path("/"), manifest=manifest, catalog=Catalog(objects=()), facts=facts)


def _masked(snapshot: Snapshot, columns: tuple[str, ...]) -> Snapshot:
    """Return the snapshot as one in which these columns are masked."""
    places = (f"public.{column}".rpartition(".") for column in columns)
    treatments = tuple(
        ColumnTreatment(table=table, column=column, mask="text", reason="unclassified") for table, _, column in places
    )
    return replace(snapshot, manifest=replace(snapshot.manifest, treatments=treatments))


def _views(admin: psycopg.Connection) -> dict[str, int]:
    """Return the rows of the materialised views, as ANALYZE has counted them."""
    found = admin.execute("SELECT 'public.' || relname, reltuples::int FROM pg_class WHERE relkind = 'm'")
    return dict(found.fetchall())


def _is_root(table: str, roots: Mapping[str, str]) -> bool:
    return table in {f"public.{root}" for root in roots.values()}


def _table_facts(table: str, rows: int, roots: Mapping[str, str]) -> TableFacts:
    production = rows if table in SMALL else rows * LARGER
    root = roots.get(table.removeprefix("public."))
    return TableFacts(
        table=table,
        rows=production,
        rows_exact=True,
        heap_bytes=production * OCTETS,
        index_bytes=production * OCTETS // 2,
        total_bytes=production * OCTETS * 3 // 2,
        root=f"public.{root}" if root else None,
    )


def _migration(case: Case, stage: Stage) -> Migration:
    """Play the transactions one after the other, until one fails."""
    started, failure = datetime.now(UTC), None
    with psycopg.connect(f"{stage.address.url}&application_name=rehearse:{STEP}", autocommit=True) as connection:
        try:
            for transaction in case.migration:
                _run(connection, transaction)
        except psycopg.Error as error:
            failure = error
    step = StepRun(
        id=STEP,
        title=case.name,
        source="case.sql",
        started=started,
        ended=datetime.now(UTC),
        outcome=Outcome.APPLIED if failure is None else Outcome.FAILED,
        error=None if failure is None else f"{type(failure).__name__}: {failure}",
        sqlstate=None if failure is None else failure.sqlstate,
    )
    return Migration(tool="sql", steps=(step,), exit_status=0 if failure is None else 3, output_tail="", observed=True)


def _run(connection: psycopg.Connection, transaction: str | Transaction) -> None:
    if isinstance(transaction, str):
        connection.execute(transaction.encode())
        return
    with connection.transaction():
        for statement in transaction:
            connection.execute(statement.encode())
