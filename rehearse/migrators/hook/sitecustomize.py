"""Install the hook in every Python process of the migration, then give way to the `sitecustomize` it hides."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 -- pathlib is not loaded at this point and slow


def _give_way() -> None:
    """Execute the next `sitecustomize` on the path (Debian has one, coverage tools bring theirs)."""
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]  # noqa: PTH100 -- as above
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if os.environ.get("REHEARSE_HOOK"):
    importlib.import_module("rehearse_hook").install()
    _give_way()
