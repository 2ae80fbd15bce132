"""What can be wrong with a run that was kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rehearse.errors import RehearseError, RequestError, did_you_mean


class NoRuns(RequestError):
    """Nothing was rehearsed here yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"No run is kept in {folder}.", "Rehearse first: rehearse run.")


class UnknownRun(RequestError):
    """No run has this id."""

    def __init__(self, wanted: str, folder: Path, known: Sequence[str]) -> None:
        super().__init__(
            f'{folder} has no run "{wanted}"{did_you_mean(wanted, known)}',
            'Name one that `rehearse history` lists, or "last".',
        )


class RunDamaged(RehearseError):
    """A file of a run is missing or was changed."""

    def __init__(self, directory: Path, file: str, what: str) -> None:
        super().__init__(f"The run {directory} is damaged: {file} {what}.", "Rehearse again: rehearse run.")


class RunTooNew(RehearseError):
    """The run was kept by a later version of the tool."""

    def __init__(self, directory: Path, found: int, known: int) -> None:
        super().__init__(
            f"The run {directory} has format {found}, and this version of rehearse knows formats up to {known}.",
            "Upgrade rehearse where the run is read.",
        )


class RunNotRemoved(RehearseError):
    """The disk or its permissions did not let a run be removed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} could not be removed whole: {reason}.", "Let this account write there; what is left is no run."
        )


class RunNotKept(RehearseError):
    """The disk or its permissions did not let the run be written."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            f"The run could not be kept in {directory}: {reason}.", "Nothing of it was written; no gate will pass it."
        )
