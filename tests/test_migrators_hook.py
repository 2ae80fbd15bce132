"""The hook's own parts, which run in foreign interpreters."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from rehearse.migrators.hook.rehearse_hook.target import Target, parts_of, targets_of
from rehearse.migrators.process import output

MIGRATORS = Path(output.__file__).resolve().parent.parent
FOREIGN = sorted((*(MIGRATORS / "hook").rglob("*.py"), MIGRATORS / "process" / "launcher.py"))


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.name)
def test_what_runs_in_foreign_interpreters_is_python_38(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 8))

    assert tree.body


@pytest.mark.parametrize(
    ("dsn", "target"),
    [
        ("postgresql://me:secret@Prod.Example/shop", Target("prod.example", 5432, "shop")),
        ("postgres://me@[::1]:5433/shop", Target("localhost", 5433, "shop")),
        ("postgresql+asyncpg:///shop?host=127.0.0.1&port=6000", Target("localhost", 6000, "shop")),
        ("postgresql://h/shop?host=/nowhere/run", Target("/nowhere/run", 5432, "shop")),
        ("host=db port=5433 dbname='my shop' password='x y'", Target("db", 5433, "my shop")),
        ("service=prod", Target("", 0, "", "prod")),
        ("dbname=shop", Target("localhost", 5432, "shop")),
    ],
)
def test_a_dsn_is_read_as_libpq_reads_it(dsn: str, target: Target) -> None:
    assert targets_of(parts_of(dsn), {}) == (target,)


def test_every_host_of_several_counts() -> None:
    found = targets_of(parts_of("postgresql://a:1,b:2/shop"), {})

    assert found == (Target("a", 1, "shop"), Target("b", 2, "shop"))


def test_what_is_not_said_comes_from_the_environment() -> None:
    found = targets_of({"user": "me"}, {"PGHOST": "/nowhere/s", "PGPORT": "5433", "PGDATABASE": "stage"})

    assert found == (Target("/nowhere/s", 5433, "stage"),)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("Key (mail)=(me@x.org) already exists", "Key (mail)=(***) already exists"),
        ("[parameters: {'a': 'me@x.org'}]", "[parameters: ***]"),
        ("[SQL: INSERT INTO t VALUES ('me@x.org', 4711)]", "[SQL: INSERT INTO t VALUES ('***', ***)]"),
        ('invalid input syntax for type integer: "me"', 'invalid input syntax for type integer: "***"'),
        ('relation "orders" does not exist', 'relation "orders" does not exist'),
        ("ValueError: bad address 'me@x.org'", "ValueError: bad address '***'"),
        ("ModuleNotFoundError: No module named 'shop'", "ModuleNotFoundError: No module named 'shop'"),
        ("postgresql+psycopg2://me:secret@db/shop", "postgresql+psycopg2://me:***@db/shop"),
        ("password=geheim host=db", "password=*** host=db"),
        ("PGPASSWORD=geheim psql", "PGPASSWORD=*** psql"),
    ],
)
def test_values_and_passwords_are_not_shown(printed: str, shown: str) -> None:
    assert output.redacted(printed) == shown
