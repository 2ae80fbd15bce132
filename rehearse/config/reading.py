"""Finding and reading a configuration file."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rehearse.checkout.base import Base
from rehearse.config import paths
from rehearse.config.configuration import (
    RUNS_KEPT,
    Configuration,
    CountsConfig,
    DriftConfig,
    EngineConfig,
    MigrationsConfig,
    ParityConfig,
    SanitiseConfig,
)
from rehearse.config.errors import ConfigurationError
from rehearse.config.variables import expanded, unset
from rehearse.errors import did_you_mean
from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.admission import Admission, MinFidelity
from rehearse.model.environment import Environment
from rehearse.model.own_check import OwnCheck
from rehearse.model.policy import RATES, Limit, Policy, Rate
from rehearse.model.reading import ReadingLimits
from rehearse.model.retention import Retention
from rehearse.model.sampling import SampleRules, TableRule, VirtualKey
from rehearse.model.severity import Override

if TYPE_CHECKING:
    from rehearse.config.form import CheckTable, EngineTable, File, MigrationsTable, RunsTable

FILE = "rehearse.toml"
PROJECT = "pyproject.toml"

Table = dict[str, object]


def load(path: Path | None, start: Path, environ: Mapping[str, str]) -> Configuration:
    """Read the file that is named, else the nearest one upwards from a directory, else the defaults.

    Relative paths are those of the file's directory. ${VARIABLES} are filled in, those of an environment
    only when it is asked for. Raises ConfigurationError with every mistake at once.
    """
    found = path or _nearest(start)
    if found is None:
        return Configuration(migrations=MigrationsConfig(directory=start.absolute()), variables=environ)
    file = found.absolute()
    text = _text(file)
    form = _form(file, _table(file, text), environ)
    return _from_form(form, file, text, environ)


def policy_at(base: Base, path: Path | None, start: Path, environ: Mapping[str, str]) -> Policy:
    """Read the policy of a commit, from the file that is named, else the nearest one upwards that it has.

    Where it has none, that is the default policy, and its notes say so. Raises ConfigurationError.
    """
    for file in (path.absolute(),) if path else _above(start):
        content = base.content(file)
        if content is None or (file.name == PROJECT and b"[tool.rehearse" not in content):
            continue
        named = Path(f"{base.revision}:{file.name}")
        return replace(
            _policy_alone(named, _decoded(named, content), environ),
            source=base.told,
            notes=(f"The policy is that of {base.told}, {file.name}.",),
        )
    missing = path.name if path else FILE
    return Policy(source=base.told, notes=(f"{base.told} has no {missing}: the default policy counts.",))


def _above(start: Path) -> Iterator[Path]:
    for directory in (start.absolute(), *start.absolute().parents):
        yield from (directory / FILE, directory / PROJECT)


def _policy_alone(file: Path, text: str, environ: Mapping[str, str]) -> Policy:
    """Return the policy of a file; what else it says may be of another time and is not read."""
    whole = _table(file, text)
    environments = whole.get("environments")
    names = environments if isinstance(environments, dict) else {}
    alone: Table = {
        "environments": {name: _on_the_path(table) for name, table in names.items()},
        "policy": whole.get("policy", {}),
    }
    return _policy(_form(file, alone, environ), str(file), text)


def _on_the_path(environment: object) -> Table:
    """Return what an environment says of those before and after it."""
    told = environment if isinstance(environment, dict) else {}
    return {key: told[key] for key in ("provider", "promotes_to", "requires") if key in told}


def _nearest(start: Path) -> Path | None:
    for directory in (start.absolute(), *start.absolute().parents):
        if (directory / FILE).is_file():
            return directory / FILE
        if _holds_table(directory / PROJECT):
            return directory / PROJECT
    return None


def _holds_table(project: Path) -> bool:
    """Say whether a pyproject.toml is ours to read; one that is not must not stop us, however broken."""
    try:
        return "[tool.rehearse" in project.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _table(file: Path, text: str) -> Table:
    whole = _parsed(file, text)
    if file.name != PROJECT:
        return whole
    tool = whole.get("tool")
    own = tool.get("rehearse") if isinstance(tool, dict) else None
    if not isinstance(own, dict):
        raise ConfigurationError(file, ["it has no table [tool.rehearse]"])
    return own


def _text(file: Path) -> str:
    try:
        return _decoded(file, file.read_bytes())
    except OSError as error:
        raise ConfigurationError(file, [error.strerror or str(error)]) from None


def _decoded(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(file, ["it is not UTF-8 text"]) from None


def _parsed(file: Path, text: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(file, [f"not TOML: {error}"]) from None


def _form(file: Path, table: Table, environ: Mapping[str, str]) -> File:
    from rehearse.config.form import File, ValidationError, mistakes  # noqa: PLC0415  slow to import

    wrong = list(_unset_variables(table, environ))
    try:
        form = File.model_validate(_filled_in(table, environ))
    except ValidationError as error:
        raise ConfigurationError(file, sorted([*wrong, *mistakes(error)])) from None
    wrong += (*_unknown_targets(form), *_unknown_environments(form), *paths.mistakes(form.environments))
    if wrong:
        raise ConfigurationError(file, sorted(wrong))
    return form


def _filled_in(table: Table, environ: Mapping[str, str]) -> Table:
    """Return the table with variables' values, but for environments: their secrets stay unread until asked for."""
    return {key: value if key == "environments" else _expanded(value, environ) for key, value in table.items()}


def _expanded(value: object, environ: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return expanded(value, environ)
    if isinstance(value, dict):
        return {key: _expanded(inner, environ) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expanded(inner, environ) for inner in value]
    return value


def _unset_variables(value: object, environ: Mapping[str, str], key: str = "") -> Iterator[str]:
    if isinstance(value, str):
        yield from (f"{key}: the variable {variable} is not set." for variable in unset(value, environ))
    elif isinstance(value, dict):
        for name, inner in value.items():
            if key or name != "environments":
                yield from _unset_variables(inner, environ, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _unset_variables(inner, environ, f"{key}[{place}]")


def _unknown_targets(form: File) -> Iterator[str]:
    for name, environment in form.environments.items():
        target = environment.promotes_to
        if target is not None and target not in form.environments:
            near = did_you_mean(target, form.environments)
            yield f'environments.{name}.promotes_to: there is no environment "{target}"{near}'


def _unknown_environments(form: File) -> Iterator[str]:
    overrides = ((f"override[{place}]", entry.environment) for place, entry in enumerate(form.policy.override))
    limits = ((f"limit[{place}]", entry.environment) for place, entry in enumerate(form.policy.limit))
    for key, environment in (*overrides, *limits):
        if environment is not None and environment not in form.environments:
            near = did_you_mean(environment, form.environments)
            yield f'policy.{key}.environment: there is no environment "{environment}"{near}'


def _from_form(form: File, file: Path, text: str, environ: Mapping[str, str]) -> Configuration:
    directory = file.parent
    return Configuration(
        file=file,
        migrations=_migrations(form.migrations, directory),
        environments={
            name: Environment(name=name, **environment.model_dump()) for name, environment in form.environments.items()
        },
        variables=environ,
        engine=_engine(form.engine, directory),
        snapshot=SampleRules(
            rows=form.snapshot.rows,
            tables={name: TableRule(**rule.model_dump()) for name, rule in form.snapshot.tables.items()},
            foreign_keys=tuple(
                VirtualKey(child_columns=key.from_, parent_columns=key.to, where=key.where, path=key.path)
                for key in form.snapshot.foreign_keys
            ),
            duplicates=form.snapshot.duplicates,
            orphans=form.snapshot.orphans,
        ),
        reading=ReadingLimits(
            jobs=form.snapshot.jobs,
            max_rows_per_second=form.snapshot.max_rows_per_second,
            max_lag=form.snapshot.max_lag,
            max_xmin_age=form.snapshot.max_xmin_age,
            timeout=form.snapshot.timeout,
        ),
        retention=Retention(keep=form.snapshot.keep, max_age=form.snapshot.max_age),
        runs_kept=_runs_kept(form.runs),
        sanitise=SanitiseConfig(**form.sanitise.model_dump()),
        policy=_policy(form, file.name, text),
        checks=tuple(_own_check(check) for check in form.checks),
        elements=form.elements,
        counts=CountsConfig(**form.counts.model_dump()),
        parity=ParityConfig(ignore=form.parity.ignore),
        drift=DriftConfig(ignore=form.drift.ignore),
    )


def _migrations(form: MigrationsTable, directory: Path) -> MigrationsConfig:
    return MigrationsConfig(
        directory=directory,
        tool=form.tool,
        config=_within(directory, form.config),
        path=_within(directory, form.path),
        single_transaction=form.single_transaction,
        python=_within(directory, form.python),
        command=form.command,
        env=form.env,
        role=form.role,
        allow_superuser=form.allow_superuser,
        downgrade=form.downgrade,
        old_release_command=form.old_release_command,
        old_release_max_seconds=form.old_release_max_seconds,
        max_seconds=form.max_seconds,
        max_step_seconds=form.max_step_seconds,
    )


def _own_check(form: CheckTable) -> OwnCheck:
    command = tuple(shlex.split(form.command)) if form.command else ()
    return OwnCheck(name=form.name, sql=form.sql, command=command, max_seconds=form.max_seconds)


def _runs_kept(form: RunsTable) -> Retention:
    given = Retention(keep=form.keep, max_age=form.max_age)
    return RUNS_KEPT if given.is_endless else given


def _engine(form: EngineTable, directory: Path) -> EngineConfig:
    return EngineConfig(use=form.use, bin_dir=_within(directory, form.bin_dir))


def _policy(whole: File, file: str, text: str) -> Policy:
    form = whole.policy
    written = form.rates.model_dump(by_alias=True)
    rates = {
        kind: Rate(rows=written[kind.value]["rows"] or rate.rows, bytes=written[kind.value]["bytes"] or rate.bytes)
        for kind, rate in RATES.items()
    }
    return Policy(
        max_blocking=form.max_blocking,
        max_row_locks=form.max_row_locks,
        acknowledgements=tuple(
            Acknowledgement(**entry.model_dump(), place=place)
            for entry, place in zip(
                form.acknowledge, _places("acknowledge", len(form.acknowledge), file, text), strict=True
            )
        ),
        rates=rates,
        overrides=tuple(
            Override(**entry.model_dump(), place=place)
            for entry, place in zip(form.override, _places("override", len(form.override), file, text), strict=True)
        ),
        limits=tuple(Limit(**entry.model_dump()) for entry in form.limit),
        admission=Admission(
            max_age=form.max_age,
            require_signed=form.require_signed,
            require_commit=form.require_commit,
            versions=form.versions,
            min_fidelity=MinFidelity(**form.min_fidelity.model_dump()),
            windows=form.windows,
            freezes=form.freezes,
            paths=paths.found(whole.environments, derived=form.require_path),
        ),
    )


def _places(table: str, entries: int, file: str, text: str) -> tuple[str, ...]:
    """Return where each entry of an array of tables stands: file and line, the file alone where lines are not plain."""
    header = re.compile(rf"\s*\[\[\s*(?:tool\s*\.\s*rehearse\s*\.\s*)?policy\s*\.\s*{table}\s*\]\]")
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if header.match(line)]
    if len(lines) != entries:
        return (file,) * entries
    return tuple(f"{file}:{line}" for line in lines)


def _within(directory: Path, path: str | None) -> Path | None:
    """Return a path as seen from the file's directory; "~" is the user's home."""
    return None if path is None else directory / Path(path).expanduser()
