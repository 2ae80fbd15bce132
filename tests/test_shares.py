"""Work is shared out among connections, whole and once."""

from __future__ import annotations

from threading import Barrier

import pytest

from rehearse.db.shares import share


def test_every_piece_is_done_once_and_two_at_a_time():
    both_at_once = Barrier(2, timeout=10)

    def do(connection: str, piece: int) -> tuple[str, int]:
        if piece < 2:
            both_at_once.wait()  # for ever, if one connection had to do both
        return connection, piece

    done = share(range(5), ["one", "other"], do)

    assert sorted(piece for _, piece in done) == [0, 1, 2, 3, 4]
    assert {connection for connection, piece in done if piece < 2} == {"one", "other"}


def test_a_failure_is_raised_and_nothing_is_begun_after_it():
    begun = []

    def do(connection: str, piece: int) -> None:
        begun.append(piece)
        raise ValueError(piece)

    with pytest.raises(ValueError, match="0"):
        share(range(100), ["only"], do)

    assert begun == [0]
