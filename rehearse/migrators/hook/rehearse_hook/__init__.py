"""The hook: says hello, marks step boundaries, guards connections. Standard library only, Python 3.8 syntax."""

from __future__ import annotations

import os
import sys

from . import django, drivers, guard, imports, journal, outside, reading, stacks, steps, urls


def install() -> None:
    """Say hello and arrange for the patches to be applied as soon as their modules are imported."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    journal.write("hello", pid=os.getpid(), python=version, executable=sys.executable)
    urls.choose_driver()
    for part in (drivers, guard, steps, django, urls):
        for name, patch in part.PATCHES.items():
            imports.after(name, patch)
    reading.install()
    outside.install()
    stacks.tell_when_asked()
