"""What is true of each hazard: a migration, and what must be found in it or that nothing may be.

A module holds the cases of one family of hazards, as a tuple `CASES`; the folder is the list.
"""

from __future__ import annotations

import importlib
import pkgutil

from truth.case import Case


def cases() -> tuple[Case, ...]:
    """Return every case of every module, in order."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return tuple(case for module in modules for case in getattr(module, "CASES", ()))
