"""Talk while working: on stderr, and only to a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearse.protocols import Progress  # it knows every noun there is, and --help must not wait


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield a function that shows what is being done now; silent when stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console  # noqa: PLC0415 - rich is slow to import, and --help must not wait

    with Console(stderr=True).status("starting", spinner="dots") as status:
        yield lambda doing: status.update(f"{doing} ...")


def _silent(_doing: str) -> None:
    pass
