"""A configuration: what a project has written down."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rehearse.config.errors import ConfigurationError, Mistake, UnknownEnvironment, VariableUnset
from rehearse.config.variables import expanded, unset
from rehearse.model.environment import Environment
from rehearse.model.migration import MigrationPlan
from rehearse.model.policy import Policy

_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationsConfig:
    """How the project migrates; paths are absolute."""

    directory: Path  # of the configuration: where the project's command runs
    tool: str = "alembic"  # "alembic", "sql", "command"
    config: Path | None = None  # alembic.ini or pyproject.toml
    path: Path | None = None  # directory of SQL files, or one file
    python: Path | None = None  # the project's interpreter
    command: str | None = None
    env: tuple[str, ...] = ()  # names of variables handed through
    role: str | None = None  # the role migrations run as; None: production's owner

    def plan(self) -> MigrationPlan:
        """Return the plan to play every pending step; without a configuration, that of ./alembic.ini."""
        config = self.config or (self.directory / "alembic.ini" if self.tool == "alembic" else None)
        return MigrationPlan(
            tool=self.tool,
            directory=config.parent if config is not None else self.directory,
            config=config,
            files=_scripts(self.path) if self.path is not None else (),
            python=self.python,
            command=tuple(shlex.split(self.command or "")),
            env=self.env,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Which PostgreSQL binaries stages run on."""

    use: str = "auto"  # "auto", "embedded"
    bin_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotConfig:
    """How much data a snapshot holds."""

    rows: int = 1000  # of each larger table, before the parents of its rows


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitiseConfig:
    """How values are masked on their way out of production."""

    unclassified: str = "mask"  # "mask", "mask-all", "refuse"
    columns: Mapping[str, str] = field(default_factory=dict)  # "public.customers.email" -> "email"
    key: str | None = field(default=None, repr=False)  # None: a new one for every snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlCheck:
    """A team's own check: a query that must return no row."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration file says; what it leaves out has its default."""

    path: Path | None  # None: there is no file
    migrations: MigrationsConfig
    environments: Mapping[str, Environment] = field(default_factory=dict, repr=False)  # as written, ${VAR} and all
    engine: EngineConfig = field(default_factory=EngineConfig)
    snapshot: SnapshotConfig = field(default_factory=SnapshotConfig)
    sanitise: SanitiseConfig = field(default_factory=SanitiseConfig)
    policy: Policy = field(default_factory=Policy)
    checks: tuple[SqlCheck, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def environment(self, name: str) -> Environment:
        """Return an environment with its variables' values.

        Only here a variable must be set: what one command does not use must not stop it.
        Raises UnknownEnvironment, VariableUnset.
        """
        if name not in self.environments:
            raise UnknownEnvironment(name, self.environments)
        written = self.environments[name]
        return replace(
            written,
            url=self._value(f"environments.{name}.url", written.url),
            snapshot=self._path(self._value(f"environments.{name}.snapshot", written.snapshot)),
        )

    def known_urls(self) -> tuple[str, ...]:
        """Return the URL of every environment whose variables are set, in the order of the file."""
        urls = (written.url for written in self.environments.values())
        return tuple(expanded(url, self.environ) for url in urls if url and not unset(url, self.environ))

    def _value(self, key: str, text: str | None) -> str | None:
        if text is None:
            return None
        for variable in unset(text, self.environ):
            raise VariableUnset(key, variable)
        return expanded(text, self.environ)

    def _path(self, text: str | None) -> str | None:
        return None if text is None else str(self.migrations.directory / text)
