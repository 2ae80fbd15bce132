"""Every file under sql/ is what its header says, and what the server makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from psycopg import pq

from rehearse.db.queries import SQL, query
from rehearse.engine.server import Server

HEADER = re.compile(r"\A-- purpose: \S.*\n-- needs: \S.*\n(?P<mask>(?:-- .*\n){3,4})?-- returns: (?P<returns>\S.*)\n")
OF_A_MASK = re.compile(r"-- keeps: \S.*\n-- types: \S.*\n-- meanings: \S.*\n(?:-- draws: all\n)?")
NEWER_FORM = re.compile(r"\.pg\d+$")
SENT_TO_SOURCES = ("catalog", "classify", "counting", "facts", "observe", "parity", "session", "snapshot")
SHADOWED_WORDS = re.compile(r"\b(select|from|where|join|order by|group by|and|or|as|on|case|when|then)\b")
LITERALS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--.*")


def is_script(path: Path) -> bool:
    """Say whether psql or CREATE EXTENSION runs the file, not the tool."""
    head = path.read_text(encoding="utf-8").split("\n", 5)[:4]
    return head[3] == "-- kind: script" or "run by CREATE EXTENSION" in head[1]


def named(path: Path) -> str:
    return NEWER_FORM.sub("", path.relative_to(SQL).with_suffix("").as_posix())


FILES = sorted(SQL.rglob("*.sql"))
QUERIES = [path for path in FILES if not is_script(path)]
MASKS = [path for path in QUERIES if path.parent.name == "masks"]  # what they return, tests/test_masks.py says
DESCRIBED = [path for path in QUERIES if path not in MASKS]


def ids(path: Path) -> str:
    return path.relative_to(SQL).as_posix()


def returned(text: str) -> list[str]:
    """Return the columns a header promises, without the remarks in parentheses."""
    header = HEADER.match(text)
    assert header is not None
    plain = re.sub(r"\([^()]*\)", "", header["returns"])
    return [] if plain == "nothing" else [name.strip() for name in plain.split(",")]


def described(server: Server, text: str) -> list[str]:
    """Return the columns of a statement as the server describes them without running it."""
    names: dict[str, str] = {}
    numbered = re.sub(r"%\((\w+)\)s", lambda match: names.setdefault(match[1], f"${len(names) + 1}"), text)
    with server.connect() as connection:
        prepared = connection.pgconn.prepare(b"", numbered.encode())
        assert prepared.status == pq.ExecStatus.COMMAND_OK, prepared.error_message.decode()
        found = connection.pgconn.describe_prepared(b"")
        return [(found.fname(column) or b"").decode() for column in range(found.nfields)]


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_every_file_says_its_purpose_its_needs_and_what_it_returns(path: Path):
    header = HEADER.match(path.read_text(encoding="utf-8"))

    assert header is not None
    assert bool(header["mask"] and OF_A_MASK.fullmatch(header["mask"])) == (path in MASKS)


@pytest.mark.parametrize("path", QUERIES, ids=ids)
def test_every_query_is_one_plain_statement(path: Path):
    text = path.read_text(encoding="utf-8")
    plain = LITERALS.sub("", re.sub(r"\$(\w*)\$.*?\$\1\$", "", text, flags=re.DOTALL))

    assert ";" not in plain
    # what is under sql/classify is never formatted, and regular expressions need braces
    formatted = plain if named(path).startswith("classify/") else text
    assert not re.search(r"%(?!\(\w+\)s)", text), "breaks once parameters are passed"
    assert not re.search("[{}]", formatted), "breaks once it is formatted"
    assert not SHADOWED_WORDS.search(plain), "keywords are upper case"
    assert not re.search(r"SELECT\s+\*|\w\.\*", plain)


@pytest.mark.parametrize("name", sorted({named(path) for path in DESCRIBED}))
def test_every_query_returns_the_columns_it_promises(server: Server, name: str):
    text = query(name, server.binaries.major)
    promised = returned(text)
    if not promised:
        pytest.skip("a command: it returns nothing that could be described")

    assert described(server, text) == promised


@pytest.mark.parametrize("name", sorted({named(path) for path in QUERIES if named(path).startswith(SENT_TO_SOURCES)}))
def test_an_older_source_understands_what_it_is_asked(server15: Server, name: str):
    text = query(name, 15)

    assert described(server15, text) == returned(text)
