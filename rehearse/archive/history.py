"""Earlier counts, kept in a project's .rehearse/counts, one file each, named by their moment."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

from rehearse.errors import RequestError

FOLDER = Path(".rehearse") / "counts"
LAST = "last"


class NoEarlierCount(RequestError):
    """There is nothing to compare with."""

    def __init__(self, directory: Path, wanted: str) -> None:
        what = "no earlier count" if wanted == LAST else f'no count "{wanted}"'
        super().__init__(
            f"There is {what} in {directory / FOLDER}.",
            "Every `rehearse counts` is kept there: count once, then compare with it later.",
        )


def keep(directory: Path, moment: datetime, text: str) -> Path:
    """Keep a count, whole or not at all; raises OSError where the disk does not let it."""
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{moment:%Y%m%dT%H%M%S.%fZ}.json"
    handle, making = tempfile.mkstemp(dir=folder, prefix=".", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(making).rename(path)
    except OSError:
        Path(making).unlink(missing_ok=True)
        raise
    return path


def kept(directory: Path, wanted: str) -> tuple[Path, ...]:
    """Return the counts that may be meant, newest first: every one for "last", else one by its name or its path.

    Raises NoEarlierCount.
    """
    folder = directory / FOLDER
    if wanted == LAST:
        found = sorted((path for path in folder.glob("*.json") if not path.name.startswith(".")), reverse=True)
    else:
        found = [path for path in (Path(wanted), folder / wanted, folder / f"{wanted}.json") if path.is_file()][:1]
    if not found:
        raise NoEarlierCount(directory, wanted)
    return tuple(found)
