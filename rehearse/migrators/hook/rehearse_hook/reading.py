"""What the migration is made of: files it reads, folders it lists, programs it starts; each told once, as it was then.

Seen by the audit hook (PEP 578): `open` is raised for what is imported as well. Libraries and the system are left out.
"""

from __future__ import annotations

import _imp
import importlib.util  # noqa: F401 -- holds a reference of its own to what is replaced below, and keeps it
import os
import sys
import sysconfig
from collections.abc import Callable
from typing import Any

from . import journal

_LEFT_OUT = frozenset(("site-packages", "dist-packages", ".git", ".rehearse"))
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/sys", "/run", "/System", "/Library")
_PYTHON = (sys.prefix, sys.exec_prefix, sys.base_prefix, sysconfig.get_path("stdlib"), os.path.dirname(os.__file__))  # noqa: PTH120 -- no pathlib at every Python start
_HOOK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 -- as above
_SITE = f"{os.sep}site-packages{os.sep}"
_STDLIB = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120 -- as above
_OF_PYTHON_ITSELF = frozenset(("uname", "ldconfig", "gcc", "cc", "ld", "objdump"))  # what its own modules start
_IMPORTERS = ("<frozen importlib", os.path.join("importlib", "metadata"), "importlib_metadata", "pkg_resources")  # noqa: PTH118 -- as above
_MODULES = (os.sep + "__init__.py", ".py", ".pyc", *_imp.extension_suffixes())  # how a module may end
_TOLD: set[tuple[str, str]] = set()  # (event, path)


def install() -> None:
    """Have the project's modules compiled from their sources: what was compiled earlier may be of another text."""
    bootstrap: Any = sys.modules["_frozen_importlib_external"]
    cache_from_source = bootstrap.cache_from_source

    def of_libraries_only(path: Any, *arguments: Any, **named: Any) -> Any:
        if not _of_library(path) and _counts(os.path.abspath(path)):  # noqa: PTH100 -- as above
            raise NotImplementedError  # which is how importlib is told that there is no cache
        return cache_from_source(path, *arguments, **named)

    bootstrap.cache_from_source = of_libraries_only


def opened(path: Any, _mode: Any, flags: Any) -> None:
    """Tell of a file that is read; one that is written anew is the migration's own (`open`)."""
    asked = flags if isinstance(flags, int) else 0
    if not asked & (os.O_WRONLY | os.O_RDWR):
        _tell("file", path)
    elif asked & (os.O_TRUNC | os.O_EXCL):
        _tell("made", path)
    elif asked & os.O_RDWR:
        _tell("file", path)


def imported(module: str, path: Any = None, search: Any = None, *_more: Any) -> None:
    """Tell of an extension module, which the loader of the system opens, and of where a module was not (`import`).

    importlib.import_module raises no such event for the module that it is asked for.
    """
    if path is not None:
        _tell("file", path)
    elif search and "." not in module and module not in sys.builtin_module_names:
        _tell_passed(module, search)


def listed(path: Any = None) -> None:
    """Tell what a folder holds that is searched, by anyone but the import system (`os.listdir`, `os.scandir`)."""
    caller = sys._getframe(2).f_code.co_filename  # noqa: SLF001 -- of all callers those lists every folder on the path
    if not any(importer in caller for importer in _IMPORTERS):
        _tell("folder", "." if path is None else path)


def started(words: list[str]) -> None:
    """Tell of a program whose own reading nobody sees, and of the files that are named to it."""
    name = os.path.basename(words[0]) if words else ""  # noqa: PTH119 -- as above
    if name in _OF_PYTHON_ITSELF or name.startswith("python"):  # a Python has this hook, too
        return
    if ("program", name) not in _TOLD:
        _TOLD.add(("program", name))
        journal.write("program", name=name)
    for word in words[1:]:
        if os.path.isfile(word):  # noqa: PTH113 -- as above
            _tell("file", word)


def _tell(event: str, path: Any) -> None:
    if isinstance(path, str) and _of_library(path):  # nearly all there is, and an import must not become slow
        return
    try:
        full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 -- as above
    except TypeError:  # a file descriptor: told when it was opened
        return
    if (event, full) in _TOLD or not _counts(full):
        return
    _TOLD.add((event, full))
    if event == "made":
        journal.write(event, path=full)
    elif event == "folder":
        _tell_folder(full)
    else:
        _tell_file(full)


def _tell_file(path: str) -> None:
    import hashlib  # noqa: PLC0415 -- most Python processes read nothing of the project's

    if not os.path.isfile(path):  # noqa: PTH113 -- nobody may wait at a pipe, nor read a device
        return
    try:
        with open(path, "rb") as file:  # noqa: PTH123 -- as above
            content = file.read()
    except OSError:  # its reader is about to learn the same
        return
    text = hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
    journal.write("file", path=path, sha256=hashlib.sha256(content).hexdigest(), text=text)


def _tell_folder(path: str) -> None:
    try:
        with os.scandir(path) as entries:
            names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)
    except OSError:
        return
    journal.write("folder", path=path, names=names)


def _tell_passed(module: str, search: list[Any]) -> None:
    """Tell which of the project's folders come before the one a module is from: put there, another one would win."""
    passed = []
    for place in search:
        folder = os.path.abspath(place) if isinstance(place, str) else None  # noqa: PTH100 -- as above
        if folder is None:
            continue
        if any(os.path.isfile(os.path.join(folder, module + ending)) for ending in _MODULES):  # noqa: PTH113, PTH118 -- as above
            break
        if not _of_library(folder + os.sep) and _counts(folder):
            passed.append(folder)
    if passed and ("passed", module) not in _TOLD:
        _TOLD.add(("passed", module))
        journal.write("passed", module=module, folders=passed)


def _of_library(path: str) -> bool:
    return _SITE in path or path.startswith(_STDLIB)


def _counts(path: str) -> bool:
    """Say whether a file is the project's, or at least neither a library's nor the system's."""
    if _LEFT_OUT.intersection(path.split(os.sep)) or _within(path, _HOOK):  # noqa: PTH206 -- as above
        return False
    settings = journal.settings()
    root, private = settings.get("root"), os.path.dirname(settings["journal"])  # noqa: PTH120 -- as above
    if root is None or _within(path, private):  # nobody asks
        return False
    if _within(path, root):
        return not any(_within(path, place) for place in _PYTHON if _within(place, root) and place != root)
    return not any(_within(path, place) for place in (*_SYSTEM, *_PYTHON))


def _within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)


HANDLERS: dict[str, Callable[..., None]] = {
    "open": opened,
    "import": imported,
    "os.listdir": listed,
    "os.scandir": listed,
}
