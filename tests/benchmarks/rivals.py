"""Tools that are measured beside rehearse: installed into a virtual environment of their own, and found there again."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

_INSTALLED = "installed.txt"  # what pip was asked for, written once it was done


def installed(packages: Sequence[str], directory: Path) -> Path:
    """Return where their programs are, installed by pip into a virtual environment unless they are there."""
    bin_dir, marker = directory / "bin", directory / _INSTALLED
    wanted = "\n".join(packages)
    if marker.is_file() and marker.read_text() == wanted:
        return bin_dir
    print(f"Installing {' and '.join(packages)} into {directory} ...", file=sys.stderr)
    venv.create(directory, with_pip=True, symlinks=True)
    subprocess.run([bin_dir / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
    marker.write_text(wanted)
    return bin_dir
