"""Keys of every shape keep joining, and what is not surely harmless stays behind."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from rehearse.engine.server import Server
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TABLE tenants (code text, id int, PRIMARY KEY (id, code)) PARTITION BY RANGE (id);
CREATE TABLE tenants_a PARTITION OF tenants FOR VALUES FROM (1) TO (51);
CREATE TABLE tenants_b PARTITION OF tenants DEFAULT;
CREATE TABLE seats (id int PRIMARY KEY, tenant_id int, tenant text, FOREIGN KEY (tenant_id, tenant) REFERENCES tenants);
CREATE TABLE days (day date PRIMARY KEY);
CREATE TABLE visits (id int PRIMARY KEY, came_on date NOT NULL REFERENCES days);
CREATE TABLE moods (mood mood PRIMARY KEY);
CREATE TABLE looks (id int PRIMARY KEY, mood mood NOT NULL REFERENCES moods, moods mood[] NOT NULL);
CREATE TABLE points (id int PRIMARY KEY, points int NOT NULL DEFAULT 0, customer_no bigint DEFAULT 0, dateofbirth date);
CREATE TABLE schema_migrations (whatever text);
INSERT INTO tenants SELECT 'tenant' || n, n FROM generate_series(1, 100) n;
INSERT INTO seats SELECT n, n % 100 + 1, 'tenant' || n % 100 + 1 FROM generate_series(1, 400) n;
INSERT INTO days SELECT date '2026-01-01' + n FROM generate_series(0, 299) n;
INSERT INTO visits SELECT n, date '2026-01-01' + n % 300 FROM generate_series(1, 600) n;
INSERT INTO moods VALUES ('calm'), ('cross');
INSERT INTO looks SELECT n, 'calm', ARRAY['calm', 'cross']::mood[] FROM generate_series(1, 60) n;
INSERT INTO points SELECT n, 7000 + n, 1000000 + n * 7919, date '1980-01-01' + n FROM generate_series(1, 90) n;
INSERT INTO schema_migrations VALUES ('Canary');
"""


def snap(server: Server, database: str, directory: Path, rules: SanitiseRules) -> Snapshot:
    with server.connect(database) as connection:
        connection.execute(SCHEMA)
    return take(
        server.dsn(database), directory / "s", rules=SampleRules(rows=100), sanitise=rules, progress=lambda _: None
    )


def column(snapshot: Snapshot, table: str, name: str) -> list[str]:
    sample = next(found for found in snapshot.manifest.samples if found.table == f"public.{table}")
    assert sample.file is not None
    place = sample.columns.index(f'"{name}"')
    return [line.split("\t")[place] for line in (snapshot.directory / sample.file).read_text().splitlines()]


def test_a_text_key_of_a_partitioned_table_still_joins(server: Server, database: str, tmp_path: Path):
    snapshot = snap(server, database, tmp_path, SanitiseRules())

    tenants = {*column(snapshot, "tenants_a", "code"), *column(snapshot, "tenants_b", "code")}
    assert set(column(snapshot, "seats", "tenant")) <= tenants
    assert not any(code.startswith("tenant") for code in tenants)


def test_keys_of_dates_and_enums_stay_clear(server: Server, database: str, tmp_path: Path):
    snapshot = snap(server, database, tmp_path, SanitiseRules())

    days = column(snapshot, "days", "day")
    assert all(day.startswith("2026-") for day in days)
    assert len(set(days)) == len(days)
    assert set(column(snapshot, "visits", "came_on")) <= set(days)
    assert column(snapshot, "moods", "mood") == ["calm", "cross"]


def test_identifiers_and_births_are_masked_whatever_their_default(server: Server, database: str, tmp_path: Path):
    snapshot = snap(server, database, tmp_path, SanitiseRules())

    assert {f"{1000000 + n * 7919}" for n in range(1, 91)}.isdisjoint(column(snapshot, "points", "customer_no"))
    born = {str(date(1980, 1, 1) + timedelta(days=n)) for n in range(1, 91)}
    masked = [value for value in column(snapshot, "points", "dateofbirth") if value[:10] not in born]
    assert len(masked) > 45
    assert sorted(column(snapshot, "points", "points")) == [str(7000 + n) for n in range(1, 91)]
    treated = {found.column: found.mask for found in snapshot.manifest.treatments if found.table == "public.points"}
    assert treated == {"id": "keep", "points": "keep", "customer_no": "number", "dateofbirth": "date"}


def test_masking_everything_masks_enums_and_numbers_with_a_default_too(server: Server, database: str, tmp_path: Path):
    snapshot = snap(server, database, tmp_path, SanitiseRules(unclassified="mask-all"))

    assert sorted(column(snapshot, "moods", "mood")) == ["calm", "cross"]
    assert len(set(column(snapshot, "looks", "mood"))) == 1
    treated = {f"{found.table}.{found.column}": found.mask for found in snapshot.manifest.treatments}
    assert treated["public.looks.mood"] == treated["public.looks.moods"] == treated["public.moods.mood"] == "label"
    assert treated["public.points.points"] == "number"
    assert treated["public.points.id"] == "keep"


def test_a_namesake_of_a_version_table_is_masked_like_any_other(server: Server, database: str, tmp_path: Path):
    snapshot = snap(server, database, tmp_path, SanitiseRules())

    assert column(snapshot, "schema_migrations", "whatever") != ["Canary"]
    assert snapshot.manifest.heads == {}


def test_secrets_of_applications_stay_out_of_the_facts(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute(f"ALTER DATABASE {database} SET app.jwt_secret = 'canary'")
        connection.execute(f"ALTER DATABASE {database} SET app.region = 'eu'")
        connection.execute(f"ALTER DATABASE {database} SET datestyle = 'SQL, DMY'")

    snapshot = snap(server, database, tmp_path, SanitiseRules())

    assert snapshot.facts.database_settings == {"app.region": "eu", "DateStyle": "SQL, DMY"}
    assert column(snapshot, "days", "day")[0].startswith("2026-")


def test_keys_of_documents_stay_where_twenty_rows_share_them(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE events (id int PRIMARY KEY, payload jsonb)")
        connection.execute("""
            INSERT INTO events
            SELECT n, jsonb_build_object('kind', jsonb_build_object('orderId', n), 'somebody' || n, true)
                   || CASE WHEN n <= 19 THEN '{"seldom": 1}' ELSE '{}' END::jsonb
              FROM generate_series(1, 40) n""")

    snapshot = take(
        server.dsn(database),
        tmp_path / "s",
        rules=SampleRules(rows=100),
        sanitise=SanitiseRules(),
        progress=lambda _: None,
    )

    data = (snapshot.directory / str(snapshot.manifest.samples[0].file)).read_text()
    assert data.count('"kind": {"orderId": ') == 40
    assert "somebody" not in data
    assert "seldom" not in data


def test_no_leaf_of_a_document_is_clear_whatever_its_key(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE people (id int PRIMARY KEY, payload jsonb, old json)")
        connection.execute("""
            INSERT INTO people
            SELECT n, p.payload, p.payload
              FROM generate_series(101, 140) n,
                   LATERAL (SELECT jsonb_build_object(
                       'email', 'anna' || n || '@acme.io', 'birthdate', date '1980-01-01' + n, 'birth_year', 1800 + n,
                       'salary', 51000.50 + n, 'ssn', 123456000 + n, 'active', true, 'id', n,
                       'home', jsonb_build_object('phones', jsonb_build_array('+49 151 23456' || n, 4915123456000 + n)),
                       'Anna' || n, null) AS payload) AS p""")

    snapshot = take(
        server.dsn(database),
        tmp_path / "s",
        rules=SampleRules(rows=100),
        sanitise=SanitiseRules(key=b"k" * 32),
        progress=lambda _: None,
    )

    clear = [
        {
            f"anna{n}@acme.io", str(date(1980, 1, 1) + timedelta(days=n)), 1800 + n, 51000.5 + n, 123456000 + n,
            f"+49 151 23456{n}", 4915123456000 + n,
        }
        for n in range(101, 141)
    ]  # fmt: skip
    for name in ("payload", "old"):
        masked = [json.loads(text) for text in column(snapshot, "people", name)]
        assert [found["active"] for found in masked] == [True] * 40
        assert [leaves(found) & known for found, known in zip(masked, clear, strict=True)] == [set()] * 40
        assert not [key for found in masked for key in found if key.startswith("Anna")]


def leaves(value: object) -> set[object]:
    """Return the strings and numbers of a document."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        return {value} if isinstance(value, str | int | float) else set()
    return {leaf for each in inner for leaf in leaves(each)}


def test_another_mask_is_taken_where_no_draw_keeps_a_constraint(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE parts (id int PRIMARY KEY, number text CHECK (number ~ '^[a-z]+-[0-9]+$'))")
        connection.execute("INSERT INTO parts SELECT n, 'abc-' || n FROM generate_series(100, 400) n")

    snapshot = take(
        server.dsn(database),
        tmp_path / "s",
        rules=SampleRules(rows=50),
        sanitise=SanitiseRules(columns={"public.parts.number": "secret"}),
        progress=lambda _: None,
    )

    (number,) = (found for found in snapshot.manifest.treatments if found.column == "number")
    assert (number.mask, number.reason) == ("text", "configured")
    assert all(re.fullmatch("[a-z]{3}-[0-9]{3}", value) for value in column(snapshot, "parts", "number"))
    assert not [note for note in snapshot.manifest.notes if "break" in note]


@pytest.mark.parametrize(("rows", "least"), [(20, 20), (1000, 120)], ids=["sampled", "whole"])
def test_bytes_of_no_encoding_are_taken_and_masked(
    server: Server, database: str, tmp_path: Path, rows: int, least: int
):
    bytes_ = f"{database}_bytes"
    with server.connect(database) as connection:
        connection.execute(
            f"CREATE DATABASE {bytes_} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    try:
        with server.connect(bytes_) as connection:
            connection.execute("CREATE TABLE people (id int PRIMARY KEY, name text, payload jsonb, seen bytea)")
            for bytes_of in (b"Zo\xeb", "Zoë".encode(), b"\xff\xfe", b"Zoe"):
                connection.execute(
                    "INSERT INTO people SELECT n + %s, convert_from(%s, 'SQL_ASCII') || n, '{\"name\": \"Zoe\"}', %s "
                    "FROM generate_series(1, 30) n",
                    [1000 * len(bytes_of) + bytes_of[-1], bytes_of, bytes_of],
                )
            connection.execute("ANALYZE")

        snapshot = take(
            server.dsn(bytes_),
            tmp_path / "s",
            rules=SampleRules(rows=rows),
            sanitise=SanitiseRules(),
            progress=lambda _: None,
        )
    finally:
        with server.connect(database) as connection:
            connection.execute(f"DROP DATABASE {bytes_} WITH (FORCE)")

    (sample,) = snapshot.manifest.samples
    data = (snapshot.directory / str(sample.file)).read_bytes()
    assert sample.rows >= least
    assert not [value for value in (b"Zo\xeb", "Zoë".encode(), b"\xff\xfe", b"Zoe") if value in data]
