"""The databases of the benchmark: forty tables of a shop and one big one, equal at every run, and a copy that moved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from rehearse.engine.binaries import resolve
from rehearse.engine.server import Server, running

READER = "reader"
BIG = "big"
BIG_ROWS = 4_000_000
SMALL_ROWS = 1_000_000  # of the same table, to see whether memory grows with the rows
SMALL = "small_"  # the prefix of the databases that hold it
LEFT, RIGHT, MOVED = "left", "right", "moved"

_LEAST_SCALE = 0.01
_LEAST_ROWS, _MORE_ROWS = 27_500, 5_000  # 27,500 + 32,500 + ... + 222,500: forty tables, 5 M rows
_GAP = 1000  # one id in about a thousand is free, so that rows can be added in between
_SETTINGS = {
    "shared_buffers": "4GB",  # both databases stay cached, and no table is larger than a quarter of it
    "max_worker_processes": "8",
    "max_parallel_workers": "8",
    "max_parallel_workers_per_gather": "2",
    "max_wal_size": "8GB",
    "maintenance_work_mem": "512MB",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What tables of one kind look like: their columns, their key, the expressions that fill row g, their names."""

    columns: str
    key: tuple[str, ...]
    values: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    shape: Shape
    rows: int

    @property
    def key(self) -> tuple[str, ...]:
        return self.shape.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The ids of the big table whose rows are not the same in the moved database."""

    changed: frozenset[int]
    missing: frozenset[int]
    extra: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the databases are, and the psql to reach them with."""

    socket_dir: Path
    port: int
    psql: Path

    def url(self, database: str) -> str:
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{READER}@/{database}?host={host}&port={self.port}"


_DOCUMENT = Shape(
    columns="""id bigint, customer_id integer NOT NULL, status text NOT NULL, amount numeric(12,2) NOT NULL, note text,
        paid boolean NOT NULL, created_at timestamptz NOT NULL""",
    key=("id",),
    values=f"""g + g / {_GAP}, (g * 7919 % 250007)::integer,
        (ARRAY['open', 'packed', 'sent', 'delivered', 'returned'])[1 + g % 5], (g * 104729 % 9999991) / 100.0,
        CASE WHEN g % 11 > 0 THEN 'please ' || md5(g::text) END, g % 3 > 0,
        timestamptz '2021-01-01 00:00+00' + g * interval '37.5 seconds'""",
    tables=("orders", "invoices", "refunds", "shipments", "quotes", "subscriptions", "payments", "returns"),
)
_PERSON = Shape(
    columns="""id uuid, email text NOT NULL, full_name text NOT NULL, born date, active boolean NOT NULL,
        profile jsonb NOT NULL""",
    key=("id",),
    values="""md5('person ' || g)::uuid, 'p' || g || '@shop.example',
        initcap(translate(md5(g::text), '0123456789', ' ')),
        CASE WHEN g % 7 > 0 THEN date '1950-01-01' + (g * 31 % 20000)::integer END, g % 5 > 0,
        jsonb_build_object('lang', (ARRAY['en', 'de', 'fr'])[1 + g % 3], 'points', g % 1000)""",
    tables=("customers", "suppliers", "employees", "partners", "visitors", "members", "contacts", "drivers"),
)
_LINE = Shape(
    columns="""parent_id bigint, line integer, product_id integer NOT NULL, quantity smallint NOT NULL,
        price numeric(10,2) NOT NULL, gift boolean""",
    key=("parent_id", "line"),
    values="""g / 4, (1 + g % 4)::integer, (g * 6007 % 40009)::integer, (1 + g % 9)::smallint,
        (g * 7907 % 99991) / 100.0, CASE WHEN g % 13 > 0 THEN g % 2 = 0 END""",
    tables=(
        *("order_lines", "invoice_lines", "refund_lines", "shipment_lines"),
        *("quote_lines", "return_lines", "cart_lines", "stock_lines"),
    ),
)
_EVENT = Shape(
    columns="id bigint, kind text NOT NULL, day date NOT NULL, happened_at timestamptz NOT NULL, payload jsonb",
    key=("id",),
    values="""g, (ARRAY['seen', 'clicked', 'left', 'bought'])[1 + g % 4], date '2022-01-01' + (g % 1200)::integer,
        timestamptz '2022-01-01 00:00+00' + g * interval '11 seconds',
        CASE WHEN g % 3 > 0 THEN jsonb_build_object('page', g % 997, 'session', md5((g / 9)::text)) END""",
    tables=("logins", "searches", "page_views", "clicks", "mails", "alerts", "imports", "exports"),
)
_TEXT = Shape(
    columns="""id bigint, title text NOT NULL, body text NOT NULL, tags text[] NOT NULL, rating real,
        updated_at timestamp NOT NULL""",
    key=("id",),
    values="""g, 'About ' || (g % 5003), repeat(md5(g::text) || ' ', (1 + g % 8)::integer),
        ARRAY['t' || g % 17, 't' || g % 23], (g % 50) / 10.0,
        timestamp '2020-06-01 00:00' + g * interval '3 minutes'""",
    tables=("reviews", "articles", "questions", "answers", "messages", "tickets", "notes", "templates"),
)
_SHAPES = (_DOCUMENT, _PERSON, _LINE, _EVENT, _TEXT)
_CHANGES = (
    "customer_id = customer_id + 1",
    "status = 'lost'",
    "amount = amount + 0.01",
    "note = CASE WHEN note IS NULL THEN 'told later' END",
    "paid = NOT paid",
    "created_at = created_at + interval '1 microsecond'",
)


def tables(scale: float) -> tuple[Table, ...]:
    """Return the forty tables and the big one."""
    named = [(name, shape) for shape in _SHAPES for name in shape.tables]
    apart = [named[position * 7 % len(named)] for position in range(len(named))]  # no shape has all the large ones
    small = [
        Table(name=name, shape=shape, rows=int((_LEAST_ROWS + _MORE_ROWS * position) * scale))
        for position, (name, shape) in enumerate(apart)
    ]
    return *small, _big(int(BIG_ROWS * scale))


def moves(rows: int) -> Moves:
    """Return thirty changes, ten missing and ten extra rows, spread over the big table with that many rows."""
    touched = [_id(rows * (position + 1) // 41) for position in range(40)]
    free = [(_GAP + 1) * (1 + rows // _GAP * position // 7) - 1 for position in range(7)]
    missing = frozenset(touched[3::4])
    return Moves(
        changed=frozenset(touched) - missing,
        missing=missing,
        extra=frozenset([-7, *free, _id(rows) + 1, _id(rows) + 5000]),
    )


@contextlib.contextmanager
def loaded(scale: float, *, small: bool) -> Iterator[Place]:
    """Start a server with the databases: left, right, moved; where asked for also three with a smaller big table."""
    if scale < _LEAST_SCALE:
        raise SystemExit(f"The scale must be at least {_LEAST_SCALE}, or there is no room for fifty differences.")
    with running(resolve(None, use="embedded").binaries, settings=_SETTINGS) as server:
        place = Place(socket_dir=server.socket_dir, port=server.port, psql=server.binaries.bin_dir / "psql")
        with server.connect() as admin:
            admin.execute(f"CREATE ROLE {READER} LOGIN IN ROLE pg_read_all_data")
            _family(server, "", tables(scale))
            if small:
                _family(server, SMALL, (_big(int(SMALL_ROWS * scale)),))
            admin.execute("CHECKPOINT")
        yield place


def _family(server: Server, prefix: str, filled: tuple[Table, ...]) -> None:
    """Make the left database with these tables, the right one equal to it, the moved one with the differences."""
    left, right, moved = (f'"{prefix}{name}"' for name in (LEFT, RIGHT, MOVED))
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {left} TEMPLATE template0")
        with server.connect(prefix + LEFT) as connection:
            for table in filled:
                _fill(connection, table)
            connection.execute("VACUUM (FREEZE, ANALYZE)")
        for copy in (right, moved):
            admin.execute(f"CREATE DATABASE {copy} TEMPLATE {left} STRATEGY FILE_COPY")
        with server.connect(prefix + MOVED) as connection:
            _move(connection, moves(filled[-1].rows))


def _fill(connection: psycopg.Connection, table: Table) -> None:
    rows = f"SELECT {table.shape.values} FROM generate_series(1, {table.rows}::bigint) AS g"
    connection.execute(f"CREATE TABLE public.{table.name} ({table.shape.columns})")
    connection.execute(f"INSERT INTO public.{table.name} {rows}")
    connection.execute(f"ALTER TABLE public.{table.name} ADD PRIMARY KEY ({', '.join(table.key)})")


def _move(connection: psycopg.Connection, moved: Moves) -> None:
    changed = sorted(moved.changed)
    for position, change in enumerate(_CHANGES):
        ids = changed[position :: len(_CHANGES)]
        connection.execute(f"UPDATE public.{BIG} SET {change} WHERE id = ANY(%s)", [ids])
    connection.execute(f"DELETE FROM public.{BIG} WHERE id = ANY(%s)", [sorted(moved.missing)])
    connection.execute(
        f"""INSERT INTO public.{BIG} SELECT id, 1, 'open', 9.99, 'added', false, timestamptz '2024-05-05 05:05+00'
        FROM unnest(%s::bigint[]) AS id""",
        [sorted(moved.extra)],
    )
    connection.execute(f"VACUUM (FREEZE, ANALYZE) public.{BIG}")


def _big(rows: int) -> Table:
    return Table(name=BIG, shape=_DOCUMENT, rows=rows)


def _id(g: int) -> int:
    return g + g // _GAP
