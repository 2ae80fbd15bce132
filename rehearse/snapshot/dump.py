"""The schema, by pg_dump, as of the snapshot."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import conninfo
from psycopg.rows import class_row

from rehearse.db.connect import GENTLE, redact, startup_options
from rehearse.db.queries import query
from rehearse.engine import variables
from rehearse.engine.binaries import client_environment, client_tools
from rehearse.model.wording import without_values
from rehearse.snapshot.errors import DumpFailed, MappingsSeen, NoTLS, TablesWithheld, Withheld

_LIMITS = {**GENTLE, "default_transaction_read_only": "on"}
_SECRETS = ("sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")  # beside the password
_NOT_PASSED_ON = {
    "options", "passfile", "service", "servicefile",  # said otherwise
    "target_session_attrs", "load_balance_hosts",  # done with: a host has answered
    *_SECRETS,
}  # fmt: skip
_FILLED_IN = ("sslcertmode", "allow")  # by libpq itself, from 16 on; an older pg_dump does not know it


def check_readable(connection: psycopg.Connection) -> None:
    """See to it that this role may read every table pg_dump locks; raises TablesWithheld, which names all others."""
    with connection.cursor(row_factory=class_row(Withheld)) as cursor:
        withheld = cursor.execute(query("snapshot/withheld").encode()).fetchall()
    if withheld:
        raise TablesWithheld(withheld)


def dump_schema(connection: psycopg.Connection, url: str, snapshot: str, *, superuser: bool, path: Path) -> None:
    """Write the schema as a pg_dump archive in custom format, seen by an exported snapshot.

    pg_dump goes where the connection went, whatever was said by URL, service, PG* variables and .pgpass: of several
    hosts to the one that answered. Passwords never stand in a command line. Raises NoTLS, MappingsSeen and DumpFailed.
    """
    tools = client_tools(connection.info.server_version // 10000)
    borrowed = client_environment(tools)
    if connection.pgconn.ssl_in_use and not tools.speaks_tls and not borrowed:
        raise NoTLS(tools.bin_dir)
    command = [
        str(tools.bin_dir / "pg_dump"), "--format=custom", "--schema-only", "--no-subscriptions",
        "--no-security-labels", "--lock-wait-timeout=2000", "--no-password", f"--snapshot={snapshot}",
        f"--file={path}", *_role(connection, superuser=superuser), f"--dbname={_place(connection)}",
    ]  # fmt: skip
    with _secrets(connection) as secret:
        environment = {**_without_libpq(os.environ), **borrowed, **secret, "PGOPTIONS": startup_options(url, _LIMITS)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, errors="replace")
    if done.returncode:
        raise DumpFailed(redact(without_values(done.stderr.strip()), url))


def _role(connection: psycopg.Connection, *, superuser: bool) -> tuple[str, ...]:
    """Return as whom pg_dump reads: options of user mappings, passwords mostly, stay where they are.

    A superuser sees them all, the owner of a mapping or of its server its own, and pg_dump writes down what it sees
    (manual 54.23, pg_user_mappings); pg_read_all_data sees none. Raises MappingsSeen for who cannot act as that.
    """
    seen = () if superuser else connection.execute(query("snapshot/visible_mappings").encode()).fetchall()
    if not (superuser or seen):
        return ()
    if connection.execute(query("snapshot/reads_all").encode()).fetchone() != (True,):
        raise MappingsSeen(tuple(f"{mapping} ({options})" for mapping, options in seen))
    return ("--role=pg_read_all_data",)


def _place(connection: psycopg.Connection) -> str:
    """Return a conninfo of the very server, database and user that a connection has reached, and how."""
    info = connection.info
    how = {
        name: value
        for name, value in info.get_parameters().items()
        if name not in _NOT_PASSED_ON and (name, value) != _FILLED_IN
    }
    return conninfo.make_conninfo("", **{**how, "host": info.host, "hostaddr": info.hostaddr, "port": str(info.port)})


@contextmanager
def _secrets(connection: psycopg.Connection) -> Iterator[dict[str, str]]:
    """Offer variables that hand on the password, and by way of a service file the secrets that have no variable."""
    told = {"PGPASSWORD": connection.info.password} if connection.info.password else {}
    given = {option.keyword.decode(): option.val for option in connection.pgconn.info}
    lines = [name.encode() + b"=" + value + b"\n" for name in _SECRETS if (value := given.get(name))]
    if not lines:
        yield told
        return
    with tempfile.NamedTemporaryFile(prefix="rehearse-service-") as file:
        file.writelines([b"[source]\n", *lines])
        file.flush()
        yield {**told, "PGSERVICE": "source", "PGSERVICEFILE": file.name}


def _without_libpq(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables that libpq reads: the connection has heeded them already."""
    return {name: value for name, value in environment.items() if name not in variables.of_libpq()}
