"""What is said through a door is heard exactly, whoever says it in whatever way, and passed on unchanged."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from rehearse.engine.server import Server
from rehearse.model.conversation import Conversation, Exchange
from rehearse.stages import door
from rehearse.stages.hearing import TALKATIVE, Hearing
from rehearse.stages.messages import WHOLE, Stream
from rehearse.stages.upstream import Upstream

SECRET = "4111 1111 1111 1111"


class Opened:
    """A door to a database, and what is heard there."""

    def __init__(self, dsn: str, hearing: Hearing) -> None:
        self.dsn = dsn
        self._hearing = hearing

    def conversations(self) -> tuple[Conversation, ...]:
        return self._hearing.conversations()

    @property
    def exchanges(self) -> list[Exchange]:
        """What was heard of sessions that have ended: a client knows of an answer before it is understood here."""
        until = time.monotonic() + 5
        while any(found.ended is None for found in self.conversations()) and time.monotonic() < until:
            time.sleep(0.002)
        return [each for found in self.conversations() for each in found.exchanges]

    def tags(self) -> list[str | None]:
        return [each.tag for each in self.exchanges]


@contextmanager
def opening(server: Server, database: str) -> Iterator[Opened]:
    options = " ".join(f"-c {name}={value}" for name, value in TALKATIVE.items())
    hearing = Hearing()
    with psycopg.connect(server.dsn(database)) as connection:
        upstream = Upstream.of(connection, database=database, user=connection.info.user, password="")
    with door.opened(upstream, options, hearing) as way:
        parts = {"host": str(way.socket_dir), "port": way.port, "dbname": database, "user": upstream.user}
        yield Opened(conninfo.make_conninfo("", **parts), hearing)


@pytest.fixture
def opened(server15: Server, database15: str) -> Iterator[Opened]:
    with opening(server15, database15) as found:
        yield found


def shape(found: list[Exchange]) -> list[tuple[str, str | None, str, str]]:
    return [(each.sql, each.tag, each.before, each.after) for each in found]


def test_a_simple_query_is_heard_with_its_tag_and_how_the_transaction_stands(opened: Opened) -> None:
    with psycopg.connect(opened.dsn, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("CREATE TABLE t (id int)")
        connection.execute("INSERT INTO t VALUES (%s), (2)", [1])
        connection.commit()

    assert shape(opened.exchanges) == [
        ("BEGIN", "BEGIN", "I", "T"),
        ("CREATE TABLE t (id int)", "CREATE TABLE", "T", "T"),
        ("INSERT INTO t VALUES (1), (2)", "INSERT 0 2", "T", "T"),
        ("COMMIT", "COMMIT", "T", "I"),
    ]


def test_a_prepared_statement_is_heard_each_time_and_its_values_never(opened: Opened) -> None:
    with psycopg.connect(opened.dsn, autocommit=True, prepare_threshold=0) as connection:
        connection.execute("CREATE TABLE t (id int, card text)")
        for number in range(5):
            connection.execute("INSERT INTO t VALUES (%s, %s)", [number, SECRET])

    assert opened.tags() == ["CREATE TABLE", *["INSERT 0 1"] * 5]
    assert {each.sql for each in opened.exchanges[1:]} == {"INSERT INTO t VALUES ($1, $2)"}
    assert SECRET not in repr(opened.conversations())


def test_a_pipeline_is_heard_in_order_and_its_error_with_the_statement_that_raised_it(opened: Opened) -> None:
    with psycopg.connect(opened.dsn, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY)")
        with connection.pipeline():
            for number in range(3):
                cursor.execute("INSERT INTO t VALUES (%s)", [number])
        with suppress(psycopg.errors.UniqueViolation), connection.pipeline():
            for number in (7, 2, 8):
                cursor.execute(f"INSERT INTO t VALUES ({number})".encode())
        cursor.execute("SELECT count(*) FROM t")

    assert opened.tags() == ["CREATE TABLE", *["INSERT 0 1"] * 4, None, "SELECT 1"]
    failed = opened.exchanges[-2]
    assert (failed.sql, failed.sqlstate, failed.before) == ("INSERT INTO t VALUES (2)", "23505", "T")
    assert "(2)" not in (failed.error or "")


def test_a_portal_that_pauses_is_heard_piece_by_piece(opened: Opened) -> None:
    if importlib.util.find_spec("asyncpg") is None:
        pytest.skip("asyncpg is not installed (it is in the dev extra)")
    import asyncpg  # noqa: PLC0415 - may be missing

    async def read() -> list[int]:
        parts = conninfo.conninfo_to_dict(opened.dsn)
        connection = await asyncpg.connect(
            host=parts["host"], port=int(str(parts["port"])), database=parts["dbname"], user=parts["user"]
        )
        try:
            async with connection.transaction():
                found = [row[0] async for row in connection.cursor("SELECT generate_series(1, 25)", prefetch=10)]
            await connection.execute("CREATE TABLE t (id int)")
            await connection.copy_records_to_table("t", records=[(number,) for number in found])
        finally:
            await connection.close()
        return found

    assert asyncio.run(read()) == list(range(1, 26))
    pieces = [each for each in opened.exchanges if "generate_series" in each.sql]
    assert [(each.tag, each.suspended_after) for each in pieces] == [("", 10), ("", 10), ("SELECT 5", None)]
    assert "COPY 25" in opened.tags()
    assert [found.gap for found in opened.conversations()] == [None]


def test_copy_is_heard_either_way_and_none_of_its_data_is_kept(opened: Opened) -> None:
    with psycopg.connect(opened.dsn, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id int, card text)")
        with cursor.copy("COPY t FROM STDIN") as copy:
            for number in range(20_000):
                copy.write_row((number, SECRET))
        with cursor.copy("COPY t TO STDOUT") as copy:
            size = sum(len(block) for block in copy)
        with pytest.raises(psycopg.errors.BadCopyFileFormat), cursor.copy("COPY t FROM STDIN") as copy:
            copy.write("1\t2\t3\n")
        cursor.execute("SELECT 1")

    assert size == sum(len(f"{number}\t{SECRET}\n") for number in range(20_000))
    assert opened.tags() == ["CREATE TABLE", "COPY 20000", "COPY 20000", None, "SELECT 1"]
    assert SECRET not in repr(opened.conversations())


def test_psql_is_heard_statement_by_statement_up_to_its_error(opened: Opened, server15: Server, tmp_path: Path) -> None:
    script = tmp_path / "001.sql"
    script.write_text(
        "BEGIN;\nCREATE TABLE t (id int);\n\\copy t from stdin\n1\n2\n\\.\nINSERT INTO t SELECT 1/0;\nROLLBACK;\n"
        "CREATE TABLE u (id int)\\; INSERT INTO u VALUES (1)\\; SELECT * FROM u;\nSELEC 1;\n"
    )

    command = [server15.binaries.bin_dir / "psql", opened.dsn, "-Xq", "-f", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert "division by zero" in done.stderr
    assert "DEBUG" not in done.stderr
    assert [(each.tag, each.sqlstate) for each in opened.exchanges] == [
        ("BEGIN", None), ("CREATE TABLE", None), ("COPY 2", None), (None, "22012"), ("ROLLBACK", None),
        ("CREATE TABLE", None), ("INSERT 0 1", None), ("SELECT 1", None), (None, "42601"),
    ]  # fmt: skip
    assert [each.place for each in opened.exchanges[5:8]] == [0, 1, 2]
    assert opened.exchanges[4].before == "E"


def test_what_the_server_says_of_its_work_is_heard_and_not_passed_on(opened: Opened) -> None:
    passed: list[str] = []
    with psycopg.connect(opened.dsn, autocommit=True) as connection:
        connection.add_notice_handler(lambda diagnostic: passed.append(str(diagnostic.message_primary)))
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        connection.execute("ALTER TABLE t ALTER id TYPE bigint")
        connection.execute("DO $$BEGIN RAISE NOTICE 'for the client'; END$$")

    assert 'rewriting table "t"' in opened.exchanges[1].messages
    assert any(each.startswith('building index "t_pkey"') for each in opened.exchanges[1].messages)
    assert passed == ["for the client"]


def test_a_client_that_chooses_what_it_is_told_is_told_all_of_it(opened: Opened) -> None:
    passed: list[str] = []
    with psycopg.connect(opened.dsn, autocommit=True) as connection:
        connection.add_notice_handler(lambda diagnostic: passed.append(str(diagnostic.message_primary)))
        connection.execute("SET client_min_messages = debug1")
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")

    assert any(each.startswith("building index") for each in passed)
    assert [each.is_quiet for each in opened.exchanges] == [False, True]


def test_a_session_tells_its_process_and_what_it_calls_itself(opened: Opened) -> None:
    with psycopg.connect(opened.dsn, autocommit=True, application_name="one") as connection:
        pid = connection.info.backend_pid
        connection.execute("SET application_name = 'two'")
        connection.execute("SELECT 1")
        time.sleep(0.05)
        during = opened.conversations()

    assert [(found.pid, found.application, found.ended) for found in during] == [(pid, "one", None)]
    assert [each.application for each in opened.exchanges] == ["one", "two"]


def test_a_session_that_the_server_refuses_ends_without_a_statement(opened: Opened) -> None:
    with pytest.raises(psycopg.OperationalError, match="nonsense"):
        psycopg.connect(opened.dsn, options="-c nonsense=1")

    assert opened.exchanges == []
    assert [found.gap for found in opened.conversations() if found.ended] == [None]


def test_what_a_session_asks_to_be_told_from_its_beginning_is_passed_on(opened: Opened) -> None:
    passed: list[str] = []
    with psycopg.connect(opened.dsn, autocommit=True, options="-c client_min_messages=debug1") as connection:
        connection.add_notice_handler(lambda diagnostic: passed.append(str(diagnostic.message_primary)))
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")

    assert any(each.startswith("building index") for each in passed)


def test_a_statement_that_ends_its_session_is_heard_once(opened: Opened) -> None:
    with psycopg.connect(opened.dsn, autocommit=True) as connection, pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    (last,) = opened.exchanges
    assert (last.tag, last.sqlstate) == (None, "57P01")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 4096])
def test_messages_are_found_however_the_bytes_are_cut(size: int) -> None:
    sent = message("Q", b"SELECT 1\0") + message("d", b"x" * 300) + message("N", b"out") + message("N", b"in")
    stream = Stream({ord("Q"): WHOLE, ord("N"): WHOLE}, withheld=ord("N"), refuses=lambda body: body == b"out")

    blocks = [stream.feed(sent[at : at + size]) for at in range(0, len(sent), size)]

    assert [each for _, found in blocks for each in found] == [
        (ord("Q"), b"SELECT 1\0"), (ord("N"), b"out"), (ord("N"), b"in"),
    ]  # fmt: skip
    assert b"".join(passed for passed, _ in blocks) == sent.replace(message("N", b"out"), b"")


def test_what_is_no_protocol_is_passed_on_as_it_is() -> None:
    stream = Stream({ord("Q"): WHOLE})
    sent = message("d", b"x"), b"Q\0\0\0\1junk", b"more"

    passed = [stream.feed(block)[0] for block in sent]

    assert passed == list(sent)
    assert stream.is_broken


def test_what_cannot_be_understood_is_a_gap_and_goes_on_all_the_same() -> None:
    ear = Hearing().listen({}, None)
    ear.from_client(message("Q", b"no end"))

    passed = ear.from_server(message("Z", b"I"))

    assert passed == message("Z", b"I")
    assert ear.conversation().gap == "ValueError at a message of the protocol"


def message(kind: str, body: bytes) -> bytes:
    return kind.encode() + (len(body) + 4).to_bytes(4, "big") + body
