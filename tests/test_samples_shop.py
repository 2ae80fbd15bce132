"""The sample shop, migrated and filled for real: each pending revision does what it is there to show."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from rehearse.db.queries import SAMPLES
from rehearse.engine.server import Server

SHOP = SAMPLES / "shop"
PRODUCTION = (SHOP / "production-revision").read_text(encoding="utf-8").strip()
PENDING = ("0014", "0015", "0016", "0017", "0018", "0019")
OWNER = "shop"
TABLES = """
    SELECT c.oid::pg_catalog.regclass::text
      FROM pg_catalog.pg_class AS c
     WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind = 'r'
  ORDER BY 1
"""


@pytest.fixture(scope="module")
def production(server: Server) -> Iterator[str]:
    """The name of a database at the production revision, filled: a template, not to be changed."""
    with _fresh(server, "shop_production", template="template0") as name:
        _upgrade(server, name, PRODUCTION)
        _fill(server, name)
        yield name


@pytest.fixture
def shop(server: Server, production: str) -> Iterator[str]:
    """The name of a fresh copy of production."""
    with _fresh(server, "shop_copy", template=production) as name:
        yield name


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """The name of an empty database of the shop's own role."""
    with _fresh(server, "shop_empty", template="template0") as name:
        yield name


@contextmanager
def _fresh(server: Server, name: str, *, template: str) -> Iterator[str]:
    with server.connect() as connection:
        if connection.execute("SELECT FROM pg_catalog.pg_roles WHERE rolname = %s", [OWNER]).fetchone() is None:
            connection.execute(f"CREATE ROLE {OWNER} LOGIN")
        connection.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield name
    finally:
        with server.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _alembic(server: Server, database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    url = f"postgresql://{OWNER}@/{database}?host={quote(str(server.socket_dir))}&port={server.port}"
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=SHOP,
        env={**os.environ, "DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _fill(server: Server, database: str) -> None:
    psql = server.binaries.bin_dir / "psql"
    dsn = server.dsn(database, user=OWNER)
    script = SHOP / "production.sql"
    done = subprocess.run(
        [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, dsn],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _rows(server: Server, database: str, sql: str) -> list[tuple[object, ...]]:
    with server.connect(database) as connection:
        return connection.execute(sql).fetchall()


def _number(server: Server, database: str, sql: str) -> int:
    return int(str(_rows(server, database, sql)[0][0]))


def _files(server: Server, database: str, *relations: str) -> list[int]:
    return [_number(server, database, f"SELECT pg_catalog.pg_relation_filenode('{name}')") for name in relations]


def _upgrade(server: Server, database: str, revision: str) -> None:
    done = _alembic(server, database, "upgrade", revision)
    assert done.returncode == 0, done.stderr


def test_production_has_some_300_000_rows_and_tables_beyond_every_limit(server: Server, production: str):
    counts = {
        str(name): _number(server, production, f"SELECT count(*) FROM {name}")
        for (name,) in _rows(server, production, TABLES)
    }

    assert counts == {
        "addresses": 33_000,
        "alembic_version": 1,
        "categories": 40,
        "coupon_redemptions": 9_000,
        "coupons": 12_000,
        "customers": 30_000,
        "order_audit": 60,
        "order_items": 120_000,
        "orders": 60_000,
        "parcel_returns": 2_000,
        "payments_2023": 6_864,
        "payments_2024": 7_666,
        "payments_2025": 7_645,
        "payments_2026": 6_515,
        "payments_other": 50,
        "product_categories": 4_500,
        "products": 3_000,
        "reviews": 9_000,
    }


def test_production_has_been_analysed(server: Server, production: str):
    never = _rows(
        server,
        production,
        "SELECT c.relname FROM pg_catalog.pg_class AS c"
        " WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'm') AND c.reltuples < 0",
    )

    assert never == []


def test_the_same_rows_come_every_time(server: Server, production: str, empty: str):
    _upgrade(server, empty, PRODUCTION)
    _fill(server, empty)

    for table in ("customers", "orders", "order_items", "payments", "reviews", "coupons", "parcel_returns"):
        digest = f"SELECT pg_catalog.hashtext(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t"
        assert _rows(server, empty, digest) == _rows(server, production, digest), table


def test_an_empty_database_takes_every_revision_and_gives_each_one_back(server: Server, empty: str):
    _upgrade(server, empty, "head")

    done = _alembic(server, empty, "downgrade", "base")

    assert done.returncode == 0, done.stderr
    assert _rows(server, empty, TABLES) == [("alembic_version",)]


def test_the_applied_revisions_downgrade_with_rows_in_them(server: Server, shop: str):
    done = _alembic(server, shop, "downgrade", "base")

    assert done.returncode == 0, done.stderr
    assert _rows(server, shop, TABLES) == [("alembic_version",)]


def test_the_pending_revisions_apply_and_only_the_last_one_fails(server: Server, shop: str):
    done = _alembic(server, shop, "upgrade", "head")

    assert done.returncode == 1
    assert "psycopg.errors.UniqueViolation" in done.stderr
    assert 'could not create unique index "reviews_one_each"' in done.stderr
    assert _rows(server, shop, "SELECT version_num FROM alembic_version") == [("0018",)]


def test_the_pending_revisions_downgrade_again(server: Server, shop: str):
    _upgrade(server, shop, "0018")

    done = _alembic(server, shop, "downgrade", PRODUCTION)

    assert done.returncode == 0, done.stderr


def test_0014_leaves_the_orders_where_they_are(server: Server, shop: str):
    before = _files(server, shop, "orders")

    _upgrade(server, shop, "0014")

    assert _files(server, shop, "orders") == before


def test_0015_rewrites_every_order(server: Server, shop: str):
    _upgrade(server, shop, "0014")
    before = _files(server, shop, "orders")

    _upgrade(server, shop, "0015")

    assert _files(server, shop, "orders") != before
    assert _number(server, shop, "SELECT count(DISTINCT reference) FROM orders") == 60_000


def test_0016_leaves_a_valid_index(server: Server, shop: str):
    _upgrade(server, shop, "0016")

    valid = "SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = 'order_items_product_id'::regclass"
    assert _rows(server, shop, valid) == [(True,)]


def test_0017_rebuilds_the_expression_index_and_nothing_else(server: Server, shop: str):
    _upgrade(server, shop, "0016")
    kept, rebuilt = ("customers", "customers_pkey"), "customers_last_name"
    before, before_index = _files(server, shop, *kept), _files(server, shop, rebuilt)

    _upgrade(server, shop, "0017")

    assert _files(server, shop, *kept) == before
    assert _files(server, shop, rebuilt) != before_index


def test_0018_updates_most_customers_and_takes_redemptions_along_with_the_coupons(server: Server, shop: str):
    _upgrade(server, shop, "0018")

    assert _number(server, shop, "SELECT count(*) FROM customers WHERE loyalty_points > 0") == 28_943
    assert _number(server, shop, "SELECT count(*) FROM coupons") == 5_939
    assert _number(server, shop, "SELECT count(*) FROM coupon_redemptions") == 4_215


def test_any_thousand_reviews_hold_a_pair_that_0019_forbids(server: Server, production: str):
    for start in range(9):
        for sample in (f"id % 9 = {start}", f"id > {start * 1000} AND id <= {start * 1000 + 1000}"):
            repeated = f"""
                SELECT count(*) - count(DISTINCT (customer_id, product_id)) FROM reviews WHERE {sample}
            """
            assert _number(server, production, repeated) > 50, sample


def test_one_pending_revision_alone_forgets_the_lock_timeout():
    revisions = {path.name[:4]: path.read_text(encoding="utf-8") for path in _revisions()}

    silent = [number for number in PENDING if "lock_timeout = '2s'" not in revisions[number]]

    # 0016 needs none: CONCURRENTLY blocks nobody, and giving up half-way would leave an invalid index
    assert silent == ["0016", "0017"]


def test_no_lock_timeout_is_left_for_the_next_revision():
    # a SET without LOCAL would reach 0017 in the same session and hide what it forgot
    for path in _revisions():
        source = path.read_text(encoding="utf-8")
        assert source.count('"SET lock_timeout') == source.count('"RESET lock_timeout'), path.name


def _revisions() -> list[Path]:
    return sorted((SHOP / "migrations" / "versions").glob("*.py"))
