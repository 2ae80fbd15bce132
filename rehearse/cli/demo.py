"""`rehearse demo`: the whole story on a production of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rehearse.cli.options import ReportFormat
from rehearse.cli.output import check_format, show
from rehearse.cli.progress import progress
from rehearse.db.queries import SAMPLES
from rehearse.errors import RehearseError

if TYPE_CHECKING:
    from rehearse.engine.server import Server
    from rehearse.protocols import Progress

_DATABASE = "shop"
_OWNER = "shop"
_SUPERUSER = "postgres"


class DemoFailed(RehearseError):
    """The demo's own production could not be built."""

    def __init__(self, doing: str, output: str) -> None:
        super().__init__(f"The demo stopped while {doing}: {output.strip()[-2000:]}", "`rehearse doctor` may know why.")


def command(
    wanted: ReportFormat = "text",
) -> None:
    """Rehearse the sample shop's pending migrations against an embedded "production" of 200,000 rows and more.

    Exit code 0 when the demo worked, whatever its verdict.
    """
    from rehearse.model.migration import MigrationPlan  # noqa: PLC0415 - --help must not wait for the drivers
    from rehearse.rehearsal.story import rehearse  # noqa: PLC0415 - as above
    from rehearse.request.request import Request  # noqa: PLC0415 - as above

    check_format(wanted)
    with progress() as tell, _project() as project, _production(project, tell) as url:
        plan = MigrationPlan(
            tool="alembic",
            directory=project,
            config=project / "alembic.ini",
            python=Path(sys.executable),
            declared=(url,),
        )
        report = rehearse(Request(source=url, plan=plan), tell)
    show(report, wanted)


@contextmanager
def _project() -> Iterator[Path]:
    """Copy the sample project: an installed package may not be written to."""
    with tempfile.TemporaryDirectory(prefix="rehearse-demo-") as directory:
        yield Path(shutil.copytree(SAMPLES / "shop", Path(directory) / "shop"))


@contextmanager
def _production(project: Path, tell: Progress) -> Iterator[str]:
    """Start a server, bring the shop to its production revision and fill it; yield its URL."""
    from rehearse.db.connect import connect_stage  # noqa: PLC0415 - as above
    from rehearse.engine.binaries import resolve  # noqa: PLC0415 - as above
    from rehearse.engine.server import running  # noqa: PLC0415 - as above

    tell("starting an embedded production")
    with running(resolve(None, use="embedded").binaries) as server:
        _rename_superuser(server)
        with connect_stage(server.dsn("template1", user=_SUPERUSER)) as connection:
            connection.execute(f"CREATE ROLE {_OWNER} LOGIN")
            connection.execute(f"CREATE DATABASE {_DATABASE} OWNER {_OWNER} TEMPLATE template0")
        url = f"postgresql://{_OWNER}@/{_DATABASE}?host={server.socket_dir}"
        tell("playing the migrations that production already has")
        _upgrade(project, url)
        tell("filling production with people who do not exist")
        _fill(project, server)
        yield url


def _rename_superuser(server: Server) -> None:
    """Call production's superuser what productions call theirs; nobody can rename the role they are logged in as."""
    from rehearse.db.connect import connect_stage  # noqa: PLC0415 - as above

    with server.connect() as connection:
        connection.execute("CREATE ROLE porter SUPERUSER LOGIN")
    with connect_stage(server.dsn(user="porter")) as connection:
        connection.execute(f"ALTER ROLE rehearse RENAME TO {_SUPERUSER}")
    with connect_stage(server.dsn(user=_SUPERUSER)) as connection:
        connection.execute("DROP ROLE porter")


def _upgrade(project: Path, url: str) -> None:
    revision = (project / "production-revision").read_text(encoding="utf-8").strip()
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", revision],
        cwd=project,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoFailed("migrating its production", done.stderr or done.stdout)


def _fill(project: Path, server: Server) -> None:
    done = subprocess.run(
        [
            server.binaries.bin_dir / "psql",
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-f",
            project / "production.sql",
            server.dsn(_DATABASE, user=_OWNER),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoFailed("filling its production", done.stderr)
