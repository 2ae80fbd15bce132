"""Configuration: rehearse.toml, or [tool.rehearse] in pyproject.toml."""

from rehearse.config.configuration import (
    Configuration,
    EngineConfig,
    MigrationsConfig,
    SanitiseConfig,
    SnapshotConfig,
    SqlCheck,
)
from rehearse.config.durations import parse_duration
from rehearse.config.errors import ConfigurationError, Mistake
from rehearse.config.reading import load

__all__ = [
    "Configuration",
    "ConfigurationError",
    "EngineConfig",
    "MigrationsConfig",
    "Mistake",
    "SanitiseConfig",
    "SnapshotConfig",
    "SqlCheck",
    "load",
    "parse_duration",
]
