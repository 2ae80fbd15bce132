"""A configuration: what a project has written down."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from rehearse.config.errors import NothingToMigrate, NoWayToMigrate, UnknownEnvironment, UnsetVariable
from rehearse.config.variables import expanded, unset
from rehearse.model.environment import Environment
from rehearse.model.migration import MigrationPlan
from rehearse.model.own_check import OwnCheck
from rehearse.model.policy import Policy
from rehearse.model.reading import ReadingLimits
from rehearse.model.retention import Retention
from rehearse.model.sampling import SampleRules


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationsConfig:
    """How the project migrates; paths are absolute."""

    directory: Path  # of the configuration file: where the project's own command runs
    tool: str = "alembic"  # "alembic", "sql", "command"
    config: Path | None = None  # alembic.ini or pyproject.toml
    path: Path | None = None  # folder of SQL files, or one file
    single_transaction: bool = False  # plain SQL files: one transaction a file
    python: Path | None = None  # the project's interpreter
    command: str | None = None
    env: tuple[str, ...] = ()  # names of variables handed through
    role: str | None = None  # who migrates; None: production's owner
    allow_superuser: tuple[str, ...] = ()  # the statements for which it has a superuser's rights on a stage
    downgrade: bool | None = None  # rehearse the way back, too; None: as far as that is quick
    old_release_command: str | None = None  # says, run from the code of --base, whether the old release works
    old_release_max_seconds: timedelta = timedelta(minutes=5)
    max_seconds: timedelta = timedelta(hours=1)  # of the whole run
    max_step_seconds: timedelta = timedelta(minutes=30)  # of one step

    def plan(self) -> MigrationPlan:
        """Return the plan to play every pending step. Raises NoWayToMigrate."""
        config = self.config or self._alembic_ini()
        command = tuple(shlex.split(self.command)) if self.command else ()
        if self.tool == "alembic" and config is None and not command:
            raise NothingToMigrate(self.directory)
        if self.tool == "command" and not command:
            raise NoWayToMigrate('[migrations] tool = "command" needs a command.')
        path = self._scripts()
        return MigrationPlan(
            tool=self.tool,
            directory=config.parent if config is not None and not command else self.directory,
            config=config,
            files=(path,) if path is not None and not path.is_dir() else (),
            folder=path if path is not None and path.is_dir() else None,
            single_transaction=self.single_transaction,
            python=self.python,
            command=command,
            env=self.env,
        )

    def project(self) -> MigrationPlan:
        """Return where the project's code is and who runs it; nothing is to be played."""
        config = self.config or self._alembic_ini()
        directory = config.parent if config is not None and not self.command else self.directory
        return MigrationPlan(tool="none", directory=directory, config=config, python=self.python, env=self.env)

    def _alembic_ini(self) -> Path | None:
        found = self.directory / "alembic.ini"
        return found if self.tool == "alembic" and found.is_file() else None

    def _scripts(self) -> Path | None:
        """Return the folder of SQL files, or the one file; None where another tool migrates."""
        if self.tool != "sql":
            return None
        if self.path is None:
            raise NoWayToMigrate('[migrations] tool = "sql" needs a path.')
        return self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Which PostgreSQL binaries a stage runs on."""

    use: str = "auto"  # "auto", "embedded"
    bin_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitiseConfig:
    """How values are masked on their way out of production."""

    unclassified: str = "mask"  # "mask", "mask-all", "refuse"
    columns: Mapping[str, str] = field(default_factory=dict)  # "public.customers.email" -> "email"
    key: str | None = field(default=None, repr=False)  # None: a new one for every snapshot


RUNS_KEPT = Retention(keep=200)  # of runs, where nothing else is said


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityConfig:
    """What may differ between environments."""

    ignore: tuple[str, ...] = ()  # "setting.shared_buffers", "role.*"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftConfig:
    """How schemas are compared."""

    ignore: tuple[str, ...] = ()  # what may differ, as "kind.object"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsConfig:
    """How environments are counted, unless a command says otherwise."""

    exclude: tuple[str, ...] = ()  # patterns over tables
    time_columns: tuple[str, ...] = ()  # where a table says when a row was written; none: the usual names
    jobs: int = 2  # connections a side
    timeout: timedelta = timedelta(minutes=15)  # of one statement
    max_lag: timedelta = timedelta(seconds=10)  # a standby further behind proves no difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All of it; what the file leaves out has its default."""

    migrations: MigrationsConfig
    file: Path | None = None  # it was read from; None: there is none
    environments: Mapping[str, Environment] = field(default_factory=dict, repr=False)  # as written, ${VARIABLES} too
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    engine: EngineConfig = field(default_factory=EngineConfig)
    snapshot: SampleRules = field(default_factory=SampleRules)
    reading: ReadingLimits = field(default_factory=ReadingLimits)  # while a snapshot is taken
    retention: Retention = field(default_factory=Retention)  # of snapshots
    runs_kept: Retention = field(default_factory=lambda: RUNS_KEPT)
    sanitise: SanitiseConfig = field(default_factory=SanitiseConfig)
    policy: Policy = field(default_factory=Policy)
    checks: tuple[OwnCheck, ...] = ()
    elements: Mapping[str, str] = field(default_factory=dict)  # name -> SELECT of one number
    counts: CountsConfig = field(default_factory=CountsConfig)
    parity: ParityConfig = field(default_factory=ParityConfig)
    drift: DriftConfig = field(default_factory=DriftConfig)

    def environment(self, name: str) -> Environment:
        """Return an environment with its variables filled in: what a command does not use must not stop it.

        Raises UnknownEnvironment and UnsetVariable.
        """
        if name not in self.environments:
            raise UnknownEnvironment(name, self.environments)
        written = self.environments[name]
        snapshot = self._value(written.snapshot, f"environments.{name}.snapshot")
        return replace(
            written,
            url=self._value(written.url, f"environments.{name}.url"),
            snapshot=str(self.migrations.directory / snapshot) if snapshot else None,
        )

    def name_of(self, url: str) -> str | None:
        """Return the environment whose URL this is; None where none has it, or its variables are not set."""
        for name, written in self.environments.items():
            if written.url and not unset(written.url, self.variables) and expanded(written.url, self.variables) == url:
                return name
        return None

    def known_urls(self, *, but: str | None = None) -> tuple[str, ...]:
        """Return the URLs of all environments whose variables are set, but for one."""
        written = (environment.url for name, environment in self.environments.items() if name != but)
        return tuple(expanded(url, self.variables) for url in written if url and not unset(url, self.variables))

    def _value(self, text: str | None, key: str) -> str | None:
        if text is None:
            return None
        for variable in unset(text, self.variables):
            raise UnsetVariable(variable, key)
        return expanded(text, self.variables)
