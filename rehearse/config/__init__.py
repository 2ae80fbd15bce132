"""Configuration: rehearse.toml, or [tool.rehearse] in pyproject.toml."""

from rehearse.config.configuration import (
    Configuration,
    CountsConfig,
    EngineConfig,
    MigrationsConfig,
    SanitiseConfig,
)
from rehearse.config.durations import parse_duration
from rehearse.config.errors import ConfigurationError, NotADuration, UnknownEnvironment, UnsetVariable
from rehearse.config.reading import load, policy_at

__all__ = [
    "Configuration",
    "ConfigurationError",
    "CountsConfig",
    "EngineConfig",
    "MigrationsConfig",
    "NotADuration",
    "SanitiseConfig",
    "UnknownEnvironment",
    "UnsetVariable",
    "load",
    "parse_duration",
    "policy_at",
]
