"""Places in the project's code: file and line, libraries and ourselves left out."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from types import FrameType, TracebackType

_HOOK = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 -- no pathlib at every Python start
_LIBRARIES = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.path.dirname(os.__file__), _HOOK)  # noqa: PTH120 -- as above


def of_caller() -> str | None:
    """Return file:line of the innermost frame of the project."""
    for frame in _frames():
        if _is_project(frame.f_code.co_filename):
            return _text(frame.f_code.co_filename, frame.f_lineno)
    return None


def line_in(filename: str) -> int | None:
    """Return the line the innermost frame of a file is at, among those that lead here."""
    return next((frame.f_lineno for frame in _frames() if frame.f_code.co_filename == filename), None)


def of_error(error: BaseException, directory: str | None = None) -> str | None:
    """Return file:line where the error passed last through a file: one of a directory's, else any of the project."""
    passed = list(_passed(error.__traceback__))
    for wanted in (lambda name: _within(name, directory), _is_project):
        found = [place for place in passed if wanted(place[0])]
        if found:
            return _text(*found[-1])
    return None


def relative(path: str) -> str:
    """Return a path relative to the working directory where it lies below it."""
    full = os.path.abspath(path)  # noqa: PTH100 -- as above
    inside = os.path.relpath(full)
    return full if inside.startswith("..") else inside


def _frames() -> Iterator[FrameType]:
    yield from _outwards(sys._getframe(1))  # noqa: SLF001 -- the only way to the caller without building a traceback
    greenlet = sys.modules.get("greenlet")
    parent = greenlet.getcurrent().parent if greenlet else None
    while parent is not None:  # SQLAlchemy's async engines connect inside a greenlet: its caller is the parent's frame
        yield from _outwards(parent.gr_frame)
        parent = parent.parent


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _passed(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _is_project(filename: str) -> bool:
    if filename.startswith("<") or "site-packages" in filename or "dist-packages" in filename:
        return False
    full = os.path.abspath(filename)  # noqa: PTH100 -- as above
    return not any(root and full.startswith(root + os.sep) for root in _LIBRARIES)


def _within(filename: str, directory: str | None) -> bool:
    return directory is not None and os.path.realpath(filename).startswith(os.path.realpath(directory) + os.sep)


def _text(filename: str, line: int) -> str:
    return f"{relative(filename)}:{line}"
