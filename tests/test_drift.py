"""Whether two environments have the same schema: `rehearse drift`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tool import tool
from typer.testing import CliRunner, Result

from rehearse.cli import application
from rehearse.engine.server import Server
from rehearse.model.sampling import SampleRules
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take

SHOP = """
CREATE TABLE orders (id bigint PRIMARY KEY, note text, amount numeric(12,2) NOT NULL);
CREATE INDEX orders_note ON orders (note);
CREATE VIEW large AS SELECT id FROM orders WHERE amount > 100;
"""


@pytest.fixture
def pair(server: Server, database: str) -> Iterator[tuple[str, str]]:
    """The URLs of two databases with the same schema."""
    other = f"{database}_other"
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {other} TEMPLATE template0 STRATEGY FILE_COPY")
    for name in (database, other):
        with server.connect(name) as connection:
            connection.execute(SHOP)
    yield url(server, database), url(server, other)
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {other} WITH (FORCE)")


def url(server: Server, database: str) -> str:
    return f"postgresql://rehearse@/{database}?host={server.socket_dir}"


def altered(server: Server, pair: tuple[str, str], *statements: str) -> None:
    with server.connect(pair[1].partition("@/")[2].partition("?")[0]) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def drift(*arguments: str) -> Result:
    return CliRunner().invoke(application("drift"), ["drift", *arguments])


def test_equal_schemas_leave_with_zero(pair: tuple[str, str]):
    found = drift(*pair)

    assert (found.exit_code, found.stdout.splitlines()[0]) == (0, "EQUAL")
    assert re.search(r"have the same schema, of \d+ objects", " ".join(found.stdout.split()))


def test_what_differs_is_said_from_the_first_to_the_other(server: Server, pair: tuple[str, str]):
    altered(
        server,
        pair,
        "ALTER TABLE orders ALTER COLUMN amount DROP NOT NULL",
        "DROP INDEX orders_note",
        "ALTER TABLE orders DROP COLUMN note",
        "ALTER TABLE orders ADD COLUMN note text",
        "ALTER TABLE orders ADD COLUMN paid boolean",
        "GRANT SELECT ON orders TO pg_monitor",
    )

    found = drift(*pair)

    assert found.exit_code == 1
    lines = [line.strip() for line in found.stdout.splitlines()]
    assert "public.orders: column paid boolean added" in lines
    assert "public.orders: column amount altered: not null yes -> no" in lines
    assert "public.orders: index public.orders_note removed" in lines
    assert any("grant table public.orders to pg_monitor added" in line for line in lines)
    assert any("column order" in line for line in lines)
    assert re.search(r"5 objects of \d+ differ:", " ".join(found.stdout.split()))  # roles of the server are objects too


def test_rules_leave_out_what_may_differ_and_a_rule_for_nothing_is_named(server: Server, pair: tuple[str, str]):
    altered(server, pair, "DROP INDEX orders_note", "COMMENT ON TABLE orders IS 'sold'")

    found = drift(*pair, "--ignore", "index.public.orders_*", "--ignore", "comment.*", "--ignore", "rule.*")

    assert found.exit_code == 0
    assert "Ignored by rule: 2 objects that differ." in found.stdout
    assert 'The rule "rule.*" matches nothing that differs.' in found.stdout


def test_rules_of_the_configuration_hold(
    server: Server, pair: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    altered(server, pair, "DROP INDEX orders_note")
    (tmp_path / "rehearse.toml").write_text('[drift]\nignore = ["index.*"]\n')
    monkeypatch.chdir(tmp_path)

    assert drift(*pair).exit_code == 0


def test_a_snapshot_is_compared_with_what_came_after(server: Server, pair: tuple[str, str], tmp_path: Path):
    snapshot = take(
        pair[0], tmp_path / "s", rules=SampleRules(rows=10), sanitise=SanitiseRules(), progress=lambda _: None
    )

    assert drift(str(snapshot.directory), pair[1]).exit_code == 0
    altered(server, pair, "ALTER TABLE orders ADD COLUMN paid boolean")
    found = drift(str(snapshot.directory), pair[1], "--format", "json")

    assert found.exit_code == 1
    answer = json.loads(found.stdout)
    assert answer["status"] == "different"
    assert [(change["action"], change["kind"], change["object"], change["before"]) for change in answer["changes"]] == [
        ("added", "column", "public.orders.paid", None)
    ]


def test_a_side_that_cannot_be_read_is_never_equal(server: Server, pair: tuple[str, str]):
    found = drift(pair[0], url(server, "not_there"))

    assert found.exit_code == 3
    assert found.stdout.startswith("UNKNOWN")
    assert 'database "not_there" does not exist' in " ".join(found.stdout.split())


def test_an_older_server_is_compared_with_the_wording_told_apart(
    server: Server, pair: tuple[str, str], server15: Server, database15: str
):
    with server15.connect(database15) as connection:
        connection.execute(SHOP)

    found = drift(url(server15, database15), pair[0], "--format", "json")

    changes = json.loads(found.stdout)["changes"]
    assert [(change["kind"], change["object"], list(change["after"])) for change in changes] == [
        ("view", "public.large", ["definition"])
    ]
    told = " ".join(drift(url(server15, database15), pair[0]).stdout.split())
    assert "The servers' versions differ: each words views, rules and expressions in its own way." in told


REFUSED = {
    "nowhere": (2, 'There is no environment named "nowhere"'),
    "postgresql://[": (2, "neither a PostgreSQL URL"),
    "service=none_such": (3, 'definition of service "none_such" not found'),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_name_that_leads_nowhere_is_a_sentence(pair: tuple[str, str], name: str, tmp_path: Path):
    found = tool("drift", pair[0], name, cwd=tmp_path)

    code, sentence = REFUSED[name]
    assert found.returncode == code
    assert sentence in found.stdout + found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    ("statements", "old", "new"),
    [
        (["ALTER TABLE orders RENAME COLUMN amount TO price"], "public.orders.amount", "public.orders.price"),
        (["ALTER TABLE orders RENAME TO purchases"], "public.orders", "public.purchases"),
        (["ALTER INDEX orders_note RENAME TO by_note"], "public.orders_note", "public.by_note"),
        (
            ["ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO main"],
            "public.orders.orders_pkey",
            "public.orders.main",
        ),
        (["ALTER VIEW large RENAME TO big"], "public.large", "public.big"),
        (["ALTER TABLE orders DROP note", "ALTER TABLE orders ADD remark integer"], "public.orders.note", None),
        (
            ["ALTER TABLE orders DROP note", "ALTER TABLE orders ADD a text", "ALTER TABLE orders ADD b text"],
            "public.orders.note",
            None,
        ),
    ],
)
def test_what_may_be_a_rename_is_proposed(
    server: Server, pair: tuple[str, str], statements: list[str], old: str, new: str | None
):
    """Nothing proves it between two databases: one thing gone and one come that are alike are a hint."""
    altered(server, pair, *statements)

    changes = json.loads(drift(*pair, "--format", "json").stdout)["changes"]

    hints = {each["object"]: each["perhaps_renamed_to"] for each in changes if each["action"] == "removed"}
    assert hints[old] == new


def test_a_rename_that_is_proposed_is_said_last(server: Server, pair: tuple[str, str]):
    altered(server, pair, "DROP VIEW large", "ALTER TABLE orders RENAME TO purchases")

    told = [line.strip() for line in drift(*pair).stdout.splitlines() if "table removed" in line]

    assert told == ["public.orders: table removed with 3 columns, 1 constraint, perhaps renamed to public.purchases"]


def test_what_differs_is_counted_among_the_objects_of_both_sides(pair: tuple[str, str], server: Server):
    same = json.loads(drift(*pair, "--format", "json").stdout)
    altered(server, pair, "DROP VIEW large", "DROP TABLE orders", "CREATE TABLE people (name text)")

    found = json.loads(drift(*pair, "--format", "json").stdout)

    added = [change for change in found["changes"] if change["action"] == "added"]
    assert added
    assert found["objects"] == same["objects"] + len(added)
