"""Every column is classified, with a reason; what is personal is found by its name or by its values."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from test_cli import rehearse

from rehearse.engine.server import Server
from rehearse.errors import RequestError
from rehearse.model.sampling import SampleRules
from rehearse.model.snapshot import ColumnTreatment, Snapshot
from rehearse.sanitise import SanitiseRules
from rehearse.sanitise.evidence import Seen
from rehearse.sanitise.labels import Label
from rehearse.sanitise.names import announced, semantic_class
from rehearse.sanitise.proposal import block
from rehearse.snapshot import take
from rehearse.snapshot.classifying import classify_source
from rehearse.snapshot.errors import MappingsSeen

CORPORA = Path(os.environ.get("REHEARSE_DUMPS", "dumps"))

PEOPLE = """
CREATE TABLE things (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    a text, b text, c text, d text, e text, f text, g text, status text, rep text, payload jsonb, tags text[],
    card_no numeric(20), big bigint, born_on date, lat numeric, long numeric, email_verified boolean, ip inet,
    name text, "qu""oted \\ näme" text, remarks text
);
INSERT INTO things (a, b, c, d, e, f, g, status, rep, payload, tags, card_no, big, born_on, lat, long, ip, name,
                    remarks)
SELECT 'user' || n || '@acme.io', '+49 30 9018' || 10000 + n, 'DE89370400440532013000', '4111 1111 1111 1111',
       CASE WHEN n = 77 THEN 'see AKIAIOSFODNN7EXAMPLE' ELSE 'plain words' || n END,
       'https://acme.io/' || n, '12' || n || ' Main Street', (ARRAY['new', 'paid'])[1 + n % 2],
       (ARRAY['Anna Smith', 'John Miller'])[1 + n % 2], jsonb_build_object('m', 'zoe' || n || '@acme.io'),
       ARRAY['x' || n], 4111111111111111, n, '1980-01-01', 48.1, 11.5, '10.0.0.1', 'thing ' || n,
       'a long remark that somebody wrote about number ' || n
  FROM generate_series(1, 300) n;
"""


def classified(url: str, **rules: object) -> dict[str, ColumnTreatment]:
    found = classify_source(url, SanitiseRules(**rules), lambda _: None)  # type: ignore[arg-type]
    return {column.identity: column for column in found}


@pytest.fixture
def people(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute(PEOPLE)
    return server.dsn(database)


def snap(url: str, directory: Path, **rules: object) -> Snapshot:
    sanitise = SanitiseRules(**rules)  # type: ignore[arg-type]
    return take(url, directory / "snapshot", rules=SampleRules(rows=50), sanitise=sanitise, progress=lambda _: None)


def test_values_tell_what_names_do_not(people: str):
    found = {identity.split(".")[-1]: column for identity, column in classified(people).items()}

    meanings = {name: found[name].meaning for name in ("a", "b", "c", "d", "f", "g", "rep", "ip", "lat", "long")}
    assert meanings == {
        "a": "email", "b": "phone", "c": "iban", "d": "card", "f": "url", "g": "address", "rep": "name",
        "ip": "device", "lat": "geo", "long": "geo",
    }  # fmt: skip
    assert found["a"].confidence == "high"
    assert found["a"].reason == "email in 300 of 300 values"
    assert all(found[name].mask != "keep" for name in meanings)


def test_one_secret_among_many_values_is_enough(people: str):
    found = classified(people)["public.things.e"]

    assert found.proven == ("secret",)
    assert found.reason == "secret in 1 of 300 values"


def test_leaves_of_json_are_judged(people: str):
    assert classified(people)["public.things.payload"].found == ("email in 300 of 300 values",)


def test_codes_are_listed_with_their_smallest_group_and_names_are_no_codes(people: str):
    found = classified(people)

    status, rep = found["public.things.status"], found["public.things.rep"]
    assert (status.mask, status.codes, status.smallest_group) == ("code", 2, 150)
    assert rep.mask != "code"


def test_plain_numbers_and_keys_stay_and_say_why(people: str):
    found = classified(people)

    assert (found["public.things.id"].mask, found["public.things.id"].reason) == ("keep", "surrogate key")
    assert found["public.things.big"].mask == "keep"
    assert found["public.things.email_verified"].mask == "keep"
    assert found["public.things.card_no"].meaning == "card"


def test_what_needs_a_decision_comes_first(people: str):
    found = list(classify_source(people, SanitiseRules(columns={"public.things.a": "keep"}), lambda _: None))

    assert found[0].identity == "public.things.a"
    assert {column.reason for column in found[1:4]} == {"unclassified"}
    assert found[-1].mask == "keep"


@pytest.mark.parametrize("name", ["email", "courriel", "e_mail", "EMailAddress", "correo_electronico"])
def test_names_announce_addresses_in_six_languages(name: str):
    assert semantic_class(name) == "email"


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("nachname", "name"), ("apellidos", "name"), ("cognome", "name"), ("prénom", "name"), ("telefone", "phone"),
        ("codice_fiscale", "identity"), ("geburtsdatum", "birth"), ("ccNumber", "card"), ("ibanCode", "iban"),
        ("mot_de_passe", "secret"), ("clientIP", "device"), ("loginName", "login"), ("created_by", "name"),
        ("salary_total", "finance"), ("postleitzahl", "address"), ("avatar_url", "url"), ("gender", "person"),
    ],
)  # fmt: skip
def test_names_announce_what_they_mean(name: str, meaning: str):
    assert semantic_class(name) == meaning


@pytest.mark.parametrize(
    "name",
    ["page", "card_count", "commit", "email_verified", "phone_type", "last_login_at", "password_changed_at", "usage",
     "image_id", "message_count", "discount", "mapping", "platform", "percentage", "title", "latency", "long"],
)  # fmt: skip
def test_false_friends_announce_nothing(name: str):
    assert semantic_class(name) is None


def test_a_plain_name_is_somebodys_in_a_table_of_people_only():
    assert announced("name", "countries") is None
    assert announced("name", "public.customers") is not None


def test_no_value_comes_home_but_codes(people: str, monkeypatch: pytest.MonkeyPatch):
    from rehearse.sanitise import evidence  # noqa: PLC0415 - what it hears is overheard

    heard: list[str] = []
    seen = evidence._seen

    def overheard(row: tuple[object, ...]) -> Seen:
        heard.append(repr(row))
        return seen(row)

    monkeypatch.setattr(evidence, "_seen", overheard)
    classified(people)

    told = " ".join(heard)
    assert "'paid'" in told
    assert not any(word in told for word in ("acme", "Anna", "4111", "Main", "remark", "DE89", "thing"))


def test_a_large_table_is_judged_by_spread_newest_and_longest_rows(server: Server, database: str):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE large (id int, note text, kind text)")
        connection.execute(
            "INSERT INTO large SELECT n, 'note' || n, 'k' || n % 3 FROM generate_series(1, 200000) n;"
            "INSERT INTO large VALUES (0, 'zoe@acme.io', 'k1'); ANALYZE large"
        )

        found = classified(server.dsn(database))

    assert found["public.large.note"].proven == ("email",)  # one row, the newest
    assert found["public.large.kind"].mask == "code"


def test_the_block_is_toml_and_decides_every_column_of_it(people: str, tmp_path: Path):
    found = classify_source(people, SanitiseRules(), lambda _: None)

    columns = tomllib.loads(block(found))["sanitise"]["columns"]

    assert 'public.things.qu"oted \\ näme' in columns
    assert columns["public.things.a"] in ("email", "text", "mask")
    snapshot = snap(people, tmp_path, columns=columns, unclassified="refuse")
    assert snapshot.manifest.samples[0].rows >= 50


def test_a_reason_with_a_line_break_stays_a_comment():
    column = ColumnTreatment(table="t", column="a\tb", mask="text", reason='x\ny = "z"')

    assert tomllib.loads(block([column])) == {"sanitise": {"columns": {"t.a\tb": "text"}}}


def test_refusing_lists_new_columns_ready_to_paste(people: str, tmp_path: Path):
    with pytest.raises(RequestError) as refused:
        snap(people, tmp_path, unclassified="refuse")

    assert refused.value.hint is not None
    pasted = tomllib.loads(refused.value.hint.split("\n\n", 1)[1])["sanitise"]["columns"]
    assert "public.things.name" in pasted
    assert "public.things.a" not in pasted
    assert "public.things.status" not in pasted


def test_a_kept_column_with_personal_data_is_named_in_the_manifest(people: str, tmp_path: Path):
    snapshot = snap(people, tmp_path, columns={"public.things.payload": "keep", "public.things.tags": "keep"})

    said = [note for note in snapshot.manifest.notes if "is kept" in note]
    assert said == [
        "public.things.payload is kept (configured), and holds personal data or secrets: email in 300 of 300 values."
    ]


LITERALS = """
CREATE TABLE t (id int, password text DEFAULT 'hunter22x', note text DEFAULT 'zoe@acme.io', harmless text DEFAULT 'new',
    CHECK (note <> 'DE89370400440532013000'));
COMMENT ON COLUMN t.harmless IS 'ask bob@acme.io';
COMMENT ON TABLE t IS 'mail to info@example.com';
CREATE TYPE owner AS ENUM ('x', 'ann@acme.io');
CREATE VIEW v AS SELECT id FROM t WHERE note = 'joe@acme.io';
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE api_key text := 'abcdef'; BEGIN RETURN 1; END $$;
CREATE TABLE p (k text) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('eva@acme.io');
CREATE INDEX i ON t (id) WHERE note = 'max@acme.io';
CREATE POLICY pol ON t USING (note = 'pol@acme.io');
CREATE RULE r AS ON UPDATE TO t WHERE old.note = 'rule@acme.io' DO NOTHING;
CREATE STATISTICS s ON (note = 'stat@acme.io'), id FROM t;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER trg BEFORE UPDATE ON t FOR EACH ROW WHEN (old.note = 'trg@acme.io') EXECUTE FUNCTION tf();
CREATE PUBLICATION pub FOR TABLE t WHERE (harmless = 'pub@acme.io');
"""


def test_literals_of_definitions_are_reported_by_object_and_kind_never_by_value(
    server: Server, database: str, tmp_path: Path
):
    with server.connect(database) as connection:
        connection.execute(LITERALS)

    notes = [note for note in snap(server.dsn(database), tmp_path).manifest.notes if "definition" in note]

    said = "\n".join(notes)
    assert "acme" not in said
    assert "hunter" not in said
    for words in (
        "column public.t.password holds a secret", "column public.t.note holds an e-mail address", "holds an IBAN",
        "type public.owner", "view public.v", "function public.f", "index public.i", "trigger", "policy", "rule",
        "statistics", "publication pub", "comment", "public.p1",
    ):  # fmt: skip
        assert words in said, words
    assert "definition of column public.t.harmless" not in said


def test_labels_of_the_anonymizer_are_hints(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute(PEOPLE)
        connection.execute("SET allow_system_table_mods = on")
        for column, label in {
            "big": "MASKED WITH FUNCTION anon.dummy_phone_number()", "status": "MASKED WITH VALUE NULL",
            "remarks": "NOT MASKED", "a": "NOT MASKED", "tags": "MASKED WITH FUNCTION anon.noise(1)",
            "name": "MASKED WITH VALUE 'x'",
        }.items():  # fmt: skip
            connection.execute(
                "INSERT INTO pg_seclabel SELECT attrelid, 'pg_class'::regclass, attnum, 'anon', %s FROM pg_attribute "
                "WHERE attrelid = 'things'::regclass AND attname = %s",
                (label, column),
            )
    found = classified(server.dsn(database), columns={"public.things.name": "keep"})

    def told(name: str) -> tuple[str, str]:
        return found[f"public.things.{name}"].mask, found[f"public.things.{name}"].reason

    assert found["public.things.big"].meaning == "phone"
    assert told("big")[1] == "its security label says MASKED WITH FUNCTION dummy_phone_number"
    assert told("status") == ("null", "its security label says MASKED WITH VALUE")
    assert told("remarks") == ("keep", "its security label says NOT MASKED")
    assert told("a")[0] != "keep"  # e-mail addresses were found in it
    assert told("tags")[0] != "keep"
    assert told("name") == ("keep", "configured")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("MASKED WITH FUNCTION anon.partial_email(email)", Label(masked=True, meaning="email")),
        ("masked with function pg_catalog.md5(x)", Label(masked=True)),
        ("MASKED WITH FUNCTION anon.random_date()", Label(masked=True)),
        ("MASKED WITH FUNCTION anon.pseudo_first_name(x)", Label(masked=True, meaning="name")),
        ("MASKED WITH VALUE null", Label(masked=True, to_null=True)),
        ("NOT  MASKED", Label(masked=False)),
        ("QUASI IDENTIFIER", None),
    ],
)
def test_a_label_is_read_as_the_anonymizer_writes_it(text: str, label: Label | None):
    found = Label.parse(text)

    assert (None if found is None else replace(found, words="")) == label


def test_the_password_of_a_mapping_does_not_leave(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE EXTENSION postgres_fdw; CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw")
        connection.execute(
            "DROP ROLE IF EXISTS mapped; CREATE ROLE mapped LOGIN; GRANT USAGE ON FOREIGN SERVER away TO mapped"
        )
        connection.execute("CREATE USER MAPPING FOR mapped SERVER away OPTIONS (user 'u', password 'hunter22')")

    superuser = take_as(server.dsn(database), tmp_path / "superuser")
    with pytest.raises(MappingsSeen, match=r"mapped on away \(password, user\)"):
        take_as(server.dsn(database, user="mapped"), tmp_path / "own")
    with server.connect(database) as connection:
        connection.execute("GRANT pg_read_all_data TO mapped")
    reader = take_as(server.dsn(database, user="mapped"), tmp_path / "reader")

    assert b"hunter22" not in superuser.schema_dump.read_bytes()
    assert b"hunter22" not in reader.schema_dump.read_bytes()
    with server.connect(database) as connection:
        connection.execute("DROP SERVER away CASCADE; DROP ROLE mapped")


def take_as(url: str, directory: Path) -> Snapshot:
    directory.mkdir()
    return snap(url, directory)


def test_classifying_prints_a_table_or_a_block_and_copies_nothing(people: str, tmp_path: Path):
    table = rehearse("snapshot", people, "--classify", cwd=tmp_path)
    written = rehearse("snapshot", people, "--classify", "--write", "block.toml", cwd=tmp_path)
    without = rehearse("snapshot", people, cwd=tmp_path)

    assert table.returncode == 0
    assert "email in 300 of 300 values" in table.stdout
    assert "acme" not in table.stdout
    assert written.returncode == 0
    assert "public.things.a" in tomllib.loads((tmp_path / "block.toml").read_text())["sanitise"]["columns"]
    assert (without.returncode, [path.name for path in tmp_path.iterdir()]) == (2, ["block.toml"])


def test_refusing_says_so_through_the_command_and_classifying_shows_the_table_first(people: str, tmp_path: Path):
    (tmp_path / "rehearse.toml").write_text('[sanitise]\nunclassified = "refuse"\n')

    table = rehearse("snapshot", people, "--classify", cwd=tmp_path)
    written = rehearse("snapshot", people, "--classify", "--write", "-", cwd=tmp_path)
    refused = rehearse("snapshot", people, "-o", "taken", cwd=tmp_path)

    assert (table.returncode, written.returncode, refused.returncode) == (2, 0, 2)
    assert "email in 300 of 300 values" in table.stdout
    for said in (table.stderr, refused.stderr):
        sentence = 'sanitise.unclassified is "refuse", and nothing says what'
        assert sentence in " ".join(said.split())
        assert '"public.things.name" = ' in said
    assert [path.name for path in tmp_path.iterdir()] == ["rehearse.toml"]


def test_a_policy_of_refusing_is_content_with_classified_columns(server: Server, database: str, tmp_path: Path):
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE plain (id int PRIMARY KEY, email text)")
    (tmp_path / "rehearse.toml").write_text('[sanitise]\nunclassified = "refuse"\n')

    found = rehearse("snapshot", server.dsn(database), "--classify", cwd=tmp_path)

    assert (found.returncode, "2 columns, 1 masked" in found.stderr) == (0, True)


def load(server: Server, database: str, name: str) -> str:
    path = CORPORA / name
    if not path.exists():
        pytest.skip(f"{name} is in no directory that REHEARSE_DUMPS names")
    psql = server.binaries.bin_dir / "psql"
    subprocess.run([psql, "-q", "-d", server.dsn(database), "-f", path], check=True, capture_output=True)
    return server.dsn(database)


PERSONAL: Callable[[str], bool] = lambda name: any(  # noqa: E731 - a witness by hand
    word in name.lower() for word in ("email", "first_name", "last_name", "firstname", "lastname", "phone", "fax",
                                      "address", "city", "postal", "password", "username", "birth")
) and not name.lower().endswith("id")  # fmt: skip


@pytest.mark.parametrize(("name", "least"), [("pagila.sql", 15), ("chinook.sql", 18)])
def test_every_personal_column_of_a_known_database_is_found(server: Server, database: str, name: str, least: int):
    found = classified(load(server, database, name))

    personal = {identity: column for identity, column in found.items() if PERSONAL(identity.rsplit(".", 1)[-1])}
    assert len(personal) >= least
    assert {identity for identity, column in personal.items() if column.is_clear or not column.meaning} == set()


def test_an_older_source_is_classified_alike(server15: Server, database15: str):
    with psycopg.connect(server15.dsn(database15), autocommit=True) as connection:
        connection.execute(PEOPLE)

    found = classified(server15.dsn(database15))

    assert found["public.things.a"].meaning == "email"
    assert found["public.things.status"].codes == 2
