"""Patches that wait for a module: applied right after it has been executed, never importing it ourselves."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

from . import journal

if TYPE_CHECKING:  # Python 3.8 cannot subscript what collections.abc holds
    _Patch = Callable[[ModuleType], None]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the awaited modules with the other finders and wraps their execution."""

    def __init__(self) -> None:
        self.patches: dict[str, list[_Patch]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        patches = self.patches.get(fullname)
        if patches is None:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            _wrap(spec.loader, patches)
        return spec


_FINDER = _Finder()


def after(name: str, patch: _Patch) -> None:
    """Call `patch(module)` once the module of that name has been executed."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    _FINDER.patches.setdefault(name, []).append(patch)


def _wrap(loader: importlib.abc.Loader, patches: list[_Patch]) -> None:
    execute = loader.exec_module

    def execute_and_patch(module: ModuleType) -> None:
        execute(module)
        for patch in patches:
            try:
                patch(module)
            except Exception as error:  # noqa: BLE001 -- a version we do not know must not stop the project
                journal.write("patch-failed", module=module.__name__, error=f"{type(error).__name__}: {error}")

    loader.exec_module = execute_and_patch  # type: ignore[method-assign]  # the instance's only, for this one import
