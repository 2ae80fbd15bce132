"""A command that takes its flags as one value."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TypeVar, get_type_hints

_Flags = TypeVar("_Flags")


def takes(flags: type[_Flags]) -> Callable[[Callable[[_Flags], None]], Callable[..., None]]:
    """Give a command the fields of a dataclass as its options, in their order; it is called with one value of it.

    What the class inherits and does not name itself is no option, and keeps its default.
    """
    hints = get_type_hints(flags, include_extras=True)
    known = inspect.signature(flags).parameters
    shown = [known[name].replace(annotation=hints[name]) for name in flags.__annotations__]

    def decorate(command: Callable[[_Flags], None]) -> Callable[..., None]:
        @wraps(command)
        def called(**words: object) -> None:
            command(flags(**words))

        called.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # PEP 362: what inspect returns
        called.__annotations__ = {name: hints[name] for name in flags.__annotations__}
        return called

    return decorate
