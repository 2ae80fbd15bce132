"""Ctrl-C and SIGTERM: none is lost, and none leaves half done what is being made or put away."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_HELD = (signal.SIGINT, signal.SIGTERM)
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


@contextmanager
def held_back() -> Iterator[None]:
    """Let an interrupt that comes now take effect on leaving.

    Python handles signals in the main thread only, so elsewhere there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _HELD}
    for number in _HELD:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if came:
            signal.raise_signal(came[0])
