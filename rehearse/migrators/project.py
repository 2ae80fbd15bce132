"""The alembic project as its files describe it: configuration, interpreter, URLs in the ini."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error, RawConfigParser
from pathlib import Path

from rehearse.errors import RequestError
from rehearse.migrators.hook.rehearse_hook.target import is_postgresql
from rehearse.model.migration import MigrationPlan


class ConfigMissing(RequestError):
    """There is no alembic configuration."""

    def __init__(self, place: Path) -> None:
        super().__init__(
            f"There is no alembic configuration: {place} does not exist.",
            "Name it with --alembic path/to/alembic.ini (or pyproject.toml), or in migrations.config.",
        )


class InterpreterMissing(RequestError):
    """The project's Python does not exist."""

    def __init__(self, python: Path) -> None:
        super().__init__(
            f"The project's interpreter {python} does not exist or may not be executed.",
            "Set migrations.python to the python of the project's virtual environment.",
        )


def configuration(plan: MigrationPlan) -> Path | None:
    """Return alembic.ini or pyproject.toml; None where the project's own command needs neither.

    Raises ConfigMissing.
    """
    if plan.config is not None:
        if not plan.config.is_file():
            raise ConfigMissing(plan.config)
        return plan.config
    usual = [plan.directory / name for name in ("alembic.ini", "pyproject.toml")]
    found = next((path for path in usual if path.is_file()), None)
    if found is None and not plan.command:
        raise ConfigMissing(usual[0])
    return found


def own_interpreter(plan: MigrationPlan, config: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the configured Python, the active virtual environment's, or the `.venv` beside the configuration.

    Raises InterpreterMissing for a configured one that is none.
    """
    if plan.python is not None:
        if not os.access(plan.python, os.X_OK) or plan.python.is_dir():
            raise InterpreterMissing(plan.python)
        return plan.python
    active = [Path(environ["VIRTUAL_ENV"])] if environ.get("VIRTUAL_ENV") else []
    beside = (config.parent if config else plan.directory) / ".venv"
    candidates = (folder / "bin" / "python" for folder in (*active, beside))
    return next((python for python in candidates if python.is_file()), None)


def alembic_command(plan: MigrationPlan, config: Path, python: Path | None, *words: str) -> tuple[str, ...]:
    """Return `python -m alembic -c ... WORDS`.

    A project with a package of its own called `alembic` would hide the real one from `-m`: there alembic's script
    is run, as its users do.
    """
    interpreter = python or Path(sys.executable)
    script = interpreter.parent / "alembic"
    hidden = (plan.directory / "alembic" / "__init__.py").is_file() or (plan.directory / "alembic.py").is_file()
    program = (str(script),) if hidden and script.is_file() else ("-m", "alembic")
    return (str(interpreter), *program, *_options(plan, config), *words)


def ini_urls(config: Path | None) -> tuple[str, ...]:
    """Return every PostgreSQL URL among the url options of an ini, all sections, interpolated where possible."""
    if config is None:
        return ()
    ini = config.with_name("alembic.ini") if config.name == "pyproject.toml" else config
    return tuple(sorted(set(_urls(ini)))) if ini.is_file() else ()


def _options(plan: MigrationPlan, config: Path) -> tuple[str, ...]:
    """Name the configuration unless alembic finds it by itself, both files at once."""
    found_by_itself = config.parent == plan.directory and config.name in ("alembic.ini", "pyproject.toml")
    return () if found_by_itself else ("-c", str(config))


def _urls(ini: Path) -> Iterator[str]:
    parser, raw = ConfigParser({"here": str(ini.parent)}, strict=False), RawConfigParser(strict=False)
    try:
        text = ini.read_text(encoding="utf-8")
        parser.read_string(text)
        raw.read_string(text)
    except (Error, UnicodeDecodeError):
        return  # alembic itself will say what is wrong with it
    for section in parser.sections():
        for option in parser.options(section):
            try:
                value = parser.get(section, option)
            except Error:
                value = raw.get(section, option)
            if option.endswith("url") and is_postgresql(value):
                yield value
