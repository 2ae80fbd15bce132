"""`rehearse init`: a first rehearse.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rehearse.cli.output import NotWritten
from rehearse.errors import RequestError

_TEMPLATE = """\
# What `rehearse run` needs to know. Every value may hold ${{VARIABLES}} of the environment.

[environments.production]
url = "${{PRODUCTION_URL}}"          # only ever read: postgresql://reader@host:5432/database

[environments.stage]
provider = "embedded"              # a throw-away server of rehearse's own
promotes_to = "production"

# [environments.qa]                # environments that get the release first: any names, any number
# url = "${{QA_URL}}"
# promotes_to = "production"       # or, under production: requires = ["qa"]

[migrations]
{migrations}
# python = ".venv/bin/python"      # the project's interpreter; default: the active virtual environment
# env = ["APP_SETTINGS"]           # variables your env.py needs; everything else is hidden from it
# allow_superuser = ["CREATE EXTENSION", "ALTER SYSTEM"]   # what may have a superuser's rights on the stage
# max_step_seconds = 1800          # a step that takes longer is stopped, and the rehearsal undecided
# max_seconds = 3600               # the same for the whole migration
# downgrade = true                 # the way back of each Alembic revision by itself, however long it takes; false: none

[engine]
use = "auto"                       # auto: an installed server of production's major version, else the embedded one

[snapshot]
rows = 1000                        # larger tables are sampled, with the parents of every row
# duplicates = false               # keys are searched for rows that share them: at most a minute a key
# orphans = false                  # foreign keys are searched for rows without a parent: at most a minute each
# [snapshot.tables]
# "public.orders" = {{ rows = 5000, newest = "created_at" }}
# "public.events" = {{ where = "tenant_id = 7" }}
# "audit.*" = {{ skip = true }}      # the schema only
# [[snapshot.foreign_keys]]        # that PostgreSQL does not know
# from = "public.comments.subject_id"
# where = "subject_type = 'Post'"
# to = "public.posts.id"

[sanitise]
unclassified = "mask"              # mask | mask-all | refuse
# [sanitise.columns]
# "public.customers.email" = "text"
# "public.countries.*" = "keep"

[policy]
max_blocking = "1s"                # at production's size; "0s": no work on rows under a blocking lock at all
# max_row_locks = "30s"            # how long one transaction may update or delete rows that others wait for
# max_age = "24h"                  # how long `rehearse gate` lets a safe run through
# require_signed = true            # only what was rehearsed where REHEARSE_PASS_KEY is set
# require_commit = true            # only the very commit that was rehearsed, nothing uncommitted
# require_path = true              # a pass of its own for every environment that comes before
# versions = ["rehearse", "alembic", "sqlalchemy"]   # that must be those of the rehearsal
# windows = ["Mon-Thu 09:00-16:00 Europe/Berlin"]    # when releases may go out
# freezes = ["2026-12-18..2027-01-04"]               # days on which none does
# [policy.min_fidelity]            # how near to production the stage must have been
# observation = "exact"            # on a server of rehearse's own
# same_major = true                # on production's major version
# max_data_age = "7d"              # from a snapshot no older than that
# sampled_fraction = 0.01          # with at least so much of production's rows
# isolated = true                  # without any network
# max_deviations = 3               # of the stage from production, as the report lists them
# [policy.rates]                   # what production is trusted with, in rows and bytes a second
# rewrite = {{ rows = 10000, bytes = 20000000 }}
# [[policy.acknowledge]]
# [[policy.limit]]                 # another limit for some tables
# object = "public.sessions"
# max_blocking = "100ms"
# [[policy.override]]              # a check is louder, or quieter: block, warn or note
# check = "lock-timeout-missing"
# object = "public.*"
# severity = "block"
# reason = "we had that outage"
# [[policy.acknowledge]]           # or in the migration: rehearse: acknowledge CHECK OBJECT: REASON until DATE
# check = "column-dropped"
# object = "public.orders.legacy_note"
# reason = "unused since 4.2, archived"
# owner = "anna"
# expires = 2027-01-31

# [counts]
# exclude = ["audit_log"]          # what `rehearse counts` leaves out
# [elements]
# "active customers" = "select count(*) from customers where active"

[parity]
# ignore = ["setting.shared_buffers", "role.*"]   # what may differ between environments
"""
_SKIPPED = {".venv", "venv", "node_modules", ".git", ".tox", "site-packages"}


class ConfigurationExists(RequestError):
    """There is a rehearse.toml already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already.", "Edit it, or move it away and run init again.")


def command(
    directory: Annotated[Path, typer.Argument(help="The project.", exists=True, file_okay=False)] = Path(),
) -> None:
    """Write a commented rehearse.toml for this project, with the alembic.ini that is found."""
    path = directory / "rehearse.toml"
    if path.exists():
        raise ConfigurationExists(path)
    found = _alembic_configs(directory)
    try:
        path.write_text(_TEMPLATE.format(migrations=_migrations(found)), encoding="utf-8")
    except OSError as error:
        raise NotWritten(path, error.strerror or str(error), "Make the directory writable, or name another.") from None
    typer.echo(f"Wrote {path}.")
    typer.echo(f"Found {found[0]}." if found else "Found no alembic.ini: set [migrations] by hand.")
    if len(found) > 1:
        typer.echo(f"There are others: {', '.join(found[1:])}.")
    typer.echo("Next: set PRODUCTION_URL (a role that may only read is enough), then: rehearse run")


def _alembic_configs(directory: Path) -> list[str]:
    """Return every alembic.ini below, nearest first, relative to the directory."""
    found = [path.relative_to(directory) for path in directory.rglob("alembic.ini")]
    own = [path for path in found if not _SKIPPED.intersection(path.parts)]
    return [path.as_posix() for path in sorted(own, key=lambda path: (len(path.parts), path.as_posix()))]


def _migrations(found: list[str]) -> str:
    if found:
        return f'tool = "alembic"\nconfig = "{found[0]}"'
    return 'tool = "alembic"                   # alembic | sql | command\nconfig = "alembic.ini"'
