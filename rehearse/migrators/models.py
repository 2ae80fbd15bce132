"""The project's models: imported by the project's own interpreter, compared with a database by its own alembic."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from rehearse.migrators import project
from rehearse.migrators.process import output, variables
from rehearse.migrators.unanswered import Failure, NotModels, unanswered
from rehearse.model.migration import MigrationPlan
from rehearse.model.proposal import Proposal, Unanswered
from rehearse.model.stage import StageAddress

_T = TypeVar("_T")
_LIMIT = timedelta(minutes=15)
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_NAMED = re.compile(f"({_DOTTED}):({_DOTTED})")
_HANDED_BACK = ("HOME", "KRB5CCNAME", "KRB5_CONFIG")  # where libpq finds certificates and tickets


def ask(
    models: str, plan: MigrationPlan, parameters: Mapping[str, str], environ: Mapping[str, str]
) -> Proposal | Unanswered:
    """Return what alembic proposes for the database that libpq's connection parameters lead to.

    The parameters, a password among them, go through a pipe and the answer through a private file. Raises
    RequestError for names that lead nowhere, InterpreterMissing and VariableUnset.
    """
    module, attribute = check(models)
    python = project.own_interpreter(plan, plan.config, environ) or Path(sys.executable)
    secrets = (*variables.secrets(environ, plan.env), *filter(None, [parameters.get("password")]))
    with tempfile.TemporaryDirectory(prefix="rehearse-", ignore_cleanup_errors=True) as name:
        answer = Path(name) / "answer.json"
        given = {
            "module": module,
            "attribute": attribute,
            "answer": str(answer),
            "parameters": dict(parameters),
            "environment": {name: environ[name] for name in _HANDED_BACK if name in environ},
            **_alembic_files(plan),
        }
        said = _run(python, plan.directory, _environment(plan, Path(name), environ, python), given)
        if not answer.is_file():
            last = output.without_passwords(said.rstrip().rpartition("\n")[2], secrets) or "it printed nothing"
            return Unanswered(sentence=f"{python} ended without an answer: {last}")
        told = json.loads(answer.read_bytes())
    if "failure" not in told:
        return _value(Proposal, told)
    failure = _value(Failure, told["failure"])
    message = output.without_passwords(failure.message, secrets)
    return unanswered(replace(failure, message=message), models, plan.directory, python)


def check(models: str) -> tuple[str, str]:
    """Return the module and the attribute that are named; raises NotModels.

    >>> check("myapp.models:Base.metadata")
    ('myapp.models', 'Base.metadata')
    """
    named = _NAMED.fullmatch(models)
    if named is None:
        raise NotModels(models)
    return named[1], named[2]


def _run(python: Path, directory: Path, environment: Mapping[str, str], given: Mapping[str, object]) -> str:
    """Run the hook to its end and return what was printed meanwhile."""
    command = [str(python), "-m", "rehearse_hook.models"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(given),
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_LIMIT.total_seconds(),
        )
    except subprocess.TimeoutExpired:
        return f"it was stopped after {_LIMIT.total_seconds() / 60:.0f} minutes"
    return done.stdout


def _alembic_files(plan: MigrationPlan) -> dict[str, str | None]:
    """Return what says which directories come first on the project's path: alembic.ini, pyproject.toml or both."""
    if plan.config is None or not plan.config.is_file():
        return {"ini": None, "toml": None}
    toml = plan.config.with_name("pyproject.toml")
    return {"ini": str(plan.config) if plan.config != toml else None, "toml": str(toml) if toml.is_file() else None}


def _environment(plan: MigrationPlan, private: Path, environ: Mapping[str, str], python: Path) -> dict[str, str]:
    """Return the environment of a migration whose stage is nowhere: who is imported finds no database."""
    nowhere = StageAddress(socket_dir=private, port=5432, database="nowhere", user="nobody", token="")
    stage = {
        "host": str(private),
        "port": nowhere.port,
        "user": nowhere.user,
        "database": nowhere.database,
        "url": variables.stage_url(nowhere),
    }
    hook = private / "hook.json"
    hook.write_text(json.dumps({"journal": str(private / "journal"), "stage": stage, "declared": []}), encoding="utf-8")
    scrubbed = variables.scrubbed(environ, handed=plan.env, address=nowhere, private=private, interpreter=python)
    return {**scrubbed, "REHEARSE_HOOK": str(hook)}


def _value(kind: type[_T], told: object) -> _T:
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and --help must not wait

    return TypeAdapter(kind).validate_python(told)
