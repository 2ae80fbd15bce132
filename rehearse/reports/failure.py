"""The account of a step that failed, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.failure import Failure
from rehearse.model.quantity import listing, shortened

_STATEMENT = 200  # characters that are shown of one


def lines(failure: Failure) -> Iterator[str]:
    """Yield what failed, where, and how the database was left, a line each."""
    state = f" ({failure.sqlstate})" if failure.sqlstate else ""
    yield f"{failure.step}{f' at {failure.location}' if failure.location else ''}: {failure.message}{state}"
    if failure.statement:
        yield f"statement: {shortened(failure.statement, _STATEMENT)}"
    if failure.undone:
        yield f"undone: {', '.join(failure.undone)}"
    if failure.kept:
        yield f"stays: {', '.join(failure.kept)}"
    if failure.half_done:
        yield f"half done: {', '.join(failure.half_done)}"
    if failure.remnants:
        yield "left behind, though not recorded:"
        yield from (f"  - {remnant.told}" for remnant in failure.remnants)
    for table, heads in (failure.heads or {}).items():
        yield f"recorded in {table}: {listing(heads) or 'nothing'}"
