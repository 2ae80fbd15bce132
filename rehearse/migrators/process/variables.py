"""The environment variables of the migrating process: the stage, a few harmless ones, and those handed through."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from rehearse.errors import RequestError
from rehearse.migrators.hook.rehearse_hook.target import is_postgresql
from rehearse.model.stage import StageAddress

HOOK = Path(__file__).resolve().parent.parent / "hook"
_KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV")
_URL_NAME = re.compile(r"(^|_)(URL|URI|DSN)$")
_SECRET_LENGTH = 4  # shorter ones would mangle words
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASS|CREDENTIAL|PWD")


class VariableUnset(RequestError):
    """A variable to be handed through has no value."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The variable {name} is to be handed to the migration (migrations.env), but it is not set.",
            f"Set {name}, or take it out of migrations.env.",
        )


def scrubbed(
    environ: Mapping[str, str],
    *,
    handed: tuple[str, ...],
    address: StageAddress,
    private: Path,
    interpreter: Path | None,
) -> dict[str, str]:
    """Return the whole environment of the migrating process; raises VariableUnset.

    `private` is a directory of its own; `interpreter` the project's, whose directory then comes first on PATH.
    """
    kept = {name: value for name, value in environ.items() if name in _KEPT or name.startswith("LC_")}
    kept.setdefault("PATH", os.defpath)
    if interpreter is not None:
        kept["PATH"] = f"{interpreter.parent}{os.pathsep}{kept['PATH']}"
        if (interpreter.parent.parent / "pyvenv.cfg").is_file():
            kept["VIRTUAL_ENV"] = str(interpreter.parent.parent)
    own_path = [environ["PYTHONPATH"]] if environ.get("PYTHONPATH") else []
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([str(HOOK), *own_path]),
        "HOME": str(private),
        "PGPASSFILE": str(private / "no-pgpass"),
        "PGSERVICEFILE": str(private / "no-service-file"),
        "PGSYSCONFDIR": str(private / "no-sysconfdir"),
        "PGOPTIONS": "",
        "PGHOST": str(address.socket_dir),
        "PGPORT": str(address.port),
        "PGUSER": address.user,
        "PGDATABASE": address.database,
        "DATABASE_URL": _with_driver_of(environ.get("DATABASE_URL", ""), stage_url(address)),
        **{name: _handed_through(name, environ, address) for name in handed},
    }


def searching(environ: Mapping[str, str], directories: Sequence[Path]) -> Mapping[str, str]:
    """Return an environment in which Python looks through some directories first."""
    if not directories:
        return environ
    own = [environ["PYTHONPATH"]] if environ.get("PYTHONPATH") else []
    return {**environ, "PYTHONPATH": os.pathsep.join([*map(str, directories), *own])}


def stage_url(address: StageAddress) -> str:
    """Return the stage's URL for the project: the query's host is what connects.

    `localhost` stands in it for code that refuses a URL without a host; no percent sign, which would trip
    `Config.set_main_option`, is in it unless a name needs one.
    """
    return (
        f"postgresql://{quote(address.user, safe='')}@localhost:{address.port}/{quote(address.database, safe='')}"
        f"?host={quote(str(address.socket_dir))}"
    )


def secrets(environ: Mapping[str, str], handed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values handed through that must never be printed, going by their names."""
    secret = (environ.get(name, "") for name in handed if _SECRET_NAME.search(name.upper()))
    return tuple(value for value in secret if len(value) >= _SECRET_LENGTH)


def _handed_through(name: str, environ: Mapping[str, str], address: StageAddress) -> str:
    value = environ.get(name)
    if value is None:
        if _URL_NAME.search(name.upper()):
            return stage_url(address)
        raise VariableUnset(name)
    return _with_driver_of(value, stage_url(address)) if is_postgresql(value) else value


def _with_driver_of(given: str, url: str) -> str:
    driver = re.match(r"\w+(\+\w+)://", given) if is_postgresql(given) else None
    return url.replace("postgresql://", f"postgresql{driver[1]}://", 1) if driver else url
