"""A real Alembic history from a filled database: the last revisions rehearsed one by one, every finding printed.

Run as `python tests/benchmarks/histories.py --python VENV/bin/python [--last 30] [--rows 500]`; the venv has
`mlflow==3.17.2` and `psycopg2-binary`. Production (an embedded server) is upgraded after each rehearsal, and tables
that are new are filled. `--max-blocking 0s` is used, so that small tables hide nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from rehearse.engine.binaries import resolve
from rehearse.engine.server import running

LOCATION = "import pathlib, mlflow.store.db_migrations as m; print(pathlib.Path(m.__file__).parent)"
FOUND = """
import sys
from alembic.config import Config
from alembic.script import ScriptDirectory
print(*[found.revision for found in ScriptDirectory.from_config(Config(sys.argv[1])).walk_revisions()])
"""
OLDEST = """
import sys, sqlalchemy
from mlflow.store.tracking.dbmodels.initial_models import Base
Base.metadata.create_all(sqlalchemy.create_engine(sys.argv[1]))
"""
UPGRADE = """
import sys
from alembic import command
from alembic.config import Config
config = Config(sys.argv[1])
config.set_main_option("sqlalchemy.url", sys.argv[2])
command.upgrade(config, sys.argv[3])
"""
COLUMNS = """
SELECT c.oid::int, c.relname, a.attname, a.attnum, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
       (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid), ' ')
          FROM pg_catalog.pg_constraint AS k
         WHERE k.conrelid = c.oid AND k.contype = 'c' AND a.attnum = ANY (k.conkey))
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
   AND a.attidentity = '' AND a.attgenerated = ''
 ORDER BY c.oid, a.attnum
"""
KEYS = """
SELECT conrelid::int, confrelid::regclass::text,
       (SELECT pg_catalog.array_agg(attname::text ORDER BY place) FROM pg_catalog.unnest(conkey) WITH ORDINALITY
        AS u (attnum, place) JOIN pg_catalog.pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = u.attnum),
       (SELECT pg_catalog.array_agg(attname::text ORDER BY place) FROM pg_catalog.unnest(confkey) WITH ORDINALITY
        AS u (attnum, place) JOIN pg_catalog.pg_attribute AS a ON a.attrelid = confrelid AND a.attnum = u.attnum)
  FROM pg_catalog.pg_constraint WHERE contype = 'f' AND conrelid <> confrelid
"""


def fill(connection: psycopg.Connection, rows: int) -> Iterator[str]:
    """Give every empty table rows, parents first; yield the names of tables that stayed empty."""
    tables: dict[int, list[tuple[Any, ...]]] = {}
    for row in connection.execute(COLUMNS).fetchall():
        tables.setdefault(row[0], []).append(row)
    keys = connection.execute(KEYS).fetchall()
    left = dict(tables)
    for _ in range(len(tables)):
        for oid, columns in list(left.items()):
            parents = [(parent, own, theirs) for child, parent, own, theirs in keys if child == oid]
            waiting = {found[0][1] for found in left.values()} & {parent for parent, _, _ in parents}
            if not waiting:
                del left[oid]
                if not _fill(connection, columns, parents, rows):
                    yield columns[0][1]
    yield from (columns[0][1] for columns in left.values())


def _fill(connection: psycopg.Connection, columns: list[tuple[Any, ...]], parents: list[Any], rows: int) -> bool:
    table = sql.Identifier(columns[0][1])
    if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)).fetchone():
        return True
    values, joins = dict[str, sql.Composable](), list[sql.Composable]()
    for number, (parent, own, theirs) in enumerate(parents):
        alias = sql.Identifier(f"parent{number}")
        joins.append(
            sql.SQL(
                "JOIN (SELECT *, row_number() OVER () AS place, count(*) OVER () AS many FROM {}) AS {alias}"
                " ON {alias}.place = 1 + g %% {alias}.many"
            ).format(sql.SQL(parent), alias=alias)
        )
        for mine, its in zip(own, theirs, strict=True):
            values.setdefault(mine, sql.SQL("{}.{}").format(alias, sql.Identifier(its)))
    for _, _, name, number, kind, not_null, check in columns:
        value = values.get(name) or sql.SQL(_value(kind, number, check))
        nullable = not not_null and name not in values
        values[name] = sql.SQL("CASE WHEN g %% 4 > 0 THEN {} END").format(value) if nullable else value
    done = connection.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM generate_series(1, %s) AS g {} ON CONFLICT DO NOTHING").format(
            table,
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(values.values()),
            sql.SQL(" ").join(joins),
        ),
        [rows],
    )
    return done.rowcount > 0


def _value(kind: str, number: int, check: str | None) -> str:
    allowed = re.findall(r"'((?:[^']|'')*)'", check or "")
    if allowed:
        listed = ", ".join(f"'{value}'" for value in allowed)
        return f"(ARRAY[{listed}])[1 + g %% {len(allowed)}]"
    if kind.startswith(("character", "text")):
        return f"CASE g %% 7 WHEN 0 THEN 'Ünï-' ELSE 'v{number}-' END || g"
    if kind == "boolean":
        return "g %% 2 = 0"
    return {"bytea": "'\\x00'::bytea", "json": "'{}'::json", "jsonb": "'{}'::jsonb", "uuid": "gen_random_uuid()"}.get(
        kind, "now()" if kind.startswith(("timestamp", "date")) else "g"
    )


def rehearsed(url: str, ini: Path, python: Path, target: str) -> Mapping[str, Any]:
    words = ["run", "--from", url, "--alembic", str(ini), "--python", str(python), "--to", target, "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "rehearse", *words, "--max-blocking", "0s", "--rows", "100000"],
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--last", type=int, default=30)
    parser.add_argument("--rows", type=int, default=500)
    asked = parser.parse_args()

    def play(code: str, *words: str) -> str:
        done = subprocess.run([asked.python, "-c", code, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    with tempfile.TemporaryDirectory() as name, running(resolve(None, use="embedded").binaries) as server:
        ini = Path(name) / "alembic.ini"
        ini.write_text(f"[alembic]\nscript_location = {play(LOCATION).strip()}\nsqlalchemy.url = driver://x/y\n")
        with server.connect() as connection:
            connection.execute("CREATE ROLE ml LOGIN")
            connection.execute("CREATE DATABASE ml OWNER ml")
        url = f"postgresql://ml@/ml?host={server.socket_dir}"
        theirs = url.replace("://", "+psycopg2://")
        revisions = play(FOUND, str(ini)).split()[: asked.last + 1][::-1]
        play(OLDEST, theirs)
        play(UPGRADE, str(ini), theirs, revisions[0])
        told: Counter[tuple[str, str]] = Counter()
        for target in revisions[1:]:
            with server.connect("ml") as connection:
                empty = sorted(fill(connection, asked.rows))
                connection.execute("ANALYZE")
            report = rehearsed(url, ini, asked.python, target)
            (step,) = report["steps"]
            print(f"\n{step['id']} {step['title']}: {report['verdict']}", f"(empty: {empty})" if empty else "")
            for found in report["findings"]:
                told[found["severity"], found["check"]] += 1
                print(f"  {found['severity']:<5} {found['check']}: {found['message']}")
            if report["verdict"] == "undecided":
                print("  open:", *report["reasons"], sep="\n    ")
            play(UPGRADE, str(ini), theirs, target)
        print()
        for (severity, check), times in sorted(told.items()):
            print(f"{times:>4} {severity:<5} {check}")


if __name__ == "__main__":
    main()
