"""`rehearse counts` on the command line: exit codes, sentences, what it keeps and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tool import tool

from rehearse.engine.server import Server


@pytest.fixture
def sides(server: Server, database: str) -> Iterator[tuple[str, str]]:
    """URLs of two databases with the same three rows."""
    other = f"{database}_b"
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE books (id int PRIMARY KEY, title text NOT NULL)")
        connection.execute("INSERT INTO books VALUES (1, 'one'), (2, 'two'), (3, 'three')")
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {other} TEMPLATE {database} STRATEGY FILE_COPY")
    yield url(server, database), url(server, other)
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {other} WITH (FORCE)")


def url(server: Server, database: str) -> str:
    return f"postgresql://rehearse@/{database}?host={server.socket_dir}"


def counts(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return tool("counts", *words, cwd=cwd, seconds=60)


def change(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


def test_equal_is_0_different_is_1_unknown_is_3(sides: tuple[str, str], tmp_path: Path):
    equal = counts(*sides, cwd=tmp_path)
    change(sides[1], "DELETE FROM books WHERE id = 1")
    different = counts(*sides, cwd=tmp_path)
    unknown = counts(*sides, "postgresql://nobody@127.0.0.1:1/x", cwd=tmp_path)

    assert (equal.returncode, equal.stdout.split("\n")[0], equal.stderr) == (0, "EQUAL", "")
    assert (different.returncode, different.stdout.split("\n")[0]) == (1, "DIFFERENT")
    assert (unknown.returncode, unknown.stdout.split("\n")[0]) == (3, "UNKNOWN")
    assert "different in any case" in unknown.stdout


def test_the_answer_for_machines_has_its_published_keys(sides: tuple[str, str], tmp_path: Path):
    done = counts(*sides, "--format", "json", cwd=tmp_path)

    answer = json.loads(done.stdout)
    assert list(answer) == ["schema_version", "status", "counted_at", "sides", "rows", "notes", "asked", "since"]
    (row,) = answer["rows"]
    assert (row["table"], row["status"]) == ("public.books", "equal")
    assert [cell["rows"] for cell in row["counts"].values()] == [3, 3]
    assert [side["name"] for side in answer["sides"]] == list(row["counts"])


@pytest.mark.parametrize("form", ["csv", "markdown", "html"])
def test_every_format_names_the_table_and_its_rows(sides: tuple[str, str], tmp_path: Path, form: str):
    done = counts(*sides, "--format", form, cwd=tmp_path)

    assert done.returncode == 0
    assert "public.books" in done.stdout
    assert "3" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--estimate", "--content"), "--estimate reads no rows"),
        (("--by", "title", "--content"), "Give one of them"),
        (("--tolerance", "1%", "--locate"), "Give one of them"),
        (("--tolerance", "some"), "is no tolerance"),
        (("--tolerance", "0.5"), "is no tolerance"),
        (("--limit", "5"), "Add --locate"),
        (("--since", "yesterday"), "neither an age nor a moment"),
        (("--by", "at:minute"), "no unit to group by"),
        (("--where", " "), "--where is empty"),
        (("--recheck", "soon"), "not a duration"),
        (("--masked", "prod"), "is not compared"),
        (("--against", "last"), "no earlier count"),
        (("--jobs", "0"), "--jobs"),
        (("--format", "xls"), "xls"),
    ],
)
def test_a_wrong_request_gets_a_sentence_and_2(
    sides: tuple[str, str], tmp_path: Path, words: tuple[str, ...], says: str
):
    done = counts(*sides, *words, cwd=tmp_path)

    assert done.returncode == 2, done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / ".rehearse").exists()


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("nowhere", "nothing"), 'no environment named "nowhere"'),
        (("service=no_such_service", "service=no_such_service"), "named twice"),
        (("postgresql://x y z", "nothing"), "neither a PostgreSQL URL"),
    ],
)
def test_a_side_that_is_none_gets_a_sentence_and_2(tmp_path: Path, names: tuple[str, ...], says: str):
    done = counts(*names, cwd=tmp_path)

    assert done.returncode == 2, done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_names_elements_and_defaults_come_from_the_configuration(sides: tuple[str, str], tmp_path: Path):
    (tmp_path / "rehearse.toml").write_text(
        f'[environments.production]\nurl = "{sides[0]}"\n[environments.stage]\nurl = "{sides[1]}"\nmasked = true\n'
        '[elements]\n"short titles" = "select count(*) from books where length(title) < 4"\n'
        '[counts]\nexclude = ["books"]\njobs = 1\ntimeout = "1min"\n'
    )
    done = counts("production", "stage", "--format", "json", cwd=tmp_path)

    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert [(row["table"], row["kind"]) for row in answer["rows"]] == [("short titles", "element")]
    assert answer["rows"][0]["counts"]["production"]["rows"] == 2


def test_one_environment_is_compared_with_what_it_held_before(sides: tuple[str, str], tmp_path: Path):
    first = counts(sides[0], cwd=tmp_path)
    unchanged = counts(sides[0], "--against", "last", cwd=tmp_path)
    change(sides[0], "INSERT INTO books VALUES (4, 'four')")
    changed = counts(sides[0], "--against", "last", cwd=tmp_path)

    assert (first.returncode, first.stdout.split("\n")[0]) == (0, "COUNTED")
    assert (unchanged.returncode, unchanged.stdout.split("\n")[0]) == (0, "EQUAL")
    assert (changed.returncode, changed.stdout.split("\n")[0]) == (1, "DIFFERENT")
    assert "public.books 3 -> 4 (+1)" in changed.stdout
    assert len(list((tmp_path / ".rehearse" / "counts").glob("*.json"))) == 3


def test_a_count_that_cannot_be_kept_is_still_an_answer(sides: tuple[str, str], tmp_path: Path):
    (tmp_path / ".rehearse").write_text("in the way")

    done = counts(*sides, cwd=tmp_path)

    assert done.returncode == 0
    assert done.stdout.startswith("EQUAL")
    assert "could not be kept" in done.stderr


def test_a_damaged_count_of_earlier_is_told(sides: tuple[str, str], tmp_path: Path):
    counts(*sides, cwd=tmp_path)
    kept = next((tmp_path / ".rehearse" / "counts").iterdir())
    kept.write_text("{}")

    done = counts(*sides, "--against", "last", cwd=tmp_path)

    assert done.returncode == 3
    assert "no count that rehearse has kept" in done.stderr


def test_ctrl_c_leaves_at_once_and_nothing_running(server: Server, sides: tuple[str, str], tmp_path: Path):
    change(sides[1], "CREATE VIEW slow AS SELECT WHERE pg_sleep(300) IS NOT NULL")
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearse", "counts", *sides, "--views"],
        cwd=tmp_path,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    asking = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%slow%'"
    with server.connect() as connection:
        deadline = time.monotonic() + 20
        while connection.execute(asking).fetchone() == (0,) and time.monotonic() < deadline:
            time.sleep(0.05)

        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
        time.sleep(0.2)
        left = connection.execute(asking).fetchone()

    assert (process.returncode, out) == (3, "")
    assert "Interrupted" in err
    assert left == (0,)


def test_a_plain_count_does_not_wait_for_rooms_it_does_not_enter(tmp_path: Path):
    code = (
        "import sys\nfrom rehearse.__main__ import main\nsys.argv = ['rehearse', 'counts', 'nowhere', 'else']\n"
        "try:\n    main()\nexcept SystemExit:\n"
        "    print(*{name.split('.')[1] for name in sys.modules if 'rehearse.' in name})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)

    entered = set(done.stdout.split())
    assert "compare" in entered
    assert not entered & {"watch", "engine", "stages", "catalog", "archive", "snapshot", "protocols", "run"}
