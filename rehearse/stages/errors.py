"""What can go wrong while a stage is raised."""

from __future__ import annotations

from collections.abc import Iterable

from rehearse.errors import RehearseError, RequestError
from rehearse.model.wording import without_values

_FULL = "No space left on device"
_MORE_SPACE = "Free some space where the stage lies (TMPDIR, else /var/tmp), and try again."
_NEW_SNAPSHOT = "If the objects named are intact in production, take a new snapshot and try again."


class StageFailed(RehearseError):
    """A part of the snapshot could not be put on the stage, and no known difference explains it."""

    def __init__(self, what: str, lines: Iterable[str], remedy: str = _NEW_SNAPSHOT) -> None:
        told = without_values("\n".join(lines))
        said = "\n".join(f"  {line}" for line in told.splitlines())
        super().__init__(
            f"The stage could not be raised: {what}\n{said}".rstrip(),
            f"Nothing was rehearsed. {_MORE_SPACE if _FULL in told else remedy}",
        )


class RowsMissing(RehearseError):
    """A table holds another number of rows than the snapshot promises."""

    def __init__(self, table: str, promised: int, loaded: int) -> None:
        super().__init__(
            f"{table} holds {loaded:,} rows on the stage, the snapshot promises {promised:,}.",
            "Nothing was rehearsed: the snapshot is inconsistent. Take a new one.",
        )


class UnknownMigratingRole(RequestError):
    """The role asked for does not exist in production."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f'The migrating role "{name}" does not exist in production.',
            f"Name one of its roles: {', '.join(sorted(known)) or 'none is recorded'}.",
        )
