"""Ctrl-C and SIGTERM: none is lost."""

from __future__ import annotations

import signal
import sys
from types import FrameType

_SOON = 0.01  # seconds


def insist() -> None:
    """Let SIGTERM interrupt as Ctrl-C does, and interrupt once more where Python throws an interrupt away.

    It does so in callbacks of weak references and in finalizers, of which every import runs some.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGALRM, lambda _number, _frame: signal.raise_signal(signal.SIGTERM))
    sys.unraisablehook = _again


def caused(error: BaseException | None) -> bool:
    """Say whether an interrupt is behind an error: what a class is made of may wrap it in one of its own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _again(thrown_away: sys.UnraisableHookArgs) -> None:
    if issubclass(thrown_away.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, _SOON)  # not here: this, too, is where nobody would hear it
    else:
        sys.__unraisablehook__(thrown_away)
