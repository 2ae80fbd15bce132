"""No clear value of the source leaves unnoticed: canaries are fingerprints, and every file is searched for them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from benchmarks import privacy
from stdnum import luhn

from rehearse.catalog import relations
from rehearse.catalog.relations import Column
from rehearse.db.connect import connect_source
from rehearse.engine.server import Server
from rehearse.model.reading import ReadingLimits
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import ColumnTreatment, Snapshot
from rehearse.sanitise import SanitiseRules, classify, masks, residue, treatments
from rehearse.sanitise.clear import Doubts, personal
from rehearse.sanitise.masks import Mask
from rehearse.sanitise.units import Fingerprints, units
from rehearse.snapshot import blocks, canaries, lookouts, scan, take
from rehearse.snapshot.copying import Wanted
from rehearse.snapshot.errors import ResidueFound
from rehearse.snapshot.moment import moment

KEY = b"0123456789abcdef0123456789abcdef"
SCHEMA = r"""
CREATE EXTENSION hstore;
CREATE TYPE pair AS (a text, b text);
CREATE TABLE people (
    id int PRIMARY KEY, name text, email text, phone text, note text, payload jsonb, raw json, tags text[],
    extra hstore, page text, anything pair, words tsvector, secret bytea, token uuid, account bigint, born date,
    kind text
);
INSERT INTO people
SELECT n, 'Zo' || n || E'\u00eblle Quimper', 'mail' || n || '@corp' || n || '.com', '+44 20 7946 0' || 100 + n,
       E'first line\nsecond C:\\temp\\new' || n || ' of "Quoted' || n || '"',
       jsonb_build_object('leaf' || n || 'key', jsonb_build_array('leaf' || n || 'value', E'tab\there' || n || 'x')),
       ('{"escaped": "a\nb' || n || 'cdefgh"}')::json, ARRAY['tag, one' || n, 'tagtwo' || n],
       hstore('hkey' || n || 'x', 'hvalue' || n), '<p>xml' || n || 'text</p>',
       ROW('pair' || n || 'left', 'right (' || n || ')')::pair, to_tsvector('simple', 'lexeme' || n || 'word'),
       convert_to('bytes' || n || 'inside', 'UTF8'), md5(n::text)::uuid, 9000000000 + n * 7919, date '1970-01-01' + n,
       'ordinary'
  FROM generate_series(1, 12) n;
ANALYZE;
"""


@pytest.fixture
def people(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute(SCHEMA)
    return server.dsn(database)


def snap(url: str, directory: Path, rules: SanitiseRules | None = None) -> Snapshot:
    rules = rules or SanitiseRules(key=KEY)
    return take(url, directory / "snapshot", rules=SampleRules(rows=100), sanitise=rules, progress=lambda _: None)


def collected(url: str, *, rows: int | None = None) -> residue.Canaries:
    """Return the canaries of public.people."""
    with moment(url, masks.pads(KEY), ReadingLimits()) as seen:
        connection = seen.lead
        table = next(found for found in relations.tables(connection) if found.identity == "public.people")
        columns = relations.columns(connection, [table.oid])
        around = classify.surroundings(SanitiseRules(), (), relations.relations(connection), columns, frozenset())
        treated = classify.treat(connection, table, columns[table.oid], around)
        ctids = None if rows is None else frozenset(f"(0,{line})" for line in range(1, rows + 1))
        wanted = Wanted(number=1, table=table, treatments=treated, ctids=ctids)
        return canaries.collect(seen, [wanted], lambda _: None)


def leaking(column: str) -> Mask:
    """Return a mask that changes nothing in one column, as a mask with a mistake would."""

    def masked(value: psycopg.sql.Composable, domain: str) -> psycopg.sql.Composable:
        if f'"{column}"' in value.as_string(None):
            return psycopg.sql.SQL("({})::pg_catalog.text").format(value)
        return masks.mask("text")(value, domain)

    return masked


@pytest.mark.parametrize(
    ("copied", "column"),
    [
        ("Zo3ëlle Quimper", "name"),
        ("Quimper Zo3ëlle", "name"),  # a part of it
        ("ZO3ëLLE", "name"),
        ("mail3@corp3.com", "email"),
        ("write to <mail3@corp3.com>, please", "email"),
        ("+44 20 7946 0103", "phone"),
        ("442079460103", "phone"),
        (r'first line\nsecond C:\\temp\\new3 of "Quoted3"', "note"),
        ("Quoted3", "note"),
        ("leaf3key", "payload"),
        ("leaf3value", "payload"),
        (r"tab\\there3x", "payload"),
        (r"a\nb3cdefgh", "raw"),
        ("tagtwo3", "tags"),
        ("hkey3x", "extra"),
        ("hvalue3", "extra"),
        ("xml3text", "page"),
        ("pair3left", "anything"),
        ("lexeme3word", "words"),
        (r"\\x6279746573 33 696e73696465".replace(" ", ""), "secret"),
        ("bytes3inside", "secret"),
        ("Ynl0ZXMzaW5zaWRl", "secret"),
        ("eccbc87e-4b5c-e2fe-2830-8fd9f2a7baf3", "token"),
        ("9000023757", "account"),
    ],
)
def test_a_clear_value_is_known_by_its_fingerprint_in_every_form(people: str, copied: str, column: str):
    found = collected(people)

    known = found.found.keys() & Fingerprints(residue.secret(KEY)).of(units([copied.encode()]))
    origins = {found.places[found.found[key][0]] for key in known}
    assert f"public.people.{column}" in origins


@pytest.mark.parametrize(
    "harmless",
    ["short", "1979-01-05", "1970-01-04", "20791201", "ordinary", "Quimper", "second", "12345678", "strange words"],
)
def test_short_common_and_dated_values_are_no_canaries(people: str, harmless: str):
    found = collected(people)

    assert found.found.keys().isdisjoint(Fingerprints(residue.secret(KEY)).of(units([harmless.encode()])))


def test_only_the_rows_that_are_taken_are_read(people: str):
    found = collected(people, rows=3)

    known = Fingerprints(residue.secret(KEY))
    assert known.of([b"mail3corp3com"])[0] in found.found
    assert known.of([b"mail4corp4com"])[0] not in found.found
    assert found.notes == ()


def test_what_production_is_asked_returns_fingerprints_only(people: str):
    with connect_source(people, settings=masks.pads(KEY)) as connection:
        table = next(found for found in relations.tables(connection) if found.identity == "public.people")
        columns = relations.columns(connection, [table.oid])[table.oid]
        asking = canaries.statement(table, columns, ["(0,1)"])
        rows = connection.execute(asking).fetchall()

    assert rows
    assert all(re.fullmatch(r"\[\d+, 8, \d+, \d+, \d+\]", str([number, len(found), *rest]))
               for number, found, *rest in rows)  # fmt: skip


def test_the_newest_server_and_an_older_one_agree(server15: Server, database15: str, people: str):
    with server15.connect(database15) as connection:
        connection.execute(SCHEMA)

    assert dict(collected(server15.dsn(database15)).found) == dict(collected(people).found)


def test_a_masked_snapshot_passes(people: str, tmp_path: Path):
    snapshot = snap(people, tmp_path)

    assert snapshot.directory.is_dir()


def mask_texts_by(monkeypatch: pytest.MonkeyPatch, mask: masks.Mask) -> None:
    """Let every text be masked by a mask of the test's own."""
    chosen = treatments.by_meaning

    def by_meaning(column: Column, meaning: str | None) -> tuple[str, masks.Mask] | None:
        return ("text", mask) if column.base == "text" else chosen(column, meaning)

    monkeypatch.setattr(treatments, "by_meaning", by_meaning)


@pytest.mark.parametrize("column", ["name", "email", "phone", "note"])
def test_a_column_that_leaves_unmasked_fails_the_snapshot_and_removes_it(
    people: str, tmp_path: Path, column: str, monkeypatch: pytest.MonkeyPatch
):

    mask_texts_by(monkeypatch, leaking(column))

    with pytest.raises(ResidueFound) as refused:
        snap(people, tmp_path)

    assert re.search(
        rf"data/\d+\.copy \(public\.people\.{column}\): \d+ clear values of public\.people", str(refused.value)
    )
    assert not re.search("quimper|corp|7946|quoted", str(refused.value), re.IGNORECASE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("worth_processes", [0, 1 << 30])
def test_one_row_that_leaves_unmasked_is_enough(
    people: str, tmp_path: Path, worth_processes: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lookouts, "_WORTH_IT", worth_processes)

    def once(value: psycopg.sql.Composable, domain: str) -> psycopg.sql.Composable:
        return psycopg.sql.SQL("CASE WHEN {} LIKE 'mail7@%' THEN {} ELSE {} END").format(
            value, value, masks.mask("text")(value, domain)
        )

    mask_texts_by(monkeypatch, once)

    with pytest.raises(ResidueFound, match=r"public\.people\.email"):
        snap(people, tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "written",
    [
        "COMMENT ON TABLE people IS 'ask mail5@corp5.com first'",
        "CREATE VIEW one AS SELECT id FROM people WHERE email = 'mail5@corp5.com'",
        "ALTER TABLE people ADD CHECK (kind <> 'Ynl0 leaf5value')",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'call +442079460105'::text $$",
    ],
)
def test_a_clear_value_in_the_schema_fails_the_snapshot(
    server: Server, database: str, people: str, tmp_path: Path, written: str
):
    with server.connect(database) as connection:
        connection.execute(written)

    with pytest.raises(ResidueFound, match=r"schema/schema\.dump: 1 clear values of public\.people"):
        snap(people, tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "written",
    [
        "COMMENT ON TABLE people IS 'one Quimper wanted the second line, mail6@example.com'",
        "ALTER TABLE people ALTER email SET DEFAULT 'mail5@corp5.com'",  # whoever has it took the default
        "CREATE TABLE leaf5value (id int)",  # an audit log names tables
    ],
)
def test_words_names_and_defaults_in_the_schema_do_not(
    server: Server, database: str, people: str, tmp_path: Path, written: str
):
    with server.connect(database) as connection:
        connection.execute(written)

    assert snap(people, tmp_path).directory.is_dir()


def test_what_a_column_that_is_kept_holds_too_is_no_canary(server: Server, database: str, people: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE parcels (number text, note text)")
        connection.execute(
            "INSERT INTO parcels SELECT 'ABC' || 10000000 + n, 'sent ABC' || 10000000 + n FROM generate_series(1, 9) n"
        )
        connection.execute("COMMENT ON TABLE parcels IS 'like ABC10000003, say'")

    kept = snap(people, tmp_path, SanitiseRules(key=KEY, columns={"public.parcels.number": "keep"}))
    assert kept.directory.is_dir()

    with pytest.raises(ResidueFound, match=r"schema\.dump: 1 clear values of public\.parcels\.\w+"):
        snap(people, tmp_path / "all masked")


def test_addresses_in_a_column_kept_by_configuration_stay_and_are_named(people: str, tmp_path: Path):
    rules = SanitiseRules(key=KEY, columns={"public.people.email": "keep"})

    snapshot = snap(people, tmp_path, rules)

    assert any("public.people.email is kept (configured)" in note for note in snapshot.manifest.notes)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([b"paid", b"open", b"me@example.com"], []),
        ([b"paid", b"zoe@acme.io"], [("e-mail addresses", 1)]),
        ([b"DE89370400440532013000", b"DE88370400440532013000"], [("account numbers (IBAN)", 1)]),
        ([b"AKIAIOSFODNN7EXAMPLE"], [("secrets", 1)]),
        ([str(10**15 * 4 + n).encode() for n in range(400)], []),  # numbers, one in ten with a check digit
        ([b"4111111111111111", *(f"42424242424242{n}".encode() for n in (42, 59, 67, 75, 83, 91))], []),
    ],
)
def test_clear_columns_are_judged_by_their_values(values: list[bytes], found: list[tuple[str, int]]):
    doubts = Doubts(ColumnTreatment(table="public.t", column="c", mask="code", reason="2 codes"))

    doubts.see(personal(values))

    assert list(doubts.certain()) == found


def test_card_numbers_among_plain_numbers_are_noticed():
    doubts = Doubts(ColumnTreatment(table="public.t", column="c", mask="keep", reason="number"))
    cards = [str(n).encode() for n in range(4 * 10**15, 4 * 10**15 + 400) if _luhn(str(n))]

    doubts.see(personal([*cards, b"4000000000000001"]))

    assert list(doubts.certain()) == [("card numbers", len(cards))]
    assert list(Doubts(replace(doubts.treatment, reason="surrogate key")).certain()) == []


def _luhn(number: str) -> bool:

    return bool(luhn.is_valid(number))


def test_a_row_beyond_reason_is_searched_in_pieces(
    server: Server, database: str, people: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):

    monkeypatch.setattr(scan, "_ROWS", 10)
    monkeypatch.setattr(blocks, "_LONGEST_LINE", 90)
    mask_texts_by(monkeypatch, leaking("note"))

    with pytest.raises(ResidueFound, match="clear values of public"):
        snap(people, tmp_path)


def test_masks_that_meet_by_chance_raise_no_alarm(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, name text, number text)")
        connection.execute(
            "INSERT INTO t SELECT n, substr(translate(md5(n::text), '0123456789', 'ghijklmnop'), 1, 6), "
            "lpad((n * 7919)::text, 9, '1') FROM generate_series(1, 20000) n"
        )
        connection.execute("ANALYZE")

    taken = take(
        server.dsn(database), tmp_path / "s", rules=SampleRules(rows=20000), sanitise=SanitiseRules(key=KEY),
        progress=lambda _: None,
    )  # fmt: skip

    assert any(
        "The residual scan knows clear values of a part of public.t only" in note for note in taken.manifest.notes
    )


def test_of_planted_values_nothing_leaves_in_any_form(server: Server, database: str, tmp_path: Path):
    searched = privacy.search(server, database, tmp_path, 50)

    assert searched.in_source >= 50
    assert set(searched.found) >= {"snapshot", "schema", "stage", "reports", "activity"}
    assert set(searched.found.values()) == {0}, searched
    assert searched.samples_of_activity > 0
    assert searched.same_key_same_pseudonyms
    assert searched.in_common_of_two_keys == 0
