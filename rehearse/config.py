"""Configuration: rehearse.toml, or [tool.rehearse] in pyproject.toml."""

from __future__ import annotations

import difflib
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rehearse.errors import RequestError
from rehearse.model.environment import Environment
from rehearse.model.migration import MigrationPlan
from rehearse.model.policy import Acknowledgement, Policy

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

FILE = "rehearse.toml"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|h)\s*")
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


class ConfigurationError(RequestError):
    """The configuration file has mistakes; all of them are listed."""

    def __init__(self, path: Path, mistakes: tuple[str, ...]) -> None:
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"{path} cannot be used:\n{listed}", "`rehearse init` writes a file with every key explained.")


class UnsetVariable(RequestError):
    """The configuration asks for an environment variable that is not set."""

    def __init__(self, variable: str, key: str) -> None:
        super().__init__(f"{key} needs the environment variable {variable}, which is not set.", f"Set {variable}.")


class NotADuration(RequestError):
    """A text that says no duration."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is not a duration.", 'Write it as "500ms", "1s", "2min" or "1h".')


class UnknownEnvironment(RequestError):
    """A name that the configuration does not have."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"There is no environment named {name!r}.", f"Known: {', '.join(known) or 'none'}; a URL works too."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationsConfig:
    """How the project migrates; paths are absolute."""

    directory: Path
    tool: str = "alembic"
    config: Path | None = None
    path: Path | None = None
    python: Path | None = None
    command: str | None = None
    env: tuple[str, ...] = ()
    role: str | None = None
    max_seconds: timedelta = timedelta(hours=1)

    def plan(self) -> MigrationPlan:
        """Return the plan; raises RequestError where the configuration does not say what to play."""
        config = self.config or self._alembic_ini()
        command = tuple(shlex.split(self.command)) if self.command else ()
        if self.tool == "alembic" and config is None and not command:
            raise RequestError(
                f"Nothing says how to migrate: there is no alembic.ini in {self.directory}.",
                "Set config under [migrations], or use --alembic, --sql or --command.",
            )
        if self.tool == "command" and not command:
            raise RequestError('[migrations] tool = "command" needs a command.', "Set command under [migrations].")
        return MigrationPlan(
            tool=self.tool,
            directory=config.parent if config is not None and not command else self.directory,
            config=config,
            files=self._scripts(),
            command=command,
            max_seconds=self.max_seconds,
        )

    def _alembic_ini(self) -> Path | None:
        found = self.directory / "alembic.ini"
        return found if self.tool == "alembic" and found.is_file() else None

    def _scripts(self) -> tuple[Path, ...]:
        if self.tool != "sql":
            return ()
        scripts = tuple(sorted(self.path.glob("*.sql"))) if self.path is not None else ()
        if not scripts:
            raise RequestError(
                f"[migrations] path = {str(self.path or '')!r} holds no .sql files.", "Name the folder that does."
            )
        return scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    use: str = "auto"
    bin_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotConfig:
    rows: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitiseConfig:
    unclassified: str = "mask"
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlCheck:
    """A query of the project that must return no row."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All of it; URLs still hold their ${VARIABLES}, and are not shown."""

    environments: Mapping[str, Environment] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    migrations: MigrationsConfig
    engine: EngineConfig = EngineConfig()
    snapshot: SnapshotConfig = SnapshotConfig()
    sanitise: SanitiseConfig = SanitiseConfig()
    policy: Policy = field(default_factory=Policy)
    checks: tuple[SqlCheck, ...] = ()

    def environment(self, name: str) -> Environment:
        """Return an environment with its variables filled in; raises UnknownEnvironment and UnsetVariable."""
        if name not in self.environments:
            raise UnknownEnvironment(name, tuple(self.environments))
        found = self.environments[name]
        return Environment(
            name=name,
            url=_expand(found.url, self.variables, f"environments.{name}.url"),
            snapshot=_expand(found.snapshot, self.variables, f"environments.{name}.snapshot"),
            provider=found.provider,
            promotes_to=found.promotes_to,
        )

    def known_urls(self) -> tuple[str, ...]:
        """Return the URLs of all environments whose variables are set."""
        found = []
        for name in self.environments:
            try:
                url = self.environment(name).url
            except UnsetVariable:
                continue
            found += [url] if url else []
        return tuple(found)


def parse_duration(text: str) -> timedelta:
    """Read a duration; raises NotADuration.

    >>> parse_duration("500ms"), parse_duration("2min")
    (datetime.timedelta(microseconds=500000), datetime.timedelta(seconds=120))
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise NotADuration(text)
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def load(path: Path | None, start: Path, environ: Mapping[str, str]) -> Configuration:
    """Read the file that is named, else the nearest one upwards from a directory, else the defaults.

    Raises ConfigurationError with every mistake at once.
    """
    found = path or _nearest(start)
    if found is None:
        return Configuration(migrations=MigrationsConfig(directory=start.absolute()), variables=environ)
    file = found.absolute()
    return _configuration(file, _table(file), environ)


def _nearest(start: Path) -> Path | None:
    for directory in (start.absolute(), *start.absolute().parents):
        if (directory / FILE).is_file():
            return directory / FILE
        project = directory / "pyproject.toml"
        if project.is_file() and _own_table(project) is not None:
            return project
    return None


def _table(file: Path) -> dict[str, object]:
    if file.name != "pyproject.toml":
        return _parse(file)
    own = _own_table(file)
    if own is None:
        raise ConfigurationError(file, ("it has no table [tool.rehearse]",))
    return own


def _own_table(project: Path) -> dict[str, object] | None:
    """Return [tool.rehearse] of a pyproject.toml."""
    tool = _parse(project).get("tool")
    own = tool.get("rehearse") if isinstance(tool, dict) else None
    return own if isinstance(own, dict) else None


def _parse(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(file, (f"not TOML: {error}",)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(file, (getattr(error, "strerror", None) or "it is not UTF-8 text",)) from None


def _expand(text: str | None, variables: Mapping[str, str], key: str) -> str | None:
    def value(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise UnsetVariable(match[1], key)
        return variables[match[1]]

    return None if text is None else _VARIABLE.sub(value, text)


def _configuration(file: Path, table: Mapping[str, object], environ: Mapping[str, str]) -> Configuration:
    from pydantic import ValidationError  # noqa: PLC0415 - slow to import, and --help must not wait

    try:
        read = _schema().model_validate(table).model_dump()
    except ValidationError as error:
        raise ConfigurationError(file, _mistakes(error)) from None
    within = _within(file.parent, environ)
    migrations, policy = read["migrations"], read["policy"]
    return Configuration(
        variables=environ,
        environments={name: Environment(name=name, **found) for name, found in read["environments"].items()},
        migrations=MigrationsConfig(
            directory=file.parent,
            **{**migrations, **{key: within(migrations[key], key) for key in ("config", "path", "python")}},
        ),
        engine=EngineConfig(use=read["engine"]["use"], bin_dir=within(read["engine"]["bin_dir"], "engine.bin_dir")),
        snapshot=SnapshotConfig(**read["snapshot"]),
        sanitise=SanitiseConfig(**read["sanitise"]),
        policy=Policy(
            max_blocking=policy["max_blocking"],
            acknowledgements=tuple(Acknowledgement(**entry) for entry in policy["acknowledge"]),
        ),
        checks=tuple(SqlCheck(**check) for check in read["checks"]),
    )


def _within(directory: Path, variables: Mapping[str, str]) -> Callable[[str | None, str], Path | None]:
    """Return a function that reads a path as relative to the file's directory; "~" is the user's home."""

    def resolve(text: str | None, key: str) -> Path | None:
        expanded = _expand(text, variables, key)
        return None if expanded is None else directory / Path(expanded).expanduser()

    return resolve


def _mistakes(error: ValidationError) -> tuple[str, ...]:
    return tuple(_mistake(dict(found)) for found in error.errors(include_url=False, include_input=False))


def _mistake(found: dict[str, object]) -> str:
    place = found["loc"] if isinstance(found["loc"], tuple) else ()
    key = ".".join(str(part) for part in place)
    if found["type"] != "extra_forbidden":
        return f"{key}: {str(found['msg']).removeprefix('Value error, ')}"
    near = difflib.get_close_matches(str(place[-1]), _keys_beside(place), n=1)
    return f"{key}: there is no such key{f'; did you mean {near[0]}?' if near else ''}"


def _keys_beside(place: tuple[object, ...]) -> list[str]:
    """Return the keys that are known where an unknown one stands."""
    schema = _schema().model_json_schema()
    here = schema
    for part in place[:-1]:
        inner = here.get("properties", {}).get(part) or here.get("additionalProperties") or here.get("items") or {}
        here = schema.get("$defs", {}).get(str(inner.get("$ref", "")).rsplit("/", 1)[-1], inner)
    return list(here.get("properties", {}))


def _schema() -> type[BaseModel]:
    """Return the shape of the file."""
    from typing import Literal  # noqa: PLC0415 - goes with pydantic

    from pydantic import BaseModel, BeforeValidator, ConfigDict, Field  # noqa: PLC0415 - slow to import

    class Table(BaseModel):
        model_config = ConfigDict(extra="forbid")

    def seconds(text: object) -> object:
        try:
            return parse_duration(str(text))
        except NotADuration as error:
            raise ValueError(f"{error.sentence} {error.hint}") from None

    duration = Annotated[timedelta, BeforeValidator(seconds)]
    text = Annotated[str, Field(min_length=1)]

    class EnvironmentTable(Table):
        url: text | None = None
        snapshot: text | None = None
        provider: text | None = None
        promotes_to: text | None = None

    class MigrationsTable(Table):
        tool: Literal["alembic", "sql", "command"] = "alembic"
        config: text | None = None
        path: text | None = None
        python: text | None = None
        command: text | None = None
        env: tuple[str, ...] = ()
        role: text | None = None
        max_seconds: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=1)

    class EngineTable(Table):
        use: Literal["auto", "embedded"] = "auto"
        bin_dir: text | None = None

    class SnapshotTable(Table):
        rows: Annotated[int, Field(ge=1)] = 1000

    class SanitiseTable(Table):
        unclassified: Literal["mask", "mask-all", "refuse"] = "mask"
        columns: dict[str, str] = Field(default_factory=dict)

    class AcknowledgeTable(Table):
        check: text
        object: text
        reason: text
        expires: date | None = None

    class PolicyTable(Table):
        max_blocking: duration = timedelta(seconds=1)
        acknowledge: tuple[AcknowledgeTable, ...] = ()

    class CheckTable(Table):
        name: text
        sql: text

    class File(Table):
        environments: dict[str, EnvironmentTable] = Field(default_factory=dict)
        migrations: MigrationsTable = MigrationsTable()
        engine: EngineTable = EngineTable()
        snapshot: SnapshotTable = SnapshotTable()
        sanitise: SanitiseTable = SanitiseTable()
        policy: PolicyTable = PolicyTable()
        checks: tuple[CheckTable, ...] = ()

    return File
