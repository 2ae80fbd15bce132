"""What servers and their programs say is shown without the values of rows, and with the names of objects."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from rehearse.db.said import said
from rehearse.engine.server import Server
from rehearse.errors import RehearseError
from rehearse.migrators.process import output
from rehearse.model import wording
from rehearse.model.sampling import SampleRules, TableRule
from rehearse.sanitise import SanitiseRules
from rehearse.snapshot import take
from rehearse.snapshot.sampling import BadTableRule
from rehearse.stages.errors import StageFailed

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm');
CREATE DOMAIN short AS text CHECK (length(VALUE) < 3);
CREATE TABLE people (id int PRIMARY KEY, email text CONSTRAINT mails UNIQUE, born date NOT NULL DEFAULT now(),
    age smallint CONSTRAINT grown CHECK (age > 17), span int4range, EXCLUDE USING gist (span WITH &&));
CREATE TABLE pets (owner int CONSTRAINT owned REFERENCES people);
CREATE TABLE parts (id int) PARTITION BY LIST (id);
INSERT INTO people VALUES (1, 'secret@corp.com', now(), 20, '[1,5)'), (2, 'secret2@corp.com', now(), 20, '[6,9)');
INSERT INTO pets VALUES (1);
CREATE FUNCTION raise(said text, state text) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '%', said USING ERRCODE = state, DETAIL = said, HINT = said; END $$;
CREATE FUNCTION cast_it(v text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN v::int; END $$;
"""
# statement, SQLSTATE, what is shown
PROVOKED = (
    ("SELECT 'secret'::int", "22P02", 'invalid input syntax for type integer: "..."'),
    ("SELECT 'a: \"secret\" b'::int", "22P02", 'invalid input syntax for type integer: "..."'),
    ("SELECT cast_it('secret')", "22P02", 'invalid input syntax for type integer: "..."'),
    ("SELECT 'secret'::mood", "22P02", 'invalid input value for enum mood: "..."'),
    ("SELECT 'secret'::uuid", "22P02", 'invalid input syntax for type uuid: "..."'),
    ("SELECT '{secret'::jsonb", "22P02", "invalid input syntax for type json"),
    ("SELECT '{secret'::text[]", "22P02", 'malformed array literal: "..."'),
    ("SELECT 'secret'::int4range", "22P02", 'malformed range literal: "..."'),
    ("SELECT '99998888777'::int", "22003", 'value "..." is out of range for type integer'),
    ("SELECT 99998888777::int", "22003", "integer out of range"),
    ("SELECT '1e999'::float8", "22003", '"..." is out of range for type double precision'),
    ("SELECT 9998887.5::numeric(3,1)", "22003", "numeric field overflow"),
    ("SELECT '2026-13-45'::date", "22008", 'date/time field value out of range: "..."'),
    ("SELECT 'secret day'::date", "22007", 'invalid input syntax for type date: "..."'),
    ("SELECT to_date('secret', 'YYYY')", "22007", 'invalid value "..." for "YYYY"'),
    ("SELECT 'secret'::varchar(3)::char(2); SELECT 1/0", "22012", "division by zero"),
    ("CREATE TABLE v AS SELECT 1; CREATE TABLE w (a varchar(3)); INSERT INTO w VALUES ('secret')", "22001",
     "value too long for type character varying(3)"),
    ("SELECT convert_from('\\xff736563726574', 'UTF8')", "22021", 'invalid byte sequence for encoding "UTF8": 0x...'),
    ("SELECT convert('secreté€'::bytea, 'UTF8', 'LATIN1')", "22P05",
     'character with byte sequence 0x... in encoding "UTF8" has no equivalent in encoding "LATIN1"'),
    ("SELECT decode('secret', 'hex')", "22023", 'invalid hexadecimal digit: "..."'),
    ("SELECT '[9,1)'::int4range", "22000", "range lower bound must be less than or equal to range upper bound"),
    ("SELECT '\"secret\"'::jsonb::int", "22023", "cannot cast jsonb string to type integer"),
    ("SELECT now() AT TIME ZONE 'secret'", "22023", 'time zone "..." not recognized'),
    ("INSERT INTO people VALUES (3, 'secret@corp.com')", "23505",
     'duplicate key value violates unique constraint "mails"'),
    ("UPDATE people SET email = 'secret'; CREATE UNIQUE INDEX u ON people (email)", "23505",
     'duplicate key value violates unique constraint "mails"'),
    ("CREATE UNIQUE INDEX u ON people (age)", "23505", 'could not create unique index "u"'),
    ("INSERT INTO people VALUES (3, 'secret', NULL)", "23502",
     'null value in column "born" of relation "people" violates not-null constraint'),
    ("INSERT INTO people VALUES (3, 'secret', now(), 3)", "23514",
     'new row for relation "people" violates check constraint "grown"'),
    ("INSERT INTO people VALUES (3, 'secret', now(), 30, '[2,3)')", "23P01",
     'conflicting key value violates exclusion constraint "people_span_excl"'),
    ("INSERT INTO pets VALUES (4711)", "23503",
     'insert or update on table "pets" violates foreign key constraint "owned"'),
    ("DELETE FROM people", "23503",
     'update or delete on table "people" violates foreign key constraint "owned" on table "pets"'),
    ("INSERT INTO parts VALUES (4711)", "23514", 'no partition of relation "parts" found for row'),
    ("SELECT 'secret'::short", "23514", 'value for domain short violates check constraint "short_check"'),
    ("ALTER TABLE people ADD CONSTRAINT c CHECK (email <> 'secret@corp.com')", "23514",
     'check constraint "c" of relation "people" is violated by some row'),
    ("ALTER TABLE people ALTER email TYPE int USING email::int", "22P02",
     'invalid input syntax for type integer: "..."'),
    ("ALTER TABLE people ALTER email TYPE int", "42804", 'column "email" cannot be cast automatically to type integer'),
    ("SELECT raise('order of Jane Secret', 'P0001')", "P0001", "raise exception (SQLSTATE P0001)"),
    ("SELECT raise('order of Jane Secret', '22023')", "22023", "invalid parameter value (SQLSTATE 22023)"),
    ("SELECT raise('Jane Secret', '23505')", "23505", "unique violation (SQLSTATE 23505)"),
    ("SELECT nothing FROM people", "42703", 'column "nothing" does not exist'),
    ("SELECT * FROM nothing", "42P01", 'relation "nothing" does not exist'),
    ("SELEC 1", "42601", 'syntax error at or near "SELEC"'),
)  # fmt: skip


@pytest.fixture
def connection(server: Server, database: str) -> psycopg.Connection:
    opened = server.connect(database)
    opened.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    opened.execute(SCHEMA)
    return opened


@pytest.mark.parametrize(("statement", "state", "shown"), PROVOKED, ids=[f"{row[1]} {row[0][:40]}" for row in PROVOKED])
def test_a_refusal_keeps_its_names_and_loses_its_values(
    connection: psycopg.Connection, statement: str, state: str, shown: str
):
    with connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(statement.encode())

    assert (refused.value.sqlstate, said(refused.value)) == (state, shown)


@pytest.mark.parametrize(("statement", "state", "shown"), PROVOKED, ids=[f"{row[1]} {row[0][:40]}" for row in PROVOKED])
def test_the_whole_text_of_a_refusal_as_programs_print_it_holds_no_value(
    connection: psycopg.Connection, statement: str, state: str, shown: str
):
    with connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(statement.encode())

    printed = "".join(str(refused.value).splitlines(keepends=True))
    plain = [wording.without_values(f"ERROR:  {printed}"), output.redacted(f"psql:x.sql:1: ERROR:  {printed}")]
    raised_by_a_function = "raise(" in statement
    assert raised_by_a_function or not any(
        word in text.lower() for text in plain for word in ("secret", "4711", "9999")
    )


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ('ERROR:  bad\nCONTEXT:  COPY t, line 1, column c: "Jane"', "ERROR:  bad\nCONTEXT:  ..."),
        (
            'ERROR:  bad\nDETAIL:  Failing row contains (1, Jane\nDoe, x).\nnext: "a" line',
            'ERROR:  bad\nDETAIL:  ...\nnext: "..." line',
        ),
        ("new row\nDETAIL:  Key (a, b)=(x, (y)) already exists.", "new row\nDETAIL:  ..."),
        ('Key (mail)=(a (b) c) is not present in table "people"', 'Key (mail)=(...) is not present in table "people"'),
        ("HINT:  Jane.Doe@corp.com did it", "HINT:  ... did it"),
        ("LINE 1: SELECT 'Jane'::int\n               ^", "LINE 1: ...\n               ^"),
        ('relation "orders_2024" has 3 columns', 'relation "orders_2024" has 3 columns'),
        ('constraint "x" for type integer', 'constraint "x" for type integer'),
    ],
)
def test_every_part_of_a_text_loses_its_values(printed: str, shown: str):
    assert wording.without_values(printed) == shown


@pytest.mark.parametrize(
    ("primary", "state", "shown"),
    [
        ("doppelter Schlüsselwert verletzt Unique-Constraint »mails«", "23505", "a condition (SQLSTATE 23505)"),
        ("syntaxe en entrée invalide pour le type integer : « secret »", "22P02", "a condition (SQLSTATE 22P02)"),
        ("Relation »orders« existiert nicht", "42P01", "Relation »orders« existiert nicht"),
        ("division by zero", "22012", "division by zero"),
    ],
)
def test_in_another_language_only_conditions_are_sure(primary: str, state: str, shown: str):
    assert wording.message(primary, state, "a condition") == shown


def test_what_a_function_raised_keeps_the_words_of_the_project():
    text = "customer 4711 (\"Jane\") owes -12.50 since 2026-01-01, ask jane@corp.com about 'it'"

    assert wording.raised(text) == "customer ... (\"...\") owes ... since ... ask ... about '...'"


def test_the_output_of_a_migration_keeps_its_own_words():
    printed = (
        "INFO  Running upgrade 20240101 -> 20250101, add column\n"
        'psql:a.sql:3: ERROR:  invalid input syntax for type integer: "Jane"\nCONTEXT:  COPY t, line 7\n'
        "psycopg.errors.RaiseException: order of 'Jane' is bad\nsee https://docs.corp.com/20240101"
    )

    assert output.redacted(printed) == (
        "INFO  Running upgrade 20240101 -> 20250101, add column\n"
        'psql:a.sql:3: ERROR:  invalid input syntax for type integer: "***"\nCONTEXT:  ***\n'
        "psycopg.errors.RaiseException: order of '***' is bad\nsee https://docs.corp.com/20240101"
    )


def test_a_stage_that_fails_tells_no_values():
    failed = StageFailed("rows.", ["ERROR:  duplicate key", "DETAIL:  Key (mail)=(jane@corp.com) already exists."])

    assert isinstance(failed, RehearseError)
    assert "jane" not in str(failed)
    assert "duplicate key" in str(failed)


def test_a_condition_of_a_table_rule_is_refused_without_values(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as opened:
        opened.execute("CREATE TABLE people (email text)")

    with pytest.raises(BadTableRule) as refused:
        take(
            server.dsn(database),
            tmp_path / "s",
            rules=SampleRules(rows=10, tables={"public.people": TableRule(where="'secret'::int = 1")}),
            sanitise=SanitiseRules(),
            progress=lambda _: None,
        )

    assert 'invalid input syntax for type integer: "..."' in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_stage_without_room_asks_for_room_and_no_snapshot():
    failed = StageFailed("its server refused a command.", ["could not write to file: No space left on device"])

    assert "Free some space" in failed.hint
    assert "snapshot" not in failed.hint
