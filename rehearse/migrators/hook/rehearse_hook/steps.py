"""The steps: where each pending revision begins and ends, told by alembic itself and marked on its connection."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from . import journal, places, statements


def _patch_context(module: ModuleType) -> None:
    kind = module.MigrationContext
    run = kind.run_migrations

    @functools.wraps(run)
    def run_migrations(self: Any, **named: Any) -> Any:
        planned = self._migrations_fn
        playing: list[str] = []

        def steps(heads: Any, context: Any) -> Iterator[Any]:
            return _played(list(planned(heads, context)), context, playing)

        self._migrations_fn = steps
        try:
            return run(self, **named)
        except BaseException as error:
            for step, path in [playing[-2:]] if playing else []:
                place = places.of_error(error, os.path.dirname(path))  # noqa: PTH120 -- no pathlib here
                journal.write("step-failed", id=step, location=place, **described(error))
            raise
        finally:
            self._migrations_fn = planned

    kind.run_migrations = run_migrations


def _played(steps: list[Any], context: Any, playing: list[str]) -> Iterator[Any]:
    """Yield the steps as alembic wants them; what follows the yield runs after the step's own commit, if it has one."""
    _report_plan(steps, context)
    for step in steps:
        script = getattr(step, "revision", None)
        if script is None:  # a stamp: nothing is played
            yield step
            continue
        playing[:] = [script.revision, script.path]
        step.migration_fn = _marking(step.migration_fn, context, script.revision)
        yield step
        playing.clear()
        journal.write("step-end", id=script.revision)


def _marking(migrate: Any, context: Any, revision: str) -> Any:
    @functools.wraps(migrate)
    def marked(*arguments: Any, **named: Any) -> Any:
        journal.write("step-start", id=revision)
        if not context.as_sql and context.connection is not None and context.dialect.name == "postgresql":
            quoted = f"rehearse:{revision}".replace("'", "''")
            context.connection.exec_driver_sql(
                f"SET application_name = '{quoted}'", execution_options={"no_parameters": True}
            )
        with statements.noted(context.connection, revision, migrate):
            return migrate(*arguments, **named)

    return marked


def _report_plan(steps: list[Any], context: Any) -> None:
    script = context.opts.get("script")
    destination = context.opts.get("destination_rev")
    if destination is None and not steps:  # `current`, autogenerate: not a run
        return
    journal.write(
        "plan",
        destination=destination,
        steps=[_step(step, script) for step in steps if hasattr(step, "revision")],
        known=len(list(script.walk_revisions())) if script else None,
        targets=_targets(script, destination, steps),
        directory=places.relative(script.dir) if script else None,
        offline=bool(context.as_sql),
    )


def _step(step: Any, script: Any) -> dict[str, Any]:
    path = places.relative(step.revision.path)
    if os.path.isabs(path) and script is not None:  # noqa: PTH117 -- a package elsewhere: named from its script directory
        path = os.path.relpath(path, os.path.dirname(os.path.abspath(script.dir)))  # noqa: PTH100, PTH120 -- no pathlib here
    return {
        "id": step.revision.revision,
        "title": step.doc or "",
        "source": path,
        "path": os.path.abspath(step.revision.path),  # noqa: PTH100 -- no pathlib here
        "parents": _parents(step.revision),
        "downgrade": _downgrade(step.revision),
    }


def _downgrade(script: Any) -> str:
    """Return whether a revision's way back is written, empty (nothing but `pass` or a docstring) or missing."""
    found = getattr(getattr(script, "module", None), "downgrade", None)
    if found is None:
        return "missing"
    code = getattr(getattr(found, "__code__", None), "co_code", None)
    return "empty" if code in (_nothing.__code__.co_code, _nothing_but_words.__code__.co_code) else "written"


def _nothing() -> None:
    pass


def _nothing_but_words() -> None:
    """Do nothing."""


def _parents(script: Any) -> list[str]:
    """Return what a revision builds on, the revisions it depends on among them."""
    found = getattr(script, "_all_down_revisions", script.down_revision) or ()
    return [found] if isinstance(found, str) else list(found)


def _targets(script: Any, destination: Any, steps: list[Any]) -> list[str]:
    """Return the revisions the version table should hold at the end; those another head depends on are not stored."""
    try:
        found = [found.revision for found in script.get_revisions(destination)]
        real = script.revision_map._real_heads  # noqa: SLF001 -- has no public name
        return [name for name in found if name in real] if destination in ("head", "heads") else found
    except Exception:  # noqa: BLE001 -- a relative target ("+2") names no revision: then it is where the steps end
        return [step.revision.revision for step in steps[-1:]]


def _patch_scripts(module: ModuleType) -> None:
    kind = module.ScriptDirectory
    run = kind.run_env

    @functools.wraps(run)
    def run_env(self: Any) -> Any:
        env = places.relative(os.path.join(self.dir, "env.py"))  # noqa: PTH118 -- no pathlib here
        journal.write("env-start", source=env)
        try:
            result = run(self)
        except BaseException as error:
            journal.write("env-failed", source=env, location=places.of_error(error), **described(error))
            raise
        journal.write("env-end", source=env)
        return result

    kind.run_env = run_env


def described(error: BaseException) -> dict[str, Any]:
    """Return class, first line and SQLSTATE of the error the driver raised, or of the error itself; and the statement.

    The statement has placeholders in place of its parameters.
    """
    found: BaseException = getattr(error, "orig", None) or error
    if type(found).__module__.startswith(("sqlalchemy", "django.db")) and found.__cause__ is not None:
        found = found.__cause__  # the driver's own, behind SQLAlchemy's adapter for asyncpg or Django's
    lines = str(found).strip().splitlines()
    database = type(found).__module__.split(".")[0] in ("psycopg", "psycopg2", "asyncpg", "pg8000")
    return {
        "error": type(found).__name__,
        "message": lines[0] if lines else "",
        "origin": "database" if database else "code",
        "sqlstate": getattr(found, "sqlstate", None) or getattr(found, "pgcode", None),
        "statement": getattr(error, "statement", None),
    }


def report_version(module: ModuleType) -> None:
    """Say which version of a library the project has."""
    journal.write("version", name=module.__name__, version=module.__version__)


PATCHES = {
    "alembic": report_version,
    "sqlalchemy": report_version,
    "alembic.runtime.migration": _patch_context,
    "alembic.script.base": _patch_scripts,
}
