"""Every mask keeps what its file says, whatever the value; what it makes of given values is a table."""

from __future__ import annotations

import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Composable, Literal

from rehearse.catalog import relations
from rehearse.db.connect import connect_source
from rehearse.engine.server import Server
from rehearse.model.sampling import SampleRules
from rehearse.sanitise import SanitiseRules, masks, treatments
from rehearse.snapshot import take

KEY = b"sixteen bytes or more of a key"
TEXTS = ("text", "letterwise", "fill", "name", "address", "digits", "phone", "email", "url", "iban", "card", "secret")
WORDS = {
    "null", "length", "characters", "equality", "folding", "uniqueness", "order", "magnitude", "validity", "nothing",
}  # fmt: skip
CASES = [
    # mask, type, value, what becomes of it
    ("keep", "text", "Anna", r"Anna"),
    ("hash", "text", "Anna", r"[0-9a-f]{4}"),
    ("secret", "text", "hunter2!", r"[0-9a-f]{8}"),
    ("text", "text", "Ab-12 é", r"[A-Z][a-z]-\d\d [^\x00-\x7f]"),
    ("text", "text", "", r""),
    ("text", "text", "Dear customer 4711, who are you", r"[A-Z][a-z]{3} [a-z]{8} \d{4}, [a-z]{3} [a-z]{3} [a-z]{3}"),
    ("letterwise", "text", "Ab-12", r"[A-Z][a-z]-\d\d"),
    ("fill", "text", "Ab-12 日本", r"[A-Z][a-z]-\d\d [^\x00-\x7f]{2}"),
    ("name", "text", "Anna-Lena O'Neil", r"[A-Z][a-z]{3}-[A-Z][a-z]{3} [A-Z]'[A-Z][a-z]{3}"),
    ("address", "text", "10 Downing St, SW1A 2AA", r"\d\d [A-Z][a-z]{6} [A-Z][a-z], [A-Z]{2}\d[A-Z] \d[A-Z]{2}"),
    ("digits", "text", "078-05-1120", r"\d{3}-\d\d-\d{4}"),
    ("phone", "text", "+49 (30) 901820", r"[+][1-9]\d \(\d\d\) \d{6}"),
    ("phone", "text", "0049 30 901820", r"00[1-9]\d \d\d \d{6}"),
    ("email", "text", "someone@example.org", r"[a-z][a-z0-9]+@[a-z][a-z0-9]+[.]test"),
    ("email", "text", "Someone@example.org", r"[A-Z][a-z0-9]+@[a-z][a-z0-9]+[.]test"),
    ("email", "text", "a@b.example", r"[a-z]@[a-z][.][a-z]{7}"),
    ("url", "text", "https://shop.example/a?b=%20c", r"https://[a-z]{4}[.][a-z]{7}/[a-z][?][a-z]=_\d\d[a-z]"),
    ("card", "text", "4111 1111 1111 1111", r"4\d{3} \d{4} \d{4} \d{4}"),
    ("card", "text", "378282246310005", r"3\d{14}"),
    ("iban", "text", "DE89 3704 0044 0532 0130 00", r"DE\d\d \d{4} \d{4} \d{4} \d{4} \d\d"),
    ("iban", "text", "GB29NWBK60161331926819", r"GB\d\d[A-Z]{4}\d{14}"),
    ("numeral", "text", "-12.50", r"-[1-9]\d[.]\d\d"),
    ("numeral", "text", "0.05", r"0[.]\d\d"),
    ("numeral", "text", "15e+300", r"1e[+]300"),
    ("number", "numeric", "-1234.50", r"-[1-9]\d{3}[.]\d\d"),
    ("number", "numeric", "0.05", r"0[.]\d\d"),
    ("number", "numeric", "NaN", r"NaN"),
    ("number", "integer", "-2147483648", r"-1\d{9}"),
    ("number", "bigint", "9223372036854775807", r"1\d{18}"),
    ("number", "double precision", "1.7976931348623157e+308", r"1e[+]308"),
    ("number", "double precision", "5e-324", r"9e-324"),
    ("number", "double precision", "-Infinity", r"-Infinity"),
    ("noise", "numeric", "1000.00", r"(?:[89]\d\d|1000)[.]\d\d"),
    ("geo", "numeric", "48.137154", r"-?\d\d?[.]\d{6}"),
    ("point", "point", "(11.5,48.1)", r"\(-?[0-9.]+,-?[0-9.]+\)"),
    ("date", "date", "1980-02-29", r"19(?:77|78|79|80)-\d\d-\d\d 00:00:00"),
    ("date", "date", "infinity", r"infinity"),
    ("date", "date", "0044-03-15 BC", r"0044-03-15 BC"),
    ("date", "timestamp with time zone", "2024-03-31 02:30:00+01", r"202[1-4]-\d\d-\d\d \d\d:30:00[+-]\d\d"),
    ("uuid", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", r"[0-9a-f]{12}4[0-9a-f]{3}b[0-9a-f]{15}"),
    ("bytea", "bytea", r"\x00ff10", r"\\x[0-9a-f]{6}"),
    ("bits", "bit varying", "10110", r"[01]{5}"),
    ("inet", "inet", "192.168.7.9/24", r"10[.]\d+[.]\d+[.]\d+/24"),
    ("inet", "inet", "2001:db8::1", r"fd[0-9a-f:]+/128"),
    ("cidr", "cidr", "192.168.0.0/16", r"10[.]\d+[.]0[.]0/16"),
    ("macaddr", "macaddr", "08:00:2b:01:02:03", r"02[0-9a-f]{10}"),
    ("json", "jsonb", '{"user_id": 7, "ann@example.org": ["Zoë", true, null, -1.5]}',
     (r'[{]"[a-z]{4}_[a-z]{2}": \d, "[a-z]{3}@[a-z]{7}[.][a-z]{3}": '
     r'\["[A-Z][a-z][^\x00-\x7f]", true, null, -\d[.]\d\][}]')),
    ("json", "json", r'"line\nbreak \"quoted\" A"', r'"[a-z]{4}\\n[a-z]{5} \\"[a-z]{6}\\" [A-Z?]"'),
    ("json", "jsonb", r'"C:\\u0041bc"', r'"[A-Z]:/[a-z]\d{4}[a-z]{2}"'),
    ("xml", "xml", '<a href="x"><!--c--><b>Text &amp; so</b></a>',
     r'<a href="[a-z]"><b>[A-Z][a-z]{3} _[a-z]{3}; [a-z]{2}</b></a>'),
    ("xml", "xml", """<p:a xmlns:p='urn:b' p:who = 'Ann "A" > B'/>""",
     r'<p:a xmlns:p="[a-z]{3}:[a-z]" p:who="[A-Z][a-z]{2} _[A-Z]_ _ [A-Z]"/>'),
    ("tsvector", "tsvector", "'word':1", r""),
    ("array", "text[]", "{Anna,NULL,b}", r"[{][A-Z][a-z]{3},NULL,[a-z][}]"),
    ("array", "text[]", "{{a,b},{c,d}}", r"[{][{][a-z],[a-z][}],[{][a-z],[a-z][}][}]"),
    ("range", "daterange", "[2024-01-01,2024-01-31)", r"\[\"?202[1-3]-\d\d-\d\d\"?,\"?202[1-4]-\d\d-\d\d\"?\)"),
    ("constant", "boolean", "true", r"false"),
]  # fmt: skip
ANY_TEXT = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]))
LOOKED_UP = {"constant", "range", "number"}  # masks that a type adds something to


def filled(name: str, type_: str, value: Composable) -> Composable:
    """Return the mask of a value as a column of the type would have it."""
    if name == "array":
        return masks.mask("array", {"element": masks.mask("text")})(value, "d")
    if name in LOOKED_UP:
        category = "range" if type_.endswith("range") else "base"
        column = relations.Column(
            relation=1, number=1, name="c", type=type_, base=type_, category=category, typmod=-1, not_null=False,
            never_null=False, generated=False, drawn_from_sequence=False, element=None, element_is_enum=False,
            in_primary_key=False,
        )  # fmt: skip
        found = treatments.by_name(name, column)
        assert found is not None
        return found[1](value, "d")
    return masks.mask(name)(value, "d")


def ask(connection: psycopg.Connection, name: str, type_: str, *values: str | None) -> list[str | None]:
    """Mask values, given and returned as text, in one statement."""
    asking = SQL("SELECT {} FROM (SELECT u.v::{} AS v, u.i FROM unnest({}::text[]) WITH ORDINALITY AS u (v, i)) AS t "
                 "ORDER BY t.i").format(filled(name, type_, SQL("t.v")), SQL(type_), Literal(list(values)))  # fmt: skip
    with connection.transaction():  # what fails leaves the connection as it was
        return [None if found is None else str(found) for (found,) in connection.execute(asking)]


@contextmanager
def reading(server: Server, database: str = "postgres") -> Iterator[psycopg.Connection]:
    wording = {"client_encoding": "UTF8", "datestyle": "ISO", "timezone": "Europe/Berlin"}
    with connect_source(server.dsn(database), settings={**masks.pads(KEY), **wording}) as connection:
        yield connection


@pytest.fixture(scope="module", params=["server", "server15"])
def source(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    with reading(request.getfixturevalue(request.param)) as connection:
        yield connection


@pytest.mark.parametrize(("name", "type_", "value", "expected"), CASES, ids=[f"{c[0]}-{c[2][:24]}" for c in CASES])
def test_a_value_becomes_what_its_mask_says(
    source: psycopg.Connection, name: str, type_: str, value: str, expected: str
):
    try:
        with source.transaction():
            (masked,) = ask(source, name, type_, value)
            nothing = ask(source, name, type_, None)
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this server was built without XML")

    assert re.fullmatch(expected, masked or ""), masked
    assert nothing == [None]


def test_a_hash_is_hmac_sha_256_of_domain_and_value(source: psycopg.Connection):
    value = "Zoë, at least as many characters as there are hexadecimal digits in a whole one"

    (masked,) = ask(source, "hash", "text", value)

    assert masked == hmac.new(KEY, f"d|{value}".encode(), "sha256").hexdigest()


def test_every_mask_says_in_known_words_what_it_keeps_and_has_a_case():
    known = masks.templates()

    assert {word for template in known.values() for word in template.keeps} <= WORDS
    assert set(known) - {case[0] for case in CASES} == {
        "null",
        "label",
        "composite",
        "hstore",
    }  # with types of their own
    defaults = [type_ for found in known.values() if treatments.DEFAULT in found.meanings for type_ in found.types]
    assert len(defaults) == len(set(defaults)), "each type has one mask by default"


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80),
        st.from_regex(r"[A-Za-z0-9 @.+_%-]{0,70}", fullmatch=True),
        st.emails(), st.from_regex(r"[+]?[0-9 ]{3,20}", fullmatch=True), st.just("é" * 1500),
    ), min_size=2, max_size=12, unique=True))  # fmt: skip
def test_a_text_keeps_what_its_mask_declares(source: psycopg.Connection, name: str, values: list[str]):
    keeps = masks.templates()[name].keeps

    masked = ask(source, name, "text", *values)

    assert None not in masked
    assert masked == ask(source, name, "text", *values)
    if "length" in keeps:
        assert [len(str(found)) for found in masked] == [len(value) for value in values]
    if "characters" in keeps:
        assert [shape(str(found)) for found in masked] == [shape(value) for value in values]
    if name in ("text", "letterwise", "digits"):
        assert len(set(masked)) == len([*values])


def shape(text: str) -> str:
    """Return the class of every character, of those beyond ASCII the number of their bytes."""
    classes = ((r"[A-Z]", "A"), (r"[a-z]", "a"), (r"[0-9]", "0"))
    ascii_only = "".join(c if c.isascii() else "éẽ😀"[len(c.encode()) - 2] for c in text)
    for pattern, word in classes:
        ascii_only = re.sub(pattern, word, ascii_only)
    return ascii_only


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.from_regex(r"[a-zA-Z0-9. -]{1,40}", fullmatch=True))
def test_what_differs_by_case_only_still_does(source: psycopg.Connection, text: str):
    for name in ("text", "fill"):
        mixed, small = ask(source, name, "text", text, text.lower())

        assert str(mixed).lower() == small


@pytest.mark.parametrize(
    ("name", "type_", "values"),
    [
        ("number", "numeric", st.decimals(-(10**30), 10**30).map(str) | st.sampled_from(["NaN", "-Infinity"])),
        ("number", "integer", st.integers(-(2**31), 2**31 - 1).map(str)),
        ("number", "double precision", st.floats(allow_subnormal=True).map(str)),
        ("noise", "double precision", st.floats(-1e200, 1e200).map(str)),
        ("date", "date", st.one_of(st.dates().map(str), st.sampled_from(["4713-01-01 BC", "5874897-12-31"]))),
        ("date", "timestamp with time zone", st.datetimes().map(str)),
        ("inet", "inet", st.ip_addresses().map(str)),
        ("uuid", "uuid", st.uuids().map(str)),
        ("json", "jsonb", st.recursive(
            st.none() | st.booleans() | st.floats(-1e300, 1e300) | ANY_TEXT,
            lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
        ).map(json.dumps)),
    ],
)  # fmt: skip
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_a_mask_returns_is_a_value_of_the_type(
    source: psycopg.Connection, name: str, type_: str, values: st.SearchStrategy[str], data: st.DataObject
):
    value = data.draw(values)

    (masked,) = ask(source, name, type_, value)

    assert source.execute(SQL("SELECT {}::text::{} IS NOT NULL").format(Literal(masked), SQL(type_))).fetchone() == (
        True,
    )


@pytest.mark.parametrize("value", ["4111111111111111", "5500 0000 0000 0004", "6304000000000000", "378282246310005"])
def test_a_card_number_has_its_check_digit(source: psycopg.Connection, value: str):
    (masked,) = ask(source, "card", "text", value)

    digits = [int(digit) for digit in re.sub(r"\D", "", str(masked))][::-1]
    assert sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


@pytest.mark.parametrize("value", ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947"])
def test_an_iban_has_its_check_digits(source: psycopg.Connection, value: str):
    (masked,) = ask(source, "iban", "text", value)

    plain = str(masked).replace(" ", "")
    assert int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_other_encodings_break_no_mask(server: Server, encoding: str):
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE masks_{encoding} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    value = {"LATIN1": "Zoë Müller", "SQL_ASCII": "Zo Muller", "EUC_JP": "日本 Muller"}[encoding]

    with reading(server, f"masks_{encoding.lower()}") as source:
        masked = {name: ask(source, name, "text", value, value * 9) for name in TEXTS}

    assert all(len(str(found)) == len(value) * (1, 9)[place] for pair in masked.values()
               for place, found in enumerate(pair))  # fmt: skip
    assert value not in str(masked)


def test_the_key_shows_nowhere(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE people AS SELECT n AS id, 'p' || n || '@example.org' AS email "
                           "FROM generate_series(1, 3000) n")  # fmt: skip
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0", "log_parameter_max_length = -1"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    pads, seen, done = masks.pads(KEY), [""], threading.Event()

    def watch() -> None:
        with server.connect(database) as watching:
            while not done.wait(0.005):
                seen.append(str(watching.execute("SELECT * FROM pg_stat_activity").fetchall()))
                seen.extend(map(told, Path("/proc").glob("[0-9]*/cmdline")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    take(
        server.dsn(database),
        tmp_path / "s",
        rules=SampleRules(rows=100),
        sanitise=SanitiseRules(key=KEY),
        progress=lambda _: None,
    )
    done.set()
    watcher.join()

    with server.connect() as connection:
        connection.execute("ALTER SYSTEM RESET ALL")
        connection.execute("SELECT pg_reload_conf()")
    everything = "".join(seen) + server.log_file.read_text(errors="replace")
    assert "current_setting" in everything  # the masks were seen at work
    assert "pg_dump" in "".join(seen)
    assert not any(hidden in everything for hidden in (*pads.values(), KEY.decode(), KEY.hex()))


def told(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended
        return ""


def test_a_constraint_that_masked_values_break_is_told_and_one_they_can_keep_is_kept(
    server: Server, database: str, tmp_path: Path
):
    with server.connect(database) as connection:
        connection.execute(
            "CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE CHECK (email ~ '^[^@]+@[^@]+[.][a-z]+$'), "
            "tel text CONSTRAINT german CHECK (tel LIKE '+49%'), nick text CHECK (length(nick) < 9))"
        )
        connection.execute("INSERT INTO people SELECT n, 'p' || n || '@example.org', '+49 30 ' || 100000 + n, 'n' || n "
                           "FROM generate_series(1, 200) n")  # fmt: skip

    snapshot = take(
        server.dsn(database),
        tmp_path / "s",
        rules=SampleRules(rows=100),
        sanitise=SanitiseRules(),
        progress=lambda _: None,
    )

    told = [note for note in snapshot.manifest.notes if "break" in note]
    assert told == ['Masked values of public.people (tel) break "german".']


def test_masked_keys_join_whatever_is_drawn_again(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute(
            "CREATE TABLE people (mail text PRIMARY KEY CHECK (mail LIKE '%a%' OR length(mail) > 3)); "
            "CREATE TABLE pets (owner varchar(40) REFERENCES people); "
            "INSERT INTO people SELECT 'p' || n || '@example.org' FROM generate_series(1, 50) n; "
            "INSERT INTO pets SELECT mail FROM people"
        )

    snapshot = take(
        server.dsn(database),
        tmp_path / "s",
        rules=SampleRules(rows=100),
        sanitise=SanitiseRules(),
        progress=lambda _: None,
    )

    people, pets = (sorted((snapshot.directory / str(found.file)).read_text().split())
                    for found in sorted(snapshot.manifest.samples, key=lambda found: found.table))  # fmt: skip
    assert people == pets
    assert not any("join" in note for note in snapshot.manifest.notes)


def test_the_dates_of_one_person_move_together(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute(
            "CREATE TABLE people (id int PRIMARY KEY, email text, born date); "
            "CREATE TABLE visits (id int PRIMARY KEY, person int REFERENCES people, death timestamp); "
            "INSERT INTO people SELECT n, 'p' || n, date '1990-01-01' FROM generate_series(1, 50) n; "
            "INSERT INTO visits SELECT n, n, timestamp '1990-01-31 07:00' FROM generate_series(1, 50) n"
        )

    snapshot = take(
        server.dsn(database),
        tmp_path / "s",
        rules=SampleRules(rows=100),
        sanitise=SanitiseRules(),
        progress=lambda _: None,
    )

    people, visits = ([line.split("\t") for line in (snapshot.directory / str(found.file)).read_text().splitlines()]
                      for found in sorted(snapshot.manifest.samples, key=lambda found: found.table))  # fmt: skip
    born = {row[0]: datetime.fromisoformat(row[2]) for row in people}
    assert {(datetime.fromisoformat(row[2]) - born[row[1]]).days for row in visits} == {30}
    assert len(set(born.values())) > 40


def test_a_composite_an_enum_and_a_map_are_masked_part_by_part(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE EXTENSION hstore; CREATE TYPE pair AS (who text, born date)")
        connection.execute("CREATE TABLE things (id int PRIMARY KEY, pair pair, map hstore)")
        connection.execute(
            """INSERT INTO things SELECT n, ROW('Anna', '1980-01-01'::date)::pair,
                      ('color=>Blue, "Ann X"=>NULL, rare' || n || '=>x')::hstore
                 FROM generate_series(1, 20) n"""
        )

    snapshot = take(
        server.dsn(database),
        tmp_path / "s",
        rules=SampleRules(rows=9),
        sanitise=SanitiseRules(),
        progress=lambda _: None,
    )

    line = (snapshot.directory / str(snapshot.manifest.samples[0].file)).read_text().splitlines()[0].split("\t")
    assert re.fullmatch(r'[(][A-Z][a-z]{3},"?19(78|79|77)-\d\d-\d\d 00:00:00"?[)]', line[1])
    pairs = line[2].split(", ")
    assert sum(bool(re.fullmatch(r'"[A-Z][a-z]{2} [A-Z]"=>NULL', pair)) for pair in pairs) == 1
    assert sum(bool(re.fullmatch(r'"color"=>"[A-Z][a-z]{3}"', pair)) for pair in pairs) == 1
    assert "rare" not in line[2]


def test_a_composite_within_another_one_and_in_an_array_is_masked_too(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TYPE pair AS (who text, born date); CREATE TYPE nest AS (pair pair, note text)")
        connection.execute("CREATE DOMAIN couple AS pair; CREATE TABLE things (nest nest, pairs pair[], couple couple)")
        connection.execute(
            """INSERT INTO things VALUES (ROW(ROW('Anna', '1980-01-01')::pair, 'Hm, so'),
                                          ARRAY[ROW('Bert', '1990-01-01')::pair, NULL], ROW('Carl', NULL)::pair)"""
        )

    snapshot = take(
        server.dsn(database), tmp_path / "s", rules=SampleRules(), sanitise=SanitiseRules(), progress=lambda _: None
    )

    name = str(snapshot.manifest.samples[0].file)
    with server.connect(database) as connection:
        with connection.cursor().copy("COPY things FROM STDIN") as copying:
            copying.write((snapshot.directory / name).read_bytes())
        row = connection.execute(
            """SELECT ((t.nest).pair).who, (t.pairs[1]).who, (t.couple).who, ((t.nest).pair).born, (t.nest).note,
                      t.pairs[2] FROM things AS t OFFSET 1"""
        ).fetchone()
    assert row is not None
    *names, born, note, nobody = row
    assert all(re.fullmatch("[A-Z][a-z]{3}", name) for name in names)
    assert not {"Anna", "Bert", "Carl"} & set(names)
    assert 1977 <= born.year <= 1980
    assert re.fullmatch("[A-Z][a-z], [a-z]{2}", note)
    assert nobody is None
