"""The schema, by pg_dump, as of the snapshot."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
from psycopg import conninfo

from rehearse.db.connect import GENTLE, normalise, redact
from rehearse.engine.binaries import client_environment, client_tools
from rehearse.errors import RehearseError

_NOT_OURS = {"PGPASSWORD", "PGOPTIONS"}


class DumpFailed(RehearseError):
    """pg_dump could not read the schema."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"pg_dump could not read the schema of the source: {said}",
            "The role needs SELECT on every table (pg_read_all_data), and nobody may hold ACCESS EXCLUSIVE locks now.",
        )


def dump_schema(connection: psycopg.Connection, url: str, snapshot: str, *, superuser: bool, path: Path) -> None:
    """Write the schema as a pg_dump archive in custom format, seen by an exported snapshot.

    A superuser reads as pg_read_all_data, so that passwords of user mappings stay where they are. Passwords
    travel by environment, never in a command line. Raises DumpFailed.
    """
    tools = client_tools(connection.info.server_version // 10000)
    asked = conninfo.conninfo_to_dict(normalise(url))
    asked.pop("password", None)
    asked.pop("options", None)
    command = [
        str(tools.bin_dir / "pg_dump"), "--format=custom", "--schema-only", "--no-tablespaces", "--no-subscriptions",
        "--no-security-labels", "--lock-wait-timeout=2000", "--no-password", f"--snapshot={snapshot}",
        f"--file={path}", *(["--role=pg_read_all_data"] if superuser else []),
        f"--dbname={conninfo.make_conninfo('', **asked)}",
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    environment["PGOPTIONS"] = " ".join(f"-c {name}={value}" for name, value in GENTLE.items())
    if connection.info.password:
        environment["PGPASSWORD"] = connection.info.password
    if not connection.info.host.startswith("/"):
        environment |= client_environment(tools)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, errors="replace")
    if done.returncode:
        raise DumpFailed(redact(done.stderr.strip(), url))
