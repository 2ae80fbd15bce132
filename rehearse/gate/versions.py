"""The versions of what migrates, of the project's own interpreter."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from rehearse import __version__
from rehearse.errors import RehearseError

_PROGRAM = """
import importlib.metadata, json, sys
found = {"python": ".".join(map(str, sys.version_info[:3]))}
for name in ("alembic", "sqlalchemy"):
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""
_SECONDS = 20


class VersionsUnknown(RehearseError):
    """The project's interpreter could not be asked."""

    def __init__(self, wanted: Collection[str], python: Path) -> None:
        super().__init__(
            f"Which versions of {' and '.join(sorted(wanted))} will migrate is not known: {python} could not be asked.",
            "Name the project's interpreter with --python or migrations.python, or leave them out of policy.versions.",
        )


def read(wanted: Collection[str], python: Path) -> Mapping[str, str]:
    """Return the versions of what is wanted, rehearse's own always. Raises VersionsUnknown."""
    asked = set(wanted) - {"rehearse"}
    if not asked:
        return {"rehearse": __version__}
    try:
        done = subprocess.run(
            [python, "-I", "-c", _PROGRAM], capture_output=True, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
        told = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        raise VersionsUnknown(asked, python) from None
    return {**{name: str(version) for name, version in told.items()}, "rehearse": __version__}
