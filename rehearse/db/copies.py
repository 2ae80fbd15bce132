"""COPY ... TO STDOUT, read at the pace of psql: row by row in C, not by a generator for each."""

from __future__ import annotations

import select
from collections.abc import Callable

import psycopg
from psycopg import pq, sql

_END, _NOT_YET = -1, 0  # what PQgetCopyData says instead of a length (manual 32.10.2)


def copy_out(connection: psycopg.Connection, statement: sql.Composed, write: Callable[[memoryview], object]) -> int:
    """Hand every block of a COPY to `write`; return how many rows were copied.

    psycopg's own Copy hands every row through a generator, which holds up whoever else copies in this process. Raises
    what psycopg raises.
    """
    if connection.info.transaction_status is pq.TransactionStatus.IDLE and not connection.autocommit:
        connection.execute("SELECT")  # begins the transaction as the connection is set to
    pgconn = connection.pgconn
    begun = pgconn.exec_(statement.as_bytes(connection))
    if begun.status != pq.ExecStatus.COPY_OUT:
        raise psycopg.errors.error_from_result(begun, encoding=connection.info.encoding)
    while (found := pgconn.get_copy_data(1))[0] != _END:
        length, block = found
        if length == _NOT_YET:
            select.select([pgconn.socket], [], [])
            pgconn.consume_input()
        else:
            write(block)
    return _rows(connection)


def _rows(connection: psycopg.Connection) -> int:
    """Return what the server says of a COPY that has ended; raise what it says went wrong."""
    ended = connection.pgconn.get_result()
    while connection.pgconn.get_result() is not None:
        pass
    assert ended is not None
    if ended.status != pq.ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(ended, encoding=connection.info.encoding)
    return ended.command_tuples or 0
