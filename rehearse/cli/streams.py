"""stdin, stdout and stderr as a shell hands them over: closed, a full disk, a pipe that nobody reads any more."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from rehearse.errors import RehearseError

if TYPE_CHECKING:
    from typing_extensions import Buffer  # Python 3.11 has none of its own

_FULL = (errno.ENOSPC, errno.EDQUOT)


class NoSpace(RehearseError):
    """A disk is full, or a quota is used up."""

    def __init__(self, file: str | None) -> None:
        where = f"{file} cannot be written" if file else "What was to be written could not be written to the end"
        super().__init__(
            f"{where}: no space is left on its device.",
            "Free some space (stages lie under TMPDIR, else /var/tmp; runs under .rehearse) and run it again.",
        )


def full(error: BaseException) -> NoSpace | None:
    """Return what to say where a full disk is the cause of an error; None where it is another."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return NoSpace(None if error.filename is None else os.fsdecode(str(error.filename)))
    return None


def settle() -> None:
    """Open what is closed, on nothing, and let answers outlive their readers.

    A socket or a file of ours would get the number of a closed stream, and be written to as if it were that. And
    where a reader leaves early (`| head -1`) the exit code is the verdict's: 1, as it is usual, would mean unsafe.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - stdin, stdout and stderr are 0, 1 and 2
        pass
    os.close(opened)
    sys.stdin = sys.stdin or open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - it lives as long as the process
    sys.stdout = _outliving(sys.stdout, 1)
    sys.stderr = _outliving(sys.stderr, 2)


class _Outliving(io.RawIOBase):
    """A stream that goes nowhere once its reader has left, or once it could not be written and that was said."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def writable(self) -> bool:
        return True

    def write(self, content: Buffer, /) -> int:
        try:
            return os.write(self._number, content)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._number)
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                raise
            return os.write(self._number, content)


def _outliving(stream: TextIO | None, number: int) -> TextIO:
    if stream is not None:
        stream.flush()
    raw = _Outliving(number)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding if stream else "utf-8",
        errors=stream.errors if stream else "backslashreplace",
        line_buffering=number == 2 or raw.isatty(),  # noqa: PLR2004 - as above
    )
