"""The project's models beside a database, by alembic's own comparison: `python -m rehearse_hook.models`.

Reads one JSON object from standard input, writes one to the file it names. The models are imported behind the
guard; only then is the database asked, in a READ ONLY transaction.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from . import guard, places, proposed

_PARTS = re.compile(r"[\s,:]+")  # of prepend_sys_path, as alembic reads it without a path_separator
_CAST = re.compile(r"::[\w\s.\[\]\"()]+$")
_DEPRECATIONS = re.compile("Deprecat|Moved20|RemovedIn")
_LIBRARIES = ("sqlalchemy", "alembic")


class Failed(Exception):
    """Something stood in the way; `told` says what, by names the other end turns into a sentence."""

    def __init__(self, what: str, **told: Any) -> None:
        super().__init__(what)
        self.told = {"what": what, **told}


def main() -> None:
    given = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        answer = _answer(given)
    except Failed as failed:
        answer = {"failure": failed.told}
    with open(given["answer"], "w", encoding="utf-8") as file:  # noqa: PTH123 -- no pathlib, as everywhere in the hook
        json.dump(answer, file)
    sys.stdout.flush()
    os._exit(0)  # what a project started while it was imported must not keep us


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    versions = _libraries()
    sys.path[:0] = _prepended(given)
    metadata = _metadata(given["module"], given["attribute"])
    driver = _driver()
    with _connected(driver, given) as connection, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            found = _compared(connection, metadata)
        except Exception as error:
            raise _failed("compare", error) from error
    return {
        **found,
        "versions": [*versions, [driver, getattr(sys.modules[driver], "__version__", "").split()[0]]],
        "warnings": list(dict.fromkeys(str(one.message) for one in warned if _is_telling(one.category))),
    }


def _libraries() -> list[list[str]]:
    """Import alembic and SQLAlchemy before the project's directory is on the path: it may hold an `alembic`."""
    here = sys.path.pop(0)
    for name in (*_LIBRARIES, "alembic.autogenerate", "alembic.config", "alembic.runtime.migration"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise _failed("no-library", error, library=name.partition(".")[0]) from error
    sys.path.insert(0, here)
    return [[name, sys.modules[name].__version__] for name in _LIBRARIES]


def _prepended(given: dict[str, Any]) -> list[str]:
    """Return what alembic would put first on the path for this project: prepend_sys_path."""
    ini, toml = given["ini"], given["toml"]
    if not ini and not toml:
        return []
    config = importlib.import_module("alembic.config").Config
    try:
        if hasattr(config, "get_prepend_sys_paths_list"):  # alembic 1.16
            return list(config(ini, toml_file=toml).get_prepend_sys_paths_list() or ())
        return [part for part in _PARTS.split(config(ini).get_main_option("prepend_sys_path") or "") if part]
    except Exception:  # noqa: BLE001 -- alembic itself says what is wrong with its configuration when it migrates
        return []


def _metadata(module: str, attribute: str) -> Any:
    found = _imported(module)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise _failed("no-attribute", error, attribute=part, of=getattr(found, "__name__", str(found))) from error
    kind: Any = importlib.import_module("sqlalchemy").MetaData
    if not isinstance(found, kind):
        found, given = getattr(found, "metadata", None), found
        if not isinstance(found, kind):
            raise Failed("no-metadata", type=type(given).__name__)
    if not found.tables:
        raise Failed("empty")
    return found


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except guard.ConnectionRefusedByRehearse as error:
        raise _failed("connection", error) from error
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")
        raise _failed("no-module" if missing else "import", error) from error


def _driver() -> str:
    """Return the driver the project has; SQLAlchemy knows psycopg 3 from 2.0 on."""
    new = int(sys.modules["sqlalchemy"].__version__.split(".")[0]) >= 2  # noqa: PLR2004 -- the major version
    usable = [name for name in ("psycopg", "psycopg2") if find_spec(name) and (new or name != "psycopg")]
    if not usable:
        others = [name for name in ("psycopg", "asyncpg", "pg8000") if find_spec(name)]
        raise Failed("no-driver", wanted="psycopg or psycopg2" if new else "psycopg2", others=others)
    return usable[0]


@contextmanager
def _connected(driver: str, given: dict[str, Any]) -> Iterator[Any]:
    sqlalchemy: Any = importlib.import_module("sqlalchemy")
    arguments = {**given["parameters"], **({"prepare_threshold": None} if driver == "psycopg" else {})}
    engine = sqlalchemy.create_engine(
        f"postgresql+{driver}://", connect_args=arguments, poolclass=sqlalchemy.pool.NullPool
    )
    os.environ.update(given["environment"])
    guard.stand_down()
    try:
        connection = engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        read_only = connection.exec_driver_sql("SHOW transaction_read_only").scalar()
    except Exception as error:
        raise _failed("connect", error) from error
    with connection:
        if read_only != "on":
            raise Failed("not-read-only")
        yield connection


def _compared(connection: Any, metadata: Any) -> dict[str, Any]:
    default = connection.dialect.default_schema_name
    schemas = {None if table.schema == default else table.schema for table in metadata.tables.values()}
    context: Any = importlib.import_module("alembic.runtime.migration").MigrationContext.configure(
        connection=connection,
        opts={
            "target_metadata": metadata,
            "compare_type": True,
            "compare_server_default": True,
            "include_schemas": schemas != {None},
            "include_name": lambda name, kind, _parents: kind != "schema" or name in schemas,
        },
    )
    _compare_defaults_carefully(context)
    found = importlib.import_module("alembic.autogenerate").compare_metadata(context, metadata)
    return {
        "operations": list(proposed.told(found, default)),
        "objects": proposed.counted(metadata),
        "tables": sorted([table.schema or default, str(table.name)] for table in metadata.tables.values()),
        "schemas": sorted(schema or default for schema in schemas),
    }


def _compare_defaults_carefully(context: Any) -> None:
    """Compare as text what the server cannot compare: json has no equality, nextval() is refused when read only."""
    compare = context.impl.compare_server_default
    refused: Any = importlib.import_module("sqlalchemy.exc").DBAPIError

    def compared(inspected: Any, declared: Any, written: Any, stored: Any) -> Any:
        if written is None or stored is None:
            return compare(inspected, declared, written, stored)
        savepoint = context.connection.begin_nested()
        try:
            different = compare(inspected, declared, written, stored)
        except refused:
            savepoint.rollback()
            return _bare(written) != _bare(stored)
        savepoint.commit()
        return different

    context.impl.compare_server_default = compared


def _bare(default: str) -> str:
    return _CAST.sub("", default.strip()).strip("'")


def _is_telling(category: Any) -> bool:
    return not issubclass(category, ImportWarning) and not _DEPRECATIONS.search(category.__name__)


def _failed(what: str, error: BaseException, **told: Any) -> Failed:
    """Return the failure with the error's class, its first line and its place in the project."""
    cause: BaseException = getattr(error, "orig", None) or error
    location, said = places.of_error(error), str(cause)
    if isinstance(error, SyntaxError) and error.filename:
        location, said = f"{places.relative(error.filename)}:{error.lineno}", error.msg
    lines = said.strip().splitlines()
    database = type(cause).__module__.split(".")[0] in ("psycopg", "psycopg2", "psycopg2.errors")
    return Failed(
        what,
        error=type(cause).__name__,
        message=lines[0] if lines else "",
        location=location,
        database=database,
        **told,
    )


if __name__ == "__main__":
    main()
