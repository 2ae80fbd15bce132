"""Work shared out among connections: each takes the next piece as soon as it is free."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")


def share(
    pieces: Iterable[_Piece],
    connections: Sequence[psycopg.Connection],
    do: Callable[[psycopg.Connection, _Piece], _Result],
) -> tuple[_Result, ...]:
    """Do every piece, begun in the order given; return what came of them, in no order.

    What one of them raises is raised here, once the pieces in hand are done; no other is begun then.
    """
    waiting = deque(pieces)
    with ThreadPoolExecutor(len(connections)) as threads:
        try:
            return tuple(
                result
                for results in threads.map(lambda connection: tuple(_in_turn(waiting, connection, do)), connections)
                for result in results
            )
        finally:
            waiting.clear()


def _in_turn(
    waiting: deque[_Piece],
    connection: psycopg.Connection,
    do: Callable[[psycopg.Connection, _Piece], _Result],
) -> Iterator[_Result]:
    while True:
        try:
            piece = waiting.popleft()
        except IndexError:  # asking first would not do: another thread may take the last one in between
            return
        yield do(connection, piece)
