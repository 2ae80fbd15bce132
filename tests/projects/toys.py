"""Alembic projects as people write them: an env.py, an ini and a few revisions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

DEFAULT_ENV = """
from logging.config import fileConfig
from sqlalchemy import engine_from_config, pool
from alembic import context
config = context.config
with engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.",
                        poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""


def env_with(engine: str, configure: str = "") -> str:
    """Return an env.py around an expression that makes the engine."""
    return f"""
import os
from sqlalchemy import create_engine, pool
from alembic import context
config = context.config
engine = {engine}
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None{configure})
    with context.begin_transaction():
        context.run_migrations()
"""


def async_env(engine: str) -> str:
    """Return the async template's env.py around an expression that makes the engine."""
    return f"""
import asyncio, os
from sqlalchemy.ext.asyncio import create_async_engine
from alembic import context
def play(connection):
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
async def main():
    engine = {engine}
    try:
        async with engine.connect() as connection:
            await connection.run_sync(play)
    finally:
        await engine.dispose()
asyncio.run(main())
"""


def revision(
    name: str,
    down: str | tuple[str, ...] | None,
    upgrade: str = "pass",
    downgrade: str | None = "pass",
    *,
    more: str = "",
) -> str:
    """Return the source of one revision; `upgrade` and `downgrade` are the bodies of its functions."""
    back = "" if downgrade is None else f"\ndef downgrade():\n    {_body(downgrade)}\n"
    return (
        f'"""The step {name}."""\nfrom alembic import op\nimport sqlalchemy as sa\n'
        f"revision = {name!r}\ndown_revision = {down!r}\n{more}\n"
        f"def upgrade():\n    {_body(upgrade)}\n{back}"
    )


def _body(source: str) -> str:
    return dedent(source).strip().replace("\n", "\n    ")


TABLES = (
    revision("a1", None, 'op.execute("CREATE TABLE orders (id int PRIMARY KEY, note text)")'),
    revision("a2", "a1", 'op.execute("ALTER TABLE orders ADD COLUMN paid boolean")'),
)


def project(
    directory: Path,
    *,
    url: str = "driver://user:pass@localhost/dbname",
    env: str = DEFAULT_ENV,
    revisions: Iterable[str] = TABLES,
    options: str = "",
    script_location: str = "%(here)s/migrations",
) -> Path:
    """Write a project with an alembic.ini; return the ini."""
    scripts(directory / "migrations", env, revisions)
    ini = directory / "alembic.ini"
    ini.write_text(
        f"[alembic]\nscript_location = {script_location}\nprepend_sys_path = .\npath_separator = os\n"
        f"sqlalchemy.url = {url}\n{options}\n"
    )
    return ini


def scripts(directory: Path, env: str, revisions: Iterable[str], versions: str = "versions") -> None:
    """Write env.py and one file for each revision, named after its number."""
    (directory / versions).mkdir(parents=True, exist_ok=True)
    (directory / "env.py").write_text(env)
    for number, source in enumerate(revisions, start=1):
        (directory / versions / f"r{number}.py").write_text(source)
