"""Why models could not be compared: what was named wrongly is raised, what failed is said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rehearse.errors import RequestError
from rehearse.model.proposal import Unanswered

_BY_ITSELF = "It is imported without secrets and without a database: name the variables it needs in migrations.env."
_A_METADATA = "Name the MetaData of the models, or the base class whose .metadata it is."


class NotModels(RequestError):
    """What was named cannot be the name of models."""

    def __init__(self, models: str) -> None:
        super().__init__(
            f"--models takes MODULE:METADATA, and {models!r} is none.",
            "Write it as myapp.models:Base.metadata or myapp.models:Base.",
        )


class NoSuchModule(RequestError):
    """The interpreter finds no module of that name."""

    def __init__(self, module: str, directory: Path, python: Path) -> None:
        super().__init__(
            f"There is no module {module!r} for {python} in {directory}.",
            "Name it as the project imports it; --python or migrations.python names the project's interpreter, "
            "PYTHONPATH and alembic's prepend_sys_path further directories.",
        )


class NoSuchAttribute(RequestError):
    """The module holds no such thing."""

    def __init__(self, models: str, attribute: str, holder: str) -> None:
        super().__init__(f"There is no {models}: {holder} has no attribute {attribute!r}.", _A_METADATA)


class NotMetadata(RequestError):
    """What was named is something else."""

    def __init__(self, models: str, kind: str) -> None:
        super().__init__(
            f"{models} is of the type {kind!r}: neither a MetaData nor something that has one as .metadata.",
            _A_METADATA,
        )


class NoTables(RequestError):
    """The metadata knows no table: whoever compared with it would drop everything."""

    def __init__(self, models: str) -> None:
        super().__init__(
            f"{models} holds no table.",
            "Name the module that imports all the models, not the one that only makes their base class.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What the hook told of a failure, redacted; which fields are filled depends on what it was."""

    what: str  # "import", "no-driver", ...
    error: str = ""  # class
    message: str = ""  # its first line
    location: str | None = None  # file:line of the project
    database: bool = False  # the driver raised it
    library: str = ""
    attribute: str = ""
    of: str = ""
    type: str = ""
    wanted: str = ""
    others: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        where = f" ({self.location})" if self.location else ""
        return f"{self.error}: {self.message}".rstrip(": ") + where


def unanswered(failure: Failure, models: str, directory: Path, python: Path) -> Unanswered:
    """Say why there is no proposal; raises RequestError for what was named wrongly."""
    module = models.partition(":")[0]
    match failure.what:
        case "no-module":
            raise NoSuchModule(module, directory, python)
        case "no-attribute":
            raise NoSuchAttribute(models, failure.attribute, failure.of)
        case "no-metadata":
            raise NotMetadata(models, failure.type)
        case "empty":
            raise NoTables(models)
        case "import" | "connection":
            return Unanswered(sentence=f"{module} cannot be imported: {failure.said}. {_BY_ITSELF}")
        case "no-library" | "no-driver":
            return Unanswered(sentence=_lacking(failure, python))
        case "connect":
            return Unanswered(sentence=f"the project's driver cannot connect: {failure.said}", of_database=True)
        case "not-read-only":
            return Unanswered(sentence="its connection would not become READ ONLY", of_database=True)
    return Unanswered(sentence=f"alembic could not compare: {failure.said}", of_database=failure.database)


def _lacking(failure: Failure, python: Path) -> str:
    if failure.what == "no-library":
        return (
            f"{python} cannot import {failure.library}: {failure.said}. "
            "Name the project's interpreter in migrations.python or --python, or install it there."
        )
    others = f"; {' and '.join(failure.others)} cannot be used for this" if failure.others else ""
    return f"{python} has no driver to compare with: its SQLAlchemy needs {failure.wanted}{others}. Install it there."
