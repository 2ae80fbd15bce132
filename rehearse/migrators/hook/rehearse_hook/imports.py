"""Patches that wait for a module: applied right after it has been executed, never importing it ourselves."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_Patch = Callable[[ModuleType], None]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the awaited modules with the other finders and wraps their execution."""

    def __init__(self) -> None:
        self.patches: dict[str, _Patch] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        patch = self.patches.get(fullname)
        if patch is None:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            _wrap(spec.loader, patch)
        return spec


_FINDER = _Finder()


def after(name: str, patch: _Patch) -> None:
    """Call `patch(module)` once the module of that name has been executed."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    _FINDER.patches[name] = patch


def _wrap(loader: importlib.abc.Loader, patch: _Patch) -> None:
    execute = loader.exec_module

    def execute_and_patch(module: ModuleType) -> None:
        execute(module)
        patch(module)

    loader.exec_module = execute_and_patch  # type: ignore[method-assign]  # the instance's only, for this one import
