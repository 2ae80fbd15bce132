"""The stage is production's twin: pg_dump writes the same of both, and what differs is named.

Dumps of real databases are restored as well where REHEARSE_DUMPS names a directory of them (*.sql).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from test_catalog_witness import entries
from test_stage_embedded import rows_of, silent

from rehearse.db.connect import connect_stage
from rehearse.engine.binaries import Binaries, find_all
from rehearse.engine.server import Server, running
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take
from rehearse.stages.embedded import raise_stage
from rehearse.stages.errors import StageFailed

HERE = Path(__file__).parent
GIVEN = os.environ.get("REHEARSE_DUMPS")
REAL = sorted(Path(GIVEN).glob("*.sql")) if GIVEN else []
SCHEMAS = [HERE / "rich_schema.sql", HERE / "hostile_schema.sql", *REAL]
KEPT_AWAY = re.compile(
    r"^(CREATE|ALTER) (PUBLICATION|SERVER|USER MAPPING)|^COMMENT ON PUBLICATION|^CREATE USER MAPPING"
)
INHERITED_FIRST = (
    'Columns stand in another order on the stage, as pg_dump writes inherited ones first: "select".grandchild, '
    '"we.ird".child.'
)

RELIES_ON_PATH = """
CREATE TABLE names (name text CHECK (name <> ''));
INSERT INTO names VALUES ('a'), ('b');
CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE FUNCTION folded(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN fold($1); END';
ALTER TABLE names ADD COLUMN other text GENERATED ALWAYS AS (folded(name)) STORED, ADD CHECK (folded(name) <> '');
CREATE INDEX by_folded ON names (folded(name));
CREATE MATERIALIZED VIEW kept AS SELECT folded(name) FROM names;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """A database on a server of its own, and a snapshot of it."""

    server: Server
    snapshot: Snapshot


def binaries_of(major: int) -> Binaries:
    found = next((binaries for binaries in find_all() if binaries.major == major), None)
    if found is None:
        pytest.skip(f"PostgreSQL {major} is not installed here")
    return found


@contextmanager
def production(major: int, script: Path, directory: Path) -> Iterator[Production]:
    with running(binaries_of(major)) as server:
        with server.connect("template1") as connection:
            connection.execute("CREATE ROLE boss SUPERUSER LOGIN")
            connection.execute("CREATE DATABASE shop OWNER boss")
        psql = binaries_of(18).bin_dir / "psql"
        subprocess.run(
            [psql, "--quiet", "-v", "ON_ERROR_STOP=1", "--dbname", server.dsn("shop", user="boss"), "-f", script],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        taken = take(
            server.dsn("shop"),
            directory / "snapshot",
            rules=SampleRules(rows=1000),
            sanitise=SanitiseRules(),
            progress=silent,
        )
        yield Production(server=server, snapshot=taken)


def dumped(program: Path, dsn: str) -> list[str]:
    """Return what pg_dump writes, an entry each, in no order, without what no stage has."""
    done = subprocess.run([program, "--schema-only", "--dbname", dsn], check=True, capture_output=True, text=True)
    written = done.stdout.replace("rehearse_production", "rehearse")
    return [entry for entry in entries(written) if not KEPT_AWAY.search(entry)]


@pytest.mark.parametrize("script", SCHEMAS, ids=lambda path: path.stem)
@pytest.mark.parametrize("major", [18, 15])
def test_pg_dump_writes_the_same_of_production_and_of_its_stage(script: Path, major: int, tmp_path: Path):
    with production(major, script, tmp_path) as source:
        program = source.server.binaries.bin_dir / "pg_dump"
        wanted = dumped(program, source.server.dsn("shop"))
        with raise_stage(source.snapshot, silent) as raised:
            found = dumped(program, raised.before)

    assert found == wanted
    assert not [told for told in raised.stage.deviations if told.startswith("Not as in production")]


@pytest.mark.parametrize("script", SCHEMAS, ids=lambda path: path.stem)
def test_a_stage_of_a_newer_version_differs_in_wording_and_versions_only(script: Path, tmp_path: Path):
    with production(15, script, tmp_path) as source:
        pass
    with raise_stage(source.snapshot, silent, use="embedded") as raised:
        pass

    assert not [told for told in raised.stage.deviations if told.startswith("Not as in production")]


def test_the_order_of_inherited_columns_is_named_and_distorts_nothing(tmp_path: Path):
    with production(18, HERE / "hostile_schema.sql", tmp_path) as source:
        pass
    with raise_stage(source.snapshot, silent) as raised:
        pass

    assert INHERITED_FIRST in raised.stage.deviations
    assert not [touched for touched in raised.stage.touched if "child" in touched]


def test_what_no_stage_has_is_named_with_its_reason(tmp_path: Path):
    with production(18, HERE / "rich_schema.sql", tmp_path) as source:
        pass
    with raise_stage(source.snapshot, silent) as raised:
        pass

    assert {
        "The stage does without the publication news: nothing is replicated from a stage.",
        "The stage does without the user mapping PUBLIC on away: it holds passwords of other servers.",
        "The foreign server away points nowhere on the stage.",
    } <= set(raised.stage.deviations)
    assert {"news", "away"} <= set(raised.stage.touched)


def test_a_difference_that_nothing_explains_is_named_and_touched(tmp_path: Path):
    """As if somebody had altered production while pg_dump was on its way, or pg_restore had lost something."""
    with production(18, HERE / "rich_schema.sql", tmp_path) as source:
        pass
    lost = CatalogObject(
        kind="column", identity="shop.orders.lost", table="shop.orders", physical="1.9", attributes={"type": "text"}
    )
    base = source.snapshot.catalog
    altered = Catalog(
        objects=(
            lost,
            *(
                replace(found, attributes={**found.attributes, "owner": "nobody"})
                if found.identity == "shop.cache"
                else found
                for found in base.objects
            ),
        )
    )

    with raise_stage(replace(source.snapshot, catalog=altered), silent) as raised:
        pass

    assert [told for told in raised.stage.deviations if told.startswith("Not as in production")] == [
        "Not as in production: shop.orders: column lost text removed.",
        "Not as in production: shop.cache: table altered: owner nobody -> boss.",
    ]
    assert {"shop.orders.lost", "shop.cache"} <= set(raised.stage.touched)


def test_an_index_whose_function_relies_on_search_path_is_built_as_in_production(tmp_path: Path):
    script = tmp_path / "path.sql"
    script.write_text(RELIES_ON_PATH)
    with production(15, script, tmp_path) as source:
        pass

    with raise_stage(source.snapshot, silent) as same:
        built = rows_of(
            same.before,
            "SELECT to_regclass('public.by_folded')::text, relispopulated FROM pg_class WHERE relname = 'kept'",
        )
    with raise_stage(source.snapshot, silent, use="embedded") as newer:
        missing = rows_of(
            newer.before,
            "SELECT to_regclass('public.by_folded')::text, relispopulated FROM pg_class WHERE relname = 'kept'",
        )

    assert built == [("public.by_folded", True)]
    assert missing == [(None, False)]
    assert {"public.by_folded", "public.names", "public.kept"} <= set(newer.stage.touched)
    assert (
        "The stage does without public.by_folded: a function it calls relies on search_path, which PostgreSQL 18 does "
        "not use there (function fold(text) does not exist)."
    ) in newer.stage.deviations


def test_what_lies_in_tablespaces_lies_in_those_of_the_stage(tmp_path: Path):
    """A migration may name them; they have production's names, owners and privileges, and no place of their own."""
    script = tmp_path / "tablespaces.sql"
    script.write_text("""
        CREATE ROLE app; GRANT app TO boss; GRANT ALL ON SCHEMA public TO app;
        SET allow_in_place_tablespaces = on;
        CREATE TABLESPACE "fast & 'odd'" OWNER app LOCATION '';
        CREATE TABLESPACE slow LOCATION '';
        GRANT CREATE ON TABLESPACE slow TO app WITH GRANT OPTION;
        CREATE TABLE t (i int PRIMARY KEY USING INDEX TABLESPACE "fast & 'odd'") TABLESPACE slow;
        CREATE MATERIALIZED VIEW v TABLESPACE slow AS SELECT i FROM t;
        CREATE TABLE parted (i int) PARTITION BY LIST (i) TABLESPACE slow;
        ALTER TABLE t OWNER TO app; ALTER TABLE parted OWNER TO app; ALTER MATERIALIZED VIEW v OWNER TO app;
    """)
    with production(18, script, tmp_path) as source:
        program = source.server.binaries.bin_dir / "pg_dump"
        wanted = dumped(program, source.server.dsn("shop"))
    with raise_stage(source.snapshot, silent) as raised:
        found = dumped(program, raised.before)
        with connect_stage(raised.stage.address.url) as migration:
            migration.execute("CREATE TABLE public.more (i int) TABLESPACE slow")
        raised.reset()
        privileges = rows_of(
            raised.before, "SELECT spcname::text, spcacl::text FROM pg_tablespace WHERE oid > 16384 ORDER BY 1"
        )

    assert found == wanted
    assert {found.text("tablespace") for found in source.snapshot.catalog.objects} == {"", "slow", "fast & 'odd'"}
    assert not [told for told in raised.stage.deviations if told.startswith("Not as in production")]
    assert privileges == [("fast & 'odd'", None), ("slow", "{boss=C/boss,app=C*/boss}")]


def test_large_objects_are_missed_and_said_to_be(tmp_path: Path):
    script = tmp_path / "large.sql"
    script.write_text(
        "SELECT lo_from_bytea(4711, 'secret'); CREATE TABLE letters (body oid); INSERT INTO letters VALUES (4711)"
    )
    with production(18, script, tmp_path) as source:
        pass
    with raise_stage(source.snapshot, silent) as raised:
        pass

    assert source.snapshot.facts.large_objects == 1
    assert "The stage does without production's large objects, 1 of them." in raised.stage.deviations


def test_an_older_stage_that_cannot_restore_a_schema_names_the_version_to_use(tmp_path: Path):
    script = tmp_path / "newer.sql"
    script.write_text("CREATE TABLE t (id int NOT NULL, twice int GENERATED ALWAYS AS (id * 2) VIRTUAL)")
    with production(18, script, tmp_path) as source:
        pass

    with pytest.raises(StageFailed) as refused, raise_stage(source.snapshot, silent, bin_dir=binaries_of(15).bin_dir):
        pass

    assert "PostgreSQL 15 could not restore the schema of production's 18." in str(refused.value)
    assert "engine.bin_dir, with PostgreSQL 18 installed" in str(refused.value)


@pytest.mark.parametrize(
    ("major", "locale", "use", "sorted_by"),
    [
        (15, "LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kn'", "auto", None),
        (15, "LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kn'", "embedded", "de-u-kn of icu"),
        (18, "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'", "auto", None),
        (15, "LOCALE 'C.utf8'", "embedded", None),
    ],
)
def test_text_sorts_as_in_production_or_is_said_not_to(
    major: int, locale: str, use: str, sorted_by: str | None, tmp_path: Path
):
    asked = (
        "SELECT datcollate, datctype, datlocprovider::text, COALESCE(to_jsonb(d) ->> 'datlocale', "
        "to_jsonb(d) ->> 'daticulocale') FROM pg_database d WHERE datname = current_database()"
    )
    with running(binaries_of(major)) as server:
        with server.connect("template1") as connection:
            connection.execute(f"CREATE DATABASE shop TEMPLATE template0 ENCODING 'UTF8' {locale}")
        wanted = rows_of(server.dsn("shop"), asked)
        taken = take(
            server.dsn("shop"), tmp_path / "s", rules=SampleRules(rows=1), sanitise=SanitiseRules(), progress=silent
        )
    with raise_stage(taken, silent, use=use) as raised:
        found = rows_of(raised.before, asked)

    told = [sentence for sentence in raised.stage.deviations if "sorts by" in sentence]
    if sorted_by is None:
        assert (found, told) == (wanted, [])
    else:
        assert told == [
            f"Text sorts by code point on the stage, in production by {sorted_by}, a locale its server does not have."
        ]


def test_a_grant_to_a_role_that_only_the_newer_version_has_is_named(tmp_path: Path):
    script = tmp_path / "newer.sql"
    script.write_text("""
        SET allow_in_place_tablespaces = on;
        CREATE TABLESPACE slow LOCATION '';
        GRANT CREATE ON TABLESPACE slow TO pg_maintain, PUBLIC;
    """)
    with production(18, script, tmp_path) as source:
        pass

    with raise_stage(source.snapshot, silent, bin_dir=binaries_of(15).bin_dir) as raised:
        privileges = rows_of(raised.before, "SELECT spcacl::text FROM pg_tablespace WHERE spcname = 'slow'")

    assert privileges == [("{boss=C/boss,=C/boss}",)]
    assert (
        "Production grants pg_maintain=C/boss on the tablespace slow, to a role the stage lacks."
        in raised.stage.deviations
    )
