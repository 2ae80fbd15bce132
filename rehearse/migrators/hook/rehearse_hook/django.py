"""Django's migrations as steps: where each begins and ends, marked on its own connection."""

from __future__ import annotations

import functools
import os
import sys
from types import ModuleType
from typing import Any

from . import journal, places, steps


def _patch_executor(module: ModuleType) -> None:
    kind = module.MigrationExecutor
    migrate, apply = kind.migrate, kind.apply_migration

    @functools.wraps(migrate)
    def reporting(self: Any, targets: Any, plan: Any = None, *arguments: Any, **named: Any) -> Any:
        planned = self.migration_plan(targets) if plan is None else plan
        _report_plan(planned, self.loader)
        return migrate(self, targets, planned, *arguments, **named)

    @functools.wraps(apply)
    def marking(self: Any, state: Any, migration: Any, *arguments: Any, **named: Any) -> Any:
        step = _name(migration)
        journal.write("step-start", id=step)
        if self.connection.vendor == "postgresql":
            with self.connection.cursor() as cursor:
                cursor.execute(f"SET application_name = 'rehearse:{step}'")
        try:
            result = apply(self, state, migration, *arguments, **named)
        except BaseException as error:
            where = places.of_error(error, _file(migration))
            journal.write("step-failed", id=step, location=where, **steps.described(error))
            raise
        journal.write("step-end", id=step)
        return result

    kind.migrate, kind.apply_migration = reporting, marking


def _report_plan(plan: Any, loader: Any) -> None:
    forwards = [migration for migration, backwards in plan if not backwards]
    journal.write(
        "plan",
        destination=None,
        steps=[_step(migration) for migration in forwards],
        known=len(loader.disk_migrations),
        targets=[],
        directory=".",
        offline=False,
    )


def _step(migration: Any) -> dict[str, Any]:
    return {
        "id": _name(migration),
        "title": (sys.modules[migration.__module__].__doc__ or "").strip().partition("\n")[0],
        "source": places.relative(_file(migration)),
        "path": os.path.abspath(_file(migration)),  # noqa: PTH100 -- no pathlib here
        "parents": None,  # what is recorded does not name the app: each migration stands for itself
        "downgrade": "missing",
    }


def _name(migration: Any) -> str:
    return f"{migration.app_label}.{migration.name}"


def _file(migration: Any) -> str:
    return str(sys.modules[migration.__module__].__file__)


PATCHES = {"django": steps.report_version, "django.db.migrations.executor": _patch_executor}
