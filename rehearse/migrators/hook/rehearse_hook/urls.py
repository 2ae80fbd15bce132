"""URLs: the stage's, in a spelling the project's SQLAlchemy understands, in place of placeholders."""

from __future__ import annotations

import functools
import os
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from . import journal
from .target import is_postgresql


def choose_driver() -> None:
    """Name a driver in the stage's URL, in every variable holding it, where plain `postgresql://` would fail."""
    plain = journal.settings()["stage"]["url"]
    spelled = _spelled(plain)
    if spelled != plain:
        for name in [name for name, value in os.environ.items() if value == plain]:
            os.environ[name] = spelled


def _spelled(plain: str) -> str:
    present = [driver for driver in ("psycopg", "psycopg2", "asyncpg", "pg8000") if find_spec(driver)]
    if not present or ("psycopg" in present and "psycopg2" in present) or present[0] == _default_driver():
        return plain
    return plain.replace("postgresql://", f"postgresql+{present[0]}://", 1)


def _default_driver() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 -- slow to import, seldom needed

    try:
        numbers = version("sqlalchemy").split(".")
    except PackageNotFoundError:
        return "psycopg2"
    return "psycopg" if (int(numbers[0]), int(numbers[1])) >= (2, 1) else "psycopg2"


def _replace_placeholders(module: ModuleType) -> None:
    """Make the URL options of an alembic.ini read as the stage where they are no PostgreSQL URL."""
    config = module.Config
    get_section, get_section_option, get_main_option = (
        config.get_section,
        config.get_section_option,
        config.get_main_option,
    )

    @functools.wraps(get_section)
    def section(self: Any, name: str, *arguments: Any, **named: Any) -> Any:
        found = get_section(self, name, *arguments, **named)
        if not found:
            return found
        real = {option: _real(option, value) for option, value in found.items()}
        if name == self.config_ini_section and _is_empty(real.get("sqlalchemy.url")):  # feeds engine_from_config
            real["sqlalchemy.url"] = _spelled(journal.settings()["stage"]["url"])
        return real

    @functools.wraps(get_section_option)
    def section_option(self: Any, section: str, name: str, *arguments: Any, **named: Any) -> Any:
        return _real(name, get_section_option(self, section, name, *arguments, **named))

    @functools.wraps(get_main_option)
    def main_option(self: Any, name: str, *arguments: Any, **named: Any) -> Any:
        return _real(name, get_main_option(self, name, *arguments, **named))

    config.get_section, config.get_section_option, config.get_main_option = section, section_option, main_option


def _real(option: str, value: Any) -> Any:
    is_url = option == "url" or option.endswith((".url", "_url"))
    if not is_url or not isinstance(value, str) or "://" not in value or is_postgresql(value):
        return value
    journal.write("placeholder", option=option, scheme=value.split(":", 1)[0])
    return _spelled(journal.settings()["stage"]["url"])


def _is_empty(value: Any) -> bool:
    return value is None or not str(value).strip("\"' ")  # mlflow's ini says `sqlalchemy.url = ""`


PATCHES = {"alembic.config": _replace_placeholders}
